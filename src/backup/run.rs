//! Making a generation: a snapshot, what is new since the newest generation that it continues, and the manifest last.
//!
//! Order of writes: journal packs, row packs, key packs, key set, object packs, manifest. Until the manifest is there
//! nothing has changed for a reader; packs of a run that ended early are named by nobody and removed by the next.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Progress;
use super::catalog::{Catalog, Identity};
use super::collect::{Collected, Keep, collect};
use super::error::BackupError;
use super::gather::{self, News};
use super::key_set::KeySet;
use super::manifest::{Generation, PackRef, Tier};
use super::objects;
use super::pack::Kind;
use super::packer::put_and_compare;
use super::repository::{Folder, Name, PackId, Repository, RepositoryError};
use super::tail;
use super::tree::continues;
use crate::journal::merkle::Hash;
use crate::journal::{Origin, SigningKey, checkpoint};
use crate::seal::Dek;
use crate::store::{Store, StoreError, Table, View};

/// After so many packs of changed rows a complete generation of rows is written again: a restore reads them all.
const MAX_ROW_PACKS: usize = 512;

/// What is backed up, and by whom.
pub struct Source<'a> {
    pub store: &'a dyn Store,
    /// The archive's id.
    pub archive: &'a str,
    pub origin: &'a Origin,
    pub signer: &'a SigningKey,
    /// What packs are sealed under.
    pub pack_key: &'a Dek,
    pub meta: MetaRows<'a>,
    /// Settings and policies: path below the data directory, and contents.
    pub files: Vec<(String, Vec<u8>)>,
    pub now: DateTime<Utc>,
}

/// Keys of the rows of `meta` that are no ordinary rows to a backup.
#[derive(Clone, Copy, Debug)]
pub struct MetaRows<'a> {
    /// The newest signed checkpoint.
    pub checkpoint: &'a [u8],
    /// The archive key, wrapped.
    pub archive_key: &'a [u8],
    /// Names the archive and its KEK; goes with the key sets.
    pub archive: &'a [u8],
    /// What can be made again.
    pub caches: &'a [&'a [u8]],
}

impl MetaRows<'_> {
    /// Whether a row of `meta` is left out of the packs of rows.
    pub fn leaves_out(&self, key: &[u8]) -> bool {
        [self.checkpoint, self.archive_key, self.archive].contains(&key) || self.caches.contains(&key)
    }
}

/// One state of the archive: all tables, and the head of its journal.
pub struct Snapshot<'a> {
    pub view: Box<dyn View + 'a>,
    pub entries: u64,
    pub root: Hash,
    /// The signed checkpoint.
    pub head: String,
}

impl<'a> Source<'a> {
    /// The archive as it is now.
    ///
    /// # Errors
    /// When the head cannot be read or is not signed by the archive.
    pub fn snapshot(&self) -> Result<Snapshot<'a>, BackupError> {
        let view = self.store.view();
        let damaged = |detail: String| StoreError::Corrupt { file: None, detail };
        let head = view.get(Table::Meta, self.meta.checkpoint)?;
        let head = head.and_then(|head| String::from_utf8(head).ok());
        let head = head.ok_or_else(|| damaged("the checkpoint is missing".into()))?;
        let signed = checkpoint::verify(&head, &self.signer.verifying_key(self.origin))
            .map_err(|error| damaged(error.to_string()))?;
        Ok(Snapshot { view, entries: signed.size, root: signed.root, head })
    }

    /// The statement of identity of its repository; made when the place is empty and nothing is known of an earlier one.
    ///
    /// # Errors
    /// [`BackupError::Other`], [`BackupError::Vanished`], [`BackupError::NotEmpty`]; the repository's.
    pub fn identify(
        &self,
        repository: &dyn Repository,
        tier: Tier,
        was_there: bool,
    ) -> Result<Identity, BackupError> {
        let place = repository.place();
        let Some(identity) = Identity::load(repository)? else {
            if was_there {
                return Err(BackupError::Vanished { place, tier });
            }
            return Identity::create(repository, (self.archive, tier, self.now), self.origin, self.signer);
        };
        let expected = format!("archive {}, {tier}", self.archive);
        if identity.archive != self.archive || identity.tier != tier {
            let found = format!("archive {}, {}", identity.archive, identity.tier);
            return Err(BackupError::Other { place, found, expected });
        }
        if identity.vkey != self.signer.verifying_key(self.origin) {
            return Err(BackupError::Untrusted {
                name: Name::identity(),
                why: "it is signed with another key than this archive's".into(),
            });
        }
        Ok(identity)
    }

    /// Writes the statement of identity of its repository `id` again when it was damaged or forged; true when it did.
    /// A place without a manifest of that repository, signed by this archive, is left as it is.
    ///
    /// # Errors
    /// The repository's.
    pub fn mend_identity(
        &self,
        repository: &dyn Repository,
        tier: Tier,
        id: Uuid,
    ) -> Result<bool, BackupError> {
        let ours = Identity {
            archive: self.archive.to_owned(),
            repository: id,
            tier,
            created_at: self.now,
            vkey: self.signer.verifying_key(self.origin),
        };
        match Identity::load(repository) {
            Ok(Some(found)) if (Identity { created_at: self.now, ..found.clone() }) == ours => {
                return Ok(false);
            }
            Ok(_) | Err(BackupError::Untrusted { .. } | BackupError::Newer { .. }) => {}
            Err(error) => return Err(error),
        }
        if Catalog::load(repository, &ours)?.generations.is_empty() {
            return Ok(false);
        }
        let _claim = repository.lock()?;
        repository.replace(&Name::identity(), ours.encode(self.origin, self.signer).as_bytes())?;
        Ok(true)
    }

    /// Writes the key set of `snapshot` into a repository.
    ///
    /// # Errors
    /// What kept it from being written.
    pub fn write_keys(
        &self,
        repository: &dyn Repository,
        identity: &Identity,
        number: u64,
        snapshot: &Snapshot<'_>,
    ) -> Result<KeySet, BackupError> {
        let archive_key = snapshot.view.get(Table::Meta, self.meta.archive_key)?;
        let missing = || StoreError::Corrupt { file: None, detail: "the archive key is missing".into() };
        let set = KeySet {
            repository: identity.repository,
            number,
            at: self.now,
            entries: snapshot.entries,
            root: snapshot.root,
            keys: 0,
            archive_key: archive_key.ok_or_else(missing)?,
            packs: Vec::new(),
        };
        let signer = (self.origin, self.signer);
        set.write(repository, &*snapshot.view, &[self.meta.archive], self.pack_key, signer)
    }

    /// Writes a fresh key set into the repository of another tier, and lets old ones expire there: so a destruction
    /// reaches generations that are made once a year.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn refresh_keys(
        &self,
        repository: &dyn Repository,
        tier: Tier,
        keep: Keep,
    ) -> Result<Collected, BackupError> {
        let identity = self.identify(repository, tier, true)?;
        let _claim = repository.lock()?;
        let mut catalog = Catalog::load(repository, &identity)?;
        let set = self.write_keys(repository, &identity, catalog.next_keys(), &self.snapshot()?)?;
        catalog.key_sets.push(set);
        let in_use = tail::in_use(repository, self.pack_key, &identity.vkey).unwrap_or_else(|error| {
            catalog.untrusted.push((Name::tail(0), error.to_string()));
            BTreeSet::new()
        });
        collect(repository, &mut catalog, keep, self.now, &in_use)
    }

    /// Makes the next generation of a repository, complete in itself, at the cost of what is new.
    ///
    /// # Errors
    /// What kept it from being written; then the generations before it are as they were.
    pub fn run(
        &self,
        repository: &dyn Repository,
        plan: Plan,
        progress: Progress<'_>,
    ) -> Result<Outcome, BackupError> {
        // Asked before anything is written: where a disk should be mounted, not even a folder is made.
        let identity = self.identify(repository, plan.tier, plan.was_there)?;
        let _claim = repository.lock()?;
        let mut catalog = Catalog::load(repository, &identity)?;
        let mut problems: Vec<_> =
            catalog.untrusted.iter().map(|(name, why)| format!("{name}: {why}")).collect();
        let snapshot = self.snapshot()?;
        let base = match plan.complete {
            true => None,
            false => self.base(repository, &catalog, &snapshot, &mut problems)?,
        };
        let head = (snapshot.entries, snapshot.root);
        let rows_again = base.as_ref().is_none_or(|base| row_packs(base) >= MAX_ROW_PACKS);
        let news = gather::gather(self, repository, &snapshot, base.as_ref(), rows_again)?;
        let keys = self.write_keys(repository, &identity, catalog.next_keys(), &snapshot)?;
        // From here on no view is open: objects are immutable, and a destruction must not wait for a long copy.
        drop(snapshot);
        let records = keys.keys;
        let key_set = keys.number;
        catalog.key_sets.push(keys);
        let based_on = base.as_ref().map(|base| base.number);
        let copied = objects::copy(self, repository, base.as_ref(), &news.objects, &mut problems, progress)?;
        let before = base.as_ref().map_or(0, |base| base.objects);
        let generation = Generation {
            repository: identity.repository,
            tier: plan.tier,
            number: catalog.next_generation(),
            at: self.now,
            entries: head.0,
            root: head.1,
            records,
            objects: before + copied.objects,
            missing: copied.missing,
            packs: joined(base, &news, &copied.packs),
        };
        let name = Name::generation(generation.number);
        put_and_compare(repository, &name, &generation.encode(self.origin, self.signer))?;
        let protected_until = self.protect(repository, &generation, &mut problems);
        let new_bytes = news.packs.iter().chain(&copied.packs).map(|pack| pack.len).sum();
        catalog.generations.push(generation.clone());
        let collected = self.tidy(repository, &mut catalog, plan.keep, &mut problems);
        Ok(Outcome {
            generation,
            based_on,
            key_set,
            new_entries: news.entries,
            new_objects: copied.objects,
            new_bytes,
            problems,
            protected_until,
            collected,
        })
    }

    /// Asks the repository to protect what a generation needs; until when it does. That it cannot is a problem and no error:
    /// the generation is there.
    fn protect(
        &self,
        repository: &dyn Repository,
        generation: &Generation,
        problems: &mut Vec<String>,
    ) -> Option<DateTime<Utc>> {
        let name = Name::generation(generation.number);
        let needed = generation.packs.iter().map(|pack| Name::pack(pack.id)).chain([name.clone()]);
        let needed: Vec<_> = needed.collect();
        let mut work = || {
            // Read before it is written anew, so that damage to it is told.
            problems.extend(repository.protection()?.problems);
            repository.retain(&needed, self.now)?;
            Ok::<_, RepositoryError>(repository.protection()?.of(&name, self.now))
        };
        work().unwrap_or_else(|error| {
            problems.push(format!("generation {} is not protected: {error}", generation.label()));
            None
        })
    }

    /// The newest generation that the archive's journal continues, if all its packs are there.
    fn base(
        &self,
        repository: &dyn Repository,
        catalog: &Catalog,
        snapshot: &Snapshot<'_>,
        problems: &mut Vec<String>,
    ) -> Result<Option<Generation>, BackupError> {
        let lengths: BTreeMap<_, _> = repository
            .list(Folder::Packs)?
            .into_iter()
            .filter_map(|listed| Some((PackId::parse(&listed.file)?, listed.len)))
            .collect();
        for generation in catalog.generations.iter().rev() {
            if !continues(&*snapshot.view, snapshot.entries, generation.entries, &generation.root)? {
                problems.push(format!(
                    "generation {} has journal entries that this archive has not: it was restored from an older one, \
                     or has lost entries",
                    generation.label()
                ));
                continue;
            }
            let damaged = generation.packs.iter().find(|pack| lengths.get(&pack.id) != Some(&pack.len));
            match damaged {
                None => return Ok(Some(generation.clone())),
                Some(pack) => problems.push(format!(
                    "{} of generation {} is missing or cut short; what it held is written again",
                    Name::pack(pack.id),
                    generation.label()
                )),
            }
        }
        Ok(None)
    }

    /// Clears away; the generation is safe by now, so a failure is a problem and no error.
    fn tidy(
        &self,
        repository: &dyn Repository,
        catalog: &mut Catalog,
        keep: Keep,
        problems: &mut Vec<String>,
    ) -> Collected {
        // The generation contains what they hold. One that stays is harmless, but its packs are then in use.
        if let Err(error) = tail::remove_all(repository) {
            catalog.untrusted.push((Name::tail(0), error.to_string()));
        }
        match collect(repository, catalog, keep, self.now, &BTreeSet::new()) {
            Ok(collected) => collected,
            Err(error) => {
                problems.push(format!("old generations could not be cleared away: {error}"));
                Collected::default()
            }
        }
    }
}

/// What a run is to do.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub tier: Tier,
    pub keep: Keep,
    /// The archive has made a generation of this tier before, so its repository must be there.
    pub was_there: bool,
    /// Share no packs with an earlier generation: some are damaged beyond repair.
    pub complete: bool,
}

/// What a run did.
#[derive(Debug)]
pub struct Outcome {
    pub generation: Generation,
    /// The generation whose packs it shares.
    pub based_on: Option<u64>,
    pub key_set: u64,
    pub new_entries: u64,
    pub new_objects: u64,
    /// Bytes written, but for key set and manifest.
    pub new_bytes: u64,
    /// What somebody should look at; the generation is there all the same.
    pub problems: Vec<String>,
    /// Until when the generation is protected.
    pub protected_until: Option<DateTime<Utc>>,
    pub collected: Collected,
}

fn row_packs(generation: &Generation) -> usize {
    generation.packs.iter().filter(|pack| matches!(pack.kind, Kind::Base | Kind::Rows)).count()
}

/// All packs of the new generation, in the order of restoring.
fn joined(base: Option<Generation>, news: &News, objects: &[PackRef]) -> Vec<PackRef> {
    let before = base.map(|base| base.packs).unwrap_or_default();
    let complete = news.packs.iter().any(|pack| pack.kind == Kind::Base);
    let kept = before.into_iter().filter(|pack| match pack.kind {
        Kind::Missing => false,
        Kind::Base | Kind::Rows => !complete,
        _ => true,
    });
    let mut packs: Vec<_> = kept.chain(news.packs.iter().cloned()).chain(objects.iter().cloned()).collect();
    // Stable: within one kind the order of writing stays.
    packs.sort_by_key(|pack| match pack.kind {
        Kind::Journal => 0,
        Kind::Base | Kind::Rows => 1,
        _ => 2,
    });
    packs
}
