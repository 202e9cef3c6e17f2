//! Ranges of days, open at either end.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DateError, iso, period_of};

/// Days from `from` to `to`, both included; `None` leaves that end open.
///
/// In text: `2026-01-01..2026-03-31`, `2026-01-01..`, `..2026-03-31`. A year (`2026`) or a month (`2026-02`)
/// stands for all of its days, alone or at either end. A range read from text is never the wrong way round.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, utoipa::ToSchema,
)]
#[serde(deny_unknown_fields)]
pub struct DateRange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
}

impl DateRange {
    /// Whether `day` lies in the range.
    pub fn contains(&self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

impl FromStr for DateRange {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let folded = super::typed::fold(text);
        let Some((from, to)) = folded.split_once("..") else {
            let (first, last) = period_of(text)?;
            return Ok(Self { from: Some(first), to: Some(last) });
        };
        let end = |text: &str| match text.trim() {
            "" => Ok(None),
            text => period_of(text).map(Some),
        };
        let (from, to) = (end(from)?.map(|period| period.0), end(to)?.map(|period| period.1));
        match (from, to) {
            (None, None) => Err(DateError::EmptyRange),
            (Some(from), Some(to)) if from > to => Err(DateError::Reversed { from, to }),
            (from, to) => Ok(Self { from, to }),
        }
    }
}

impl fmt::Display for DateRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |day: Option<NaiveDate>| day.map(iso).unwrap_or_default();
        write!(f, "{}..{}", end(self.from), end(self.to))
    }
}
