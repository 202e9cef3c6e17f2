//! Performing an approved plan: the only code that destroys contracts.
//!
//! Order of writes, for each record: (1) one batch with the journal entry `dispose` removes the wrapped key, the record's
//! row, its versions, renditions and text, and leaves the tombstone with the certificate; from here the contract cannot be opened
//! any more. (2) The sealed object is deleted. Then, for all of the plan: (3) the index forgets and is purged; (4) what the
//! store's files still hold of the removed rows is erased; (5) the plan's row says that it is performed.
//!
//! A crash before (1) leaves the record as it was. After (1), performing the plan again finds the tombstone and goes on with
//! the steps that follow, all of which may be repeated. Until (5) the plan does not count as performed.

use chrono::NaiveDate;

use super::certificate::METHOD;
use super::{
    Approval, Certificate, Kept, KeyLapse, Performed, PlanRow, PlanView, Tombstone, Transferred, TrustedTime,
    tombstone_key,
};
use crate::archive::committer::{Draft, Written};
use crate::archive::error::ArchiveError;
use crate::archive::journal_log::hex;
use crate::archive::permit::{Action, permit};
use crate::archive::principal::Principal;
use crate::archive::records::Loaded;
use crate::archive::rows::{self, V1};
use crate::archive::timestamps::{rendition_keys, rendition_ranges};
use crate::archive::{Archive, Progress};
use crate::journal::Act;
use crate::record::{RecordId, Version, date};
use crate::retention::{Decision, Lang, Outcome, sentence};
use crate::store::{Batch, BlobId, Table};

/// What became of one record of a plan.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Its key is gone, by this run or an earlier one.
    Destroyed,
    /// It stays, and why.
    Kept(String),
}

impl Archive {
    /// Destroys what an approved plan names and is still eligible.
    ///
    /// # Errors
    /// [`ArchiveError::Refused`] without approval or without a verified token; the store's. What was destroyed before an
    /// error stays destroyed; performing the plan again finishes it.
    pub fn disposition_perform(
        &self,
        who: &Principal,
        plan: &str,
        progress: Progress<'_>,
    ) -> Result<PlanView, ArchiveError> {
        permit(who, Action::DispositionPerform)?;
        let (row, stored) = self.plan_row(&*self.store.view(), plan)?;
        if row.performed.is_some() {
            return Ok(row.into());
        }
        let approval = row.approval.clone().ok_or_else(|| {
            ArchiveError::Refused(format!(
                "plan {plan} is not approved; somebody other than {} has to",
                row.author
            ))
        })?;
        if let (Some(to), None) = (&row.transfer_to, &row.confirmed) {
            return Err(ArchiveError::Refused(format!(
                "{to} has not confirmed the transfer; hand it the package of `shosoin disposition package {plan}`, then its \
                 receipt to `shosoin disposition confirm {plan}`"
            )));
        }
        let trusted = self.trusted_time().ok_or_else(|| {
            ArchiveError::Refused(
                "no verified timestamp token proves what day it is, and the machine's clock alone destroys nothing; \
                 obtain one with `shosoin timestamp attest`, then repeat"
                    .into(),
            )
        })?;
        let total = row.items.len() as u64;
        let (mut destroyed, mut kept) = (Vec::new(), Vec::new());
        for (done, item) in (1..).zip(&row.items) {
            match self.destroy(who, &row, &approval, item.id, &trusted)? {
                Fate::Destroyed => destroyed.push(item.id),
                Fate::Kept(why) => kept.push(Kept { id: item.id, why }),
            }
            progress(done, Some(total));
        }
        self.remove_remains(&destroyed)?;
        let count = destroyed.len() as u64;
        let (by, at) = (who.name.clone(), self.clock.now());
        let performed = Some(Performed { by, at, trusted, destroyed: count, kept });
        let row = PlanRow { performed, ..row };
        self.write_plan(who, Act::DispositionComplete, &row, Some(stored))?;
        Ok(row.into())
    }

    /// The newest time that a verified timestamp token proves.
    pub(super) fn trusted_time(&self) -> Option<TrustedTime> {
        match &self.trusted_clock {
            Some(clock) => clock.newest(),
            None => self.proven_time(),
        }
    }

    /// Step 1: decides again and, when the record may go, removes its key and leaves the tombstone.
    pub(super) fn destroy(
        &self,
        who: &Principal,
        plan: &PlanRow,
        approval: &Approval,
        id: RecordId,
        trusted: &TrustedTime,
    ) -> Result<Fate, ArchiveError> {
        // Holds, policies and calendars do not change between the decision and the destruction.
        let _one = self.destruction_lock();
        let view = self.store.view();
        if self.tombstone(&*view, id)?.is_some() {
            return Ok(Fate::Destroyed);
        }
        let transfer = match plan.transferred(id) {
            Ok(transfer) => transfer,
            Err(why) => return Ok(Fate::Kept(why)),
        };
        let record = self.load(&*view, id)?;
        let versions = record.versions(&*view)?;
        // The earlier of the proven day and the machine's: a clock in the future destroys nothing.
        let day = date::in_zone(trusted.time, self.config.archive.zone).min(self.today());
        let (decision, holds) = self.decision_on(&record, &versions, day)?;
        if decision.decision != Outcome::Eligible {
            let by = if holds.is_empty() { String::new() } else { format!(" ({})", holds.join(", ")) };
            return Ok(Fate::Kept(format!("{}{by}", sentence(&decision, Lang::En))));
        }
        let Some(retain_until) = decision.retain_until else {
            return Ok(Fate::Kept("no end of its period is known".into()));
        };
        drop(view);
        let end = End { plan, approval, trusted, decision, retain_until, transfer };
        match self.commit_destruction(who, record, &versions, end) {
            Ok(()) => Ok(Fate::Destroyed),
            Err(ArchiveError::Conflict(_)) => {
                Ok(Fate::Kept("it was changed at the same moment; plan it again".into()))
            }
            Err(error) => Err(error),
        }
    }

    fn commit_destruction(
        &self,
        who: &Principal,
        record: Loaded,
        versions: &[Version],
        end: End<'_>,
    ) -> Result<(), ArchiveError> {
        let id = record.id;
        let facts = record.facts()?;
        let metadata = versions.last().map(|version| &version.metadata);
        let metadata =
            metadata.ok_or_else(|| ArchiveError::Corrupt(format!("record {id} has no version")))?;
        let mut certificate = Certificate {
            record: id,
            class: metadata.class.clone(),
            entity: metadata.entity.clone(),
            archive: self.identity.origin.clone(),
            deposit_seq: record.row.deposit_seq,
            journal_seq: 0,
            plan: end.plan.plan.to_string(),
            plan_digest: end.plan.digest,
            planned_by: end.plan.author.clone(),
            approval: end.approval.clone(),
            performed_by: who.name.clone(),
            destroyed_at: self.clock.now(),
            trusted: end.trusted.clone(),
            retain_until: end.retain_until,
            decision: end.decision,
            method: METHOD.to_owned(),
            backup_keys: None,
            transfer: end.transfer,
            content_mac: hex(&self.keyring.dedup_key(&facts.sha256)),
        };
        let (keyring, zone, backup) =
            (self.keyring.clone(), self.config.archive.zone, self.config.backup.clone());
        // The destruction lock is held: none is added meanwhile.
        let renditions = rendition_keys(&*self.store.view(), id)?;
        let draft = Draft {
            actor: who.clone(),
            act: Act::Dispose,
            record: Some(id),
            blob_bytes: 0,
            write: Box::new(move |stamp| {
                certificate.journal_seq = stamp.seq;
                certificate.destroyed_at = stamp.at;
                certificate.backup_keys = Some(KeyLapse::after(date::in_zone(stamp.at, zone), &backup));
                // Under the archive's key: the record's own does not outlive this entry.
                let details = Some(keyring.seal_archive_details(&certificate)?);
                let mut batch = Batch::default();
                batch.expect_value(Table::Records, *id.as_bytes(), record.row_bytes);
                batch.delete(Table::Keys, *id.as_bytes());
                batch.delete(Table::Records, *id.as_bytes());
                batch.delete(Table::Texts, *id.as_bytes());
                for version in 1..=record.row.latest_version {
                    batch.delete(Table::Versions, rows::version_key(id, version));
                }
                for key in renditions {
                    batch.delete(Table::Evidence, key);
                }
                let tombstone = Tombstone { v: V1, deposit_seq: record.row.deposit_seq, certificate };
                let key = tombstone_key(id);
                batch.put(Table::Meta, key.clone(), keyring.seal_row(&key, &tombstone)?);
                Ok(Written { details, batch })
            }),
        };
        self.committer.commit(draft).map(drop)
    }

    /// Steps 2 to 4: sealed objects, index, traces in files. May be repeated.
    pub(super) fn remove_remains(&self, ids: &[RecordId]) -> Result<(), ArchiveError> {
        for id in ids {
            self.store.blobs().delete(&BlobId::from(*id.as_bytes()))?;
        }
        let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else { return Ok(()) };
        self.indexer.forget(self.journal_size())?;
        // A reader of texts that was at work meanwhile may have written the row again; now there is none.
        let mut batch = Batch::default();
        for id in ids {
            batch.delete(Table::Texts, *id.as_bytes());
        }
        self.store.commit(batch)?;
        let after = [last.as_bytes().as_slice(), &[u8::MAX; 5]].concat();
        for table in [Table::Keys, Table::Versions, Table::Texts, Table::Records] {
            self.store.erase_traces(table, first.as_bytes(), Some(&after))?;
        }
        for (from, to) in rendition_ranges(*first, *last) {
            // Files are rewritten only where something lies within the range; for records without renditions this does.
            let mut batch = Batch::default();
            batch.delete(Table::Evidence, from.clone());
            self.store.commit(batch)?;
            self.store.erase_traces(Table::Evidence, &from, Some(&to))?;
        }
        Ok(())
    }
}

/// What allows one destruction.
struct End<'a> {
    plan: &'a PlanRow,
    approval: &'a Approval,
    trusted: &'a TrustedTime,
    decision: Decision,
    retain_until: NaiveDate,
    transfer: Option<Transferred>,
}
