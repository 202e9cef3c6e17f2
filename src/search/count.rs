//! The exact number of hits of a plan.

use std::ops::Range;

use super::names::PartySet;
use super::plan::{Driver, Plan};

/// Counts ranks in `wanted`; written so that the compiler compares several at once.
fn count_ranks(ranks: &[u32], wanted: &Range<u32>) -> u64 {
    let (low, width) = (wanted.start, wanted.end - wanted.start);
    // Chunks keep the inner sum in 32 bits, four lanes a step.
    ranks
        .chunks(1 << 16)
        .map(|chunk| {
            u64::from(chunk.iter().map(|rank| u32::from(rank.wrapping_sub(low) < width)).sum::<u32>())
        })
        .sum()
}

fn slice<'a>(column: &'a [u32], range: &Range<u32>) -> &'a [u32] {
    column.get(range.start as usize..range.end as usize).unwrap_or_default()
}

/// Counts the rows that meet every condition of `plan`.
pub(super) fn count(plan: &Plan<'_>) -> u64 {
    if plan.is_empty() {
        return 0;
    }
    let parties = plan.parties.as_ref().map(|parties| &parties.all);
    let driver = plan.driver(parties);
    match (driver, plan.everyday(), parties) {
        (Driver::Rows, Some(_), None) => rows_without_party(plan),
        (Driver::Rows, Some(_), Some(parties)) => rows_with_party(plan, parties),
        (Driver::Postings, Some(_), Some(parties)) => {
            parties.list.iter().map(|party| postings_of(plan, *party)).sum()
        }
        _ => {
            let mut total = 0;
            each_row(plan, driver, parties, |_| total += 1);
            total
        }
    }
}

fn rows_without_party(plan: &Plan<'_>) -> u64 {
    let visible = plan.everyday().flatten();
    let rows = plan.rows.clone();
    match &plan.ranks {
        None => visible.map_or(u64::from(rows.end - rows.start), |visible| visible.rows.count(rows)),
        Some(ranks) => {
            let hidden = visible.map_or(0, |visible| {
                visible
                    .rows
                    .holes(rows.clone())
                    .filter(|row| ranks.contains(&plan.columns.rank(*row)))
                    .count()
            });
            count_ranks(slice(&plan.columns.rank, &rows), ranks) - hidden as u64
        }
    }
}

fn rows_with_party(plan: &Plan<'_>, parties: &PartySet) -> u64 {
    let columns = plan.columns;
    let hidden = plan.everyday().flatten().map_or(0, |visible| {
        let holes = visible.rows.holes(plan.rows.clone());
        holes
            .filter(|row| parties.bits.has(columns.party(*row)) && plan.rank_passes(columns.rank(*row)))
            .count()
    });
    let party = slice(&columns.party, &plan.rows);
    let seen: u64 = match &plan.ranks {
        None => party.iter().map(|party| u64::from(parties.bits.has(*party))).sum(),
        Some(ranks) => {
            let (low, width) = (ranks.start, ranks.end - ranks.start);
            let rank = slice(&columns.rank, &plan.rows);
            // Both tests are made without a branch: neither is predictable.
            let both = |(party, rank): (&u32, &u32)| {
                u64::from(parties.bits.has(*party)) & u64::from(rank.wrapping_sub(low) < width)
            };
            party.iter().zip(rank).map(both).sum()
        }
    };
    seen - hidden as u64
}

fn postings_of(plan: &Plan<'_>, party: u32) -> u64 {
    let columns = plan.columns;
    let entries = columns.postings_within(party, &plan.rows);
    let visible = plan.everyday().flatten();
    match &plan.ranks {
        None => {
            visible.map_or(u64::from(entries.end - entries.start), |visible| visible.postings.count(entries))
        }
        Some(ranks) => {
            let of_entries = slice(&columns.posting_ranks, &entries);
            let hidden = visible.map_or(0, |visible| {
                let rank = |entry: u32| of_entries.get((entry - entries.start) as usize);
                let holes = visible.postings.holes(entries.clone());
                holes.filter(|entry| rank(*entry).is_some_and(|rank| ranks.contains(rank))).count()
            });
            count_ranks(of_entries, ranks) - hidden as u64
        }
    }
}

/// Calls `each` with every row that meets all conditions and whose party is in `parties`; in no promised order.
pub(super) fn each_row(
    plan: &Plan<'_>,
    driver: Driver,
    parties: Option<&PartySet>,
    mut each: impl FnMut(u32),
) {
    let columns = plan.columns;
    let mut look = |row: u32, rank: u32| {
        if plan.rank_passes(rank) && plan.test(row) {
            each(row);
        }
    };
    let of_party = |row: u32| parties.is_none_or(|parties| parties.bits.has(columns.party(row)));
    match (driver, parties) {
        (Driver::Postings, Some(parties)) => {
            for party in &parties.list {
                let entries = columns.postings_within(*party, &plan.rows);
                let rows = slice(&columns.posting_rows, &entries).iter();
                rows.zip(slice(&columns.posting_ranks, &entries)).for_each(|(row, rank)| look(*row, *rank));
            }
        }
        (Driver::Filter, _) => {
            let found = plan.filter.iter().flat_map(|filter| filter.iter(plan.rows.clone()));
            found.filter(|row| of_party(*row)).for_each(|row| look(row, columns.rank(row)));
        }
        _ => {
            plan.rows.clone().filter(|row| of_party(*row)).for_each(|row| look(row, columns.rank(row)));
        }
    }
}

/// Whether any rank of rows `rows` passes; lets a search for rare amounts skip blocks at the speed of counting.
pub(super) fn any_rank_passes(plan: &Plan<'_>, rows: &Range<u32>) -> bool {
    plan.ranks.as_ref().is_none_or(|ranks| count_ranks(slice(&plan.columns.rank, rows), ranks) > 0)
}
