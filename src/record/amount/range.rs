//! Ranges of amounts, open at either end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AmountError, format_minor, parse_minor};
use crate::record::Currency;

/// Amounts from `from` to `to`, both included, in minor units; `None` leaves that end open.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, utoipa::ToSchema,
)]
#[serde(deny_unknown_fields)]
pub struct AmountRange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<i64>,
}

impl AmountRange {
    /// Whether `minor` lies in the range.
    pub fn contains(&self, minor: i64) -> bool {
        self.from.is_none_or(|from| from <= minor) && self.to.is_none_or(|to| minor <= to)
    }
}

/// Reads `100000..2,000,000`, `..5万円`, `1000000..`, or a single amount, which means exactly that amount.
///
/// # Errors
/// What [`parse_minor`] refuses; a range without any end; a range whose ends are the wrong way round.
pub fn parse_range(text: &str, currency: Currency) -> Result<AmountRange, AmountError> {
    let folded = super::typed::fold(text);
    let Some((from, to)) = folded.split_once("..") else {
        let exactly = Some(parse_minor(text, currency)?);
        return Ok(AmountRange { from: exactly, to: exactly });
    };
    let end = |text: &str| match text.trim() {
        "" => Ok(None),
        text => parse_minor(text, currency).map(Some),
    };
    match (end(from)?, end(to)?) {
        (None, None) => Err(AmountError::EmptyRange),
        (Some(from), Some(to)) if from > to => {
            Err(AmountError::Reversed { from: format_minor(from, currency), to: format_minor(to, currency) })
        }
        (from, to) => Ok(AmountRange { from, to }),
    }
}
