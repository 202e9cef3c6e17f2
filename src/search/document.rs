//! What the archive hands to the index: one document per metadata version of a record.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;

/// Bytes of document text that are indexed per version; about 80,000 Japanese characters. The rest is ignored.
pub const MAX_TEXT_BYTES: usize = 256 * 1024;
/// Journal positions that fit beside a date in one sort key: a trillion.
pub const MAX_SEQ: u64 = (1 << 40) - 1;

/// An ISO 4217 code: three ASCII capitals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CurrencyCode([u8; 3]);

/// The text is not a currency code.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a currency code is three letters, such as JPY")]
pub struct InvalidCurrencyCode;

impl CurrencyCode {
    pub const JPY: Self = Self(*b"JPY");

    /// The three letters.
    pub fn as_bytes(&self) -> &[u8; 3] {
        &self.0
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidCurrencyCode> {
        match bytes {
            [a, b, c] if bytes.iter().all(u8::is_ascii_alphabetic) => {
                Ok(Self([a, b, c].map(u8::to_ascii_uppercase)))
            }
            _ => Err(InvalidCurrencyCode),
        }
    }
}

impl FromStr for CurrencyCode {
    type Err = InvalidCurrencyCode;

    fn from_str(text: &str) -> Result<Self, InvalidCurrencyCode> {
        Self::from_bytes(text.as_bytes())
    }
}

impl fmt::Display for CurrencyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| fmt::Write::write_char(f, char::from(*byte)))
    }
}

impl fmt::Debug for CurrencyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// All versions of one record; replaces whatever the index held about it. No versions: the record is purged.
#[derive(Clone, Debug)]
pub struct RecordDocs {
    /// Journal position of the deposit: the record's number for ever. At most [`MAX_SEQ`].
    pub seq: u64,
    pub versions: Vec<VersionDoc>,
}

/// One version of a record's metadata, as the index sees it.
#[derive(Clone, Debug)]
pub struct VersionDoc {
    /// Counts from 1.
    pub version: u32,
    /// A later version exists.
    pub superseded: bool,
    /// The record was withdrawn (logically deleted) as of this version.
    pub withdrawn: bool,
    pub date: NaiveDate,
    /// Minor units and currency; `None` is "no amount stated", which is not zero.
    pub amount: Option<(i64, CurrencyCode)>,
    /// The counterparty's name as written.
    pub counterparty: String,
    pub entity: String,
    pub class: String,
    pub number: Option<String>,
    pub title: Option<String>,
    /// Values of custom fields.
    pub custom: Vec<String>,
    /// Text of the document; cut at [`MAX_TEXT_BYTES`]. Give it with the newest version only.
    pub text: Option<String>,
}

/// Cuts `text` at `limit` bytes or a little before, never inside a character.
pub(super) fn cut(text: &str, limit: usize) -> &str {
    match text.len() <= limit {
        true => text,
        false => {
            let end = (0..=limit).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.get(..end).unwrap_or_default()
        }
    }
}

/// Days since 1970-01-01.
pub(super) fn days(date: NaiveDate) -> i32 {
    date.signed_duration_since(NaiveDate::default()).num_days() as i32
}
