//! Japan's public holidays (国民の祝日に関する法律, Act No. 178 of 1948) and days on which authorities rest.
//!
//! Computed, for the years [`FIRST_YEAR`] to [`LAST_YEAR`]. The equinoxes are announced only in the February before,
//! in the official gazette; the formula used for them here has agreed with every announcement since 1980. A change of the
//! law after 2026 is not known here: the Cabinet Office's list is what counts, and [`Holidays::from_list`] reads it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate, Weekday};

/// First year whose holidays are computed.
pub const FIRST_YEAR: i32 = 1990;
/// Last year for which the formula of the equinoxes is meant.
pub const LAST_YEAR: i32 = 2099;

/// Whether `date` is a public holiday (祝日, 振替休日, 国民の休日); `None` outside the years known.
#[must_use]
pub fn is_holiday(date: NaiveDate) -> Option<bool> {
    if !(FIRST_YEAR..=LAST_YEAR).contains(&date.year()) {
        return None;
    }
    Some(named(date) || substitute(date) || between(date))
}

/// Whether authorities rest on `date`, so that a deadline moves on (国税通則法 article 10(2), 行政機関の休日に関する法律
/// article 1): Saturday, Sunday, public holiday, 29 December to 3 January. `None` outside the years known.
#[must_use]
pub fn is_day_of_rest(date: NaiveDate) -> Option<bool> {
    let weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
    let new_year = matches!((date.month(), date.day()), (12, 29..=31) | (1, 1..=3));
    Some(is_holiday(date)? || weekend || new_year)
}

/// The `count`th working day after `date` (`count` 0: `date` itself); `None` outside the years known.
#[must_use]
pub fn working_days_after(date: NaiveDate, count: u32) -> Option<NaiveDate> {
    is_day_of_rest(date)?;
    let mut found = date;
    for _ in 0..count {
        found = found.succ_opt()?;
        while is_day_of_rest(found)? {
            found = found.succ_opt()?;
        }
    }
    Some(found)
}

/// A day that the law names, without the days that follow from others.
fn named(date: NaiveDate) -> bool {
    let (year, month, day) = (date.year(), date.month(), date.day());
    if let Some(days) = exceptional(year, month) {
        return days.contains(&day);
    }
    match (month, day) {
        (1, 1) | (2, 11) | (4, 29) | (5, 3) | (5, 5) | (11, 3) | (11, 23) => true,
        (1, 15) => year < 2000,
        (1, _) => year >= 2000 && is_monday(date, 2),
        (2, 23) => year >= 2020,
        (3, _) => day == equinox(year, 20.8431),
        (5, 4) => year >= 2007,
        (7, 20) if year < 2003 => year >= 1996,
        (7, _) => year >= 2003 && is_monday(date, 3),
        (8, 11) => year >= 2016,
        (9, 15) if year < 2003 => true,
        (9, _) => day == equinox(year, 23.2488) || (year >= 2003 && is_monday(date, 3)),
        (10, 10) => year < 2000,
        (10, _) => year >= 2000 && is_monday(date, 2),
        (12, 23) => year <= 2018,
        _ => false,
    }
}

/// Months in which special laws moved or added holidays: the enthronements, the wedding of 1993, the games of 2020.
fn exceptional(year: i32, month: u32) -> Option<&'static [u32]> {
    Some(match (year, month) {
        (1990, 11) => &[3, 12, 23],
        (1993, 6) => &[9],
        (2019, 5) => &[1, 3, 4, 5],
        (2019, 10) => &[14, 22],
        (2020, 7) => &[23, 24],
        (2020, 8) => &[10],
        (2020 | 2021, 10) => &[],
        (2021, 7) => &[22, 23],
        (2021, 8) => &[8],
        _ => return None,
    })
}

fn is_monday(date: NaiveDate, which: u32) -> bool {
    date.weekday() == Weekday::Mon && (date.day() - 1) / 7 + 1 == which
}

/// The day of the month of an equinox, 1980 to 2099, by the usual approximation of the almanac.
fn equinox(year: i32, first: f64) -> u32 {
    let years = f64::from(year - 1980);
    let leaps = f64::from((year - 1980).div_euclid(4));
    // Between 19 and 24 in every year that is asked for.
    (first + 0.242_194 * years - leaps).floor() as u32
}

/// 振替休日, article 3(2): the first day that is no holiday after one that fell on a Sunday; until 2006 only the Monday.
fn substitute(date: NaiveDate) -> bool {
    if named(date) {
        return false;
    }
    let mut before = date;
    while let Some(day) = before.pred_opt().filter(|day| named(*day)) {
        if day.weekday() == Weekday::Sun {
            return date.year() >= 2007 || date.weekday() == Weekday::Mon;
        }
        before = day;
    }
    false
}

/// 国民の休日, article 3(3): a day between two holidays; until 2006 not on a Sunday or in place of a substitute.
fn between(date: NaiveDate) -> bool {
    let neighbours = date.pred_opt().zip(date.succ_opt());
    let sandwiched = neighbours.is_some_and(|(before, after)| named(before) && named(after));
    sandwiched && !named(date) && (date.year() >= 2007 || date.weekday() != Weekday::Sun)
}

/// The holidays as the Cabinet Office publishes them (`syukujitsu.csv`): for the years it lists it is the last word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holidays {
    by_year: BTreeMap<i32, BTreeSet<NaiveDate>>,
}

/// Most lines of the list; the whole one since 1955 has about 1,100.
const MAX_LINES: usize = 10_000;

impl Holidays {
    /// Reads the list, decoded from CP932: a head line, then `2026/1/1,元日` on each line. A line that is no day is
    /// passed over. Years that the list does not mention are computed.
    #[must_use]
    pub fn from_list(text: &str) -> Self {
        let mut by_year: BTreeMap<i32, BTreeSet<NaiveDate>> = BTreeMap::new();
        for line in text.lines().take(MAX_LINES) {
            let day = line.split(',').next().unwrap_or_default().trim();
            if let Ok(day) = NaiveDate::parse_from_str(day, "%Y/%m/%d") {
                by_year.entry(day.year()).or_default().insert(day);
            }
        }
        Self { by_year }
    }

    /// Whether `date` is a public holiday; `None` when neither the list nor the computation knows its year.
    #[must_use]
    pub fn is_holiday(&self, date: NaiveDate) -> Option<bool> {
        match self.by_year.get(&date.year()) {
            Some(days) => Some(days.contains(&date)),
            None => is_holiday(date),
        }
    }
}

#[cfg(test)]
#[path = "holidays_tests.rs"]
mod tests;
