//! The id of a record: a UUIDv7, so ids sort by the time of deposit.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Identifies one contract record for as long as anything refers to it (RFC 9562, section 5.7).
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, utoipa::ToSchema,
)]
#[serde(transparent)]
#[schema(value_type = String, format = "uuid")]
pub struct RecordId(Uuid);

/// The text is not an id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not a record id")]
pub struct InvalidRecordId(String);

impl RecordId {
    /// Draws a new id from the clock and the operating system's random source.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// The 16 bytes of the UUID, big-endian; the key of every row about this record.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// Reads back what [`as_bytes`](Self::as_bytes) gave.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RecordId {
    type Err = InvalidRecordId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text.trim()).map(Self).map_err(|_| InvalidRecordId(text.to_owned()))
    }
}
