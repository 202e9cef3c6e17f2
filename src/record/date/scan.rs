//! From text to year, month and day numbers; whether they name a real day is not decided here.

use super::DateError;
use super::era::{self, Year};
use crate::record::amount::{numeral, typed};

/// The numbers of a date. A year or a month alone has no day.
#[derive(Debug)]
pub(super) struct Parts {
    pub year: Year,
    pub month: Option<u32>,
    pub day: Option<u32>,
}

/// Reads year, month and day from the front of `text`, all of which must be used up.
pub(super) fn scan(text: &str) -> Result<Parts, DateError> {
    let not_a_date = || DateError::NotADate(typed::excerpt(text.trim()));
    if typed::is_too_long(text.trim()) {
        return Err(not_a_date());
    }
    let folded = typed::fold(text);
    let body = folded.trim();
    if body.is_empty() {
        return Err(DateError::Empty);
    }
    let (era, rest) = match era::split(body) {
        Some((era, rest)) => (Some(era), rest),
        None => (None, body.strip_prefix("西暦").unwrap_or(body).trim_start()),
    };
    let (year, rest) = number(rest).ok_or_else(not_a_date)?;
    let scanner = Scanner { text, era, year };
    match rest.trim_start().strip_prefix('年') {
        Some(rest) => scanner.with_words(rest.trim_start()),
        None => scanner.with_separators(rest),
    }
}

/// A run of digits or of kanji numbers, and what follows it. 元 is the first year of an era.
fn number(text: &str) -> Option<(&str, &str)> {
    let end = if text.starts_with('元') {
        '元'.len_utf8()
    } else if text.starts_with(|c: char| c.is_ascii_digit()) {
        text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())
    } else {
        text.find(|c| !numeral::is_numeral(c)).unwrap_or(text.len())
    };
    text.split_at_checked(end).filter(|(number, _)| !number.is_empty())
}

/// What was read so far.
struct Scanner<'a> {
    text: &'a str,
    era: Option<&'static era::Era>,
    year: &'a str,
}

impl Scanner<'_> {
    /// `8年2月1日`, with spaces anywhere and numbers of either script; also `8年2月` and `8年`.
    fn with_words(&self, rest: &str) -> Result<Parts, DateError> {
        let year = self.year_number()?;
        if rest.is_empty() {
            return Ok(Parts { year, month: None, day: None });
        }
        let (month, rest) = self.field(rest, '月')?;
        if rest.is_empty() {
            return Ok(Parts { year, month: Some(month), day: None });
        }
        if rest.starts_with("吉日") {
            return Err(DateError::NoDay(typed::excerpt(self.text.trim())));
        }
        let (day, rest) = self.field(rest, '日')?;
        self.end(rest)?;
        Ok(Parts { year, month: Some(month), day: Some(day) })
    }

    /// `2026-2-1`, `2026/2`, `R8.2.1`, `20260201`, `2026`; the separator must not change.
    fn with_separators(&self, rest: &str) -> Result<Parts, DateError> {
        let Some(separator) = rest.chars().next().filter(|c| is_separator(*c)) else {
            return self.without_separators(rest);
        };
        let (month, rest) = self.two_digits(rest.get(separator.len_utf8()..).unwrap_or_default())?;
        if rest.is_empty() {
            return Ok(Parts { year: self.year_number()?, month: Some(month), day: None });
        }
        // `2026-02/01` is refused, but not for its kind of dash.
        let day_text = rest
            .strip_prefix(|c| c == separator || (typed::is_dash(c) && typed::is_dash(separator)))
            .ok_or_else(|| self.not_a_date())?;
        let (day, rest) = self.two_digits(day_text)?;
        let year = self.year_number()?;
        self.end(rest)?;
        Ok(Parts { year, month: Some(month), day: Some(day) })
    }

    /// `20260201`, or a year alone.
    fn without_separators(&self, rest: &str) -> Result<Parts, DateError> {
        let compact = self.era.is_none() && self.year.len() == 8 && self.year.is_ascii();
        let digits = |range| self.year.get(range).and_then(|part: &str| part.parse::<u32>().ok());
        if let (true, Some(number), month @ Some(_), day @ Some(_)) =
            (compact, digits(0..4), digits(4..6), digits(6..8))
        {
            self.end(rest)?;
            return Ok(Parts { year: Year { era: None, number }, month, day });
        }
        if !rest.is_empty() {
            return Err(self.not_a_date());
        }
        Ok(Parts { year: self.year_number()?, month: None, day: None })
    }

    fn year_number(&self) -> Result<Year, DateError> {
        if self.year == "元" {
            let era = self.era.ok_or_else(|| self.not_a_date())?;
            return Ok(Year { era: Some(era), number: 1 });
        }
        let number = numeral::small_integer(self.year).ok_or_else(|| self.not_a_date())?;
        // 26/4/1 may be 2026, 1926 or 平成26年; 260401 the same without its strokes; 4/1/2026 ends in its year.
        let digits = self.year.chars().count();
        if self.era.is_none() && self.year.is_ascii() && matches!(digits, 1..=2 | 6) {
            return Err(DateError::AmbiguousYear(typed::excerpt(self.text.trim())));
        }
        Ok(Year { era: self.era, number })
    }

    /// A number and the word after it.
    fn field<'t>(&self, text: &'t str, word: char) -> Result<(u32, &'t str), DateError> {
        let (digits, rest) =
            number(text).filter(|(digits, _)| *digits != "元").ok_or_else(|| self.not_a_date())?;
        let value = numeral::small_integer(digits).ok_or_else(|| self.not_a_date())?;
        let rest = rest.trim_start().strip_prefix(word).ok_or_else(|| self.not_a_date())?;
        Ok((value, rest.trim_start()))
    }

    /// One or two ASCII digits.
    fn two_digits<'t>(&self, text: &'t str) -> Result<(u32, &'t str), DateError> {
        let (digits, rest) = number(text).ok_or_else(|| self.not_a_date())?;
        match digits.parse() {
            Ok(value) if digits.len() <= 2 => Ok((value, rest)),
            // A four-digit number here is the year of 4/1/2026.
            _ if digits.len() == 4 => Err(DateError::AmbiguousYear(typed::excerpt(self.text.trim()))),
            _ => Err(self.not_a_date()),
        }
    }

    fn end(&self, rest: &str) -> Result<(), DateError> {
        match rest {
            "" => Ok(()),
            rest => Err(DateError::Trailing {
                text: typed::excerpt(self.text.trim()),
                rest: typed::excerpt(rest.trim()),
            }),
        }
    }

    fn not_a_date(&self) -> DateError {
        DateError::NotADate(typed::excerpt(self.text.trim()))
    }
}

fn is_separator(c: char) -> bool {
    matches!(c, '/' | '.') || typed::is_dash(c)
}
