//! Check and write, as one step: the only way anything gets into the database.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{MutexGuard, PoisonError};

use rocksdb::{Error, WriteBatch};

use super::errors::{is_full, store_error};
use super::objects::Usage;
use super::{BLOB_LIST, BLOBS, Gate, OBJECT_FILES, OBJECTS, RocksStore, options};
use crate::store::{Batch, BlobId, BlobStore, CommitError, Expect, StoreError};

/// Room RocksDB needs per row besides key and value; a guess that saves growing the buffer.
const ROW_OVERHEAD: usize = 32;

/// A blob to be written.
pub(super) type Object<'a> = (BlobId, &'a [u8]);

/// How object files are used, by number.
pub(super) type Usages = BTreeMap<u32, Usage>;

impl RocksStore {
    pub(super) fn commit_batch(&self, batch: Batch) -> Result<(), CommitError> {
        batch.check_size()?;
        let mut gate = self.gate();
        self.check(&batch.expects)?;
        let new = self.new_blobs(&batch.blobs)?;
        if batch.changes_nothing() {
            return Ok(());
        }
        let mut write = WriteBatch::with_capacity_bytes(batch.row_bytes() + batch.rows() * ROW_OVERHEAD);
        for (table, key, value) in &batch.puts {
            write.put_cf(self.family(table.name())?, key, value);
        }
        for (table, key) in &batch.deletes {
            write.delete_cf(self.family(table.name())?, key);
        }
        self.write_with(write, &new, &mut gate)
    }

    pub(super) fn put_blob(&self, id: BlobId, bytes: &[u8]) -> Result<(), CommitError> {
        let mut gate = self.gate();
        match self.holds_blob(id, bytes)? {
            true => Ok(()),
            false => self.write_with(WriteBatch::default(), &[(id, bytes)], &mut gate),
        }
    }

    pub(super) fn delete_blob(&self, id: &BlobId) -> Result<(), CommitError> {
        let mut gate = self.gate();
        let mut write = WriteBatch::default();
        let place = self.place(id)?;
        if let Some(place) = &place {
            let mut usage = self.usage(place.file)?;
            usage.give_up(place);
            self.put_usages(&mut write, &[(place.file, usage)].into())?;
            write.delete_cf(self.family(OBJECTS)?, id.as_bytes());
        }
        if self.old_blob_len(id)?.is_some() {
            write.delete_cf(self.family(BLOB_LIST)?, id.as_bytes());
            write.delete_cf(self.family(BLOBS)?, id.as_bytes());
        }
        if write.is_empty() {
            return Ok(());
        }
        self.write(write, &mut gate)?;
        drop(gate);
        place.into_iter().for_each(|place| self.reclaim(place.file));
        Ok(())
    }

    pub(super) fn gate(&self) -> MutexGuard<'_, Gate> {
        // A panic elsewhere leaves at worst an outdated text behind this lock, and a writer that is between two objects.
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
    fn new_blobs<'a>(&self, blobs: &'a [(BlobId, Vec<u8>)]) -> Result<Vec<Object<'a>>, CommitError> {
        let mut seen = BTreeMap::new();
        let mut new = Vec::with_capacity(blobs.len());
        for (id, bytes) in blobs {
            match seen.insert(*id, bytes) {
                Some(earlier) if earlier != bytes => return Err(CommitError::BlobConflict(*id)),
                Some(_) => {}
                None if self.holds_blob(*id, bytes)? => {}
                None => new.push((*id, bytes.as_slice())),
            }
        }
        Ok(new)
    }

    /// True when the blob is there with these bytes, false when there is none of this id.
    fn holds_blob(&self, id: BlobId, bytes: &[u8]) -> Result<bool, CommitError> {
        let Some(len) = self.size(&id)? else { return Ok(false) };
        if len != bytes.len() as u64 {
            return Err(CommitError::BlobConflict(id));
        }
        match self.blob(&id)? {
            Some(found) if found == bytes => Ok(true),
            Some(_) => Err(CommitError::BlobConflict(id)),
            None => {
                let detail = format!("the stored object {id} is listed, but missing");
                Err(StoreError::Corrupt { file: None, detail }.into())
            }
        }
    }

    /// Objects first, durable before anything names them; then the rows.
    fn write_with(
        &self,
        mut write: WriteBatch,
        new: &[Object<'_>],
        gate: &mut Gate,
    ) -> Result<(), CommitError> {
        let usages = self.add_objects(&mut write, new, gate)?;
        self.put_usages(&mut write, &usages)?;
        self.write(write, gate)
    }

    /// Appends objects, and adds to `write` where they lie; how the files they went to are used with them.
    pub(super) fn add_objects(
        &self,
        write: &mut WriteBatch,
        new: &[Object<'_>],
        gate: &mut Gate,
    ) -> Result<Usages, CommitError> {
        let mut usages = Usages::new();
        for object in new {
            let place = gate.writer.append(&self.objects, || self.newest_file(), *object)?;
            let usage = match usages.entry(place.file) {
                Entry::Occupied(usage) => usage.into_mut(),
                Entry::Vacant(file) => file.insert(self.usage(place.file)?),
            };
            usage.add(&place);
            write.put_cf(self.family(OBJECTS)?, object.0.as_bytes(), place.encode());
        }
        // A store that is being filled makes them durable when it settles.
        match self.logged && !new.is_empty() {
            true => gate.writer.sync()?,
            false => gate.writer.end_group()?,
        }
        Ok(usages)
    }

    pub(super) fn put_usages(&self, write: &mut WriteBatch, usages: &Usages) -> Result<(), CommitError> {
        for (file, usage) in usages {
            write.put_cf(self.family(OBJECT_FILES)?, file.to_be_bytes(), usage.encode());
        }
        Ok(())
    }

    pub(super) fn write(&self, write: WriteBatch, gate: &mut Gate) -> Result<(), CommitError> {
        let bytes = write.size_in_bytes();
        let result = self.db.write_opt(write, &options::writing(self.logged));
        result.map_err(|error| failed(error, &mut gate.first_failure))?;
        gate.first_failure = None;
        self.count_unsettled(bytes, gate)
    }
}

/// Once a write has failed, RocksDB refuses all others with an error of its own until it recovers (from a
/// full disk, when room appears) or is opened again. The first failure is the one worth telling.
fn failed(error: Error, first: &mut Option<String>) -> CommitError {
    let full = is_full(error.as_ref());
    let earlier = first.clone();
    first.get_or_insert_with(|| error.as_ref().to_owned());
    match earlier {
        _ if full => CommitError::Full,
        Some(first) => CommitError::Stopped { first },
        None => CommitError::Store(store_error(error)),
    }
}
