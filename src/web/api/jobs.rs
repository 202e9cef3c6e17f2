//! Scheduled jobs: the list, their history, running one by hand, pausing.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use super::{Body, Params, PathOf};
use crate::archive::JobRun;
use crate::jobs::JobView;
use crate::web::auth::Who;
use crate::web::{App, Problem};

/// Every job, when it runs next, and how it went last.
#[utoipa::path(get, path = "/api/v1/jobs", responses((status = 200, body = Vec<JobView>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn list(State(app): State<App>, Who(who): Who) -> Result<Json<Vec<JobView>>, Problem> {
    let jobs = app.jobs.clone();
    Ok(Json(app.run(move |_| jobs.list(&who)).await?))
}

/// Whose runs.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryParams {
    /// Only runs of this job.
    pub job: Option<String>,
}

/// Runs, newest first.
#[utoipa::path(get, path = "/api/v1/jobs/history", params(HistoryParams),
    responses((status = 200, body = Vec<JobRun>), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn history(
    State(app): State<App>,
    Who(who): Who,
    Params(params): Params<HistoryParams>,
) -> Result<Json<Vec<JobRun>>, Problem> {
    let jobs = app.jobs.clone();
    Ok(Json(app.run(move |_| jobs.history(&who, params.job.as_deref())).await?))
}

/// Run a job now. Answers when it has ended.
#[utoipa::path(post, path = "/api/v1/jobs/{name}/runs", params(("name" = String, Path)),
    responses((status = 200, body = JobRun), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
pub async fn run(
    State(app): State<App>,
    Who(who): Who,
    PathOf(name): PathOf<String>,
) -> Result<Json<JobRun>, Problem> {
    let jobs = app.jobs.clone();
    Ok(Json(app.run(move |_| jobs.run(&who, &name)).await?))
}

/// Whether the schedule leaves a job out.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    pub paused: bool,
}

/// Pause a job, or resume it.
#[utoipa::path(put, path = "/api/v1/jobs/{name}/pause", params(("name" = String, Path)), request_body = Pause,
    responses((status = 200, body = JobView), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn pause(
    State(app): State<App>,
    Who(who): Who,
    PathOf(name): PathOf<String>,
    Body(pause): Body<Pause>,
) -> Result<Json<JobView>, Problem> {
    let jobs = app.jobs.clone();
    Ok(Json(app.run(move |_| jobs.pause(&who, &name, pause.paused)).await?))
}
