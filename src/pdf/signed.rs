//! A signed PDF in full: each signature with its bytes, what it covers, and what came after it.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::changes::{Change, ChangeLevel};
use super::inspection::{Inspection, SignatureSummary};

/// What [`super::read_signed`] found.
#[derive(Clone, Debug)]
pub struct SignedPdf {
    pub inspection: Inspection,
    /// In the order of `inspection.signatures`.
    pub signatures: Vec<RawSignature>,
    /// The document security store of the newest revision.
    pub dss: Dss,
}

/// One signature or document timestamp, with what is needed to verify it. Nothing here has been verified.
#[derive(Clone, Debug)]
pub struct RawSignature {
    pub summary: SignatureSummary,
    /// The bytes that the hexadecimal string of `/Contents` means, padding included; empty if there is none.
    pub contents: Vec<u8>,
    /// `/Cert`: certificates in DER, for `adbe.x509.rsa_sha1`.
    pub cert: Vec<Vec<u8>>,
    /// What later changes it permits (ISO 32000-2, table 257: 1, 2 or 3), if it says so.
    pub docmdp: Option<u8>,
    /// The fields that it locks.
    pub field_lock: Option<FieldLock>,
    /// The revision that it closes, counted from 1; 0 if it closes none.
    pub revision: u32,
    /// How many revisions the file has; 0 if that cannot be told.
    pub revisions: u32,
    /// The byte range is sound and ends at the end of the file.
    pub covers_whole_file: bool,
    /// What each later revision did, as far as it did anything.
    pub later: Vec<LaterRevision>,
    /// Whether the document was modified after signing, beyond what the signature permits; `None`: cannot tell.
    pub modified_after: Option<bool>,
    /// What is wrong with it, or could not be told.
    pub reasons: Vec<Flaw>,
}

/// What one revision did after a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
pub struct LaterRevision {
    /// Counted from 1.
    pub revision: u32,
    pub changes: Vec<Change>,
}

/// Which fields a signature locks (ISO 32000-2, tables 236 and 258).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldLock {
    All,
    Include(Vec<String>),
    Exclude(Vec<String>),
}

/// Validation data (ISO 32000-2, 12.8.4.3), each item in DER.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dss {
    pub certificates: Vec<Vec<u8>>,
    pub crls: Vec<Vec<u8>>,
    pub ocsps: Vec<Vec<u8>>,
    /// By upper-case hexadecimal SHA-1 of a signature's `contents`. A hint only: anybody may write it.
    pub vri: BTreeMap<String, Vri>,
    /// Pieces of the store that are longer than is read, or cannot be read.
    pub left_out: usize,
}

/// Validation data of one signature, beside what the store's own lists hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vri {
    pub certificates: Vec<Vec<u8>>,
    pub crls: Vec<Vec<u8>>,
    pub ocsps: Vec<Vec<u8>>,
    /// `/TU`: when it was put together, as a PDF date.
    pub updated: Option<String>,
    /// `/TS`: a timestamp token over it.
    pub timestamp: Option<Vec<u8>>,
}

/// What is wrong with how a signature sits in its file.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, utoipa::ToSchema,
)]
#[serde(tag = "flaw", rename_all = "snake_case")]
pub enum Flaw {
    /// No `/Contents`, null, empty, or nothing but zeros.
    NoContents,
    NoByteRange,
    /// Not four non-negative integers.
    ByteRangeMalformed,
    /// The first range does not start at 0.
    ByteRangeStart,
    /// The ranges overlap, are out of order, or leave the file.
    ByteRangeBounds,
    /// The gap is not exactly the signature value.
    ByteRangeGap,
    /// It does not end where a revision ends.
    NotEndOfRevision,
    /// The signature was written by another revision than the one it closes.
    WrongRevision,
    /// Another field has the same signature as its value.
    SharedValue {
        other: String,
    },
    /// The cross-reference table has an object in the gap that no signature covers.
    ObjectInGap,
    /// The revisions cannot be told apart.
    HistoryUnreadable,
    /// There is more in the file than this release looks at.
    TooComplex,
    /// What came after goes beyond what the certification permits.
    BeyondPermission {
        level: ChangeLevel,
        permitted: u8,
    },
}

impl Dss {
    /// All certificates, also those that only an entry of a single signature lists.
    pub fn all_certificates(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.certificates.iter().chain(self.vri.values().flat_map(|vri| &vri.certificates))
    }

    /// All revocation lists, likewise.
    pub fn all_crls(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.crls.iter().chain(self.vri.values().flat_map(|vri| &vri.crls))
    }

    /// All OCSP responses, likewise.
    pub fn all_ocsps(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.ocsps.iter().chain(self.vri.values().flat_map(|vri| &vri.ocsps))
    }
}

impl RawSignature {
    /// The farthest that any later revision went; `None` when nothing came after, or it cannot be told.
    pub fn change_level(&self) -> Option<ChangeLevel> {
        self.later.iter().flat_map(|later| &later.changes).map(Change::level).max()
    }
}

impl FieldLock {
    /// Whether the field of this full name, or one that holds it, is locked.
    pub fn covers(&self, field: &str) -> bool {
        let among = |names: &[String]| {
            names.iter().any(|name| {
                field.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        };
        match self {
            Self::All => true,
            Self::Include(names) => among(names),
            Self::Exclude(names) => !among(names),
        }
    }
}

impl Flaw {
    /// English and Japanese.
    fn in_words(&self) -> (&'static str, &'static str) {
        match self {
            Self::NoContents => ("it has no value", "署名の値がありません"),
            Self::NoByteRange => ("it does not say what it covers", "署名の対象範囲がありません"),
            Self::ByteRangeMalformed => {
                ("what it covers is not written soundly", "署名の対象範囲の書式が不正です")
            }
            Self::ByteRangeStart => {
                ("it does not cover the beginning of the file", "署名が文書の先頭を対象にしていません")
            }
            Self::ByteRangeBounds => (
                "the ranges it covers overlap or leave the file",
                "署名の対象範囲が重なるか、文書からはみ出しています",
            ),
            Self::ByteRangeGap => (
                "it leaves out more, or something else, than its own value",
                "署名の対象外の部分が署名の値と一致しません",
            ),
            Self::NotEndOfRevision => (
                "it does not end where a revision of the document ends",
                "署名の対象範囲が文書の改訂の末尾で終わっていません",
            ),
            Self::WrongRevision => {
                ("its value was written by another revision", "署名の値が別の改訂で書き込まれています")
            }
            Self::SharedValue { .. } => ("two fields share it", "二つの欄が同じ署名を指しています"),
            Self::ObjectInGap => (
                "the document uses bytes that no signature covers",
                "署名の対象外の部分が文書として使われています",
            ),
            Self::HistoryUnreadable => {
                ("its revisions cannot be told apart", "文書の改訂の履歴を読み取れません")
            }
            Self::TooComplex => ("there is too much to look at", "文書が複雑すぎて調べられません"),
            Self::BeyondPermission { .. } => {
                ("later changes go beyond what it permits", "署名が許す範囲を超える変更があります")
            }
        }
    }

    /// What is wrong, in Japanese.
    pub fn in_japanese(&self) -> &'static str {
        self.in_words().1
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.in_words().0)
    }
}
