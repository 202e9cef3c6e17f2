//! The fiscal years (事業年度) of one legal entity: an explicit table, and a rule for the days it leaves open.
//!
//! A table and not "ends in March", because companies change their year, merge, and are granted filing extensions
//! and make losses in single years. A day that neither covers has no fiscal year, and nobody guesses one.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::day;
use super::error::CalendarError;
use super::year_end::YearEnd;

/// Most explicit fiscal years of one entity.
pub const MAX_FISCAL_YEARS: usize = 1_000;
/// Longest filing extension in months; 法人税法 article 75-2 knows at most 4, and this leaves room.
pub const MAX_FILING_EXTENSION_MONTHS: u8 = 12;

/// One fiscal year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FiscalYear {
    /// First day.
    #[serde(deserialize_with = "day::one")]
    pub start: NaiveDate,
    /// Last day, inclusive.
    #[serde(deserialize_with = "day::one")]
    pub end: NaiveDate,
    /// Months by which filing of this year's return was extended (法人税法 article 75-2), 0 to 12.
    #[serde(default)]
    pub filing_extension_months: u8,
    /// Whether the year made a tax loss (欠損金額); known only after the year, and may be set then.
    #[serde(default)]
    pub loss: bool,
}

/// A fiscal calendar as it is written in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarSettings {
    /// When fiscal years end that are not listed: `"03-31"`, `"12-20"`, `"02-end"`. Without it such days have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub fiscal_year_ends: Option<YearEnd>,
    /// Filing extension in months of the years that are not listed.
    #[serde(default)]
    pub filing_extension_months: u8,
    /// Years listed one by one: those that differ from the rule, and loss years. Any order.
    #[serde(default, rename = "fiscal_year", skip_serializing_if = "Vec::is_empty")]
    pub fiscal_years: Vec<FiscalYear>,
}

/// Days between two listed years that belong to neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
pub struct Gap {
    /// First day without a fiscal year.
    pub start: NaiveDate,
    /// Last day without one.
    pub end: NaiveDate,
}

/// A checked fiscal calendar. The default is empty: it knows no fiscal year of any day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "CalendarSettings", into = "CalendarSettings")]
pub struct Calendar {
    /// Sorted, not overlapping.
    settings: CalendarSettings,
}

impl Calendar {
    /// Checks a calendar and sorts its years.
    ///
    /// # Errors
    /// A year backwards or overlapping another, an extension or a number of years beyond the limits.
    pub fn new(mut settings: CalendarSettings) -> Result<Self, CalendarError> {
        let years = &mut settings.fiscal_years;
        if years.len() > MAX_FISCAL_YEARS {
            return Err(CalendarError::TooManyYears { count: years.len(), limit: MAX_FISCAL_YEARS });
        }
        check_extension(settings.filing_extension_months)?;
        for year in years.iter() {
            check_extension(year.filing_extension_months)?;
            if year.end < year.start {
                return Err(CalendarError::Backwards { start: year.start, end: year.end });
            }
        }
        years.sort_by_key(|year| year.start);
        for (first, second) in years.iter().zip(years.iter().skip(1)) {
            if second.start <= first.end {
                return Err(CalendarError::Overlap {
                    first_start: first.start,
                    first_end: first.end,
                    second_start: second.start,
                    second_end: second.end,
                });
            }
        }
        Ok(Self { settings })
    }

    /// Listed years only.
    ///
    /// # Errors
    /// As [`Calendar::new`].
    pub fn of_years(fiscal_years: Vec<FiscalYear>) -> Result<Self, CalendarError> {
        Self::new(CalendarSettings { fiscal_years, ..CalendarSettings::default() })
    }

    /// Every year ends on the same day.
    ///
    /// # Errors
    /// As [`Calendar::new`].
    pub fn of_rule(ends: YearEnd, filing_extension_months: u8) -> Result<Self, CalendarError> {
        Self::new(CalendarSettings {
            fiscal_year_ends: Some(ends),
            filing_extension_months,
            fiscal_years: Vec::new(),
        })
    }

    /// The calendar as it is written, years sorted.
    #[must_use]
    pub fn settings(&self) -> &CalendarSettings {
        &self.settings
    }

    /// The fiscal year that contains `date`, or `None` when the calendar does not say.
    ///
    /// A listed year wins. Beside listed years the rule is believed only where it fits them: before a listed year that
    /// begins on another day than the rule's years, the entity had another rule, which nobody told us. After a listed
    /// year the rule's first year is short: it begins the day after.
    #[must_use]
    pub fn year_of(&self, date: NaiveDate) -> Option<FiscalYear> {
        let years = &self.settings.fiscal_years;
        let (earlier, later) = years.split_at(years.partition_point(|year| year.start <= date));
        let before = earlier.last();
        if let Some(year) = before.filter(|year| date <= year.end) {
            return Some(*year);
        }
        let rule = self.settings.fiscal_year_ends?;
        if let Some(next) = later.first()
            && rule.year_around(next.start)?.0 != next.start
        {
            return None;
        }
        let (start, end) = rule.year_around(date)?;
        let start = match before {
            Some(year) => start.max(year.end.succ_opt()?),
            None => start,
        };
        let filing_extension_months = self.settings.filing_extension_months;
        Some(FiscalYear { start, end, filing_extension_months, loss: false })
    }

    /// The known fiscal years that share a day with `from..=to`, oldest first, at most `limit`.
    #[must_use]
    pub fn years_between(&self, from: NaiveDate, to: NaiveDate, limit: usize) -> Vec<FiscalYear> {
        let mut found = Vec::new();
        let mut next = Some(from);
        while let Some(date) = next.filter(|date| *date <= to && found.len() < limit) {
            next = match self.year_of(date) {
                Some(year) => {
                    found.push(year);
                    year.end.succ_opt()
                }
                None => self.settings.fiscal_years.iter().map(|year| year.start).find(|start| *start > date),
            };
        }
        found
    }

    /// Days between listed years that no listed year holds: usually a year that was forgotten.
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap> {
        let years = &self.settings.fiscal_years;
        let pairs = years.iter().zip(years.iter().skip(1));
        pairs
            .filter_map(|(first, second)| {
                let gap = Gap { start: first.end.succ_opt()?, end: second.start.pred_opt()? };
                (gap.start <= gap.end).then_some(gap)
            })
            .collect()
    }
}

fn check_extension(months: u8) -> Result<(), CalendarError> {
    let limit = MAX_FILING_EXTENSION_MONTHS;
    if months > limit { Err(CalendarError::ExtensionTooLong { months, limit }) } else { Ok(()) }
}

impl TryFrom<CalendarSettings> for Calendar {
    type Error = CalendarError;
    fn try_from(settings: CalendarSettings) -> Result<Self, CalendarError> {
        Self::new(settings)
    }
}

impl From<Calendar> for CalendarSettings {
    fn from(calendar: Calendar) -> Self {
        calendar.settings
    }
}

#[cfg(test)]
#[path = "calendar_tests.rs"]
mod tests;
