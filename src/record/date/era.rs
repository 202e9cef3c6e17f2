//! Japanese eras (元号): their names, first days, and the Western years they stand for.

use chrono::NaiveDate;

use super::DateError;

/// An era since 1868 and its first day (元号法, and the proclamations before it).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Era {
    /// 令和
    pub name: &'static str,
    /// 令
    short: char,
    /// R, as on official forms
    letter: char,
    first: (i32, u32, u32),
}

const ERAS: [Era; 5] = [
    Era { name: "令和", short: '令', letter: 'R', first: (2019, 5, 1) },
    Era { name: "平成", short: '平', letter: 'H', first: (1989, 1, 8) },
    Era { name: "昭和", short: '昭', letter: 'S', first: (1926, 12, 25) },
    Era { name: "大正", short: '大', letter: 'T', first: (1912, 7, 30) },
    Era { name: "明治", short: '明', letter: 'M', first: (1868, 1, 25) },
];

/// The years that are read; the first is 明治元年, the last the largest with four digits.
const YEARS: std::ops::RangeInclusive<u32> = 1868..=9999;

/// A year as it was written.
#[derive(Debug)]
pub(super) struct Year {
    pub era: Option<&'static Era>,
    /// Within the era, or of the common era when there is none.
    pub number: u32,
}

/// Splits an era's name, short name or letter off the front of folded text.
pub(super) fn split(text: &str) -> Option<(&'static Era, &str)> {
    ERAS.iter().find_map(|era| {
        let rest = text
            .strip_prefix(era.name)
            .or_else(|| text.strip_prefix(era.short))
            .or_else(|| text.strip_prefix([era.letter, era.letter.to_ascii_lowercase()]))?;
        Some((era, rest.trim_start()))
    })
}

impl Year {
    /// The year of the common era.
    pub(super) fn western(&self) -> Result<i32, DateError> {
        let year = match self.era {
            Some(era) if self.number == 0 => return Err(DateError::EraYearZero { era: era.name }),
            Some(era) => self.number.saturating_add(era.first.0.unsigned_abs() - 1),
            None => self.number,
        };
        if !YEARS.contains(&year) {
            return Err(DateError::YearOutside(year));
        }
        i32::try_from(year).map_err(|_| DateError::YearOutside(year))
    }

    /// First day of the era, if one was written.
    pub(super) fn first_day(&self) -> Option<NaiveDate> {
        self.era.and_then(|era| NaiveDate::from_ymd_opt(era.first.0, era.first.1, era.first.2))
    }

    /// Refuses a date before the first day of the era it is written in.
    pub(super) fn check_begun(&self, date: NaiveDate) -> Result<(), DateError> {
        match (self.era, self.first_day()) {
            (Some(era), Some(first)) if date < first => {
                Err(DateError::BeforeEra { era: era.name, date: super::iso(date), first })
            }
            _ => Ok(()),
        }
    }
}
