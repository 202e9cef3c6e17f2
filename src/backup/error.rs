//! What can go wrong with backups, in words that say what to do next.

use super::manifest::Tier;
use super::repository::{Name, RepositoryError};
use crate::seal::SealError;
use crate::store::{CommitError, StoreError};

/// A backup, a verification or a restore could not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error(transparent)]
    Seal(SealError),
    /// There is no statement of identity.
    #[error("{0} holds no backup repository. Check the path and that its disk is mounted")]
    NotARepository(String),
    /// The directory has other files, so it is not made into a repository.
    #[error("{0} holds other files. Choose an empty directory for a new backup repository")]
    NotEmpty(String),
    /// It belongs to another archive, or to another tier.
    #[error("{place} is the repository of {found}, not of {expected}. Check the directories in shosoin.toml")]
    Other { place: String, found: String, expected: String },
    /// The repository that was there before has gone.
    #[error(
        "{place} is empty, but the {tier} backups of this archive were in it before. Is its disk mounted? To begin \
         anew on purpose, run `shosoin backup run {tier} --new`"
    )]
    Vanished { place: String, tier: Tier },
    #[error("{what} was written by a newer version of this program. Install that version")]
    Newer { what: String },
    /// A signature or a seal does not hold.
    #[error("{name} cannot be trusted: {why}. It was damaged or forged; do not use it")]
    Untrusted { name: Name, why: String },
    /// The repository has no such generation, or none at all.
    #[error("{0}")]
    NoGeneration(String),
    /// The KEK is not the one that opens this repository.
    #[error("the key does not open this backup: {0}")]
    KeyRefused(String),
    /// What the packs say contradicts the manifest.
    #[error("the backup contradicts itself: {0}. Use another generation, or the repository of another tier")]
    Contradiction(String),
    /// What was written does not read back.
    #[error(
        "{0} reads back differently from what was written. Check the disk of the repository, then repeat"
    )]
    ReadBack(Name),
    /// Rows or numbers that do not fit the format.
    #[error("{0}")]
    Unfit(String),
}

impl From<SealError> for BackupError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::WrongKek { .. } => Self::KeyRefused(error.to_string()),
            other => Self::Seal(other),
        }
    }
}
