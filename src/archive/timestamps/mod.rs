//! Timestamps over the archive's records, kept small: one token and one hash tree prove any number of records.
//!
//! Deposits since the last run become the leaves of a *tree*, in the order of their journal entries. A leaf is not the
//! contract's hash but the hash of it and of a value derived from the record's key: neighbours see nothing of each other's
//! contracts, and when a record's key is destroyed nobody can tell any more what its leaf stood for. A *stamp* is a token
//! over a tree's root, or over the roots of several trees at once; renewal adds stamps to trees and touches no record.
//! `schema/evidence.md` draws the rows.

mod ask;
mod assemble;
mod attest;
mod authorities;
mod check;
mod fetched;
mod rehash;
mod renditions;
mod renew;
mod rows;
mod stamp;
mod status;
mod stored_tree;
mod trees;
mod window;

pub use assemble::EvidenceFile;
pub use attest::Attested;
pub use check::{KeptEvidence, RecordEvidence};
#[cfg(test)]
pub use renditions::put_for_tests as put_rendition_for_tests;
pub use renditions::{
    RenditionBatch, RenditionRefused, RenditionRun, RenditionView, Skipped as RenditionSkipped,
    keys as rendition_keys,
};
pub(in crate::archive) use renditions::{owners as rendition_owners, ranges as rendition_ranges};
pub use status::{ExpiryYear, PlannedRenewal, RequestView, TimestampStatus};
pub use window::{DeadlineDay, StampDue, StampState, WaitingDeadlines};
