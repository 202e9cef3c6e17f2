//! Backups: make a generation, list, verify and practise. Each answers when it is done.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::Body;
use crate::archive::{
    BackupReport, DrillReport, FixityReport, FixityStatus, GenerationView, ShippingView, VerifiedGeneration,
};
use crate::backup::Tier;
use crate::web::auth::Who;
use crate::web::{App, Problem};

/// Which generation to make.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupRun {
    /// `daily`, `monthly` or `yearly`.
    pub tier: String,
    /// Begin a repository in an empty directory although there was one before.
    #[serde(default)]
    pub anew: bool,
}

/// Which generation is meant.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupChoice {
    /// `daily-12`, or `daily` for the newest of that tier. Absent: the newest of every tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<String>,
}

/// Make the next generation of a tier. Problems that did not stop it are in the answer.
#[utoipa::path(post, path = "/api/v1/backups", request_body = BackupRun,
    responses((status = 201, body = BackupReport), (status = 401, body = Problem), (status = 409, body = Problem),
              (status = 422, body = Problem)))]
pub async fn run(
    State(app): State<App>,
    Who(who): Who,
    Body(wanted): Body<BackupRun>,
) -> Result<(axum::http::StatusCode, Json<BackupReport>), Problem> {
    let tier: Tier =
        wanted.tier.parse().map_err(|()| Problem::invalid("tier is daily, monthly or yearly"))?;
    let report = app.run(move |archive| archive.backup_run(&who, tier, wanted.anew, &|_, _| {})).await?;
    Ok((axum::http::StatusCode::CREATED, Json(report)))
}

/// Every generation of every tier; a repository that cannot be read is a line with its problem.
#[utoipa::path(get, path = "/api/v1/backups",
    responses((status = 200, body = Vec<GenerationView>), (status = 401, body = Problem)))]
pub async fn list(State(app): State<App>, Who(who): Who) -> Result<Json<Vec<GenerationView>>, Problem> {
    Ok(Json(app.run(move |archive| archive.backup_list(&who)).await?))
}

/// How far the daily backup follows the journal.
#[utoipa::path(get, path = "/api/v1/backups/shipping",
    responses((status = 200, body = ShippingView), (status = 401, body = Problem)))]
pub async fn shipping(State(app): State<App>, Who(who): Who) -> Result<Json<ShippingView>, Problem> {
    Ok(Json(app.run(move |archive| archive.shipping(&who)).await?))
}

/// Read everything that generations need, and compare.
#[utoipa::path(post, path = "/api/v1/backups/verify", request_body = BackupChoice,
    responses((status = 200, body = Vec<VerifiedGeneration>), (status = 401, body = Problem),
              (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn verify(
    State(app): State<App>,
    Who(who): Who,
    Body(choice): Body<BackupChoice>,
) -> Result<Json<Vec<VerifiedGeneration>>, Problem> {
    let work = move |archive: &crate::archive::Archive| {
        archive.backup_verify(&who, choice.generation.as_deref(), &|_, _| {})
    };
    Ok(Json(app.run(work).await?))
}

/// Verify a generation (the newest daily one when none is named) and mend what is damaged.
#[utoipa::path(post, path = "/api/v1/backups/repair", request_body = BackupChoice,
    responses((status = 200, body = VerifiedGeneration), (status = 401, body = Problem),
              (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn repair(
    State(app): State<App>,
    Who(who): Who,
    Body(choice): Body<BackupChoice>,
) -> Result<Json<VerifiedGeneration>, Problem> {
    let which = choice.generation.unwrap_or_else(|| Tier::Daily.to_string());
    Ok(Json(app.run(move |archive| archive.backup_repair(&who, &which, &|_, _| {})).await?))
}

/// How much to read.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FixityRun {
    /// Read the next one of so many parts of all contracts; 1 reads everything.
    #[serde(default = "everything")]
    pub parts: u32,
}

fn everything() -> u32 {
    1
}

/// Re-read contracts, compare them with their digests, and mend damaged ones from a backup.
#[utoipa::path(post, path = "/api/v1/fixity", request_body = FixityRun,
    responses((status = 200, body = FixityReport), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn fixity(
    State(app): State<App>,
    Who(who): Who,
    Body(wanted): Body<FixityRun>,
) -> Result<Json<FixityReport>, Problem> {
    let go_on = |_: u64| std::ops::ControlFlow::<()>::Continue(());
    Ok(Json(app.run(move |archive| archive.fixity(&who, wanted.parts, &go_on)).await?))
}

/// How far the nightly reading of all contracts has come, and what it found.
#[utoipa::path(get, path = "/api/v1/fixity",
    responses((status = 200, body = FixityStatus), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn fixity_status(State(app): State<App>, Who(who): Who) -> Result<Json<FixityStatus>, Problem> {
    Ok(Json(app.run(move |archive| archive.fixity_status(&who)).await?))
}

/// Restore a generation for practice (the newest daily one when none is named), open it, and compare.
#[utoipa::path(post, path = "/api/v1/backups/drill", request_body = BackupChoice,
    responses((status = 200, body = DrillReport), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 422, body = Problem)))]
pub async fn drill(
    State(app): State<App>,
    Who(who): Who,
    Body(choice): Body<BackupChoice>,
) -> Result<Json<DrillReport>, Problem> {
    let which = choice.generation.unwrap_or_else(|| Tier::Daily.to_string());
    Ok(Json(app.run(move |archive| archive.backup_drill(&who, &which, &|_, _| {})).await?))
}
