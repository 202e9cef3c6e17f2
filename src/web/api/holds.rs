//! Legal holds and disposition.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::exports::zip_response;
use super::{Body, Params, PathOf};
use axum::body::Body as HttpBody;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::archive::{Certificate, HoldRequest, HoldView, PlanRequest, PlanView, TransferReceipt};
use crate::record::{Digest, RecordId};
use crate::retention::Lang;
use crate::web::auth::Who;
use crate::web::{App, Problem};

/// All legal holds, those in force first.
#[utoipa::path(get, path = "/api/v1/holds",
    responses((status = 200, body = Vec<HoldView>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn list(State(app): State<App>, Who(who): Who) -> Result<Json<Vec<HoldView>>, Problem> {
    Ok(Json(app.run(move |archive| archive.hold_list(&who)).await?))
}

/// Place a hold on records, or on whatever meets conditions now and later. Wins over every date.
#[utoipa::path(post, path = "/api/v1/holds", request_body = HoldRequest,
    responses((status = 201, body = HoldView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn place(
    State(app): State<App>,
    Who(who): Who,
    Body(request): Body<HoldRequest>,
) -> Result<(StatusCode, Json<HoldView>), Problem> {
    Ok((StatusCode::CREATED, Json(app.run(move |archive| archive.hold_place(&who, request)).await?)))
}

/// Which hold ends, and why.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRequest {
    /// Name of the hold.
    pub name: String,
    pub reason: String,
}

/// Release a hold. Takes a second person.
#[utoipa::path(post, path = "/api/v1/holds/releases", request_body = ReleaseRequest,
    responses((status = 200, body = HoldView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn release(
    State(app): State<App>,
    Who(who): Who,
    Body(request): Body<ReleaseRequest>,
) -> Result<Json<HoldView>, Problem> {
    let released = app.run(move |archive| archive.hold_release(&who, &request.name, &request.reason));
    Ok(Json(released.await?))
}

/// All disposition plans, newest first.
#[utoipa::path(get, path = "/api/v1/dispositions",
    responses((status = 200, body = Vec<PlanView>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn dispositions(State(app): State<App>, Who(who): Who) -> Result<Json<Vec<PlanView>>, Problem> {
    Ok(Json(app.run(move |archive| archive.disposition_list(&who)).await?))
}

/// List what may be destroyed, with reasons, for somebody else to approve. Destroys nothing.
#[utoipa::path(post, path = "/api/v1/dispositions", request_body = PlanRequest,
    responses((status = 201, body = PlanView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn plan(
    State(app): State<App>,
    Who(who): Who,
    Body(request): Body<PlanRequest>,
) -> Result<(StatusCode, Json<PlanView>), Problem> {
    Ok((StatusCode::CREATED, Json(app.run(move |archive| archive.disposition_plan(&who, &request)).await?)))
}

/// What is consented to.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ApprovalRequest {
    /// Digest of the plan that was reviewed; refused when the plan has another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// Consent to a plan. Takes somebody other than its author.
#[utoipa::path(post, path = "/api/v1/dispositions/{plan}/approval", params(("plan" = String, Path)),
    request_body = ApprovalRequest,
    responses((status = 200, body = PlanView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn approve(
    State(app): State<App>,
    Who(who): Who,
    PathOf(plan): PathOf<String>,
    Body(request): Body<ApprovalRequest>,
) -> Result<Json<PlanView>, Problem> {
    Ok(Json(app.run(move |archive| archive.disposition_approve(&who, &plan, request.digest)).await?))
}

/// Destroy what an approved plan names and is still eligible. May be repeated after an interruption.
#[utoipa::path(post, path = "/api/v1/dispositions/{plan}/performance", params(("plan" = String, Path)),
    responses((status = 200, body = PlanView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn perform(
    State(app): State<App>,
    Who(who): Who,
    PathOf(plan): PathOf<String>,
) -> Result<Json<PlanView>, Problem> {
    Ok(Json(app.run(move |archive| archive.disposition_perform(&who, &plan, &|_, _| {})).await?))
}

/// The package (BagIt, ZIP) of an approved transfer, for the receiving archive. Journaled before the first byte leaves.
#[utoipa::path(post, path = "/api/v1/dispositions/{plan}/package", params(("plan" = String, Path)),
    responses((status = 200, content_type = "application/zip", body = Vec<u8>),
              (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn package(
    State(app): State<App>,
    Who(who): Who,
    PathOf(plan): PathOf<String>,
) -> Result<Response, Problem> {
    let export = app.run(move |archive| archive.disposition_package(&who, &plan)).await?;
    Ok(zip_response(&app, export))
}

/// Hand in the receiving archive's receipt. What it does not name by its SHA-256 stays here.
#[utoipa::path(post, path = "/api/v1/dispositions/{plan}/confirmation", params(("plan" = String, Path)),
    request_body = TransferReceipt,
    responses((status = 200, body = PlanView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn confirm(
    State(app): State<App>,
    Who(who): Who,
    PathOf(plan): PathOf<String>,
    Body(receipt): Body<TransferReceipt>,
) -> Result<Json<PlanView>, Problem> {
    Ok(Json(app.run(move |archive| archive.disposition_confirm(&who, &plan, &receipt)).await?))
}

/// In which language a document is written.
#[derive(Clone, Copy, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DocumentLanguage {
    #[default]
    Ja,
    En,
}

impl From<DocumentLanguage> for Lang {
    fn from(language: DocumentLanguage) -> Self {
        match language {
            DocumentLanguage::Ja => Self::Ja,
            DocumentLanguage::En => Self::En,
        }
    }
}

/// How a document is wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
pub struct DocumentParams {
    /// `ja` (default) or `en`.
    pub lang: DocumentLanguage,
}

/// The certificate of a destroyed record as PDF.
#[utoipa::path(get, path = "/api/v1/records/{id}/certificate.pdf", params(("id" = RecordId, Path), DocumentParams),
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>),
              (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn certificate_pdf(
    State(app): State<App>,
    Who(who): Who,
    PathOf(id): PathOf<RecordId>,
    Params(params): Params<DocumentParams>,
) -> Result<Response, Problem> {
    let lang = params.lang.into();
    let pdf = app.run(move |archive| archive.disposition_certificate_pdf(&who, id, lang)).await?;
    let name = format!("attachment; filename=\"certificate-{id}.pdf\"");
    let headers = [(header::CONTENT_TYPE, "application/pdf".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, HttpBody::from(pdf)).into_response())
}

/// The certificate of a destroyed record.
#[utoipa::path(get, path = "/api/v1/records/{id}/certificate", params(("id" = RecordId, Path)),
    responses((status = 200, body = Certificate), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)))]
pub async fn certificate(
    State(app): State<App>,
    Who(who): Who,
    PathOf(id): PathOf<RecordId>,
) -> Result<Json<Certificate>, Problem> {
    Ok(Json(app.run(move |archive| archive.disposition_certificate(&who, id)).await?))
}
