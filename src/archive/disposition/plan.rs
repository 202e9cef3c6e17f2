//! Planning and approving: the list with its reasons, and the second person's consent to its digest.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::transfer::checked_name;
use super::{Approval, Confirmed, PlanItem, PlanRow, PlanView, plan_key};
use crate::archive::Archive;
use crate::archive::error::ArchiveError;
use crate::archive::permit::{Action, permit, permit_second};
use crate::archive::principal::Principal;
use crate::archive::rows::{self, V1};
use crate::journal::Act;
use crate::record::{Digest, RecordId};
use crate::retention::{Lang, Outcome, sentence};

/// Records of one plan: more than one person can review.
pub const MAX_ITEMS: usize = 1_000;

/// What to plan.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PlanRequest {
    /// These records only, each of which must be eligible; everything eligible (at most 1,000) when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<RecordId>,
    /// The archive that the records go to; they are destroyed here only after it has confirmed that it keeps them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer_to: Option<String>,
}

/// What the digest of a plan is over, as JSON.
#[derive(Serialize)]
struct Digested<'a> {
    plan: Uuid,
    as_of: NaiveDate,
    items: &'a [PlanItem],
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_to: Option<&'a str>,
}

/// Sealed into the journal entry of a plan or its approval.
#[derive(Serialize)]
struct PlanDetails<'a> {
    plan: Uuid,
    digest: Digest,
    records: Vec<RecordId>,
    author: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmed: Option<&'a Confirmed>,
}

impl Archive {
    /// Lists what is eligible, with reasons, for somebody else to approve. Destroys nothing.
    ///
    /// # Errors
    /// [`ArchiveError::Refused`] or [`ArchiveError::Held`] for a record that is asked for and not eligible.
    pub fn disposition_plan(&self, who: &Principal, request: &PlanRequest) -> Result<PlanView, ArchiveError> {
        permit(who, Action::DispositionPlan)?;
        let as_of = self.today();
        let transfer_to = request.transfer_to.as_deref().map(checked_name).transpose()?;
        let items = match request.ids.as_slice() {
            [] => self.eligible_items(as_of)?,
            ids if ids.len() > MAX_ITEMS => {
                return Err(ArchiveError::Invalid(format!("a plan has at most {MAX_ITEMS} records")));
            }
            ids => ids.iter().map(|id| self.item_asked_for(*id)).collect::<Result<_, _>>()?,
        };
        let plan = Uuid::now_v7();
        let digest = digested(plan, as_of, &items, transfer_to.as_deref());
        let (author, planned_at) = (who.name.clone(), self.clock.now());
        let (approval, performed) = (None, None);
        let row = PlanRow {
            v: V1,
            plan,
            author,
            planned_at,
            as_of,
            items,
            digest,
            transfer_to,
            packaged: None,
            confirmed: None,
            approval,
            performed,
        };
        self.write_plan(who, Act::DispositionPlan, &row, None)?;
        Ok(row.into())
    }

    /// Plans what is eligible, unless there is nothing or a plan waits already: what the monthly job does.
    ///
    /// # Errors
    /// As [`disposition_plan`](Self::disposition_plan).
    pub fn disposition_plan_if_due(&self, who: &Principal) -> Result<Option<PlanView>, ArchiveError> {
        permit(who, Action::DispositionPlan)?;
        let rows = self.plan_rows(&*self.store.view())?;
        let waits = rows.iter().any(|row| row.performed.is_none() && !row.items.is_empty());
        if waits || self.eligible_items(self.today())?.is_empty() {
            return Ok(None);
        }
        self.disposition_plan(who, &PlanRequest::default()).map(Some)
    }

    /// Consents to a plan. Takes somebody other than its author; `digest`, when given, must be the plan's.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`] for the author; [`ArchiveError::Conflict`] when the digest is another one.
    pub fn disposition_approve(
        &self,
        who: &Principal,
        plan: &str,
        digest: Option<Digest>,
    ) -> Result<PlanView, ArchiveError> {
        permit(who, Action::DispositionApprove)?;
        let (row, stored) = self.plan_row(&*self.store.view(), plan)?;
        permit_second(who, Action::DispositionApprove, &row.author)?;
        if row.approval.is_some() {
            return Err(ArchiveError::Conflict(format!("plan {plan} is approved already")));
        }
        let computed = digested(row.plan, row.as_of, &row.items, row.transfer_to.as_deref());
        if computed != row.digest || digest.is_some_and(|digest| digest != row.digest) {
            return Err(ArchiveError::Conflict(format!(
                "the digest of plan {plan} is {}; look at it again before approving",
                row.digest
            )));
        }
        let approval = Some(Approval { by: who.name.clone(), at: self.clock.now() });
        let row = PlanRow { approval, ..row };
        self.write_plan(who, Act::DispositionApprove, &row, Some(stored))?;
        Ok(row.into())
    }

    /// All plans, newest first.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`], or damage.
    pub fn disposition_list(&self, who: &Principal) -> Result<Vec<PlanView>, ArchiveError> {
        permit(who, Action::DispositionList)?;
        let rows = self.plan_rows(&*self.store.view())?;
        Ok(rows.into_iter().map(PlanView::from).collect())
    }

    /// One plan.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`], or damage.
    pub fn disposition_show(&self, who: &Principal, plan: &str) -> Result<PlanView, ArchiveError> {
        permit(who, Action::DispositionList)?;
        Ok(self.plan_row(&*self.store.view(), plan)?.0.into())
    }

    /// Records that are eligible and under no hold, the longest over first.
    fn eligible_items(&self, today: NaiveDate) -> Result<Vec<PlanItem>, ArchiveError> {
        let mut items = Vec::new();
        for (_, id) in self.ending_before(today)? {
            let item = self.item(id)?;
            if item.decision.decision == Outcome::Eligible {
                items.push(item);
            }
            if items.len() == MAX_ITEMS {
                break;
            }
        }
        Ok(items)
    }

    fn item_asked_for(&self, id: RecordId) -> Result<PlanItem, ArchiveError> {
        let item = self.item(id)?;
        let decision = &item.decision;
        match decision.decision {
            Outcome::Eligible => Ok(item),
            Outcome::Held => {
                Err(ArchiveError::Held(format!("record {id}: {}", sentence(decision, Lang::En))))
            }
            Outcome::Retain => {
                Err(ArchiveError::Refused(format!("record {id}: {}", sentence(decision, Lang::En))))
            }
        }
    }

    fn item(&self, id: RecordId) -> Result<PlanItem, ArchiveError> {
        let view = self.store.view();
        let record = self.load(&*view, id)?;
        let versions = record.versions(&*view)?;
        let (decision, _) = self.decision(&record, &versions)?;
        let metadata = versions.into_iter().last().map(|version| version.metadata);
        let metadata =
            metadata.ok_or_else(|| ArchiveError::Corrupt(format!("record {id} has no version")))?;
        Ok(PlanItem { id, class: metadata.class, entity: metadata.entity, decision })
    }

    /// Writes a plan's row with its journal entry; `before` is the row as it was.
    pub(super) fn write_plan(
        &self,
        who: &Principal,
        act: Act,
        row: &PlanRow,
        before: Option<Vec<u8>>,
    ) -> Result<(), ArchiveError> {
        let key = plan_key(row.plan);
        let records = row.items.iter().map(|item| item.id).collect();
        let details = PlanDetails {
            plan: row.plan,
            digest: row.digest,
            records,
            author: &row.author,
            transfer_to: row.transfer_to.as_deref(),
            confirmed: row.confirmed.as_ref(),
        };
        self.write_sealed_row(who, act, (key, row), before, &details)
    }
}

/// What the second person consents to: SHA-256 over the plan as JSON.
fn digested(plan: Uuid, as_of: NaiveDate, items: &[PlanItem], transfer_to: Option<&str>) -> Digest {
    Digest::of(&rows::encode(&Digested { plan, as_of, items, transfer_to }))
}
