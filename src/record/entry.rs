//! Something that a person typed and that is refused: which field, and why.

use std::fmt;

use super::amount::AmountError;
use super::counterparty::NumberError;
use super::currency::UnknownCurrency;
use super::date::DateError;
use super::{MetadataError, SpanError};

/// Why an entry is refused. Kept as it is, not as text, so that each face can say it in its reader's language.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EntryError {
    #[error(transparent)]
    Date(#[from] DateError),
    #[error(transparent)]
    Amount(#[from] AmountError),
    #[error(transparent)]
    Number(#[from] NumberError),
    #[error(transparent)]
    Span(#[from] SpanError),
    #[error(transparent)]
    Currency(#[from] UnknownCurrency),
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    #[error("the reason is empty; say in a few words why")]
    NoReason,
    #[error("nothing would change; name at least one field with a new value")]
    NothingChanges,
}

/// A refused entry.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// The field as the API calls it; `None` where it is about the whole.
    pub field: Option<&'static str>,
    pub error: EntryError,
}

impl Entry {
    /// An entry in `field` that is refused.
    pub fn of(field: &'static str, error: impl Into<EntryError>) -> Self {
        Self { field: Some(field), error: error.into() }
    }
}

impl<E: Into<EntryError>> From<E> for Entry {
    fn from(error: E) -> Self {
        Self { field: None, error: error.into() }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(field) => write!(f, "{field}: {}", self.error),
            None => self.error.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::date::parse_date;

    #[test]
    fn a_refused_entry_names_its_field_where_it_has_one() {
        let error = parse_date("2026-02-30").unwrap_err();
        let said = Entry::of("date", error).to_string();
        assert_eq!(said, "date: there is no day 2026-02-30 in the calendar; check the month and the day");
        assert!(Entry::from(EntryError::NoReason).to_string().starts_with("the reason is empty"));
    }
}
