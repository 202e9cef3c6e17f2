//! Withdraw and reinstate: logical deletion. Hidden by default, still kept, still findable.

use super::Archive;
use super::correct::{Changed, NextVersion};
use super::error::ArchiveError;
use super::permit::Action;
use super::principal::Principal;
use crate::journal::Act;
use crate::record::RecordId;

impl Archive {
    /// Hides a record from searches that do not ask for withdrawn ones.
    ///
    /// # Errors
    /// [`ArchiveError::Invalid`] when it is withdrawn already or the reason is empty.
    pub fn withdraw(
        &self,
        who: &Principal,
        id: RecordId,
        reason: &str,
        idempotency_key: Option<&str>,
    ) -> Result<Changed, ArchiveError> {
        self.set_withdrawn(who, id, reason, idempotency_key, true)
    }

    /// Undoes a withdrawal.
    ///
    /// # Errors
    /// [`ArchiveError::Invalid`] when it is not withdrawn or the reason is empty.
    pub fn reinstate(
        &self,
        who: &Principal,
        id: RecordId,
        reason: &str,
        idempotency_key: Option<&str>,
    ) -> Result<Changed, ArchiveError> {
        self.set_withdrawn(who, id, reason, idempotency_key, false)
    }

    fn set_withdrawn(
        &self,
        who: &Principal,
        id: RecordId,
        reason: &str,
        idempotency_key: Option<&str>,
        withdrawn: bool,
    ) -> Result<Changed, ArchiveError> {
        let act = if withdrawn { Act::Withdraw } else { Act::Reinstate };
        let repeat = self.repeat(who, idempotency_key, act, id, &reason);
        let (record, newest) = self.load_newest_for(who, Action::Withdraw, id)?;
        if let Some(answer) = self.answered_before(repeat.as_ref())? {
            return Ok(answer);
        }
        if newest.withdrawn == withdrawn {
            let state = if withdrawn { "withdrawn already" } else { "not withdrawn" };
            return Err(ArchiveError::Invalid(format!("record {id} is {state}")));
        }
        let next = NextVersion { act, reason, metadata: newest.metadata.clone(), withdrawn };
        self.write_version(who, record, newest, next, repeat)
    }
}
