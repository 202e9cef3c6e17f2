//! Legal holds: what is kept whatever the dates say, until a second person releases it.
//!
//! A hold names records, or conditions of a search: whatever meets them now or later is held, also by an earlier version of
//! its metadata, so that no correction lets a record slip out. Conditions are asked of the index at the moment the question
//! arises; an index that cannot answer holds everything back.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::correct::checked_reason;
use super::error::ArchiveError;
use super::permit::{Action, permit, permit_second};
use super::principal::Principal;
use super::records::Loaded;
use super::rows::{V1, meta};
use super::{Archive, SearchRequest};
use crate::journal::Act;
use crate::record::{RecordId, Version};
use crate::search::{DateSpan, MAX_LIMIT, Query, Versions, Withdrawn};
use crate::store::{Direction, Table, View};

/// Most records that one hold names; conditions hold any number.
const MAX_RECORDS: usize = 10_000;
/// Longest name of a hold, in characters.
const MAX_NAME_CHARS: usize = 200;

/// `Meta/hold/<number>`: one hold, for ever. Sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldRow {
    pub v: V1,
    /// The matter.
    pub name: String,
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custodian: Option<String>,
    /// Sorted.
    pub records: Vec<RecordId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchRequest>,
    pub placed_by: String,
    pub placed_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<Release>,
}

/// How a hold ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Release {
    pub by: String,
    pub at: DateTime<Utc>,
    pub reason: String,
}

/// A hold to be placed: on records, on whatever meets conditions, or on both.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HoldRequest {
    /// The matter, by which it is released.
    pub name: String,
    pub reason: String,
    /// Who knows about the matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custodian: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<RecordId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchRequest>,
}

/// A hold as people see it.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HoldView {
    /// The matter.
    pub hold: String,
    pub reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custodian: Option<String>,
    /// Records held now.
    pub records: u64,
    /// Records named one by one.
    pub ids: Vec<RecordId>,
    /// Conditions; whatever meets them, later deposits too, is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchRequest>,
    pub placed_by: String,
    pub placed_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released: Option<Release>,
}

impl Archive {
    /// Places a hold.
    ///
    /// # Errors
    /// [`ArchiveError::Invalid`] when it names nothing; [`ArchiveError::Conflict`] when a hold of that name is in force.
    pub fn hold_place(&self, who: &Principal, request: HoldRequest) -> Result<HoldView, ArchiveError> {
        permit(who, Action::HoldPlace)?;
        let row = self.checked_hold(who, request)?;
        // Placed while nothing is being destroyed: after this returns, nothing that it holds is.
        let _one = self.destruction_lock();
        if self.holds(&*self.store.view())?.iter().any(|(_, hold)| hold.is_active(&row.name)) {
            return Err(ArchiveError::Conflict(format!("a hold named {:?} is in force already", row.name)));
        }
        let key = [meta::HOLD_PREFIX, Uuid::now_v7().as_bytes()].concat();
        self.write_hold(who, Act::HoldPlace, key, row, None)
    }

    /// Releases a hold. Takes a second person.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`]; [`ArchiveError::Forbidden`] for whoever placed it.
    pub fn hold_release(&self, who: &Principal, name: &str, reason: &str) -> Result<HoldView, ArchiveError> {
        permit(who, Action::HoldRelease)?;
        let reason = checked_reason(reason)?;
        let _one = self.destruction_lock();
        let view = self.store.view();
        let found = self.holds(&*view)?.into_iter().find(|(_, hold)| hold.is_active(name));
        let (key, row) =
            found.ok_or_else(|| ArchiveError::NotFound(format!("hold named {name:?} in force")))?;
        permit_second(who, Action::HoldRelease, &row.placed_by)?;
        let released = Release { by: who.name.clone(), at: self.clock.now(), reason };
        let before = view.get(Table::Meta, &key)?;
        let row = HoldRow { released: Some(released), ..row };
        self.write_hold(who, Act::HoldRelease, key, row, before)
    }

    /// All holds, those in force first.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`], or damage.
    pub fn hold_list(&self, who: &Principal) -> Result<Vec<HoldView>, ArchiveError> {
        permit(who, Action::HoldList)?;
        let mut holds = self.holds(&*self.store.view())?;
        holds.sort_by_key(|(key, hold)| (hold.released.is_some(), key.clone()));
        holds.into_iter().map(|(_, hold)| self.hold_view(hold)).collect()
    }

    /// Names of the holds on a record, with all versions of its metadata.
    pub(super) fn holds_on(
        &self,
        record: &Loaded,
        versions: &[Version],
    ) -> Result<Vec<String>, ArchiveError> {
        let mut names = Vec::new();
        for (_, hold) in self.holds(&*self.store.view())? {
            if hold.released.is_some() {
                continue;
            }
            let named = hold.records.binary_search(&record.id).is_ok();
            let meets = |search| self.meets(search, record, versions);
            if named || hold.search.as_ref().map(meets).transpose()?.unwrap_or(false) {
                names.push(hold.name);
            }
        }
        Ok(names)
    }

    pub(super) fn holds(&self, view: &dyn View) -> Result<Vec<(Vec<u8>, HoldRow)>, ArchiveError> {
        let end = meta::end_of(meta::HOLD_PREFIX);
        view.scan(Table::Meta, meta::HOLD_PREFIX, Some(&end), Direction::Forward)
            .map(|stored| {
                let (key, sealed) = stored?;
                let hold = self.keyring.unseal_row(&key, &sealed)?;
                Ok((key, hold))
            })
            .collect()
    }

    fn checked_hold(&self, who: &Principal, request: HoldRequest) -> Result<HoldRow, ArchiveError> {
        let HoldRequest { name, reason, custodian, ids, search } = request;
        let invalid = |message: String| Err(ArchiveError::Invalid(message));
        let name = name.trim().to_owned();
        if name.is_empty() || name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
            return invalid(format!("the name of a hold has 1 to {MAX_NAME_CHARS} characters on one line"));
        }
        if ids.is_empty() && search.is_none() {
            return invalid("the hold names nothing; give ids of records, or conditions of a search".into());
        }
        if ids.len() > MAX_RECORDS {
            return invalid(format!(
                "{} records are named, at most {MAX_RECORDS} can be; use conditions of a search",
                ids.len()
            ));
        }
        let view = self.store.view();
        for id in &ids {
            self.load(&*view, *id)?;
        }
        if let Some(search) = &search {
            self.hold_query(search)?;
        }
        let mut records = ids;
        records.sort_unstable();
        records.dedup();
        let (placed_by, placed_at) = (who.name.clone(), self.clock.now());
        let reason = checked_reason(&reason)?;
        Ok(HoldRow { v: V1, name, reason, custodian, records, search, placed_by, placed_at, released: None })
    }

    fn write_hold(
        &self,
        who: &Principal,
        act: Act,
        key: Vec<u8>,
        row: HoldRow,
        before: Option<Vec<u8>>,
    ) -> Result<HoldView, ArchiveError> {
        self.write_sealed_row(who, act, (key, &row), before, &row)?;
        self.hold_view(row)
    }

    fn hold_view(&self, hold: HoldRow) -> Result<HoldView, ArchiveError> {
        let records = if hold.released.is_some() { 0 } else { self.held_by(&hold)? };
        let HoldRow { name, reason, custodian, records: ids, search, placed_by, placed_at, released, .. } =
            hold;
        Ok(HoldView { hold: name, reason, custodian, records, ids, search, placed_by, placed_at, released })
    }

    /// How many records a hold holds now.
    fn held_by(&self, hold: &HoldRow) -> Result<u64, ArchiveError> {
        let view = self.store.view();
        let mut held = HashSet::new();
        for id in &hold.records {
            match self.load(&*view, *id) {
                Ok(record) => drop(held.insert(record.row.deposit_seq)),
                // An archive that was restored as it was before may know holds on what came later.
                Err(ArchiveError::Destroyed { .. } | ArchiveError::NoSuchRecord(_)) => {}
                Err(error) => return Err(error),
            }
        }
        if let Some(search) = &hold.search {
            self.each_hit(self.hold_query(search)?, |seq| {
                held.insert(seq);
                true
            })?;
        }
        Ok(held.len() as u64)
    }

    /// The query of a hold's conditions: every version counts, and what is withdrawn counts too.
    fn hold_query(&self, search: &SearchRequest) -> Result<Query, ArchiveError> {
        let query = search.query(self.config.archive.currency)?;
        let (withdrawn, versions) = (Withdrawn::Include, Versions::All);
        Ok(Query { withdrawn, versions, limit: MAX_LIMIT, after: None, ..query })
    }

    /// Whether some version of a record meets the conditions. The index is asked about the days of the record only.
    fn meets(
        &self,
        search: &SearchRequest,
        record: &Loaded,
        versions: &[Version],
    ) -> Result<bool, ArchiveError> {
        let query = self.hold_query(search)?;
        let mut days: Vec<_> = versions.iter().map(|version| version.metadata.transaction_date).collect();
        days.sort_unstable();
        days.dedup();
        for day in days {
            let within =
                query.date.from.is_none_or(|from| from <= day) && query.date.to.is_none_or(|to| day <= to);
            if !within {
                continue;
            }
            let mut found = false;
            let date = DateSpan { from: Some(day), to: Some(day) };
            self.each_hit(Query { date, ..query.clone() }, |seq| {
                found |= seq == record.row.deposit_seq;
                !found
            })?;
            if found {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Calls `take` with the number of each record found, until it says `false`.
    fn each_hit(&self, mut query: Query, mut take: impl FnMut(u64) -> bool) -> Result<(), ArchiveError> {
        let through = self.journal_size();
        match query.text {
            Some(_) => self.indexer.catch_up_texts(through)?,
            None => self.indexer.catch_up(through)?,
        }
        loop {
            let found = self.indexer.search(&query)?;
            if !found.hits.iter().all(|hit| take(hit.seq)) {
                return Ok(());
            }
            match found.next {
                Some(next) => query.after = Some(next),
                None => return Ok(()),
            }
        }
    }
}

impl HoldRow {
    fn is_active(&self, name: &str) -> bool {
        self.name == name.trim() && self.released.is_none()
    }
}
