//! Calendar days as people write them: Western and Japanese years, any width, one meaning or an error.

use chrono::{DateTime, Datelike, NaiveDate, Offset, TimeZone, Utc};

use super::amount::typed;

mod era;
mod range;
mod scan;

#[cfg(test)]
mod tests;

pub use range::DateRange;

/// Why a date is refused, and what to write instead.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum DateError {
    #[error("the date is empty; write it as 2026-02-01")]
    Empty,
    #[error("{0:?} is not a date; write it as 2026-02-01, 2026年2月1日 or 令和8年2月1日")]
    NotADate(String),
    #[error("{rest:?} follows the date in {text:?}; write the date alone")]
    Trailing { text: String, rest: String },
    #[error("there is no day {year}-{month:02}-{day:02} in the calendar; check the month and the day")]
    NoSuchDay { year: i32, month: u32, day: u32 },
    #[error("the year {0} is outside 1868 to 9999; write the year with four digits")]
    YearOutside(u32),
    #[error("the year of {0:?} is ambiguous; write four digits as in 2026-04-01, or the era as in R8.4.1")]
    AmbiguousYear(String),
    #[error("years of {era} count from 1 (元年); check the year")]
    EraYearZero { era: &'static str },
    #[error("{date} is before {era}, which began on {first}; write the year in the era before it")]
    BeforeEra { era: &'static str, date: String, first: NaiveDate },
    #[error("{0:?} names no day; write the day on which the contract was signed")]
    NoDay(String),
    #[error("the range has no end; write 2026-01-01..2026-03-31, 2026-01-01.. or ..2026-03-31")]
    EmptyRange,
    #[error("the range begins on {from} and ends on {to}; write the earlier day first")]
    Reversed { from: NaiveDate, to: NaiveDate },
}

/// Reads one calendar day.
///
/// Accepts `2026-02-01`, `2026/2/1`, `2026.2.1`, `20260201`, `2026年2月1日`, `令和8年2月1日`, `令和元年5月1日`,
/// `R8.2.1`, `令8.2.1`, `㋿8年2月1日`, the eras H S T M likewise, and kanji numbers before 年月日. A year
/// that an era never reached counts on (平成36年 is 2024), because contracts were written before the next era
/// was known; a day before an era's first day is an error.
///
/// # Errors
/// Anything that names no day, or could name two; see [`DateError`].
pub fn parse_date(text: &str) -> Result<NaiveDate, DateError> {
    match scan::scan(text)? {
        scan::Parts { year, month: Some(month), day: Some(day) } => day_of(year, month, day),
        _ => Err(DateError::NotADate(typed::excerpt(text.trim()))),
    }
}

/// The calendar day of an instant in `zone`: 2026-03-31T15:00Z is 2026-04-01 in Tokyo, another fiscal year.
pub fn in_zone(at: DateTime<Utc>, zone: chrono_tz::Tz) -> NaiveDate {
    let offset = zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    // At the ends of time the local clock does not exist; the day in UTC is then the nearest.
    at.naive_utc().checked_add_offset(offset).map_or_else(|| at.date_naive(), |local| local.date())
}

/// The day, if the calendar has it and its era had begun.
fn day_of(year: era::Year, month: u32, day: u32) -> Result<NaiveDate, DateError> {
    let western = year.western()?;
    let date = NaiveDate::from_ymd_opt(western, month, day).ok_or(DateError::NoSuchDay {
        year: western,
        month,
        day,
    })?;
    year.check_begun(date)?;
    Ok(date)
}

/// First and last day of what `text` names: a day, a month (`2026-02`) or a year (`2026`, `令和8年`).
fn period_of(text: &str) -> Result<(NaiveDate, NaiveDate), DateError> {
    let scan::Parts { year, month, day } = scan::scan(text)?;
    if let (Some(month), Some(day)) = (month, day) {
        return day_of(year, month, day).map(|date| (date, date));
    }
    let western = year.western()?;
    let first_month = month.unwrap_or(1);
    let no_such = DateError::NoSuchDay { year: western, month: first_month, day: 1 };
    let first = NaiveDate::from_ymd_opt(western, first_month, 1).ok_or(no_such.clone())?;
    let months = chrono::Months::new(if month.is_some() { 1 } else { 12 });
    let last = first.checked_add_months(months).and_then(|next| next.pred_opt()).ok_or(no_such)?;
    year.check_begun(last)?;
    // 令和元年 begins with the era, not in January.
    Ok((year.first_day().map_or(first, |begun| first.max(begun)), last))
}

/// `date` in the form every parser of ours reads back: `2026-02-01`.
fn iso(date: NaiveDate) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}
