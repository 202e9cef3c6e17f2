//! Backups: what an archive is, in packs that any store of bytes can keep, and back again.
//!
//! ```text
//! repository               statement of identity, signed
//! generations/0000000012   a manifest: signed, names its packs; written last, so its existence is the commit
//! keys/0000000340          a key set: signed, short-lived; the only place of wrapped keys
//! packs/<id>               sealed: journal entries, rows, sealed objects; immutable, shared by generations
//! tails/<from>             sealed: what the journal gained since the newest generation
//! ```
//!
//! `schema/backup-repository.md` draws every byte. This folder knows a store's tables and blobs as keys and bytes; which
//! of them make up an archive is said by its caller. Trust: nothing read from a repository is believed before its seal
//! or signature was checked.

pub mod changes;
mod catalog;
mod collect;
mod directory;
mod error;
mod fetch;
mod gather;
pub mod keep;
mod key_set;
mod later;
mod manifest;
mod objects;
mod pack;
mod packer;
mod pieces;
mod protection;
mod rebuild;
mod repack;
mod repair;
mod repository;
mod restore;
mod run;
mod statement;
mod stoppable;
mod tables;
mod tail;
mod tree;
mod verify;
mod write_once;

#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod fixture;
#[cfg(test)]
pub mod memory;
#[cfg(test)]
mod migration_tests;
#[cfg(test)]
mod suite;
#[cfg(test)]
mod tail_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod write_once_tests;

pub use catalog::{Catalog, Identity};
pub use collect::{Collected, Keep};
pub use directory::Directory;
pub use error::BackupError;
pub use key_set::KeySet;
pub use later::Rows;
pub use manifest::{Generation, PackRef, Tier};
pub use pack::pack_key;
pub use protection::Protection;
pub use repack::Repacked;
pub use repair::Repaired;
pub use repository::{Folder, Name, PackId, Repository, RepositoryError};
pub use restore::{Opened, Part, Parts, Restored, RestoredMeta, Resume};
pub use run::{MetaRows, Outcome, Plan, Snapshot, Source};
pub use stoppable::{Stop, Stoppable};
pub use tail::{Position, Shipped};
pub use verify::Verified;

/// Told about the progress of long work: done so far and, when known, of how many.
pub type Progress<'a> = &'a (dyn Fn(u64, Option<u64>) + Sync);
