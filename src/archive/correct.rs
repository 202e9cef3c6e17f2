//! Correct: a new metadata version with who, when and why. Every earlier version stays.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Archive;
use super::committer::{Draft, Stamp, Written};
use super::error::ArchiveError;
use super::keyring::seal_json;
use super::permit::Action;
use super::principal::Principal;
use super::records::Loaded;
use super::rows::{self, IdempotencyRow, RecordRow, V1};
use crate::journal::Act;
use crate::record::{EntryError, Metadata, Money, RecordId, Span, Version};
use crate::seal::Purpose;
use crate::store::{Batch, Table};

/// What to change; `None` leaves a field as it is, `Some(None)` empties it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    pub transaction_date: Option<NaiveDate>,
    pub signed_on: Option<Option<NaiveDate>>,
    pub effective_from: Option<Option<NaiveDate>>,
    pub ends_on: Option<Option<NaiveDate>>,
    pub notice_period: Option<Option<Span>>,
    pub renews_every: Option<Option<Span>>,
    pub received_on: Option<Option<NaiveDate>>,
    pub counterparty: Option<String>,
    pub corporate_number: Option<Option<String>>,
    pub invoice_number: Option<Option<String>>,
    pub amount: Option<Option<Money>>,
    pub class: Option<String>,
    pub title: Option<Option<String>>,
    pub number: Option<Option<String>>,
    /// Custom fields to set (`Some`) or remove (`None`).
    pub custom: BTreeMap<String, Option<String>>,
}

/// The answer to a change of metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Changed {
    pub id: RecordId,
    /// Number of the version that now counts.
    pub version: u32,
    /// Number of the journal entry.
    pub journal_seq: u64,
}

/// How a version comes to be, for the journal entry and the row.
pub(super) struct NextVersion<'a> {
    pub act: Act,
    pub reason: &'a str,
    pub metadata: Metadata,
    pub withdrawn: bool,
}

/// Sealed into the journal entry: full before and after.
#[derive(Serialize)]
struct ChangeDetails<'a> {
    version: u32,
    reason: &'a str,
    before: &'a Metadata,
    after: &'a Metadata,
    withdrawn: bool,
}

/// Longest reason, in characters.
const MAX_REASON_CHARS: usize = 2_000;

impl Archive {
    /// Writes a corrected version of a record's metadata.
    ///
    /// # Errors
    /// [`ArchiveError::Invalid`] when nothing changes, the reason is empty or a value is refused;
    /// [`ArchiveError::Conflict`] when somebody else changed the record meanwhile.
    pub fn correct(
        &self,
        who: &Principal,
        id: RecordId,
        changes: &Changes,
        reason: &str,
        repeat: Option<Repeat>,
    ) -> Result<Changed, ArchiveError> {
        let (record, newest) = self.load_newest_for(who, Action::Correct, id)?;
        if let Some(answer) = self.answered_before(repeat.as_ref())? {
            return Ok(answer);
        }
        let metadata = apply(&newest.metadata, changes);
        if metadata == newest.metadata {
            return Err(ArchiveError::Entry(EntryError::NothingChanges.into()));
        }
        metadata.validate().map_err(|error| ArchiveError::Entry(error.into()))?;
        let withdrawn = newest.withdrawn;
        let next = NextVersion { act: Act::Correct, reason, metadata, withdrawn };
        self.write_version(who, record, newest, next, repeat)
    }

    /// The amount that stands now, against which a correction of it is read.
    ///
    /// # Errors
    /// [`ArchiveError::NoSuchRecord`], or damage.
    pub fn present_amount(&self, who: &Principal, id: RecordId) -> Result<Option<Money>, ArchiveError> {
        Ok(self.load_newest_for(who, Action::Correct, id)?.1.metadata.amount)
    }

    pub(super) fn load_newest_for(
        &self,
        who: &Principal,
        action: Action,
        id: RecordId,
    ) -> Result<(Loaded, Version), ArchiveError> {
        let view = self.store.view();
        let record = self.load_for(&*view, who, action, id)?;
        let newest = record.latest(&*view)?;
        Ok((record, newest))
    }

    /// Appends a version; the only way a record's state changes after its deposit.
    pub(super) fn write_version(
        &self,
        who: &Principal,
        record: Loaded,
        newest: Version,
        next: NextVersion<'_>,
        repeat: Option<Repeat>,
    ) -> Result<Changed, ArchiveError> {
        let reason = checked_reason(next.reason)?;
        let id = record.id;
        let version = record.row.latest_version + 1;
        let basis = self.basis_of_next(&record, &next.metadata.class)?;
        let (until, floor) = self.period_for(&next.metadata, &basis.former_classes, Some(basis.seq))?;
        // A period can be lengthened, never shortened (I5).
        let kept = record.row.clone().keeping(until, floor);
        let NextVersion { act, metadata, withdrawn, .. } = next;
        let by = who.name.clone();
        let write = move |stamp: &Stamp| {
            let details = ChangeDetails {
                version,
                reason: &reason,
                before: &newest.metadata,
                after: &metadata,
                withdrawn,
            };
            let details = seal_json(&record.dek, Purpose::JournalDetails, id.as_bytes(), &details)?;
            let row = RecordRow { latest_version: version, ..kept };
            let written = Version {
                version,
                at: stamp.at,
                by,
                reason: Some(reason),
                withdrawn,
                journal_seq: stamp.seq,
                metadata,
            };
            let mut batch = Batch::default();
            batch.expect_value(Table::Records, *id.as_bytes(), record.row_bytes);
            batch.put(Table::Records, *id.as_bytes(), rows::encode(&row));
            let sealed = seal_json(&record.dek, Purpose::Metadata, id.as_bytes(), &written)?;
            batch.put(Table::Versions, rows::version_key(id, version), sealed);
            if let Some(Repeat { key, request }) = repeat {
                let answer = IdempotencyRow { v: V1, request, record: id, version, journal_seq: stamp.seq };
                batch.expect_absent(Table::Idempotency, key.clone());
                batch.put(Table::Idempotency, key, rows::encode(&answer));
            }
            Ok(Written { details: Some(details), batch })
        };
        let draft =
            Draft { actor: who.clone(), act, record: Some(id), blob_bytes: 0, write: Box::new(write) };
        let stamp = self.committer.commit(draft)?;
        Ok(Changed { id, version, journal_seq: stamp.seq })
    }

    /// How a request will be recognised when it is repeated; `None` when the caller gave no key.
    pub fn repeat<T: Serialize>(
        &self,
        who: &Principal,
        key: Option<&str>,
        act: Act,
        id: RecordId,
        request: &T,
    ) -> Option<Repeat> {
        let key = self.keyring.mac("idempotency-key", &[who.name.as_bytes(), key?.as_bytes()]);
        let parts = [act.as_str().as_bytes(), id.as_bytes(), &rows::encode(request)];
        Some(Repeat { key, request: self.keyring.mac("idempotent-request", &parts) })
    }

    /// The answer given earlier to the same request under the same key.
    ///
    /// # Errors
    /// [`ArchiveError::Conflict`] when the key was used for a different request.
    pub fn answered_before(&self, repeat: Option<&Repeat>) -> Result<Option<Changed>, ArchiveError> {
        let Some(repeat) = repeat else { return Ok(None) };
        let Some(stored) = self.store.view().get(Table::Idempotency, &repeat.key)? else { return Ok(None) };
        let row: IdempotencyRow = rows::decode("idempotency row", &stored)?;
        if row.request != repeat.request {
            return Err(ArchiveError::Conflict(
                "this Idempotency-Key was used for a different request".into(),
            ));
        }
        Ok(Some(Changed { id: row.record, version: row.version, journal_seq: row.journal_seq }))
    }
}

/// How a repeated request is recognised: by the caller's key, and by what was asked under it.
#[derive(Clone)]
pub struct Repeat {
    key: Vec<u8>,
    request: Vec<u8>,
}

/// A reason is what an inspector reads first: it must say something.
pub(super) fn checked_reason(reason: &str) -> Result<String, ArchiveError> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(ArchiveError::Entry(EntryError::NoReason.into()));
    }
    if reason.chars().count() > MAX_REASON_CHARS {
        return Err(ArchiveError::Invalid(format!(
            "the reason is longer than {MAX_REASON_CHARS} characters"
        )));
    }
    Ok(reason.to_owned())
}

/// The metadata after `changes`. Pure.
fn apply(before: &Metadata, changes: &Changes) -> Metadata {
    let mut after = before.clone();
    set(&mut after.transaction_date, &changes.transaction_date);
    set(&mut after.signed_on, &changes.signed_on);
    set(&mut after.effective_from, &changes.effective_from);
    set(&mut after.ends_on, &changes.ends_on);
    set(&mut after.notice_period, &changes.notice_period);
    set(&mut after.renews_every, &changes.renews_every);
    set(&mut after.received_on, &changes.received_on);
    set(&mut after.counterparty.name, &changes.counterparty);
    set(&mut after.counterparty.corporate_number, &changes.corporate_number);
    set(&mut after.counterparty.invoice_number, &changes.invoice_number);
    set(&mut after.amount, &changes.amount);
    set(&mut after.class, &changes.class);
    set(&mut after.title, &changes.title);
    set(&mut after.number, &changes.number);
    for (key, value) in &changes.custom {
        match value {
            Some(value) => drop(after.custom.insert(key.clone(), value.clone())),
            None => drop(after.custom.remove(key)),
        }
    }
    after
}

fn set<T: Clone>(field: &mut T, change: &Option<T>) {
    if let Some(value) = change {
        field.clone_from(value);
    }
}
