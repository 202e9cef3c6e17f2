//! Renditions: a copy of a contract with its validation data and a document timestamp inside (PAdES-LTA, ETSI EN 319 142-1,
//! 5.5), for readers who want to see the proof in the file itself.
//!
//! The original is never touched. A rendition is the original's bytes with more behind them, so only what is behind is kept,
//! sealed under the record's own key: it is in every backup with the record, and destroyed with it.

mod due;
mod give;
mod make;
mod policy;
mod refusal;
mod rows;
mod sound;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::panel::{Verdict, Words};
use crate::record::{Digest, RecordId};
pub use due::Skipped;
pub use policy::RenditionRun;
#[cfg(test)]
pub use rows::put_for_tests;
pub use rows::{keys, owners, ranges};

/// One rendition of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RenditionView {
    pub id: RecordId,
    /// Its number among the record's renditions, from 1.
    pub rendition: u32,
    /// SHA-256 of the whole file.
    pub sha256: Digest,
    /// Bytes of the whole file.
    pub size: u64,
    pub made_at: DateTime<Utc>,
    /// Time of its newest document timestamp, and who gave that.
    pub timestamp_time: DateTime<Utc>,
    pub authority: String,
    /// Until when that timestamp protects the file.
    pub protected_until: DateTime<Utc>,
    /// What all signatures in it proved when it was made.
    pub verdict: Verdict,
    /// Everything that a validator needs, now and years later, is inside the file: chains, revocation data, timestamps.
    #[serde(default)]
    pub complete: bool,
    /// What readers of the file should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Words>,
}

/// What became of a selection of records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RenditionBatch {
    /// New ones.
    pub made: Vec<RenditionView>,
    /// Records whose newest rendition is protected for long enough.
    pub kept: Vec<RenditionView>,
    /// Records of which none can be made; their evidence records protect them.
    pub refused: Vec<RenditionRefused>,
    /// Records not tried, because no timestamp was to be had any more.
    pub waiting: u64,
    /// Why none was to be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}

/// A record without a rendition, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RenditionRefused {
    pub id: RecordId,
    pub reason: String,
}
