//! Deposit: seal a contract under a key of its own, record the act, answer when both are durable.

use serde::{Deserialize, Serialize};

use super::Archive;
use super::committer::{Draft, Stamp, Written};
use super::error::ArchiveError;
use super::keyring::seal_json;
use super::permit::{Action, permit_for};
use super::principal::Principal;
use super::rows::{self, Facts, RecordRow, V1, V2};
use crate::journal::{Act, Entry};
use crate::panel::{self, Panel};
use crate::pki::Milestones;
use crate::record::{Digest, Metadata, RecordId, Version};
use crate::seal::{self, Compression, Dek, Purpose};
use crate::store::{Batch, BlobId, Table, View};

/// A contract to keep, as submitted.
pub struct Deposit {
    pub bytes: Vec<u8>,
    pub metadata: Metadata,
}

/// The answer to a deposit. It exists only when everything in it is durable.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Receipt {
    pub id: RecordId,
    /// SHA-256 of the original.
    pub sha256: Digest,
    /// Bytes of the original.
    pub size: u64,
    /// Number of the journal entry of the (first) deposit.
    pub journal_seq: u64,
    /// The same bytes were deposited before; this is the first receipt again, and nothing was changed.
    pub duplicate: bool,
    /// Last day the retention policies ask for; absent when no end is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retain_until: Option<chrono::NaiveDate>,
    #[serde(flatten)]
    pub panel: Panel,
}

/// Sealed into the journal entry of a deposit.
#[derive(Serialize)]
struct DepositDetails<'a> {
    sha256: Digest,
    size: u64,
    version: u32,
    metadata: &'a Metadata,
}

impl Archive {
    /// Keeps a contract. The same bytes again give the first receipt, and metadata stays as it was.
    ///
    /// # Errors
    /// [`ArchiveError::TooLarge`], [`ArchiveError::Invalid`] metadata, or what kept it from becoming durable.
    pub fn deposit(&self, who: &Principal, deposit: Deposit) -> Result<Receipt, ArchiveError> {
        permit_for(who, Action::Deposit, &deposit.metadata.entity)?;
        self.check_size(deposit.bytes.len() as u64)?;
        deposit.metadata.validate().map_err(|error| ArchiveError::Entry(error.into()))?;
        let milestones = Milestones::of(&deposit.bytes);
        let digest = Digest(milestones.sha256());
        let dedup_key = self.keyring.dedup_key(&digest);
        if let Some(receipt) = self.first_receipt(&*self.store.view(), &dedup_key)? {
            return self.acknowledge_duplicate(who, receipt);
        }
        match self.deposit_new(who, deposit, &milestones, dedup_key.clone()) {
            // Somebody deposited the same bytes between the look above and the commit.
            Err(ArchiveError::Conflict(_)) => {
                let receipt = self.first_receipt(&*self.store.view(), &dedup_key)?;
                let lost =
                    || ArchiveError::Conflict("another deposit of the same bytes was in the way".into());
                self.acknowledge_duplicate(who, receipt.ok_or_else(lost)?)
            }
            other => other,
        }
    }

    /// Refuses what is larger than this archive takes.
    ///
    /// # Errors
    /// [`ArchiveError::TooLarge`]
    pub fn check_size(&self, size: u64) -> Result<(), ArchiveError> {
        let limit = self.config.deposit.max_bytes;
        if size > limit { Err(ArchiveError::TooLarge { size, limit }) } else { Ok(()) }
    }

    fn deposit_new(
        &self,
        who: &Principal,
        Deposit { bytes, metadata }: Deposit,
        milestones: &Milestones,
        dedup_key: Vec<u8>,
    ) -> Result<Receipt, ArchiveError> {
        let size = bytes.len() as u64;
        let sha256 = Digest(milestones.sha256());
        let panel = self.judge(panel::File { bytes: &bytes, milestones: Some(milestones) });
        let (retain_until, floor) = self.period_for(&metadata, &[], None)?;
        let id = RecordId::generate();
        let dek = Dek::generate()?;
        let _until_durable = self.keyring.wrapping();
        let wrapped = self.keyring.wrap(&dek, id)?;
        let sealed = seal::seal(&dek, Purpose::Content, id.as_bytes(), &bytes, Compression::IfItHelps)?;
        drop(bytes);
        let facts = Facts { v: V2, sha256, size, panel: panel.clone() };
        let sealed_facts = seal_json(&dek, Purpose::Metadata, id.as_bytes(), &facts)?;
        let by = who.name.clone();

        let draft = Draft {
            actor: who.clone(),
            act: Act::Deposit,
            record: Some(id),
            blob_bytes: sealed.len(),
            write: Box::new(move |stamp| {
                let row = RecordRow {
                    v: V1,
                    deposit_seq: stamp.seq,
                    latest_version: 1,
                    retain_until,
                    floor,
                    shortened: None,
                    facts: sealed_facts,
                };
                let version = first_version(stamp, by, metadata);
                let details = DepositDetails { sha256, size, version: 1, metadata: &version.metadata };
                let mut batch = Batch::default();
                batch.expect_absent(Table::Dedup, dedup_key.clone());
                batch.put(Table::Dedup, dedup_key, *id.as_bytes());
                batch.put(Table::Keys, *id.as_bytes(), wrapped);
                batch.put(Table::Records, *id.as_bytes(), rows::encode(&row));
                let sealed_version = seal_json(&dek, Purpose::Metadata, id.as_bytes(), &version)?;
                batch.put(Table::Versions, rows::version_key(id, 1), sealed_version);
                batch.put_blob(BlobId::from(*id.as_bytes()), sealed);
                let details = seal_json(&dek, Purpose::JournalDetails, id.as_bytes(), &details)?;
                Ok(Written { details: Some(details), batch })
            }),
        };
        let stamp = self.committer.commit(draft)?;
        Ok(Receipt { id, sha256, size, journal_seq: stamp.seq, duplicate: false, retain_until, panel })
    }

    /// The receipt once given for these bytes, if they were deposited before.
    fn first_receipt(&self, view: &dyn View, dedup_key: &[u8]) -> Result<Option<Receipt>, ArchiveError> {
        let Some(bytes) = view.get(Table::Dedup, dedup_key)? else { return Ok(None) };
        let id = <[u8; 16]>::try_from(bytes)
            .map_err(|_| ArchiveError::Corrupt("a digest row is not an id".into()))?;
        let id = RecordId::from_bytes(id);
        let record = self.load(view, id).map_err(|error| match error {
            ArchiveError::Destroyed { id, on, plan, .. } => ArchiveError::OnceDestroyed { id, on, plan },
            other => other,
        })?;
        let facts = record.facts()?;
        Ok(Some(Receipt {
            id,
            sha256: facts.sha256,
            size: facts.size,
            journal_seq: record.row.deposit_seq,
            duplicate: true,
            retain_until: record.row.retain_until,
            panel: facts.panel,
        }))
    }

    /// Journals that known bytes came again; somebody may have to explain it one day.
    fn acknowledge_duplicate(&self, who: &Principal, receipt: Receipt) -> Result<Receipt, ArchiveError> {
        self.committer.commit(Draft {
            actor: who.clone(),
            act: Act::Duplicate,
            record: Some(receipt.id),
            blob_bytes: 0,
            write: Box::new(|_| Ok(Written::default())),
        })?;
        let view = self.store.view();
        if self.within(&*view, who, &self.load(&*view, receipt.id)?)? {
            return Ok(receipt);
        }
        // Who sent the bytes has them; which record they are in is none of their business.
        Err(ArchiveError::Forbidden(
            "the same bytes are kept already, for a legal entity that you have no access to".into(),
        ))
    }

    /// The record that was deposited as journal entry `seq`.
    pub(super) fn deposited_at(&self, view: &dyn View, seq: u64) -> Result<RecordId, ArchiveError> {
        let missing = || ArchiveError::Corrupt(format!("journal entry {seq} is missing"));
        let bytes = view.get(Table::Journal, &rows::journal_key(seq))?.ok_or_else(missing)?;
        let entry =
            Entry::decode(&bytes).map_err(|error| ArchiveError::Corrupt(format!("entry {seq}: {error}")))?;
        match entry {
            Entry { act: Act::Deposit, record: Some(id), .. } => Ok(id),
            _ => Err(ArchiveError::Corrupt(format!("journal entry {seq} is not a deposit"))),
        }
    }
}

fn first_version(stamp: &Stamp, by: String, metadata: Metadata) -> Version {
    Version { version: 1, at: stamp.at, by, reason: None, withdrawn: false, journal_seq: stamp.seq, metadata }
}
