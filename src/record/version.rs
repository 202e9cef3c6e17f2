//! One version of a record's metadata: who wrote it, when and why.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Metadata;

/// A version never changes once written; a correction adds the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// Counts from 1, the deposit.
    pub version: u32,
    /// When the entry that wrote this version was sequenced.
    pub at: DateTime<Utc>,
    /// The principal who wrote it.
    pub by: String,
    /// Why; the deposit needs no reason, every later version does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Logical deletion: hidden from searches by default, still kept and still findable.
    #[serde(default)]
    pub withdrawn: bool,
    /// Number of the journal entry that recorded this version.
    pub journal_seq: u64,
    pub metadata: Metadata,
}
