//! What can go wrong with a sealed object or a wrapped key, and what to do about it.

use super::{KeyId, Purpose};

/// Why something could not be sealed or opened. No variant carries key or plaintext bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The operating system's random source failed.
    #[error(
        "the operating system gave no random bytes ({0}); nothing was sealed, so it is safe to try again"
    )]
    Random(getrandom::Error),

    /// The bytes do not carry the mark of their format.
    #[error("these bytes are not {what}; check that the right file or database row was read")]
    NotSealed { what: &'static str },

    /// Written by a later release.
    #[error(
        "{what} has format version {found}, which this release cannot read; use a newer release of shosoin"
    )]
    UnsupportedVersion { what: &'static str, found: u8 },

    /// A header field holds a value that this version of the format does not know.
    #[error(
        "the header of the sealed object has {field} {found}, which its format version does not allow; \
             it was altered: restore the object from a backup"
    )]
    BadHeader { field: &'static str, found: u64 },

    /// Fewer bytes than the header, or the format, asks for.
    #[error("the sealed bytes end after {found} of {expected} bytes; restore the object from a backup")]
    Truncated { expected: u64, found: u64 },

    /// More bytes than the header asks for.
    #[error(
        "the sealed bytes go on after their end ({found} bytes where {expected} were expected); \
             restore the object from a backup"
    )]
    TrailingBytes { expected: u64, found: u64 },

    /// Authentication failed: other bytes, another key, another record or another place in the object.
    #[error(
        "the sealed bytes do not fit their key, record and place: they were altered, or belong to another \
             record. Nothing was returned; verify the archive and restore the object from a backup"
    )]
    Tampered,

    /// The object was sealed for another purpose than the one asked for.
    #[error("the sealed object holds {found}, not {expected}; check that the right database row was read")]
    WrongPurpose { expected: Purpose, found: Purpose },

    /// The wrapped key needs another key-encryption key than the one given.
    #[error(
        "this data key was wrapped by key {expected}, but the key given is {found}; \
             load the key file whose key id is {expected}"
    )]
    WrongKek { expected: KeyId, found: KeyId },

    /// More plaintext than the caller or the format allows.
    #[error("{len} bytes of plaintext is more than the limit of {max} bytes; nothing was read or written")]
    TooLarge { len: u64, max: u64 },

    /// The machine could not give the memory.
    #[error("no memory for {bytes} bytes; nothing was read or written, try again when less is going on")]
    OutOfMemory { bytes: u64 },

    /// A range that does not lie within the object.
    #[error(
        "bytes {start}..{end} were asked of an object of {len} bytes; ask for a range that lies within it"
    )]
    OutOfRange { start: u64, end: u64, len: u64 },

    /// Random access into compressed bytes.
    #[error(
        "the sealed object is compressed and can only be read as a whole; unseal it instead, \
             or seal it without compression"
    )]
    Compressed,

    /// The chunks are authentic, but what they hold does not decompress to what the header promises.
    #[error(
        "the sealed object is authentic but does not decompress to its {expected} bytes: the program that \
             wrote it was at fault; restore the object from a backup and report this"
    )]
    Decompression { expected: u64 },
}
