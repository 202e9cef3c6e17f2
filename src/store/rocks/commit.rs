//! Check and write, as one step: the only way anything gets into the database.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{MutexGuard, PoisonError};

use rocksdb::{Error, WriteBatch};

use super::errors::{is_full, store_error};
use super::{BLOB_LIST, BLOBS, RocksStore, options};
use crate::store::{Batch, BlobId, CommitError, Expect, StoreError};

/// Room RocksDB needs per row besides key and value; a guess that saves growing the buffer.
const ROW_OVERHEAD: usize = 32;

impl RocksStore {
    pub(super) fn commit_batch(&self, batch: Batch) -> Result<(), CommitError> {
        batch.check_size()?;
        let mut gate = self.gate();
        self.check(&batch.expects)?;
        let mut new = self.new_blobs(&batch.blobs)?;
        if batch.changes_nothing() {
            return Ok(());
        }
        let rows = batch.puts.len() + batch.deletes.len() + 2 * new.len();
        let mut write = WriteBatch::with_capacity_bytes(batch.bytes() + rows * ROW_OVERHEAD);
        for (table, key, value) in &batch.puts {
            write.put_cf(self.family(table.name())?, key, value);
        }
        for (table, key) in &batch.deletes {
            write.delete_cf(self.family(table.name())?, key);
        }
        // By value: each blob is freed as soon as it is copied.
        for (id, bytes) in batch.blobs {
            if new.remove(&id) {
                self.add_blob(&mut write, id, &bytes)?;
            }
        }
        self.write(write, &mut gate)
    }

    pub(super) fn put_blob(&self, id: BlobId, bytes: &[u8]) -> Result<(), CommitError> {
        let mut gate = self.gate();
        if self.holds_blob(id, bytes)? {
            return Ok(());
        }
        let mut write = WriteBatch::with_capacity_bytes(bytes.len().saturating_add(4 * ROW_OVERHEAD));
        self.add_blob(&mut write, id, bytes)?;
        self.write(write, &mut gate)
    }

    pub(super) fn delete_blob(&self, id: &BlobId) -> Result<(), CommitError> {
        let mut gate = self.gate();
        if self.blob_len(id)?.is_none() {
            return Ok(());
        }
        let mut write = WriteBatch::default();
        write.delete_cf(self.family(BLOB_LIST)?, id.as_bytes());
        write.delete_cf(self.family(BLOBS)?, id.as_bytes());
        self.write(write, &mut gate)
    }

    fn gate(&self) -> MutexGuard<'_, Option<String>> {
        // A panic elsewhere leaves at worst an outdated text behind this lock.
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, expects: &[Expect]) -> Result<(), CommitError> {
        for expect in expects {
            let (table, key) = expect.row();
            let family = self.family(table.name())?;
            let found =
                self.db.get_pinned_cf_opt(family, key, &options::reading(false)).map_err(store_error)?;
            if !expect.holds(found.as_deref()) {
                return Err(expect.conflict());
            }
        }
        Ok(())
    }

    /// The blobs that have to be written: not those that are there already, with the same bytes.
    fn new_blobs(&self, blobs: &[(BlobId, Vec<u8>)]) -> Result<BTreeSet<BlobId>, CommitError> {
        let mut seen = BTreeMap::new();
        let mut new = BTreeSet::new();
        for (id, bytes) in blobs {
            match seen.insert(*id, bytes) {
                Some(earlier) if earlier != bytes => return Err(CommitError::BlobConflict(*id)),
                Some(_) => {}
                None if self.holds_blob(*id, bytes)? => {}
                None => {
                    new.insert(*id);
                }
            }
        }
        Ok(new)
    }

    /// True when the blob is there with these bytes, false when there is none of this id.
    fn holds_blob(&self, id: BlobId, bytes: &[u8]) -> Result<bool, CommitError> {
        let Some(len) = self.blob_len(&id)? else { return Ok(false) };
        if len != bytes.len() as u64 {
            return Err(CommitError::BlobConflict(id));
        }
        match self.blob(&id)? {
            Some(found) if *found == *bytes => Ok(true),
            Some(_) => Err(CommitError::BlobConflict(id)),
            None => {
                let detail = format!("the stored object {id} is listed, but missing");
                Err(StoreError::Corrupt { file: None, detail }.into())
            }
        }
    }

    fn add_blob(&self, write: &mut WriteBatch, id: BlobId, bytes: &[u8]) -> Result<(), CommitError> {
        let len = bytes.len() as u64;
        write.put_cf(self.family(BLOB_LIST)?, id.as_bytes(), len.to_be_bytes());
        write.put_cf(self.family(BLOBS)?, id.as_bytes(), bytes);
        Ok(())
    }

    fn write(&self, write: WriteBatch, gate: &mut Option<String>) -> Result<(), CommitError> {
        let result = self.db.write_opt(write, &options::writing(self.logged));
        result.map_err(|error| failed(error, gate)).inspect(|()| *gate = None)
    }
}

/// Once a write has failed, RocksDB refuses all others with an error of its own until it recovers (from a
/// full disk, when room appears) or is opened again. The first failure is the one worth telling.
fn failed(error: Error, gate: &mut Option<String>) -> CommitError {
    let full = is_full(error.as_ref());
    let earlier = gate.clone();
    gate.get_or_insert_with(|| error.as_ref().to_owned());
    match earlier {
        _ if full => CommitError::Full,
        Some(first) => CommitError::Stopped { first },
        None => CommitError::Store(store_error(error)),
    }
}
