//! Retrieve: hand the original back, byte for byte, after the journal knows of it.

use super::Archive;
use super::committer::{Draft, Written};
use super::error::ArchiveError;
use super::permit::Action;
use super::principal::Principal;
use super::records::Loaded;
use super::rows::Facts;
use crate::journal::Act;
use crate::record::{Digest, Metadata, RecordId};
use crate::seal::{self, Purpose as SealPurpose};
use crate::store::{BlobId, Store};

/// Why somebody gets the bytes; the journal tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Shown on a page.
    View,
    /// Taken away.
    Download,
}

/// A contract as it was deposited.
pub struct Original {
    pub bytes: Vec<u8>,
    pub sha256: Digest,
    pub metadata: Metadata,
}

impl Archive {
    /// Unseals the original. The journal entry is durable before this returns any byte.
    ///
    /// # Errors
    /// [`ArchiveError::NoSuchRecord`]; [`ArchiveError::Corrupt`] when the bytes are not those deposited.
    pub fn retrieve(
        &self,
        who: &Principal,
        id: RecordId,
        purpose: Purpose,
    ) -> Result<Original, ArchiveError> {
        let view = self.store.view();
        let record = self.load_for(&*view, who, Action::Get, id)?;
        let act = match purpose {
            Purpose::View => Act::View,
            Purpose::Download => Act::Download,
        };
        self.journal_look(who, act, id)?;
        let facts = record.facts()?;
        let bytes = unseal_original(&*self.store, &record, &facts)?;
        Ok(Original { bytes, sha256: facts.sha256, metadata: record.latest(&*view)?.metadata })
    }

    /// Journals a look at a record, durably.
    pub(super) fn journal_look(&self, who: &Principal, act: Act, id: RecordId) -> Result<(), ArchiveError> {
        let draft = Draft {
            actor: who.clone(),
            act,
            record: Some(id),
            blob_bytes: 0,
            write: Box::new(|_| Ok(Written::default())),
        };
        self.committer.commit(draft).map(drop)
    }
}

/// Fetches and unseals a record's content, and compares it with the digest taken at deposit.
pub(super) fn unseal_original(
    store: &dyn Store,
    record: &Loaded,
    facts: &Facts,
) -> Result<Vec<u8>, ArchiveError> {
    let id = record.id;
    let sealed = store
        .blobs()
        .get(&BlobId::from(*id.as_bytes()), None)?
        .ok_or_else(|| ArchiveError::Corrupt(format!("the content of record {id} is missing")))?;
    let bytes = seal::unseal_limited(&record.dek, SealPurpose::Content, id.as_bytes(), &sealed, facts.size)
        .map_err(|error| ArchiveError::Corrupt(format!("the content of record {id}: {error}")))?;
    if Digest::of(&bytes) != facts.sha256 {
        return Err(ArchiveError::Corrupt(format!("the content of record {id} does not have its digest")));
    }
    Ok(bytes)
}
