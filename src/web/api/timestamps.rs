//! Timestamps: attest what has none, renew what ends, what ends when, one record's evidence.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::{Body, PathOf};
use crate::archive::{Attested, EvidenceFile, TimestampStatus};
use crate::record::RecordId;
use crate::web::auth::Who;
use crate::web::{App, Problem};

/// Longest window of a renewal, in days: a hundred years reach everything.
const MAX_WITHIN_DAYS: u32 = 36_500;

/// What is protected until when, what is due, and the newest requests.
#[utoipa::path(get, path = "/api/v1/timestamps",
    responses((status = 200, body = TimestampStatus), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn status(State(app): State<App>, Who(who): Who) -> Result<Json<TimestampStatus>, Problem> {
    Ok(Json(app.run(move |archive| archive.timestamp_status(&who)).await?))
}

/// Timestamp every record that has no timestamp yet.
#[utoipa::path(post, path = "/api/v1/timestamps/attestations",
    responses((status = 200, body = Attested), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 503, body = Problem)))]
pub async fn attest(State(app): State<App>, Who(who): Who) -> Result<Json<Attested>, Problem> {
    Ok(Json(app.run(move |archive| archive.timestamp_attest(&who, &|_, _| {})).await?))
}

/// Which renewals are due.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RenewalRequest {
    /// Renew what ends within so many days; the window of the configuration when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_days: Option<u32>,
}

/// Renew the timestamps whose protection ends soon.
#[utoipa::path(post, path = "/api/v1/timestamps/renewals", request_body = RenewalRequest,
    responses((status = 200, body = Attested), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn renew(
    State(app): State<App>,
    Who(who): Who,
    Body(request): Body<RenewalRequest>,
) -> Result<Json<Attested>, Problem> {
    if request.within_days > Some(MAX_WITHIN_DAYS) {
        return Err(Problem::invalid(format!("within_days: at most {MAX_WITHIN_DAYS}")));
    }
    let within = request.within_days.map(|days| chrono::Duration::days(days.into()));
    Ok(Json(app.run(move |archive| archive.timestamp_renew(&who, within, &|_, _| {})).await?))
}

/// The evidence record (RFC 4998) of a contract with its tokens and certificates.
#[utoipa::path(get, path = "/api/v1/records/{id}/evidence", params(("id" = RecordId, Path)),
    responses((status = 200, body = Vec<EvidenceFile>), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)))]
pub async fn evidence(
    State(app): State<App>,
    Who(who): Who,
    PathOf(id): PathOf<RecordId>,
) -> Result<Json<Vec<EvidenceFile>>, Problem> {
    Ok(Json(app.run(move |archive| archive.evidence_files(&who, id)).await?))
}
