//! 取引先: the other party of a contract, as it is written, and the numbers that identify it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod number;

#[cfg(test)]
mod tests;

pub use number::{NumberError, normalize_corporate_number, normalize_invoice_number};

/// The other party.
///
/// The name is kept exactly as the contract shows it (﨑 stays 﨑, ㈱ stays ㈱); only search keys are folded.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, utoipa::ToSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Counterparty {
    pub name: String,
    /// 法人番号: 13 digits, the first of which is a check digit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corporate_number: Option<String>,
    /// 登録番号 of a qualified invoice issuer: `T` and 13 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice_number: Option<String>,
}

/// Something to look at that is not wrong for certain, so nothing is refused for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CounterpartyWarning {
    /// Right for a sole proprietor, whose number need not have a check digit; a typing error for a company.
    InvoiceCheckDigit,
    /// A company's 登録番号 is T and its 法人番号.
    InvoiceNumberOfAnother,
}

impl Counterparty {
    /// A party of whom only the name is known.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), corporate_number: None, invoice_number: None }
    }

    /// Checks the numbers, which must be in their stored form already
    /// (see [`normalize_corporate_number`] and [`normalize_invoice_number`]).
    ///
    /// # Errors
    /// A number of the wrong shape, a wrong check digit of a 法人番号, or a 個人番号 in any field.
    pub fn validate(&self) -> Result<(), NumberError> {
        if number::is_personal_number(&self.name) {
            return Err(NumberError::PersonalNumber);
        }
        if let Some(stored) = &self.corporate_number {
            stored_as(stored, normalize_corporate_number(stored)?)?;
        }
        if let Some(stored) = &self.invoice_number {
            stored_as(stored, normalize_invoice_number(stored)?)?;
        }
        Ok(())
    }

    /// What a person should look at before the record is stored.
    pub fn warnings(&self) -> Vec<CounterpartyWarning> {
        let Some(digits) = self.invoice_number.as_deref().and_then(|number| number.strip_prefix('T')) else {
            return Vec::new();
        };
        let mut warnings = Vec::new();
        if !number::has_valid_check_digit(digits) {
            warnings.push(CounterpartyWarning::InvoiceCheckDigit);
        }
        if self.corporate_number.as_deref().is_some_and(|corporate| corporate != digits) {
            warnings.push(CounterpartyWarning::InvoiceNumberOfAnother);
        }
        warnings
    }
}

fn stored_as(stored: &str, normal: String) -> Result<(), NumberError> {
    if stored == normal { Ok(()) } else { Err(NumberError::NotNormalised { write: normal }) }
}

impl fmt::Display for CounterpartyWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvoiceCheckDigit => {
                "the invoice number's check digit does not fit a company; check it unless it is a sole proprietor's"
            }
            Self::InvoiceNumberOfAnother => {
                "the invoice number is not T and the corporate number; check which of the two is right"
            }
        })
    }
}
