//! The store on RocksDB: one column family per table, blobs in object files beside it, one fsynced write per commit.
//!
//! One process at a time has it open (RocksDB's `LOCK` file). What each setting is for is in `options.rs`.

mod blobs;
mod commit;
mod erase;
mod errors;
mod fill;
mod objects;
mod open;
mod options;
mod reclaim;
mod view;

#[cfg(test)]
mod object_tests;
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
use objects::{FILE_BYTES, ObjectFiles, Writer};
use view::RocksView;

/// The column families are fixed once the store is open, so no lock is needed to look one up.
type Db = DBWithThreadMode<SingleThreaded>;

/// Column family of where each blob lies in the object files, by blob id.
const OBJECTS: &str = "objects";

/// Column family of how much of each object file is alive, by number of the file (u32, big-endian).
const OBJECT_FILES: &str = "object_files";

/// Column family of blobs that releases before the object files wrote into BlobDB files, by blob id; read, deleted, never
/// added to. A database without it was not made to the end.
const BLOBS: &str = "blobs";

/// Column family of the lengths of the blobs in `blobs` (u64, big-endian), by blob id. BlobDB has no way to walk its keys
/// without reading the values.
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
    objects: ObjectFiles,
    /// Held from the check of a batch's expectations to the end of its write.
    gate: Mutex<Gate>,
    /// Writes go through RocksDB's log; not while the store is being filled.
    logged: bool,
}

/// What only the one who writes may touch.
struct Gate {
    writer: Writer,
    /// What the first failed write said, until a write succeeds.
    first_failure: Option<String>,
    /// Bytes of rows that a store being filled holds in memory only.
    unsettled: usize,
}

impl RocksStore {
    /// Opens the store in the directory `path`; see [`Options`] for making a new one.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let path = path.as_ref();
        Self::open_as(path, (options.create, true), FILE_BYTES)
    }

    /// Opens or makes a store to be filled by somebody who can begin again: nothing is logged, so every byte is written
    /// once, and commits are durable only after [`Store::settle`]. A crash leaves the first so many commits, whole.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_to_fill(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_as(path.as_ref(), (true, false), FILE_BYTES)
    }

    fn open_as(path: &Path, (create, logged): (bool, bool), file_bytes: u64) -> Result<Self, OpenError> {
        let db = open::open(path, create, logged)?;
        let gate = Mutex::new(Gate { writer: Writer::new(file_bytes), first_failure: None, unsettled: 0 });
        let store = Self { db, path: path.to_owned(), objects: ObjectFiles::of(path), gate, logged };
        store.remove_dead_files()?;
        Ok(store)
    }

    /// The directory of the store.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn family(&self, name: &str) -> Result<&ColumnFamily, StoreError> {
        let missing = || StoreError::Corrupt { file: None, detail: format!("the table {name} is missing") };
        self.db.cf_handle(name).ok_or_else(missing)
    }

    /// Moves everything from memory and log into table files.
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
        if self.logged { Ok(()) } else { self.settle_filled(&mut self.gate()) }
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
        let _ = self.settle_filled(&mut self.gate());
    }
}
