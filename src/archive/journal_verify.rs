//! Journal verify: re-derive the whole tree from the stored entries and compare everything with it.

use serde::{Deserialize, Serialize};

use super::error::ArchiveError;
use super::head::TreeRows;
use super::journal_log::hex;
use super::{Archive, Progress};
use crate::journal::Entry;
use crate::journal::merkle::{Frontier, Nodes, leaf_hash};
use crate::store::{Direction, Table, View};

/// Problems listed by name; the rest is only counted, so that a ruined journal cannot fill the memory.
const MAX_LISTED: usize = 100;

/// What re-deriving the journal found.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct JournalReport {
    /// Entries read.
    pub entries: u64,
    /// Root hash re-derived from the entries, hex.
    pub root_hash: String,
    /// Entries, nodes and heads that agree: true when `problems` is empty.
    pub verified: bool,
    /// How many disagreements there are; the first hundred are in `problems`.
    pub problem_count: u64,
    pub problems: Vec<String>,
}

impl JournalReport {
    fn problem(&mut self, text: String) {
        self.problem_count += 1;
        if self.problems.len() < MAX_LISTED {
            self.problems.push(text);
        }
    }
}

impl Archive {
    /// Reads every entry and recomputes leaf hashes, tree nodes, root and the checkpoint's signature.
    ///
    /// # Errors
    /// Only when reading itself fails; what disagrees is in the report.
    pub fn journal_verify(&self, progress: Progress<'_>) -> Result<JournalReport, ArchiveError> {
        let view = self.store.view();
        let mut report = JournalReport::default();
        let frontier = self.rederive(&*view, &mut report, progress)?;
        report.entries = frontier.size();
        report.root_hash = hex(&frontier.root());
        self.verify_head(&*view, &frontier, &mut report);
        report.verified = report.problem_count == 0;
        Ok(report)
    }

    fn rederive(
        &self,
        view: &dyn View,
        report: &mut JournalReport,
        progress: Progress<'_>,
    ) -> Result<Frontier, ArchiveError> {
        let total = Some(self.journal_size());
        let mut frontier = Frontier::new();
        for row in view.scan(Table::Journal, &[], None, Direction::Forward) {
            let (key, bytes) = row?;
            let seq = frontier.size();
            if key != seq.to_be_bytes() {
                report.problem(format!("entry {seq} is missing: the next one stored is {}", hex(&key)));
                break;
            }
            check_entry(seq, &bytes, report);
            for (level, index, hash) in frontier.append(leaf_hash(&bytes)) {
                if TreeRows(view).node(level, index)? != Some(hash) {
                    report.problem(format!(
                        "tree node {level}/{index} does not follow from the entries up to {seq}"
                    ));
                }
            }
            if seq.is_multiple_of(1_024) {
                progress(seq, total);
            }
        }
        progress(frontier.size(), total);
        Ok(frontier)
    }

    fn verify_head(&self, view: &dyn View, frontier: &Frontier, report: &mut JournalReport) {
        let head = match self.head(view) {
            Ok(head) => head,
            Err(error) => return report.problem(error.to_string()),
        };
        if head.size() != frontier.size() || head.root() != frontier.root() {
            report.problem(format!(
                "the checkpoint speaks of {} entries with root {}, the entries stored are {} with root {}",
                head.size(),
                hex(&head.root()),
                frontier.size(),
                hex(&frontier.root())
            ));
        }
    }
}

fn check_entry(seq: u64, bytes: &[u8], report: &mut JournalReport) {
    match Entry::decode(bytes) {
        Err(error) => report.problem(format!("entry {seq}: {error}")),
        Ok(entry) if entry.seq != seq => report.problem(format!("entry {seq} says that it is {}", entry.seq)),
        Ok(entry) if entry.encode() != bytes => {
            report.problem(format!("entry {seq} is not in its canonical form"))
        }
        Ok(_) => {}
    }
}
