//! Reading a calendar day from a file: TOML's own dates and ISO 8601 strings (JSON has only the latter).

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// For `#[serde(deserialize_with = "day::one")]`.
///
/// # Errors
/// Not a day, or a time of day beside it.
pub(super) fn one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    Day::deserialize(deserializer).map(|day| day.0)
}

/// For `#[serde(default, deserialize_with = "day::maybe")]`.
///
/// # Errors
/// As [`one`].
pub(super) fn maybe<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
    Ok(Option::<Day>::deserialize(deserializer)?.map(|day| day.0))
}

/// For `#[serde(default, deserialize_with = "day::map")]`.
///
/// # Errors
/// As [`one`].
pub(super) fn map<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, NaiveDate>, D::Error> {
    let days = BTreeMap::<String, Day>::deserialize(deserializer)?;
    Ok(days.into_iter().map(|(name, day)| (name, day.0)).collect())
}

struct Day(NaiveDate);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DayVisitor).map(Day)
    }
}

struct DayVisitor;

impl<'de> Visitor<'de> for DayVisitor {
    type Value = NaiveDate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a day such as 2026-03-31")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<NaiveDate, E> {
        text.parse().map_err(|_| E::custom(format!("{text:?} is not a day; write it as 2026-03-31")))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<NaiveDate, A::Error> {
        let value = toml::value::Datetime::deserialize(MapAccessDeserializer::new(map))?;
        match (value.date, value.time) {
            (Some(date), None) => {
                NaiveDate::from_ymd_opt(i32::from(date.year), u32::from(date.month), u32::from(date.day))
                    .ok_or_else(|| A::Error::custom(format!("{value} is not a day of the calendar")))
            }
            _ => {
                Err(A::Error::custom(format!("{value} is not a day; write it as 2026-03-31, without a time")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, Debug)]
    struct File {
        #[serde(deserialize_with = "one")]
        day: NaiveDate,
        #[serde(default, deserialize_with = "maybe")]
        other: Option<NaiveDate>,
    }

    #[test]
    fn a_day_may_be_a_toml_date_or_a_string() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 31).unwrap();
        for text in ["day = 2026-03-31\nother = 2026-03-31", "day = '2026-03-31'\nother = '2026-03-31'"] {
            let file: File = toml::from_str(text).unwrap();
            assert_eq!((file.day, file.other), (day, Some(day)));
        }
        let file: File = serde_json::from_str(r#"{"day":"2026-03-31","other":null}"#).unwrap();
        assert_eq!((file.day, file.other), (day, None));
    }

    #[test]
    fn what_is_no_day_is_refused_with_advice() {
        for text in ["day = 2026-03-31T10:00:00", "day = 10:00:00", "day = 'tomorrow'", "day = '2026-02-30'"]
        {
            let problem = toml::from_str::<File>(text).unwrap_err().to_string();
            assert!(problem.contains("write it as 2026-03-31"), "{problem}");
        }
        assert!(toml::from_str::<File>("day = 5").unwrap_err().to_string().contains("a day such as"));
    }
}
