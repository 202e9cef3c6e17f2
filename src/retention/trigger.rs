//! What starts a retention period (起算日), how long it is, and when the policy asks for it at all.

use chrono::{Datelike, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::calendar::FiscalYear;
use super::{day, deadline, period};

/// What starts the period of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Trigger {
    /// The day on which `months`, and the year's filing extension, have passed since the day after the end of the
    /// fiscal year in which the document was made or received: 法人税法施行規則 article 59(2) with `months = 2`.
    FiscalYearEndPlusMonths {
        /// Months without the extension, 0 to 120.
        months: u32,
    },
    /// The end of that fiscal year, when its books are closed (会社法 article 432(2)).
    FiscalYearEnd,
    /// The day after the statutory deadline for the tax return of that fiscal year, which moves when it falls on a
    /// day of rest (国税通則法 article 10(2)).
    FilingDeadline {
        /// Months from the end of the fiscal year to the deadline, without the extension, 0 to 120.
        months: u32,
        /// Whether the months are counted from the end of the month in which the fiscal year ends.
        #[serde(default)]
        from_month_end: bool,
        /// Which days move the deadline.
        rest: deadline::RestDays,
    },
    /// The end of the calendar year of the document.
    CalendarYearEnd,
    /// The first 1 April after the day of the document: municipal years.
    #[serde(rename = "next_april_1")]
    NextApril1,
    /// 16 March of the year after the document, the day after individuals file (所得税法施行規則 article 63).
    #[serde(rename = "next_march_16")]
    NextMarch16,
    /// The day of the document itself.
    DocumentDate,
    /// The day of the named event: `hand_over`, `contract_end`, or any name of your own. Until the day is known, the
    /// period has not begun and has no end.
    Event(String),
    /// The end of the calendar year in which the named event happened.
    CalendarYearEndOf(String),
    /// The first 1 April after the named event.
    #[serde(rename = "next_april_1_after")]
    NextApril1After(String),
    /// Nothing ends this period.
    Unbounded,
}

impl Trigger {
    /// Whether the trigger says nothing without a fiscal year.
    pub(super) fn needs_fiscal_year(&self) -> bool {
        matches!(
            self,
            Self::FiscalYearEndPlusMonths { .. } | Self::FiscalYearEnd | Self::FilingDeadline { .. }
        )
    }

    /// The event whose day starts the period, for the triggers that have one.
    #[must_use]
    pub fn event(&self) -> Option<&str> {
        match self {
            Self::Event(name) | Self::CalendarYearEndOf(name) | Self::NextApril1After(name) => Some(name),
            _ => None,
        }
    }

    /// First day of the period (起算日) for a document of `date` in fiscal year `year`; for the triggers with an event,
    /// `date` is the day of the event. `None` when there is no such day: no fiscal year, an unbounded period, or a day
    /// beyond the calendar.
    ///
    /// Where the law counts *from* a day, the period begins with the next one (民法 article 140).
    pub(super) fn start(&self, date: NaiveDate, year: Option<&FiscalYear>) -> Option<NaiveDate> {
        let next_year = || date.year().checked_add(1);
        match self {
            Self::FiscalYearEndPlusMonths { months } => {
                let year = year?;
                period::day_after(year.end.succ_opt()?, months_with_extension(*months, year))
            }
            Self::FiscalYearEnd => year?.end.succ_opt(),
            Self::FilingDeadline { months, from_month_end, rest } => {
                let year = year?;
                let months = months_with_extension(*months, year);
                deadline::filing_deadline(year.end, months, *from_month_end, *rest)?.succ_opt()
            }
            Self::CalendarYearEnd | Self::CalendarYearEndOf(_) => NaiveDate::from_ymd_opt(next_year()?, 1, 1),
            Self::NextApril1 | Self::NextApril1After(_) => {
                let this = NaiveDate::from_ymd_opt(date.year(), 4, 1)?;
                if date < this { Some(this) } else { NaiveDate::from_ymd_opt(next_year()?, 4, 1) }
            }
            Self::NextMarch16 => NaiveDate::from_ymd_opt(next_year()?, 3, 16),
            Self::DocumentDate | Self::Event(_) => date.succ_opt(),
            Self::Unbounded => None,
        }
    }
}

/// Months from the end of `year` to the start of the period, the filing extension included.
pub(super) fn months_with_extension(months: u32, year: &FiscalYear) -> u32 {
    months.saturating_add(u32::from(year.filing_extension_months))
}

/// When a policy that covers the class asks for the document at all.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Every document of the class.
    #[default]
    Always,
    /// Only documents of a fiscal year that made a tax loss (欠損金額の生じた事業年度).
    LossYear,
}

/// Whether a period that a policy gave can ever be made shorter.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// By nobody: what the law asks.
    #[default]
    Compliance,
    /// By two people with a reason, when class, policy or facts were wrong: what only the house asks.
    Governance,
}

impl Mode {
    /// Left out of files where it is the default.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How long a document is kept from the first day of the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// Years.
    #[serde(default)]
    pub years: u32,
    /// Months beside the years.
    #[serde(default)]
    pub months: u32,
    /// Other lengths for older fiscal years. Of several, the one with the earliest date counts.
    #[serde(default, rename = "exception", skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Exception>,
}

/// Another length for fiscal years that began before a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The exception holds for fiscal years that began before this day.
    #[serde(deserialize_with = "day::one")]
    pub fiscal_year_begins_before: NaiveDate,
    /// Years.
    #[serde(default)]
    pub years: u32,
    /// Months beside the years.
    #[serde(default)]
    pub months: u32,
}

impl Period {
    /// Length in months for a document of fiscal year `year`. Without a fiscal year the longest length counts.
    pub(super) fn months_for(&self, year: Option<&FiscalYear>) -> u32 {
        let general = total(self.years, self.months);
        let lengths = self.exceptions.iter();
        match year {
            None => lengths.map(|e| total(e.years, e.months)).fold(general, u32::max),
            Some(year) => lengths
                .filter(|e| year.start < e.fiscal_year_begins_before)
                .min_by_key(|e| e.fiscal_year_begins_before)
                .map_or(general, |e| total(e.years, e.months)),
        }
    }
}

fn total(years: u32, months: u32) -> u32 {
    years.saturating_mul(12).saturating_add(months)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn year(start: &str, end: &str, filing_extension_months: u8) -> FiscalYear {
        FiscalYear { start: day(start), end: day(end), filing_extension_months, loss: false }
    }

    #[test]
    fn the_tax_start_is_two_months_and_the_extension_after_the_fiscal_year() {
        for (end, extension, start) in [
            ("2025-02-28", 0, "2025-05-01"),
            ("2026-03-31", 0, "2026-06-01"),
            ("2026-03-31", 1, "2026-07-01"),
            ("2025-12-30", 0, "2026-03-01"),
            ("2025-12-20", 0, "2026-02-21"),
            ("2023-12-31", 0, "2024-03-01"),
        ] {
            let year = year("2000-01-01", end, extension);
            let found = Trigger::FiscalYearEndPlusMonths { months: 2 }.start(year.start, Some(&year));
            assert_eq!(found, Some(day(start)), "{end} + {extension}");
        }
    }

    #[test]
    fn each_other_trigger_starts_on_its_own_day() {
        let year = year("2025-04-01", "2026-03-31", 1);
        for (trigger, date, start) in [
            (Trigger::FiscalYearEnd, "2026-02-01", "2026-04-01"),
            (Trigger::CalendarYearEnd, "2026-02-01", "2027-01-01"),
            (Trigger::CalendarYearEnd, "2026-12-31", "2027-01-01"),
            (Trigger::NextApril1, "2026-03-31", "2026-04-01"),
            (Trigger::NextApril1, "2026-04-01", "2027-04-01"),
            (Trigger::NextMarch16, "2026-01-01", "2027-03-16"),
            (Trigger::NextMarch16, "2026-12-31", "2027-03-16"),
            (Trigger::DocumentDate, "2026-02-28", "2026-03-01"),
            (Trigger::Event("hand_over".into()), "2026-02-28", "2026-03-01"),
            (Trigger::CalendarYearEndOf("contract_end".into()), "2026-02-28", "2027-01-01"),
            (Trigger::NextApril1After("completion".into()), "2026-03-31", "2026-04-01"),
        ] {
            assert_eq!(trigger.start(day(date), Some(&year)), Some(day(start)), "{trigger:?} {date}");
        }
        assert_eq!(Trigger::Unbounded.start(day("2026-02-01"), Some(&year)), None);
        assert_eq!(Trigger::FiscalYearEnd.start(day("2026-02-01"), None), None);
        assert_eq!(Trigger::FiscalYearEndPlusMonths { months: 2 }.start(day("2026-02-01"), None), None);
    }

    #[test]
    fn no_trigger_panics_at_the_ends_of_the_calendar() {
        for date in [NaiveDate::MIN, NaiveDate::MAX] {
            let year = FiscalYear { start: date, end: date, filing_extension_months: 255, loss: false };
            for trigger in [
                Trigger::FiscalYearEndPlusMonths { months: u32::MAX },
                Trigger::FiscalYearEnd,
                Trigger::CalendarYearEnd,
                Trigger::NextApril1,
                Trigger::NextMarch16,
                Trigger::DocumentDate,
                Trigger::Unbounded,
            ] {
                let _ = trigger.start(date, Some(&year));
            }
        }
    }

    #[test]
    fn an_exception_holds_for_years_that_began_before_its_day() {
        let exception =
            |before: &str, years| Exception { fiscal_year_begins_before: day(before), years, months: 0 };
        let exceptions = vec![exception("2018-04-01", 9), exception("2010-04-01", 8)];
        let period = Period { years: 10, months: 0, exceptions };
        assert_eq!(period.months_for(Some(&year("2018-04-01", "2019-03-31", 0))), 120);
        assert_eq!(period.months_for(Some(&year("2018-03-31", "2019-03-30", 0))), 108);
        assert_eq!(period.months_for(Some(&year("2009-04-01", "2010-03-31", 0))), 96);
        assert_eq!(period.months_for(None), 120);
    }
}
