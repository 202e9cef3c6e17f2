//! What can be asked of the index, and what it answers.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::cursor::Cursor;
use super::document::CurrencyCode;
use super::error::SearchError;

/// Most hits on one page.
pub const MAX_LIMIT: usize = 1_000;
/// Longest full-text query, in characters.
pub const MAX_TEXT_QUERY_CHARS: usize = 200;

/// Conditions, all of which a hit meets; the default asks for everything, newest first, 50 a page.
#[derive(Clone, Debug)]
pub struct Query {
    pub date: DateSpan,
    pub amount: AmountFilter,
    /// Part of the counterparty's name, in any way of writing it. Blank is no condition.
    pub counterparty: Option<String>,
    /// Words or phrases in title, counterparty, number, custom values and document text; blanks mean AND.
    pub text: Option<String>,
    /// Record class, exactly.
    pub class: Option<String>,
    /// Management number, whole; width, case, spaces and kind of dash do not matter.
    pub number: Option<String>,
    /// One of these legal entities of our own, exactly; `None` is any.
    pub entities: Option<BTreeSet<String>>,
    pub withdrawn: Withdrawn,
    pub versions: Versions,
    pub sort: Sort,
    /// Hits on this page, 1 to [`MAX_LIMIT`].
    pub limit: usize,
    /// Where the page before ended.
    pub after: Option<Cursor>,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            date: DateSpan::default(),
            amount: AmountFilter::Any,
            counterparty: None,
            text: None,
            class: None,
            number: None,
            entities: None,
            withdrawn: Withdrawn::Exclude,
            versions: Versions::Current,
            sort: Sort::DateDesc,
            limit: 50,
            after: None,
        }
    }
}

impl Query {
    pub(super) fn check(&self) -> Result<(), SearchError> {
        match self.limit {
            1..=MAX_LIMIT => Ok(()),
            other => Err(SearchError::Limit(other)),
        }
    }

    /// The counterparty condition, unless blank.
    pub(super) fn party(&self) -> Option<&str> {
        self.counterparty.as_deref().filter(|name| !name.trim().is_empty())
    }
}

/// Calendar days, both ends included; open where `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DateSpan {
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

/// What the amount must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AmountFilter {
    /// Anything, blank too.
    #[default]
    Any,
    /// Minor units of `currency`, both ends included, open where `None`. Other currencies and blanks do not match.
    Range { from: Option<i64>, to: Option<i64>, currency: CurrencyCode },
    /// No amount stated (空欄). An amount of zero does not match.
    Blank,
}

/// Whether withdrawn records are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Withdrawn {
    #[default]
    Exclude,
    Include,
    Only,
}

/// Whether earlier versions of the metadata are searched too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Versions {
    #[default]
    Current,
    All,
}

/// The order of hits. With a counterparty condition exact hits come before all others; among equals the record
/// deposited last comes first, and of one record the latest version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    #[default]
    DateDesc,
    DateAsc,
    /// Grouped by currency code (amounts of two currencies do not compare), blanks last.
    AmountDesc,
    /// As [`Sort::AmountDesc`], smallest first, blanks last.
    AmountAsc,
    DepositedDesc,
    DepositedAsc,
    /// By folded name, in code point order (readings are not known).
    Counterparty,
}

/// One page of answers.
#[derive(Clone, Debug)]
pub struct Results {
    /// How many records (or versions) meet the conditions, exactly, on all pages together.
    pub total: u64,
    /// Journal entries that this answer takes into account.
    pub indexed_through: u64,
    pub hits: Vec<Hit>,
    /// Gives the next page; `None` on the last.
    pub next: Option<Cursor>,
}

/// One hit; the archive turns it into a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hit {
    /// Journal position of the deposit.
    pub seq: u64,
    pub version: u32,
}
