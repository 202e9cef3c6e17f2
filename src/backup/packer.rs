//! Writing packs: gather, seal, store, read back, compare.

use super::catalog::random;
use super::error::BackupError;
use super::manifest::PackRef;
use super::pack::{Builder, Item, Kind, seal_pack};
use super::repository::{Name, PackId, Repository};
use crate::seal::Dek;

/// Plaintext after which a pack is closed, in bytes. Two copies of a pack are in memory while it is written.
const TARGET: usize = 32 << 20;

/// Puts items of one kind into packs.
pub struct Packer<'a> {
    repository: &'a dyn Repository,
    key: &'a Dek,
    kind: Kind,
    builder: Builder,
    done: Vec<PackRef>,
}

impl<'a> Packer<'a> {
    pub fn new(repository: &'a dyn Repository, key: &'a Dek, kind: Kind) -> Self {
        Self { repository, key, kind, builder: Builder::new(kind), done: Vec::new() }
    }

    /// Adds an item; writes a pack when enough has come together.
    ///
    /// # Errors
    /// What kept the pack from being written and read back.
    pub fn add(&mut self, item: Item<'_>) -> Result<(), BackupError> {
        let grown = self.builder.len() + item.key.len() + item.value.len();
        // A large object goes alone, so that no pack is larger than the largest object and a frame.
        if grown > TARGET && self.builder.items() > 0 {
            self.write()?;
        }
        self.builder.add(item)
    }

    /// Writes what is left; returns all packs in their order.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn finish(mut self) -> Result<Vec<PackRef>, BackupError> {
        if self.builder.items() > 0 {
            self.write()?;
        }
        Ok(self.done)
    }

    fn write(&mut self) -> Result<(), BackupError> {
        let builder = std::mem::replace(&mut self.builder, Builder::new(self.kind));
        let items = builder.items();
        let id = PackId(random()?);
        let sealed = seal_pack(self.key, id, self.kind, &builder.plain())?;
        put_and_compare(self.repository, &Name::pack(id), &sealed)?;
        self.done.push(PackRef { kind: self.kind, id, len: sealed.len() as u64, items });
        Ok(())
    }
}

/// Stores an object and reads it back.
///
/// # Errors
/// [`BackupError::ReadBack`] when other bytes come back.
pub fn put_and_compare(repository: &dyn Repository, name: &Name, bytes: &[u8]) -> Result<(), BackupError> {
    repository.put(name, bytes)?;
    let found = repository.get(name, 0..bytes.len() as u64 + 1)?;
    if found.as_deref() == Some(bytes) { Ok(()) } else { Err(BackupError::ReadBack(name.clone())) }
}
