//! A fixed-size set of row or party numbers.

use std::ops::Range;

/// One bit per number below `len`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bits {
    words: Vec<u64>,
    len: u32,
}

impl Bits {
    pub(super) fn empty(len: u32) -> Self {
        Self { words: vec![0; (len as usize).div_ceil(64)], len }
    }

    pub(super) fn full(len: u32) -> Self {
        let mut bits = Self { words: vec![u64::MAX; (len as usize).div_ceil(64)], len };
        if let (Some(last), used @ 1..) = (bits.words.last_mut(), len % 64) {
            *last = (1 << used) - 1;
        }
        bits
    }

    pub(super) fn set(&mut self, at: u32) {
        if let Some(word) = self.words.get_mut(at as usize / 64) {
            *word |= 1 << (at % 64);
        }
    }

    pub(super) fn clear(&mut self, at: u32) {
        if let Some(word) = self.words.get_mut(at as usize / 64) {
            *word &= !(1 << (at % 64));
        }
    }

    #[inline]
    pub(super) fn has(&self, at: u32) -> bool {
        self.words.get(at as usize / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    /// The word of 64 numbers that starts at `64 * index`.
    #[inline]
    fn word(&self, index: usize) -> u64 {
        self.words.get(index).copied().unwrap_or(0)
    }

    /// Numbers in the set within `range`, ascending.
    pub(super) fn iter(&self, range: Range<u32>) -> impl Iterator<Item = u32> + '_ {
        self.walk(range, false)
    }

    /// Numbers *not* in the set within `range`, ascending.
    pub(super) fn holes(&self, range: Range<u32>) -> impl Iterator<Item = u32> + '_ {
        self.walk(range, true)
    }

    fn walk(&self, range: Range<u32>, inverted: bool) -> impl Iterator<Item = u32> + '_ {
        let (from, to) = (range.start, range.end.min(self.len));
        let words = (from / 64) as usize..(to as usize).div_ceil(64).max((from / 64) as usize);
        let flip = if inverted { u64::MAX } else { 0 };
        words.flat_map(move |index| {
            let base = index as u32 * 64;
            let mut word = self.word(index) ^ flip;
            if from > base {
                word &= u64::MAX.checked_shl(from - base).unwrap_or(0);
            }
            if to - base < 64 {
                word &= (1 << (to - base)) - 1;
            }
            std::iter::from_fn(move || {
                let at = base + word.trailing_zeros();
                (word != 0).then(|| {
                    word &= word - 1;
                    at
                })
            })
        })
    }

    /// How many numbers of `range` are in the set.
    pub(super) fn count(&self, range: Range<u32>) -> u64 {
        let (from, to) = (range.start, range.end.min(self.len));
        if from >= to {
            return 0;
        }
        let (first, last) = ((from / 64) as usize, ((to - 1) / 64) as usize);
        let inner: u64 =
            self.words.get(first..=last).unwrap_or_default().iter().map(|w| u64::from(w.count_ones())).sum();
        let before = self.word(first) & ((1 << (from % 64)) - 1);
        let behind = if to % 64 == 0 { 0 } else { self.word(last) >> (to % 64) };
        inner - u64::from(before.count_ones()) - u64::from(behind.count_ones())
    }

    pub(super) fn bytes(&self) -> usize {
        self.words.len() * 8
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranges_agree_with_looking_at_each_number(
            len in 0u32..300, members in proptest::collection::vec(0u32..300, 0..80), a in 0u32..300, b in 0u32..300,
        ) {
            let mut bits = Bits::empty(len);
            members.iter().filter(|m| **m < len).for_each(|m| bits.set(*m));
            let range = a.min(b)..a.max(b);
            let inside = |wanted: bool| -> Vec<u32> {
                range.clone().filter(|at| *at < len && members.contains(at) == wanted).collect()
            };
            prop_assert_eq!(bits.iter(range.clone()).collect::<Vec<_>>(), inside(true));
            prop_assert_eq!(bits.holes(range.clone()).collect::<Vec<_>>(), inside(false));
            prop_assert_eq!(bits.count(range.clone()), inside(true).len() as u64);
            prop_assert_eq!(Bits::full(len).count(0..len), u64::from(len));
            prop_assert_eq!(Bits::full(len).holes(0..400).count(), 0);
        }
    }
}
