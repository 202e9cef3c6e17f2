//! The rows of renditions in the table `evidence`: facts and bytes, both sealed under the record's key.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::RenditionView;
use crate::archive::error::ArchiveError;
use crate::archive::keyring::{seal_json, unseal_json};
use crate::archive::records::Loaded;
use crate::archive::rows::V1;
use crate::panel::{Verdict, Words};
use crate::record::{Digest, RecordId};
use crate::seal::{self, Compression, Purpose};
use crate::store::{Batch, Direction, Table, View};

const FACTS: u8 = b'r';
const TAIL: u8 = b'x';
/// Why none can be made.
pub(super) const REFUSAL: u8 = b'w';
/// Most that is behind an original, in bytes; also what a store's row may reasonably hold.
pub(super) const MAX_TAIL_BYTES: u64 = 32 << 20;

/// What is known of one rendition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenditionRow {
    pub v: V1,
    pub number: u32,
    pub made_at: DateTime<Utc>,
    pub made_by: String,
    /// SHA-256 of the whole file, the original's bytes included.
    pub sha256: Digest,
    pub size: u64,
    pub authority: String,
    pub gen_time: DateTime<Utc>,
    pub protected_until: DateTime<Utc>,
    pub verdict: Verdict,
    /// Not told of those that the first releases made.
    #[serde(default)]
    pub complete: bool,
    pub notes: Vec<Words>,
}

impl RenditionRow {
    pub fn view(&self, id: RecordId) -> RenditionView {
        RenditionView {
            id,
            rendition: self.number,
            sha256: self.sha256,
            size: self.size,
            made_at: self.made_at,
            timestamp_time: self.gen_time,
            authority: self.authority.clone(),
            protected_until: self.protected_until,
            verdict: self.verdict,
            complete: self.complete,
            notes: self.notes.clone(),
        }
    }
}

pub(super) fn key(kind: u8, id: RecordId, number: u32) -> Vec<u8> {
    [&[kind][..], id.as_bytes(), &number.to_be_bytes()].concat()
}

/// What binds a sealed row to its record and number: a piece of one rendition opens nowhere else.
pub(super) fn context(kind: u8, id: RecordId, number: u32) -> [u8; 16] {
    let digest = Sha256::digest([b"rendition".as_slice(), &key(kind, id, number)].concat());
    let mut context = [0; 16];
    context.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    context
}

/// From the first to behind the last key of a record's rows of one kind.
fn range(kind: u8, first: RecordId, last: RecordId) -> (Vec<u8>, Vec<u8>) {
    (key(kind, first, 0), [key(kind, last, u32::MAX).as_slice(), &[0]].concat())
}

/// The ranges in which all rows about renditions of the records from `first` to `last` are.
pub fn ranges(first: RecordId, last: RecordId) -> [(Vec<u8>, Vec<u8>); 3] {
    [FACTS, TAIL, REFUSAL].map(|kind| range(kind, first, last))
}

/// The keys of all rows about a record's renditions.
///
/// # Errors
/// Damage.
pub fn keys(view: &dyn View, id: RecordId) -> Result<Vec<Vec<u8>>, ArchiveError> {
    let mut keys = Vec::new();
    for (from, to) in ranges(id, id) {
        for row in view.scan(Table::Evidence, &from, Some(&to), Direction::Forward) {
            keys.push(row?.0);
        }
    }
    Ok(keys)
}

/// Records that rows of renditions belong to, each key's.
///
/// # Errors
/// Damage.
pub fn owners(view: &dyn View) -> Result<Vec<RecordId>, ArchiveError> {
    let mut owners = Vec::new();
    for kind in [FACTS, TAIL, REFUSAL] {
        for row in view.scan(Table::Evidence, &[kind], Some(&[kind + 1]), Direction::Forward) {
            let (key, _) = row?;
            let id = key.get(1..17).and_then(|id| id.try_into().ok()).map(RecordId::from_bytes);
            let id = id.ok_or_else(|| ArchiveError::Corrupt("a row of a rendition has no record".into()))?;
            if owners.last() != Some(&id) {
                owners.push(id);
            }
        }
    }
    Ok(owners)
}

impl Loaded {
    /// The facts of the record's renditions, oldest first.
    ///
    /// # Errors
    /// Damage.
    pub fn renditions(&self, view: &dyn View) -> Result<Vec<RenditionRow>, ArchiveError> {
        let (from, to) = range(FACTS, self.id, self.id);
        let mut found = Vec::new();
        for row in view.scan(Table::Evidence, &from, Some(&to), Direction::Forward) {
            let (key, sealed) = row?;
            let number = key.get(17..).and_then(|number| number.try_into().ok()).map(u32::from_be_bytes);
            let number =
                number.ok_or_else(|| ArchiveError::Corrupt("a row of a rendition has no number".into()))?;
            let context = context(FACTS, self.id, number);
            found.push(unseal_json(&self.dek, Purpose::Metadata, &context, &sealed)?);
        }
        Ok(found)
    }

    /// The whole file of a rendition, compared with its digest.
    ///
    /// # Errors
    /// [`ArchiveError::Corrupt`]
    pub fn rendition(
        &self,
        view: &dyn View,
        row: &RenditionRow,
        original: &[u8],
    ) -> Result<Vec<u8>, ArchiveError> {
        let what = format!("rendition {} of record {}", row.number, self.id);
        let sealed = view.get(Table::Evidence, &key(TAIL, self.id, row.number))?;
        let sealed =
            sealed.ok_or_else(|| ArchiveError::Corrupt(format!("the bytes of {what} are missing")))?;
        let context = context(TAIL, self.id, row.number);
        let tail = seal::unseal_limited(&self.dek, Purpose::Content, &context, &sealed, MAX_TAIL_BYTES)
            .map_err(|error| ArchiveError::Corrupt(format!("{what}: {error}")))?;
        let whole = [original, &tail].concat();
        if Digest::of(&whole) != row.sha256 {
            return Err(ArchiveError::Corrupt(format!("{what} does not have its digest")));
        }
        Ok(whole)
    }

    /// Puts a rendition into a batch, which must find the record as it was.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub(super) fn put_rendition(
        &self,
        batch: &mut Batch,
        row: &RenditionRow,
        tail: &[u8],
    ) -> Result<(), ArchiveError> {
        let (facts, bytes) = (key(FACTS, self.id, row.number), key(TAIL, self.id, row.number));
        let of = |kind| context(kind, self.id, row.number);
        let sealed = seal::seal(&self.dek, Purpose::Content, &of(TAIL), tail, Compression::IfItHelps)?;
        batch.expect_value(Table::Records, *self.id.as_bytes(), self.row_bytes.clone());
        batch.expect_absent(Table::Evidence, facts.clone());
        batch.put(Table::Evidence, facts, seal_json(&self.dek, Purpose::Metadata, &of(FACTS), row)?);
        batch.put(Table::Evidence, bytes, sealed);
        Ok(())
    }
}

/// Puts a rendition beside a record without any authority, and that none can be made; returns the sealed bytes of both.
#[cfg(test)]
pub fn put_for_tests(archive: &crate::archive::Archive, id: RecordId, tail: &[u8]) -> [Vec<u8>; 2] {
    let view = archive.store.view();
    let record = archive.load(&*view, id).unwrap();
    let original =
        crate::archive::retrieve::unseal_original(&*archive.store, &record, &record.facts().unwrap());
    let whole = [original.unwrap(), tail.to_vec()].concat();
    let row = RenditionRow {
        v: V1,
        number: 1,
        made_at: archive.now(),
        made_by: "a test".into(),
        sha256: Digest::of(&whole),
        size: whole.len() as u64,
        authority: "nobody".into(),
        gen_time: archive.now(),
        protected_until: archive.now(),
        verdict: Verdict::TotalPassed,
        complete: true,
        notes: Vec::new(),
    };
    let mut batch = Batch::default();
    record.put_rendition(&mut batch, &row, tail).unwrap();
    archive.store.commit(batch).unwrap();
    drop(view);
    archive.remember_refusal(&crate::archive::Principal::built_in("admin"), id, "no reason").unwrap();
    let view = archive.store.view();
    [key(TAIL, id, 1), key(REFUSAL, id, 0)].map(|key| view.get(Table::Evidence, &key).unwrap().unwrap())
}
