//! The fiscal years of our own legal entities: as the settings say, until somebody writes others into the archive.
//!
//! A loss is declared after the year and lengthens the year's documents at once. A change that would shorten the periods
//! of a year that is over waits for a second person (`fiscal_years_consent.rs`).

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use super::Archive;
use super::committer::{Draft, Written};
use super::correct::checked_reason;
use super::error::ArchiveError;
use super::fiscal_years_consent::ProposedCalendar;
use super::permit::{Action, permit, permit_for};
use super::principal::Principal;
use super::rows::{V1, meta};
use crate::journal::Act;
use crate::retention::{Calendar, CalendarSettings, FiscalYear, Gap};
use crate::store::{Batch, Table};

/// Years before and after today that a list shows.
const SHOWN_DAYS: u64 = 12 * 366;
/// Fiscal years that a list shows of one entity.
const SHOWN_YEARS: usize = 100;

/// `Meta/fiscal-years/<HMAC of the entity>`: the calendar written into the archive. Sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CalendarRow {
    pub v: V1,
    pub entity: String,
    pub calendar: Calendar,
}

/// Sealed into the journal entry of a change.
#[derive(Serialize)]
pub(super) struct CalendarChanged<'a> {
    pub what: &'static str,
    pub entity: &'a str,
    pub reason: &'a str,
    pub before: &'a Calendar,
    pub after: &'a Calendar,
    /// Who proposed what somebody else consented to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposed_by: Option<&'a str>,
}

/// The fiscal years of one legal entity.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FiscalYearsView {
    pub entity: String,
    /// Written into the archive; otherwise it is as `shosoin.toml` says.
    pub stored: bool,
    /// The calendar as it was written.
    pub calendar: CalendarSettings,
    /// The years known around today, oldest first, with filing extension and loss.
    pub years: Vec<FiscalYear>,
    /// Days between listed years that belong to none: usually a year that was forgotten.
    pub gaps: Vec<Gap>,
    /// Another calendar that would shorten periods, and waits for a second person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed: Option<ProposedCalendar>,
}

/// A loss that has become known.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LossDeclaration {
    /// Our own legal entity; the archive's only one by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// A day of the fiscal year, as people write days; its last one is the clearest.
    pub year: String,
    pub reason: String,
}

/// Another fiscal calendar.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FiscalYearsChange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    pub calendar: CalendarSettings,
    pub reason: String,
}

impl Archive {
    /// The fiscal years of every entity that `who` has to do with.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`], or damage.
    pub fn fiscal_years(&self, who: &Principal) -> Result<Vec<FiscalYearsView>, ArchiveError> {
        permit(who, Action::FiscalYears)?;
        let names = self.config.entities.iter().map(|entity| entity.name.as_str());
        names.filter(|name| who.scope.covers(name)).map(|name| self.fiscal_years_of(name)).collect()
    }

    /// Writes another calendar. One that would shorten the periods of a year that is over is proposed, and nothing changes
    /// until somebody else consents.
    ///
    /// # Errors
    /// [`ArchiveError::Invalid`] for a calendar that cannot be.
    pub fn set_fiscal_years(
        &self,
        who: &Principal,
        change: FiscalYearsChange,
    ) -> Result<FiscalYearsView, ArchiveError> {
        let entity = self.entity_named(change.entity.as_deref())?;
        permit_for(who, Action::RetentionChange, &entity)?;
        let after =
            Calendar::new(change.calendar).map_err(|error| ArchiveError::Invalid(error.to_string()))?;
        self.write_calendar(who, &entity, after, &change.reason)
    }

    /// Marks a fiscal year as one with a loss: all its documents are kept longer.
    ///
    /// # Errors
    /// [`ArchiveError::Invalid`] when the day lies in no known fiscal year.
    pub fn declare_loss(
        &self,
        who: &Principal,
        declaration: &LossDeclaration,
    ) -> Result<FiscalYearsView, ArchiveError> {
        let entity = self.entity_named(declaration.entity.as_deref())?;
        permit_for(who, Action::RetentionChange, &entity)?;
        let day = crate::record::date::parse_date(&declaration.year)
            .map_err(|error| ArchiveError::Invalid(format!("year: {error}")))?;
        let before = self.calendar(&entity)?;
        let year = before.year_of(day).ok_or_else(|| {
            ArchiveError::Invalid(format!(
                "no fiscal year of {entity} with the day {day} is known; list it first"
            ))
        })?;
        let mut settings = before.settings().clone();
        settings.fiscal_years.retain(|listed| listed.start != year.start);
        settings.fiscal_years.push(FiscalYear { loss: true, ..year });
        let after = Calendar::new(settings).map_err(|error| ArchiveError::Invalid(error.to_string()))?;
        self.write_calendar(who, &entity, after, &declaration.reason)
    }

    /// The calendar in force.
    pub(super) fn calendar(&self, entity: &str) -> Result<Calendar, ArchiveError> {
        if let Some(row) = self.calendar_row(entity)? {
            return Ok(row.calendar);
        }
        let named = self.config.entities.iter().find(|configured| configured.name == entity);
        named.map(|configured| configured.calendar.clone()).ok_or_else(|| {
            ArchiveError::Invalid(format!("shosoin.toml names no entity {entity:?}; add it again"))
        })
    }

    fn calendar_row(&self, entity: &str) -> Result<Option<CalendarRow>, ArchiveError> {
        let key = self.calendar_key(entity);
        let Some(sealed) = self.store.view().get(Table::Meta, &key)? else { return Ok(None) };
        Ok(Some(self.keyring.unseal_row(&key, &sealed)?))
    }

    pub(super) fn calendar_key(&self, entity: &str) -> Vec<u8> {
        [meta::FISCAL_YEARS_PREFIX, &self.keyring.mac("fiscal-years", &[entity.as_bytes()])].concat()
    }

    pub(super) fn entity_named(&self, name: Option<&str>) -> Result<String, ArchiveError> {
        Ok(self.config.entity(name).map_err(ArchiveError::Invalid)?.name.clone())
    }

    fn write_calendar(
        &self,
        who: &Principal,
        entity: &str,
        after: Calendar,
        reason: &str,
    ) -> Result<FiscalYearsView, ArchiveError> {
        let reason = checked_reason(reason)?;
        let _one = self.destruction_lock();
        let before = self.calendar(entity)?;
        if shortened(&before, &after, self.today()) {
            self.propose_calendar(who, entity, (before, after), reason)?;
            return self.fiscal_years_of(entity);
        }
        let key = self.calendar_key(entity);
        let row = CalendarRow { v: V1, entity: entity.to_owned(), calendar: after.clone() };
        let sealed = self.keyring.seal_row(&key, &row)?;
        let what = "fiscal years";
        let (reason, before, after) = (&reason, &before, &after);
        let details = CalendarChanged { what, entity, reason, before, after, proposed_by: None };
        let details = Some(self.keyring.seal_archive_details(&details)?);
        self.committer.commit(Draft {
            actor: who.clone(),
            act: Act::Config,
            record: None,
            blob_bytes: 0,
            write: Box::new(move |_| {
                let mut batch = Batch::default();
                batch.put(Table::Meta, key, sealed);
                Ok(Written { details, batch })
            }),
        })?;
        self.ask_for_reevaluation()?;
        self.fiscal_years_of(entity)
    }

    pub(super) fn fiscal_years_of(&self, entity: &str) -> Result<FiscalYearsView, ArchiveError> {
        let calendar = self.calendar(entity)?;
        let today = self.today();
        let from = today.checked_sub_days(Days::new(SHOWN_DAYS)).unwrap_or(today);
        let to = today.checked_add_days(Days::new(366)).unwrap_or(today);
        Ok(FiscalYearsView {
            entity: entity.to_owned(),
            stored: self.calendar_row(entity)?.is_some(),
            years: calendar.years_between(from, to, SHOWN_YEARS),
            gaps: calendar.gaps(),
            proposed: self.proposed_calendar(entity)?,
            calendar: calendar.settings().clone(),
        })
    }
}

/// Whether `after` would keep documents of a fiscal year that is over for a shorter time than `before`. Pure.
fn shortened(before: &Calendar, after: &Calendar, today: NaiveDate) -> bool {
    let oldest = before.settings().fiscal_years.first().map_or(today, |year| year.start);
    let century = today.checked_sub_days(Days::new(100 * 366)).unwrap_or(oldest);
    let mut day = oldest.min(today.checked_sub_days(Days::new(SHOWN_DAYS)).unwrap_or(oldest)).max(century);
    while day < today {
        if let (Some(old), Some(new)) = (before.year_of(day), after.year_of(day)) {
            let shorter = new.end < old.end
                || new.filing_extension_months < old.filing_extension_months
                || (old.loss && !new.loss);
            if shorter && old.end < today {
                return true;
            }
        }
        let Some(next) = day.succ_opt() else { return false };
        day = next;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn calendar(ends: &str, years: &[(&str, &str, u8, bool)]) -> Calendar {
        Calendar::new(CalendarSettings {
            fiscal_year_ends: Some(ends.parse().unwrap()),
            filing_extension_months: 0,
            fiscal_years: years
                .iter()
                .map(|(start, end, filing_extension_months, loss)| FiscalYear {
                    start: day(start),
                    end: day(end),
                    filing_extension_months: *filing_extension_months,
                    loss: *loss,
                })
                .collect(),
        })
        .unwrap()
    }

    #[test]
    fn a_closed_year_keeps_its_loss_its_extension_and_its_end() {
        let today = day("2026-11-22");
        let before = calendar("03-31", &[("2025-04-01", "2026-03-31", 1, true)]);
        assert!(!shortened(&before, &before, today));
        for worse in [
            calendar("03-31", &[("2025-04-01", "2026-03-31", 1, false)]),
            calendar("03-31", &[("2025-04-01", "2026-03-31", 0, true)]),
            calendar("03-31", &[("2025-04-01", "2025-12-31", 1, true)]),
        ] {
            assert!(shortened(&before, &worse, today), "{worse:?}");
        }
    }

    #[test]
    fn a_loss_an_extension_and_a_change_of_the_running_year_are_taken() {
        let today = day("2026-11-22");
        let before = calendar("03-31", &[]);
        for better in [
            calendar("03-31", &[("2025-04-01", "2026-03-31", 0, true)]),
            calendar("03-31", &[("2025-04-01", "2026-03-31", 2, false)]),
            calendar(
                "12-31",
                &[("2025-04-01", "2026-03-31", 0, false), ("2026-04-01", "2026-12-31", 0, false)],
            ),
        ] {
            assert!(!shortened(&before, &better, today), "{better:?}");
        }
    }
}
