//! Records that a restore left out: they were destroyed after the generation was made, and stay destroyed.
//!
//! The generation knows them as they were, but the newest key set has no key of theirs. Nothing of them is kept but the
//! journal's entries and one row that says why the rest is not there.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::error::ArchiveError;
use super::rows::{self, RecordRow, V1, meta};
use super::timestamps::rendition_keys;
use crate::record::RecordId;
use crate::store::{Batch, Direction, Table, View};

/// `Meta/absent/<record>`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AbsentRow {
    pub v: V1,
    /// Journal number of the deposit.
    pub deposit_seq: u64,
}

fn key(id: RecordId) -> Vec<u8> {
    [meta::ABSENT_PREFIX, id.as_bytes()].concat()
}

/// The row of a record that a restore left out.
pub(super) fn absent(view: &dyn View, id: RecordId) -> Result<Option<AbsentRow>, ArchiveError> {
    view.get(Table::Meta, &key(id))?.map(|row| rows::decode("row of an absent record", &row)).transpose()
}

/// Removes what the generation still had of `destroyed`, and leaves the row that says so; returns the records concerned.
/// A record without a row of its own was destroyed before the generation was made: its state came back as it was then.
pub(super) fn leave_out(
    view: &dyn View,
    destroyed: &[[u8; 16]],
) -> Result<(Batch, HashSet<RecordId>), ArchiveError> {
    let (mut batch, mut left_out) = (Batch::default(), HashSet::new());
    for id in destroyed.iter().map(|id| RecordId::from_bytes(*id)) {
        let Some(row) = view.get(Table::Records, id.as_bytes())? else { continue };
        let row: RecordRow = rows::decode("record row", &row)?;
        batch.delete(Table::Records, *id.as_bytes());
        for version in 1..=row.latest_version {
            batch.delete(Table::Versions, rows::version_key(id, version));
        }
        for key in rendition_keys(view, id)? {
            batch.delete(Table::Evidence, key);
        }
        left_out.insert(id);
        batch.put(Table::Meta, key(id), rows::encode(&AbsentRow { v: V1, deposit_seq: row.deposit_seq }));
    }
    if left_out.is_empty() {
        return Ok((batch, left_out));
    }
    // The same contract may be deposited again: nothing may lead to the record that is no more.
    for row in view.scan(Table::Dedup, &[], None, Direction::Forward) {
        let (key, id) = row?;
        if <[u8; 16]>::try_from(id).is_ok_and(|id| left_out.contains(&RecordId::from_bytes(id))) {
            batch.delete(Table::Dedup, key);
        }
    }
    Ok((batch, left_out))
}
