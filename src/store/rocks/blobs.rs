//! Blobs: bytes in BlobDB files, and a list of ids with lengths beside them.

use std::ops::Range;

use rocksdb::DBPinnableSlice;

use super::errors::store_error;
use super::view::Scan;
use super::{BLOB_LIST, BLOBS, RocksStore, options};
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
        let found = self.blob(id)?;
        Ok(found.map(|bytes| bytes[clamp(range, bytes.len())].to_vec()))
    }

    fn size(&self, id: &BlobId) -> Result<Option<u64>, StoreError> {
        self.blob_len(id)
    }

    fn delete(&self, id: &BlobId) -> Result<(), CommitError> {
        self.delete_blob(id)
    }

    fn list(&self) -> BlobIds<'_> {
        let family = match self.family(BLOB_LIST) {
            Ok(family) => family,
            Err(error) => return Box::new(std::iter::once(Err(error))),
        };
        // A RocksDB iterator is itself a snapshot as of its making.
        let raw = self.db.raw_iterator_cf_opt(family, options::reading(true));
        Box::new(Scan::new(raw, Direction::Forward).map(|row| row.and_then(listed_id)))
    }
}

impl RocksStore {
    /// The bytes of a blob, in RocksDB's memory. Blobs are not cached: each is rarely asked for twice.
    pub(super) fn blob(&self, id: &BlobId) -> Result<Option<DBPinnableSlice<'_>>, StoreError> {
        let family = self.family(BLOBS)?;
        let found = self.db.get_pinned_cf_opt(family, id.as_bytes(), &options::reading(false));
        found.map_err(|error| match store_error(error) {
            // RocksDB says "Blob CRC mismatch" and no more.
            StoreError::Corrupt { file, detail } => {
                StoreError::Corrupt { file, detail: format!("stored object {id}: {detail}") }
            }
            other => other,
        })
    }

    /// The length of a blob according to the list.
    pub(super) fn blob_len(&self, id: &BlobId) -> Result<Option<u64>, StoreError> {
        let family = self.family(BLOB_LIST)?;
        let row = self.db.get_pinned_cf_opt(family, id.as_bytes(), &options::reading(false));
        let Some(row) = row.map_err(store_error)? else { return Ok(None) };
        let bytes: [u8; 8] = row.as_ref().try_into().map_err(|_| bad_list())?;
        Ok(Some(u64::from_be_bytes(bytes)))
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
