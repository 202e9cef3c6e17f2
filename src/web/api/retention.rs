//! How long records are kept: policies, fiscal years, what comes due, and deciding again.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use axum::http::StatusCode;

use super::{Body, Params, PathOf};
use crate::archive::{
    CalendarApproval, DueList, FiscalYearsChange, FiscalYearsView, LossDeclaration, Reevaluation,
    ShortenRequest, ShorteningView,
};
use crate::record::date;
use crate::retention::{Policy, Text};
use crate::web::auth::Who;
use crate::web::{App, Problem};

/// A retention policy, in short.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PolicyView {
    pub id: String,
    pub title_ja: String,
    pub title_en: String,
    pub law_ja: String,
    pub law_en: String,
    pub article_ja: String,
    pub article_en: String,
    /// The day whose law it states.
    pub as_of: chrono::NaiveDate,
    /// Worked examples that came out when it was read.
    pub examples: usize,
    /// What lengthens the period and is not calculated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extended_by: Vec<Text>,
    /// No longer in force as it was; holds for records deposited before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub former: bool,
}

impl PolicyView {
    fn of(policy: &Policy, former: bool) -> Self {
        Self {
            id: policy.id.clone(),
            title_ja: policy.title.ja.clone(),
            title_en: policy.title.en.clone(),
            law_ja: policy.law.ja.clone(),
            law_en: policy.law.en.clone(),
            article_ja: policy.article.ja.clone(),
            article_en: policy.article.en.clone(),
            as_of: policy.as_of,
            examples: policy.examples.len(),
            extended_by: policy.extended_by.clone(),
            former,
        }
    }
}

/// The retention policies in force, then those that still hold for what was deposited before.
#[utoipa::path(get, path = "/api/v1/retention/policies",
    responses((status = 200, body = Vec<PolicyView>), (status = 401, body = Problem)))]
pub async fn policies(State(app): State<App>, _: Who) -> Json<Vec<PolicyView>> {
    let schedule = app.archive.retention_schedule();
    let current = schedule.current().iter().map(|policy| PolicyView::of(policy, false));
    let former = schedule.former().iter().map(|former| PolicyView::of(&former.policy, true));
    Json(current.chain(former).collect())
}

/// What to look for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DueParams {
    /// Records whose period ends before this day, as people write days; today by default.
    pub before: Option<String>,
}

/// Records whose period ends before a day, the soonest first. The look is journaled.
#[utoipa::path(get, path = "/api/v1/retention/due", params(DueParams),
    responses((status = 200, body = DueList), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn due(
    State(app): State<App>,
    Who(who): Who,
    Params(params): Params<DueParams>,
) -> Result<Json<DueList>, Problem> {
    let before = params.before.as_deref().map(date::parse_date).transpose();
    let before = before.map_err(|error| Problem::invalid(format!("before: {error}")))?;
    Ok(Json(app.run(move |archive| archive.retention_due(&who, before)).await?))
}

/// The fiscal years of our own legal entities.
#[utoipa::path(get, path = "/api/v1/retention/fiscal-years",
    responses((status = 200, body = Vec<FiscalYearsView>), (status = 401, body = Problem)))]
pub async fn fiscal_years(
    State(app): State<App>,
    Who(who): Who,
) -> Result<Json<Vec<FiscalYearsView>>, Problem> {
    Ok(Json(app.run(move |archive| archive.fiscal_years(&who)).await?))
}

/// Write another fiscal calendar. One that would shorten the periods of a year that is over is `proposed`, and waits for a
/// second person.
#[utoipa::path(post, path = "/api/v1/retention/fiscal-years", request_body = FiscalYearsChange,
    responses((status = 200, body = FiscalYearsView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn set_fiscal_years(
    State(app): State<App>,
    Who(who): Who,
    Body(change): Body<FiscalYearsChange>,
) -> Result<Json<FiscalYearsView>, Problem> {
    Ok(Json(app.run(move |archive| archive.set_fiscal_years(&who, change)).await?))
}

/// Consent to the calendar that was proposed. Takes somebody other than its author.
#[utoipa::path(post, path = "/api/v1/retention/fiscal-years/approval", request_body = CalendarApproval,
    responses((status = 200, body = FiscalYearsView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn approve_fiscal_years(
    State(app): State<App>,
    Who(who): Who,
    Body(approval): Body<CalendarApproval>,
) -> Result<Json<FiscalYearsView>, Problem> {
    Ok(Json(app.run(move |archive| archive.approve_fiscal_years(&who, &approval)).await?))
}

/// Mark a fiscal year as one with a loss: all its documents are kept longer.
#[utoipa::path(post, path = "/api/v1/retention/losses", request_body = LossDeclaration,
    responses((status = 200, body = FiscalYearsView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 422, body = Problem)))]
pub async fn declare_loss(
    State(app): State<App>,
    Who(who): Who,
    Body(declaration): Body<LossDeclaration>,
) -> Result<Json<FiscalYearsView>, Problem> {
    Ok(Json(app.run(move |archive| archive.declare_loss(&who, &declaration)).await?))
}

/// How far all records have been decided again.
#[utoipa::path(get, path = "/api/v1/retention/reevaluation",
    responses((status = 200, body = Reevaluation), (status = 401, body = Problem)))]
pub async fn reevaluation(State(app): State<App>, Who(who): Who) -> Result<Json<Reevaluation>, Problem> {
    Ok(Json(app.run(move |archive| archive.retention_reevaluation(&who)).await?))
}

/// Take over changed policy files and decide about every record again. Answers when it is done; may be repeated after an
/// interruption, and goes on where it was.
#[utoipa::path(post, path = "/api/v1/retention/reevaluation",
    responses((status = 200, body = Reevaluation), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn reevaluate(State(app): State<App>, Who(who): Who) -> Result<Json<Reevaluation>, Problem> {
    Ok(Json(app.run(move |archive| archive.retention_reevaluate(&who, &|_, _| {})).await?))
}

/// Proposals to shorten periods, newest first.
#[utoipa::path(get, path = "/api/v1/retention/shortenings",
    responses((status = 200, body = Vec<ShorteningView>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn shortenings(
    State(app): State<App>,
    Who(who): Who,
) -> Result<Json<Vec<ShorteningView>>, Problem> {
    Ok(Json(app.run(move |archive| archive.retention_shortenings(&who)).await?))
}

/// Propose that records be kept only as long as their present class, policies and facts ask. Changes nothing yet; refused
/// for records in compliance mode.
#[utoipa::path(post, path = "/api/v1/retention/shortenings", request_body = ShortenRequest,
    responses((status = 201, body = ShorteningView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn shorten(
    State(app): State<App>,
    Who(who): Who,
    Body(request): Body<ShortenRequest>,
) -> Result<(StatusCode, Json<ShorteningView>), Problem> {
    let proposed = app.run(move |archive| archive.retention_shorten(&who, &request)).await?;
    Ok((StatusCode::CREATED, Json(proposed)))
}

/// Consent to a shortening. Takes somebody other than its author; the new dates hold from then on.
#[utoipa::path(post, path = "/api/v1/retention/shortenings/{number}/approval", params(("number" = String, Path)),
    responses((status = 200, body = ShorteningView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn approve_shortening(
    State(app): State<App>,
    Who(who): Who,
    PathOf(number): PathOf<String>,
) -> Result<Json<ShorteningView>, Problem> {
    Ok(Json(app.run(move |archive| archive.retention_shorten_approve(&who, &number)).await?))
}
