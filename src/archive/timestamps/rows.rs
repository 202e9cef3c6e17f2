//! The rows of timestamps in the table `evidence`: keys by their first byte, values as JSON or plain hash values.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::archive::error::ArchiveError;
use crate::archive::rows::{self, V1};
use crate::pki::DigestAlgorithm;
use crate::store::{Direction, Table, View};

const TREE: u8 = b't';
const NODES: u8 = b'n';
const MEMBERS: u8 = b'm';
const TOKEN: u8 = b'k';
const BY_IMPRINT: u8 = b'i';
const REQUEST: u8 = b'q';

/// Journal entries whose deposits are in trees, as decimal digits.
pub const CURSOR: &[u8] = b"c";

/// Hash values in one row of nodes: 8 KiB with SHA-256, so that a path of twenty nodes reads little.
pub const NODES_PER_ROW: u64 = 256;
/// Deposits in one row of members: 8 KiB.
pub const MEMBERS_PER_ROW: u64 = 1_024;

/// One hash tree and the timestamps over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeRow {
    pub v: V1,
    pub id: u64,
    pub algorithm: DigestAlgorithm,
    pub leaves: u64,
    /// Deposits of the first and the last leaf, by their journal numbers.
    pub first_seq: u64,
    pub last_seq: u64,
    #[serde(with = "rows::base64_bytes")]
    pub root: Vec<u8>,
    /// Oldest first; empty until a token is there.
    pub stamps: Vec<StampRow>,
    /// Deposits through this one are in trees under a newer algorithm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rehashed_through: Option<u64>,
}

impl TreeRow {
    /// Every record of it has a newer tree: it is history, and not renewed any more.
    pub fn is_rehashed(&self) -> bool {
        self.rehashed_through >= Some(self.last_seq)
    }
}

/// A token over the tree, and the way from the tree to what the token covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StampRow {
    pub token: u64,
    /// Neighbours, base64, lowest first; empty when the token covers this tree alone.
    pub path: Vec<Base64>,
}

/// Bytes that are base64 in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Base64(#[serde(with = "rows::base64_bytes")] pub Vec<u8>);

/// A token that was verified, and all that is needed to verify it later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRow {
    pub v: V1,
    pub id: u64,
    /// The token as its authority wrote it.
    #[serde(with = "rows::base64_bytes")]
    pub token: Vec<u8>,
    /// The authority's name in the configuration.
    pub authority: String,
    /// The name in its certificate.
    pub signer: String,
    pub algorithm: DigestAlgorithm,
    pub gen_time: DateTime<Utc>,
    /// When it stops proving anything: the first end of a certificate in its chain or of an algorithm it rests on.
    pub protected_until: DateTime<Utc>,
    /// Certificates from the signer to the root, DER.
    pub chain: Vec<Base64>,
    pub crls: Vec<Base64>,
    pub ocsps: Vec<Base64>,
}

/// One request to an authority, written before it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestRow {
    pub v: V1,
    pub id: u64,
    pub asked_at: DateTime<Utc>,
    pub authority: String,
    pub algorithm: DigestAlgorithm,
    #[serde(with = "rows::base64_bytes")]
    pub imprint: Vec<u8>,
    /// Number of the token that came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<u64>,
    /// Why none came of it; both absent: the answer never arrived here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

fn numbered(kind: u8, id: u64) -> Vec<u8> {
    [&[kind][..], &id.to_be_bytes()].concat()
}

pub fn tree_key(id: u64) -> Vec<u8> {
    numbered(TREE, id)
}

pub fn token_key(id: u64) -> Vec<u8> {
    numbered(TOKEN, id)
}

pub fn request_key(id: u64) -> Vec<u8> {
    numbered(REQUEST, id)
}

pub fn imprint_key(imprint: &[u8]) -> Vec<u8> {
    [&[BY_IMPRINT][..], imprint].concat()
}

pub fn nodes_key(tree: u64, level: u8, row: u32) -> Vec<u8> {
    [numbered(NODES, tree).as_slice(), &[level], &row.to_be_bytes()].concat()
}

pub fn members_key(tree: u64, row: u32) -> Vec<u8> {
    [numbered(MEMBERS, tree).as_slice(), &row.to_be_bytes()].concat()
}

/// All trees, oldest first.
pub fn trees(view: &dyn View) -> Result<Vec<TreeRow>, ArchiveError> {
    all(view, TREE, "row of a hash tree")
}

/// All tokens, oldest first.
pub fn tokens(view: &dyn View) -> Result<Vec<TokenRow>, ArchiveError> {
    all(view, TOKEN, "row of a timestamp")
}

/// Requests, newest first, as long as `wanted` says so.
pub fn requests(
    view: &dyn View,
    wanted: &mut dyn FnMut(&RequestRow) -> bool,
) -> Result<Vec<RequestRow>, ArchiveError> {
    let mut found = Vec::new();
    for row in view.scan(Table::Evidence, &[REQUEST], Some(&[REQUEST + 1]), Direction::Reverse) {
        let row: RequestRow = rows::decode("row of a request for a timestamp", &row?.1)?;
        if !wanted(&row) {
            break;
        }
        found.push(row);
    }
    Ok(found)
}

fn all<T: serde::de::DeserializeOwned>(
    view: &dyn View,
    kind: u8,
    what: &str,
) -> Result<Vec<T>, ArchiveError> {
    let found = view.scan(Table::Evidence, &[kind], Some(&[kind + 1]), Direction::Forward);
    found.map(|row| rows::decode(what, &row?.1)).collect()
}

/// The number after the last one of a kind.
fn next(view: &dyn View, kind: u8) -> Result<u64, ArchiveError> {
    let last =
        view.scan(Table::Evidence, &[kind], Some(&[kind + 1]), Direction::Reverse).next().transpose()?;
    let Some((key, _)) = last else { return Ok(1) };
    let number = key.get(1..9).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
    number.map(|n| n + 1).ok_or_else(|| ArchiveError::Corrupt("a row of evidence has no number".into()))
}

pub fn next_tree(view: &dyn View) -> Result<u64, ArchiveError> {
    next(view, TREE)
}

pub fn next_token(view: &dyn View) -> Result<u64, ArchiveError> {
    next(view, TOKEN)
}

pub fn next_request(view: &dyn View) -> Result<u64, ArchiveError> {
    next(view, REQUEST)
}

/// The token over this value, if one is there already.
pub fn token_over(view: &dyn View, imprint: &[u8]) -> Result<Option<TokenRow>, ArchiveError> {
    let Some(number) = view.get(Table::Evidence, &imprint_key(imprint))? else { return Ok(None) };
    let number = number.try_into().map(u64::from_be_bytes);
    let number = number.map_err(|_| ArchiveError::Corrupt("a row of evidence has no number".into()))?;
    token(view, number).map(Some)
}

/// One token.
pub fn token(view: &dyn View, id: u64) -> Result<TokenRow, ArchiveError> {
    let row = view.get(Table::Evidence, &token_key(id))?;
    let row = row.ok_or_else(|| ArchiveError::Corrupt(format!("timestamp {id} is missing")))?;
    rows::decode("row of a timestamp", &row)
}

/// Journal entries whose deposits are in trees.
pub fn cursor(view: &dyn View) -> Result<u64, ArchiveError> {
    let Some(digits) = view.get(Table::Evidence, CURSOR)? else { return Ok(0) };
    let number = String::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    number.ok_or_else(|| ArchiveError::Corrupt("the cursor of timestamps is no number".into()))
}
