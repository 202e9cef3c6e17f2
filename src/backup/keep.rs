//! The keep rule: how many generations stay.
//!
//! Generations are counted, by the numbers that the archive signed. Dates are not asked: a clock that was turned, or a
//! date that somebody wrote, expires nothing.

/// What becomes of a generation, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is among the newest `of` generations.
    Kept { place: u64, of: u64 },
    /// There are `newer` generations, and `of` are kept.
    Expired { newer: u64, of: u64 },
}

/// Decides for each generation of `numbers`; the newest is kept whatever `keep` says.
pub fn decide(numbers: &[u64], keep: u32) -> Vec<(u64, Verdict)> {
    let of = u64::from(keep.max(1));
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    sorted.dedup();
    let verdict = |newer: u64| match newer < of {
        true => Verdict::Kept { place: newer + 1, of },
        false => Verdict::Expired { newer, of },
    };
    sorted.into_iter().zip(0..).map(|(number, newer)| (number, verdict(newer))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(numbers: &[u64], keep: u32) -> Vec<u64> {
        let decided = decide(numbers, keep).into_iter();
        decided
            .filter(|(_, verdict)| matches!(verdict, Verdict::Kept { .. }))
            .map(|(number, _)| number)
            .collect()
    }

    #[test]
    fn the_newest_by_number_stay_in_whatever_order_they_are_listed() {
        assert_eq!(kept(&[3, 9, 1, 7], 2), [9, 7]);
        assert_eq!(kept(&[1, 2], 35), [2, 1]);
        assert_eq!(kept(&[], 3), [0; 0]);
    }

    #[test]
    fn the_newest_is_kept_even_when_none_should_be() {
        assert_eq!(kept(&[4, 5], 0), [5]);
    }

    #[test]
    fn the_reason_is_told() {
        let decided = decide(&[1, 2, 3], 2);
        assert_eq!(decided[0], (3, Verdict::Kept { place: 1, of: 2 }));
        assert_eq!(decided[2], (1, Verdict::Expired { newer: 2, of: 2 }));
    }
}
