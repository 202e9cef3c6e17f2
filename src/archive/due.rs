//! What comes due: records whose period ends, in the order in which it does.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Archive;
use super::error::ArchiveError;
use super::permit::{Action, permit};
use super::principal::Principal;
use super::rows::{self, RecordRow};
use crate::journal::Act;
use crate::record::RecordId;
use crate::retention::{Lang, Outcome, sentence};
use crate::store::{Direction, Table};

/// Records shown at once; the soonest first.
const MAX_SHOWN: usize = 1_000;

/// Records whose period ends before a day.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DueList {
    /// The day asked about, not included.
    pub before: NaiveDate,
    /// How many there are; at most 1,000 are shown.
    pub total: u64,
    pub records: Vec<DueRecord>,
}

/// One record that comes due.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DueRecord {
    pub id: RecordId,
    pub retain_until: NaiveDate,
    pub decision: Outcome,
    pub class: String,
    pub entity: String,
    pub counterparty: String,
    pub title: Option<String>,
    /// Names of the holds on it.
    pub holds: Vec<String>,
    pub sentence_ja: String,
    pub sentence_en: String,
}

/// Sealed into the journal entry of a look.
#[derive(Serialize)]
struct DueDetails {
    what: &'static str,
    before: NaiveDate,
    shown: usize,
}

impl Archive {
    /// Records whose period ends before `before`; tomorrow by default, so that everything eligible today is there.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`], or damage.
    pub fn retention_due(&self, who: &Principal, before: Option<NaiveDate>) -> Result<DueList, ArchiveError> {
        permit(who, Action::RetentionDue)?;
        let before = before.unwrap_or_else(|| self.today());
        let due = self.ending_before(before)?;
        let total = due.len() as u64;
        let mut records = Vec::new();
        let view = self.store.view();
        for (_, id) in due.into_iter().take(MAX_SHOWN) {
            let record = self.load(&*view, id)?;
            let versions = record.versions(&*view)?;
            let (decision, holds) = self.decision(&record, &versions)?;
            // Decided anew: what has become longer since the row was written does not come due.
            let (Some(retain_until), Some(newest)) = (decision.retain_until, versions.into_iter().last())
            else {
                continue;
            };
            let metadata = newest.metadata;
            records.push(DueRecord {
                id,
                retain_until,
                decision: decision.decision,
                class: metadata.class,
                entity: metadata.entity,
                counterparty: metadata.counterparty.name,
                title: metadata.title,
                holds,
                sentence_ja: sentence(&decision, Lang::Ja),
                sentence_en: sentence(&decision, Lang::En),
            });
        }
        drop(view);
        self.journal_note(
            who,
            Act::View,
            &DueDetails { what: "what comes due", before, shown: records.len() },
        )?;
        Ok(DueList { before, total, records })
    }

    /// Ids of the records whose rows say that their period ends before `before`, the soonest first.
    pub(super) fn ending_before(
        &self,
        before: NaiveDate,
    ) -> Result<Vec<(NaiveDate, RecordId)>, ArchiveError> {
        let view = self.store.view();
        let mut found = Vec::new();
        for stored in view.scan(Table::Records, &[], None, Direction::Forward) {
            let (key, bytes) = stored?;
            let row: RecordRow = rows::decode("record row", &bytes)?;
            let id = <[u8; 16]>::try_from(key).map(RecordId::from_bytes);
            let id = id.map_err(|_| ArchiveError::Corrupt("a record row has no id".into()))?;
            if let Some(until) = row.retain_until.filter(|until| *until < before) {
                found.push((until, id));
            }
        }
        found.sort_unstable();
        Ok(found)
    }
}
