//! The retention policies in force, those of before, and the decision about one record.
//!
//! The archive keeps the text of every policy that was ever in force, with the journal entries between which it was. A
//! policy file that is edited or removed goes on to hold for the records deposited before: nobody shortens a period by
//! changing a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Archive;
use super::committer::{Draft, Written};
use super::error::ArchiveError;
use super::fsck_keeping::text_digest;
use super::keyring::Keyring;
use super::permit::Action;
use super::principal::Principal;
use super::records::Loaded;
use super::rows::{V1, meta};
use crate::journal::Act;
use crate::record::{Digest, Metadata, RecordId, Version};
use crate::retention::{
    Decision, Facts, Former, Policy, Schedule, decide, latest_known, parse_all, retain_until,
};
use crate::store::{Batch, Direction, Table, View};

/// Files of one schedule; far above any real one.
const MAX_POLICY_FILES: usize = 1_000;

/// `Meta/policy/<id>`: all texts of one policy, oldest first. Sealed, so that nobody without the key shortens one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRow {
    pub v: V1,
    pub id: String,
    pub texts: Vec<PolicyText>,
}

/// One text of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyText {
    pub text: String,
    /// Number of the journal entry with which it came into force.
    pub since: u64,
    /// Number of the journal entry that ended it; absent while it is in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
}

/// Sealed into the journal entry of a changed schedule.
#[derive(Serialize)]
struct PoliciesChanged {
    what: &'static str,
    /// Ids, each with the SHA-256 of its file before and after; absent where there is none.
    policies: Vec<PolicyChange>,
}

#[derive(Serialize)]
struct PolicyChange {
    id: String,
    before: Option<Digest>,
    after: Option<Digest>,
}

/// The schedule, which a running server reads again when it is told to.
pub struct Policies {
    folder: PathBuf,
    schedule: RwLock<Arc<Schedule>>,
}

/// Files of the schedule as they are on disk: id and text, each checked.
pub struct Files(BTreeMap<String, (Policy, String)>);

impl Policies {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, schedule: RwLock::default() }
    }

    /// Reads every `*.toml` of the directory (not of the ones in it).
    ///
    /// # Errors
    /// A policy that cannot be used, with file, line and key; nothing is guessed.
    pub fn files(&self) -> Result<Files, ArchiveError> {
        read(&self.folder)
    }

    /// The schedule in force.
    pub fn schedule(&self) -> Arc<Schedule> {
        self.schedule.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, schedule: Schedule) {
        *self.schedule.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(schedule);
    }
}

/// Reads and checks the policy files of a directory.
///
/// # Errors
/// As [`Policies::files`].
pub fn read(folder: &Path) -> Result<Files, ArchiveError> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(ArchiveError::io(folder))?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    if paths.len() > MAX_POLICY_FILES {
        let count = paths.len();
        return Err(ArchiveError::Invalid(format!(
            "{} holds {count} policy files, at most {MAX_POLICY_FILES} are read",
            folder.display()
        )));
    }
    let mut files = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(ArchiveError::io(&path))?;
        files.push((path.display().to_string(), text));
    }
    let policies = parse_all(files.iter().map(|(path, text)| (path.as_str(), text.as_str())))?;
    let named = policies.into_iter().zip(files);
    Ok(Files(named.map(|(policy, (_, text))| (policy.id.clone(), (policy, text))).collect()))
}

/// Key of a policy's row.
fn key(id: &str) -> Vec<u8> {
    [meta::POLICY_PREFIX, id.as_bytes()].concat()
}

/// All rows of policies.
fn rows(view: &dyn View, keyring: &Keyring) -> Result<BTreeMap<String, PolicyRow>, ArchiveError> {
    let prefix = meta::POLICY_PREFIX;
    let end = meta::end_of(prefix);
    view.scan(Table::Meta, prefix, Some(&end), Direction::Forward)
        .map(|row| {
            let (key, sealed) = row?;
            let row: PolicyRow = keyring.unseal_row(&key, &sealed)?;
            Ok((row.id.clone(), row))
        })
        .collect()
}

/// The rows that differ once `files` are in force from journal entry `seq` on.
fn changed(before: &BTreeMap<String, PolicyRow>, files: &Files, seq: u64) -> Vec<PolicyRow> {
    let mut changed = Vec::new();
    for (id, row) in before {
        let file = files.0.get(id).map(|(_, text)| text);
        let last = row.texts.last().filter(|text| text.until.is_none());
        if last.map(|text| &text.text) == file {
            continue;
        }
        let mut row = row.clone();
        if let Some(last) = row.texts.last_mut().filter(|text| text.until.is_none()) {
            last.until = Some(seq);
        }
        row.texts.extend(file.map(|text| PolicyText { text: text.clone(), since: seq, until: None }));
        changed.push(row);
    }
    for (id, (_, text)) in files.0.iter().filter(|(id, _)| !before.contains_key(*id)) {
        let texts = vec![PolicyText { text: text.clone(), since: seq, until: None }];
        changed.push(PolicyRow { v: V1, id: id.clone(), texts });
    }
    changed
}

/// The schedule that rows and files give together.
fn schedule(rows: &BTreeMap<String, PolicyRow>, files: Files) -> Result<Schedule, ArchiveError> {
    let mut former = Vec::new();
    for row in rows.values() {
        for PolicyText { text, until, .. } in &row.texts {
            if let Some(until) = *until {
                let policy = Policy::parse(&format!("former text of {}", row.id), text)?;
                former.push(Former { policy, until });
            }
        }
    }
    Ok(Schedule::new(files.0.into_values().map(|(policy, _)| policy).collect(), former))
}

fn digest(row: Option<&PolicyRow>) -> Option<Digest> {
    let last = row?.texts.last().filter(|text| text.until.is_none())?;
    Some(Digest::of(last.text.as_bytes()))
}

impl Archive {
    /// Takes over the policy files as they are on disk; returns whether the schedule changed. A change is journaled and
    /// the texts are kept.
    ///
    /// # Errors
    /// A policy file that cannot be used: the schedule stays as it was.
    pub(super) fn take_over_policies(&self, who: &Principal) -> Result<bool, ArchiveError> {
        // No destruction goes on while the rules change.
        let _one = self.destruction_lock();
        let files = self.policies.files()?;
        let before = rows(&*self.store.view(), &self.keyring)?;
        let next = changed(&before, &files, 0);
        if !next.is_empty() {
            let (keyring, first) = (self.keyring.clone(), before.is_empty());
            let policies = next.iter().map(|row| PolicyChange {
                id: row.id.clone(),
                before: digest(before.get(&row.id)),
                after: digest(Some(row)),
            });
            let details = PoliciesChanged { what: "retention policies", policies: policies.collect() };
            let details = Some(self.keyring.seal_archive_details(&details)?);
            let ids: Vec<_> = next.iter().map(|row| row.id.clone()).collect();
            let (old, texts) = (before.clone(), files.texts());
            self.committer.commit(Draft {
                actor: who.clone(),
                act: Act::Config,
                record: None,
                blob_bytes: 0,
                write: Box::new(move |stamp| {
                    // What an archive of an earlier release finds on its first day has always been in force.
                    let seq = if first { 0 } else { stamp.seq };
                    let mut batch = Batch::default();
                    for row in changed(&old, &texts, seq) {
                        batch.put(Table::Meta, key(&row.id), keyring.seal_row(&key(&row.id), &row)?);
                    }
                    Ok(Written { details, batch })
                }),
            })?;
            tracing::info!(policies = ?ids, "the retention schedule changed");
        }
        let after = rows(&*self.store.view(), &self.keyring)?;
        self.policies.set(schedule(&after, files)?);
        Ok(!next.is_empty())
    }

    /// Ids and digests of all policy texts that are kept.
    pub(super) fn policy_digests(&self, view: &dyn View) -> Result<Vec<(String, String)>, ArchiveError> {
        let rows = rows(view, &self.keyring)?;
        let texts = rows
            .into_values()
            .flat_map(|row| row.texts.into_iter().map(move |text| (row.id.clone(), text_digest(&text.text))));
        Ok(texts.collect())
    }

    /// Why a record is kept how long.
    ///
    /// # Errors
    /// [`ArchiveError::NoSuchRecord`], or damage.
    pub fn retention_explain(&self, who: &Principal, id: RecordId) -> Result<Decision, ArchiveError> {
        let view = self.store.view();
        let record: Loaded = self.load_for(&*view, who, Action::Show, id)?;
        self.journal_look(who, Act::View, id)?;
        let versions = record.versions(&*view)?;
        Ok(self.decision(&record, &versions)?.0)
    }

    /// The schedule in force.
    pub fn retention_schedule(&self) -> Arc<Schedule> {
        self.policies.schedule()
    }

    /// The present decision about a record with all its versions, and the names of the holds on it.
    pub(super) fn decision(
        &self,
        record: &Loaded,
        versions: &[Version],
    ) -> Result<(Decision, Vec<String>), ArchiveError> {
        self.decision_on(record, versions, self.today())
    }

    /// The decision as of another day. Holds are those of now.
    pub(super) fn decision_on(
        &self,
        record: &Loaded,
        versions: &[Version],
        today: NaiveDate,
    ) -> Result<(Decision, Vec<String>), ArchiveError> {
        let newest = versions
            .last()
            .ok_or_else(|| ArchiveError::Corrupt(format!("record {} has no version", record.id)))?;
        let basis = self.basis(record, versions)?;
        let facts = Facts { former_classes: &basis.former_classes, ..Facts::from(&newest.metadata) };
        let calendar = self.calendar(&newest.metadata.entity)?;
        let schedule = self.policies.schedule();
        let decision = decide(&facts, &calendar, schedule.applying(Some(basis.seq)), today);
        let decision = decision.not_before(record.row.promised(), today);
        let holds = self.holds_on(record, versions)?;
        Ok(if holds.is_empty() { (decision, holds) } else { (decision.held(), holds) })
    }

    /// What goes into a record's row: the end of its period, and the latest day that any policy knows.
    ///
    /// `deposit` is the number of its deposit, `None` for one that is being deposited; `former` the classes it had.
    pub(super) fn period_for(
        &self,
        metadata: &Metadata,
        former: &[String],
        deposit: Option<u64>,
    ) -> Result<(Option<NaiveDate>, Option<NaiveDate>), ArchiveError> {
        let facts = Facts { former_classes: former, ..Facts::from(metadata) };
        let calendar = self.calendar(&metadata.entity)?;
        let schedule = self.policies.schedule();
        let until = retain_until(&facts, &calendar, schedule.applying(deposit));
        // Only where there is no end is the latest known day worth keeping beside it.
        let floor = match until {
            Some(_) => None,
            None => latest_known(&facts, &calendar, schedule.applying(deposit)),
        };
        Ok((until, floor))
    }
}

impl Files {
    fn texts(&self) -> Self {
        Self(self.0.clone())
    }
}

/// The classes that a record had before the present one.
pub(super) fn former_classes(versions: &[Version]) -> Vec<String> {
    let Some(newest) = versions.last() else { return Vec::new() };
    let mut classes: Vec<String> = versions.iter().map(|version| version.metadata.class.clone()).collect();
    classes.sort_unstable();
    classes.dedup();
    classes.retain(|class| *class != newest.metadata.class);
    classes
}

/// A key of the store and the row under it.
type KeyAndRow = (Vec<u8>, Vec<u8>);

/// Rows for the policies that a new archive begins with.
pub(super) fn first_rows(
    keyring: &Keyring,
    shipped: &[(&str, &str)],
) -> Result<Vec<KeyAndRow>, ArchiveError> {
    let policies = parse_all(shipped.iter().copied())?;
    let named = policies.into_iter().zip(shipped);
    let files = named.map(|(policy, (_, text))| (policy.id.clone(), (policy, (*text).to_owned())));
    let rows = changed(&BTreeMap::new(), &Files(files.collect()), 0);
    rows.into_iter().map(|row| Ok((key(&row.id), keyring.seal_row(&key(&row.id), &row)?))).collect()
}
