//! A tail in pieces: when more came together than one sealed object should hold (a rotation of the key writes every wrapped
//! key anew), what came first goes into packs of its own, and the tail names them.
//!
//! A tail counts as a whole or not at all. Pieces are written before the tail, which is the commit; and they are restored
//! only after all of them have proven to lead to its head.

use super::catalog::random;
use super::error::BackupError;
use super::fetch::fetch;
use super::gather::frontier;
use super::manifest::PackRef;
use super::pack::{Builder, Item, Kind, Pack, What, seal_pack};
use super::packer::put_and_compare;
use super::rebuild::{number, put_piece, put_tail};
use super::repository::{Name, PackId, Repository};
use super::restore::Opened;
use super::tail::Tail;
use crate::journal::merkle::{Frontier, leaf_hash};
use crate::seal::Dek;
use crate::store::Store;

/// Takes the items of a tail, and writes a piece whenever enough has come together.
pub struct Pieces<'a> {
    repository: &'a dyn Repository,
    key: &'a Dek,
    /// Bytes of plaintext after which a piece is written.
    limit: usize,
    builder: Builder,
    written: Vec<PackRef>,
}

impl<'a> Pieces<'a> {
    pub fn new(repository: &'a dyn Repository, key: &'a Dek, limit: usize) -> Self {
        Self { repository, key, limit, builder: Builder::new(Kind::Tail), written: Vec::new() }
    }

    /// Adds an item.
    ///
    /// # Errors
    /// What kept a piece from being written and read back.
    pub fn add(&mut self, item: Item<'_>) -> Result<(), BackupError> {
        let grown = self.builder.len() + item.key.len() + item.value.len();
        if grown > self.limit && self.builder.items() > 0 {
            self.write()?;
        }
        self.builder.add(item)
    }

    fn write(&mut self) -> Result<(), BackupError> {
        let full = std::mem::replace(&mut self.builder, Builder::new(Kind::Tail));
        let id = PackId(random()?);
        let sealed = seal_pack(self.key, id, Kind::Tail, &full.plain())?;
        // Noted first: a write that reports failure may have happened.
        self.written.push(PackRef { kind: Kind::Tail, id, len: sealed.len() as u64, items: full.items() });
        put_and_compare(self.repository, &Name::pack(id), &sealed)
    }

    /// What is left for the tail itself, which also names the pieces and the packs of `objects`.
    ///
    /// # Errors
    /// When it does not fit a pack.
    pub fn into_last(mut self, objects: &[PackRef]) -> Result<Builder, BackupError> {
        for pack in self.written.iter().chain(objects) {
            let line = pack.line();
            self.builder.add(Item { what: What::Pack, name: "", key: &pack.id.0, value: line.as_bytes() })?;
        }
        Ok(self.builder)
    }

    /// Removes what was written: no tail will name it.
    pub fn give_up(self) {
        let names: Vec<_> = self.written.iter().map(|pack| Name::pack(pack.id)).collect();
        // What cannot be removed now is removed by the next run.
        let _ = self.repository.delete(&names);
    }
}

impl Opened<'_> {
    /// Stores a tail, piece by piece, once all of it has proven to lead to its head.
    ///
    /// # Errors
    /// [`BackupError::Untrusted`], [`BackupError::Contradiction`]; then nothing of it was stored.
    pub(super) fn put_whole_tail(&self, tail: &Tail, store: &dyn Store) -> Result<(), BackupError> {
        let (_, last) = Tail::read(self.repository, tail.from, &self.pack_key, &self.identity.vkey)?;
        let pieces = || tail.packs.iter().filter(|pack| pack.kind == Kind::Tail);
        let open = |piece: &PackRef| fetch(self.repository, &self.pack_key, piece);
        if pieces().next().is_some() {
            let mut edge = frontier(&*store.view(), tail.from)?;
            pieces().try_for_each(|piece| extend(&mut edge, &open(piece)?))?;
            extend(&mut edge, &last)?;
            if (edge.size(), edge.root()) != (tail.head.size, tail.head.root) {
                return Err(BackupError::Contradiction(
                    "its pieces do not lead to the head that was signed".into(),
                ));
            }
            pieces().try_for_each(|piece| put_piece(store, &open(piece)?))?;
        }
        put_tail(store, &tail.head, &last)
    }
}

/// Follows the entries of a piece.
fn extend(edge: &mut Frontier, piece: &Pack) -> Result<(), BackupError> {
    for item in piece.items().filter(|item| item.what == What::Entry) {
        if number(&item)? != edge.size() {
            return Err(BackupError::Contradiction(format!("journal entry {} is missing", edge.size())));
        }
        edge.append(leaf_hash(item.value));
    }
    Ok(())
}
