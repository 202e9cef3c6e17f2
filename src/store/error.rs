//! What can go wrong with the store, in words that say what to do next.

use std::path::PathBuf;

use super::{BlobId, Table};

/// Reading failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Stored bytes are not the bytes that were written.
    #[error(
        "the archive's data is damaged{}: {detail}. Stop the server, keep a copy of the data directory as it \
         is, check the disk, then restore from the newest backup that verifies",
        in_file(file)
    )]
    Corrupt {
        /// The damaged file, when the engine names it.
        file: Option<String>,
        detail: String,
    },
    /// The operating system refused access to a file.
    #[error(
        "no permission to use the archive's files: {detail}. Give the account that runs the server read and \
         write access to the data directory, and make sure that the disk is not mounted read-only"
    )]
    Denied { detail: String },
    /// Something still holds an older state of the data; nothing is wrong with it.
    #[error("the archive is busy: {detail}. Try again in a moment")]
    Busy { detail: String },
    /// Any other failure of the disk or the operating system.
    #[error("the disk failed: {detail}. Check the disk and the system log, then try again")]
    Io { detail: String },
}

/// A commit, or the writing or deleting of a blob, failed.
///
/// After `Conflict`, `BlobConflict` and `TooLarge` nothing was written. After any other variant **the outcome
/// is unknown**: the batch may be there when the store is opened again. Acknowledge nothing, and decide
/// from a fresh [`View`](super::View).
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A row is not as the batch expected; the first such row in the order of `expects`.
    #[error("the row {table}/{} was changed by somebody else. Read it again and retry", short_hex(key))]
    Conflict { table: Table, key: Vec<u8> },
    /// The blob exists with other bytes. Blobs are never overwritten.
    #[error("the stored object {0} exists with other contents and is never overwritten. Use a new id")]
    BlobConflict(BlobId),
    /// The batch is above the limit.
    #[error("the change is {bytes} bytes, above the limit of {limit} bytes. Split it")]
    TooLarge { bytes: usize, limit: usize },
    /// The disk, or the account's quota, is full.
    #[error(
        "the disk that holds the archive is full; nothing more is accepted. Free space or enlarge the disk; \
         if the archive does not accept again by itself within a minute, restart the server"
    )]
    Full,
    /// An earlier write failed, and the store accepts none until it is opened again.
    #[error(
        "the archive accepts no changes since an earlier failure ({first}). Mend its cause, then restart the \
         server"
    )]
    Stopped {
        /// What the first failure said.
        first: String,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no archive at the path (or its creation never finished), and making one was not asked for.
    #[error("{} holds no archive. Check the path, or create one there with `shosoin init`", .0.display())]
    NotAnArchive(PathBuf),
    /// A new archive was asked for in a directory with other files in it.
    #[error("{} holds other files. Choose an empty directory for a new archive", .0.display())]
    NotEmpty(PathBuf),
    /// Another process, or another part of this one, has the store open.
    #[error(
        "{} is in use by another process. Only one may have the archive open: stop the other one, or let \
         this command speak to the running server",
        .0.display()
    )]
    Locked(PathBuf),
    /// The store has a table this version does not know.
    #[error(
        "{} was written by a newer version of this program (unknown table {table:?}). Install that \
         version",
        path.display()
    )]
    Newer { path: PathBuf, table: String },
    /// No room to open: the engine writes a little when it opens.
    #[error("the disk that holds {} is full. Free space or enlarge the disk, then start again", .0.display())]
    Full(PathBuf),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The first 16 bytes of a key in hexadecimal: enough to find a row, short enough for a message.
pub(super) fn short_hex(key: &[u8]) -> String {
    let mut text: String = key.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    if key.len() > 16 {
        text.push('…');
    }
    text
}

fn in_file(file: &Option<String>) -> String {
    file.as_ref().map(|file| format!(" in {file}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_names_its_row_and_the_next_step() {
        let error = CommitError::Conflict { table: Table::Records, key: vec![0xab; 20] };
        let text = error.to_string();
        assert!(text.contains("records/abababababababababababababababab…"), "{text}");
        assert!(text.contains("retry"), "{text}");
    }

    #[test]
    fn damage_names_the_file_when_it_is_known() {
        let known = StoreError::Corrupt { file: Some("000012.sst".into()), detail: "checksum".into() };
        assert!(known.to_string().contains("damaged in 000012.sst: checksum"), "{known}");
        let unknown = StoreError::Corrupt { file: None, detail: "checksum".into() };
        assert!(unknown.to_string().contains("damaged: checksum"), "{unknown}");
    }
}
