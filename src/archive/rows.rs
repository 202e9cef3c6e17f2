//! The rows that the engine keeps in the store: their keys and their versioned values (`schema/rows.md`).

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::error::ArchiveError;
use super::notices::Channels;
use super::principal::Role;
use crate::panel::Panel;
use crate::pdf::Inspection;
use crate::record::{Digest, RecordId};
use crate::seal::{Keks, KeyId};

/// The newest version of any row in this file.
pub const ROW_VERSION: u32 = 2;

/// `Meta/archive`: what may be known without a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchiveRow {
    pub v: V1,
    /// Random UUID; part of the checkpoint's origin.
    pub archive_id: String,
    pub created_at: DateTime<Utc>,
    /// Id of the key-encryption key that opens this archive.
    pub key_id: String,
    /// The newest rotation of that key. Here, because it goes with the keys: into key sets, not with other rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<RotationRow>,
    /// First line of every checkpoint.
    pub origin: String,
    /// Token rows are sealed from the beginning. Believed only from the details of entry 0, which nobody can change.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sealed_tokens: bool,
    /// Public key that checkpoints verify under (signed-note `vkey`).
    pub vkey: String,
}

/// A rotation of the key-encryption key, under way or done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotationRow {
    pub from: KeyId,
    pub to: KeyId,
    pub by: String,
    pub started_at: DateTime<Utc>,
    /// Every key was wrapped anew, and nothing is left of the old wrapping.
    pub finished_at: Option<DateTime<Utc>>,
    /// Keys that had their time, the last one last.
    pub former: Vec<FormerRow>,
}

/// A key-encryption key that wraps nothing any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormerRow {
    pub key: KeyId,
    pub retired_at: DateTime<Utc>,
}

impl RotationRow {
    /// The key that is needed to go on, if it is not at hand.
    pub fn missing(&self, keks: &Keks) -> Option<KeyId> {
        (self.finished_at.is_none() && keks.get(self.from).is_none()).then_some(self.from)
    }
}

/// `Meta/recovery-kit`: what was decided about paper copies of the key. Sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KitRow {
    pub v: V1,
    /// The key-encryption key that the kit is of.
    pub key: KeyId,
    /// `None`: a kit was declined.
    pub made: Option<KitMade>,
    pub at: DateTime<Utc>,
    pub by: String,
}

/// A kit that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KitMade {
    /// Number of the kit, 12 hex digits.
    pub kit: String,
    pub shares: u8,
    pub threshold: u8,
}

/// `Records/<id>`: the state of one record. All that tells about the contract is inside `facts`, sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordRow {
    pub v: V1,
    /// Journal number of the deposit; the record's stable number in the search index.
    pub deposit_seq: u64,
    /// Number of the newest metadata version, from 1.
    pub latest_version: u32,
    /// Last day the retention policies ask for, as decided when the row was written; `None`: no end known.
    pub retain_until: Option<NaiveDate>,
    /// Beside an end that is not known: the latest day that some policy asked for. No period ends before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<NaiveDate>,
    /// Two people have shortened the period: number of the sealed row that says so, which counts and not this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shortened: Option<uuid::Uuid>,
    /// [`Facts`] as JSON, sealed under the record's key ([`Purpose::Metadata`](crate::seal::Purpose)), base64.
    #[serde(with = "base64_bytes")]
    pub facts: Vec<u8>,
}

impl RecordRow {
    /// The latest day that was ever asked for: a period is never decided shorter than that.
    pub fn promised(&self) -> Option<NaiveDate> {
        self.retain_until.max(self.floor)
    }

    /// The row after a decision that gives this end and floor. What was promised stays promised.
    #[must_use]
    pub fn keeping(mut self, until: Option<NaiveDate>, floor: Option<NaiveDate>) -> Self {
        let promised = self.promised();
        match until {
            Some(until) => {
                self.retain_until = Some(until).max(promised);
                self.floor = None;
            }
            None => {
                self.retain_until = None;
                self.floor = floor.max(promised);
            }
        }
        self
    }
}

/// What was found out about the content once, at deposit. Version 2; version 1 is read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "AnyFacts")]
pub struct Facts {
    pub v: V2,
    pub sha256: Digest,
    /// Bytes of the original.
    pub size: u64,
    /// The signatures, as judged at the deposit.
    pub panel: Panel,
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum AnyFacts {
    Judged {
        v: V2,
        sha256: Digest,
        size: u64,
        panel: Box<Panel>,
    },
    /// The first release listed signatures and judged none.
    Listed {
        #[serde(rename = "v")]
        _v: V1,
        sha256: Digest,
        size: u64,
        inspection: Box<Inspection>,
    },
}

impl From<AnyFacts> for Facts {
    fn from(facts: AnyFacts) -> Self {
        match facts {
            AnyFacts::Judged { v, sha256, size, panel } => Self { v, sha256, size, panel: *panel },
            AnyFacts::Listed { sha256, size, inspection, .. } => {
                Self { v: V2, sha256, size, panel: Panel::listed(&inspection) }
            }
        }
    }
}

/// `Meta/token/<HMAC of the token>`: who a bearer token belongs to. Sealed; plain in archives of 0.1.0.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRow {
    pub v: V1,
    /// Name of the principal.
    pub name: String,
    pub created_at: DateTime<Utc>,
    /// What it is for, in the words of whoever made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// Rows stay after that, so that the list tells of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<DateTime<Utc>>,
}

/// `Meta/user/<HMAC of the folded name>`: one user. Sealed, so that nobody without the key grants himself a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserRow {
    pub v: V1,
    pub name: String,
    pub roles: BTreeSet<Role>,
    /// Legal entities; `None`: all, and the archive as a whole.
    pub entities: Option<BTreeSet<String>>,
    /// Name of the operating-system user who acts as this principal.
    pub os_user: Option<String>,
    pub disabled: bool,
    pub created_at: DateTime<Utc>,
}

/// `Idempotency/<HMAC of principal and key>`: the answer once given.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdempotencyRow {
    pub v: V1,
    /// HMAC over the request, so that a key used twice for different requests is noticed.
    #[serde(with = "base64_bytes")]
    pub request: Vec<u8>,
    pub record: RecordId,
    pub version: u32,
    pub journal_seq: u64,
}

/// `Meta/backup/<tier>`: the newest generation that the archive made there.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupRow {
    pub v: V1,
    /// Id of the repository.
    pub repository: String,
    /// Number of the generation.
    pub generation: u64,
    /// Journal entries in it.
    pub entries: u64,
    pub at: DateTime<Utc>,
}

/// `Meta/notices`: what was told. Sealed: it names records and their days.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticesRow {
    pub v: V1,
    pub channels: Channels,
}

/// Keys of the `Meta` table.
pub mod meta {
    pub const ARCHIVE: &[u8] = b"archive";
    /// The archive-level DEK, wrapped by the KEK.
    pub const ARCHIVE_DEK: &[u8] = b"archive-dek";
    /// Seed of the checkpoint signing key, sealed under the archive-level DEK.
    pub const SIGNING_SEED: &[u8] = b"signing-seed";
    /// Journal entries whose contracts have had their text read, as decimal digits; a cache's cursor.
    pub const TEXT_CURSOR: &[u8] = b"text-cursor";
    /// The newest signed checkpoint, as a signed note.
    pub const CHECKPOINT: &[u8] = b"checkpoint";
    pub const TOKEN_PREFIX: &[u8] = b"token/";
    /// Before the name of a tier: its newest generation, see [`BackupRow`](super::BackupRow).
    pub const BACKUP_PREFIX: &[u8] = b"backup/";
    /// Then a record's id: a restore left it out, it was destroyed after the generation was made.
    pub const ABSENT_PREFIX: &[u8] = b"absent/";
    /// How far the fixity check has come.
    pub const FIXITY: &[u8] = b"fixity";
    /// What was told of what comes due.
    pub const NOTICES: &[u8] = b"notices";
    /// What was decided about paper copies of the key.
    pub const RECOVERY_KIT: &[u8] = b"recovery-kit";
    pub const USER_PREFIX: &[u8] = b"user/";
    /// Then the policy's id.
    pub const POLICY_PREFIX: &[u8] = b"policy/";
    /// Then the HMAC of the legal entity's name.
    pub const FISCAL_YEARS_PREFIX: &[u8] = b"fiscal-years/";
    /// Then the hold's number, 16 bytes.
    pub const HOLD_PREFIX: &[u8] = b"hold/";
    /// Then the plan's number, 16 bytes.
    pub const PLAN_PREFIX: &[u8] = b"disposition/";
    /// Then the number of the shortening, 16 bytes.
    pub const SHORTENING_PREFIX: &[u8] = b"shortening/";
    /// Then the record's id.
    pub const TOMBSTONE_PREFIX: &[u8] = b"tombstone/";
    /// How far all records have been decided again.
    pub const REEVALUATION: &[u8] = b"reevaluation";

    /// The first key after all that begin with `prefix`, which must end with a byte below 255.
    pub fn end_of(prefix: &[u8]) -> Vec<u8> {
        let mut end = prefix.to_vec();
        if let Some(last) = end.last_mut() {
            *last = last.saturating_add(1);
        }
        end
    }
}

/// Key of a metadata version: the record's id, then the version number, big-endian.
pub fn version_key(id: RecordId, version: u32) -> Vec<u8> {
    [id.as_bytes().as_slice(), &version.to_be_bytes()].concat()
}

/// Key of a journal entry: its number, big-endian, so that entries scan in order.
pub fn journal_key(seq: u64) -> Vec<u8> {
    seq.to_be_bytes().to_vec()
}

/// Key of the `Trail` row that finds an entry from the record it is about.
pub fn trail_key(id: RecordId, seq: u64) -> Vec<u8> {
    [id.as_bytes().as_slice(), &seq.to_be_bytes()].concat()
}

/// The entry number in a [`trail_key`].
///
/// # Errors
/// [`ArchiveError::Corrupt`] when it is no such key.
pub fn trail_seq(key: &[u8]) -> Result<u64, ArchiveError> {
    let seq = key.get(16..).and_then(|bytes| bytes.try_into().ok());
    seq.map(u64::from_be_bytes).ok_or_else(|| ArchiveError::Corrupt("a trail row has no entry number".into()))
}

/// Encodes a row.
pub fn encode<T: Serialize>(row: &T) -> Vec<u8> {
    serde_json::to_vec(row).expect("rows are plain structs with string keys, which JSON can always hold")
}

/// Decodes a row; `what` names it in the error.
///
/// # Errors
/// [`ArchiveError::NewerFormat`] when a later release wrote it, [`ArchiveError::Corrupt`] when it is no such row.
pub fn decode<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T, ArchiveError> {
    serde_json::from_slice(bytes).map_err(|error| match serde_json::from_slice::<AnyVersion>(bytes) {
        Ok(row) if row.v > ROW_VERSION => ArchiveError::NewerFormat(format!(
            "{what} has format version {}, which this release cannot read; install the release that wrote it",
            row.v
        )),
        _ => ArchiveError::Corrupt(format!("{what}: {error}")),
    })
}

/// What every row of ours says, whatever its version.
#[derive(Deserialize)]
struct AnyVersion {
    v: u32,
}

/// The version of a row: reading any other one is an error, so that a later format is never half understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version<const N: u32>;

/// Most rows have had one format so far.
pub type V1 = Version<1>;
/// [`V1`], as a value.
pub const V1: V1 = Version::<1>;
pub type V2 = Version<2>;
/// [`V2`], as a value.
pub const V2: V2 = Version::<2>;

impl<const N: u32> Serialize for Version<N> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(N)
    }
}

impl<'de, const N: u32> Deserialize<'de> for Version<N> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            version if version == N => Ok(Self),
            other => Err(serde::de::Error::custom(format!("format version {other}"))),
        }
    }
}

/// Bytes as standard base64 inside JSON.
pub mod base64_bytes {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
