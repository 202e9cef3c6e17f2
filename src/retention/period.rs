//! Counting periods of months and years as 民法 (Civil Code) articles 140, 141 and 143 count them.
//!
//! A period that begins at the start of a day ends with the day before the corresponding day (応当日) of the last
//! month; where that month has no corresponding day, it ends with the last day of the month (article 143(2)).

use chrono::{Datelike, Months, NaiveDate};

/// The day on which a period of `months` that begins at the start of `first` has passed (経過した日): the day
/// after its last day. `None` beyond the end of the calendar (year 262142).
///
/// From 2025-12-31, two months have passed on 2026-03-01: February has no 31st, so the period ends with
/// 2026-02-28.
#[must_use]
pub fn day_after(first: NaiveDate, months: u32) -> Option<NaiveDate> {
    // chrono clamps to the month's end exactly where the corresponding day is missing.
    let corresponding = first.checked_add_months(Months::new(months))?;
    if corresponding.day() < first.day() { corresponding.succ_opt() } else { Some(corresponding) }
}

/// The last day, inclusive, of a period of `months` that begins at the start of `first`.
/// `None` beyond the end of the calendar.
#[must_use]
pub fn last_day(first: NaiveDate, months: u32) -> Option<NaiveDate> {
    day_after(first, months)?.pred_opt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_period_ends_the_day_before_the_corresponding_day_or_at_the_months_end() {
        for (first, months, last) in [
            ("2025-05-01", 84, "2032-04-30"),
            ("2026-06-01", 120, "2036-05-31"),
            ("2026-02-21", 84, "2033-02-20"),
            ("2024-03-01", 84, "2031-02-28"),
            ("2025-12-31", 2, "2026-02-28"),
            ("2023-12-31", 2, "2024-02-29"),
            ("2023-12-30", 2, "2024-02-29"),
            ("2023-12-29", 2, "2024-02-28"),
            ("2024-02-29", 12, "2025-02-28"),
            ("2024-02-29", 48, "2028-02-28"),
            ("2024-01-31", 1, "2024-02-29"),
            ("2024-03-31", 1, "2024-04-30"),
            ("2024-05-31", 0, "2024-05-30"),
        ] {
            assert_eq!(last_day(day(first), months), Some(day(last)), "{first} + {months}");
        }
    }

    #[test]
    fn the_end_of_the_calendar_is_not_a_panic() {
        assert_eq!(last_day(NaiveDate::MAX, 1), None);
        assert_eq!(last_day(NaiveDate::MIN, u32::MAX), None);
        assert_eq!(day_after(NaiveDate::MAX, 0), Some(NaiveDate::MAX));
    }

    proptest! {
        #[test]
        fn a_longer_period_or_a_later_start_never_ends_earlier(days in 0i64..2_600_000, later in 0i64..400, months in 0u32..2400) {
            let first = day("1900-01-01") + chrono::Days::new(days as u64);
            let second = first + chrono::Days::new(later as u64);
            prop_assert!(last_day(second, months) >= last_day(first, months));
            prop_assert!(last_day(first, months + 1) > last_day(first, months));
        }
    }
}
