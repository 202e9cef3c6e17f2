//! Currencies: ISO 4217 codes that know their own number of decimals.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

mod table;

/// A currency in use (ISO 4217); three upper-case letters in text and JSON.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, JsonSchema, utoipa::ToSchema)]
#[schemars(with = "String")]
#[schema(value_type = String, example = "JPY")]
pub struct Currency(table::Row);

/// The text is not the code of a currency in use.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not the ISO 4217 code of a currency in use; write three letters such as JPY, USD or EUR")]
pub struct UnknownCurrency(String);

impl Currency {
    /// Yen, the currency of an amount that names none.
    pub const JPY: Self = Self(("JPY", 0));

    /// How many decimals the currency has: JPY 0, USD 2, KWD 3. An amount of 1 is 10^exponent minor units.
    pub fn exponent(self) -> u32 {
        u32::from(self.0.1)
    }

    /// The three letters.
    pub fn code(self) -> &'static str {
        self.0.0
    }

    /// Every currency in use, sorted by code; for menus and completions.
    pub fn all() -> impl Iterator<Item = Self> {
        table::ACTIVE.iter().copied().map(Self)
    }
}

impl Default for Currency {
    fn default() -> Self {
        Self::JPY
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Self, UnknownCurrency> {
        let code = text.trim();
        // Compared byte by byte: `to_uppercase` would make letters of other scripts look like ASCII.
        let known = code.len() == 3 && code.is_ascii();
        let found = known
            .then(|| table::ACTIVE.binary_search_by(|row| row.0.cmp(code.to_ascii_uppercase().as_str())).ok())
            .flatten()
            .and_then(|at| table::ACTIVE.get(at));
        match found {
            Some(row) => Ok(Self(*row)),
            None => Err(UnknownCurrency(super::amount::typed::excerpt(text))),
        }
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_has_no_code_twice() {
        assert!(table::ACTIVE.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn decimals_are_those_of_iso_4217() {
        for (code, exponent) in [("JPY", 0), ("USD", 2), ("KWD", 3), ("CLF", 4), ("KRW", 0), ("EUR", 2)] {
            assert_eq!(code.parse::<Currency>().unwrap().exponent(), exponent, "{code}");
        }
    }

    #[test]
    fn case_and_surrounding_spaces_do_not_matter() {
        assert_eq!(" jpy ".parse(), Ok(Currency::JPY));
        assert_eq!("Usd".parse::<Currency>().unwrap().to_string(), "USD");
    }

    #[test]
    fn codes_that_are_unknown_withdrawn_or_without_minor_unit_are_refused() {
        for code in ["", "JP", "JPYX", "ABC", "DEM", "XAU", "XXX", "円", "uſd", "ＪＰＹ"] {
            assert!(code.parse::<Currency>().is_err(), "{code}");
        }
    }

    #[test]
    fn every_currency_parses_back_from_its_code() {
        for currency in Currency::all() {
            assert_eq!(currency.code().parse(), Ok(currency));
        }
    }

    #[test]
    fn json_holds_the_code_only() {
        assert_eq!(serde_json::to_string(&Currency::JPY).unwrap(), "\"JPY\"");
        assert_eq!(serde_json::from_str::<Currency>("\"usd\"").unwrap().code(), "USD");
        assert!(serde_json::from_str::<Currency>("\"ABC\"").is_err());
    }
}
