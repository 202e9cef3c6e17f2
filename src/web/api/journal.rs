//! The journal: its entries, proofs, signed head, and a check of all of it.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::exports::channel;
use super::{Params, PathOf};
use crate::archive::{JournalPage, JournalReport, ProofOfEntry};
use crate::web::auth::Who;
use crate::web::{App, Problem};

/// Which entries to list.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// Number of the first entry.
    pub from: u64,
    /// Entries on a page, 1 to 1000; 100 by default.
    pub limit: Option<usize>,
}

impl ListParams {
    pub fn limit(&self) -> usize {
        self.limit.unwrap_or(100)
    }
}

/// Entries in order, with their details unsealed. The look is journaled.
#[utoipa::path(get, path = "/api/v1/journal", params(ListParams),
    responses((status = 200, body = JournalPage), (status = 401, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Who(who): Who,
    Params(params): Params<ListParams>,
) -> Result<Json<JournalPage>, Problem> {
    Ok(Json(app.run(move |archive| archive.journal_list(&who, params.from, params.limit(), None)).await?))
}

/// The present signed head (C2SP checkpoint).
#[utoipa::path(get, path = "/api/v1/journal/checkpoint",
    responses((status = 200, content_type = "text/plain", body = String), (status = 401, body = Problem)))]
pub async fn checkpoint(State(app): State<App>, _: Who) -> Result<String, Problem> {
    app.run(|archive| archive.checkpoint()).await
}

/// The whole journal as an extract: one JSON object a line, details still sealed. Journaled as an export.
#[utoipa::path(get, path = "/api/v1/journal/extract",
    responses((status = 200, content_type = "application/jsonl", body = String), (status = 401, body = Problem)))]
pub async fn extract(State(app): State<App>, Who(who): Who) -> Result<Response, Problem> {
    let head = app.run(move |archive| archive.begin_journal_export(&who)).await?;
    let checkpoint = head.checkpoint_header();
    let (out, body) = channel();
    let archive = app.archive.clone();
    tokio::task::spawn_blocking(move || {
        if let Err(error) = archive.write_journal(&head, &mut std::io::BufWriter::new(&out)) {
            out.fail(error);
        }
    });
    let mut response = Body::from_stream(body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    if let Ok(value) = HeaderValue::from_str(&checkpoint) {
        response.headers_mut().insert("x-shosoin-checkpoint", value);
    }
    Ok(response)
}

/// Proof that an entry is in the journal.
#[utoipa::path(get, path = "/api/v1/journal/{seq}/proof", params(("seq" = u64, Path)),
    responses((status = 200, body = ProofOfEntry), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn proof(
    State(app): State<App>,
    Who(who): Who,
    PathOf(seq): PathOf<u64>,
) -> Result<Json<ProofOfEntry>, Problem> {
    Ok(Json(app.run(move |archive| archive.journal_proof(&who, seq)).await?))
}

/// Re-derive the whole tree from the entries and compare everything.
#[utoipa::path(post, path = "/api/v1/journal/verification",
    responses((status = 200, body = JournalReport), (status = 401, body = Problem)))]
pub async fn verify(State(app): State<App>, Who(who): Who) -> Result<Json<JournalReport>, Problem> {
    let report = app.run(move |archive| {
        archive.journal_note(&who, crate::journal::Act::Verify, &"journal")?;
        archive.journal_verify(&|_, _| {})
    });
    Ok(Json(report.await?))
}
