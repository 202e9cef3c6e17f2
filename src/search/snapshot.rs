//! One committed state of the index, and the search over it.

use std::collections::HashMap;
use std::sync::Arc;

use tantivy::directory::META_LOCK;
use tantivy::index::SegmentId;
use tantivy::schema::Schema;
use tantivy::{Directory, Opstamp, SegmentReader, TantivyError};

use super::bits::Bits;
use super::columns::{Columns, Visible};
use super::count::count;
use super::cursor::{Cursor, SortKey, shape};
use super::error::{IndexError, SearchError};
use super::fold::NameKeys;
use super::load::load;
use super::plan::Plan;
use super::query::{Hit, Query, Results, Sort};
use super::schema::Fields;
use super::text;
use super::top::{Candidate, compare, top};
use super::writer::read_payload;

/// Rows from which a second thread pays for its start (about 50 us).
const PARALLEL_ROWS: u64 = 200_000;

/// A segment as of one commit. Columns never change and are shared between commits.
#[derive(Clone)]
pub(super) struct Segment {
    reader: SegmentReader,
    deletes: Option<Opstamp>,
    pub columns: Arc<Columns>,
    /// `None` while nothing is deleted.
    pub alive: Option<Arc<Bits>>,
    /// `None` while nothing is hidden from an everyday search.
    pub visible: Option<Arc<Visible>>,
}

/// All segments as of one commit.
pub(super) struct Snapshot {
    pub segments: Vec<Segment>,
    pub indexed_through: u64,
    pub fields: Fields,
    pub schema: Schema,
}

impl Segment {
    /// Opens a segment, taking over what it can from `before`, the same one as of an earlier commit.
    fn open(segment: &tantivy::Segment, before: Option<&Segment>) -> Result<Self, IndexError> {
        if let Some(before) = before.filter(|before| before.deletes == segment.meta().delete_opstamp()) {
            return Ok(before.clone());
        }
        let reader = SegmentReader::open(segment)?;
        let columns = match before {
            Some(before) => Arc::clone(&before.columns),
            None => Arc::new(load(&reader)?),
        };
        let mut visible = match before {
            Some(before) => before.visible.as_deref().cloned(),
            None => Visible::by_flags(&columns),
        };
        let alive = reader.alive_bitset().map(|alive| {
            let mut bits = Bits::empty(columns.rows);
            alive.iter_alive().for_each(|row| bits.set(row));
            bits
        });
        if let Some(alive) = &alive {
            let visible = visible.get_or_insert_with(|| Visible::everything(&columns));
            let gone: Vec<u32> = alive.holes(0..columns.rows).filter(|row| visible.rows.has(*row)).collect();
            gone.into_iter().for_each(|row| visible.hide(&columns, row));
        }
        let deletes = reader.delete_opstamp();
        Ok(Self { reader, deletes, columns, alive: alive.map(Arc::new), visible: visible.map(Arc::new) })
    }

    fn bytes(&self) -> usize {
        let bits = self.alive.as_ref().map_or(0, |alive| alive.bytes());
        let visible = self.visible.as_ref().map_or(0, |v| v.rows.bytes() + v.postings.bytes());
        self.columns.bytes() + bits + visible
    }
}

impl Snapshot {
    /// Opens the last commit, reusing the segments that `before` has open already: tantivy's own reader would open every
    /// file of every segment again, which costs more than all else that a small commit does.
    ///
    /// # Errors
    /// A segment is damaged, or made by another version.
    pub(super) fn open(
        index: &tantivy::Index,
        before: &[Segment],
        fields: Fields,
    ) -> Result<Self, IndexError> {
        let known: HashMap<SegmentId, &Segment> =
            before.iter().map(|segment| (segment.reader.segment_id(), segment)).collect();
        // Keeps files from being collected between reading their names and opening them.
        let _files = index.directory().acquire_lock(&META_LOCK).map_err(TantivyError::from)?;
        let metas = index.load_metas()?;
        let mut segments = metas
            .segments
            .into_iter()
            .map(|meta| Segment::open(&index.segment(meta.clone()), known.get(&meta.id()).copied()))
            .collect::<Result<Vec<Segment>, IndexError>>()?;
        segments.sort_by_key(|segment| std::cmp::Reverse(segment.columns.rows));
        let indexed_through = read_payload(&metas.payload.unwrap_or_default())?;
        Ok(Self { segments, indexed_through, fields, schema: index.schema() })
    }

    /// Bytes that the columns hold in memory.
    pub(super) fn bytes(&self) -> usize {
        self.segments.iter().map(Segment::bytes).sum()
    }

    /// Versions in the index, deleted ones left out.
    pub(super) fn documents(&self) -> u64 {
        self.segments.iter().map(|segment| u64::from(segment.reader.num_docs())).sum()
    }

    /// Answers a query; see [`Query`] for what it means.
    ///
    /// # Errors
    /// The query or its cursor makes no sense, or the index is damaged.
    pub(super) fn search(&self, query: &Query) -> Result<Results, SearchError> {
        query.check()?;
        let shape = shape(query);
        if query.after.as_ref().is_some_and(|after| after.shape != shape || !after.fits(query.sort)) {
            return Err(SearchError::ForeignCursor);
        }
        let name = query.party().map(NameKeys::of);
        let weight = text::weight(query, &self.fields, &self.schema)?;
        let (plans, total) = self.plan(|segment| {
            let filter = weight.as_deref().map(|weight| text::rows(weight, &segment.reader)).transpose()?;
            let plan = Plan::new(segment, query, name.as_ref(), filter);
            let count = count(&plan);
            Ok((plan, count))
        })?;
        let plans: Vec<Plan<'_>> =
            plans.into_iter().filter(|(_, count)| *count > 0).map(|(plan, _)| plan).collect();
        let mut hits = first_hits(&plans, query, name.is_some());
        let next = (hits.len() > query.limit).then(|| {
            hits.truncate(query.limit);
            hits.last().map(|(tier, last)| Cursor {
                shape,
                tier: *tier,
                key: last.key.clone(),
                seq: last.seq,
                version: last.version,
            })
        });
        Ok(Results {
            total,
            indexed_through: self.indexed_through,
            hits: hits.into_iter().map(|(_, hit)| Hit { seq: hit.seq, version: hit.version }).collect(),
            next: next.flatten(),
        })
    }

    /// Plans and counts every segment; the largest ones side by side when there is enough to count.
    fn plan<'a>(
        &'a self,
        one: impl Fn(&'a Segment) -> Result<(Plan<'a>, u64), SearchError> + Sync,
    ) -> Result<(Vec<(Plan<'a>, u64)>, u64), SearchError> {
        let (near, far) = self.halves();
        let far_rows: u64 = far.iter().map(|segment| u64::from(segment.columns.rows)).sum();
        let mut planned = match far_rows >= PARALLEL_ROWS {
            false => self.segments.iter().map(&one).collect::<Result<Vec<_>, _>>()?,
            true => std::thread::scope(|scope| {
                let far = scope.spawn(|| far.into_iter().map(&one).collect::<Result<Vec<_>, _>>());
                let mut planned = near.into_iter().map(&one).collect::<Result<Vec<_>, _>>()?;
                let far =
                    far.join().map_err(|_| IndexError::Engine("a search thread panicked".to_owned()))?;
                planned.extend(far?);
                Ok::<_, SearchError>(planned)
            })?,
        };
        planned.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let total = planned.iter().map(|(_, count)| count).sum();
        Ok((planned, total))
    }

    /// Two lots of segments of about the same number of rows.
    fn halves(&self) -> (Vec<&Segment>, Vec<&Segment>) {
        let (mut near, mut far): ((u64, Vec<_>), (u64, Vec<_>)) = Default::default();
        for segment in &self.segments {
            let lot = if near.0 <= far.0 { &mut near } else { &mut far };
            lot.0 += u64::from(segment.columns.rows);
            lot.1.push(segment);
        }
        (near.1, far.1)
    }
}

/// One hit more than the page holds, exact ones first, each with its tier.
fn first_hits(plans: &[Plan<'_>], query: &Query, tiered: bool) -> Vec<(u8, Candidate)> {
    let wanted = query.limit + 1;
    let start = query.after.as_ref().map_or(0, |after| after.tier);
    let mut hits: Vec<(u8, Candidate)> = Vec::new();
    for tier in [0u8, 1] {
        if tier < start || hits.len() >= wanted || (!tiered && tier == 0) {
            continue;
        }
        let after = query.after.as_ref().filter(|after| after.tier == tier);
        let missing = wanted - hits.len();
        let mut found: Vec<Candidate> = Vec::new();
        for plan in plans {
            let parties = plan.parties.as_ref().map(|all| if tier == 0 { &all.exact } else { &all.others });
            found.extend(top(plan, parties, query.sort, missing, after));
        }
        found.sort_by(|a, b| compare(query.sort, a, b));
        hits.extend(found.into_iter().take(missing).map(|hit| (tier, hit)));
    }
    hits
}

impl Cursor {
    /// Whether the key is of the kind that `sort` produces; a forged cursor might hold another.
    pub(super) fn fits(&self, sort: Sort) -> bool {
        matches!(
            (&self.key, sort),
            (SortKey::Date(_), Sort::DateDesc | Sort::DateAsc)
                | (SortKey::Amount(_), Sort::AmountDesc | Sort::AmountAsc)
                | (SortKey::Deposited, Sort::DepositedDesc | Sort::DepositedAsc)
                | (SortKey::Party(_), Sort::Counterparty)
        )
    }
}
