//! Transfer (移管): records go to another archive, whose receipt is needed before anything is destroyed here.
//!
//! After approval: *package* (BagIt, journaled), the other archive takes it in, *confirm* with its receipt, then perform.
//! What the receipt does not name by its SHA-256 stays.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{PlanRow, PlanView};
use crate::archive::error::ArchiveError;
use crate::archive::permit::{Action, permit};
use crate::archive::principal::Principal;
use crate::archive::{Archive, ExportPlan, ExportSelection};
use crate::journal::Act;
use crate::record::{Digest, RecordId};

/// Longest name of an archive, in characters.
const MAX_NAME_CHARS: usize = 200;
/// Records in one receipt; a plan has at most 1,000, but a receipt may be about more than one plan.
const MAX_RECEIVED: usize = 100_000;

/// What the receiving archive says that it keeps now.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TransferReceipt {
    /// The archive that took the records: the first line of its checkpoints, or its name.
    pub archive: String,
    pub received: Vec<ReceivedRecord>,
}

/// One record as the receiving archive has it. Receipts of `import --receipts` have these members too; others are ignored.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReceivedRecord {
    /// Of the original's bytes: what shows that it is the same contract.
    pub sha256: Digest,
    /// Its id there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its journal entry there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal_seq: Option<u64>,
}

/// That a package was made of a plan's records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Packaged {
    pub by: String,
    pub at: DateTime<Utc>,
}

/// That the receiving archive has confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmed {
    /// Who handed the receipt in here.
    pub by: String,
    pub at: DateTime<Utc>,
    /// Who confirmed, as the receipt says.
    pub archive: String,
    /// SHA-256 of the receipt as JSON without spaces.
    pub receipt: Digest,
    pub records: Vec<ConfirmedRecord>,
}

/// A record of the plan that the receiving archive keeps now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmedRecord {
    pub id: RecordId,
    /// Its id there, when the receipt says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub there: Option<String>,
}

/// In a certificate: where the record went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Transferred {
    /// As planned and approved.
    pub to: String,
    /// As the receipt names it.
    pub archive: String,
    pub receipt: Digest,
    pub confirmed_by: String,
    pub confirmed_at: DateTime<Utc>,
    /// Its id there, when the receipt says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub there: Option<String>,
}

impl PlanRow {
    /// Where a record of a transfer goes; the reason why it stays when nobody has confirmed that they have it.
    pub(super) fn transferred(&self, id: RecordId) -> Result<Option<Transferred>, String> {
        let Some(to) = &self.transfer_to else { return Ok(None) };
        let found = self.confirmed.as_ref().and_then(|confirmed| {
            confirmed.records.iter().find(|record| record.id == id).map(|record| (confirmed, record))
        });
        let (confirmed, record) = found.ok_or_else(|| format!("{to} has not confirmed that it keeps it"))?;
        Ok(Some(Transferred {
            to: to.clone(),
            archive: confirmed.archive.clone(),
            receipt: confirmed.receipt,
            confirmed_by: confirmed.by.clone(),
            confirmed_at: confirmed.at,
            there: record.there.clone(),
        }))
    }
}

/// The name of a receiving archive, checked.
pub(super) fn checked_name(name: &str) -> Result<String, ArchiveError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
        return Err(ArchiveError::Invalid(format!(
            "the name of the receiving archive has 1 to {MAX_NAME_CHARS} characters on one line"
        )));
    }
    Ok(name.to_owned())
}

impl Archive {
    /// Begins the package of an approved transfer; write it with [`export`](Self::export).
    ///
    /// # Errors
    /// [`ArchiveError::Refused`] without approval; [`ArchiveError::Invalid`] for a plan that transfers nothing.
    pub fn disposition_package(&self, who: &Principal, plan: &str) -> Result<ExportPlan, ArchiveError> {
        permit(who, Action::DispositionPerform)?;
        let (row, stored) = self.transfer_row(plan)?;
        let ids = row.items.iter().map(|item| item.id).collect();
        let export = self.plan_export(who, &ExportSelection { ids, ..ExportSelection::default() })?;
        let packaged = Some(Packaged { by: who.name.clone(), at: self.clock.now() });
        self.write_plan(who, Act::DispositionTransfer, &PlanRow { packaged, ..row }, Some(stored))?;
        Ok(export)
    }

    /// Takes the receiving archive's receipt. Records that it does not name stay when the plan is performed; a further
    /// receipt may name them.
    ///
    /// # Errors
    /// [`ArchiveError::Refused`] before a package was made; [`ArchiveError::Invalid`] when the receipt names none of the
    /// plan's records, or is this archive's own.
    pub fn disposition_confirm(
        &self,
        who: &Principal,
        plan: &str,
        receipt: &TransferReceipt,
    ) -> Result<PlanView, ArchiveError> {
        permit(who, Action::DispositionPerform)?;
        let (row, stored) = self.transfer_row(plan)?;
        if row.packaged.is_none() {
            return Err(ArchiveError::Refused(format!(
                "no package was made of plan {plan}; make it with `shosoin disposition package {plan} -o FILE.zip`"
            )));
        }
        let archive = checked_name(&receipt.archive)?;
        if archive == self.identity.origin || receipt.received.len() > MAX_RECEIVED {
            return Err(ArchiveError::Invalid(format!(
                "a receipt names another archive than this one, and at most {MAX_RECEIVED} records"
            )));
        }
        let before = row.confirmed.iter().flat_map(|confirmed| confirmed.records.iter().cloned());
        let mut records: Vec<ConfirmedRecord> = before.collect();
        let known: HashSet<RecordId> = records.iter().map(|record| record.id).collect();
        let found = self.found_in(&row, receipt)?;
        if found.is_empty() {
            return Err(ArchiveError::Invalid(
                "the receipt names none of the plan's records by their SHA-256".into(),
            ));
        }
        records.extend(found.into_iter().filter(|record| !known.contains(&record.id)));
        let bytes = serde_json::to_vec(receipt)
            .map_err(|error| ArchiveError::Invalid(format!("the receipt: {error}")))?;
        let (by, at, receipt) = (who.name.clone(), self.clock.now(), Digest::of(&bytes));
        let confirmed = Some(Confirmed { by, at, archive, receipt, records });
        let row = PlanRow { confirmed, ..row };
        self.write_plan(who, Act::DispositionTransfer, &row, Some(stored))?;
        Ok(row.into())
    }

    /// An approved transfer that is not performed yet.
    fn transfer_row(&self, plan: &str) -> Result<(PlanRow, Vec<u8>), ArchiveError> {
        let (row, stored) = self.plan_row(&*self.store.view(), plan)?;
        if row.transfer_to.is_none() {
            return Err(ArchiveError::Invalid(format!("plan {plan} destroys; it transfers nothing")));
        }
        if row.approval.is_none() {
            return Err(ArchiveError::Refused(format!(
                "plan {plan} is not approved; somebody other than {} has to",
                row.author
            )));
        }
        if row.performed.is_some() {
            return Err(ArchiveError::Conflict(format!("plan {plan} is performed already")));
        }
        Ok((row, stored))
    }

    /// Records of a plan whose originals a receipt names.
    fn found_in(
        &self,
        row: &PlanRow,
        receipt: &TransferReceipt,
    ) -> Result<Vec<ConfirmedRecord>, ArchiveError> {
        let view = self.store.view();
        let mut found = Vec::new();
        for item in &row.items {
            let sha256 = match self.load(&*view, item.id) {
                Ok(record) => record.facts()?.sha256,
                // An interrupted performance has destroyed it, with the confirmation that it had.
                Err(ArchiveError::Destroyed { .. }) => continue,
                Err(error) => return Err(error),
            };
            if let Some(received) = receipt.received.iter().find(|received| received.sha256 == sha256) {
                found.push(ConfirmedRecord { id: item.id, there: received.id.clone() });
            }
        }
        Ok(found)
    }
}
