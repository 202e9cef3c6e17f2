//! The append-only log: entries, their Merkle tree, signed checkpoints and proofs. Pure: no store, no clock.
//!
//! Every change and every look at a contract is one [`Entry`]. Its encoded bytes are a leaf of an RFC 6962
//! Merkle tree ([`merkle`]), and a signed [`Checkpoint`] commits to all entries up to a size. Whatever is derived
//! from it (the search index) follows with a cursor of its own. Who stores entries and nodes, and in which batch, is
//! decided elsewhere; `schema/journal.md` draws every format byte by byte.

pub mod act;
pub mod checkpoint;
pub mod entry;
pub mod error;
pub mod extract;
pub mod key;
pub mod merkle;
pub mod origin;
pub mod signed_note;

pub use act::Act;
pub use checkpoint::Checkpoint;
pub use entry::{Entry, MAX_ACTOR_BYTES, MAX_DETAILS_BYTES, MAX_ENTRY_BYTES};
pub use error::{CheckpointError, EntryError, KeyError, NoteError, OriginError};
pub use extract::ExtractLine;
pub use key::{SigningKey, VerifyingKey};
pub use origin::Origin;

#[cfg(test)]
mod fixture_tests;
