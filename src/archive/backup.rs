//! Backup: make a generation, tell which there are. Everything is journaled, failures too.

use std::path::PathBuf;
use std::sync::{MutexGuard, TryLockError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::committer::{Draft, Written};
use super::error::ArchiveError;
use super::keyring::Keyring;
use super::permit::{Action, permit};
use super::principal::Principal;
use super::rows::{self, BackupRow, V1, meta};
use super::{Archive, Progress};
use crate::backup::{
    Catalog, Directory, Generation, Identity, Keep, MetaRows, Name, Outcome, Plan, Protection, Repository,
    Source, Stop, Stoppable, Tier,
};
use crate::journal::{Act, Origin};
use crate::store::{Batch, Table};

/// The rows of `meta` that are no ordinary rows to a backup.
pub(super) const META: MetaRows<'static> = MetaRows {
    checkpoint: meta::CHECKPOINT,
    archive_key: meta::ARCHIVE_DEK,
    archive: meta::ARCHIVE,
    caches: &[meta::TEXT_CURSOR],
};

/// What a run did.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BackupReport {
    /// `daily-12`; what `backup verify` and `restore` call it.
    pub generation: String,
    pub tier: String,
    /// Journal entries, records with a key, sealed objects and bytes of the whole generation.
    pub entries: u64,
    pub records: u64,
    pub objects: u64,
    pub bytes: u64,
    /// What this run added.
    pub new_entries: u64,
    pub new_objects: u64,
    pub new_bytes: u64,
    /// Generations that the keep rule removed.
    pub removed: u64,
    /// Until when this generation may be neither changed nor removed (`write_once_daily` and its kin); absent when it may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protected_until: Option<DateTime<Utc>>,
    /// Generations beyond the keep rule that stay because they are protected, and until when the last of them does.
    #[serde(default)]
    pub held: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<DateTime<Utc>>,
    /// Everything written was read back and compared.
    pub verified: bool,
    /// What somebody should look at; the generation was made all the same.
    pub problems: Vec<String>,
}

/// One generation in a list; or, with `problem`, a repository that cannot be read.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GenerationView {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<String>,
    pub tier: String,
    /// When it was made, as the archive's clock said then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
    pub entries: u64,
    pub records: u64,
    pub objects: u64,
    pub bytes: u64,
    /// Its manifest is signed by this archive.
    pub verified: bool,
    /// Until when it may be neither changed nor removed; absent when it may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protected_until: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl GenerationView {
    fn new(generation: &Generation, protected_until: Option<DateTime<Utc>>) -> Self {
        Self {
            generation: Some(generation.label()),
            tier: generation.tier.to_string(),
            at: Some(generation.at),
            entries: generation.entries,
            records: generation.records,
            objects: generation.objects,
            bytes: generation.bytes(),
            verified: true,
            protected_until,
            problem: None,
        }
    }
}

/// Sealed into the journal entry of a run.
#[derive(Serialize)]
struct RunDetails<'a> {
    what: &'static str,
    tier: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<u64>,
    problems: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<String>,
}

/// What a source borrows.
pub(super) struct Lender {
    origin: Origin,
    pack_key: crate::seal::Dek,
}

impl Lender {
    fn new(keyring: &Keyring, origin: &str) -> Result<Self, ArchiveError> {
        let origin = origin.parse().map_err(|error| ArchiveError::Corrupt(format!("origin: {error}")))?;
        Ok(Self { origin, pack_key: keyring.pack_key() })
    }
}

impl Archive {
    /// Makes the next generation of a tier. `anew` begins a repository in an empty place although there was one.
    ///
    /// # Errors
    /// [`ArchiveError::Invalid`] when the tier has no directory, [`ArchiveError::Conflict`] when a run is under way,
    /// [`ArchiveError::Backup`]. The generations before are as they were.
    pub fn backup_run(
        &self,
        who: &Principal,
        tier: Tier,
        anew: bool,
        progress: Progress<'_>,
    ) -> Result<BackupReport, ArchiveError> {
        permit(who, Action::BackupRun)?;
        let _one_at_a_time = self.begin_backup()?;
        self.backup_run_claimed(who, tier, (anew, false), (&|| false, progress))
    }

    /// The same until it is time to stop.
    ///
    /// # Errors
    /// As [`backup_run`](Self::backup_run); [`ArchiveError::Backup`] when it was stopped.
    pub fn backup_run_until(
        &self,
        who: &Principal,
        tier: Tier,
        stop: Stop<'_>,
    ) -> Result<BackupReport, ArchiveError> {
        permit(who, Action::BackupRun)?;
        let _one_at_a_time = self.begin_backup()?;
        self.backup_run_claimed(who, tier, (false, false), (stop, &|_, _| {}))
    }

    /// The same for who has made sure that no other run is under way; `(anew, complete)`.
    pub(super) fn backup_run_claimed(
        &self,
        who: &Principal,
        tier: Tier,
        how: (bool, bool),
        during: (Stop<'_>, Progress<'_>),
    ) -> Result<BackupReport, ArchiveError> {
        let made = self.make_generation(tier, how, during);
        match made {
            Ok(mut outcome) => {
                self.refresh_key_sets(Some(tier), &mut outcome.problems);
                self.journal_generation(who, &outcome)?;
                Ok(report(outcome))
            }
            Err(error) => {
                let failed = Some(error.to_string());
                let details = RunDetails {
                    what: "run",
                    tier: tier.name(),
                    generation: None,
                    entries: None,
                    problems: &[],
                    failed,
                };
                self.journal_note(who, Act::Backup, &details)?;
                Err(error)
            }
        }
    }

    /// Every generation of every tier, the newest first; a repository that cannot be read is one line with its problem.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`]
    pub fn backup_list(&self, who: &Principal) -> Result<Vec<GenerationView>, ArchiveError> {
        permit(who, Action::BackupList)?;
        Ok(self.generations())
    }

    pub(super) fn generations(&self) -> Vec<GenerationView> {
        let mut found = Vec::new();
        for tier in Tier::ALL {
            match self.catalog(tier) {
                Ok(Some((catalog, protection))) => {
                    let until = |one: &Generation| protection.of(&Name::generation(one.number), self.now());
                    let newest_first = catalog.generations.iter().rev();
                    found.extend(newest_first.map(|one| GenerationView::new(one, until(one))));
                    found.extend(protection.problems.iter().map(|problem| unreadable(tier, problem)));
                    found.extend(
                        catalog
                            .untrusted
                            .iter()
                            .map(|(name, why)| unreadable(tier, &format!("{name}: {why}"))),
                    );
                }
                Ok(None) => {}
                Err(error) => found.push(unreadable(tier, &error.to_string())),
            }
        }
        found
    }

    /// The signed contents of a tier's repository, and what of it is protected; `None` when the tier has none yet.
    fn catalog(&self, tier: Tier) -> Result<Option<(Catalog, Protection)>, ArchiveError> {
        if self.config.backup.tier(tier).0.is_none() {
            return Ok(None);
        }
        let repository = self.repository(tier)?;
        match Identity::load(&repository)? {
            Some(identity) => Ok(Some((Catalog::load(&repository, &identity)?, repository.protection()?))),
            None => Ok(None),
        }
    }

    /// The repository of a tier, at the archive's time and with the protection that is set.
    pub(super) fn repository(&self, tier: Tier) -> Result<Directory, ArchiveError> {
        let write_once = self.config.backup.write_once(tier);
        Ok(Directory::open(&self.repository_path(tier)?)?.at(self.now(), write_once))
    }

    /// Where the repository of a tier is.
    pub(super) fn repository_path(&self, tier: Tier) -> Result<PathBuf, ArchiveError> {
        let directory = self.config.backup.tier(tier).0.ok_or_else(|| {
            ArchiveError::Invalid(format!(
                "there is no directory for {tier} backups; set [backup] {tier} in shosoin.toml, then restart"
            ))
        })?;
        Ok(self.layout.root().join(directory))
    }

    /// Keeps a second run away.
    pub(super) fn begin_backup(&self) -> Result<MutexGuard<'_, ()>, ArchiveError> {
        match self.backing_up.try_lock() {
            Ok(guard) => Ok(guard),
            // It guards no data, so one that a panic left behind is as good as any.
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => Err(ArchiveError::Conflict(
                "another run of a backup is under way; wait until it has ended".into(),
            )),
        }
    }

    pub(super) fn lender(&self) -> Result<Lender, ArchiveError> {
        Lender::new(&self.keyring, &self.identity.origin)
    }

    pub(super) fn source<'a>(&'a self, lender: &'a Lender) -> Result<Source<'a>, ArchiveError> {
        Ok(Source {
            store: &*self.store,
            archive: &self.identity.archive_id,
            origin: &lender.origin,
            signer: &self.signer,
            pack_key: &lender.pack_key,
            meta: META,
            files: self.settings()?,
            now: self.now(),
        })
    }

    fn make_generation(
        &self,
        tier: Tier,
        (anew, complete): (bool, bool),
        (stop, progress): (Stop<'_>, Progress<'_>),
    ) -> Result<Outcome, ArchiveError> {
        let repository = self.repository(tier)?;
        let repository = Stoppable::new(&repository, stop);
        let was_there = !anew && self.backup_row(tier)?.is_some();
        let plan = Plan { tier, keep: self.keep(tier), was_there, complete };
        let lender = self.lender()?;
        Ok(self.source(&lender)?.run(&repository, plan, progress)?)
    }

    pub(super) fn keep(&self, tier: Tier) -> Keep {
        Keep { generations: self.config.backup.tier(tier).1, key_days: self.config.backup.key_set_days }
    }

    /// The newest generation that this archive knows to have made in a tier.
    pub(super) fn backup_row(&self, tier: Tier) -> Result<Option<BackupRow>, ArchiveError> {
        let row = self.store.view().get(Table::Meta, &backup_key(tier))?;
        row.map(|bytes| rows::decode("backup row", &bytes)).transpose()
    }

    /// Gives the repositories of all tiers but one today's keys. One that is not there is told: until it comes back, a
    /// contract destroyed since can be read from it with the key.
    pub(super) fn refresh_key_sets(&self, made: Option<Tier>, problems: &mut Vec<String>) {
        for tier in Tier::ALL.into_iter().filter(|tier| Some(*tier) != made) {
            let refresh = || {
                if self.config.backup.tier(tier).0.is_none() || self.backup_row(tier)?.is_none() {
                    return Ok(());
                }
                let lender = self.lender()?;
                self.source(&lender)?.refresh_keys(&self.repository(tier)?, tier, self.keep(tier))?;
                Ok::<(), ArchiveError>(())
            };
            if let Err(error) = refresh() {
                problems.push(format!("the {tier} repository did not get the newest key set: {error}"));
            }
        }
    }

    fn journal_generation(&self, who: &Principal, outcome: &Outcome) -> Result<(), ArchiveError> {
        let generation = &outcome.generation;
        let row = BackupRow {
            v: V1,
            repository: generation.repository.to_string(),
            generation: generation.number,
            entries: generation.entries,
            at: generation.at,
        };
        let details = self.keyring.seal_archive_details(&RunDetails {
            what: "run",
            tier: generation.tier.name(),
            generation: Some(generation.label()),
            entries: Some(generation.entries),
            problems: &outcome.problems,
            failed: None,
        })?;
        let mut batch = Batch::default();
        batch.put(Table::Meta, backup_key(generation.tier), rows::encode(&row));
        let write = Box::new(move |_: &_| Ok(Written { details: Some(details), batch }));
        let draft = Draft { actor: who.clone(), act: Act::Backup, record: None, blob_bytes: 0, write };
        self.committer.commit(draft).map(drop)
    }

    /// Settings and policies, as they lie in the data directory now.
    fn settings(&self) -> Result<Vec<(String, Vec<u8>)>, ArchiveError> {
        let read = |path: PathBuf| std::fs::read(&path).map_err(ArchiveError::io(path));
        let mut files = vec![("shosoin.toml".to_owned(), read(self.layout.config())?)];
        let policies = self.layout.policies();
        let entries = std::fs::read_dir(&policies).map_err(ArchiveError::io(&policies))?;
        for entry in entries {
            let entry = entry.map_err(ArchiveError::io(&policies))?;
            if let (true, Ok(name)) = (entry.path().is_file(), entry.file_name().into_string()) {
                files.push((format!("retention-policies/{name}"), read(entry.path())?));
            }
        }
        files.sort();
        Ok(files)
    }
}

fn backup_key(tier: Tier) -> Vec<u8> {
    [meta::BACKUP_PREFIX, tier.name().as_bytes()].concat()
}

fn unreadable(tier: Tier, problem: &str) -> GenerationView {
    GenerationView { tier: tier.to_string(), problem: Some(problem.to_owned()), ..GenerationView::default() }
}

fn report(outcome: Outcome) -> BackupReport {
    let generation = &outcome.generation;
    BackupReport {
        generation: generation.label(),
        tier: generation.tier.to_string(),
        entries: generation.entries,
        records: generation.records,
        objects: generation.objects,
        bytes: generation.bytes(),
        new_entries: outcome.new_entries,
        new_objects: outcome.new_objects,
        new_bytes: outcome.new_bytes,
        removed: outcome.collected.generations,
        protected_until: outcome.protected_until,
        held: outcome.collected.protected,
        held_until: outcome.collected.protected_until,
        verified: true,
        problems: outcome.problems,
    }
}
