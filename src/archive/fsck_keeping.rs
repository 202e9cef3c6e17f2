//! Fsck of what keeps records: every hold and policy text that the journal tells of must still be in the store.
//!
//! Sealed rows cannot be altered without the key, but they could be removed; this is where that is noticed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::Archive;
use super::error::ArchiveError;
use super::holds::HoldRow;
use super::rows;
use crate::journal::{Act, Entry};
use crate::record::Digest;
use crate::store::{Direction, Table};

impl Archive {
    /// What the journal says keeps records and the store does not know, in words.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) fn missing_keepers(&self) -> Result<Vec<String>, ArchiveError> {
        let view = self.store.view();
        let mut holds: BTreeMap<(String, String), HoldRow> = BTreeMap::new();
        let mut texts: Vec<(String, String)> = Vec::new();
        let mut taken_over: Vec<TakenOver> = Vec::new();
        for row in view.scan(Table::Journal, &[], None, Direction::Forward) {
            // Reported by the store's own check already; nothing beyond it can be read.
            let Ok((_, bytes)) = row else { break };
            let Ok(entry) = Entry::decode(&bytes) else { continue };
            let asked = matches!(entry.act, Act::HoldPlace | Act::HoldRelease | Act::Config | Act::Restore);
            let Some(sealed) = entry.details.filter(|_| asked) else { continue };
            let details = self.keyring.unseal_archive_details(&sealed)?;
            if entry.act == Act::Config {
                texts.extend(policy_texts(&details));
                continue;
            }
            if entry.act == Act::Restore {
                let restore: RestoreTold = rows::decode("restore in the journal", &rows::encode(&details))?;
                taken_over.extend(restore.holds);
                continue;
            }
            let hold: HoldRow = rows::decode("hold in the journal", &rows::encode(&details))?;
            // The newest entry about a hold tells how it must be now.
            holds.insert((hold.name.clone(), hold.placed_at.to_rfc3339()), hold);
        }
        let stored = self.holds(&*view)?;
        taken_over.retain(|taken| !stored.iter().any(|(_, row)| taken.is(row)));
        let gone = holds.into_values().filter(|hold| !stored.iter().any(|(_, row)| row == hold));
        let mut problems: Vec<_> =
            gone.map(|hold| format!("the hold {:?} is not as the journal tells", hold.name)).collect();
        let lost = taken_over.into_iter();
        problems
            .extend(lost.map(|taken| format!("the hold {:?} that a restore took over is gone", taken.name)));
        let kept = self.policy_digests(&*view)?;
        let lost = texts.into_iter().filter(|text| !kept.contains(text));
        problems.extend(lost.map(|(id, _)| format!("a text of the policy {id:?} that was in force is gone")));
        Ok(problems)
    }
}

/// What the entry of a restore tells of holds.
#[derive(Deserialize)]
struct RestoreTold {
    #[serde(default)]
    holds: Vec<TakenOver>,
}

/// A hold that a restore took over from a later generation.
#[derive(Deserialize)]
struct TakenOver {
    name: String,
    placed_at: DateTime<Utc>,
}

impl TakenOver {
    fn is(&self, row: &HoldRow) -> bool {
        (&self.name, self.placed_at) == (&row.name, row.placed_at)
    }
}

/// Ids and digests of the policy texts that an entry put into force.
fn policy_texts(details: &Value) -> Vec<(String, String)> {
    if details.get("what").and_then(Value::as_str) != Some("retention policies") {
        return Vec::new();
    }
    let changes = details.get("policies").and_then(Value::as_array).into_iter().flatten();
    let text = |change: &Value, key: &str| change.get(key).and_then(Value::as_str).map(str::to_owned);
    changes
        .flat_map(|change| ["before", "after"].map(|key| text(change, "id").zip(text(change, key))))
        .flatten()
        .collect()
}

/// The digest of a policy text as entries tell it.
pub(super) fn text_digest(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()
}
