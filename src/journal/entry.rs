//! One journal entry, and the exact bytes that are stored and hashed.

use chrono::{DateTime, Datelike, SubsecRound, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::act::Act;
use super::error::EntryError;
use crate::record::RecordId;

/// The only entry format so far.
const FORMAT: u8 = 1;
/// Longest encoded entry, in bytes: 1 MiB.
pub const MAX_ENTRY_BYTES: usize = 1 << 20;
/// Longest name of who acts, in bytes of UTF-8.
pub const MAX_ACTOR_BYTES: usize = 512;
/// Longest sealed details, in bytes before base64: 512 KiB.
pub const MAX_DETAILS_BYTES: usize = 512 << 10;

// The largest entry that `Entry::new` lets through encodes below the bound that `decode` enforces: base64 is
// 4/3, JSON doubles at most every byte of the actor, and 512 bytes hold all names, numbers and the record id.
const _: () = assert!(MAX_DETAILS_BYTES.div_ceil(3) * 4 + 2 * MAX_ACTOR_BYTES + 512 <= MAX_ENTRY_BYTES);

/// One act, by whom, when, and about which record.
///
/// Made by [`Entry::new`] or [`Entry::decode`] only (the format field is private), so every entry fits
/// its bounds. Field order is the order in the stored bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Format of the entry: 1.
    #[schemars(range(min = 1, max = 1))]
    #[schema(minimum = 1, maximum = 1)]
    v: u8,
    /// Number of the entry in the journal, and index of its leaf; the first is 0.
    pub seq: u64,
    /// When the entry was sequenced, UTC, whole microseconds.
    #[serde(with = "microseconds")]
    #[schemars(with = "DateTime<Utc>")]
    pub at: DateTime<Utc>,
    /// The principal who acted, as named at that time; never empty, no control characters.
    #[schemars(length(min = 1, max = MAX_ACTOR_BYTES))]
    pub actor: String,
    /// What was done.
    pub act: Act,
    /// The record it was done to, when it was one record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordId>,
    /// Sealed details (a sealed object, see the format of `seal`), base64 in JSON. Only the holder of the
    /// data key can read them; hashing the sealed bytes lets the tree verify after the key is destroyed.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "base64_bytes")]
    #[schemars(with = "Option<String>")]
    #[schema(value_type = Option<String>, format = Byte)]
    pub details: Option<Vec<u8>>,
}

impl Entry {
    /// Makes an entry; `at` is cut to whole microseconds, the precision that is stored.
    ///
    /// # Errors
    /// When the actor is empty, too long or has control characters, when the details are longer than
    /// [`MAX_DETAILS_BYTES`], or when the year does not fit RFC 3339.
    pub fn new(
        seq: u64,
        at: DateTime<Utc>,
        actor: impl Into<String>,
        act: Act,
        record: Option<RecordId>,
        details: Option<Vec<u8>>,
    ) -> Result<Self, EntryError> {
        let entry =
            Self { v: FORMAT, seq, at: at.trunc_subsecs(6), actor: actor.into(), act, record, details };
        entry.check()?;
        Ok(entry)
    }

    /// The bytes that are stored and hashed: compact JSON, fields in the order of declaration, absent fields
    /// left out. The same entry always gives the same bytes.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self)
            .expect("strings, numbers and no maps: nothing in an entry fails to serialise")
    }

    /// Reads stored bytes back; `decode(bytes)?.encode() == bytes` holds for everything accepted.
    ///
    /// # Errors
    /// When `bytes` are longer than [`MAX_ENTRY_BYTES`], of another format, not an entry, or an entry spelled
    /// in another way (whitespace, field order, escapes, `null`, time zone): two spellings of one entry would
    /// have two leaf hashes.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        if bytes.len() > MAX_ENTRY_BYTES {
            return Err(EntryError::TooLong(bytes.len()));
        }
        let entry: Self = serde_json::from_slice(bytes).map_err(|error| explain(bytes, error))?;
        if entry.v != FORMAT {
            return Err(EntryError::Version(entry.v.into()));
        }
        entry.check()?;
        if entry.encode() != bytes {
            return Err(EntryError::NotCanonical);
        }
        Ok(entry)
    }

    fn check(&self) -> Result<(), EntryError> {
        if self.actor.is_empty() {
            return Err(EntryError::NoActor);
        }
        if self.actor.len() > MAX_ACTOR_BYTES {
            return Err(EntryError::ActorTooLong(self.actor.len()));
        }
        if self.actor.contains(char::is_control) {
            return Err(EntryError::ControlCharacter);
        }
        match &self.details {
            Some(details) if details.len() > MAX_DETAILS_BYTES => {
                return Err(EntryError::DetailsTooLong(details.len()));
            }
            _ => {}
        }
        if !(0..=9999).contains(&self.at.year()) {
            return Err(EntryError::YearOutOfRange);
        }
        Ok(())
    }
}

/// A later format may have fields we do not know: say "newer format" rather than "unknown field".
fn explain(bytes: &[u8], error: serde_json::Error) -> EntryError {
    #[derive(Deserialize)]
    struct Format {
        v: u64,
    }
    match serde_json::from_slice(bytes) {
        Ok(Format { v }) if v != u64::from(FORMAT) => EntryError::Version(v),
        _ => EntryError::Malformed(error),
    }
}

/// RFC 3339 in UTC with six digits of the second and `Z`: one spelling per instant.
mod microseconds {
    use chrono::{DateTime, Utc};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&at.format("%Y-%m-%dT%H:%M:%S%.6fZ"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let at = DateTime::parse_from_rfc3339(&text).map_err(D::Error::custom)?;
        Ok(at.with_timezone(&Utc))
    }
}

/// Standard base64 with padding (RFC 4648, section 4).
mod base64_bytes {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        bytes.as_ref().map(|bytes| STANDARD.encode(bytes)).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| STANDARD.decode(text).map_err(D::Error::custom)).transpose()
    }
}

#[cfg(test)]
#[path = "entry_tests.rs"]
mod tests;
