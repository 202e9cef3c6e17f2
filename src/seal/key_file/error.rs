//! What can be wrong with a key file, and what to do about it.

use std::io;
use std::path::PathBuf;

use crate::seal::{KeyId, SealError};

/// Why a key file could not be written or read. No variant carries key bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// A new key file never overwrites: the file there may be the only copy of a key.
    #[error("{} already exists and was left as it is; choose another path, or move that file away first", .0.display())]
    Exists(PathBuf),

    #[error("could not {verb} the key file {}: {source}", path.display())]
    Io { verb: &'static str, path: PathBuf, source: io::Error },

    /// Others than the owner may read or write the file.
    #[error("the key file {} can be read or changed by others (mode {mode:03o}); run: chmod 600 '{}'",
            path.display(), path.display())]
    TooOpen { path: PathBuf, mode: u32 },

    #[error("{} is not a regular file; give the path of a key file", .0.display())]
    NotAFile(PathBuf),

    /// Written by a later release.
    #[error("the key file {} has format version {version}, which this release cannot read; \
             use a newer release of shosoin", path.display())]
    UnsupportedVersion { path: PathBuf, version: String },

    /// Not the shape of a key file.
    #[error("{} is not a key file: {why}; check the path, or restore the file from its copy", path.display())]
    Malformed { path: PathBuf, why: &'static str },

    /// The key does not have the id written beside it.
    #[error("the key in {} does not match its key id {stated}: a character was changed or lost; \
             restore the file from its copy", path.display())]
    WrongId { path: PathBuf, stated: KeyId },

    /// It asks for more work than a key file may ask for.
    #[error("the key file {} asks for {memory_kib} KiB of memory, {passes} passes and {lanes} lanes, more than any \
             release wrote: it was altered; restore the file from its copy", path.display())]
    Unbearable { path: PathBuf, memory_kib: u32, passes: u32, lanes: u32 },

    /// It has a passphrase, and nobody gave one.
    #[error("the key file {} is protected by a passphrase, and there is none: {why}", path.display())]
    NoPassphrase { path: PathBuf, why: String },

    /// Wrong words or altered bytes, which cannot be told apart.
    #[error("the passphrase does not open the key file {}; type it again, or, if it is certainly right, restore the \
             file from its copy", .0.display())]
    WrongPassphrase(PathBuf),

    /// Its passphrase was set, changed or removed since it was opened.
    #[error("the passphrase of the key file {} was changed since it was opened; restart what has the archive open, \
             then repeat", .0.display())]
    Changed(PathBuf),

    /// Two at once.
    #[error("somebody else is replacing the key file {} right now; wait a moment, then repeat", .0.display())]
    Busy(PathBuf),

    #[error(transparent)]
    Seal(#[from] SealError),
}
