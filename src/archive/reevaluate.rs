//! Deciding again about every record, when a policy or a fiscal calendar has changed: a job that can be interrupted.
//!
//! Decisions about single records are always made anew, so nothing waits for this job: it brings the dates up to date that
//! lists and searches show. Every batch of changed rows has its journal entry; the cursor beside them only saves work.

use serde::{Deserialize, Serialize};

use super::committer::{Draft, Written};
use super::error::ArchiveError;
use super::permit::{Action, permit};
use super::principal::Principal;
use super::records::Loaded;
use super::rows::{self, V1, meta};
use super::{Archive, Progress};
use crate::journal::Act;
use crate::record::RecordId;
use crate::store::{Batch, Direction, Table};

/// Records decided in one step; each step is one journal entry at most.
const RECORDS_PER_STEP: usize = 256;

/// `Meta/reevaluation`: how far the job is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReevaluationRow {
    v: V1,
    /// Journal entries when the job was asked for; another number is another job.
    asked_at: u64,
    /// The last record decided.
    through: Option<RecordId>,
    state: Reevaluation,
}

/// How far all records have been decided again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reevaluation {
    /// Nothing is left to do.
    pub done: bool,
    /// Records decided.
    pub records: u64,
    /// Records whose date is another one now.
    pub changed: u64,
    /// Records that could not be decided; they keep their dates. The server's log names them.
    pub failures: u64,
}

/// Sealed into the journal entry of one step.
#[derive(Serialize)]
struct StepDetails<'a> {
    job: &'static str,
    records: &'a [RecordId],
}

/// A record whose row is to change.
struct Change {
    id: RecordId,
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Archive {
    /// Takes over changed policy files and decides about every record again; goes on where it was interrupted.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`], a policy file that cannot be used, or the store's.
    pub fn retention_reevaluate(
        &self,
        who: &Principal,
        progress: Progress<'_>,
    ) -> Result<Reevaluation, ArchiveError> {
        permit(who, Action::RetentionChange)?;
        if self.take_over_policies(who)? || self.reevaluation()?.done {
            self.ask_for_reevaluation()?;
        }
        self.reevaluate(progress, &|| false)
    }

    /// How far the job is.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`], or damage.
    pub fn retention_reevaluation(&self, who: &Principal) -> Result<Reevaluation, ArchiveError> {
        permit(who, Action::RetentionPolicies)?;
        self.reevaluation()
    }

    /// Finishes what is left of the job, for a server that has just started; ends early when `stop` says so.
    ///
    /// # Errors
    /// The store's.
    pub fn finish_reevaluation(&self, stop: &dyn Fn() -> bool) -> Result<Reevaluation, ArchiveError> {
        if self.reevaluation()?.done {
            return self.reevaluation();
        }
        self.reevaluate(&|_, _| {}, stop)
    }

    /// Notes that all records have to be decided again.
    pub(super) fn ask_for_reevaluation(&self) -> Result<(), ArchiveError> {
        let row = ReevaluationRow { asked_at: self.journal_size(), ..ReevaluationRow::default() };
        self.put_reevaluation(&row)
    }

    fn reevaluation(&self) -> Result<Reevaluation, ArchiveError> {
        Ok(self.reevaluation_row()?.state)
    }

    fn reevaluation_row(&self) -> Result<ReevaluationRow, ArchiveError> {
        match self.store.view().get(Table::Meta, meta::REEVALUATION)? {
            Some(row) => rows::decode("reevaluation row", &row),
            None => {
                let state = Reevaluation { done: true, ..Reevaluation::default() };
                Ok(ReevaluationRow { state, ..ReevaluationRow::default() })
            }
        }
    }

    fn put_reevaluation(&self, row: &ReevaluationRow) -> Result<(), ArchiveError> {
        let mut batch = Batch::default();
        batch.put(Table::Meta, meta::REEVALUATION, rows::encode(row));
        Ok(self.store.commit(batch)?)
    }

    fn reevaluate(
        &self,
        progress: Progress<'_>,
        stop: &dyn Fn() -> bool,
    ) -> Result<Reevaluation, ArchiveError> {
        let _one = self.reevaluating.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        loop {
            // Read again each time: somebody may have asked anew, and then it begins from the first record.
            let mut row = self.reevaluation_row()?;
            if row.state.done || stop() {
                return Ok(row.state);
            }
            let asked_at = row.asked_at;
            self.step(&mut row)?;
            if self.reevaluation_row()?.asked_at == asked_at {
                self.put_reevaluation(&row)?;
            }
            progress(row.state.records, None);
        }
    }

    /// Decides about the next records and writes what changed.
    fn step(&self, row: &mut ReevaluationRow) -> Result<(), ArchiveError> {
        let from = row.through.map_or_else(Vec::new, |id| [id.as_bytes().as_slice(), &[0]].concat());
        let view = self.store.view();
        let mut changes = Vec::new();
        let mut seen = 0;
        for stored in view.scan(Table::Records, &from, None, Direction::Forward).take(RECORDS_PER_STEP) {
            let (key, before) = stored?;
            let id = <[u8; 16]>::try_from(key).map(RecordId::from_bytes);
            let id = id.map_err(|_| ArchiveError::Corrupt("a record row has no id".into()))?;
            seen += 1;
            row.through = Some(id);
            match self.row_now(id, &before) {
                Ok(Some(after)) => changes.push(Change { id, before, after }),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%id, %error, "a record cannot be decided again; it keeps its date");
                    row.state.failures += 1;
                }
            }
        }
        drop(view);
        row.state.records += seen as u64;
        row.state.done = seen < RECORDS_PER_STEP;
        row.state.changed += changes.len() as u64;
        match self.write_changes(&changes) {
            // Somebody corrected one of them meanwhile, and decided about it: the others go one by one.
            Err(ArchiveError::Conflict(_)) => {
                changes.iter().try_for_each(|change| match self.write_changes(std::slice::from_ref(change)) {
                    Err(ArchiveError::Conflict(_)) => Ok(()),
                    other => other,
                })
            }
            other => other,
        }
    }

    /// The row that a record should have, when it is another one than it has.
    fn row_now(&self, id: RecordId, before: &[u8]) -> Result<Option<Vec<u8>>, ArchiveError> {
        let view = self.store.view();
        let row: rows::RecordRow = rows::decode("record row", before)?;
        let record = Loaded { id, row, row_bytes: before.to_vec(), dek: self.keyring.dek(&*view, id)? };
        let versions = record.versions(&*view)?;
        let newest =
            versions.last().ok_or_else(|| ArchiveError::Corrupt(format!("record {id} has no version")))?;
        let basis = self.basis(&record, &versions)?;
        let (until, floor) = self.period_for(&newest.metadata, &basis.former_classes, Some(basis.seq))?;
        let after = rows::encode(&record.row.keeping(until, floor));
        Ok((after != before).then_some(after))
    }

    fn write_changes(&self, changes: &[Change]) -> Result<(), ArchiveError> {
        if changes.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = changes.iter().map(|change| change.id).collect();
        let details = StepDetails { job: "retention", records: &ids };
        let details = Some(self.keyring.seal_archive_details(&details)?);
        let mut batch = Batch::default();
        for Change { id, before, after } in changes {
            batch.expect_value(Table::Records, *id.as_bytes(), before.clone());
            batch.put(Table::Records, *id.as_bytes(), after.clone());
        }
        let draft = Draft {
            actor: Principal::system(),
            act: Act::Job,
            record: None,
            blob_bytes: 0,
            write: Box::new(move |_| Ok(Written { details, batch })),
        };
        self.committer.commit(draft).map(drop)
    }
}
