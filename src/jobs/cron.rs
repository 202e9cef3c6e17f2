//! Five-field cron expressions, as administrators know them, on the archive's calendar.
//!
//! The `cron` crate reads another dialect: seconds first, Sunday is 1, and days of month *and* week must agree. What
//! crontab(5) says is translated: five fields, Sunday is 0 or 7, and a day matches when either field does, if both are
//! restricted.

use std::str::FromStr;

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use cron::Schedule;

/// How far ahead a schedule must fire at least once, in years: 29 February of a leap year that follows a century.
const MUST_FIRE_WITHIN_YEARS: i64 = 9;
/// Longest gap that a change of clocks leaves, in minutes; what falls into it happens at its end.
const MAX_GAP_MINUTES: i64 = 24 * 60;
const WEEKDAYS: [&str; 8] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];

/// When something is to happen, again and again.
#[derive(Clone, Debug)]
pub struct Cron {
    text: String,
    /// One, or two of which either may fire.
    schedules: Vec<Schedule>,
}

/// Why an expression is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    #[error(
        "{0:?} does not have five fields: minute hour day-of-month month day-of-week, e.g. \"0 2 * * *\""
    )]
    Fields(String),
    #[error("{text:?} cannot be read: {why}")]
    Unreadable { text: String, why: String },
    #[error("{0:?} would never fire: there is no such day")]
    Never(String),
}

impl Cron {
    /// The first moment after `after` at which it fires, in the calendar of `zone`.
    ///
    /// A time that a change of clocks skips comes right after the gap; one that occurs twice fires the first time.
    pub fn next(&self, after: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let mut from = after.with_timezone(&zone).naive_local();
        // Clocks set back show times again that are over: a few rounds at most, each an occurrence later.
        loop {
            let local = self.next_local(from)?;
            let at = instant(local, zone)?;
            if at > after {
                return Some(at);
            }
            from = local;
        }
    }

    fn next_local(&self, from: NaiveDateTime) -> Option<NaiveDateTime> {
        // The calendar is walked without a zone, because the crate drops days on which a time does not exist.
        let from = Utc.from_utc_datetime(&from);
        self.schedules
            .iter()
            .filter_map(|schedule| schedule.after(&from).next())
            .min()
            .map(|at| at.naive_utc())
    }
}

/// The moment at which clocks in `zone` show `local`, or the first one after.
fn instant(local: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    (0..=MAX_GAP_MINUTES).find_map(|minutes| {
        match zone.from_local_datetime(&(local + TimeDelta::minutes(minutes))) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(at.with_timezone(&Utc)),
            LocalResult::None => None,
        }
    })
}

impl FromStr for Cron {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(CronError::Fields(text.to_owned()));
        };
        let weekday = weekdays(weekday).ok_or_else(|| CronError::Unreadable {
            text: text.to_owned(),
            why: "days of the week are 0 to 7 or sun to sat".into(),
        })?;
        let whole = |day: &str, weekday: &str| {
            let text = format!("0 {minute} {hour} {day} {month} {weekday}");
            Schedule::from_str(&text)
                .map_err(|error| CronError::Unreadable { text: fields.join(" "), why: error.to_string() })
        };
        let schedules = if day.starts_with('*') || weekday.starts_with('*') {
            vec![whole(day, &weekday)?]
        } else {
            vec![whole(day, "*")?, whole("*", &weekday)?]
        };
        let cron = Self { text: fields.join(" "), schedules };
        cron.check_that_it_fires()?;
        Ok(cron)
    }
}

impl Cron {
    fn check_that_it_fires(&self) -> Result<(), CronError> {
        let never = || CronError::Never(self.text.clone());
        let from = DateTime::UNIX_EPOCH.naive_utc();
        let limit = from + TimeDelta::days(366 * MUST_FIRE_WITHIN_YEARS);
        self.next_local(from).filter(|at| *at < limit).map(drop).ok_or_else(never)
    }
}

impl std::fmt::Display for Cron {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// The field of the weekday with names in place of numbers. `None` when a number is none of 0 to 7.
fn weekdays(field: &str) -> Option<String> {
    let item = |item: &str| -> Option<String> {
        // A step counts days and is no day.
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        let named: Option<Vec<String>> = range.split('-').map(weekday).collect();
        let named = match named?.as_slice() {
            // A week that begins and ends with Sunday is every day.
            [from, to] if from == "SUN" && to == "SUN" => "*".to_owned(),
            // To the crate Sunday comes first, so a range that ends with it is put differently.
            [from, to] if to == "SUN" && step.is_none() => format!("{from}-SAT,SUN"),
            parts => parts.join("-"),
        };
        Some(step.map_or(named.clone(), |step| format!("{named}/{step}")))
    };
    Some(field.split(',').map(item).collect::<Option<Vec<_>>>()?.join(","))
}

fn weekday(text: &str) -> Option<String> {
    match text.parse::<usize>() {
        Ok(number) => WEEKDAYS.get(number).map(|&name| name.to_owned()),
        Err(_) if text == "*" => Some("*".to_owned()),
        Err(_) => {
            let upper = text.to_ascii_uppercase();
            WEEKDAYS.contains(&upper.as_str()).then_some(upper)
        }
    }
}

#[cfg(test)]
#[path = "cron_tests.rs"]
mod tests;
