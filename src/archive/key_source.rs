//! Where the archive's keys come from when it is opened.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::error::ArchiveError;
use crate::seal::Passphrase;
use crate::seal::key_file::{KeyFile, KeyFileError};

/// Asks somebody for the passphrase of the key file at a path; the error says why there is none.
pub type AskPassphrase = Arc<dyn Fn(&Path) -> Result<Passphrase, String> + Send + Sync>;

/// How the key file is opened.
#[derive(Clone)]
pub enum KeySource {
    /// As the file that the settings name, asking for its passphrase if it has one.
    File(AskPassphrase),
    /// Its keys are open already: nobody is asked twice.
    Opened(Box<KeyFile>),
}

impl KeySource {
    /// The file, without anybody to ask.
    pub fn file() -> Self {
        Self::File(Arc::new(|_: &Path| Err("nobody can be asked for it here".into())))
    }

    /// The keys of the file at `path`.
    ///
    /// # Errors
    /// [`ArchiveError::KeyRefused`] in the words of [`KeyFileError`].
    pub fn open(&self, path: &Path) -> Result<KeyFile, ArchiveError> {
        match self {
            Self::File(ask) => Ok(KeyFile::open(path, &**ask)?),
            Self::Opened(file) => Ok((**file).clone()),
        }
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File(_) => "File(..)",
            Self::Opened(_) => "Opened(..)",
        })
    }
}

impl From<KeyFileError> for ArchiveError {
    fn from(error: KeyFileError) -> Self {
        match error {
            KeyFileError::Busy(_) => Self::Conflict(error.to_string()),
            KeyFileError::Exists(path) => Self::NotEmpty(path),
            KeyFileError::Io { verb: "write" | "replace", path, source } => Self::io(path)(source),
            other => Self::KeyRefused(other.to_string()),
        }
    }
}
