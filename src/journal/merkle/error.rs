//! What can be wrong with a tree's nodes, and with a proof.

/// A root or proof cannot be computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError<E: std::error::Error + 'static> {
    #[error("a node of the journal's tree could not be read: {0}")]
    Read(#[source] E),
    #[error(
        "node {index} of level {level} of the journal's tree is missing; restore the journal from a backup"
    )]
    MissingNode { level: u8, index: u64 },
    #[error("there is no entry {seq} in the journal of size {size}; ask for a number below the size")]
    NoSuchEntry { seq: u64, size: u64 },
    #[error("size {old} is larger than size {new}; give the older size first")]
    NotOlder { old: u64, new: u64 },
    #[error(transparent)]
    Frontier(#[from] FrontierError),
}

/// The hashes do not make the right edge of a tree of that size.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrontierError {
    #[error("a tree of {size} entries has {expected} complete subtrees on its edge, was given {found}")]
    WrongCount { size: u64, expected: usize, found: usize },
    #[error("a tree of {0} entries is too large to append to")]
    TooLarge(u64),
}

/// A proof does not prove what it is said to.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofError {
    #[error("the proof is about entry {seq} of a tree of only {size} entries")]
    NoSuchEntry { seq: u64, size: u64 },
    #[error("the proof goes from size {old} back to size {new}; give the older size first")]
    NotOlder { old: u64, new: u64 },
    #[error("the proof has {0} hashes, which is not the number that trees of this size need")]
    WrongLength(usize),
    #[error("the proof leads to another root; the entry, the proof or the checkpoint was altered")]
    RootMismatch,
    #[error("the proof does not contain the older tree; the journal was rewritten since")]
    OldRootMismatch,
}
