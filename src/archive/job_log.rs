//! What is remembered of scheduled jobs: when each ran last, how it ended, and the runs before.
//!
//! A run is written when it begins and again when it ends, each with its journal entry. One that began and never ended was
//! interrupted; it counts as a failure, so that a job which brings the program down is not tried for ever.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Archive;
use super::committer::{Draft, Written};
use super::error::ArchiveError;
use super::principal::Principal;
use super::rows::{self, V1};
use crate::journal::Act;
use crate::store::{Batch, Direction, Table};

/// Runs kept for each job; older ones stay in the journal only.
const MAX_RUNS: usize = 100;
/// Longest message kept, in characters.
const MAX_MESSAGE_CHARS: usize = 4_000;

/// `Meta/job/<name>`: where a job stands between runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobState {
    v: V1,
    /// Since when it is scheduled.
    pub since: DateTime<Utc>,
    /// The newest occurrence of its schedule that was run.
    pub last_due: Option<DateTime<Utc>>,
    /// Failures of that occurrence; an attempt under way counts as one until it has succeeded.
    pub failures: u32,
    pub last_end: Option<DateTime<Utc>>,
    pub paused: bool,
}

/// `Meta/job-run/<name>/<number>`, sealed: one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct JobRun {
    pub job: String,
    /// Number of the journal entry with which it began.
    pub number: u64,
    pub why: JobTrigger,
    pub started_at: DateTime<Utc>,
    /// Absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    pub outcome: JobOutcome,
    /// What it did or why it failed, in both languages.
    pub message_ja: String,
    pub message_en: String,
}

/// Why a job ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobTrigger {
    Schedule,
    /// Occurrences were missed while nothing ran.
    CatchUp,
    /// An earlier attempt failed.
    Retry,
    Manual,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobOutcome {
    Running,
    Done,
    /// It ran to its end and found something that people should look at.
    Problems,
    Failed,
    /// The program ended before the job did.
    Interrupted,
}

impl Archive {
    /// Where a job stands; a job never seen before is scheduled from now on.
    ///
    /// # Errors
    /// Damage.
    pub fn job_state(&self, job: &str) -> Result<JobState, ArchiveError> {
        match self.store.view().get(Table::Meta, &state_key(job))? {
            Some(row) => rows::decode("job row", &row),
            None => Ok(JobState {
                v: V1,
                since: self.now(),
                last_due: None,
                failures: 0,
                last_end: None,
                paused: false,
            }),
        }
    }

    /// Remembers jobs that were never scheduled before, and closes runs that the program did not live to end.
    ///
    /// # Errors
    /// The store's.
    pub fn jobs_begin(&self, jobs: &[&str]) -> Result<(), ArchiveError> {
        for job in jobs {
            if self.store.view().get(Table::Meta, &state_key(job))?.is_none() {
                let state = self.job_state(job)?;
                self.write_job(&Principal::system(), job, "scheduled", state, None)?;
            }
            for mut run in self.job_runs(job)? {
                if run.outcome == JobOutcome::Running {
                    run.outcome = JobOutcome::Interrupted;
                    run.ended_at = Some(self.now());
                    run.message_ja = "実行の途中でプログラムが終了しました".into();
                    run.message_en = "the program ended while it ran".into();
                    let state = self.job_state(job)?;
                    self.write_job(&Principal::system(), job, "interrupted", state, Some(run))?;
                }
            }
        }
        Ok(())
    }

    /// Begins a run. `occurrence` is the moment of the schedule that it serves; a manual run serves none.
    ///
    /// # Errors
    /// The store's: a run that cannot be written down does not begin.
    pub fn job_started(
        &self,
        who: &Principal,
        job: &str,
        why: JobTrigger,
        occurrence: Option<DateTime<Utc>>,
    ) -> Result<JobRun, ArchiveError> {
        let mut state = self.job_state(job)?;
        if let Some(occurrence) = occurrence {
            let again = why == JobTrigger::Retry;
            state.failures = if again { state.failures.saturating_add(1) } else { 1 };
            state.last_due = Some(occurrence);
            state.last_end = Some(self.now());
        }
        let mut run = JobRun {
            job: job.to_owned(),
            number: 0,
            why,
            started_at: self.now(),
            ended_at: None,
            outcome: JobOutcome::Running,
            message_ja: String::new(),
            message_en: String::new(),
        };
        run.number = self.write_job(who, job, "started", state, Some(run.clone()))?;
        Ok(run)
    }

    /// Ends a run.
    ///
    /// # Errors
    /// The store's.
    pub fn job_ended(
        &self,
        who: &Principal,
        mut run: JobRun,
        outcome: JobOutcome,
        message: (String, String),
    ) -> Result<JobRun, ArchiveError> {
        let mut state = self.job_state(&run.job)?;
        if outcome != JobOutcome::Failed && run.why != JobTrigger::Manual {
            state.failures = 0;
        }
        state.last_end = Some(self.now());
        run.ended_at = state.last_end;
        run.outcome = outcome;
        let cut = |text: String| text.chars().take(MAX_MESSAGE_CHARS).collect();
        (run.message_ja, run.message_en) = (cut(message.0), cut(message.1));
        self.write_job(who, &run.job, "ended", state, Some(run.clone()))?;
        Ok(run)
    }

    /// Pauses a job, or resumes it.
    ///
    /// # Errors
    /// The store's.
    pub fn job_pause(&self, who: &Principal, job: &str, paused: bool) -> Result<(), ArchiveError> {
        let mut state = self.job_state(job)?;
        state.paused = paused;
        if !paused {
            // What passed while it was paused on purpose was not missed.
            state.last_due = state.last_due.max(Some(self.now()));
        }
        self.write_job(who, job, if paused { "paused" } else { "resumed" }, state, None).map(drop)
    }

    /// The runs that are remembered, newest first.
    ///
    /// # Errors
    /// Damage.
    pub fn job_runs(&self, job: &str) -> Result<Vec<JobRun>, ArchiveError> {
        let view = self.store.view();
        let (from, to) = (run_key(job, 0), run_key(job, u64::MAX));
        let mut runs = Vec::new();
        for row in view.scan(Table::Meta, &from, Some(&to), Direction::Forward) {
            let (_, sealed) = row?;
            let value = self.keyring.unseal_archive_details(&sealed)?;
            let run = serde_json::from_value(value)
                .map_err(|error| ArchiveError::Corrupt(format!("a run of job {job}: {error}")))?;
            runs.push(run);
        }
        runs.reverse();
        Ok(runs)
    }

    /// Writes state and run with their journal entry; returns its number. A run without a number gets this one.
    fn write_job(
        &self,
        who: &Principal,
        job: &str,
        event: &'static str,
        state: JobState,
        run: Option<JobRun>,
    ) -> Result<u64, ArchiveError> {
        let keyring = self.keyring.clone();
        let outdated = self.outdated_runs(job)?;
        let name = job.to_owned();
        let draft = Draft {
            actor: who.clone(),
            act: Act::Job,
            record: None,
            blob_bytes: 0,
            write: Box::new(move |stamp| {
                let details = serde_json::json!({ "job": name, "event": event, "run": run });
                let mut batch = Batch::default();
                batch.put(Table::Meta, state_key(&name), rows::encode(&state));
                if let Some(mut run) = run {
                    if run.number == 0 {
                        run.number = stamp.seq;
                    }
                    batch.put(Table::Meta, run_key(&name, run.number), keyring.seal_archive_details(&run)?);
                }
                for key in outdated {
                    batch.delete(Table::Meta, key);
                }
                Ok(Written { details: Some(keyring.seal_archive_details(&details)?), batch })
            }),
        };
        Ok(self.committer.commit(draft)?.seq)
    }

    fn outdated_runs(&self, job: &str) -> Result<Vec<Vec<u8>>, ArchiveError> {
        let view = self.store.view();
        let rows =
            view.scan(Table::Meta, &run_key(job, 0), Some(&run_key(job, u64::MAX)), Direction::Reverse);
        rows.skip(MAX_RUNS).map(|row| Ok(row?.0)).collect()
    }
}

fn state_key(job: &str) -> Vec<u8> {
    [b"job/", job.as_bytes()].concat()
}

fn run_key(job: &str, number: u64) -> Vec<u8> {
    [b"job-run/", job.as_bytes(), b"/", &number.to_be_bytes()].concat()
}
