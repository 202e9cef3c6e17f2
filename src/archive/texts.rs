//! The text of contracts, read after the deposit: finding it takes longer than everything else a deposit does.
//!
//! A second follower of the journal. It keeps what it read, sealed under the contract's key, so that a rebuild of
//! the index need not open every contract again. Losing these rows loses nothing: they are read again.

use super::error::ArchiveError;
use super::indexer::Indexer;
use super::keyring::{seal_json, unseal_json};
use super::records::Loaded;
use super::retrieve::unseal_original;
use super::rows::{self, RecordRow, meta};
use crate::journal::{Act, Entry};
use crate::pdf;
use crate::record::RecordId;
use crate::seal::Purpose;
use crate::store::{Batch, Direction, Table, View};

/// Contracts whose text is read in one step; the step's texts are in memory together (64 Ki characters each at most).
const CONTRACTS_PER_STEP: usize = 256;
/// Entries looked at in one step.
const ENTRIES_PER_STEP: usize = 8_192;

/// Contracts deposited in one step, their texts read, and the cursor after it.
pub struct TextStep {
    pub read: Vec<RecordId>,
    pub through: u64,
}

impl Indexer {
    /// Journal entries whose contracts have had their text read.
    pub fn texts_through(&self) -> Result<u64, ArchiveError> {
        let row = self.store.view().get(Table::Meta, meta::TEXT_CURSOR)?;
        let number = row.and_then(|digits| String::from_utf8(digits).ok()?.parse().ok());
        Ok(number.unwrap_or(0))
    }

    /// The text of one contract as far as it has been read.
    pub(super) fn text(&self, view: &dyn View, record: &Loaded) -> Result<Option<String>, ArchiveError> {
        let Some(sealed) = view.get(Table::Texts, record.id.as_bytes())? else { return Ok(None) };
        unseal_json(&record.dek, Purpose::Metadata, record.id.as_bytes(), &sealed)
    }

    /// Reads the text of the contracts deposited next after `cursor` and keeps it.
    ///
    /// # Errors
    /// The store's. A contract that cannot be opened has no text; `fsck` is what reports it.
    pub(super) fn read_texts(&self, cursor: u64) -> Result<TextStep, ArchiveError> {
        let view = self.store.view();
        let mut step = TextStep { read: Vec::new(), through: cursor };
        let mut batch = Batch::default();
        let rows = view.scan(Table::Journal, &rows::journal_key(cursor), None, Direction::Forward);
        for row in rows.take(ENTRIES_PER_STEP) {
            let (_, bytes) = row?;
            let entry = Entry::decode(&bytes)
                .map_err(|error| ArchiveError::Corrupt(format!("journal entry {}: {error}", step.through)))?;
            step.through = entry.seq + 1;
            if let (Act::Deposit, Some(id)) = (entry.act, entry.record) {
                let known = view.get(Table::Texts, id.as_bytes())?.is_some();
                if !known && let Some(sealed) = self.read_text(&*view, id) {
                    batch.put(Table::Texts, *id.as_bytes(), sealed);
                }
                step.read.push(id);
            }
            if step.read.len() == CONTRACTS_PER_STEP {
                break;
            }
        }
        if !step.read.is_empty() {
            self.store.commit(batch)?;
        }
        Ok(step)
    }

    /// Remembers how far texts were read *and indexed*: written last, so that a crash before it only repeats work.
    pub(super) fn set_texts_through(&self, through: u64) -> Result<(), ArchiveError> {
        let mut batch = Batch::default();
        batch.put(Table::Meta, meta::TEXT_CURSOR, through.to_string());
        Ok(self.store.commit(batch)?)
    }

    /// Opens one contract and seals the text found in it; `None` when there is none.
    fn read_text(&self, view: &dyn View, id: RecordId) -> Option<Vec<u8>> {
        let row_bytes = view.get(Table::Records, id.as_bytes()).ok()??;
        let row: RecordRow = rows::decode("record row", &row_bytes).ok()?;
        let record = Loaded { id, row, row_bytes, dek: self.keyring.dek(view, id).ok()? };
        let bytes = unseal_original(&*self.store, &record, &record.facts().ok()?).ok()?;
        let text = pdf::text(&bytes)?;
        seal_json(&record.dek, Purpose::Metadata, id.as_bytes(), &text).ok()
    }
}
