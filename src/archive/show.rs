//! Show: everything about one record but its bytes.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Archive;
use super::error::ArchiveError;
use super::permit::Action;
use super::principal::Principal;
use super::{RecordEvidence, RenditionView};
use crate::journal::Act;
use crate::panel::Panel;
use crate::record::{Digest, RecordId, Version};
use crate::retention::{Decision, Lang, Term, present_term, sentence};

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
    /// When the contract ends, and until when its renewal can be refused; absent where no end is stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<TermView>,
    /// Names of the legal holds on it.
    pub holds: Vec<String>,
    pub evidence: EvidenceView,
    /// What is odd about the metadata but no reason to refuse it, in words.
    pub warnings: Vec<String>,
}

/// The term that runs today, or the last one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TermView {
    pub ends_on: NaiveDate,
    /// Last day on which notice can be given against renewal (更新拒絶期限), where a notice period is stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refuse_by: Option<NaiveDate>,
    /// It goes on by itself when nobody gives notice.
    pub renews: bool,
    pub sentence_ja: String,
    pub sentence_en: String,
}

impl From<Term> for TermView {
    fn from(term: Term) -> Self {
        let Term { ends_on, refuse_by, renews } = term;
        let mut ja = format!("契約期間は{ends_on}まで");
        let mut en = format!("The term ends on {ends_on}");
        if let Some(day) = refuse_by {
            ja.push_str(&format!("。更新拒絶などの通知は{day}まで"));
            en.push_str(&format!("; notice has to be given by {day}"));
        }
        match renews {
            Some(every) => {
                ja.push_str(&format!("。通知がなければ{}自動更新します。", every.ja()));
                en.push_str(&format!(", else it goes on for {}.", every.en()));
            }
            None => {
                ja.push('。');
                en.push('.');
            }
        }
        Self { ends_on, refuse_by, renews: renews.is_some(), sentence_ja: ja, sentence_en: en }
    }
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
        let term = present_term(&newest.metadata, self.today()).map(TermView::from);
        let (decision, holds) = self.decision(&record, &versions)?;
        Ok(RecordView {
            id,
            sha256: facts.sha256,
            size: facts.size,
            journal_seq: record.row.deposit_seq,
            withdrawn,
            retention: RetentionView::from(decision),
            term,
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
