//! Writing packs: gather, seal, store, read back, compare.

use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};

use super::catalog::random;
use super::error::BackupError;
use super::manifest::PackRef;
use super::pack::{Builder, Item, Kind, seal_pack_into};
use super::repository::{Name, PackId, Repository};
use crate::seal::Dek;

/// Plaintext after which a pack is closed, in bytes. Two copies of a pack are in memory while it is written, and the next
/// one beside them.
const TARGET: usize = 32 << 20;

/// Bytes read back at once: few enough to stay in the processor's cache until they are compared.
const READ_BACK: usize = 1 << 20;

/// Puts items of one kind into packs.
pub struct Packer<'a> {
    builder: Builder,
    kind: Kind,
    out: Out<'a>,
}

/// Where a full pack goes.
enum Out<'a> {
    /// It is written before anything else happens.
    Here { writer: Writer<'a>, done: Vec<PackRef> },
    /// Another thread writes it while the next one fills, and hands its room back.
    Beside(SyncSender<Builder>, Receiver<Builder>),
}

/// What a pack is sealed with, and where it is stored; and the room that this takes, for one pack after the other: large
/// buffers handed out anew each time cost more than sealing.
struct Writer<'a> {
    repository: &'a dyn Repository,
    key: &'a Dek,
    kind: Kind,
    plain: Vec<u8>,
    sealed: Vec<u8>,
}

impl<'a> Packer<'a> {
    pub fn new(repository: &'a dyn Repository, key: &'a Dek, kind: Kind) -> Self {
        let out = Out::Here { writer: Writer::new(repository, key, kind), done: Vec::new() };
        Self { builder: Builder::new(kind), kind, out }
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

    /// Writes what is left; returns all packs in their order (none when another thread writes them).
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn finish(mut self) -> Result<Vec<PackRef>, BackupError> {
        if self.builder.items() > 0 {
            self.write()?;
        }
        match self.out {
            Out::Here { done, .. } => Ok(done),
            Out::Beside(..) => Ok(Vec::new()),
        }
    }

    fn write(&mut self) -> Result<(), BackupError> {
        match &mut self.out {
            Out::Here { writer, done } => {
                done.push(writer.write(&self.builder)?);
                self.builder.clear();
            }
            Out::Beside(hand, used) => {
                let room = used.try_recv().unwrap_or_else(|_| Builder::new(self.kind));
                let full = std::mem::replace(&mut self.builder, room);
                // Told by nobody: whoever waits for the thread learns why it ended.
                hand.send(full).map_err(|_| BackupError::Unfit("a pack was not written".into()))?;
            }
        }
        Ok(())
    }
}

impl<'a> Writer<'a> {
    fn new(repository: &'a dyn Repository, key: &'a Dek, kind: Kind) -> Self {
        Self { repository, key, kind, plain: Vec::new(), sealed: Vec::new() }
    }

    fn write(&mut self, builder: &Builder) -> Result<PackRef, BackupError> {
        let items = builder.items();
        let id = PackId(random()?);
        builder.plain_into(&mut self.plain);
        seal_pack_into(self.key, id, self.kind, &self.plain, &mut self.sealed)?;
        put_and_compare(self.repository, &Name::pack(id), &self.sealed)?;
        Ok(PackRef { kind: self.kind, id, len: self.sealed.len() as u64, items })
    }
}

/// Packs what `fill` adds, on two threads: the caller's reads and gathers, the other seals, stores and reads back the pack
/// before. Returns the packs in their order, and what `fill` gave.
///
/// # Errors
/// What kept a pack from being written, else what `fill` met.
pub fn pack_beside<T>(
    repository: &dyn Repository,
    key: &Dek,
    kind: Kind,
    fill: impl FnOnce(&mut Packer<'_>) -> Result<T, BackupError>,
) -> Result<(Vec<PackRef>, T), BackupError> {
    std::thread::scope(|scope| {
        // Without room of its own: at most one pack fills while another is written.
        let (hand, take) = sync_channel::<Builder>(0);
        let (give_back, used) = channel();
        let mut writer = Writer::new(repository, key, kind);
        let beside = scope.spawn(move || {
            let write = |mut builder: Builder| {
                let written = writer.write(&builder)?;
                builder.clear();
                // Nobody waits for it any more when the last pack is written.
                let _ = give_back.send(builder);
                Ok(written)
            };
            take.iter().map(write).collect::<Result<Vec<_>, BackupError>>()
        });
        let mut packer = Packer { builder: Builder::new(kind), kind, out: Out::Beside(hand, used) };
        let filled = fill(&mut packer);
        // Consumes the packer in either case: the other thread ends when nobody can hand it anything.
        let filled = filled.and_then(|given| packer.finish().map(|_| given));
        let written = beside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((written?, filled?))
    })
}

/// Stores an object and reads it back.
///
/// # Errors
/// [`BackupError::ReadBack`] when other bytes come back.
pub fn put_and_compare(repository: &dyn Repository, name: &Name, bytes: &[u8]) -> Result<(), BackupError> {
    repository.put(name, bytes)?;
    let (len, mut found) = (bytes.len() as u64, Vec::new());
    let mut rest = bytes;
    loop {
        let (piece, after) = rest.split_at(rest.len().min(READ_BACK));
        let (at, last) = (len - rest.len() as u64, after.is_empty());
        // One byte more at the end: there must be none.
        let range = at..at + piece.len() as u64 + u64::from(last);
        if !repository.get_into(name, range, &mut found)? || found != piece {
            return Err(BackupError::ReadBack(name.clone()));
        }
        if last {
            return Ok(());
        }
        rest = after;
    }
}
