//! Fixity: re-read and re-hash sealed objects, a part each time, and mend damaged ones from a backup.

use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Archive;
use super::committer::{Draft, Written};
use super::error::ArchiveError;
use super::permit::{Action, permit};
use super::principal::Principal;
use super::retrieve::unseal_original;
use super::rows::{self, V1, meta};
use crate::journal::Act;
use crate::record::RecordId;
use crate::store::{Batch, BlobId, Direction, Table, View};

/// Problems told by name; the rest is only counted.
const MAX_LISTED: usize = 1_000;

/// What one run found.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FixityReport {
    /// Contracts read and compared with their digests.
    pub read: u64,
    pub bytes: u64,
    /// Contracts that did not match.
    pub damaged: u64,
    /// Of these, how many were mended from a backup and match again.
    pub repaired: u64,
    /// The run came to the last contract; the next one begins again.
    pub round_complete: bool,
    /// Nothing is damaged that could not be mended.
    pub sound: bool,
    pub problems: Vec<String>,
}

/// `Meta/fixity`: the last contract that was read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FixityRow {
    v: V1,
    after: Option<RecordId>,
    /// When the last run ended. Rows of earlier releases tell none of what follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<DateTime<Utc>>,
    /// Of the round under way; each round begins with the first contract.
    #[serde(default)]
    read: u64,
    #[serde(default)]
    damaged: u64,
    #[serde(default)]
    repaired: u64,
    /// When the last whole round ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    completed_at: Option<DateTime<Utc>>,
}

/// How far the reading has come.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FixityStatus {
    /// Nights in which all contracts are read once, and bytes a second at most.
    pub days: u32,
    pub bytes_per_second: u64,
    /// Contracts there are, and how many of them the round under way has read.
    pub contracts: u64,
    pub read: u64,
    /// Found damaged in this round, and of these mended.
    pub damaged: u64,
    pub repaired: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<DateTime<Utc>>,
    /// When the last whole round ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<DateTime<Utc>>,
}

impl Archive {
    /// Reads the next `1 / parts` of all contracts and compares each with its digest, going on where the last run ended;
    /// so `parts` runs read everything. `pace` is called after each with its size: it waits, so that searches stay fast,
    /// or ends the run.
    ///
    /// # Errors
    /// When rows cannot be read or the entry cannot be written. Damaged contracts are in the answer.
    pub fn fixity(
        &self,
        who: &Principal,
        parts: u32,
        pace: &dyn Fn(u64) -> ControlFlow<()>,
    ) -> Result<FixityReport, ArchiveError> {
        permit(who, Action::BackupVerify)?;
        let view = self.store.view();
        let count = view.scan(Table::Keys, &[], None, Direction::Forward).count();
        let row = fixity_row(&*view)?;
        let mut after = row.as_ref().and_then(|row| row.after);
        // The first key after the one read last: a record id is 16 bytes, so one more byte sorts right behind it.
        let from = after.map(|id| [id.as_bytes().as_slice(), &[0]].concat()).unwrap_or_default();
        let due = count.div_ceil(parts.max(1) as usize).max(1);
        let next = view.scan(Table::Keys, &from, None, Direction::Forward).take(due + 1);
        let ids = next
            .map(|row| Ok(<[u8; 16]>::try_from(row?.0).map(RecordId::from_bytes).ok()))
            .collect::<Result<Vec<_>, ArchiveError>>()?;
        drop(view);
        let mut report = FixityReport { round_complete: ids.len() <= due, ..FixityReport::default() };
        for id in ids.into_iter().take(due).flatten() {
            let size = self.check_contract(id, &mut report);
            after = Some(id);
            if pace(size).is_break() {
                report.round_complete = false;
                break;
            }
        }
        if report.round_complete {
            after = None;
        }
        report.sound = report.damaged == report.repaired;
        let before = row.filter(|row| row.after.is_some());
        self.journal_fixity(who, &report, self.row_after(before, &report, after)?)?;
        Ok(report)
    }

    /// How far the reading of all contracts has come.
    ///
    /// # Errors
    /// When the rows cannot be read.
    pub fn fixity_status(&self, who: &Principal) -> Result<FixityStatus, ArchiveError> {
        permit(who, Action::BackupList)?;
        let view = self.store.view();
        let row = fixity_row(&*view)?;
        let settings = &self.config.fixity;
        Ok(FixityStatus {
            days: settings.days,
            bytes_per_second: settings.bytes_per_second,
            contracts: view.scan(Table::Keys, &[], None, Direction::Forward).count() as u64,
            read: row.as_ref().map_or(0, |row| row.read),
            damaged: row.as_ref().map_or(0, |row| row.damaged),
            repaired: row.as_ref().map_or(0, |row| row.repaired),
            last_run: row.as_ref().and_then(|row| row.at),
            completed_at: row.and_then(|row| row.completed_at),
        })
    }

    /// The row after a run that came to `after`; `before` is of the same round, unless a round ended with it.
    fn row_after(
        &self,
        before: Option<FixityRow>,
        report: &FixityReport,
        after: Option<RecordId>,
    ) -> Result<FixityRow, ArchiveError> {
        let now = self.now();
        let last = fixity_row(&*self.store.view())?.and_then(|row| row.completed_at);
        let so_far = before.map_or((0, 0, 0), |row| (row.read, row.damaged, row.repaired));
        Ok(FixityRow {
            v: V1,
            after,
            at: Some(now),
            read: so_far.0 + report.read,
            damaged: so_far.1 + report.damaged,
            repaired: so_far.2 + report.repaired,
            completed_at: if report.round_complete { Some(now) } else { last },
        })
    }

    /// Reads one contract; returns its bytes.
    fn check_contract(&self, id: RecordId, report: &mut FixityReport) -> u64 {
        report.read += 1;
        match self.original_size(id) {
            Ok(Some(size)) => {
                report.bytes += size;
                size
            }
            Ok(None) => 0,
            Err(error) => {
                report.damaged += 1;
                let mended = self.mend(id);
                let outcome = match &mended {
                    Ok(()) => "mended from a backup".to_owned(),
                    Err(why) => format!("not mended: {why}"),
                };
                report.repaired += u64::from(mended.is_ok());
                if report.problems.len() < MAX_LISTED {
                    report.problems.push(format!("{id}: {error}; {outcome}"));
                }
                0
            }
        }
    }

    /// The size of a contract that matches its digest; `None` when it was destroyed meanwhile.
    fn original_size(&self, id: RecordId) -> Result<Option<u64>, ArchiveError> {
        let view = self.store.view();
        if view.get(Table::Keys, id.as_bytes())?.is_none() {
            return Ok(None);
        }
        let record = self.load(&*view, id)?;
        Ok(Some(unseal_original(&*self.store, &record, &record.facts()?)?.len() as u64))
    }

    /// Puts the object of a backup in the place of the damaged one.
    fn mend(&self, id: RecordId) -> Result<(), ArchiveError> {
        let blob = BlobId(*id.as_bytes());
        let lost = || ArchiveError::NotFound(format!("sound copy of record {id} in any backup"));
        let sealed = self.object_in_backups(&blob, None).ok_or_else(lost)?;
        let blobs = self.store.blobs();
        // Between the two the object is missing, which is no worse than damaged: the next run finds it again.
        blobs.delete(&blob)?;
        blobs.put(blob, &sealed)?;
        self.original_size(id).map(drop)
    }

    fn journal_fixity(
        &self,
        who: &Principal,
        report: &FixityReport,
        row: FixityRow,
    ) -> Result<(), ArchiveError> {
        let details = Some(self.keyring.seal_archive_details(&("fixity", report))?);
        let mut batch = Batch::default();
        batch.put(Table::Meta, meta::FIXITY, rows::encode(&row));
        let write = Box::new(move |_: &_| Ok(Written { details, batch }));
        let draft = Draft { actor: who.clone(), act: Act::Verify, record: None, blob_bytes: 0, write };
        self.committer.commit(draft).map(drop)
    }
}

fn fixity_row(view: &dyn View) -> Result<Option<FixityRow>, ArchiveError> {
    let row = view.get(Table::Meta, meta::FIXITY)?;
    row.map(|row| rows::decode("fixity row", &row)).transpose()
}
