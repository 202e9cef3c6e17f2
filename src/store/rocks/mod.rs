//! The store on RocksDB: one column family per table, blobs in BlobDB files, one fsynced write per commit.
//!
//! One process at a time has it open (RocksDB's `LOCK` file). What each setting is for is in `options.rs`.

mod blobs;
mod commit;
mod erase;
mod errors;
mod open;
mod options;
mod view;

#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rocksdb::{ColumnFamily, DBWithThreadMode, FlushOptions, SingleThreaded};

use super::{
    Batch, BlobStore, CommitError, OpenError, Progress, Store, StoreError, Table, VerifyReport, View, verify,
};
use errors::store_error;
use view::RocksView;

/// The column families are fixed once the store is open, so no lock is needed to look one up.
type Db = DBWithThreadMode<SingleThreaded>;

/// Column family of the bytes of blobs, by blob id.
const BLOBS: &str = "blobs";

/// Column family of the lengths of blobs (u64, big-endian), by blob id. BlobDB has no way to walk its keys
/// without reading the values; this makes `list` and `size` cheap, and lets `verify` pass a damaged blob.
const BLOB_LIST: &str = "blob_list";

/// How to open a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Make a new store if there is none. Without it, a directory that holds no store is an error: a mistyped
    /// path must never look like an empty archive.
    pub create: bool,
}

/// The store on RocksDB. Dropping it closes it.
pub struct RocksStore {
    db: Db,
    path: PathBuf,
    /// Held from the check of a batch's expectations to the end of its write; holds what the first failed
    /// write said, until a write succeeds.
    gate: Mutex<Option<String>>,
    /// Writes go through RocksDB's log; not while the store is being filled.
    logged: bool,
}

impl RocksStore {
    /// Opens the store in the directory `path`; see [`Options`] for making a new one.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let path = path.as_ref();
        Self::open_as(path, options.create, true)
    }

    /// Opens or makes a store to be filled by somebody who can begin again: nothing is logged, so every byte is written
    /// once, and commits are durable only after [`Store::settle`]. A crash leaves the first so many commits, whole.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_to_fill(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_as(path.as_ref(), true, false)
    }

    fn open_as(path: &Path, create: bool, logged: bool) -> Result<Self, OpenError> {
        let db = open::open(path, create, logged)?;
        Ok(Self { db, path: path.to_owned(), gate: Mutex::new(None), logged })
    }

    /// The directory of the store.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn family(&self, name: &str) -> Result<&ColumnFamily, StoreError> {
        let missing = || StoreError::Corrupt { file: None, detail: format!("the table {name} is missing") };
        self.db.cf_handle(name).ok_or_else(missing)
    }

    /// Moves everything from memory and log into table and blob files.
    fn flush(&self) -> Result<(), StoreError> {
        let families = open::names().map(|name| self.family(name)).collect::<Result<Vec<_>, _>>()?;
        self.db.flush_cfs_opt(&families, &FlushOptions::default()).map_err(store_error)
    }
}

impl Store for RocksStore {
    fn view(&self) -> Box<dyn View + '_> {
        Box::new(RocksView::new(&self.db))
    }

    fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        self.commit_batch(batch)
    }

    fn blobs(&self) -> &dyn BlobStore {
        self
    }

    fn settle(&self) -> Result<(), CommitError> {
        if self.logged { Ok(()) } else { self.flush().map_err(CommitError::Store) }
    }

    fn erase_traces(&self, table: Table, from: &[u8], to: Option<&[u8]>) -> Result<(), StoreError> {
        self.erase(table, from, to, erase::PATIENCE)
    }

    fn verify(
        &self,
        progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<VerifyReport, StoreError> {
        verify::verify(&RocksView::new(&self.db).for_reading_once(), self, progress)
    }
}

/// A store closed in order leaves an empty log. So a bad sector in the log can only ever cost what a crash
/// left there, and opening is quick. A failure here loses nothing: the log still holds it all.
impl Drop for RocksStore {
    fn drop(&mut self) {
        let _ = self.flush();
    }
}
