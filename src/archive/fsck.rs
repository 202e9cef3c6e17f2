//! Fsck: re-derive everything from the journal and the sealed objects, and compare it with what is stored.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::absent::absent;
use super::disposition::Tombstone;
use super::error::ArchiveError;
use super::journal_verify::JournalReport;
use super::permit::{Action, permit};
use super::retrieve::unseal_original;
use super::rows::{self, RecordRow};
use super::timestamps::{rendition_keys, rendition_owners};
use super::{Archive, Principal, Progress};
use crate::journal::{Act, Entry};
use crate::record::RecordId;
use crate::store::{self, BlobId, Direction, Table, View};

/// Problems listed by name; the rest is only counted.
const MAX_LISTED: usize = 1_000;

/// What a check is busy with, for telling its progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checking {
    /// Rows of the store; how many there are is not known.
    Rows,
    /// Journal entries.
    Journal,
    /// Records, each with its original.
    Contracts,
}

/// Told of which part so much is done, and of how much.
pub(super) type CheckProgress<'a> = &'a (dyn Fn(Checking, u64, Option<u64>) + Sync);

/// What the check found.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FsckReport {
    /// Nothing disagrees.
    pub sound: bool,
    pub records: u64,
    pub versions: u64,
    /// Bytes of originals unsealed and compared with their digests.
    pub bytes: u64,
    pub journal: JournalReport,
    /// Store rows read with their checksums, and sealed objects that opened.
    pub rows: u64,
    pub blobs: u64,
    pub problem_count: u64,
    pub problems: Vec<Problem>,
}

/// One disagreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// The record concerned, when it is one record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordId>,
    pub what: String,
}

impl FsckReport {
    fn problem(&mut self, record: Option<RecordId>, what: impl ToString) {
        self.problem_count += 1;
        if self.problems.len() < MAX_LISTED {
            self.problems.push(Problem { record, what: what.to_string() });
        }
    }

    /// Adds what a part of the records showed.
    fn join(&mut self, part: FsckReport) {
        self.records += part.records;
        self.versions += part.versions;
        self.bytes += part.bytes;
        self.blobs += part.blobs;
        self.problem_count += part.problem_count;
        let room = MAX_LISTED.saturating_sub(self.problems.len());
        self.problems.extend(part.problems.into_iter().take(room));
    }
}

impl Archive {
    /// Reads everything there is: store checksums, the journal's tree, every record, version and original, the index.
    ///
    /// # Errors
    /// Only when the check cannot go on; what disagrees is in the report.
    pub fn fsck(&self, who: &Principal, progress: Progress<'_>) -> Result<FsckReport, ArchiveError> {
        self.fsck_on(who, 1, &|part, done, total| match part {
            Checking::Contracts => progress(done, total),
            Checking::Rows | Checking::Journal => {}
        })
    }

    /// The same on several threads: only where nobody is being served meanwhile.
    pub(super) fn fsck_on(
        &self,
        who: &Principal,
        threads: usize,
        progress: CheckProgress<'_>,
    ) -> Result<FsckReport, ArchiveError> {
        permit(who, Action::Fsck)?;
        self.journal_note(who, Act::Verify, &"fsck")?;
        let mut report = FsckReport::default();
        self.check_store(&mut report, progress)?;
        report.journal = self.journal_verify(&|done, total| progress(Checking::Journal, done, total))?;
        let problems = std::mem::take(&mut report.journal.problems);
        problems.into_iter().for_each(|what| report.problem(None, format!("journal: {what}")));
        let expected = self.check_records(&mut report, threads, progress)?;
        self.check_strays(&mut report, &expected)?;
        self.missing_keepers()?.into_iter().for_each(|what| report.problem(None, what));
        let people = self.check_people(&*self.store.view())?;
        people.into_iter().for_each(|what| report.problem(None, format!("people: {what}")));
        // Nothing is lost with the index, but searches would miss contracts, and somebody has to be told.
        if let Err(error) = self.indexer.check() {
            report.problem(None, format!("index: {error}"));
        }
        report.sound = report.problem_count == 0;
        Ok(report)
    }

    /// Has the store verify the checksums of its rows. Those of blobs are verified when each is unsealed and hashed, so
    /// that everything is read once.
    fn check_store(&self, report: &mut FsckReport, progress: CheckProgress<'_>) -> Result<(), ArchiveError> {
        let rows_only = |read: &store::Progress| {
            progress(Checking::Rows, read.rows, None);
            if read.blobs == 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let found = self.store.verify(&mut { rows_only })?;
        report.rows = found.read.rows;
        for damage in &found.damages {
            report.problem(None, format!("store: {}: {}", damage.place, damage.detail));
        }
        Ok(())
    }

    /// Walks the journal: every deposit must have its record, every record exactly the versions journaled.
    fn check_records(
        &self,
        report: &mut FsckReport,
        threads: usize,
        progress: CheckProgress<'_>,
    ) -> Result<HashSet<RecordId>, ArchiveError> {
        let view = self.store.view();
        let mut deposits = Vec::new();
        for row in view.scan(Table::Journal, &[], None, Direction::Forward) {
            // What cannot be read was reported by the store's own check already, and nothing beyond it can be.
            let Ok((_, bytes)) = row else { break };
            let Ok(entry) = Entry::decode(&bytes) else { continue };
            if let (Act::Deposit, Some(id)) = (entry.act, entry.record) {
                deposits.push((id, entry.seq));
            }
        }
        drop(view);
        let (done, total) = (AtomicU64::new(0), Some(deposits.len() as u64));
        let part = deposits.len().div_ceil(threads.max(1)).max(1);
        let check = |part: &[(RecordId, u64)]| {
            // Each part has a view of its own: all are later than the list, and each agrees with itself.
            let (view, mut found) = (self.store.view(), FsckReport::default());
            for (id, seq) in part {
                self.check_record(&*view, *id, *seq, &mut found);
                progress(Checking::Contracts, done.fetch_add(1, Ordering::Relaxed) + 1, total);
            }
            found
        };
        let parts: Vec<_> = std::thread::scope(|scope| {
            let check = &check;
            let running: Vec<_> =
                deposits.chunks(part).map(|part| scope.spawn(move || check(part))).collect();
            let joined = running.into_iter().map(|thread| thread.join());
            joined.map(|found| found.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        });
        parts.into_iter().for_each(|found| report.join(found));
        Ok(deposits.into_iter().map(|(id, _)| id).collect())
    }

    fn check_record(&self, view: &dyn View, id: RecordId, deposit_seq: u64, report: &mut FsckReport) {
        report.records += 1;
        if let Err(error) = self.check_record_rows(view, id, deposit_seq, report) {
            report.problem(Some(id), error);
        }
    }

    fn check_record_rows(
        &self,
        view: &dyn View,
        id: RecordId,
        deposit_seq: u64,
        report: &mut FsckReport,
    ) -> Result<(), ArchiveError> {
        if let Some(row) = absent(view, id)? {
            let left = view.get(Table::Records, id.as_bytes())?.is_some()
                || view.get(Table::Keys, id.as_bytes())?.is_some()
                || self.store.blobs().size(&BlobId(*id.as_bytes()))?.is_some();
            if left || row.deposit_seq != deposit_seq {
                report.problem(Some(id), "it was left out by a restore, but something of it is here");
            }
            return Ok(());
        }
        if let Some(tombstone) = self.tombstone(view, id)? {
            return self.check_tombstone(view, id, deposit_seq, &tombstone, report);
        }
        let record = self.load(view, id)?;
        if record.row.deposit_seq != deposit_seq {
            report.problem(
                Some(id),
                format!("its row says deposit {}, the journal {deposit_seq}", record.row.deposit_seq),
            );
        }
        let journaled = self.versions_in_journal(view, id)?;
        if journaled != record.row.latest_version {
            let stored = record.row.latest_version;
            report
                .problem(Some(id), format!("the journal tells of {journaled} versions, its row of {stored}"));
        }
        for version in record.versions(view)? {
            report.versions += 1;
            let (_, entry) = self.entry(view, version.journal_seq)?;
            if entry.record != Some(id) || entry.at != version.at || entry.actor != version.by {
                report
                    .problem(Some(id), format!("version {} and its journal entry disagree", version.version));
            }
        }
        let facts = record.facts()?;
        let dedup = view.get(Table::Dedup, &self.keyring.dedup_key(&facts.sha256))?;
        if dedup.as_deref() != Some(id.as_bytes().as_slice()) {
            report.problem(Some(id), "its digest does not lead back to it");
        }
        let original = unseal_original(&*self.store, &record, &facts)?;
        report.bytes += original.len() as u64;
        for problem in self.check_renditions(view, &record, &original)? {
            report.problem(Some(id), problem);
        }
        report.blobs += 1;
        Ok(())
    }

    /// A destroyed record: its certificate must be in the journal, and nothing of it in the store.
    fn check_tombstone(
        &self,
        view: &dyn View,
        id: RecordId,
        deposit_seq: u64,
        tombstone: &Tombstone,
        report: &mut FsckReport,
    ) -> Result<(), ArchiveError> {
        let certificate = &tombstone.certificate;
        let (_, entry) = self.entry(view, certificate.journal_seq)?;
        let journaled = (entry.act, entry.record) == (Act::Dispose, Some(id));
        if !journaled || tombstone.deposit_seq != deposit_seq || certificate.record != id {
            report.problem(Some(id), "its certificate of destruction and the journal disagree");
        }
        for table in [Table::Records, Table::Keys, Table::Texts] {
            if view.get(table, id.as_bytes())?.is_some() {
                report.problem(Some(id), format!("it was destroyed, but a row of {table:?} is left"));
            }
        }
        if !rendition_keys(view, id)?.is_empty() {
            report.problem(Some(id), "it was destroyed, but a rendition of it is left");
        }
        if self.store.blobs().size(&BlobId::from(*id.as_bytes()))?.is_some() {
            let plan = &certificate.plan;
            report.problem(
                Some(id),
                format!("it was destroyed, but its sealed object is left; run `shosoin disposition perform {plan}` again"),
            );
        }
        Ok(())
    }

    /// How many versions the journal says a record has.
    fn versions_in_journal(&self, view: &dyn View, id: RecordId) -> Result<u32, ArchiveError> {
        let mut versions = 0;
        for seq in self.trail(view, id, 0, usize::MAX)? {
            let (_, entry) = self.entry(view, seq)?;
            if matches!(entry.act, Act::Deposit | Act::Correct | Act::Withdraw | Act::Reinstate) {
                versions += 1;
            }
        }
        Ok(versions)
    }

    /// Looks for rows and blobs that no deposit accounts for.
    fn check_strays(
        &self,
        report: &mut FsckReport,
        expected: &HashSet<RecordId>,
    ) -> Result<(), ArchiveError> {
        let view = self.store.view();
        for table in [Table::Records, Table::Keys, Table::Versions, Table::Trail, Table::Texts] {
            let mut last = None;
            for row in view.scan(table, &[], None, Direction::Forward) {
                // Reported by the store's own check already.
                let Ok((key, value)) = row else { break };
                let id = key.get(..16).and_then(|id| id.try_into().ok()).map(RecordId::from_bytes);
                if id.is_none_or(|id| !expected.contains(&id)) && last != id {
                    report.problem(id, format!("a row of {table:?} belongs to no deposit in the journal"));
                }
                if table == Table::Records
                    && let Err(error) = rows::decode::<RecordRow>("record row", &value)
                {
                    report.problem(id, error);
                }
                last = id;
            }
        }
        for id in rendition_owners(&*view)? {
            if !expected.contains(&id) {
                report.problem(Some(id), "a rendition belongs to no deposit in the journal");
            }
        }
        for blob in self.store.blobs().list() {
            // A damaged list was reported by the store's own check; nothing beyond it can be read.
            let Ok(BlobId(id)) = blob else { break };
            let id = RecordId::from_bytes(id);
            if !expected.contains(&id) {
                report.problem(Some(id), "a sealed object belongs to no deposit in the journal");
            }
        }
        Ok(())
    }
}
