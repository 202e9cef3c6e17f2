//! A query against one segment: which rows may match, and the cheapest way to walk them.
//!
//! Three drivers can produce the matching rows; what a driver does not guarantee is tested row by row.
//!
//! * **Rows**: walk the rows of the date range (a slice, since rows are sorted by date) and test party and amount.
//!   About 1 ns a row. Wins for a quarter of a year, whatever the name.
//! * **Postings**: for each matching party, cut its entries to the date range by binary search, then count amounts in a
//!   contiguous slice (0.3 ns an entry, nothing at all without an amount). Wins for long ranges and rare names.
//! * **Filter**: walk the rows that a full-text or number condition found.
//!
//! Costs are estimated in nanoseconds before anything is walked; being wrong by a factor costs time, never hits.

use std::ops::Range;

use super::bits::Bits;
use super::columns::{Columns, LabelTest, Visible};
use super::document::days;
use super::fold::NameKeys;
use super::names::{Matched, PartySet};
use super::query::{Query, Versions, Withdrawn};
use super::schema::{SUPERSEDED, WITHDRAWN};
use super::snapshot::Segment;

/// Per row of the date range: one party bit and one amount.
const ROW_NS: u64 = 1;
/// Per matching party: finding its entries, and looking at its newest.
const PARTY_NS: u64 = 40;
/// Per matching party when the date range has to be searched for in its entries.
const PARTY_SEARCH_NS: u64 = 200;
/// Entries whose amounts are compared in one nanosecond.
const ENTRIES_PER_NS: u64 = 3;
/// Per row that needs more than party and amount: withdrawn ones, entities, other versions.
const TEST_NS: u64 = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Driver {
    Rows,
    Postings,
    Filter,
}

/// Everything about one query in one segment.
pub(super) struct Plan<'a> {
    pub columns: &'a Columns,
    /// Rows of the date range.
    pub rows: Range<u32>,
    /// Amount ranks that pass; `None` is all of them.
    pub ranks: Option<Range<u32>>,
    /// Parties that pass; `None` is all of them.
    pub parties: Option<Matched>,
    /// Rows that full-text and number conditions found; `None` without such conditions.
    pub filter: Option<Bits>,
    entity: LabelTest<'a>,
    class: LabelTest<'a>,
    visibility: Visibility<'a>,
}

/// Which rows may be shown at all.
enum Visibility<'a> {
    /// The everyday case, prepared beforehand; `None` when every row is visible.
    Everyday(Option<&'a Visible>),
    /// Any other choice is looked up row by row.
    Chosen { alive: Option<&'a Bits>, withdrawn: Withdrawn, versions: Versions },
}

impl<'a> Plan<'a> {
    pub(super) fn new(
        segment: &'a Segment,
        query: &Query,
        name: Option<&NameKeys>,
        filter: Option<Bits>,
    ) -> Self {
        let columns = &*segment.columns;
        let visibility = match (query.withdrawn, query.versions) {
            (Withdrawn::Exclude, Versions::Current) => Visibility::Everyday(segment.visible.as_deref()),
            (withdrawn, versions) => {
                Visibility::Chosen { alive: segment.alive.as_deref(), withdrawn, versions }
            }
        };
        Self {
            columns,
            rows: columns.rows_of_days(query.date.from.map(days), query.date.to.map(days)),
            ranks: columns.amounts.ranks(&query.amount),
            parties: name.map(|name| columns.parties.matching(name)),
            filter,
            entity: columns.entity.test_any(query.entities.as_ref()),
            class: columns.class.test(query.class.as_deref()),
            visibility,
        }
    }

    /// Whether nothing can match, seen without walking.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
            || self.ranks.as_ref().is_some_and(Range::is_empty)
            || self.parties.as_ref().is_some_and(|parties| parties.all.list.is_empty())
            || matches!(self.entity, LabelTest::Nothing)
            || matches!(self.class, LabelTest::Nothing)
    }

    /// The rows hidden from an everyday search, when that and nothing else needs testing beside party and amount.
    pub(super) fn everyday(&self) -> Option<Option<&'a Visible>> {
        match (&self.visibility, &self.entity, &self.class, &self.filter) {
            (Visibility::Everyday(visible), LabelTest::All, LabelTest::All, None) => Some(*visible),
            _ => None,
        }
    }

    /// Tests all that is neither date, party nor amount.
    #[inline]
    pub(super) fn test(&self, row: u32) -> bool {
        let shown = match &self.visibility {
            Visibility::Everyday(visible) => visible.is_none_or(|visible| visible.rows.has(row)),
            Visibility::Chosen { alive, withdrawn, versions } => {
                let flags = u64::from(self.columns.flags(row));
                alive.is_none_or(|alive| alive.has(row))
                    && (*versions == Versions::All || flags & SUPERSEDED == 0)
                    && match withdrawn {
                        Withdrawn::Exclude => flags & WITHDRAWN == 0,
                        Withdrawn::Include => true,
                        Withdrawn::Only => flags & WITHDRAWN != 0,
                    }
            }
        };
        shown
            && self.entity.has(row)
            && self.class.has(row)
            && self.filter.as_ref().is_none_or(|filter| filter.has(row))
    }

    /// Whether an amount passes.
    #[inline]
    pub(super) fn rank_passes(&self, rank: u32) -> bool {
        self.ranks.as_ref().is_none_or(|ranks| ranks.contains(&rank))
    }

    /// The cheapest driver for these parties.
    pub(super) fn driver(&self, parties: Option<&PartySet>) -> Driver {
        let columns = self.columns;
        let in_range = u64::from(self.rows.end - self.rows.start);
        let whole_range = in_range == u64::from(columns.rows);
        let test = if self.everyday().is_some() { 0 } else { TEST_NS };
        let rows_cost = in_range * (ROW_NS + test);
        let mut best = (rows_cost, Driver::Rows);
        if let Some(parties) = parties {
            let entries: u64 = parties
                .list
                .iter()
                .map(|party| columns.postings(*party))
                .map(|e| u64::from(e.end - e.start))
                .sum();
            let within = entries * in_range / u64::from(columns.rows.max(1));
            let compare = if self.ranks.is_some() { within / ENTRIES_PER_NS } else { 0 };
            let per_party = if whole_range { PARTY_NS } else { PARTY_SEARCH_NS };
            let cost = parties.list.len() as u64 * per_party + compare + within * test;
            best = best.min_by_cost((cost, Driver::Postings));
        }
        if let Some(filter) = &self.filter {
            let found = filter.count(self.rows.clone());
            best = best.min_by_cost((in_range / 64 + found * TEST_NS, Driver::Filter));
        }
        best.1
    }
}

trait MinByCost {
    fn min_by_cost(self, other: Self) -> Self;
}

impl MinByCost for (u64, Driver) {
    fn min_by_cost(self, other: Self) -> Self {
        if other.0 < self.0 { other } else { self }
    }
}
