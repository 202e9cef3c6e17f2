//! The deep check: reading everything so that stored checksums speak.

use std::ops::ControlFlow;

use super::error::short_hex;
use super::{BlobStore, Direction, StoreError, Table, View};

/// The most damages a report lists; above it they are only counted.
pub const MAX_DAMAGES: usize = 1000;

/// Rows between two calls of the progress callback. Each blob is a call of its own.
const ROWS_PER_CALL: u64 = 1000;

/// How far the check has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub rows: u64,
    pub blobs: u64,
    /// Bytes read so far: keys, values and blobs.
    pub bytes: u64,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where: `journal, rows after 00000000000001f4` or `blob 0192…`.
    pub place: String,
    pub detail: String,
}

/// What the check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    pub read: Progress,
    /// False when the callback ended the check early.
    pub complete: bool,
    /// The first [`MAX_DAMAGES`] findings.
    pub damages: Vec<Damage>,
    /// All findings.
    pub damage_count: u64,
}

impl VerifyReport {
    /// True when everything was read and nothing was found.
    pub fn is_sound(&self) -> bool {
        self.complete && self.damage_count == 0
    }

    fn add(&mut self, place: String, detail: String) {
        self.damage_count += 1;
        if self.damages.len() < MAX_DAMAGES {
            self.damages.push(Damage { place, detail });
        }
    }
}

type Callback<'a> = dyn FnMut(&Progress) -> ControlFlow<()> + 'a;

/// Reads all rows of the view, then all blobs. What cannot be read, be it damaged or on a bad sector, is a
/// finding; any other failure ends the check.
pub(super) fn verify(
    view: &dyn View,
    blobs: &dyn BlobStore,
    progress: &mut Callback<'_>,
) -> Result<VerifyReport, StoreError> {
    let mut report = VerifyReport::default();
    for table in Table::ALL {
        if rows(view, table, &mut report, progress)?.is_break() {
            return Ok(report);
        }
    }
    report.complete = self::blobs(blobs, &mut report, progress)?.is_continue();
    Ok(report)
}

fn rows(
    view: &dyn View,
    table: Table,
    report: &mut VerifyReport,
    progress: &mut Callback<'_>,
) -> Result<ControlFlow<()>, StoreError> {
    let mut last: Option<Vec<u8>> = None;
    for row in view.scan(table, &[], None, Direction::Forward) {
        match row {
            Ok((key, value)) => {
                report.read.rows += 1;
                report.read.bytes += (key.len() + value.len()) as u64;
                last = Some(key);
            }
            // A scan cannot step over a damaged block: the rest of this table stays unread and is said so.
            Err(StoreError::Corrupt { detail, .. } | StoreError::Io { detail }) => {
                let after = last.take().map_or_else(|| "the first on".to_owned(), |key| short_hex(&key));
                report.add(format!("{table}, rows after {after}"), detail);
                break;
            }
            Err(other) => return Err(other),
        }
        if report.read.rows.is_multiple_of(ROWS_PER_CALL) && progress(&report.read).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(progress(&report.read))
}

fn blobs(
    blobs: &dyn BlobStore,
    report: &mut VerifyReport,
    progress: &mut Callback<'_>,
) -> Result<ControlFlow<()>, StoreError> {
    for id in blobs.list() {
        let id = match id {
            Ok(id) => id,
            Err(StoreError::Corrupt { detail, .. } | StoreError::Io { detail }) => {
                report.add("list of blobs".to_owned(), detail);
                break;
            }
            Err(other) => return Err(other),
        };
        match blobs.get(&id, None) {
            Ok(found) => {
                let len = found.map(|bytes| bytes.len() as u64);
                report.read.bytes += len.unwrap_or(0);
                // The list is read now, not before: a blob deleted during the check is in neither place.
                let listed = blobs.size(&id)?;
                if listed.is_some() && listed != len {
                    let detail = format!("listed with {listed:?} bytes, found {len:?}");
                    report.add(format!("blob {id}"), detail);
                }
            }
            Err(StoreError::Corrupt { detail, .. } | StoreError::Io { detail }) => {
                report.add(format!("blob {id}"), detail)
            }
            Err(other) => return Err(other),
        }
        report.read.blobs += 1;
        if progress(&report.read).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}
