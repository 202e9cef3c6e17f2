//! What a package is made of: records handed over one by one, and who exports them when.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use crate::journal::ExtractLine;
use crate::record::{Digest, RecordId, Version, date};

/// One record as it leaves the archive.
#[derive(Clone, Debug)]
pub struct Item {
    pub id: RecordId,
    /// The bytes as deposited.
    pub original: Vec<u8>,
    /// What the archive says their digest is; compared before anything is written.
    pub sha256: Digest,
    /// `pdf`, `bin`.
    pub extension: String,
    /// All versions, oldest first; never empty.
    pub versions: Vec<Version>,
    pub retain_until: Option<NaiveDate>,
    /// Journal entries about this record, proven against the package's checkpoint.
    pub journal: Vec<ExtractLine>,
    /// Number and file of its newest rendition: the original with a document timestamp behind it.
    pub rendition: Option<(u32, Vec<u8>)>,
    /// 備考 in the index book.
    pub note: Option<String>,
}

/// Who made the package, when, and from what.
#[derive(Clone, Debug)]
pub struct PackageInfo {
    /// Origin line of the archive's checkpoints.
    pub origin: String,
    /// Key that verifies them (C2SP signed-note vkey).
    pub vkey: String,
    /// The signed checkpoint that the journal lines are proven against.
    pub checkpoint: String,
    /// The principal who exports.
    pub exported_by: String,
    pub exported_at: DateTime<Utc>,
    /// The archive's zone; dates and times in the package are written in it.
    pub zone: Tz,
    /// Whose records these are.
    pub organization: Option<String>,
    /// The search conditions in words, when the records were found by a search.
    pub selection: Option<String>,
}

impl PackageInfo {
    /// A name for the package: `shosoin-export-20260401-120000`.
    pub fn base_name(&self) -> String {
        self.local_time().format("shosoin-export-%Y%m%d-%H%M%S").to_string()
    }

    /// When the package was made, on the clocks of the archive's zone.
    pub fn local_time(&self) -> NaiveDateTime {
        self.exported_at.with_timezone(&self.zone).naive_local()
    }

    pub(super) fn day(&self) -> String {
        date::in_zone(self.exported_at, self.zone).to_string()
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Records whose original is in the package.
    pub records: u64,
    /// Size of all payload files, in bytes.
    pub bytes: u64,
    /// Records that could not be exported; listed in `data/problems.csv`.
    pub failures: u64,
}
