//! Disposition: destroying what need not be kept any more, in steps that take two people and a proof of time.
//!
//! *Plan*: what is eligible, each with its reasons, under one digest. *Approve*: somebody other than the author consents to
//! the digest. *Perform*: every record is decided again at that moment, holds too, by the day of a verified timestamp
//! token; what is still eligible is destroyed. The order of writes and what a crash leaves stand in `perform.rs`.

mod certificate;
mod certificate_report;
mod perform;
mod plan;
mod transfer;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod transfer_tests;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use certificate::{Certificate, KeyLapse};
pub use plan::PlanRequest;
pub use transfer::{Confirmed, ConfirmedRecord, Packaged, ReceivedRecord, TransferReceipt, Transferred};

use super::Archive;
use super::error::ArchiveError;
use super::rows::{V1, meta};
use crate::record::{Digest, RecordId};
use crate::retention::Decision;
use crate::store::{Direction, Table, View};

/// A time that a verified timestamp token proves: the machine's clock alone never destroys anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TrustedTime {
    /// `genTime` of the token (RFC 3161, section 2.4.2).
    pub time: DateTime<Utc>,
    /// What proves it, for the certificate: the authority and the token's serial number.
    pub proof: String,
}

/// Offers the newest verified token's time, `None` when there is none.
pub trait TrustedClock: Send + Sync {
    /// The newest time that is proven.
    fn newest(&self) -> Option<TrustedTime>;
}

/// `Meta/disposition/<number>`: one plan and what became of it. Sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanRow {
    pub v: V1,
    pub plan: Uuid,
    pub author: String,
    pub planned_at: DateTime<Utc>,
    /// The day for which the plan was made, by the machine's clock.
    pub as_of: NaiveDate,
    pub items: Vec<PlanItem>,
    pub digest: Digest,
    /// The archive that the records go to before they are destroyed here; without it they are destroyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer_to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packaged: Option<Packaged>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<Confirmed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performed: Option<Performed>,
}

/// A record that a plan means to destroy, with the decision that allows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanItem {
    pub id: RecordId,
    pub class: String,
    pub entity: String,
    #[serde(flatten)]
    pub decision: Decision,
}

/// Consent of the second person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    pub by: String,
    pub at: DateTime<Utc>,
}

/// How a plan ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Performed {
    pub by: String,
    pub at: DateTime<Utc>,
    pub trusted: TrustedTime,
    pub destroyed: u64,
    /// Records that were not destroyed after all, with the reason.
    pub kept: Vec<Kept>,
}

/// A record of a plan that stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    pub id: RecordId,
    pub why: String,
}

/// Where a plan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    Planned,
    Approved,
    /// A transfer: the package is made, the receiving archive has not confirmed.
    Packaged,
    /// A transfer: the receiving archive has confirmed.
    Confirmed,
    Performed,
}

/// A plan as people see it.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanView {
    pub plan: String,
    pub state: PlanState,
    pub author: String,
    pub planned_at: DateTime<Utc>,
    pub as_of: NaiveDate,
    /// SHA-256 over the plan's number, day and items: what the second person consents to.
    pub digest: Digest,
    pub items: Vec<PlanItem>,
    /// The archive that the records go to before they are destroyed here; absent: they are destroyed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer_to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packaged: Option<Packaged>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<Confirmed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub performed: Option<Performed>,
}

/// `Meta/tombstone/<record>`: what is left of a destroyed record. Sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::archive) struct Tombstone {
    pub v: V1,
    pub deposit_seq: u64,
    pub certificate: Certificate,
}

impl From<PlanRow> for PlanView {
    fn from(row: PlanRow) -> Self {
        let state = match (&row.approval, &row.performed) {
            (_, Some(_)) => PlanState::Performed,
            (Some(_), None) if row.confirmed.is_some() => PlanState::Confirmed,
            (Some(_), None) if row.packaged.is_some() => PlanState::Packaged,
            (Some(_), None) => PlanState::Approved,
            (None, None) => PlanState::Planned,
        };
        Self {
            plan: row.plan.to_string(),
            state,
            author: row.author,
            planned_at: row.planned_at,
            as_of: row.as_of,
            digest: row.digest,
            items: row.items,
            transfer_to: row.transfer_to,
            packaged: row.packaged,
            confirmed: row.confirmed,
            approval: row.approval,
            performed: row.performed,
        }
    }
}

fn plan_key(plan: Uuid) -> Vec<u8> {
    [meta::PLAN_PREFIX, plan.as_bytes()].concat()
}

fn tombstone_key(id: RecordId) -> Vec<u8> {
    [meta::TOMBSTONE_PREFIX, id.as_bytes()].concat()
}

impl Archive {
    /// A plan by its number, and its row as stored.
    fn plan_row(&self, view: &dyn View, plan: &str) -> Result<(PlanRow, Vec<u8>), ArchiveError> {
        let missing = || ArchiveError::NotFound(format!("disposition plan {plan:?}"));
        let key = plan_key(Uuid::parse_str(plan.trim()).map_err(|_| missing())?);
        let sealed = view.get(Table::Meta, &key)?.ok_or_else(missing)?;
        Ok((self.keyring.unseal_row(&key, &sealed)?, sealed))
    }

    fn plan_rows(&self, view: &dyn View) -> Result<Vec<PlanRow>, ArchiveError> {
        let end = meta::end_of(meta::PLAN_PREFIX);
        view.scan(Table::Meta, meta::PLAN_PREFIX, Some(&end), Direction::Reverse)
            .map(|stored| {
                let (key, sealed) = stored?;
                self.keyring.unseal_row(&key, &sealed)
            })
            .collect()
    }

    /// What is left of a destroyed record, `None` when it was not destroyed.
    pub(in crate::archive) fn tombstone(
        &self,
        view: &dyn View,
        id: RecordId,
    ) -> Result<Option<Tombstone>, ArchiveError> {
        self.keyring.tombstone(view, id)
    }
}

impl super::keyring::Keyring {
    /// What is left of a destroyed record, `None` when it was not destroyed.
    pub(in crate::archive) fn tombstone(
        &self,
        view: &dyn View,
        id: RecordId,
    ) -> Result<Option<Tombstone>, ArchiveError> {
        let key = tombstone_key(id);
        let Some(sealed) = view.get(Table::Meta, &key)? else { return Ok(None) };
        Ok(Some(self.unseal_row(&key, &sealed)?))
    }

    /// The error for a record that is not there: destroyed, or never known.
    pub(in crate::archive) fn missing(&self, view: &dyn View, id: RecordId) -> ArchiveError {
        match self.tombstone(view, id) {
            Ok(None) => ArchiveError::NoSuchRecord(id),
            Ok(Some(Tombstone { certificate, .. })) => {
                let (on, plan) = (certificate.trusted.time.date_naive(), certificate.plan);
                let went = certificate
                    .transfer
                    .map(|transfer| format!(", after {} had confirmed that it keeps it", transfer.to));
                ArchiveError::Destroyed { id, on, plan, went: went.unwrap_or_default() }
            }
            Err(error) => error,
        }
    }
}
