//! Reading one record's rows, the step every verb begins with.

use serde::Deserialize;

use super::Archive;
use super::error::ArchiveError;
use super::keyring::unseal_json;
use super::rows::{self, Facts, RecordRow};
use crate::record::{Digest, RecordId, Version};
use crate::seal::{Dek, Purpose};
use crate::store::{Table, View};

/// A record's state and the key that opens the rest of it.
pub struct Loaded {
    pub id: RecordId,
    pub row: RecordRow,
    /// The row as stored, for a batch's conditions.
    pub row_bytes: Vec<u8>,
    pub dek: Dek,
}

impl Archive {
    /// Loads a record's row and key.
    ///
    /// # Errors
    /// [`ArchiveError::NoSuchRecord`], or damage.
    pub(super) fn load(&self, view: &dyn View, id: RecordId) -> Result<Loaded, ArchiveError> {
        let row_bytes =
            view.get(Table::Records, id.as_bytes())?.ok_or_else(|| self.keyring.missing(view, id))?;
        let row = rows::decode("record row", &row_bytes)?;
        Ok(Loaded { id, row, row_bytes, dek: self.keyring.dek(view, id)? })
    }
}

impl Loaded {
    /// Unseals what was found out at deposit.
    pub fn facts(&self) -> Result<Facts, ArchiveError> {
        unseal_json(&self.dek, Purpose::Metadata, self.id.as_bytes(), &self.row.facts)
    }

    /// The digest taken at deposit. Reads no more of the facts than that: a panel has many signatures to parse.
    pub fn sha256(&self) -> Result<Digest, ArchiveError> {
        #[derive(Deserialize)]
        struct Only {
            v: u32,
            sha256: Digest,
        }
        let only: Only = unseal_json(&self.dek, Purpose::Metadata, self.id.as_bytes(), &self.row.facts)?;
        // What a later release wrote is refused where all of it is read.
        if only.v > rows::ROW_VERSION { Ok(self.facts()?.sha256) } else { Ok(only.sha256) }
    }

    /// Unseals one metadata version.
    pub fn version(&self, view: &dyn View, version: u32) -> Result<Version, ArchiveError> {
        let key = rows::version_key(self.id, version);
        let sealed = view.get(Table::Versions, &key)?.ok_or_else(|| {
            ArchiveError::Corrupt(format!("version {version} of record {} is missing", self.id))
        })?;
        unseal_json(&self.dek, Purpose::Metadata, self.id.as_bytes(), &sealed)
    }

    /// Unseals the newest version.
    pub fn latest(&self, view: &dyn View) -> Result<Version, ArchiveError> {
        self.version(view, self.row.latest_version)
    }

    /// Unseals all versions, oldest first.
    pub fn versions(&self, view: &dyn View) -> Result<Vec<Version>, ArchiveError> {
        (1..=self.row.latest_version).map(|version| self.version(view, version)).collect()
    }
}
