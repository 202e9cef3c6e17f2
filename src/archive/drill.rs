//! The drill: restore a generation for practice, open it, and compare it with the living archive.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::backup_verify::{CheckDetails, parse_generation};
use super::error::ArchiveError;
use super::head::TreeRows;
use super::key_source::KeySource;
use super::permit::{Action, permit};
use super::principal::Principal;
use super::restore::{KeyCopy, RestoreRequest, Stage, restore_with};
use super::retrieve::unseal_original;
use super::{Archive, Options, Progress};
use crate::backup::{Part, Stop};
use crate::journal::{Act, merkle};
use crate::record::RecordId;
use crate::store::{Direction, Table, View};

/// Contracts compared byte for byte, spread evenly over all of them.
const SAMPLE: usize = 50;
/// Scratch directories of drills begin with this.
const SCRATCH: &str = "drill-";

/// What a drill found.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DrillReport {
    pub generation: String,
    pub tier: String,
    pub entries: u64,
    pub records: u64,
    /// Contracts whose bytes were compared with the living archive's.
    pub compared: u64,
    /// It restores, opens, agrees with its own journal and with the living archive.
    pub verified: bool,
    pub problems: Vec<String>,
}

impl Archive {
    /// Restores the newest generation of a tier, or the one named, into a scratch directory inside the data directory,
    /// opens it and compares tree head, counts and a sample of contracts. Nothing of it stays, and the key is not copied.
    ///
    /// # Errors
    /// When there is no such generation, no room, or the repository cannot be reached. What does not agree, or does not
    /// restore at all, is in the answer.
    pub fn backup_drill(
        &self,
        who: &Principal,
        which: &str,
        progress: Progress<'_>,
    ) -> Result<DrillReport, ArchiveError> {
        self.backup_drill_until(who, which, &|| false, progress)
    }

    /// The same until it is time to stop. What was restored is checked to its end.
    ///
    /// # Errors
    /// As [`backup_drill`](Self::backup_drill); [`ArchiveError::Backup`] when it was stopped.
    pub fn backup_drill_until(
        &self,
        who: &Principal,
        which: &str,
        stop: Stop<'_>,
        progress: Progress<'_>,
    ) -> Result<DrillReport, ArchiveError> {
        permit(who, Action::BackupVerify)?;
        let _one_at_a_time = self.begin_backup()?;
        let (tier, number) = parse_generation(which)?;
        let from = self.repository_path(tier)?;
        self.remove_scratch()?;
        let scratch = self.layout.root().join(format!("{SCRATCH}{}", Uuid::new_v4()));
        let request = RestoreRequest {
            from,
            generation: number.map(|number: u64| number.to_string()),
            to: scratch,
            key: self.layout.root().join(&self.config.key.file),
        };
        let report = self.practise(&request, tier.name(), (stop, progress));
        self.remove_scratch()?;
        let report = report?;
        let details = CheckDetails {
            what: "drill",
            generation: &report.generation,
            verified: report.verified,
            problems: report.problems.len() as u64,
        };
        self.journal_note(who, Act::Backup, &details)?;
        Ok(report)
    }

    fn practise(
        &self,
        request: &RestoreRequest,
        tier: &str,
        (stop, progress): (Stop<'_>, Progress<'_>),
    ) -> Result<DrillReport, ArchiveError> {
        let key = KeySource::Opened(Box::new(self.keyring.key_file()));
        let options = Options { clock: self.clock.clone(), key, ..Options::default() };
        let reading = |stage: Stage, done, total| {
            if stage == Stage::Reading(Part::Packs) {
                progress(done, total);
            }
        };
        let (restored, copy) = restore_with(request, (KeyCopy::Link, stop), options, &reading)?;
        let mut report = DrillReport {
            generation: restored.generation,
            tier: tier.to_owned(),
            entries: restored.journal_seq,
            records: restored.records,
            compared: 0,
            verified: false,
            problems: restored.problems,
        };
        self.compare_heads(&copy, &mut report)?;
        self.compare_contracts(&copy, &mut report)?;
        report.verified = report.problems.is_empty();
        Ok(report)
    }

    /// The restored journal must be how the living one began.
    fn compare_heads(&self, copy: &Archive, report: &mut DrillReport) -> Result<(), ArchiveError> {
        let (ours, theirs) = (self.store.view(), copy.store.view());
        let root = |view: &dyn View| merkle::root_at(&TreeRows(view), report.entries);
        if self.head(&*ours)?.size() < report.entries || root(&*ours)? != root(&*theirs)? {
            report.problems.push("the restored journal is not how this archive's journal begins".into());
        }
        Ok(())
    }

    fn compare_contracts(&self, copy: &Archive, report: &mut DrillReport) -> Result<(), ArchiveError> {
        let (ours, theirs) = (self.store.view(), copy.store.view());
        let count = theirs.scan(Table::Keys, &[], None, Direction::Forward).count();
        if count as u64 != report.records {
            report.problems.push(format!("{count} keys came back for {} records", report.records));
        }
        let step = count.div_ceil(SAMPLE).max(1);
        for row in theirs.scan(Table::Keys, &[], None, Direction::Forward).step_by(step) {
            let id = <[u8; 16]>::try_from(row?.0).map(RecordId::from_bytes);
            let id = id.map_err(|_| ArchiveError::Corrupt("a key row is not of a record".into()))?;
            // Destroyed since the generation was made: there is nothing left to compare it with.
            if ours.get(Table::Keys, id.as_bytes())?.is_none() {
                continue;
            }
            report.compared += 1;
            match (self.contract(&*ours, id), copy.contract(&*theirs, id)) {
                (Ok(ours), Ok(theirs)) if ours == theirs => {}
                (Ok(_), Ok(_)) => report.problems.push(format!("{id}: the restored contract differs")),
                (_, Err(error)) => report.problems.push(format!("{id}: restored: {error}")),
                (Err(error), _) => report.problems.push(format!("{id}: in this archive: {error}")),
            }
        }
        Ok(())
    }

    /// A contract's bytes, for comparing only: nobody sees them, so nobody looked.
    fn contract(&self, view: &dyn View, id: RecordId) -> Result<Vec<u8>, ArchiveError> {
        let record = self.load(view, id)?;
        unseal_original(&*self.store, &record, &record.facts()?)
    }

    /// Removes what drills left, also those that were killed.
    fn remove_scratch(&self) -> Result<(), ArchiveError> {
        let root = self.layout.root();
        for entry in std::fs::read_dir(root).map_err(ArchiveError::io(root))? {
            let entry = entry.map_err(ArchiveError::io(root))?;
            if entry.file_name().to_string_lossy().starts_with(SCRATCH) {
                std::fs::remove_dir_all(entry.path()).map_err(ArchiveError::io(entry.path()))?;
            }
        }
        Ok(())
    }
}
