//! Amounts as ranks: every distinct (currency, amount) of a segment gets a number in ascending order.
//!
//! A range of amounts in one currency is then one range of 4-byte numbers, exact for any `i64`, half as much memory
//! to stream as the amounts themselves, and the currency needs no column of its own. Rank 0 is "blank".

use std::ops::Range;

use super::document::CurrencyCode;
use super::query::AmountFilter;

/// The distinct amounts of a segment.
#[derive(Default)]
pub(super) struct Amounts {
    /// Ascending by code.
    currencies: Vec<OneCurrency>,
}

struct OneCurrency {
    code: CurrencyCode,
    /// Rank of the first value.
    first: u32,
    /// Ascending.
    values: Vec<i64>,
}

/// Rank of a record without an amount.
pub(super) const BLANK: u32 = 0;

impl OneCurrency {
    fn ranks(&self) -> Range<u32> {
        self.first..self.first + self.values.len() as u32
    }
}

impl Amounts {
    /// Ranks `rows`, given per currency as `(minor units, row)`, into a column of `len` rows.
    pub(super) fn rank(rows: Vec<(CurrencyCode, Vec<(i64, u32)>)>, len: usize) -> (Self, Vec<u32>) {
        let mut ranks = vec![BLANK; len];
        let mut currencies = Vec::new();
        let mut next = 1u32;
        let mut rows = rows;
        rows.sort_unstable_by_key(|(code, _)| *code);
        for (code, mut pairs) in rows {
            pairs.sort_unstable_by_key(|(minor, _)| *minor);
            let mut one = OneCurrency { code, first: next, values: Vec::new() };
            for (minor, row) in pairs {
                if one.values.last() != Some(&minor) {
                    one.values.push(minor);
                    next += 1;
                }
                if let Some(rank) = ranks.get_mut(row as usize) {
                    *rank = next - 1;
                }
            }
            one.values.shrink_to_fit();
            currencies.push(one);
        }
        (Self { currencies }, ranks)
    }

    /// The ranks that a filter lets through; `None` when it lets everything through.
    pub(super) fn ranks(&self, filter: &AmountFilter) -> Option<Range<u32>> {
        match filter {
            AmountFilter::Any => None,
            AmountFilter::Blank => Some(BLANK..BLANK + 1),
            AmountFilter::Range { from, to, currency } => {
                let Some(one) = self.currencies.iter().find(|one| one.code == *currency) else {
                    return Some(0..0);
                };
                let low = from.map_or(0, |from| one.values.partition_point(|value| *value < from));
                let high = to.map_or(one.values.len(), |to| one.values.partition_point(|value| *value <= to));
                Some(one.first + low as u32..one.first + high.max(low) as u32)
            }
        }
    }

    /// The amount behind a rank.
    pub(super) fn value(&self, rank: u32) -> Option<(CurrencyCode, i64)> {
        let one = self.currencies.iter().find(|one| one.ranks().contains(&rank))?;
        Some((one.code, *one.values.get((rank - one.first) as usize)?))
    }

    /// A number that sorts rows by currency, then amount (descending when asked), blanks last.
    #[inline]
    pub(super) fn sort_number(&self, rank: u32, descending: bool) -> u32 {
        match rank {
            BLANK => u32::MAX,
            rank if descending => {
                let ranks =
                    self.currencies.iter().map(OneCurrency::ranks).find(|ranks| ranks.contains(&rank));
                ranks.map_or(rank, |ranks| ranks.start + (ranks.end - 1 - rank))
            }
            rank => rank,
        }
    }

    /// How many sort numbers come strictly before `amount`, and whether it occurs itself: the place of a cursor.
    pub(super) fn place(&self, amount: Option<(CurrencyCode, i64)>, descending: bool) -> (u32, bool) {
        let Some((code, minor)) = amount else { return (u32::MAX, true) };
        let at = self.currencies.partition_point(|one| one.code < code);
        match self.currencies.get(at) {
            Some(one) if one.code == code => {
                let low = one.values.partition_point(|value| *value < minor) as u32;
                let found = one.values.get(low as usize) == Some(&minor);
                let count = one.values.len() as u32;
                let before = if descending { count - low - u32::from(found) } else { low };
                (one.first + before, found)
            }
            Some(one) => (one.first, false),
            None => (self.currencies.last().map_or(1, |one| one.ranks().end), false),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.currencies.iter().map(|one| one.values.capacity() * 8).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_currencies() -> (Amounts, Vec<u32>) {
        let usd = CurrencyCode::from_bytes(b"usd").unwrap();
        Amounts::rank(vec![(usd, vec![(7, 4)]), (CurrencyCode::JPY, vec![(5, 0), (-3, 1), (5, 2)])], 6)
    }

    #[test]
    fn equal_amounts_share_a_rank_and_blanks_have_none() {
        let (amounts, ranks) = two_currencies();
        assert_eq!(ranks, [2, 1, 2, 0, 3, 0]);
        assert_eq!(amounts.value(1), Some((CurrencyCode::JPY, -3)));
        assert_eq!(amounts.value(0), None);
        let order: Vec<u32> = [1, 2, 3, 0].map(|rank| amounts.sort_number(rank, true)).to_vec();
        assert_eq!(order, [2, 1, 3, u32::MAX]);
    }

    #[test]
    fn ranges_stay_inside_their_currency() {
        let (amounts, _) = two_currencies();
        let yen = |from, to| AmountFilter::Range { from, to, currency: CurrencyCode::JPY };
        assert_eq!(amounts.ranks(&yen(None, None)), Some(1..3));
        assert_eq!(amounts.ranks(&yen(Some(0), None)), Some(2..3));
        assert_eq!(amounts.ranks(&yen(Some(6), Some(1))).unwrap().len(), 0);
        let euro = CurrencyCode::from_bytes(b"EUR").unwrap();
        assert!(
            amounts.ranks(&AmountFilter::Range { from: None, to: None, currency: euro }).unwrap().is_empty()
        );
        assert_eq!(amounts.ranks(&AmountFilter::Blank), Some(0..1));
        assert_eq!(amounts.place(Some((euro, 1)), true), (1, false));
        assert_eq!(amounts.place(Some((CurrencyCode::JPY, 0)), true), (2, false));
        assert_eq!(amounts.place(Some((CurrencyCode::JPY, 5)), true), (1, true));
    }
}
