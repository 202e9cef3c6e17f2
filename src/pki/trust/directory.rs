//! A directory of anchors: every file in it, in order of name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Imported, MAX_TRUST_FILE, TrustError, TrustStore};

/// Most files read from one directory.
const MAX_FILES: usize = 10_000;

impl TrustStore {
    /// A store with the anchors of every file in a directory.
    pub fn from_directory(directory: &Path) -> Result<TrustStore, TrustError> {
        let mut store = TrustStore::empty();
        store.add_directory(directory)?;
        Ok(store)
    }

    /// Adds the anchors of every file in a directory (not of its subdirectories). Hidden files are passed over; a file that
    /// holds no anchors is an error, so that a mistyped certificate is not missed in silence.
    pub fn add_directory(&mut self, directory: &Path) -> Result<Imported, TrustError> {
        let read = |error| TrustError::Read(directory.to_path_buf(), error);
        let mut files: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(directory).map_err(read)?.take(MAX_FILES) {
            let entry = entry.map_err(read)?;
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if !hidden && entry.path().is_file() {
                files.push(entry.path());
            }
        }
        files.sort();
        let mut total = Imported::default();
        for file in files {
            let imported = self.add_file(&file)?;
            total.anchors += imported.anchors;
            total.unreadable += imported.unreadable;
        }
        Ok(total)
    }

    /// Adds the anchors of a directory or of one file.
    pub fn add_path(&mut self, path: &Path) -> Result<Imported, TrustError> {
        if path.is_dir() { self.add_directory(path) } else { self.add_file(path) }
    }

    /// Adds the anchors of one file, whatever it is: PEM, DER, Adobe's list, a European list.
    pub fn add_file(&mut self, file: &Path) -> Result<Imported, TrustError> {
        let read = |error| TrustError::Read(file.to_path_buf(), error);
        let length = fs::metadata(file).map_err(read)?.len();
        if length > MAX_TRUST_FILE as u64 {
            return Err(TrustError::TooLarge(usize::try_from(length).unwrap_or(usize::MAX)));
        }
        let bytes = fs::read(file).map_err(read)?;
        self.add_bytes(&bytes).map_err(|error| match error {
            TrustError::Unknown | TrustError::Certificate(_) => {
                let reason = io::Error::new(io::ErrorKind::InvalidData, error.to_string());
                TrustError::Read(file.to_path_buf(), reason)
            }
            other => other,
        })
    }
}
