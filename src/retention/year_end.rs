//! The simple rule for fiscal years: "they end on this day of every year".

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::error::CalendarError;

/// The day of the year on which fiscal years end: `"03-31"`, `"12-20"`, or `"02-end"` for the end of a month.
///
/// `"02-28"` and `"02-29"` mean the end of February, which is what a company means by 2月末日: read literally, a
/// leap year would end a day early and documents would be kept too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct YearEnd {
    month: u32,
    /// `None` is the last day of the month.
    day: Option<u32>,
}

impl YearEnd {
    /// The last day of the fiscal year that ends in calendar year `year`; `None` outside the calendar.
    #[must_use]
    pub fn in_year(self, year: i32) -> Option<NaiveDate> {
        match self.day {
            Some(day) => NaiveDate::from_ymd_opt(year, self.month, day),
            None if self.month == 12 => NaiveDate::from_ymd_opt(year, 12, 31),
            None => NaiveDate::from_ymd_opt(year, self.month + 1, 1)?.pred_opt(),
        }
    }

    /// First and last day of the fiscal year that contains `date`; `None` at the ends of the calendar.
    #[must_use]
    pub fn year_around(self, date: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
        let this = self.in_year(date.year())?;
        let (before, end) = if date <= this {
            (self.in_year(date.year().checked_sub(1)?)?, this)
        } else {
            (this, self.in_year(date.year().checked_add(1)?)?)
        };
        Some((before.succ_opt()?, end))
    }
}

impl FromStr for YearEnd {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let bad = || CalendarError::NotAYearEnd { text: text.chars().take(20).collect() };
        let (month, day) = text.split_once('-').ok_or_else(bad)?;
        let number = |part: &str| {
            let plain = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            if plain { part.parse::<u32>().map_err(|_| bad()) } else { Err(bad()) }
        };
        let month = number(month)?;
        if !(1..=12).contains(&month) {
            return Err(bad());
        }
        if day == "end" {
            return Ok(Self { month, day: None });
        }
        let day = number(day)?;
        // 2024 is a leap year: every day that any year has, it has.
        NaiveDate::from_ymd_opt(2024, month, day).ok_or_else(bad)?;
        let month_end = month == 2 && day >= 28;
        Ok(Self { month, day: (!month_end).then_some(day) })
    }
}

impl fmt::Display for YearEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.day {
            Some(day) => write!(f, "{:02}-{day:02}", self.month),
            None => write!(f, "{:02}-end", self.month),
        }
    }
}

impl TryFrom<String> for YearEnd {
    type Error = CalendarError;
    fn try_from(text: String) -> Result<Self, CalendarError> {
        text.parse()
    }
}

impl From<YearEnd> for String {
    fn from(end: YearEnd) -> String {
        end.to_string()
    }
}

impl JsonSchema for YearEnd {
    fn schema_name() -> Cow<'static, str> {
        "YearEnd".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "MM-DD, or MM-end for the last day of the month",
            "pattern": "^(0[1-9]|1[0-2])-([0-2][0-9]|3[01]|end)$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(rule: &str, date: &str) -> (String, String) {
        let (start, end) = rule.parse::<YearEnd>().unwrap().year_around(date.parse().unwrap()).unwrap();
        (start.to_string(), end.to_string())
    }

    #[test]
    fn the_year_around_a_day_begins_after_one_end_and_runs_to_the_next() {
        for (rule, date, start, end) in [
            ("03-31", "2026-03-31", "2025-04-01", "2026-03-31"),
            ("03-31", "2026-04-01", "2026-04-01", "2027-03-31"),
            ("12-end", "2026-06-15", "2026-01-01", "2026-12-31"),
            ("12-20", "2025-12-21", "2025-12-21", "2026-12-20"),
            ("02-end", "2024-02-29", "2023-03-01", "2024-02-29"),
            ("02-28", "2024-02-29", "2023-03-01", "2024-02-29"),
            ("02-29", "2025-02-28", "2024-03-01", "2025-02-28"),
        ] {
            assert_eq!(around(rule, date), (start.to_string(), end.to_string()), "{rule} {date}");
        }
    }

    #[test]
    fn what_names_no_day_is_refused() {
        for text in
            ["", "3-31", "03-32", "13-01", "00-10", "04-31", "02-30", "03/31", "+3-31", "03-end ", "末"]
        {
            assert!(text.parse::<YearEnd>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_ends_of_the_calendar_have_no_year() {
        let rule: YearEnd = "03-31".parse().unwrap();
        assert_eq!(rule.year_around(NaiveDate::MAX), None);
        assert_eq!(rule.year_around(NaiveDate::MIN), None);
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        for text in ["03-31", "12-20", "02-end"] {
            assert_eq!(text.parse::<YearEnd>().unwrap().to_string(), text);
        }
    }
}
