//! What can be wrong with evidence, in words for the person who asked.

/// Bytes that are no evidence record, or a record that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    #[error("this is not an evidence record of RFC 4998: {0}")]
    Malformed(String),
    #[error("the evidence record has {0} bytes, more than the {limit} that are read", limit = super::MAX_RECORD_BYTES)]
    TooLarge(usize),
    #[error("the evidence record has version {0}; RFC 4998 knows version 1 only")]
    Version(i64),
    #[error("the digest algorithm {0} is not known here")]
    UnknownDigest(String),
    #[error("a hash tree needs at least one object")]
    EmptyTree,
    #[error("a hash value has {found} bytes where {expected} were expected")]
    HashLength { expected: usize, found: usize },
}

impl From<der::Error> for EvidenceError {
    fn from(error: der::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}
