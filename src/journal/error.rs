//! What can be wrong with an entry, a name, a key, a note or a checkpoint, and what to do next.

/// An entry cannot be made, or stored bytes are not an entry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    #[error("the actor of a journal entry is empty; name who acts")]
    NoActor,
    #[error(
        "the actor of a journal entry has {0} bytes, at most {max} are kept; use a shorter name",
        max = super::MAX_ACTOR_BYTES
    )]
    ActorTooLong(usize),
    #[error("the actor of a journal entry has a control character; remove it")]
    ControlCharacter,
    #[error(
        "the details of a journal entry have {0} bytes, at most {max} are kept; take smaller steps",
        max = super::MAX_DETAILS_BYTES
    )]
    DetailsTooLong(usize),
    #[error("the year of a journal entry is outside 0000 to 9999; check the clock")]
    YearOutOfRange,
    #[error(
        "a journal entry of {0} bytes, more than {max}; it is damaged, restore the journal from a backup",
        max = super::MAX_ENTRY_BYTES
    )]
    TooLong(usize),
    #[error("journal entry of format {0}, this program reads format 1; use a newer version of the program")]
    Version(u64),
    #[error("not a journal entry: {0}; it is damaged, restore the journal from a backup")]
    Malformed(#[source] serde_json::Error),
    #[error("a journal entry not spelled in its one way; it was altered, restore the journal from a backup")]
    NotCanonical,
}

/// The text cannot name a log.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "the name of a log is 1 to {max} bytes without spaces, control characters and '+'; choose another",
    max = super::origin::MAX_ORIGIN_BYTES
)]
pub struct OriginError;

/// The text is not the public key of a log.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    #[error("not a verifier key; expected NAME+8 hex digits+base64 in one line, as the archive prints it")]
    Malformed,
    #[error(transparent)]
    Name(#[from] OriginError),
    #[error("a verifier key of algorithm {0:#04x}; only Ed25519 (0x01) is known here")]
    Algorithm(u8),
    #[error("the verifier key does not hold a usable Ed25519 public key; ask for the key again")]
    BadPoint,
    #[error("the key id in the verifier key does not belong to its name and key; it was mistyped or altered")]
    KeyIdMismatch,
}

/// The text is not a note signed by the expected key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoteError {
    #[error("the note has {0} bytes, at most {max} are read", max = super::signed_note::MAX_NOTE_BYTES)]
    TooLong(usize),
    #[error("not a signed note: {0}")]
    Malformed(&'static str),
    #[error("no signature of {0} on the note; it was signed with another key, or cut short")]
    NotSigned(String),
    #[error("the signature of {0} on the note is wrong; the note was altered, do not trust it")]
    BadSignature(String),
}

/// The note is not a checkpoint of the expected log.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckpointError {
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error(transparent)]
    Origin(#[from] OriginError),
    #[error("not a checkpoint: {0}")]
    Malformed(&'static str),
    #[error("a checkpoint of the log {found}, expected {expected}; it belongs to another archive")]
    OtherLog { found: String, expected: String },
}
