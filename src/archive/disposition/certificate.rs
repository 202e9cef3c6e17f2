//! The certificate of destruction: what is left to show of a record that was destroyed.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{Approval, TrustedTime};
use crate::archive::Archive;
use crate::archive::error::ArchiveError;
use crate::archive::permit::{Action, permit};
use crate::archive::principal::Principal;
use crate::record::{Digest, RecordId};
use crate::retention::Decision;

/// Says which record was destroyed, when, why, by whom, with whose consent, and how. It tells nothing of what the contract
/// said: names, amounts and dates of it went with its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    pub record: RecordId,
    /// Document class.
    pub class: String,
    /// Our own legal entity.
    pub entity: String,
    /// First line of the archive's checkpoints: which archive this is.
    pub archive: String,
    /// Journal entries of the deposit and of the destruction; inclusion proofs can be asked for both.
    pub deposit_seq: u64,
    pub journal_seq: u64,
    /// The disposition plan and its digest.
    pub plan: String,
    pub plan_digest: Digest,
    pub planned_by: String,
    pub approval: Approval,
    pub performed_by: String,
    /// When, by the machine's clock.
    pub destroyed_at: DateTime<Utc>,
    /// The verified time that allowed it.
    pub trusted: TrustedTime,
    /// The last day on which it had to be kept.
    pub retain_until: NaiveDate,
    /// The decision at the moment of destruction, with every policy and law.
    pub decision: Decision,
    /// How: what was destroyed, in words.
    pub method: String,
    /// HMAC-SHA-256 of the content's digest under a key of the archive, hex: recognises the bytes when they are offered
    /// again, and tells nobody else anything.
    pub content_mac: String,
}

/// What [`Certificate::method`] says.
pub(super) const METHOD: &str = "cryptographic erasure (NIST SP 800-88 Rev. 1, section 2.6): the wrapped data key, metadata \
     versions and cached text were removed from the store and their traces erased from its files; the sealed object and the \
     index entries were removed. Entries about the record remain in the journal, sealed under the destroyed key. Copies in \
     backups can be opened only as long as a backup of the key exists.";

impl Archive {
    /// The certificate of a destroyed record.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`] when the record was not destroyed.
    pub fn disposition_certificate(
        &self,
        who: &Principal,
        id: RecordId,
    ) -> Result<Certificate, ArchiveError> {
        permit(who, Action::Show)?;
        let none = || ArchiveError::NotFound(format!("certificate of destruction for {id}"));
        let certificate = self.tombstone(&*self.store.view(), id)?.ok_or_else(none)?.certificate;
        // What belongs to another entity is answered as if it did not exist.
        if who.scope.covers(&certificate.entity) { Ok(certificate) } else { Err(none()) }
    }
}
