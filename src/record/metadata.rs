//! What is known about a contract beside its bytes.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Counterparty, Currency, Span};

/// The facts that bookkeeping law wants searchable, and those that people want to find again.
///
/// Text is kept exactly as it was given (never normalised); only search keys are folded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// Which of our own legal entities the contract belongs to.
    pub entity: String,
    /// 取引年月日: the calendar day of the transaction, in the archive's zone.
    pub transaction_date: NaiveDate,
    /// 契約締結日: when the last party signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_on: Option<NaiveDate>,
    /// 契約開始日: when the contract takes effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_from: Option<NaiveDate>,
    /// 契約終了日: when it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_on: Option<NaiveDate>,
    /// 更新拒絶の通知期間: how long before its end notice must be given that a contract shall not go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice_period: Option<Span>,
    /// 自動更新期間: by how long the contract goes on by itself when nobody gives notice; absent: it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews_every: Option<Span>,
    /// 受領日: when we received the file; starts the window in which a timestamp is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_on: Option<NaiveDate>,
    /// 取引先: the other party.
    pub counterparty: Counterparty,
    /// 取引金額. `None` is "no amount stated", which is not an amount of zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// 書類種別: the class that retention policies key on, e.g. `contract`, `invoice`.
    pub class: String,
    /// 件名.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// 管理番号.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Name of the file as it was deposited, directories removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// Extra columns of an index book, kept as they came.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub custom: BTreeMap<String, String>,
}

/// An amount of money in integer minor units (yen, cents, fils).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Minor units of `currency`; negative for a contract that reduces an earlier one.
    pub minor: i64,
    pub currency: Currency,
    #[serde(default)]
    pub tax: TaxBasis,
}

/// Whether consumption tax is inside the amount.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TaxBasis {
    /// 税込
    Included,
    /// 税抜
    Excluded,
    /// 不課税・非課税
    None,
    /// The document does not say, or nobody looked.
    #[default]
    Unknown,
}

/// Why metadata is refused. Each message says what to do about it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MetadataError {
    #[error("the counterparty's name is empty; give the name that the contract shows")]
    NoCounterparty,
    #[error("the class is empty; give one such as \"contract\"")]
    NoClass,
    #[error("{field} is {length} characters long; at most {limit} are kept")]
    TooLong { field: &'static str, length: usize, limit: usize },
    #[error("there are {count} custom fields; at most {limit} are kept")]
    TooManyCustomFields { count: usize, limit: usize },
    #[error("the custom fields are {bytes} bytes together; at most {limit} are kept")]
    CustomFieldsTooLarge { bytes: usize, limit: usize },
    #[error("{field} contains a control character; remove it")]
    ControlCharacter { field: &'static str },
    #[error(transparent)]
    Counterparty(#[from] super::counterparty::NumberError),
}

/// Longest text field, in characters: far above any real title, low enough to bound a row.
pub const MAX_TEXT_CHARS: usize = 1_000;
/// Most custom fields of one record.
pub const MAX_CUSTOM_FIELDS: usize = 100;
/// Most bytes of all custom fields together: before and after of a correction must fit one journal entry.
pub const MAX_CUSTOM_BYTES: usize = 64 << 10;

impl Metadata {
    /// Checks what the types cannot: emptiness, lengths, control characters, check digits.
    ///
    /// # Errors
    /// The first rule broken, in the order of the fields.
    pub fn validate(&self) -> Result<(), MetadataError> {
        if self.counterparty.name.trim().is_empty() {
            return Err(MetadataError::NoCounterparty);
        }
        if self.class.trim().is_empty() {
            return Err(MetadataError::NoClass);
        }
        check_text("entity", &self.entity)?;
        check_text("counterparty", &self.counterparty.name)?;
        self.counterparty.validate()?;
        check_text("class", &self.class)?;
        for (field, value) in
            [("title", &self.title), ("number", &self.number), ("file_name", &self.file_name)]
        {
            check_text(field, value.as_deref().unwrap_or_default())?;
        }
        let bytes = self.custom.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
        if bytes > MAX_CUSTOM_BYTES {
            return Err(MetadataError::CustomFieldsTooLarge { bytes, limit: MAX_CUSTOM_BYTES });
        }
        if self.custom.len() > MAX_CUSTOM_FIELDS {
            return Err(MetadataError::TooManyCustomFields {
                count: self.custom.len(),
                limit: MAX_CUSTOM_FIELDS,
            });
        }
        self.custom.iter().try_for_each(|(key, value)| {
            check_text("custom field name", key)?;
            check_text("custom field", value)
        })
    }
}

fn check_text(field: &'static str, text: &str) -> Result<(), MetadataError> {
    let length = text.chars().count();
    if length > MAX_TEXT_CHARS {
        return Err(MetadataError::TooLong { field, length, limit: MAX_TEXT_CHARS });
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(MetadataError::ControlCharacter { field });
    }
    Ok(())
}
