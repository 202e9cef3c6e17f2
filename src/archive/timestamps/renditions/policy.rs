//! Renditions that `[renditions]` asks for: the nightly run over all contracts it names.
//!
//! What is due is made in the order in which its protection ends. Run again after an interruption, nothing is made twice: a
//! record with a fresh rendition is not due. What none can be made of is remembered with the reason, since a timestamp may
//! have been paid for.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};

use super::RenditionRefused;
use super::due::{Known, Skipped, Standing, standing};
use crate::archive::error::ArchiveError;
use crate::archive::permit::{Action, permit};
use crate::archive::timestamps::rows as evidence_rows;
use crate::archive::{Archive, ExportSelection, Principal, SearchRequest};
use crate::config::RenditionsWhen;
use crate::record::RecordId;
use crate::store::View;

/// Requests of the daily budget that stay for attesting and renewing: these protect everything, a rendition one contract.
const KEPT_REQUESTS: u32 = 4;

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RenditionRun {
    /// Records that the settings name.
    pub looked_at: u64,
    pub made: u64,
    /// How many were left alone, and why.
    pub skipped: BTreeMap<Skipped, u64>,
    /// Of these none can be made; told once.
    pub refused: Vec<RenditionRefused>,
    /// Due, and left for the next run.
    pub waiting: u64,
    /// Why the run ended before `per_run` were made, if it did.
    pub stopped: Option<String>,
}

impl Archive {
    /// Makes the renditions that are due by `[renditions]`, at most `per_run` of them and only as long as `must_stop` says
    /// no; `None` where renditions are made on demand only.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`], a condition in the settings that cannot be read, damage of the store. What keeps single
    /// records from having one is in the answer.
    pub fn make_due_renditions(
        &self,
        who: &Principal,
        must_stop: &dyn Fn() -> bool,
    ) -> Result<Option<RenditionRun>, ArchiveError> {
        permit(who, Action::Rendition)?;
        let settings = &self.config.renditions;
        if settings.when == RenditionsWhen::OnDemand {
            return Ok(None);
        }
        let mut run = RenditionRun::default();
        let due = self.due_renditions(who, &mut run, must_stop)?;
        let mut due = due.into_iter();
        for (ends, id) in due.by_ref() {
            let enough = run.made >= settings.per_run.into();
            let budget = (!enough).then(|| self.rendition_budget(&*self.store.view())).transpose()?.flatten();
            if enough || must_stop() || budget.is_some() {
                run.stopped = budget;
                run.waiting = 1 + due.len() as u64;
                break;
            }
            match self.make_rendition(who, id) {
                Ok(_) => run.made += 1,
                Err(ArchiveError::NoTimestamp(why)) => {
                    run.stopped = Some(why);
                    run.waiting = 1 + due.len() as u64;
                    break;
                }
                Err(ArchiveError::Destroyed { .. }) => {}
                Err(error) => {
                    tracing::info!(%id, %ends, "no rendition: {error}");
                    let reason = error.to_string();
                    // Damage is for fsck and fixity to tell; only what is known for certain is remembered.
                    if matches!(error, ArchiveError::NoRendition { .. }) {
                        self.remember_refusal(who, id, &reason)?;
                    }
                    run.refused.push(RenditionRefused { id, reason });
                }
            }
        }
        Ok(Some(run))
    }

    /// The records that are due, the most urgent first; the others are counted.
    fn due_renditions(
        &self,
        who: &Principal,
        run: &mut RenditionRun,
        must_stop: &dyn Fn() -> bool,
    ) -> Result<Vec<(DateTime<Utc>, RecordId)>, ArchiveError> {
        let settings = &self.config.renditions;
        let given = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let search = SearchRequest {
            counterparty: given(&settings.counterparty),
            class: given(&settings.class),
            entity: given(&settings.entity),
            date: given(&settings.period),
            ..SearchRequest::default()
        };
        let ids = self.selected(who, Action::Rendition, &ExportSelection { ids: Vec::new(), search })?;
        let now = self.now();
        let mut due = Vec::new();
        for id in ids {
            if must_stop() {
                break;
            }
            run.looked_at += 1;
            match self.rendition_standing(id, now) {
                Ok(Standing::Due { ends }) => due.push((ends, id)),
                Ok(Standing::Skipped(why)) => *run.skipped.entry(why).or_default() += 1,
                Err(ArchiveError::NoSuchRecord(_) | ArchiveError::Destroyed { .. }) => {}
                // One damaged record keeps no other from its rendition.
                Err(error) => run.refused.push(RenditionRefused { id, reason: error.to_string() }),
            }
        }
        due.sort_unstable();
        Ok(due)
    }

    fn rendition_standing(&self, id: RecordId, now: DateTime<Utc>) -> Result<Standing, ArchiveError> {
        let settings = &self.config.renditions;
        let view = self.store.view();
        let record = self.load(&*view, id)?;
        let newest = record.renditions(&*view)?.pop().map(|newest| newest.protected_until);
        let refused_at = record.rendition_refusal(&*view)?.map(|refusal| refusal.at);
        let panel = &record.facts()?.panel;
        Ok(standing(Known { panel, newest, refused_at }, settings.when, settings.months_before, now))
    }

    /// Why no more may be asked for now, if that is so.
    fn rendition_budget(&self, view: &dyn View) -> Result<Option<String>, ArchiveError> {
        let today = self.now() - Duration::days(1);
        let recent = evidence_rows::requests(view, &mut |row| row.asked_at > today)?.len();
        let budget = self.config.timestamps.daily_requests;
        let left = budget.saturating_sub(KEPT_REQUESTS) as usize;
        Ok((recent >= left).then(|| {
            format!(
                "{recent} requests were sent within a day; of [timestamps] daily_requests = {budget}, {KEPT_REQUESTS} stay \
                 for protecting new deposits and for renewal"
            )
        }))
    }
}
