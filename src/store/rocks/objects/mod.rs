//! Object files: sealed objects, each written once, one behind the other, before the rows that name them.
//!
//! RocksDB's own blob files would write every contract twice, to the log and to the blob file; half of what the disk
//! takes was the ceiling of depositing. Here an object is appended and fsynced first, and the batch that names its
//! place is committed after it: what a crash leaves behind the last named object was acknowledged to nobody, and is
//! written over. Drawn to the byte in `schema/store.md`.

mod active;
mod block;
mod frame;
mod place;
mod writer;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::store::{BlobId, CommitError, StoreError};

pub(super) use frame::{HEADER, Header};
pub(super) use place::{Place, Usage};
pub(super) use writer::{FILE_BYTES, Writer};

/// Directory of the object files, inside the store's.
const DIRECTORY: &str = "objects";

/// Reads object files. Any thread may, at any time.
pub(super) struct ObjectFiles {
    directory: PathBuf,
}

impl ObjectFiles {
    pub(super) fn of(store: &Path) -> Self {
        Self { directory: store.join(DIRECTORY) }
    }

    pub(super) fn path(&self, number: u32) -> PathBuf {
        self.directory.join(name(number))
    }

    /// The object at `place`, checked against its checksum and against `id`.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is not there, not whole or not the one.
    pub(super) fn read(&self, id: &BlobId, place: &Place) -> Result<Vec<u8>, StoreError> {
        let damaged = |detail: String| corrupt(place.file, format!("stored object {id}: {detail}"));
        let file = self.open(place.file)?;
        let header = header_at(&file, place.file, place.offset)?;
        if header.id != *id || header.len != place.len {
            return Err(damaged("another object lies in its place".to_owned()));
        }
        // A row with a wrong length must not ask for memory that no file could fill.
        let held = file.metadata().map_err(|error| read_error(place.file, &error))?.len();
        if place.end().is_none_or(|end| end > held) {
            return Err(damaged("the file ends before it".to_owned()));
        }
        let len = usize::try_from(place.len).map_err(|_| damaged("too long for this machine".to_owned()))?;
        let mut bytes = vec![0; len];
        file.read_exact_at(&mut bytes, place.offset + HEADER)
            .map_err(|error| read_error(place.file, &error))?;
        if !header.fits(&bytes) {
            return Err(damaged("checksum mismatch".to_owned()));
        }
        Ok(bytes)
    }

    /// What the frame at `offset` says of itself. It may lie: only reading the object tells.
    pub(super) fn header(&self, number: u32, offset: u64) -> Result<Header, StoreError> {
        header_at(&self.open(number)?, number, offset)
    }

    /// Removes a file in which nothing lives; one that is gone already is fine.
    pub(super) fn remove(&self, number: u32) -> Result<(), CommitError> {
        match fs::remove_file(self.path(number)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(write_error(number, &error)),
            _ => Ok(()),
        }
    }

    fn open(&self, number: u32) -> Result<File, StoreError> {
        File::open(self.path(number)).map_err(|error| read_error(number, &error))
    }
}

fn header_at(file: &File, number: u32, offset: u64) -> Result<Header, StoreError> {
    let mut bytes = [0; HEADER as usize];
    file.read_exact_at(&mut bytes, offset).map_err(|error| read_error(number, &error))?;
    let no_frame = || corrupt(number, format!("no stored object begins at byte {offset}"));
    Header::decode(&bytes).ok_or_else(no_frame)
}

fn name(number: u32) -> String {
    format!("{number:010}.objects")
}

fn corrupt(number: u32, detail: String) -> StoreError {
    StoreError::Corrupt { file: Some(name(number)), detail }
}

/// A file that is missing or too short is damage like any other.
fn read_error(number: u32, error: &io::Error) -> StoreError {
    let detail = format!("{}: {error}", name(number));
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof => corrupt(number, detail),
        io::ErrorKind::PermissionDenied => StoreError::Denied { detail },
        _ => StoreError::Io { detail },
    }
}

fn write_error(number: u32, error: &io::Error) -> CommitError {
    let detail = format!("{}: {error}", name(number));
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => CommitError::Full,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            StoreError::Denied { detail }.into()
        }
        _ => StoreError::Io { detail }.into(),
    }
}
