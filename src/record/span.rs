//! A length of time as contracts state it: months or days, counted by the calendar later.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_normalization::UnicodeNormalization as _;

/// Longest span, in months and in days: fifty years.
const MAX_MONTHS: u16 = 600;
const MAX_DAYS: u16 = 18_300;

/// Months or days, never both: "three months" and "ninety days" are different periods (民法 143条).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Span {
    Months(u16),
    Days(u16),
}

/// The text is no span.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is no length of time; write it as 3か月, 90日, 1年, 3m or 90d (at most fifty years)")]
pub struct SpanError(String);

impl FromStr for Span {
    type Err = SpanError;

    /// Reads `3か月`, `３ヶ月前`, `90日`, `1年`, `3 months`, `90 days`, `1 year`, `3m`, `90d`, `1y`.
    fn from_str(text: &str) -> Result<Self, SpanError> {
        let fail = || SpanError(text.chars().take(40).collect());
        if text.len() > 100 {
            return Err(fail());
        }
        let plain: String = text.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
        let plain = plain.trim_end_matches("まで").trim_end_matches("前");
        let digits = plain.len() - plain.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = plain.split_at(digits);
        let number: u16 = number.parse().ok().filter(|number| *number > 0).ok_or_else(fail)?;
        let span = match unit {
            "か月" | "ヶ月" | "ヵ月" | "カ月" | "ケ月" | "箇月" | "個月" | "m" | "month" | "months" => {
                Self::Months(number)
            }
            "年" | "年間" | "y" | "year" | "years" => {
                Self::Months(number.checked_mul(12).ok_or_else(fail)?)
            }
            "日" | "日間" | "d" | "day" | "days" => Self::Days(number),
            "週間" | "w" | "week" | "weeks" => Self::Days(number.checked_mul(7).ok_or_else(fail)?),
            _ => return Err(fail()),
        };
        match span {
            Self::Months(MAX_MONTHS..) | Self::Days(MAX_DAYS..) => Err(fail()),
            short => Ok(short),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Months(months) => write!(f, "{months}m"),
            Self::Days(days) => write!(f, "{days}d"),
        }
    }
}

impl Span {
    /// As people say it, in Japanese.
    #[must_use]
    pub fn ja(self) -> String {
        match self {
            Self::Months(months) if months % 12 == 0 => format!("{}年", months / 12),
            Self::Months(months) => format!("{months}か月"),
            Self::Days(days) => format!("{days}日"),
        }
    }

    /// As people say it, in English.
    #[must_use]
    pub fn en(self) -> String {
        let (count, unit) = match self {
            Self::Months(months) if months % 12 == 0 => (months / 12, "year"),
            Self::Months(months) => (months, "month"),
            Self::Days(days) => (days, "day"),
        };
        format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[1-9][0-9]{0,4}[md]$",
            "description": "Months or days: 3m, 90d."
        })
    }
}

impl utoipa::PartialSchema for Span {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        String::schema()
    }
}

impl utoipa::ToSchema for Span {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_spans_in_many_ways() {
        for (text, span) in [
            ("3か月", Span::Months(3)),
            ("３ヶ月前", Span::Months(3)),
            ("六", Span::Months(0)),
            ("90日前まで", Span::Days(90)),
            ("1年", Span::Months(12)),
            ("2 years", Span::Months(24)),
            ("3m", Span::Months(3)),
            ("90d", Span::Days(90)),
            ("2 weeks", Span::Days(14)),
        ] {
            let expected = if span == Span::Months(0) { Err(SpanError(text.into())) } else { Ok(span) };
            assert_eq!(text.parse(), expected, "{text}");
        }
    }

    #[test]
    fn nonsense_and_enormous_spans_are_refused() {
        for text in ["", "0m", "-3m", "m", "3", "3.5m", "99999d", "65535年", "601m", &"9".repeat(200)] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_stored_reads_back() {
        for span in [Span::Months(3), Span::Months(12), Span::Days(90)] {
            assert_eq!(span.to_string().parse(), Ok(span));
            assert_eq!(serde_json::from_value::<Span>(serde_json::to_value(span).unwrap()).unwrap(), span);
        }
        assert_eq!((Span::Months(12).ja(), Span::Months(3).en()), ("1年".to_owned(), "3 months".to_owned()));
    }
}
