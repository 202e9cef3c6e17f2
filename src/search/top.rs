//! The first hits of a plan in the order asked for.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::ops::Range;

use super::count::{any_rank_passes, each_row};
use super::cursor::{Cursor, SortKey};
use super::names::PartySet;
use super::plan::{Driver, Plan};
use super::query::Sort;

/// Rows that are looked at together when amounts are rare.
const BLOCK: u32 = 1024;

/// A hit with all that its order needs, comparable across segments.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub key: SortKey,
    pub seq: u64,
    pub version: u32,
}

/// The order of hits within a tier.
pub(super) fn compare(sort: Sort, a: &Candidate, b: &Candidate) -> Ordering {
    let keys = match sort {
        Sort::DateDesc => b.key.cmp(&a.key),
        Sort::DateAsc | Sort::Counterparty => a.key.cmp(&b.key),
        Sort::AmountAsc | Sort::AmountDesc => amounts(sort, &a.key, &b.key),
        Sort::DepositedDesc => Ordering::Equal,
        Sort::DepositedAsc => a.seq.cmp(&b.seq),
    };
    keys.then(b.seq.cmp(&a.seq)).then(b.version.cmp(&a.version))
}

fn amounts(sort: Sort, a: &SortKey, b: &SortKey) -> Ordering {
    match (a, b) {
        (SortKey::Amount(Some((code_a, a))), SortKey::Amount(Some((code_b, b)))) => {
            let values = if sort == Sort::AmountDesc { b.cmp(a) } else { a.cmp(b) };
            code_a.cmp(code_b).then(values)
        }
        (SortKey::Amount(a), SortKey::Amount(b)) => a.is_none().cmp(&b.is_none()),
        _ => Ordering::Equal,
    }
}

/// The first `wanted` hits behind `after` among the rows of `parties`, unordered.
pub(super) fn top(
    plan: &Plan<'_>,
    parties: Option<&PartySet>,
    sort: Sort,
    wanted: usize,
    after: Option<&Cursor>,
) -> Vec<Candidate> {
    if plan.is_empty() || wanted == 0 || parties.is_some_and(|parties| parties.list.is_empty()) {
        return Vec::new();
    }
    let driver = plan.driver(parties);
    let rows = match sort {
        Sort::DateDesc => newest(plan, driver, parties, wanted, after),
        _ => smallest(plan, driver, parties, sort, wanted, after),
    };
    rows.into_iter().map(|row| candidate(plan, sort, row)).collect()
}

fn candidate(plan: &Plan<'_>, sort: Sort, row: u32) -> Candidate {
    let columns = plan.columns;
    let key = match sort {
        Sort::DateDesc | Sort::DateAsc => SortKey::Date(columns.day(row)),
        Sort::AmountDesc | Sort::AmountAsc => SortKey::Amount(columns.amounts.value(columns.rank(row))),
        Sort::DepositedDesc | Sort::DepositedAsc => SortKey::Deposited,
        Sort::Counterparty => SortKey::Party(columns.parties.sort_key(columns.party(row)).to_vec()),
    };
    Candidate { key, seq: columns.seqs.get(row), version: columns.version(row) }
}

/// Rows from the newest down. Row numbers *are* the order, so most walks stop after a few rows.
fn newest(
    plan: &Plan<'_>,
    driver: Driver,
    parties: Option<&PartySet>,
    wanted: usize,
    after: Option<&Cursor>,
) -> Vec<u32> {
    let columns = plan.columns;
    let end = after.map_or(plan.rows.end, |cursor| plan.rows.end.min(place_by_date(plan, cursor)));
    let rows = plan.rows.start..end.max(plan.rows.start);
    match (driver, parties) {
        (Driver::Postings, Some(parties)) => newest_postings(plan, parties, wanted, &rows),
        (Driver::Filter, _) => {
            let mut found = Vec::new();
            each_row(plan, driver, parties, |row| {
                if row < rows.end {
                    found.push(row);
                }
            });
            found.split_off(found.len().saturating_sub(wanted))
        }
        _ => {
            let mut found = Vec::with_capacity(wanted);
            let mut high = rows.end;
            while high > rows.start && found.len() < wanted {
                let low = high.saturating_sub(BLOCK).max(rows.start);
                if any_rank_passes(plan, &(low..high)) {
                    let fits = |row: &u32| {
                        parties.is_none_or(|parties| parties.bits.has(columns.party(*row)))
                            && plan.rank_passes(columns.rank(*row))
                            && plan.test(*row)
                    };
                    found.extend((low..high).rev().filter(fits).take(wanted - found.len()));
                }
                high = low;
            }
            found
        }
    }
}

/// Looks at each party's entries from its newest back, only as far as they can still be among the first.
fn newest_postings(plan: &Plan<'_>, parties: &PartySet, wanted: usize, rows: &Range<u32>) -> Vec<u32> {
    let columns = plan.columns;
    let mut kept: BinaryHeap<Reverse<u32>> = BinaryHeap::with_capacity(wanted + 1);
    let mut oldest_kept = 0;
    for party in &parties.list {
        let all = columns.postings(*party);
        let entries = columns.posting_rows.get(all.start as usize..all.end as usize).unwrap_or_default();
        // The newest entry of most parties is older than what is kept already: no search needed to see that.
        if kept.len() == wanted && entries.last().is_none_or(|last| *last < oldest_kept) {
            continue;
        }
        let entries = columns.postings_within(*party, rows);
        for entry in entries.rev() {
            let Some(row) = columns.posting_rows.get(entry as usize).copied() else { break };
            if kept.len() == wanted && row < oldest_kept {
                break;
            }
            let rank = columns.posting_ranks.get(entry as usize).copied().unwrap_or(0);
            if plan.rank_passes(rank) && plan.test(row) {
                kept.push(Reverse(row));
                if kept.len() > wanted {
                    kept.pop();
                }
                oldest_kept = kept.peek().map_or(0, |Reverse(row)| *row);
            }
        }
    }
    kept.into_iter().map(|Reverse(row)| row).collect()
}

/// The first row that does not come behind a cursor when the newest come first.
fn place_by_date(plan: &Plan<'_>, cursor: &Cursor) -> u32 {
    let SortKey::Date(day) = cursor.key else { return 0 };
    let columns = plan.columns;
    let of_day = columns.rows_of_days(Some(day), Some(day));
    let (mut low, mut high) = (of_day.start, of_day.end);
    while low < high {
        let middle = low + (high - low) / 2;
        match columns.seqs.get(middle) <= cursor.seq {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    // Versions of the cursor's own record lie right below, ascending; deleted ones before those that replaced them.
    while low > of_day.start
        && columns.seqs.get(low - 1) == cursor.seq
        && columns.version(low - 1) >= cursor.version
    {
        low -= 1;
    }
    low
}

/// Rows with the smallest sort numbers; looks at every match, keeps `wanted`.
fn smallest(
    plan: &Plan<'_>,
    driver: Driver,
    parties: Option<&PartySet>,
    sort: Sort,
    wanted: usize,
    after: Option<&Cursor>,
) -> Vec<u32> {
    let behind = after.map_or(0, |cursor| first_behind(plan, sort, cursor));
    let mut kept: BinaryHeap<(u128, u32)> = BinaryHeap::with_capacity(wanted + 1);
    let mut worst = u128::MAX;
    // Oldest first, rows of a later day than the worst kept one need not even be given a number.
    let mut day_end = u32::MAX;
    each_row(plan, driver, parties, |row| {
        if row >= day_end {
            return;
        }
        let primary = u128::from(primary(plan, sort, row)) << 96;
        // Most rows fail on the first part of their number already.
        if primary > worst {
            return;
        }
        let number = primary | below(plan.columns.seqs.get(row), plan.columns.version(row), sort);
        if number < behind || number >= worst {
            return;
        }
        kept.push((number, row));
        if kept.len() > wanted {
            kept.pop();
        }
        if kept.len() == wanted {
            worst = kept.peek().map_or(u128::MAX, |(number, _)| *number);
            if sort == Sort::DateAsc {
                let next_day = (worst >> 96) as usize + 1;
                day_end = plan.columns.day_starts.get(next_day).copied().unwrap_or(u32::MAX);
            }
        }
    });
    kept.into_iter().map(|(_, row)| row).collect()
}

fn below(seq: u64, version: u32, sort: Sort) -> u128 {
    let seq = if sort == Sort::DepositedAsc { seq } else { !seq };
    u128::from(seq) << 32 | u128::from(!version)
}

fn primary(plan: &Plan<'_>, sort: Sort, row: u32) -> u32 {
    let columns = plan.columns;
    match sort {
        Sort::DateDesc => !columns.day_index(row),
        Sort::DateAsc => columns.day_index(row),
        Sort::AmountDesc => columns.amounts.sort_number(columns.rank(row), true),
        Sort::AmountAsc => columns.amounts.sort_number(columns.rank(row), false),
        Sort::DepositedDesc | Sort::DepositedAsc => 0,
        Sort::Counterparty => columns.parties.sort_group(columns.party(row)),
    }
}

/// The smallest sort number that comes behind a cursor, even when its own row is in another segment.
fn first_behind(plan: &Plan<'_>, sort: Sort, cursor: &Cursor) -> u128 {
    let columns = plan.columns;
    let (primary, found) = match &cursor.key {
        SortKey::Deposited => (0, true),
        SortKey::Date(day) => {
            let at = columns.days.partition_point(|other| other < day);
            (at as u32, columns.days.get(at) == Some(day))
        }
        SortKey::Amount(amount) => columns.amounts.place(*amount, sort == Sort::AmountDesc),
        SortKey::Party(name) => {
            let at = columns.parties.lower_bound(name);
            (at, at < columns.parties.len() && columns.parties.sort_key(at) == name.as_slice())
        }
    };
    let start = u128::from(primary) << 96;
    if found { (start | below(cursor.seq, cursor.version, sort)).saturating_add(1) } else { start }
}
