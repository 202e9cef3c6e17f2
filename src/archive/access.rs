//! Whose records: the step before every verb about a record, a search or an entry, for people with a limited scope.
//!
//! A record outside somebody's scope is answered exactly like one that does not exist.

use std::collections::{BTreeSet, HashMap};

use super::Archive;
use super::error::ArchiveError;
use super::permit::{Action, permit};
use super::principal::Principal;
use super::records::Loaded;
use super::search_request::SearchRequest;
use crate::journal::Entry;
use crate::record::RecordId;
use crate::search::Query;
use crate::store::View;

/// Which records somebody sees, remembered while one page of entries is made.
#[derive(Default)]
pub struct Seen(HashMap<RecordId, bool>);

impl Archive {
    /// Loads a record for somebody who wants to do something with it.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`] by role; [`ArchiveError::NoSuchRecord`], also when it is out of scope; damage.
    pub(super) fn load_for(
        &self,
        view: &dyn View,
        who: &Principal,
        action: Action,
        id: RecordId,
    ) -> Result<Loaded, ArchiveError> {
        permit(who, action)?;
        let record = match self.load(view, id) {
            // That there once was such a record is for those who see all of them.
            Err(ArchiveError::Destroyed { .. }) if who.scope.limit().is_some() => {
                return Err(ArchiveError::NoSuchRecord(id));
            }
            other => other?,
        };
        if self.within(view, who, &record)? { Ok(record) } else { Err(ArchiveError::NoSuchRecord(id)) }
    }

    /// Whether a record belongs to an entity that `who` has to do with. (The entity of a record never changes.)
    pub(super) fn within(
        &self,
        view: &dyn View,
        who: &Principal,
        record: &Loaded,
    ) -> Result<bool, ArchiveError> {
        match who.scope.limit() {
            None => Ok(true),
            Some(entities) => Ok(entities.contains(&record.latest(view)?.metadata.entity)),
        }
    }

    /// The query of a request, narrowed to what `who` may find.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`], or a condition that cannot be read.
    pub(super) fn query_for(
        &self,
        who: &Principal,
        action: Action,
        request: &SearchRequest,
    ) -> Result<Query, ArchiveError> {
        permit(who, action)?;
        let mut query = request.query(self.config.archive.currency)?;
        if let Some(limit) = who.scope.limit() {
            query.entities = Some(match &query.entities {
                None => limit.clone(),
                Some(asked) => asked.intersection(limit).cloned().collect::<BTreeSet<_>>(),
            });
        }
        Ok(query)
    }

    /// Whether `who` may see that this entry is there: all of them without a limit, else those about records within
    /// the scope and one's own.
    pub(super) fn sees_entry(
        &self,
        view: &dyn View,
        who: &Principal,
        entry: &Entry,
        seen: &mut Seen,
    ) -> Result<bool, ArchiveError> {
        if who.scope.limit().is_none() {
            return Ok(true);
        }
        let Some(id) = entry.record else { return Ok(entry.actor == who.name) };
        if let Some(known) = seen.0.get(&id) {
            return Ok(*known);
        }
        let sees = match self.load(view, id) {
            Ok(record) => self.within(view, who, &record)?,
            // A record that is gone belongs to nobody any more.
            Err(ArchiveError::NoSuchRecord(_) | ArchiveError::Destroyed { .. }) => false,
            Err(error) => return Err(error),
        };
        seen.0.insert(id, sees);
        Ok(sees)
    }
}
