//! Search: ask the index, then show each hit from the store, and journal that somebody looked.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Archive;
use super::error::ArchiveError;
use super::permit::Action;
use super::principal::Principal;
use super::search_request::SearchRequest;
use crate::journal::Act;
use crate::record::{RecordId, TaxBasis, Version};
use crate::store::View;

/// One page of hits.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SearchPage {
    /// Exactly how many records match, on all pages together.
    pub total: u64,
    /// Journal entries that the answer takes into account.
    pub indexed_through: u64,
    pub hits: Vec<SearchHit>,
    /// Pass as `after` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A record as a search shows it: the metadata version that matched.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SearchHit {
    pub id: RecordId,
    /// 取引年月日
    pub date: NaiveDate,
    pub counterparty: String,
    /// Minor units of `currency`; null when the contract states no amount.
    pub amount: Option<i64>,
    pub currency: Option<String>,
    pub tax: Option<TaxBasis>,
    pub title: Option<String>,
    pub class: String,
    pub number: Option<String>,
    pub entity: String,
    pub retain_until: Option<NaiveDate>,
    pub withdrawn: bool,
    /// Which metadata version matched, and whether it is the one that counts.
    pub version: u32,
    pub current: bool,
}

/// Sealed into the journal entry of a search.
#[derive(Serialize)]
struct SearchDetails<'a> {
    query: &'a SearchRequest,
    total: u64,
    shown: usize,
}

impl Archive {
    /// Finds records. Everything acknowledged before the call is taken into account.
    ///
    /// The search is journaled with the next group commit; the answer does not wait for it.
    ///
    /// # Errors
    /// [`ArchiveError::Search`] for a query that makes no sense or a damaged index.
    pub fn search(&self, who: &Principal, request: &SearchRequest) -> Result<SearchPage, ArchiveError> {
        let query = self.query_for(who, Action::Search, request)?;
        let through = self.journal_size();
        match query.text {
            Some(_) => self.indexer.catch_up_texts(through)?,
            None => self.indexer.catch_up(through)?,
        }
        let found = self.indexer.search(&query)?;
        let view = self.store.view();
        let hits = found
            .hits
            .iter()
            .filter_map(|hit| match self.hydrate(&*view, hit.seq, hit.version) {
                // Destroyed since the index was asked.
                Err(ArchiveError::Destroyed { .. }) => None,
                other => Some(other),
            })
            .collect::<Result<_, _>>()?;
        let page = SearchPage {
            total: found.total,
            indexed_through: found.indexed_through.max(through),
            hits,
            next: found.next.map(|cursor| cursor.to_string()),
        };
        let details = SearchDetails { query: request, total: page.total, shown: page.hits.len() };
        self.committer.commit_later(self.note(who, Act::Search, &details)?)?;
        Ok(page)
    }

    fn hydrate(&self, view: &dyn View, seq: u64, version: u32) -> Result<SearchHit, ArchiveError> {
        let record = self.load(view, self.deposited_at(view, seq)?)?;
        let Version { withdrawn, metadata, .. } = record.version(view, version)?;
        Ok(SearchHit {
            id: record.id,
            date: metadata.transaction_date,
            counterparty: metadata.counterparty.name,
            amount: metadata.amount.map(|money| money.minor),
            currency: metadata.amount.map(|money| money.currency.to_string()),
            tax: metadata.amount.map(|money| money.tax),
            title: metadata.title,
            class: metadata.class,
            number: metadata.number,
            entity: metadata.entity,
            retain_until: record.row.retain_until,
            withdrawn,
            version,
            current: version == record.row.latest_version,
        })
    }
}
