//! A fiscal calendar that would shorten the periods of a year that is over: proposed by one person, taken with the consent of
//! another.
//!
//! What records were once promised holds beside it (`RecordRow::promised`): those in compliance mode keep their dates, those
//! in governance mode can be shortened afterwards (`shorten.rs`). Contracts that come later follow the new calendar.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Archive;
use super::error::ArchiveError;
use super::fiscal_years::{CalendarChanged, CalendarRow, FiscalYearsView};
use super::permit::{Action, permit_for, permit_second};
use super::principal::Principal;
use super::rows::V1;
use crate::journal::Act;
use crate::retention::{Calendar, CalendarSettings};
use crate::store::{Batch, Table};

/// `Meta/fiscal-years/<HMAC of the entity>/proposed`: the newest proposal, until somebody consents. Sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProposalRow {
    v: V1,
    entity: String,
    before: Calendar,
    after: Calendar,
    proposed_by: String,
    proposed_at: DateTime<Utc>,
    reason: String,
}

/// A calendar that waits for a second person.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProposedCalendar {
    pub calendar: CalendarSettings,
    pub proposed_by: String,
    pub proposed_at: DateTime<Utc>,
    pub reason: String,
}

/// Consent to the calendar that was proposed for an entity.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarApproval {
    /// Our own legal entity; the archive's only one by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
}

impl Archive {
    /// Keeps a calendar until somebody else consents to it; an earlier proposal for the entity ends.
    pub(super) fn propose_calendar(
        &self,
        who: &Principal,
        entity: &str,
        (before, after): (Calendar, Calendar),
        reason: String,
    ) -> Result<(), ArchiveError> {
        let key = self.proposal_key(entity);
        let earlier = self.store.view().get(Table::Meta, &key)?;
        let (entity, proposed_by, proposed_at) = (entity.to_owned(), who.name.clone(), self.clock.now());
        let row = ProposalRow { v: V1, entity, before, after, proposed_by, proposed_at, reason };
        self.write_sealed_row(who, Act::Config, (key, &row), earlier, &row)
    }

    /// Takes over the calendar that was proposed for an entity, as the second person. Every record is decided once more under
    /// the calendar of before, which takes a while in a large archive.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`] without a proposal; [`ArchiveError::Forbidden`] for its author;
    /// [`ArchiveError::Conflict`] when the calendar has changed since.
    pub fn approve_fiscal_years(
        &self,
        who: &Principal,
        approval: &CalendarApproval,
    ) -> Result<FiscalYearsView, ArchiveError> {
        let entity = self.entity_named(approval.entity.as_deref())?;
        permit_for(who, Action::RetentionShorten, &entity)?;
        let key = self.proposal_key(&entity);
        let sealed = self.store.view().get(Table::Meta, &key)?.ok_or_else(|| {
            ArchiveError::NotFound(format!("proposal of another fiscal calendar of {entity}"))
        })?;
        let row: ProposalRow = self.keyring.unseal_row(&key, &sealed)?;
        permit_second(who, Action::RetentionShorten, &row.proposed_by)?;
        self.write_down_promises()?;
        let _one = self.destruction_lock();
        if self.calendar(&entity)? != row.before {
            return Err(ArchiveError::Conflict(format!(
                "the fiscal calendar of {entity} has changed since it was proposed; propose it again"
            )));
        }
        let calendar_key = self.calendar_key(&entity);
        let calendar = CalendarRow { v: V1, entity: entity.clone(), calendar: row.after.clone() };
        let mut batch = Batch::default();
        batch.expect_value(Table::Meta, key.clone(), sealed);
        batch.delete(Table::Meta, key);
        batch.put(Table::Meta, calendar_key.clone(), self.keyring.seal_row(&calendar_key, &calendar)?);
        let details = CalendarChanged {
            what: "fiscal years",
            entity: &entity,
            reason: &row.reason,
            before: &row.before,
            after: &row.after,
            proposed_by: Some(&row.proposed_by),
        };
        self.write_with_note(who, Act::Config, &details, batch)?;
        self.ask_for_reevaluation()?;
        self.fiscal_years_of(&entity)
    }

    /// Brings the date in every row up to the present calendar: only what stands there holds against the next one.
    fn write_down_promises(&self) -> Result<(), ArchiveError> {
        self.ask_for_reevaluation()?;
        match self.finish_reevaluation(&|| false)?.failures {
            0 => Ok(()),
            failures => Err(ArchiveError::Conflict(format!(
                "{failures} records could not be decided under the present calendar; run `shosoin fsck`, then consent again"
            ))),
        }
    }

    /// What waits for consent.
    pub(super) fn proposed_calendar(&self, entity: &str) -> Result<Option<ProposedCalendar>, ArchiveError> {
        let key = self.proposal_key(entity);
        let Some(sealed) = self.store.view().get(Table::Meta, &key)? else { return Ok(None) };
        let ProposalRow { after, proposed_by, proposed_at, reason, .. } =
            self.keyring.unseal_row(&key, &sealed)?;
        Ok(Some(ProposedCalendar { calendar: after.settings().clone(), proposed_by, proposed_at, reason }))
    }

    fn proposal_key(&self, entity: &str) -> Vec<u8> {
        [self.calendar_key(entity).as_slice(), b"/proposed"].concat()
    }
}
