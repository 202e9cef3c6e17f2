//! The statutory deadline for a tax return, and how days of rest move it.

use chrono::{Datelike, Months, NaiveDate, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::period;
use crate::record::holidays;

/// Which days move a deadline to the next working day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RestDays {
    /// None: the deadline stays where it falls.
    None,
    /// Saturdays and Sundays. A country's public holidays are not known: give such a year a filing extension.
    Weekends,
    /// Japan: Saturdays, Sundays, public holidays, 29 December to 3 January (国税通則法 article 10(2), 国税通則法施行令
    /// article 2(2)). Outside the years whose holidays are known there is no deadline, so no expiry.
    Japan,
}

/// The deadline for the return of a fiscal year that ends on `end`: the last day of `months` after it, moved to the
/// next working day. `None` beyond the calendar, and where nobody knows the holidays.
#[must_use]
pub fn filing_deadline(
    end: NaiveDate,
    months: u32,
    from_month_end: bool,
    rest: RestDays,
) -> Option<NaiveDate> {
    let end = if from_month_end { month_end(end)? } else { end };
    let mut deadline = period::last_day(end.succ_opt()?, months)?;
    while is_rest(deadline, rest)? {
        deadline = deadline.succ_opt()?;
    }
    Some(deadline)
}

fn month_end(date: NaiveDate) -> Option<NaiveDate> {
    date.with_day(1)?.checked_add_months(Months::new(1))?.pred_opt()
}

/// Whether nothing is due on `date`; `None` when the holidays of its year are not known.
fn is_rest(date: NaiveDate, rest: RestDays) -> Option<bool> {
    let weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
    match rest {
        RestDays::None => Some(false),
        RestDays::Weekends => Some(weekend),
        RestDays::Japan => holidays::is_day_of_rest(date),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_deadline_on_a_day_of_rest_moves_to_the_next_working_day() {
        for (end, months, from_month_end, rest, deadline) in [
            ("2024-03-31", 2, false, RestDays::Japan, "2024-05-31"),
            ("2025-03-31", 2, false, RestDays::Japan, "2025-06-02"),
            ("2026-03-31", 2, false, RestDays::Japan, "2026-06-01"),
            ("2025-02-28", 2, false, RestDays::Japan, "2025-04-30"),
            // 29 April to 5 May 2024 and the weekend of 29 December: whole rows of days of rest.
            ("2024-02-29", 2, false, RestDays::Japan, "2024-04-30"),
            ("2025-10-31", 2, false, RestDays::Japan, "2026-01-05"),
            ("2025-03-31", 2, false, RestDays::Weekends, "2025-06-02"),
            ("2025-03-31", 2, false, RestDays::None, "2025-05-31"),
            ("2025-12-20", 3, true, RestDays::Weekends, "2026-03-31"),
            ("2025-12-20", 3, false, RestDays::None, "2026-03-20"),
        ] {
            let found = filing_deadline(day(end), months, from_month_end, rest);
            assert_eq!(found, Some(day(deadline)), "{end} {rest:?}");
        }
    }

    #[test]
    fn without_holidays_there_is_no_deadline() {
        assert_eq!(filing_deadline(day("2150-03-31"), 2, false, RestDays::Japan), None);
        assert_eq!(filing_deadline(NaiveDate::MAX, 2, true, RestDays::Weekends), None);
    }
}
