//! The page of scheduled jobs: when each runs next, how it went last.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::display;
use super::page::Page;
use super::text::Text;
use crate::archive::{Archive, JobOutcome, JobRun};
use crate::jobs::JobView;
use crate::retention::Lang;
use crate::web::auth::Who;
use crate::web::{App, Problem};

/// Runs shown below the list.
const RUNS_SHOWN: usize = 30;

#[derive(Template)]
#[template(path = "jobs.html")]
struct JobsTemplate {
    page: Page,
    /// How far the daily backup follows; absent when nothing is shipped.
    shipping: Option<(&'static str, String)>,
    jobs: Vec<JobRow>,
    runs: Vec<RunRow>,
}

struct JobRow {
    name: String,
    title: String,
    schedule: String,
    next: String,
    last: Option<RunRow>,
}

/// A run in words.
pub(super) struct RunRow {
    pub job: String,
    pub at: String,
    pub seconds: String,
    pub outcome: &'static str,
    pub tone: &'static str,
    pub message: String,
}

/// `GET /jobs`
pub async fn jobs(State(app): State<App>, Who(who): Who, page: Page) -> Result<Response, Problem> {
    let (jobs, asker) = (app.jobs.clone(), who.clone());
    let (list, mut runs) = app.run(move |_| Ok((jobs.list(&asker)?, jobs.history(&asker, None)?))).await?;
    runs.truncate(RUNS_SHOWN);
    let zone = app.archive.config().archive.zone;
    let page = page.signed_in(&who);
    let (t, lang) = (page.t, page.lang);
    let template = JobsTemplate {
        shipping: shipping(&app.archive, t),
        jobs: list.into_iter().map(|job| job_row(job, zone, t, lang)).collect(),
        runs: runs.into_iter().map(|run| run_row(run, zone, t, lang)).collect(),
        page,
    };
    super::render(StatusCode::OK, &template)
}

/// Its tone, and what there is to tell.
fn shipping(archive: &Archive, t: &'static Text) -> Option<(&'static str, String)> {
    let status = archive.ship_status();
    if let Some(failing) = status.failing {
        return Some(("bad", format!("{} {failing}", t.ship_failing)));
    }
    let lag = status.lag_seconds(archive.journal_size(), archive.now())?;
    Some(("good", format!("{} {lag} {}", t.ship_lag, t.seconds)))
}

fn job_row(job: JobView, zone: chrono_tz::Tz, t: &'static Text, lang: Lang) -> JobRow {
    let next = match (job.paused, job.next) {
        (true, _) => t.job_paused.to_owned(),
        (false, Some(at)) => display::instant(at, zone, lang),
        (false, None) => t.job_off.to_owned(),
    };
    JobRow {
        name: job.name,
        title: match lang {
            Lang::Ja => job.title_ja,
            Lang::En => job.title_en,
        },
        schedule: job.schedule.unwrap_or_default(),
        next,
        last: job.last.map(|run| run_row(run, zone, t, lang)),
    }
}

/// Says a run in the language of the page.
pub(super) fn run_row(run: JobRun, zone: chrono_tz::Tz, t: &'static Text, lang: Lang) -> RunRow {
    let (outcome, tone) = match run.outcome {
        JobOutcome::Running => (t.job_running, ""),
        JobOutcome::Done => (t.job_done, "good"),
        JobOutcome::Problems => (t.job_problems, "bad"),
        JobOutcome::Failed => (t.job_failed, "bad"),
        JobOutcome::Interrupted => (t.job_interrupted, "bad"),
    };
    let seconds = run.ended_at.map(|end| (end - run.started_at).num_seconds().max(0));
    RunRow {
        job: run.job,
        at: display::instant(run.started_at, zone, lang),
        seconds: seconds.map(|seconds| format!("{seconds} {}", t.seconds)).unwrap_or_default(),
        outcome,
        tone,
        message: match lang {
            Lang::Ja => run.message_ja,
            Lang::En => run.message_en,
        },
    }
}
