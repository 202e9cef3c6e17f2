//! Show: everything about one record but its bytes.

use serde::{Deserialize, Serialize};

use super::Archive;
use super::error::ArchiveError;
use super::permit::Action;
use super::principal::Principal;
use super::{RecordEvidence, RenditionView};
use crate::journal::Act;
use crate::panel::Panel;
use crate::record::{Digest, RecordId, Version};
use crate::retention::{Decision, Lang, sentence};

/// One record with all its metadata versions.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RecordView {
    pub id: RecordId,
    pub sha256: Digest,
    /// Bytes of the original.
    pub size: u64,
    /// Number of the journal entry of the deposit.
    pub journal_seq: u64,
    pub withdrawn: bool,
    /// Oldest first; the last one counts.
    pub versions: Vec<Version>,
    #[serde(flatten)]
    pub panel: Panel,
    pub retention: RetentionView,
    /// Names of the legal holds on it.
    pub holds: Vec<String>,
    pub evidence: EvidenceView,
    /// What is odd about the metadata but no reason to refuse it, in words.
    pub warnings: Vec<String>,
}

/// The retention decision, never earlier than what was decided when the record was last written.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RetentionView {
    #[serde(flatten)]
    pub decision: Decision,
    /// The decision in one sentence.
    pub sentence_ja: String,
    pub sentence_en: String,
}

/// Evidence kept beside the contract: the place of its deposit in the journal, and its timestamps.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EvidenceView {
    /// Number of the journal entry that an inclusion proof can be asked for.
    pub journal_seq: u64,
    #[serde(flatten)]
    pub timestamps: RecordEvidence,
    /// Copies with a document timestamp inside, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renditions: Vec<RenditionView>,
}

impl Archive {
    /// Everything about one record. The look is journaled, durably, before the answer.
    ///
    /// # Errors
    /// [`ArchiveError::NoSuchRecord`], or damage.
    pub fn show(&self, who: &Principal, id: RecordId) -> Result<RecordView, ArchiveError> {
        let view = self.store.view();
        let record = self.load_for(&*view, who, Action::Show, id)?;
        self.journal_look(who, Act::View, id)?;
        let facts = record.facts()?;
        let versions = record.versions(&*view)?;
        let newest =
            versions.last().ok_or_else(|| ArchiveError::Corrupt(format!("record {id} has no version")))?;
        let warnings = newest.metadata.counterparty.warnings().iter().map(ToString::to_string).collect();
        let withdrawn = newest.withdrawn;
        let (decision, holds) = self.decision(&record, &versions)?;
        Ok(RecordView {
            id,
            sha256: facts.sha256,
            size: facts.size,
            journal_seq: record.row.deposit_seq,
            withdrawn,
            retention: RetentionView::from(decision),
            versions,
            panel: facts.panel,
            holds,
            evidence: EvidenceView {
                journal_seq: record.row.deposit_seq,
                timestamps: self.record_evidence(&*view, &record)?,
                renditions: self.rendition_views(&*view, &record)?,
            },
            warnings,
        })
    }
}

impl From<Decision> for RetentionView {
    fn from(decision: Decision) -> Self {
        Self {
            sentence_ja: sentence(&decision, Lang::Ja),
            sentence_en: sentence(&decision, Lang::En),
            decision,
        }
    }
}
