//! What is remembered of a record of which no rendition can be made: when that was found, and why.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::rows::{REFUSAL, context, key};
use crate::archive::committer::{Draft, Written};
use crate::archive::error::ArchiveError;
use crate::archive::keyring::{seal_json, unseal_json};
use crate::archive::records::Loaded;
use crate::archive::rows::V1;
use crate::archive::{Archive, Principal};
use crate::journal::Act;
use crate::record::RecordId;
use crate::seal::Purpose;
use crate::store::{Batch, Table, View};

/// The row, sealed under the record's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusalRow {
    pub v: V1,
    pub at: DateTime<Utc>,
    pub reason: String,
}

/// What the journal says, sealed under the record's key.
#[derive(Serialize)]
struct RefusalDetails<'a> {
    step: &'static str,
    reason: &'a str,
}

impl Loaded {
    /// What was found about it, if none could be made.
    ///
    /// # Errors
    /// Damage.
    pub(super) fn rendition_refusal(&self, view: &dyn View) -> Result<Option<RefusalRow>, ArchiveError> {
        let Some(sealed) = view.get(Table::Evidence, &key(REFUSAL, self.id, 0))? else { return Ok(None) };
        let context = context(REFUSAL, self.id, 0);
        unseal_json(&self.dek, Purpose::Metadata, &context, &sealed).map(Some)
    }
}

impl Archive {
    /// Notes that none can be made of a record, with its journal entry.
    ///
    /// # Errors
    /// The store's; damage.
    pub(super) fn remember_refusal(
        &self,
        who: &Principal,
        id: RecordId,
        reason: &str,
    ) -> Result<(), ArchiveError> {
        // Who destroys a record lists its rows before: none may come in between.
        let _no_destruction = self.destruction_lock();
        let record = self.load(&*self.store.view(), id)?;
        let row = RefusalRow { v: V1, at: self.now(), reason: reason.to_owned() };
        let mut batch = Batch::default();
        batch.expect_value(Table::Records, *id.as_bytes(), record.row_bytes.clone());
        let sealed = seal_json(&record.dek, Purpose::Metadata, &context(REFUSAL, id, 0), &row)?;
        batch.put(Table::Evidence, key(REFUSAL, id, 0), sealed);
        let details = RefusalDetails { step: "no rendition", reason };
        let details = seal_json(&record.dek, Purpose::JournalDetails, id.as_bytes(), &details)?;
        let blob_bytes = batch.bytes();
        let write = Box::new(move |_: &_| Ok(Written { details: Some(details), batch }));
        let draft = Draft { actor: who.clone(), act: Act::Timestamp, record: Some(id), blob_bytes, write };
        self.committer.commit(draft).map(drop)
    }
}
