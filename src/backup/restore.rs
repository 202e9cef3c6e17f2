//! From a repository back into a store: step by step, each step one pack, so that it can go on where it ended.
//!
//! Order: journal (with its tree), rows, keys of the newest key set, sealed objects. Nothing is believed: packs prove
//! themselves by their seals, entries by leading to the signed root, and an object comes back only if its record has a
//! key in the newest key set. A record without one was destroyed after the generation was made, and stays so.

use std::collections::BTreeSet;

use super::Progress;
use super::catalog::{Catalog, Identity};
use super::changes::table;
use super::error::BackupError;
use super::fetch::{fetch, salvage};
use super::gather::{damaged, frontier};
use super::key_set::KeySet;
use super::manifest::{Generation, PackRef};
use super::pack::{Item, Kind, Pack, What, pack_key};
use super::repository::Repository;
use crate::journal::merkle::{Frontier, Hash, leaf_hash, node_key};
use crate::journal::{Act, Entry, checkpoint};
use crate::seal::{Context, Dek, Kek, SealError};
use crate::store::{Batch, BlobId, Direction, Store, Table, View};

/// Problems told by name; the rest is only counted.
const MAX_TOLD: usize = 100;

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
    pub fn open(repository: &'a dyn Repository, kek: &Kek, context: &Context) -> Result<Self, BackupError> {
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

fn unwrap(kek: &Kek, keys: &KeySet, context: &Context) -> Result<Dek, BackupError> {
    kek.unwrap(&keys.archive_key, context).map_err(|error| match error {
        SealError::Tampered => BackupError::KeyRefused("the archive's own key does not open with it".into()),
        other => other.into(),
    })
}

/// Where a restore remembers how many of its steps are durable.
pub trait Resume {
    /// Steps done.
    fn done(&self) -> u64;

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
    /// Records that were destroyed after the generation was made.
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
    /// Restores a generation into an empty store, or goes on with it.
    ///
    /// # Errors
    /// Damage that nothing can make good: of the journal, of rows, of keys. Damaged objects are told, not fatal.
    pub fn restore(
        &self,
        generation: &Generation,
        store: &dyn Store,
        meta: RestoredMeta<'_>,
        resume: &mut dyn Resume,
        progress: Progress<'_>,
    ) -> Result<Restored, BackupError> {
        let steps = self.steps(generation)?;
        let total = steps.iter().fold(0u64, |sum, step| sum.saturating_add(step.len));
        let mut restored = Restored { problems: self.problems.clone(), ..Restored::default() };
        let (mut bytes, mut done) = (0, 0);
        for step in &steps {
            done += 1;
            if done > resume.done() {
                self.step(step, store, &mut restored)?;
                resume.advance(done)?;
            }
            bytes += step.len;
            progress(bytes, Some(total));
        }
        self.finish(generation, store, meta, &mut restored)?;
        Ok(restored)
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

    fn step(&self, step: &PackRef, store: &dyn Store, restored: &mut Restored) -> Result<(), BackupError> {
        let opened = fetch(self.repository, &self.pack_key, step);
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

    /// Checks that everything came back and agrees, and writes the head.
    fn finish(
        &self,
        generation: &Generation,
        store: &dyn Store,
        meta: RestoredMeta<'_>,
        restored: &mut Restored,
    ) -> Result<(), BackupError> {
        let contradicts = |what: &str| BackupError::Contradiction(what.to_owned());
        let head = self.last_rows(generation, restored)?;
        let signed = checkpoint::verify(&head, &self.identity.vkey)
            .map_err(|error| BackupError::Contradiction(error.to_string()))?;
        if (signed.size, signed.root) != (generation.entries, generation.root) {
            return Err(contradicts("its checkpoint is not that of its manifest"));
        }
        let view = store.view();
        let root = root_of(&*view, generation.entries)?;
        if root != generation.root {
            return Err(contradicts("its entries do not lead to the root that was signed"));
        }
        restored.entries = generation.entries;
        account(&*view, store, restored)?;
        drop(view);
        let mut batch = Batch::new();
        batch.put(Table::Meta, meta.archive_key, self.keys.archive_key.clone());
        batch.put(Table::Meta, meta.checkpoint, head.into_bytes());
        Ok(store.commit(batch)?)
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

/// The root over the first `size` entries, from the tree that was rebuilt.
fn root_of(view: &dyn View, size: u64) -> Result<Hash, BackupError> {
    Ok(frontier(view, size)?.root())
}

/// Goes through the journal: every deposit must have its object, unless its key was destroyed.
fn account(view: &dyn View, store: &dyn Store, restored: &mut Restored) -> Result<(), BackupError> {
    for row in view.scan(Table::Journal, &[], None, Direction::Forward) {
        let entry = Entry::decode(&row?.1).map_err(|error| damaged(error.to_string()))?;
        let (Act::Deposit, Some(id)) = (entry.act, entry.record) else { continue };
        let id = *id.as_bytes();
        if view.get(Table::Keys, &id)?.is_none() {
            restored.destroyed.push(id);
        } else {
            restored.records += 1;
            match store.blobs().size(&BlobId(id))? {
                Some(_) => restored.objects += 1,
                None => restored.missing.push(BlobId(id)),
            }
        }
    }
    Ok(())
}

/// Where the journal restored so far ends.
fn edge(view: &dyn View) -> Result<Frontier, BackupError> {
    let last = view.scan(Table::Journal, &[], None, Direction::Reverse).next().transpose()?;
    let size =
        last.and_then(|(key, _)| Some(u64::from_be_bytes(key.try_into().ok()?))).map_or(0, |seq| seq + 1);
    frontier(view, size)
}

/// Entries with the rows that follow from them. A step that happened although it was not noted happens again unchanged.
fn put_entries(store: &dyn Store, pack: &Pack) -> Result<(), BackupError> {
    let mut edge = edge(&*store.view())?;
    let mut batch = Batch::new();
    for item in pack.items() {
        let seq = item.key.try_into().map(u64::from_be_bytes);
        let seq = seq.map_err(|_| BackupError::Contradiction("an entry has no number".into()))?;
        match item.what {
            What::Entry if seq < edge.size() => {}
            What::Entry if seq > edge.size() => {
                return Err(BackupError::Contradiction(format!("journal entry {} is missing", edge.size())));
            }
            What::Entry => put_entry(&mut batch, &mut edge, seq, item.value)?,
            What::Changes => {
                batch.put(Table::Changes, item.key, item.value);
            }
            _ => return Err(unexpected(&item)),
        }
    }
    Ok(store.commit(batch)?)
}

fn put_entry(batch: &mut Batch, edge: &mut Frontier, seq: u64, bytes: &[u8]) -> Result<(), BackupError> {
    let entry = Entry::decode(bytes).map_err(|error| BackupError::Contradiction(error.to_string()))?;
    if entry.seq != seq {
        return Err(BackupError::Contradiction(format!("entry {seq} says that it is {}", entry.seq)));
    }
    for (level, index, hash) in edge.append(leaf_hash(bytes)) {
        batch.put(Table::Tree, node_key(level, index), hash);
    }
    if let Some(id) = entry.record {
        batch.put(Table::Trail, [id.as_bytes().as_slice(), &seq.to_be_bytes()].concat(), []);
    }
    batch.put(Table::Journal, seq.to_be_bytes(), bytes);
    Ok(())
}

fn put_rows(store: &dyn Store, pack: &Pack) -> Result<(), BackupError> {
    let mut batch = Batch::new();
    for item in pack.items() {
        match item.what {
            What::Row => {
                batch.put(named(&item)?, item.key, item.value);
            }
            What::Gone => {
                batch.delete(named(&item)?, item.key);
            }
            What::File | What::Head => {}
            _ => return Err(unexpected(&item)),
        }
    }
    Ok(store.commit(batch)?)
}

/// Keys of the records that this generation knows; those of later ones are left out.
fn put_keys(store: &dyn Store, pack: &Pack) -> Result<(), BackupError> {
    let view = store.view();
    let mut batch = Batch::new();
    for item in pack.items() {
        match item.what {
            What::Row => {
                batch.put(named(&item)?, item.key, item.value);
            }
            What::WrappedKey => {
                if is_record(&*view, item.key)? {
                    batch.put(Table::Keys, item.key, item.value);
                }
            }
            _ => return Err(unexpected(&item)),
        }
    }
    drop(view);
    Ok(store.commit(batch)?)
}

/// Stores objects, but those of records that have no key any more.
fn put_objects<'a>(
    store: &dyn Store,
    objects: impl Iterator<Item = (BlobId, &'a [u8])>,
) -> Result<(), BackupError> {
    let view = store.view();
    let mut batch = Batch::new();
    let mut seen = BTreeSet::new();
    for (id, bytes) in objects {
        let destroyed = view.get(Table::Keys, &id.0)?.is_none() && is_record(&*view, &id.0)?;
        if !destroyed && seen.insert(id) {
            batch.put_blob(id, bytes);
        }
    }
    drop(view);
    Ok(store.commit(batch)?)
}

fn objects_of(pack: &Pack) -> impl Iterator<Item = (BlobId, &[u8])> {
    pack.items()
        .filter(|item| item.what == What::Object)
        .filter_map(|item| Some((BlobId(item.key.try_into().ok()?), item.value)))
}

/// Whether the journal has an entry about a record of this id.
fn is_record(view: &dyn View, id: &[u8]) -> Result<bool, BackupError> {
    let end = [id, &[0xff; 8]].concat();
    Ok(view.scan(Table::Trail, id, Some(&end), Direction::Forward).next().transpose()?.is_some())
}

fn named(item: &Item<'_>) -> Result<Table, BackupError> {
    table(item.name)
        .ok_or_else(|| BackupError::Newer { what: format!("the table {:?} in this backup", item.name) })
}

fn unexpected(item: &Item<'_>) -> BackupError {
    BackupError::Contradiction(format!("a pack holds an item of the wrong kind ({:?})", item.what))
}
