//! The certificate of destruction: what is left to show of a record that was destroyed.

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::certificate_report;
use super::{Approval, Transferred, TrustedTime};
use crate::archive::Archive;
use crate::archive::error::ArchiveError;
use crate::archive::permit::{Action, permit};
use crate::archive::principal::Principal;
use crate::backup::Tier;
use crate::config::BackupConfig;
use crate::journal::merkle;
use crate::record::{Digest, RecordId};
use crate::retention::{Decision, Lang};

/// Says which record was destroyed, when, why, by whom, with whose consent, and how. It tells nothing of what the contract
/// said: names, amounts and titles went with its key. (The reasons name the days that the period was counted from.)
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
    /// When the last copies of its key in backups end; absent in certificates of before this was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_keys: Option<KeyLapse>,
    /// Where it went before it was destroyed here; absent when it was destroyed only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<Transferred>,
    /// HMAC-SHA-256 of the content's digest under a key of the archive, hex: recognises the bytes when they are offered
    /// again, and tells nobody else anything.
    pub content_mac: String,
}

/// When no backup yields the contract any more.
///
/// Generations of every tier, those kept for years too, hold the contract sealed and no keys. Wrapped keys are in key sets
/// only, which the first run of a backup removes that comes after `days` (`schema/backup-repository.md`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyLapse {
    /// Days that key sets are kept: `[backup] key_set_days` at the time.
    pub days: u32,
    /// The first day on which every key set with a copy of the key is older than that, in the archive's zone.
    pub on: NaiveDate,
    /// Tiers that have a repository: daily, monthly, yearly. Empty: this archive made no backups itself.
    pub tiers: Vec<String>,
}

impl KeyLapse {
    /// Key sets made up to the day of the destruction may hold the key.
    pub(super) fn after(destroyed: NaiveDate, config: &BackupConfig) -> Self {
        let days = config.key_set_days;
        // A set of that very day is older than `days` on the day after.
        let on = destroyed.checked_add_days(Days::new(u64::from(days) + 1)).unwrap_or(NaiveDate::MAX);
        let has = |tier: &Tier| config.tier(*tier).0.is_some();
        let tiers = Tier::ALL.into_iter().filter(has).map(|tier| tier.name().to_owned()).collect();
        Self { days, on, tiers }
    }
}

/// What [`Certificate::method`] says.
pub(super) const METHOD: &str = "cryptographic erasure (NIST SP 800-88 Rev. 1, section 2.6): the wrapped data key, metadata \
     versions and cached text were removed from the store and their traces erased from its files; the sealed object and the \
     index entries were removed. Entries about the record remain in the journal, sealed under the destroyed key. Copies in \
     backups can be opened only as long as a backup of the key exists.";

impl Archive {
    /// The certificate of a destroyed record on paper: PDF.
    ///
    /// # Errors
    /// As [`disposition_certificate`](Self::disposition_certificate).
    pub fn disposition_certificate_pdf(
        &self,
        who: &Principal,
        id: RecordId,
        lang: Lang,
    ) -> Result<Vec<u8>, ArchiveError> {
        let certificate = self.disposition_certificate(who, id)?;
        let (bytes, _) = self.entry(&*self.store.view(), certificate.journal_seq)?;
        let leaf = Digest(merkle::leaf_hash(&bytes));
        Ok(certificate_report::write(&certificate, leaf, self.config.archive.zone, lang)?)
    }

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
