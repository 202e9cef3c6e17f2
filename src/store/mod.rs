//! Where state lives: ordered tables with snapshots and conditional batches, and write-once blobs.
//!
//! The traits here are contracts; `suite.rs` proves every implementation against them. A store knows keys,
//! values and bytes, and nothing of what they mean: everything it is given is already sealed or public.
//!
//! Trust: the store is *not* trusted with content. Whoever steals it has ciphertext, wrapped keys, ids and
//! sizes; whoever changes it is found out by seals, digests and the journal's Merkle tree. It is trusted with
//! durability, and with really removing what [`Store::erase_traces`] removes.

mod batch;
mod blob;
mod error;
mod memory;
mod rocks;
mod table;
mod verify;

#[cfg(test)]
pub mod faulty;
#[cfg(test)]
mod suite;

use std::ops::{ControlFlow, Range};

pub use batch::{Batch, Expect, MAX_BATCH_BYTES};
pub use blob::BlobId;
pub use error::{CommitError, OpenError, StoreError};
pub use memory::MemoryStore;
pub use rocks::{Options, RocksStore};
pub use table::Table;
pub use verify::{Damage, MAX_DAMAGES, Progress, VerifyReport};

/// A row: key and value.
pub type Row = (Vec<u8>, Vec<u8>);

/// Rows of a scan, read as they are asked for. After an error the iterator ends.
pub type Rows<'a> = Box<dyn Iterator<Item = Result<Row, StoreError>> + Send + 'a>;

/// Ids of blobs, read as they are asked for. After an error the iterator ends.
pub type BlobIds<'a> = Box<dyn Iterator<Item = Result<BlobId, StoreError>> + Send + 'a>;

/// Which way a scan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest key first.
    Forward,
    /// Greatest key first.
    Reverse,
}

/// Ordered tables with snapshots and conditional batches.
///
/// **Atomicity.** A batch happens whole or not at all, also across a crash, over all tables and blobs.
///
/// **Durability.** When `commit` returns `Ok`, the batch is on stable storage (fsync). A blob is durable no
/// later than the rows of its batch, so a row may refer to a blob of the same or an earlier batch.
///
/// **Consistency.** `expects` are checked against the state that the batch is applied to: no other commit
/// comes between check and write. They are checked in order, then blobs in order; the first broken one is
/// reported and nothing is written. A later `view` (from any thread) sees every commit that returned `Ok`.
///
/// **Concurrency.** Any thread may call anything. Commits are serialised inside: one at a time, each with its
/// own fsync, so throughput comes from batches that carry many changes (the group committer), not from
/// many threads. Readers never wait for writers.
///
/// **Failure and retries.** The store retries nothing. After `Conflict` the caller reads again and retries.
/// After other errors the outcome is unknown (see [`CommitError`]): the caller must answer "failed", and
/// whoever asked retries under the same idempotency key. After a failure of the disk the store may take no
/// more commits ([`CommitError::Stopped`]) while reading goes on; opening it again clears this.
pub trait Store: Send + Sync {
    /// A snapshot of all tables as of now. Drop it soon: while it lives, deleted rows stay on disk.
    fn view(&self) -> Box<dyn View + '_>;

    /// Applies the batch if all its expectations hold; durable on return. See the contract above.
    fn commit(&self, batch: Batch) -> Result<(), CommitError>;

    /// The blobs of this store.
    fn blobs(&self) -> &dyn BlobStore;

    /// Makes durable what was committed to a store that is being filled ([`RocksStore::open_to_fill`]): after a crash it
    /// holds the first so many commits, among them all before this call. Any other store is durable already.
    ///
    /// # Errors
    /// When the disk is full or fails; what came after the last call may then be lost.
    fn settle(&self) -> Result<(), CommitError> {
        Ok(())
    }

    /// Removes the remains of deleted and replaced rows in `[from, to)` of `table` (`to` `None`: to the end).
    ///
    /// A deleted row is gone for readers at once, but its bytes may stay in files until the engine tidies up.
    /// When this returns `Ok`, no file of the store holds a value that was deleted or replaced in the range
    /// before the call. (What the file system and the drive keep of deleted files is beyond it.) Needed for
    /// `Table::Keys`: a contract is destroyed when its key is. Idempotent; costs a rewrite of the range.
    ///
    /// Fails with [`StoreError::Busy`] when an older view is still open or old files are still in use; the
    /// caller tries again later and must not record the destruction as complete before.
    fn erase_traces(&self, table: Table, from: &[u8], to: Option<&[u8]>) -> Result<(), StoreError>;

    /// Reads every row of one snapshot and every blob, so that stored checksums are verified, and goes on
    /// past damage. Memory stays bounded. `progress` is called now and then; `Break` ends the check with what
    /// is known so far. What an engine still keeps in memory is read there: for a check of the whole disk,
    /// open the store anew and check at once.
    fn verify(
        &self,
        progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<VerifyReport, StoreError>;
}

/// A snapshot: every read sees the same commits, whatever is committed meanwhile.
pub trait View: Send {
    /// The value of a row, or `None`.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// The rows with `from <= key < to` in key order or its reverse; `to` `None`: to the end of the table. An
    /// empty or reversed range has no rows. Lazy: memory holds one row and what the engine caches.
    fn scan(&self, table: Table, from: &[u8], to: Option<&[u8]>, direction: Direction) -> Rows<'_>;
}

/// Sealed objects by id: written once, never changed.
///
/// **Durability.** `put` and `delete` are on stable storage when they return `Ok`.
///
/// **Consistency.** Blobs are outside views: a blob is readable as soon as its `put` or batch returned, and
/// until its `delete`. Read-after-write holds for every thread.
///
/// **Concurrency.** Any thread may call anything; two puts of one id end with one winner.
///
/// **Retries.** All verbs are idempotent, so the caller may repeat them after an error of unknown outcome.
pub trait BlobStore: Send + Sync {
    /// Stores a blob. The same bytes again are `Ok`; other bytes are [`CommitError::BlobConflict`].
    fn put(&self, id: BlobId, bytes: &[u8]) -> Result<(), CommitError>;

    /// The bytes of a blob, or of the part of `range` (offsets in bytes) that lies inside it; `None` when
    /// there is no such blob. The checksum of the whole blob is verified either way, so a range saves
    /// copying, not reading: do not read a large blob in many small ranges.
    fn get(&self, id: &BlobId, range: Option<Range<u64>>) -> Result<Option<Vec<u8>>, StoreError>;

    /// The length of a blob in bytes, without reading it.
    fn size(&self, id: &BlobId) -> Result<Option<u64>, StoreError>;

    /// Removes a blob; removing one that is not there is fine. The id may be used again. The space returns
    /// later.
    fn delete(&self, id: &BlobId) -> Result<(), CommitError>;

    /// The ids of all blobs, in byte order, as of the call. Lazy; reads no blob.
    fn list(&self) -> BlobIds<'_>;
}

/// The part of `0..len` that `range` covers; everything when there is no range.
fn clamp(range: Option<Range<u64>>, len: usize) -> Range<usize> {
    let Some(range) = range else { return 0..len };
    // An offset that does not fit usize lies beyond any blob in memory.
    let end = usize::try_from(range.end).unwrap_or(usize::MAX).min(len);
    let start = usize::try_from(range.start).unwrap_or(usize::MAX).min(end);
    start..end
}
