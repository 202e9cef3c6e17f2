//! Tails: what the journal gained since the newest generation, shipped every few seconds, so that a lost machine loses
//! seconds and not a day.
//!
//! A tail is one sealed object: entries with their changes, the rows and keys that they wrote, and the signed head they
//! lead to. Its sealed objects go into packs before it, and so does what is too much for one object (`pieces.rs`). Tails follow each other and the newest generation without a gap;
//! the next generation contains what they hold, and removes them.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog::{Catalog, Identity};
use super::error::BackupError;
use super::gather::{self, Changed};
use super::manifest::{PackRef, Tier};
use super::objects::{self, Copied};
use super::pack::{Item, Kind, Pack, What, max_sealed_len, seal_pack, unseal_pack};
use super::packer::put_and_compare;
use super::pieces::Pieces;
use super::repository::{Folder, Name, PackId, Repository, RepositoryError};
use super::restore::Opened;
use super::run::{Snapshot, Source};
use super::tree::continues;
use crate::journal::merkle::Hash;
use crate::journal::{Checkpoint, VerifyingKey, checkpoint};
use crate::seal::Dek;
use crate::store::Table;

/// Tails that a restore follows; a day has 8,640 steps of ten seconds.
const MAX_TAILS: usize = 100_000;

/// Longest piece of a tail, in bytes of plaintext: one is in memory when it is shipped and when it is restored.
const MAX_PIECE_BYTES: usize = 64 << 20;

/// How far shipping has come: every entry below `through` is in generation `generation` or in a tail after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub generation: u64,
    pub through: u64,
}

/// What a step of shipping did.
#[derive(Debug, PartialEq, Eq)]
pub struct Shipped {
    /// Where the next step goes on; it spares that step reading what is there.
    pub position: Position,
    /// Entries that this step added.
    pub entries: u64,
    pub objects: u64,
    pub problems: Vec<String>,
}

/// What a tail says of itself; everything in it was authentic when this was read.
pub struct Tail {
    pub from: u64,
    /// The head that it leads to.
    pub head: Checkpoint,
    pub note: String,
    /// Packs of its objects, and of its pieces in their order.
    pub packs: Vec<PackRef>,
}

/// What seals a tail to its place.
fn context(from: u64) -> PackId {
    let mut id = *b"tail\0\0\0\0\0\0\0\0\0\0\0\0";
    id[8..].copy_from_slice(&from.to_be_bytes());
    PackId(id)
}

impl Tail {
    /// Reads and opens the tail from entry `from` on.
    ///
    /// # Errors
    /// [`BackupError::Untrusted`] when this tail cannot be read or believed; others when the repository is gone.
    pub fn read(
        repository: &dyn Repository,
        from: u64,
        key: &Dek,
        vkey: &VerifyingKey,
    ) -> Result<(Self, Pack), BackupError> {
        let name = Name::tail(from);
        let untrusted = |why: String| BackupError::Untrusted { name: name.clone(), why };
        let sealed = match repository.get(&name, 0..max_sealed_len()) {
            Ok(bytes) => bytes.unwrap_or_default(),
            Err(RepositoryError::Io { detail, .. }) => return Err(untrusted(detail)),
            Err(error) => return Err(error.into()),
        };
        let plain = unseal_pack(key, context(from), &sealed).map_err(|error| untrusted(error.to_string()))?;
        let pack = Pack::parse(plain, Kind::Tail).map_err(|why| untrusted(why.into()))?;
        let note = pack.items().find(|item| item.what == What::Head).map(|item| item.value.to_vec());
        let note = note.and_then(|note| String::from_utf8(note).ok());
        let note = note.ok_or_else(|| untrusted("it has no head".into()))?;
        let head = checkpoint::verify(&note, vkey).map_err(|error| untrusted(error.to_string()))?;
        let line = |item: Item<'_>| PackRef::parse(str::from_utf8(item.value).ok()?);
        let packs: Option<Vec<_>> = pack.items().filter(|item| item.what == What::Pack).map(line).collect();
        let packs = packs.ok_or_else(|| untrusted("it names a pack that does not read".into()))?;
        Ok((Self { from, head, note, packs }, pack))
    }
}

/// The tails of a repository that can be read, in their order, and what is wrong with the others.
pub struct Tails {
    pub tails: Vec<Tail>,
    pub problems: Vec<String>,
}

impl Tails {
    /// Reads all tails.
    ///
    /// # Errors
    /// When the repository is gone.
    pub fn load(repository: &dyn Repository, key: &Dek, vkey: &VerifyingKey) -> Result<Self, BackupError> {
        let mut found = Self { tails: Vec::new(), problems: Vec::new() };
        for listed in repository.list(Folder::Tails)?.into_iter().take(MAX_TAILS) {
            let Some(from) = Name::number(&listed.file) else {
                found.problems.push(format!("tails/{:?} is no name of a tail", listed.file));
                continue;
            };
            match Tail::read(repository, from, key, vkey) {
                Ok((tail, _)) => found.tails.push(tail),
                Err(error @ BackupError::Untrusted { .. }) => found.problems.push(error.to_string()),
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Those that follow a journal of `entries` without a gap.
    pub fn following(self, entries: u64) -> (Vec<Tail>, Vec<String>) {
        let Self { tails, mut problems } = self;
        let (mut chain, mut at) = (Vec::new(), entries);
        for tail in tails {
            if tail.from == at && tail.head.size > at {
                at = tail.head.size;
                chain.push(tail);
            } else if tail.from > at {
                problems.push(format!("journal entry {at} is in no tail; what came later is not restored"));
                break;
            }
        }
        (chain, problems)
    }
}

/// Packs that tails name: they belong to no manifest and are in use all the same.
///
/// # Errors
/// When a tail cannot be read: then nobody knows what it needs.
pub fn in_use(
    repository: &dyn Repository,
    key: &Dek,
    vkey: &VerifyingKey,
) -> Result<BTreeSet<PackId>, BackupError> {
    let Tails { tails, problems } = Tails::load(repository, key, vkey)?;
    if let Some(problem) = problems.into_iter().next() {
        return Err(BackupError::Contradiction(problem));
    }
    Ok(tails.iter().flat_map(|tail| &tail.packs).map(|pack| pack.id).collect())
}

/// Removes all tails: a generation contains them, or they belong to entries that are no more.
///
/// # Errors
/// When the repository cannot be written.
pub fn remove_all(repository: &dyn Repository) -> Result<(), BackupError> {
    let listed = repository.list(Folder::Tails)?.into_iter();
    let names: Vec<_> = listed.filter_map(|listed| Name::number(&listed.file)).map(Name::tail).collect();
    Ok(repository.delete(&names)?)
}

impl Source<'_> {
    /// Ships what is new since the newest generation and its tails, or since `at`, where the last step of this process
    /// ended well. `None` when there is no generation to follow yet.
    ///
    /// # Errors
    /// What kept it from being written; the next step ships it too, and begins without `at`.
    pub fn ship(
        &self,
        repository: &dyn Repository,
        tier: Tier,
        at: Option<Position>,
    ) -> Result<Option<Shipped>, BackupError> {
        self.ship_in_pieces(repository, tier, at, MAX_PIECE_BYTES)
    }

    /// The same in pieces of so many bytes.
    pub(super) fn ship_in_pieces(
        &self,
        repository: &dyn Repository,
        tier: Tier,
        at: Option<Position>,
        limit: usize,
    ) -> Result<Option<Shipped>, BackupError> {
        let identity = self.identify(repository, tier, true)?;
        let _claim = repository.lock()?;
        let snapshot = self.snapshot()?;
        let newest = repository.list(Folder::Generations)?.last().and_then(|last| Name::number(&last.file));
        let position = match at.filter(|at| Some(at.generation) == newest) {
            Some(at) => Some(at),
            None => self.position(repository, &identity, &snapshot)?,
        };
        let Some(position) = position else { return Ok(None) };
        let from = position.through;
        let mut shipped = Shipped { position, entries: 0, objects: 0, problems: Vec::new() };
        if from == snapshot.entries {
            return Ok(Some(shipped));
        }
        shipped.entries = snapshot.entries - from;
        shipped.position.through = snapshot.entries;
        let mut pieces = Pieces::new(repository, self.pack_key, limit);
        let copied = match self.fill(repository, from, snapshot, &mut pieces, &mut shipped.problems) {
            Ok(Some(copied)) => copied,
            // Entries of an earlier release: the next generation has them.
            Ok(None) => {
                pieces.give_up();
                return Ok(None);
            }
            Err(error) => {
                pieces.give_up();
                return Err(error);
            }
        };
        shipped.objects = copied.objects;
        let objects: Vec<_> = copied.packs.into_iter().filter(|pack| pack.kind == Kind::Objects).collect();
        let last = pieces.into_last(&objects)?;
        let sealed = seal_pack(self.pack_key, context(from), Kind::Tail, &last.plain())?;
        put_and_compare(repository, &Name::tail(from), &sealed)?;
        Ok(Some(shipped))
    }

    /// Everything that a tail from entry `from` on holds, and its objects; `None` for entries without lists of changes.
    fn fill(
        &self,
        repository: &dyn Repository,
        from: u64,
        snapshot: Snapshot<'_>,
        pieces: &mut Pieces<'_>,
        problems: &mut Vec<String>,
    ) -> Result<Option<Copied>, BackupError> {
        let changed = gather::journal(from, &snapshot, &mut |item| pieces.add(item))?;
        if changed.unlisted {
            return Ok(None);
        }
        self.add_rows(&snapshot, &changed, pieces)?;
        pieces.add(Item { what: What::Head, name: "", key: b"", value: snapshot.head.as_bytes() })?;
        drop(snapshot);
        objects::copy(self, repository, None, &changed.objects, problems, &|_, _| {}).map(Some)
    }

    /// How many entries are safe in the repository. Tails of other entries than this journal's are removed.
    fn position(
        &self,
        repository: &dyn Repository,
        identity: &Identity,
        snapshot: &Snapshot<'_>,
    ) -> Result<Option<Position>, BackupError> {
        let known = |at: u64, root: &Hash| continues(&*snapshot.view, snapshot.entries, at, root);
        let catalog = Catalog::load(repository, identity)?;
        let Some(newest) = catalog.generations.last() else { return Ok(None) };
        if !known(newest.entries, &newest.root)? {
            return Ok(None); // This archive goes on from an older one; its next generation says so.
        }
        let tails = Tails::load(repository, self.pack_key, &identity.vkey)?;
        let unreadable = !tails.problems.is_empty();
        let (chain, gaps) = tails.following(newest.entries);
        let last =
            chain.last().map_or((newest.entries, newest.root), |tail| (tail.head.size, tail.head.root));
        let complete = all_there(repository, &chain)?;
        if unreadable || !complete || !gaps.is_empty() || !known(last.0, &last.1)? {
            remove_all(repository)?;
            return Ok(Some(Position { generation: newest.number, through: newest.entries }));
        }
        Ok(Some(Position { generation: newest.number, through: last.0 }))
    }

    fn add_rows(
        &self,
        snapshot: &Snapshot<'_>,
        changed: &Changed,
        pieces: &mut Pieces<'_>,
    ) -> Result<(), BackupError> {
        let rows =
            changed.rows.iter().filter(|(table, key)| *table != Table::Meta || !self.meta.leaves_out(key));
        let keys = changed.keys.iter().map(|key| (Table::Keys, key));
        for (table, key) in rows.map(|(table, key)| (*table, key)).chain(keys) {
            let (what, name) = match table {
                Table::Keys => (What::WrappedKey, ""),
                table => (What::Row, table.name()),
            };
            match snapshot.view.get(table, key)? {
                Some(value) => pieces.add(Item { what, name, key, value: &value })?,
                None => pieces.add(Item { what: What::Gone, name: table.name(), key, value: b"" })?,
            }
        }
        Ok(())
    }
}

/// Whether every pack that tails name is there, with its length.
fn all_there(repository: &dyn Repository, tails: &[Tail]) -> Result<bool, RepositoryError> {
    let lengths: BTreeMap<_, _> =
        repository.list(Folder::Packs)?.into_iter().map(|listed| (listed.file, listed.len)).collect();
    let mut packs = tails.iter().flat_map(|tail| &tail.packs);
    Ok(packs.all(|pack| lengths.get(Name::pack(pack.id).file()) == Some(&pack.len)))
}

impl Opened<'_> {
    /// The tails that follow a generation, and what is wrong with others.
    ///
    /// # Errors
    /// When the repository is gone.
    pub(super) fn tails_after(&self, entries: u64) -> Result<(Vec<Tail>, Vec<String>), BackupError> {
        Ok(Tails::load(self.repository, &self.pack_key, &self.identity.vkey)?.following(entries))
    }
}
