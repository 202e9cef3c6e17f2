//! One segment in memory: the columns that every search touches, in two orders.
//!
//! Rows are tantivy's documents; the segment is sorted by date, then record number. Per row about 20 bytes:
//!
//! * in row order: party (4), amount rank (4), record number (4): scanned when the date range is narrow;
//! * in party order (each party's rows ascending, so by date too): row (4), amount rank (4): scanned when the
//!   parties are few or the date range wide. Both orders stream through memory; neither chases pointers.

use std::collections::BTreeSet;
use std::ops::Range;

use super::amounts::Amounts;
use super::bits::Bits;
use super::names::Parties;

/// Row numbers and record numbers, 4 bytes each while they fit.
pub(super) enum Seqs {
    Narrow { base: u64, offsets: Vec<u32> },
    Wide(Vec<u64>),
}

impl Seqs {
    pub(super) fn new(seqs: Vec<u64>) -> Self {
        let base = seqs.iter().copied().min().unwrap_or(0);
        let narrow: Option<Vec<u32>> = seqs.iter().map(|seq| u32::try_from(seq - base).ok()).collect();
        narrow.map_or(Self::Wide(seqs), |offsets| Self::Narrow { base, offsets })
    }

    #[inline]
    pub(super) fn get(&self, row: u32) -> u64 {
        match self {
            Self::Narrow { base, offsets } => {
                base + u64::from(offsets.get(row as usize).copied().unwrap_or(0))
            }
            Self::Wide(seqs) => seqs.get(row as usize).copied().unwrap_or(0),
        }
    }
}

/// A column of few distinct texts (entity, class).
pub(super) struct Labels {
    pub names: Vec<String>,
    pub codes: Codes,
}

pub(super) enum Codes {
    /// Every row has the first name.
    One,
    Byte(Vec<u8>),
    Word(Vec<u32>),
}

/// What an exact condition on a label means in this segment.
pub(super) enum LabelTest<'a> {
    All,
    Nothing,
    Byte(&'a [u8], u8),
    Word(&'a [u32], u32),
    /// By code, whether it is one of those wanted.
    AnyByte(&'a [u8], Vec<bool>),
    AnyWord(&'a [u32], Vec<bool>),
}

impl Labels {
    pub(super) fn new(names: Vec<String>, codes: impl Iterator<Item = u32>) -> Self {
        let codes = match names.len() {
            0 | 1 => Codes::One,
            2..=256 => Codes::Byte(codes.map(|code| code as u8).collect()),
            _ => Codes::Word(codes.collect()),
        };
        Self { names, codes }
    }

    pub(super) fn test(&self, wanted: Option<&str>) -> LabelTest<'_> {
        let Some(wanted) = wanted else { return LabelTest::All };
        let Some(code) = self.names.iter().position(|name| name == wanted) else { return LabelTest::Nothing };
        match &self.codes {
            Codes::One => LabelTest::All,
            Codes::Byte(codes) => LabelTest::Byte(codes, code as u8),
            Codes::Word(codes) => LabelTest::Word(codes, code as u32),
        }
    }

    /// As [`test`](Self::test), where any of several names will do.
    pub(super) fn test_any(&self, wanted: Option<&BTreeSet<String>>) -> LabelTest<'_> {
        let Some(wanted) = wanted else { return LabelTest::All };
        let passes: Vec<bool> = self.names.iter().map(|name| wanted.contains(name)).collect();
        match (passes.iter().filter(|passes| **passes).count(), &self.codes) {
            (0, _) => LabelTest::Nothing,
            (found, _) if found == passes.len() => LabelTest::All,
            (_, Codes::One) => LabelTest::All,
            (1, _) => {
                let only = passes.iter().position(|passes| *passes);
                self.test(only.and_then(|code| self.names.get(code)).map(String::as_str))
            }
            (_, Codes::Byte(codes)) => LabelTest::AnyByte(codes, passes),
            (_, Codes::Word(codes)) => LabelTest::AnyWord(codes, passes),
        }
    }

    fn bytes(&self) -> usize {
        match &self.codes {
            Codes::One => 0,
            Codes::Byte(codes) => codes.len(),
            Codes::Word(codes) => codes.len() * 4,
        }
    }
}

impl LabelTest<'_> {
    #[inline]
    pub(super) fn has(&self, row: u32) -> bool {
        match self {
            Self::All => true,
            Self::Nothing => false,
            Self::Byte(codes, code) => codes.get(row as usize) == Some(code),
            Self::Word(codes, code) => codes.get(row as usize) == Some(code),
            Self::AnyByte(codes, passes) => passes_any(codes.get(row as usize), passes),
            Self::AnyWord(codes, passes) => passes_any(codes.get(row as usize), passes),
        }
    }
}

#[inline]
fn passes_any<C: Copy + Into<u32>>(code: Option<&C>, passes: &[bool]) -> bool {
    code.and_then(|code| passes.get((*code).into() as usize)).copied().unwrap_or(false)
}

/// The columns of one segment; never change.
pub(super) struct Columns {
    pub rows: u32,
    /// Distinct days, ascending, and where the rows of each begin; one more start than days.
    pub days: Vec<i32>,
    pub day_starts: Vec<u32>,
    pub seqs: Seqs,
    /// `(row, version)` where the version is not 1, ascending by row.
    pub versions: Vec<(u32, u32)>,
    /// Flag bits per row; empty when no row has any.
    pub flags: Vec<u8>,
    pub parties: Parties,
    pub party: Vec<u32>,
    pub amounts: Amounts,
    pub rank: Vec<u32>,
    /// Where each party's entries begin in the two arrays below; one more than parties.
    pub posting_starts: Vec<u32>,
    pub posting_rows: Vec<u32>,
    pub posting_ranks: Vec<u32>,
    pub entity: Labels,
    pub class: Labels,
}

impl Columns {
    /// Rows of the days `from..=to`.
    pub(super) fn rows_of_days(&self, from: Option<i32>, to: Option<i32>) -> Range<u32> {
        let start = |at: usize| self.day_starts.get(at).copied().unwrap_or(self.rows);
        let first = from.map_or(0, |from| self.days.partition_point(|day| *day < from));
        let last = to.map_or(self.days.len(), |to| self.days.partition_point(|day| *day <= to));
        start(first)..start(last.max(first))
    }

    /// Index into `days` of the day of `row`.
    pub(super) fn day_index(&self, row: u32) -> u32 {
        (self.day_starts.partition_point(|start| *start <= row) as u32).saturating_sub(1)
    }

    pub(super) fn day(&self, row: u32) -> i32 {
        self.days.get(self.day_index(row) as usize).copied().unwrap_or(0)
    }

    pub(super) fn version(&self, row: u32) -> u32 {
        let at = self.versions.binary_search_by_key(&row, |(row, _)| *row);
        at.ok().and_then(|at| self.versions.get(at)).map_or(1, |(_, version)| *version)
    }

    #[inline]
    pub(super) fn flags(&self, row: u32) -> u8 {
        self.flags.get(row as usize).copied().unwrap_or(0)
    }

    #[inline]
    pub(super) fn party(&self, row: u32) -> u32 {
        self.party.get(row as usize).copied().unwrap_or(0)
    }

    #[inline]
    pub(super) fn rank(&self, row: u32) -> u32 {
        self.rank.get(row as usize).copied().unwrap_or(0)
    }

    /// The entries of a party in the posting arrays.
    #[inline]
    pub(super) fn postings(&self, party: u32) -> Range<u32> {
        let start = |at: usize| self.posting_starts.get(at).copied().unwrap_or(0);
        start(party as usize)..start(party as usize + 1)
    }

    /// The entries of a party whose rows lie in `rows`.
    #[inline]
    pub(super) fn postings_within(&self, party: u32, rows: &Range<u32>) -> Range<u32> {
        let all = self.postings(party);
        if rows.start == 0 && rows.end == self.rows {
            return all;
        }
        let entries = self.posting_rows.get(all.start as usize..all.end as usize).unwrap_or_default();
        let low = entries.partition_point(|row| *row < rows.start) as u32;
        let high = entries.partition_point(|row| *row < rows.end) as u32;
        all.start + low..all.start + high.max(low)
    }

    /// Where `row` stands in the posting arrays.
    pub(super) fn posting_of(&self, row: u32) -> Option<u32> {
        let range = self.postings(self.party(row));
        let entries = self.posting_rows.get(range.start as usize..range.end as usize)?;
        entries.binary_search(&row).ok().map(|at| range.start + at as u32)
    }

    /// Bytes held in memory, nearly.
    pub(super) fn bytes(&self) -> usize {
        let seqs = match &self.seqs {
            Seqs::Narrow { offsets, .. } => offsets.len() * 4,
            Seqs::Wide(seqs) => seqs.len() * 8,
        };
        let columns =
            self.party.len() + self.rank.len() + self.posting_rows.len() * 2 + self.posting_starts.len();
        seqs + 4 * columns
            + 8 * (self.days.len() + self.versions.len())
            + self.flags.len()
            + self.parties.bytes()
            + self.amounts.bytes()
            + self.entity.bytes()
            + self.class.bytes()
    }
}

/// Which rows an everyday search may see: not deleted from the index, not withdrawn, not superseded.
///
/// Kept in both orders, so that counting in either never jumps between them; `None` while every row is visible.
#[derive(Clone)]
pub(super) struct Visible {
    pub rows: Bits,
    pub postings: Bits,
}

impl Visible {
    /// Everything but rows with flags.
    pub(super) fn by_flags(columns: &Columns) -> Option<Self> {
        if columns.flags.iter().all(|flags| *flags == 0) {
            return None;
        }
        let mut visible = Self::everything(columns);
        (0..)
            .zip(&columns.flags)
            .filter(|(_, flags)| **flags != 0)
            .for_each(|(row, _)| visible.hide(columns, row));
        Some(visible)
    }

    pub(super) fn everything(columns: &Columns) -> Self {
        Self { rows: Bits::full(columns.rows), postings: Bits::full(columns.rows) }
    }

    pub(super) fn hide(&mut self, columns: &Columns, row: u32) {
        self.rows.clear(row);
        if let Some(entry) = columns.posting_of(row) {
            self.postings.clear(entry);
        }
    }
}
