//! Running jobs one at a time, and telling where each stands.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, TryLockError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::cron::Cron;
use super::list::{Context, Finding, JOBS, Job};
use super::schedule::{Due, Past, due};
use crate::archive::permit::{Action, permit};
use crate::archive::{Archive, ArchiveError, JobOutcome, JobRun, JobTrigger, Principal};
use crate::config::ConfigError;

/// The jobs of one archive. At most one runs at a time: they read a lot, and people are searching meanwhile.
pub struct Runner {
    archive: Arc<Archive>,
    /// Schedules by name; `None`: switched off.
    schedules: BTreeMap<&'static str, Option<Cron>>,
    running: Mutex<()>,
    /// Set when the server stops.
    stopping: Arc<AtomicBool>,
}

/// A job as lists show it.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct JobView {
    pub name: String,
    pub title_ja: String,
    pub title_en: String,
    /// Five fields as in crontab, in the archive's zone; absent when the job is switched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    pub paused: bool,
    /// The archive's time zone, which the schedule is in: `Asia/Tokyo`.
    #[serde(default)]
    pub zone: String,
    /// When it runs next; absent when it is off or paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<DateTime<Utc>>,
    /// The newest run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<JobRun>,
}

impl Runner {
    /// Reads the schedules.
    ///
    /// # Errors
    /// A setting in `[jobs]` that names no job, or is no schedule.
    pub fn new(archive: Arc<Archive>) -> Result<Self, ArchiveError> {
        let set = &archive.config().jobs;
        let invalid = |message: String| {
            let path = archive.layout().config();
            ArchiveError::Config(ConfigError::Invalid { path, message })
        };
        if let Some(unknown) = set.keys().find(|name| job(name).is_none()) {
            return Err(invalid(format!("[jobs] there is no job {unknown:?}; the jobs are: {}", names())));
        }
        let mut schedules = BTreeMap::new();
        for job in &JOBS {
            let text = set.get(job.name).map_or(job.schedule, String::as_str);
            let schedule = if text == "off" { None } else { Some(text.parse::<Cron>()) };
            let schedule =
                schedule.transpose().map_err(|error| invalid(format!("[jobs] {}: {error}", job.name)))?;
            schedules.insert(job.name, schedule);
        }
        Ok(Self { archive, schedules, running: Mutex::new(()), stopping: Arc::default() })
    }

    /// Remembers the jobs and closes runs that were cut off.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn begin(&self) -> Result<(), ArchiveError> {
        self.archive.jobs_begin(&JOBS.each_ref().map(|job| job.name))
    }

    /// Tells the job that runs to end soon; none is begun by the schedule any more.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Every job, and where it stands.
    ///
    /// # Errors
    /// Damage.
    pub fn list(&self, who: &Principal) -> Result<Vec<JobView>, ArchiveError> {
        permit(who, Action::JobsList)?;
        JOBS.iter().map(|job| self.view(job)).collect()
    }

    fn view(&self, job: &Job) -> Result<JobView, ArchiveError> {
        let now = self.archive.now();
        let next = match self.due(job, now)? {
            None | Some(Due::Paused) => None,
            Some(Due::Later(at)) => Some(at),
            Some(Due::Now { .. } | Due::Retry { .. }) => Some(now),
        };
        Ok(JobView {
            name: job.name.into(),
            title_ja: job.title_ja.into(),
            title_en: job.title_en.into(),
            schedule: self.schedules.get(job.name).and_then(Option::as_ref).map(ToString::to_string),
            paused: self.archive.job_state(job.name)?.paused,
            zone: self.archive.config().archive.zone.name().to_owned(),
            next,
            last: self.archive.job_runs(job.name)?.into_iter().next(),
        })
    }

    /// Runs of one job or of all, newest first.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`] for a job that does not exist; damage.
    pub fn history(&self, who: &Principal, name: Option<&str>) -> Result<Vec<JobRun>, ArchiveError> {
        permit(who, Action::JobsList)?;
        let mut runs = Vec::new();
        match name {
            Some(name) => runs = self.archive.job_runs(named(name)?.name)?,
            None => {
                for job in &JOBS {
                    runs.extend(self.archive.job_runs(job.name)?);
                }
            }
        }
        runs.sort_by_key(|run| std::cmp::Reverse(run.number));
        Ok(runs)
    }

    /// Runs a job now, because somebody asked for it.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`] for a job that does not exist; [`ArchiveError::Conflict`] while another one runs.
    pub fn run(&self, who: &Principal, name: &str) -> Result<JobRun, ArchiveError> {
        permit(who, Action::JobsRun)?;
        self.run_job(who, named(name)?, JobTrigger::Manual, None)
    }

    /// Pauses a job, or resumes it.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`] for a job that does not exist; the store's.
    pub fn pause(&self, who: &Principal, name: &str, paused: bool) -> Result<JobView, ArchiveError> {
        permit(who, Action::JobsRun)?;
        let job = named(name)?;
        self.archive.job_pause(who, job.name, paused)?;
        self.view(job)
    }

    /// Runs the first job that is due; `false` when none is.
    ///
    /// # Errors
    /// The store's. A job that fails is no error here: its run says so.
    pub(super) fn run_next(&self) -> Result<bool, ArchiveError> {
        for job in &JOBS {
            let (why, occurrence) = match self.due(job, self.archive.now())? {
                Some(Due::Now { occurrence, missed: 0 }) => (JobTrigger::Schedule, occurrence),
                Some(Due::Now { occurrence, .. }) => (JobTrigger::CatchUp, occurrence),
                Some(Due::Retry { occurrence, .. }) => (JobTrigger::Retry, occurrence),
                None | Some(Due::Later(_) | Due::Paused) => continue,
            };
            return match self.run_job(&Principal::system(), job, why, Some(occurrence)) {
                Ok(_) => Ok(true),
                // Somebody runs one by hand at this moment; the schedule waits for the next look.
                Err(ArchiveError::Conflict(_)) => Ok(false),
                Err(error) => Err(error),
            };
        }
        Ok(false)
    }

    /// What is to be done about a job; `None` when it is switched off.
    fn due(&self, job: &Job, now: DateTime<Utc>) -> Result<Option<Due>, ArchiveError> {
        let Some(Some(cron)) = self.schedules.get(job.name) else { return Ok(None) };
        let state = self.archive.job_state(job.name)?;
        let past = Past {
            since: state.since,
            last_due: state.last_due,
            failures: state.failures,
            last_end: state.last_end,
            paused: state.paused,
        };
        Ok(Some(due(&past, cron, now, self.archive.config().archive.zone)))
    }

    fn run_job(
        &self,
        who: &Principal,
        job: &Job,
        why: JobTrigger,
        occurrence: Option<DateTime<Utc>>,
    ) -> Result<JobRun, ArchiveError> {
        let _alone = match self.running.try_lock() {
            Ok(alone) => alone,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                return Err(ArchiveError::Conflict("another job is running; wait until it has ended".into()));
            }
        };
        let run = self.archive.job_started(who, job.name, why, occurrence)?;
        tracing::info!(job = job.name, ?why, "job started");
        let context = Context::new(job, Arc::clone(&self.stopping));
        // A panic in one job must not end the schedule of all.
        // The archive itself does the work: whoever asked for it need not be able to see what it reads.
        let system = Principal::system();
        let done = catch_unwind(AssertUnwindSafe(|| (job.run)(&self.archive, &system, &context)));
        let (outcome, message) = match done {
            Ok(Ok(Finding { outcome, ja, en })) => (outcome, (ja, en)),
            Ok(Err(error)) => (JobOutcome::Failed, (format!("失敗しました: {error}"), error.to_string())),
            Err(_) => (
                JobOutcome::Failed,
                ("内部エラーで失敗しました".into(), "it failed with an internal error".into()),
            ),
        };
        tracing::info!(job = job.name, ?outcome, "job ended");
        self.archive.job_ended(who, run, outcome, message)
    }
}

fn job(name: &str) -> Option<&'static Job> {
    JOBS.iter().find(|job| job.name == name)
}

fn names() -> String {
    JOBS.each_ref().map(|job| job.name).join(", ")
}

fn named(name: &str) -> Result<&'static Job, ArchiveError> {
    job(name).ok_or_else(|| ArchiveError::NotFound(format!("job {name:?}; the jobs are: {}", names())))
}

#[cfg(test)]
#[path = "runner_tests.rs"]
mod tests;
