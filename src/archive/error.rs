//! What can go wrong in the engine, in words for the person who sees it.

use std::path::PathBuf;

use super::permit::Refusal;
use crate::backup::{BackupError, RepositoryError};
use crate::record::RecordId;
use crate::seal::SealError;
use crate::search::{IndexError, SearchError};
use crate::store::{CommitError, OpenError, StoreError};

/// An engine error. Faces (command line, HTTP) translate [`code`](Self::code) in one table each.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The request itself is wrong; trying again unchanged cannot help.
    #[error("{0}")]
    Invalid(String),
    /// So is something that a person typed.
    #[error("{0}")]
    Entry(crate::record::Entry),
    #[error("there is no record {0}")]
    NoSuchRecord(RecordId),
    #[error("there is no {0}")]
    NotFound(String),
    #[error("{0}")]
    Forbidden(String),
    /// A retention period, or a missing proof of time, forbids it.
    #[error("{0}")]
    Refused(String),
    /// A legal hold forbids it.
    #[error("{0}")]
    Held(String),
    /// No document timestamp can be put into this file.
    #[error("no timestamp can be put into record {id}: {why}")]
    NoRendition { id: RecordId, why: String },
    /// The record is gone; its certificate of destruction is left.
    #[error(
        "record {id} was destroyed on {on} under disposition plan {plan}{went}; `shosoin disposition certificate {id}` shows the certificate"
    )]
    Destroyed {
        id: RecordId,
        on: chrono::NaiveDate,
        plan: String,
        /// Where it was transferred to before, in words; empty when it was not.
        went: String,
    },
    /// Bytes whose record was destroyed are offered again.
    #[error(
        "these bytes were kept as record {id} until they were destroyed on {on} under disposition plan {plan}"
    )]
    OnceDestroyed { id: RecordId, on: chrono::NaiveDate, plan: String },
    /// Somebody else changed the same record meanwhile.
    #[error("{0}")]
    Conflict(String),
    #[error("the contract is {size} bytes; this archive accepts at most {limit}")]
    TooLarge { size: u64, limit: u64 },
    #[error("{0} is not an archive")]
    NotAnArchive(PathBuf),
    #[error("{0} holds an archive whose restore is not finished")]
    NotRestored(PathBuf),
    #[error("{0} already holds an archive or other files")]
    NotEmpty(PathBuf),
    #[error("another process is using the archive in {0}")]
    Locked(PathBuf),
    #[error("the key does not open this archive: {0}")]
    KeyRefused(String),
    /// The store has fewer entries than were acknowledged, or others.
    #[error(
        "the journal has {found} entries, but {known} were acknowledged, or they were others: newer ones are lost"
    )]
    Rewound { known: u64, found: u64 },
    /// Written by a later release.
    #[error("{0}")]
    NewerFormat(String),
    /// Stored bytes contradict each other or their checksums.
    #[error("stored data is damaged: {0}")]
    Corrupt(String),
    #[error("the disk is full: {0}")]
    DiskFull(String),
    /// No timestamp could be obtained; why, for each authority.
    #[error("no timestamp: {0}")]
    NoTimestamp(String),
    /// The committer has stopped; nothing more is acknowledged until a restart.
    #[error("the archive has stopped writing: {0}")]
    Stopped(String),
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    #[error(transparent)]
    Report(#[from] crate::report::ReportError),
    #[error(transparent)]
    Retention(#[from] crate::retention::PolicyError),
    #[error(transparent)]
    Seal(SealError),
    #[error(transparent)]
    Store(StoreError),
    #[error(transparent)]
    Backup(BackupError),
    #[error(transparent)]
    Search(#[from] SearchError),
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl ArchiveError {
    /// A stable word for scripts, as in `{"error":{"code"}}`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) | Self::Entry(_) => "invalid",
            Self::NoSuchRecord(_) | Self::NotFound(_) | Self::Destroyed { .. } => "not-found",
            Self::Refused(_) => "retention",
            Self::Held(_) => "hold",
            Self::OnceDestroyed { .. } => "destroyed",
            Self::Forbidden(_) => "forbidden",
            Self::Conflict(_) => "conflict",
            Self::TooLarge { .. } => "too-large",
            Self::NotAnArchive(_) => "not-an-archive",
            Self::NotRestored(_) => "not-restored",
            Self::NotEmpty(_) => "not-empty",
            Self::Locked(_) => "locked",
            Self::KeyRefused(_) => "key-refused",
            Self::Corrupt(_) | Self::Seal(_) | Self::Rewound { .. } => "corrupt",
            Self::DiskFull(_) => "disk-full",
            Self::NewerFormat(_) => "newer-format",
            Self::NoTimestamp(_) => "no-timestamp",
            Self::NoRendition { .. } => "no-rendition",
            Self::Stopped(_) => "stopped",
            Self::Backup(_) => "backup",
            Self::Io { .. } | Self::Store(_) => "io",
            Self::Config(_) | Self::Retention(_) => "config",
            Self::Search(SearchError::Index(_)) | Self::Index(_) => "index",
            Self::Report(crate::report::ReportError::TooLong) => "invalid",
            Self::Report(_) => "internal",
            Self::Search(_) => "invalid",
        }
    }

    /// The same error for the next caller whom one failure concerns.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::DiskFull(detail) => Self::DiskFull(detail.clone()),
            Self::Corrupt(detail) => Self::Corrupt(detail.clone()),
            other => Self::Stopped(other.to_string()),
        }
    }

    /// What to do next, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Invalid(_) | Self::Entry(_) => {
                "correct the value that is named, then repeat; --help shows examples"
            }
            Self::Config(crate::config::ConfigError::Unreadable { .. }) => {
                "check that the file is there, and who may read it"
            }
            Self::Config(_) => "correct shosoin.toml at the place that is named, then start again",
            Self::Retention(_) => "correct the policy file at the line that is named, then start again",
            Self::Io { .. } | Self::Store(_) => {
                "check the disk, that it is not read-only, and the permissions of the directory; then repeat"
            }
            Self::NotFound(_) => "list what there is, then repeat with one of those",
            Self::NewerFormat(_) => "install the release that wrote it",
            Self::Backup(_) => {
                "check that the disk with the backups is there and that the path is right, then repeat"
            }
            Self::Report(_) => return None,
            Self::Forbidden(_) => "ask an administrator for the role, or somebody who has it",
            Self::NoTimestamp(_) => {
                "correct [timestamps] in shosoin.toml, or repeat when the authority answers; nothing was recorded as protected"
            }
            Self::Search(SearchError::MalformedCursor | SearchError::ForeignCursor) => {
                "start again from the first page"
            }
            Self::Refused(_) => {
                "wait until the period has ended; `shosoin retention explain ID` says when and why"
            }
            Self::NoRendition { .. } => {
                "its evidence record protects it instead; `shosoin evidence ID -o DIR` writes that"
            }
            Self::Held(_) => "`shosoin hold list` shows the holds; a second person releases one",
            Self::Destroyed { .. } => "nothing can bring it back; the certificate says when, why and by whom",
            Self::OnceDestroyed { .. } => "keep them elsewhere if they must be kept again after all",
            Self::NoSuchRecord(_) => "find the id with `shosoin search`",
            Self::Conflict(_) => {
                "something else was first: look at what stands now (of a record, `shosoin show ID`), then repeat if it still fits"
            }
            Self::TooLarge { .. } => {
                "raise [deposit] max_bytes in shosoin.toml if the machine has the memory"
            }
            Self::NotAnArchive(_) => {
                "create one with `shosoin --data DIR init`, or point --data at the right directory"
            }
            Self::NotRestored(_) => "run the same `shosoin restore` again; it goes on where it ended",
            Self::NotEmpty(_) => "choose a new or empty directory",
            Self::Locked(_) => "stop the other process, or use the running server through its socket",
            Self::KeyRefused(_) => {
                "put the archive's own key file back at the path that shosoin.toml names; if it has a passphrase, type it or \
                 name a file that holds it in SHOSOIN_PASSPHRASE_FILE; if it is lost, `shosoin key recover` restores it from \
                 a recovery kit"
            }
            Self::Corrupt(_) | Self::Seal(_) => {
                "keep a copy of the data directory as it is, see with `shosoin fsck` what is damaged, then restore it from a backup"
            }
            Self::Rewound { .. } => {
                "restore the newest backup; if an older copy was put back on purpose, remove the file checkpoint.txt in \
                 the data directory to accept it"
            }
            Self::DiskFull(_) => "free some space and repeat; nothing that was acknowledged is lost",
            Self::Stopped(_) => "correct the cause and restart; nothing that was acknowledged is lost",
            Self::Search(SearchError::Index(error)) | Self::Index(error) if error.needs_rebuild() => {
                "run `shosoin index rebuild`; the index holds nothing that the store does not"
            }
            Self::Search(_) | Self::Index(_) => "correct the condition that is named, then repeat",
        };
        Some(hint.to_owned())
    }

    /// Wraps an input or output error with the place where it happened.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| {
            if source.kind() == std::io::ErrorKind::StorageFull {
                Self::DiskFull(path.display().to_string())
            } else {
                Self::Io { path, source }
            }
        }
    }
}

impl From<Refusal> for ArchiveError {
    fn from(refusal: Refusal) -> Self {
        Self::Forbidden(refusal.to_string())
    }
}

impl From<SealError> for ArchiveError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::WrongKek { .. } => Self::KeyRefused(error.to_string()),
            other => Self::Seal(other),
        }
    }
}

impl From<BackupError> for ArchiveError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::KeyRefused(why) => Self::KeyRefused(why),
            BackupError::Store(error) => error.into(),
            BackupError::Commit(error) => error.into(),
            BackupError::Seal(error) => error.into(),
            BackupError::Newer { .. } => Self::NewerFormat(error.to_string()),
            BackupError::Untrusted { .. } | BackupError::Contradiction(_) => Self::Corrupt(error.to_string()),
            BackupError::NoGeneration(what) => Self::NotFound(what),
            BackupError::Repository(RepositoryError::Busy(_)) => Self::Conflict(error.to_string()),
            BackupError::Repository(RepositoryError::Full(_)) => Self::DiskFull(error.to_string()),
            other => Self::Backup(other),
        }
    }
}

impl From<RepositoryError> for ArchiveError {
    fn from(error: RepositoryError) -> Self {
        BackupError::from(error).into()
    }
}

impl From<StoreError> for ArchiveError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Corrupt { .. } => Self::Corrupt(error.to_string()),
            other => Self::Store(other),
        }
    }
}

impl From<CommitError> for ArchiveError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict { .. } | CommitError::BlobConflict(_) => Self::Conflict(error.to_string()),
            CommitError::TooLarge { bytes, limit } => {
                Self::TooLarge { size: bytes as u64, limit: limit as u64 }
            }
            CommitError::Full => Self::DiskFull(error.to_string()),
            CommitError::Stopped { .. } => Self::Stopped(error.to_string()),
            CommitError::Store(error) => error.into(),
        }
    }
}

impl From<OpenError> for ArchiveError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::NotAnArchive(path) => Self::NotAnArchive(path),
            OpenError::NotEmpty(path) => Self::NotEmpty(path),
            OpenError::Locked(path) => Self::Locked(path),
            OpenError::Full(path) => Self::DiskFull(path.display().to_string()),
            OpenError::Newer { .. } => Self::NewerFormat(error.to_string()),
            OpenError::Store(error) => error.into(),
        }
    }
}
