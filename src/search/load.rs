//! Reading a tantivy segment into [`Columns`].

use tantivy::SegmentReader;
use tantivy::columnar::{Column, StrColumn};

use super::amounts::Amounts;
use super::columns::{Columns, Labels, Seqs};
use super::document::CurrencyCode;
use super::error::IndexError;
use super::names::Parties;
use super::schema::split_order_key;

fn damaged(what: &str) -> IndexError {
    IndexError::Damaged(format!("column {what} does not fit its segment"))
}

/// Reads every column once, straight past the chunk cache, and lets tantivy's copies go.
///
/// # Errors
/// A column is missing, damaged or out of order.
pub(super) fn load(segment: &SegmentReader) -> Result<Columns, IndexError> {
    let rows = segment.max_doc();
    let fast = segment.fast_fields();
    let (days, day_starts, seqs, versions) = dates(segment, rows)?;
    let flags: Vec<u8> = full(&fast.u64("flags")?, rows, "flags")?.iter().map(|flags| *flags as u8).collect();
    let flags = if flags.iter().all(|flags| *flags == 0) { Vec::new() } else { flags };
    let (parties, party) = names(segment, rows)?;
    let (amounts, rank) = amounts(segment, rows)?;
    let (posting_starts, posting_rows, posting_ranks) = postings(parties.len(), &party, &rank);
    Ok(Columns {
        rows,
        days,
        day_starts,
        seqs,
        versions,
        flags,
        parties,
        party,
        amounts,
        rank,
        posting_starts,
        posting_rows,
        posting_ranks,
        entity: labels(segment, "entity", rows)?,
        class: labels(segment, "class", rows)?,
    })
}

/// A column with exactly one value per row.
fn full(column: &Column<u64>, rows: u32, name: &str) -> Result<Vec<u64>, IndexError> {
    if column.values.num_vals() != rows {
        return Err(damaged(name));
    }
    let mut values = vec![0; rows as usize];
    column.values.get_range(0, &mut values);
    Ok(values)
}

type Dates = (Vec<i32>, Vec<u32>, Seqs, Vec<(u32, u32)>);

fn dates(segment: &SegmentReader, rows: u32) -> Result<Dates, IndexError> {
    let order = full(&segment.fast_fields().u64("order")?, rows, "order")?;
    let version = full(&segment.fast_fields().u64("version")?, rows, "version")?;
    // Everything below leans on rows being sorted, so this is checked and not believed. Versions of one record that were
    // replaced within one segment lie, deleted, before those that replaced them.
    let alive = |row: u32| segment.alive_bitset().is_none_or(|alive| alive.is_alive(row));
    let sorted = (0..).zip(order.windows(2).zip(version.windows(2))).all(|(row, (order, version))| {
        order[0] < order[1]
            || (order[0] == order[1] && (version[0] < version[1] || !alive(row) || !alive(row + 1)))
    });
    if !sorted {
        return Err(damaged("order"));
    }
    let (mut days, mut starts, mut seqs) = (Vec::new(), Vec::new(), Vec::with_capacity(rows as usize));
    for (row, key) in (0..).zip(&order) {
        let (day, seq) = split_order_key(*key);
        if days.last() != Some(&day) {
            days.push(day);
            starts.push(row);
        }
        seqs.push(seq);
    }
    starts.push(rows);
    let versions =
        (0..).zip(&version).filter(|(_, version)| **version != 1).map(|(row, v)| (row, *v as u32)).collect();
    Ok((days, starts, Seqs::new(seqs), versions))
}

/// Calls `each` with every text of a column's dictionary, in order.
fn dictionary(
    column: &StrColumn,
    mut each: impl FnMut(&[u8]) -> Result<(), IndexError>,
) -> Result<(), IndexError> {
    let mut stream = column.dictionary().stream()?;
    while stream.advance() {
        each(stream.key())?;
    }
    Ok(())
}

fn text_column(segment: &SegmentReader, name: &str) -> Result<StrColumn, IndexError> {
    segment.fast_fields().str(name)?.ok_or_else(|| damaged(name))
}

fn names(segment: &SegmentReader, rows: u32) -> Result<(Parties, Vec<u32>), IndexError> {
    let column = text_column(segment, "party")?;
    let mut parties = Parties::new();
    dictionary(&column, |key| parties.push(key))?;
    let party: Vec<u32> = full(column.ords(), rows, "party")?.iter().map(|ord| *ord as u32).collect();
    match party.iter().all(|party| *party < parties.len()) {
        true => Ok((parties, party)),
        false => Err(damaged("party")),
    }
}

fn labels(segment: &SegmentReader, name: &str, rows: u32) -> Result<Labels, IndexError> {
    let column = text_column(segment, name)?;
    let mut names = Vec::new();
    dictionary(&column, |key| {
        names.push(String::from_utf8_lossy(key).into_owned());
        Ok(())
    })?;
    let codes = full(column.ords(), rows, name)?;
    Ok(Labels::new(names, codes.iter().map(|code| *code as u32)))
}

fn amounts(segment: &SegmentReader, rows: u32) -> Result<(Amounts, Vec<u32>), IndexError> {
    let fast = segment.fast_fields();
    // A segment in which no record has an amount has no such columns.
    let (Some(minor), Some(currency)) = (fast.column_opt::<i64>("amount")?, fast.str("currency")?) else {
        return Ok((Amounts::default(), vec![0; rows as usize]));
    };
    let mut by_currency = Vec::new();
    dictionary(&currency, |code| {
        by_currency.push((CurrencyCode::from_bytes(code).map_err(|_| damaged("currency"))?, Vec::new()));
        Ok(())
    })?;
    for row in 0..rows {
        let (Some(minor), Some(code)) = (minor.first(row), currency.ords().first(row)) else { continue };
        let (_, pairs) = by_currency.get_mut(code as usize).ok_or_else(|| damaged("currency"))?;
        pairs.push((minor, row));
    }
    Ok(Amounts::rank(by_currency, rows as usize))
}

/// Rows and ranks grouped by party, rows ascending in each: a counting sort.
fn postings(parties: u32, party: &[u32], rank: &[u32]) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let mut starts = vec![0u32; parties as usize + 1];
    for party in party {
        if let Some(count) = starts.get_mut(*party as usize + 1) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    let mut next = starts.clone();
    let (mut rows, mut ranks) = (vec![0u32; party.len()], vec![0u32; party.len()]);
    for (row, (party, rank)) in (0..).zip(party.iter().zip(rank)) {
        let Some(at) = next.get_mut(*party as usize) else { continue };
        if let (Some(to_row), Some(to_rank)) = (rows.get_mut(*at as usize), ranks.get_mut(*at as usize)) {
            (*to_row, *to_rank) = (row, *rank);
        }
        *at += 1;
    }
    (starts, rows, ranks)
}
