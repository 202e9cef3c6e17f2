//! From a repository back into a store: step by step, each step one pack, so that it can go on where it ended.
//!
//! Order: journal (with its tree), rows, keys of the newest key set, sealed objects. Nothing is believed: packs prove
//! themselves by their seals, entries by leading to the signed root, and an object comes back only if its record has a
//! key in the newest key set. A record without one was destroyed after the generation was made, and stays so.

use super::catalog::{Catalog, Identity};
use super::error::BackupError;
use super::fetch::{fetch, opened_ahead, salvage};
use super::gather::frontier;
use super::key_set::KeySet;
use super::manifest::{Generation, PackRef};
use super::pack::{Kind, Pack, What, pack_key};
use super::rebuild::{account, objects_of, put_entries, put_keys, put_objects, put_rows};
use super::repository::{Name, Repository};
use crate::journal::checkpoint;
use crate::seal::{Context, Dek, SealError, Unwrap};
use crate::store::{Batch, BlobId, Store, Table};

/// Problems told by name; the rest is only counted.
const MAX_TOLD: usize = 100;

/// Tails restored between two moments from which a restore can go on.
const TAILS_NOTED: u64 = 64;

/// A repository whose key was given.
pub struct Opened<'a> {
    pub repository: &'a dyn Repository,
    pub identity: Identity,
    pub catalog: Catalog,
    /// The newest key set that can be read.
    pub keys: KeySet,
    /// Newer key sets that cannot.
    pub problems: Vec<String>,
    pub(super) archive_key: Dek,
    pub(super) pack_key: Dek,
}

impl<'a> Opened<'a> {
    /// Opens a repository with the KEK; `context` is what archive keys are wrapped for.
    ///
    /// # Errors
    /// [`BackupError::NotARepository`], [`BackupError::NoGeneration`], [`BackupError::KeyRefused`].
    pub fn open(
        repository: &'a dyn Repository,
        kek: &dyn Unwrap,
        context: &Context,
    ) -> Result<Self, BackupError> {
        let place = repository.place();
        let identity = Identity::load(repository)?.ok_or(BackupError::NotARepository(place.clone()))?;
        let catalog = Catalog::load(repository, &identity)?;
        let mut problems: Vec<_> =
            catalog.untrusted.iter().map(|(name, why)| format!("{name}: {why}")).collect();
        for keys in catalog.key_sets.iter().rev() {
            let archive_key = unwrap(kek, keys, context)?;
            let pack_key = pack_key(&archive_key);
            match keys.packs.iter().try_for_each(|pack| fetch(repository, &pack_key, pack).map(drop)) {
                Ok(()) => {
                    let keys = keys.clone();
                    return Ok(Self { repository, identity, catalog, keys, problems, archive_key, pack_key });
                }
                Err(error @ BackupError::Untrusted { .. }) => problems.push(format!(
                    "key set {} cannot be read, an older one is taken, in which a contract destroyed since may still \
                     have its key: {error}",
                    keys.number
                )),
                Err(error) => return Err(error),
            }
        }
        let why = problems.join("; ");
        Err(BackupError::NoGeneration(format!("{place} holds no key set that can be read; {why}")))
    }

    /// A row that goes with the keys: what names the archive.
    ///
    /// # Errors
    /// When the packs of the key set cannot be read.
    pub fn key_row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, BackupError> {
        for pack in &self.keys.packs {
            let pack = fetch(self.repository, &self.pack_key, pack)?;
            let found = pack.items().find(|item| item.what == What::Row && item.key == key);
            if let Some(row) = found {
                return Ok(Some(row.value.to_vec()));
            }
        }
        Ok(None)
    }

    /// What opens the archive's own sealed objects.
    pub fn archive_key(&self) -> &Dek {
        &self.archive_key
    }
}

fn unwrap(kek: &dyn Unwrap, keys: &KeySet, context: &Context) -> Result<Dek, BackupError> {
    kek.open(&keys.archive_key, context).map_err(|error| match error {
        SealError::Tampered => BackupError::KeyRefused("the archive's own key does not open with it".into()),
        other => other.into(),
    })
}

/// What a restore is busy with, for telling its progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Packs of the generation, in bytes.
    Packs,
    /// Tails that were shipped after it.
    Tails,
    /// Journal entries gone through: every deposit must have its object.
    Entries,
}

/// Told about the progress of a restore: of which part so much is done, and of how much.
pub type Parts<'a> = &'a (dyn Fn(Part, u64, Option<u64>) + Sync);

/// Where a restore remembers how many of its steps are durable.
pub trait Resume {
    /// Steps done.
    fn done(&self) -> u64;

    /// Bytes of packs after which it is worth making everything durable and remembering it.
    fn stride(&self) -> u64;

    /// Remembers, durably, that `done` steps are done.
    ///
    /// # Errors
    /// When it cannot be written.
    fn advance(&mut self, done: u64) -> Result<(), BackupError>;
}

/// What came back.
#[derive(Debug, Default)]
pub struct Restored {
    pub entries: u64,
    /// Records with a key.
    pub records: u64,
    /// Objects stored.
    pub objects: u64,
    /// Records without a key: destroyed, before the generation was made or after.
    pub destroyed: Vec<[u8; 16]>,
    /// Objects that should be there and are not.
    pub missing: Vec<BlobId>,
    /// Settings and policies.
    pub files: Vec<(String, Vec<u8>)>,
    /// What somebody should look at.
    pub problems: Vec<String>,
    /// Problems that are not told by name.
    pub more_problems: u64,
}

impl Restored {
    fn problem(&mut self, text: String) {
        if self.problems.len() < MAX_TOLD { self.problems.push(text) } else { self.more_problems += 1 }
    }
}

/// Keys of the rows of `meta` that a restore writes itself.
#[derive(Clone, Copy, Debug)]
pub struct RestoredMeta<'a> {
    pub checkpoint: &'a [u8],
    pub archive_key: &'a [u8],
}

impl Opened<'_> {
    /// Restores a generation into an empty store, or goes on with it; with `follow` also the tails that were shipped
    /// after it.
    ///
    /// # Errors
    /// Damage that nothing can make good: of the journal, of rows, of keys. Damaged objects are told, not fatal.
    pub fn restore(
        &self,
        generation: &Generation,
        store: &dyn Store,
        (meta, follow): (RestoredMeta<'_>, bool),
        resume: &mut dyn Resume,
        progress: Parts<'_>,
    ) -> Result<Restored, BackupError> {
        let steps = self.steps(generation)?;
        let total = steps.iter().fold(0u64, |sum, step| sum.saturating_add(step.len));
        let mut restored = Restored { problems: self.problems.clone(), ..Restored::default() };
        let skip = usize::try_from(resume.done()).unwrap_or(usize::MAX).min(steps.len());
        let (behind, ahead) = steps.split_at(skip);
        let (mut bytes, mut done) = (behind.iter().map(|step| step.len).sum(), skip as u64);
        let mut unsettled = 0;
        opened_ahead(self.repository, &self.pack_key, ahead, |step, opened| {
            self.step(step, opened, store, &mut restored)?;
            (done, bytes, unsettled) = (done + 1, bytes + step.len, unsettled + step.len);
            if unsettled >= resume.stride() || done == steps.len() as u64 {
                store.settle()?;
                resume.advance(done)?;
                unsettled = 0;
            }
            progress(Part::Packs, bytes, Some(total));
            Ok(())
        })?;
        let head = self.checked_head(generation, store, &mut restored)?;
        let head = match follow {
            true => self.follow(generation, store, (done, resume), &mut restored, progress)?.unwrap_or(head),
            false => head,
        };
        self.finish(&head, store, meta, &mut restored, progress)?;
        Ok(restored)
    }

    /// Goes on with the tails; the head of the last one that fits.
    fn follow(
        &self,
        generation: &Generation,
        store: &dyn Store,
        (mut done, resume): (u64, &mut dyn Resume),
        restored: &mut Restored,
        progress: Parts<'_>,
    ) -> Result<Option<String>, BackupError> {
        let (tails, problems) = self.tails_after(generation.entries)?;
        problems.into_iter().for_each(|problem| restored.problem(problem));
        let mut head = None;
        let total = Some(tails.len() as u64);
        for (tail, number) in tails.into_iter().zip(1..) {
            progress(Part::Tails, number, total);
            done += 1;
            if done > resume.done() {
                for pack in tail.packs.iter().filter(|pack| pack.kind == Kind::Objects) {
                    self.step(pack, fetch(self.repository, &self.pack_key, pack), store, restored)?;
                }
                if let Err(error) = self.put_whole_tail(&tail, store) {
                    restored.problem(format!(
                        "{}: {error}; what came later is not restored",
                        Name::tail(tail.from)
                    ));
                    break;
                }
                // A day has thousands of tails, most of them small.
                if done.is_multiple_of(TAILS_NOTED) {
                    store.settle()?;
                    resume.advance(done)?;
                }
            }
            restored.entries = tail.head.size;
            head = Some(tail.note);
        }
        Ok(head)
    }

    /// All packs in the order in which they are needed.
    fn steps(&self, generation: &Generation) -> Result<Vec<PackRef>, BackupError> {
        if self.keys.entries < generation.entries {
            return Err(BackupError::NoGeneration(format!(
                "the newest key set that can be trusted is older than generation {}. Choose an older generation, or the \
                 repository of another tier",
                generation.label()
            )));
        }
        let of = |kinds: &'static [Kind]| generation.packs.iter().filter(|pack| kinds.contains(&pack.kind));
        let before = of(&[Kind::Journal]).chain(of(&[Kind::Base, Kind::Rows]));
        Ok(before.chain(&self.keys.packs).chain(of(&[Kind::Objects])).cloned().collect())
    }

    /// Stores what a pack holds.
    fn step(
        &self,
        step: &PackRef,
        opened: Result<Pack, BackupError>,
        store: &dyn Store,
        restored: &mut Restored,
    ) -> Result<(), BackupError> {
        if step.kind == Kind::Objects {
            return match opened {
                Ok(pack) => put_objects(store, objects_of(&pack)),
                Err(BackupError::Untrusted { name, why }) => {
                    restored.problem(format!("{name}: {why}; its sound objects were restored"));
                    let salvaged = salvage(self.repository, &self.pack_key, step)?;
                    let objects = salvaged.objects.iter().map(|(id, bytes)| (*id, bytes.as_slice()));
                    put_objects(store, objects)
                }
                Err(error) => Err(error),
            };
        }
        let pack = opened?;
        match step.kind {
            Kind::Journal => put_entries(store, &pack),
            Kind::Keys => put_keys(store, &pack),
            _ => put_rows(store, &pack),
        }
    }

    /// The head of the generation, once the entries that came back lead to it.
    fn checked_head(
        &self,
        generation: &Generation,
        store: &dyn Store,
        restored: &mut Restored,
    ) -> Result<String, BackupError> {
        let contradicts = |what: &str| BackupError::Contradiction(what.to_owned());
        let head = self.last_rows(generation, restored)?;
        let signed = checkpoint::verify(&head, &self.identity.vkey)
            .map_err(|error| BackupError::Contradiction(error.to_string()))?;
        if (signed.size, signed.root) != (generation.entries, generation.root) {
            return Err(contradicts("its checkpoint is not that of its manifest"));
        }
        if frontier(&*store.view(), generation.entries)?.root() != generation.root {
            return Err(contradicts("its entries do not lead to the root that was signed"));
        }
        restored.entries = generation.entries;
        Ok(head)
    }

    /// Accounts for every record, and writes the head.
    fn finish(
        &self,
        head: &str,
        store: &dyn Store,
        meta: RestoredMeta<'_>,
        restored: &mut Restored,
        progress: Parts<'_>,
    ) -> Result<(), BackupError> {
        account(&*store.view(), store, restored, progress)?;
        let mut batch = Batch::new();
        batch.put(Table::Meta, meta.archive_key, self.keys.archive_key.clone());
        batch.put(Table::Meta, meta.checkpoint, head);
        store.commit(batch)?;
        Ok(store.settle()?)
    }

    /// The files and the head, which end the last packs of rows.
    fn last_rows(&self, generation: &Generation, restored: &mut Restored) -> Result<String, BackupError> {
        let mut head = None;
        let rows = generation.packs.iter().filter(|pack| matches!(pack.kind, Kind::Base | Kind::Rows));
        for pack in rows.rev() {
            let pack = fetch(self.repository, &self.pack_key, pack)?;
            for item in pack.items() {
                match item.what {
                    What::File => restored
                        .files
                        .push((String::from_utf8_lossy(item.key).into_owned(), item.value.to_vec())),
                    What::Head => head = Some(String::from_utf8_lossy(item.value).into_owned()),
                    _ => {}
                }
            }
            if head.is_some() && !restored.files.is_empty() {
                break;
            }
        }
        head.ok_or_else(|| BackupError::Contradiction("it has no checkpoint".into()))
    }
}
