//! Reading the journal: entries with their details unsealed, and proofs that they are in the tree.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Archive;
use super::access::Seen;
use super::committer::{Draft, Written};
use super::error::ArchiveError;
use super::head::{Head, TreeRows};
use super::keyring::unseal_json;
use super::permit::{Action, permit};
use super::principal::Principal;
use super::rows;
use crate::journal::{Act, Entry, ExtractLine, merkle};
use crate::record::Digest;
use crate::record::RecordId;
use crate::seal::Purpose;
use crate::store::{Batch, Direction, Table, View};

/// Most entries on one page.
pub const MAX_PAGE: usize = 1_000;
/// Most entries looked at for one page, of which a reader with a limited scope may see few.
const MAX_LOOKED: usize = 20_000;
/// Most entries about one record in an export; a record that was looked at more often shows its first ones.
const MAX_EXTRACT: usize = 100_000;

/// One entry as people read it.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct JournalEntryView {
    pub seq: u64,
    pub at: DateTime<Utc>,
    pub actor: String,
    pub act: Act,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordId>,
    /// What was sealed with the entry; absent when there was nothing to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub details: Option<serde_json::Value>,
}

/// Some entries in order.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct JournalPage {
    /// Entries in the whole journal.
    pub size: u64,
    pub entries: Vec<JournalEntryView>,
    /// `from` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// That one entry is in the tree under a signed head (RFC 9162, section 2.1.3).
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProofOfEntry {
    pub seq: u64,
    pub tree_size: u64,
    /// The entry's stored bytes, base64; the leaf hash is SHA-256 over 0x00 and these bytes.
    pub entry: String,
    pub leaf_hash: Digest,
    /// Sibling hashes from the leaf upwards, hex.
    pub proof: Vec<Digest>,
    pub root_hash: Digest,
    /// The signed head (C2SP checkpoint) that the proof leads to.
    pub checkpoint: String,
    /// The key it verifies under, and what a stranger needs to repeat the check.
    pub vkey: String,
    /// The proof was recomputed here before it was handed out.
    pub verified: bool,
}

/// Sealed into the journal entry of a look at the journal itself.
#[derive(Serialize)]
struct JournalLook {
    what: &'static str,
    from: u64,
    limit: usize,
}

impl Archive {
    /// Entries `from..`, at most `limit`, optionally about one record only.
    ///
    /// Details tell what contracts say, so reading them is a look: it is journaled, durably, before the answer.
    ///
    /// # Errors
    /// Damage, with the number of the entry.
    pub fn journal_list(
        &self,
        who: &Principal,
        from: u64,
        limit: usize,
        about: Option<RecordId>,
    ) -> Result<JournalPage, ArchiveError> {
        let limit = limit.clamp(1, MAX_PAGE);
        match about {
            Some(id) => {
                self.load_for(&*self.store.view(), who, Action::Show, id)?;
                self.journal_look(who, Act::View, id)?;
            }
            None => {
                permit(who, Action::JournalList)?;
                self.journal_note(who, Act::View, &JournalLook { what: "journal", from, limit })?;
            }
        }
        self.journal_page(Some(who), from, limit, about)
    }

    /// Entries about a record that [`show`](Self::show) was just asked for: that look is journaled already.
    ///
    /// # Errors
    /// Damage, with the number of the entry.
    pub fn journal_of_shown(
        &self,
        id: RecordId,
        from: u64,
        limit: usize,
    ) -> Result<JournalPage, ArchiveError> {
        self.journal_page(None, from, limit.clamp(1, MAX_PAGE), Some(id))
    }

    /// A page of entries as far as `reader` may see them; without a reader that was settled before.
    fn journal_page(
        &self,
        reader: Option<&Principal>,
        from: u64,
        limit: usize,
        about: Option<RecordId>,
    ) -> Result<JournalPage, ArchiveError> {
        let view = self.store.view();
        let size = self.head(&*view)?.size();
        let numbers: Vec<u64> = match about {
            None => (from..size).take(MAX_LOOKED + 1).collect(),
            Some(id) => self.trail(&*view, id, from, limit + 1)?,
        };
        let mut page = JournalPage { size, entries: Vec::new(), next: None };
        let mut seen = Seen::default();
        for (looked, seq) in numbers.into_iter().enumerate() {
            if page.entries.len() == limit || looked == MAX_LOOKED {
                page.next = Some(seq);
                break;
            }
            let (_, entry) = self.entry(&*view, seq)?;
            let sees = match reader {
                Some(who) => self.sees_entry(&*view, who, &entry, &mut seen)?,
                None => true,
            };
            if sees {
                page.entries.push(self.entry_view(&*view, entry)?);
            }
        }
        Ok(page)
    }

    /// Proves that entry `seq` is in the journal of the present size.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`] beyond the end or out of scope; damage.
    pub fn journal_proof(&self, who: &Principal, seq: u64) -> Result<ProofOfEntry, ArchiveError> {
        permit(who, Action::JournalProof)?;
        let view = self.store.view();
        let size = self.head(&*view)?.size();
        if seq >= size {
            return Err(ArchiveError::NotFound(format!(
                "journal entry {seq}; the journal has {size}, counted from 0"
            )));
        }
        let (bytes, entry) = self.entry(&*view, seq)?;
        if !self.sees_entry(&*view, who, &entry, &mut Seen::default())? {
            return Err(ArchiveError::NotFound(format!("journal entry {seq} about what you have access to")));
        }
        self.proof(&*view, seq, &bytes)
    }

    /// The proof of an entry whose bytes are at hand.
    pub(super) fn proof(
        &self,
        view: &dyn View,
        seq: u64,
        bytes: &[u8],
    ) -> Result<ProofOfEntry, ArchiveError> {
        let head = self.head(view)?;
        let size = head.size();
        let proof = merkle::inclusion_proof(&TreeRows(view), seq, size)?;
        let (leaf, root) = (merkle::leaf_hash(bytes), head.root());
        let verified = merkle::verify_inclusion(&leaf, seq, size, &proof, &root).is_ok();
        Ok(ProofOfEntry {
            seq,
            tree_size: size,
            entry: STANDARD.encode(bytes),
            leaf_hash: Digest(leaf),
            proof: proof.into_iter().map(Digest).collect(),
            root_hash: Digest(root),
            checkpoint: head.note().unwrap_or_default().to_owned(),
            vkey: self.identity.vkey.clone(),
            verified,
        })
    }

    /// The present head.
    pub(super) fn head(&self, view: &dyn View) -> Result<Head, ArchiveError> {
        Head::load(view, &self.verifying_key)
    }

    /// The present signed head, as text (C2SP checkpoint).
    ///
    /// # Errors
    /// When it is damaged.
    pub fn checkpoint(&self) -> Result<String, ArchiveError> {
        Ok(self.head(&*self.store.view())?.note().unwrap_or_default().to_owned())
    }

    /// Journals something that concerns no single record, durably.
    pub fn journal_note<T: Serialize>(
        &self,
        who: &Principal,
        act: Act,
        details: &T,
    ) -> Result<(), ArchiveError> {
        self.committer.commit(self.note(who, act, details)?).map(drop)
    }

    /// Writes rows that concern no single record, with their entry.
    pub(super) fn write_with_note<T: Serialize>(
        &self,
        who: &Principal,
        act: Act,
        details: &T,
        batch: Batch,
    ) -> Result<(), ArchiveError> {
        let details = Some(self.keyring.seal_archive_details(details)?);
        let write = Box::new(move |_: &_| Ok(Written { details, batch }));
        let draft = Draft { actor: who.clone(), act, record: None, blob_bytes: 0, write };
        self.committer.commit(draft).map(drop)
    }

    /// Writes a sealed row of `meta` with its entry, if the row is still as it was: `before` are its stored bytes, `None`
    /// for a new one.
    ///
    /// # Errors
    /// [`ArchiveError::Conflict`] when somebody else has written it meanwhile.
    pub(super) fn write_sealed_row<R: Serialize, T: Serialize>(
        &self,
        who: &Principal,
        act: Act,
        (key, row): (Vec<u8>, &R),
        before: Option<Vec<u8>>,
        details: &T,
    ) -> Result<(), ArchiveError> {
        let sealed = self.keyring.seal_row(&key, row)?;
        let mut batch = Batch::default();
        match before {
            Some(before) => batch.expect_value(Table::Meta, key.clone(), before),
            None => batch.expect_absent(Table::Meta, key.clone()),
        };
        batch.put(Table::Meta, key, sealed);
        self.write_with_note(who, act, details, batch)
    }

    /// A draft of an entry that concerns no single record.
    pub(super) fn note<T: Serialize>(
        &self,
        who: &Principal,
        act: Act,
        details: &T,
    ) -> Result<Draft, ArchiveError> {
        let details = Some(self.keyring.seal_archive_details(details)?);
        let write = Box::new(move |_: &_| Ok(Written { details, ..Written::default() }));
        Ok(Draft { actor: who.clone(), act, record: None, blob_bytes: 0, write })
    }

    /// One entry and its stored bytes.
    pub(super) fn entry(&self, view: &dyn View, seq: u64) -> Result<(Vec<u8>, Entry), ArchiveError> {
        let bytes = view.get(Table::Journal, &rows::journal_key(seq))?;
        let bytes = bytes.ok_or_else(|| ArchiveError::Corrupt(format!("journal entry {seq} is missing")))?;
        let entry = Entry::decode(&bytes)
            .map_err(|error| ArchiveError::Corrupt(format!("journal entry {seq}: {error}")))?;
        Ok((bytes, entry))
    }

    /// Numbers of the entries about one record, from `from` on, at most `limit`.
    pub(super) fn trail(
        &self,
        view: &dyn View,
        id: RecordId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<u64>, ArchiveError> {
        let (start, end) = (rows::trail_key(id, from), rows::trail_key(id, u64::MAX));
        view.scan(Table::Trail, &start, Some(&end), Direction::Forward)
            .take(limit)
            .map(|row| rows::trail_seq(&row?.0))
            .collect()
    }

    /// Everything the journal says about one record, each entry with its proof under `head`.
    pub(super) fn extract(
        &self,
        view: &dyn View,
        id: RecordId,
        head: &Head,
    ) -> Result<Vec<ExtractLine>, ArchiveError> {
        let numbers = self.trail(view, id, 0, MAX_EXTRACT)?;
        let covered = numbers.into_iter().filter(|seq| *seq < head.size());
        covered
            .map(|seq| {
                let (bytes, _) = self.entry(view, seq)?;
                let proof = merkle::inclusion_proof(&TreeRows(view), seq, head.size())?;
                Ok(ExtractLine::proven(&bytes, &proof, head.size()))
            })
            .collect()
    }

    fn entry_view(&self, view: &dyn View, entry: Entry) -> Result<JournalEntryView, ArchiveError> {
        let details = match (&entry.details, entry.record) {
            (None, _) => None,
            (Some(sealed), None) => Some(self.keyring.unseal_archive_details(sealed)?),
            // The record's own key does not outlive the entry that destroys it.
            (Some(sealed), Some(_)) if entry.act == Act::Dispose => {
                Some(self.keyring.unseal_archive_details(sealed)?)
            }
            (Some(sealed), Some(id)) => match self.keyring.dek(view, id) {
                Ok(dek) => Some(unseal_json(&dek, Purpose::JournalDetails, id.as_bytes(), sealed)?),
                Err(ArchiveError::Destroyed { .. }) => None,
                Err(error) => return Err(error),
            },
        };
        let Entry { seq, at, actor, act, record, .. } = entry;
        Ok(JournalEntryView { seq, at, actor, act, record, details })
    }
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
