//! Blobs: bytes in object files, and rows that say where; those of earlier releases in BlobDB files.

use std::iter::Peekable;
use std::ops::Range;

use super::errors::store_error;
use super::view::Scan;
use super::{BLOB_LIST, BLOBS, OBJECTS, RocksStore, options};
use crate::store::{
    BlobId, BlobIds, BlobStore, CommitError, Direction, MAX_BATCH_BYTES, Row, StoreError, clamp,
};

impl BlobStore for RocksStore {
    fn put(&self, id: BlobId, bytes: &[u8]) -> Result<(), CommitError> {
        if bytes.len() > MAX_BATCH_BYTES {
            return Err(CommitError::TooLarge { bytes: bytes.len(), limit: MAX_BATCH_BYTES });
        }
        self.put_blob(id, bytes)
    }

    fn get(&self, id: &BlobId, range: Option<Range<u64>>) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(mut bytes) = self.blob(id)? else { return Ok(None) };
        let part = clamp(range, bytes.len());
        bytes.truncate(part.end);
        bytes.drain(..part.start);
        Ok(Some(bytes))
    }

    fn size(&self, id: &BlobId) -> Result<Option<u64>, StoreError> {
        match self.place(id)? {
            Some(place) => Ok(Some(place.len)),
            None => self.old_blob_len(id),
        }
    }

    fn delete(&self, id: &BlobId) -> Result<(), CommitError> {
        self.delete_blob(id)
    }

    fn list(&self) -> BlobIds<'_> {
        match (self.ids_in(OBJECTS), self.ids_in(BLOB_LIST)) {
            (Ok(new), Ok(old)) => Box::new(Merged { new: new.peekable(), old: old.peekable() }),
            (Err(error), _) | (_, Err(error)) => Box::new(std::iter::once(Err(error))),
        }
    }
}

impl RocksStore {
    /// The bytes of a blob.
    pub(super) fn blob(&self, id: &BlobId) -> Result<Option<Vec<u8>>, StoreError> {
        loop {
            let Some(place) = self.place(id)? else { return self.old_blob(id) };
            match self.objects.read(id, &place) {
                // Moved while it was looked for: every turn of this loop is a move.
                Err(_) if self.place(id)? != Some(place) => {}
                outcome => return outcome.map(Some),
            }
        }
    }

    /// The bytes of a blob that an earlier release wrote.
    fn old_blob(&self, id: &BlobId) -> Result<Option<Vec<u8>>, StoreError> {
        let family = self.family(BLOBS)?;
        let found = self.db.get_cf_opt(family, id.as_bytes(), &options::reading(false));
        found.map_err(|error| match store_error(error) {
            // RocksDB says "Blob CRC mismatch" and no more.
            StoreError::Corrupt { file, detail } => {
                StoreError::Corrupt { file, detail: format!("stored object {id}: {detail}") }
            }
            other => other,
        })
    }

    /// The length of a blob that an earlier release wrote, according to its list.
    pub(super) fn old_blob_len(&self, id: &BlobId) -> Result<Option<u64>, StoreError> {
        let family = self.family(BLOB_LIST)?;
        let row = self.db.get_pinned_cf_opt(family, id.as_bytes(), &options::reading(false));
        let Some(row) = row.map_err(store_error)? else { return Ok(None) };
        let bytes: [u8; 8] = row.as_ref().try_into().map_err(|_| bad_list())?;
        Ok(Some(u64::from_be_bytes(bytes)))
    }

    /// The keys of a column family of blobs, as of now: a RocksDB iterator is itself a snapshot.
    fn ids_in(&self, family: &str) -> Result<Ids<'_>, StoreError> {
        let raw = self.db.raw_iterator_cf_opt(self.family(family)?, options::reading(true));
        Ok(Ids(Scan::new(raw, Direction::Forward)))
    }
}

struct Ids<'a>(Scan<'a>);

impl Iterator for Ids<'_> {
    type Item = Result<BlobId, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|row| row.and_then(listed_id))
    }
}

/// The ids of both kinds of blobs in one order; no id is in both.
struct Merged<'a> {
    new: Peekable<Ids<'a>>,
    old: Peekable<Ids<'a>>,
}

impl Iterator for Merged<'_> {
    type Item = Result<BlobId, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        match (self.new.peek(), self.old.peek()) {
            (Some(Ok(new)), Some(Ok(old))) if old < new => self.old.next(),
            (None, _) | (_, Some(Err(_))) => self.old.next(),
            _ => self.new.next(),
        }
    }
}

fn listed_id((key, _): Row) -> Result<BlobId, StoreError> {
    key.as_slice().try_into().map(BlobId).map_err(|_| bad_list())
}

fn bad_list() -> StoreError {
    StoreError::Corrupt {
        file: None,
        detail: "the list of stored objects has a row of the wrong length".to_owned(),
    }
}
