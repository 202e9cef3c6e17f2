//! By when a contract that was received has to have a timestamp (電子帳簿保存法施行規則 article 4(1), notice 4-20 to 4-22):
//! promptly, taken as seven working days; or, where written rules set the cycle, after the cycle (at most two months) and
//! seven working days more.

use std::collections::BTreeSet;

use chrono::{Months, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::record::holidays;

/// Working days that "promptly" and "quickly" are taken for. The notices say "about"; nothing is added to it here.
const WORKING_DAYS: u32 = 7;
/// Longest cycle of business that rules can set, in months.
const CYCLE_MONTHS: u32 = 2;

/// Which of the two windows counts.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema,
)]
pub enum StampWindow {
    /// Without written rules.
    #[default]
    #[serde(rename = "7-business-days")]
    SevenBusinessDays,
    /// Only where the company's written rules (規程) set the cycle.
    #[serde(rename = "2-months-and-7-business-days")]
    TwoMonthsAndSevenBusinessDays,
}

impl StampWindow {
    /// The word in settings and answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::SevenBusinessDays => "7-business-days",
            Self::TwoMonthsAndSevenBusinessDays => "2-months-and-7-business-days",
        }
    }
}

/// What the company changes about Japan's calendar of working days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkingCalendar {
    /// Days on which the company rests beside weekends, public holidays and 29 December to 3 January.
    pub rest: BTreeSet<NaiveDate>,
    /// Days on which it works all the same; wins over `rest`.
    pub work: BTreeSet<NaiveDate>,
}

impl WorkingCalendar {
    /// `None` outside the years whose holidays are known.
    fn is_rest(&self, day: NaiveDate) -> Option<bool> {
        if self.work.contains(&day) {
            return Some(false);
        }
        Some(holidays::is_day_of_rest(day)? || self.rest.contains(&day))
    }

    /// The `count`th working day after `day`, which does not count itself (民法 article 140).
    fn after(&self, day: NaiveDate, count: u32) -> Option<NaiveDate> {
        let mut found = day;
        for _ in 0..count {
            found = found.succ_opt()?;
            while self.is_rest(found)? {
                found = found.succ_opt()?;
            }
        }
        Some(found)
    }
}

/// The last day for a timestamp on what was received on `received`; `None` outside the years whose holidays are known.
#[must_use]
pub fn stamp_by(received: NaiveDate, window: StampWindow, calendar: &WorkingCalendar) -> Option<NaiveDate> {
    let from = match window {
        StampWindow::SevenBusinessDays => received,
        StampWindow::TwoMonthsAndSevenBusinessDays => {
            received.checked_add_months(Months::new(CYCLE_MONTHS))?
        }
    };
    calendar.after(from, WORKING_DAYS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn by(received: &str, window: StampWindow) -> String {
        stamp_by(day(received), window, &WorkingCalendar::default()).unwrap().to_string()
    }

    #[test]
    fn seven_working_days_pass_over_weekends_holidays_and_the_turn_of_the_year() {
        for (received, last) in [
            // Monday to Wednesday of the week after: 17, 18, 19, 20, 24 (23 is 勤労感謝の日), 25, 26.
            ("2026-11-16", "2026-11-26"),
            // Received on a Saturday: Monday is the first day.
            ("2026-06-06", "2026-06-16"),
            // Golden Week: 29 April, 3 to 5 May and 6 May (substitute for Sunday the 3rd) rest.
            ("2026-04-28", "2026-05-13"),
            // 29 December to 3 January, 11 January 成人の日 (2027).
            ("2026-12-25", "2027-01-12"),
        ] {
            assert_eq!(by(received, StampWindow::SevenBusinessDays), last, "{received}");
        }
    }

    #[test]
    fn rules_that_set_the_cycle_add_two_months_first() {
        for (received, last) in [
            ("2026-04-10", "2026-06-19"),
            // The end of a shorter month (Saturday, 28 February), not a day of the next: 2 to 6, 9 and 10 March.
            ("2025-12-31", "2026-03-10"),
            ("2026-11-16", "2027-01-26"),
        ] {
            assert_eq!(by(received, StampWindow::TwoMonthsAndSevenBusinessDays), last, "{received}");
        }
    }

    #[test]
    fn the_company_changes_the_calendar() {
        let summer = ["2026-08-12", "2026-08-13", "2026-08-14"].map(day);
        let calendar = WorkingCalendar { rest: summer.into(), work: BTreeSet::new() };
        let received = day("2026-08-07");
        let plain = stamp_by(received, StampWindow::SevenBusinessDays, &WorkingCalendar::default());
        assert_eq!(plain, Some(day("2026-08-19")));
        assert_eq!(stamp_by(received, StampWindow::SevenBusinessDays, &calendar), Some(day("2026-08-24")));
        let open = WorkingCalendar { work: [day("2026-08-08"), day("2026-08-13")].into(), ..calendar };
        assert_eq!(stamp_by(received, StampWindow::SevenBusinessDays, &open), Some(day("2026-08-20")));
    }

    #[test]
    fn beyond_the_known_years_nothing_is_guessed() {
        assert_eq!(
            stamp_by(day("2099-12-28"), StampWindow::SevenBusinessDays, &WorkingCalendar::default()),
            None
        );
    }
}
