//! Verification: the signature panel of any file, and whole selections of records (一括検証).

use std::io::{self, Write};

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::exports::channel;
use super::records::{DepositForm, read_form, reserve};
use super::{Body, Form};
use crate::archive::{ArchiveError, ExportSelection, Verified};
use crate::panel::Panel;
use crate::web::auth::Who;
use crate::web::{App, Problem};

/// What the signatures of a file prove, under the roots that this archive trusts. Nothing is stored.
#[utoipa::path(post, path = "/api/v1/inspections",
    request_body(content = DepositForm, content_type = "multipart/form-data"),
    responses((status = 200, body = Panel), (status = 401, body = Problem), (status = 403, body = Problem), (status = 413, body = Problem),
              (status = 422, body = Problem)))]
pub async fn inspect(
    State(app): State<App>,
    Who(who): Who,
    headers: HeaderMap,
    Form(form): Form,
) -> Result<Json<Panel>, Problem> {
    let reserved = reserve(&app, &headers).await?;
    let bytes = read_form(form).await?.bytes;
    let bytes = bytes.ok_or_else(|| Problem::invalid("the form has no part named file"))?;
    let panel = app
        .run(move |archive| {
            let _until_judged = reserved;
            archive.inspect(&who, &bytes)
        })
        .await?;
    Ok(Json(panel))
}

/// Verify records: their bytes, their place in the journal, their signatures as of today. One JSON line a record, in the
/// order of the selection, while the work goes on. The verification is journaled before the first line leaves.
#[utoipa::path(post, path = "/api/v1/verifications", request_body = ExportSelection,
    responses((status = 200, content_type = "application/x-ndjson", body = Verified,
               headers(("x-shosoin-records" = u64, description = "records to be verified"))),
              (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn verify(
    State(app): State<App>,
    Who(who): Who,
    Body(selection): Body<ExportSelection>,
) -> Result<Response, Problem> {
    let plan = app.run(move |archive| archive.plan_verify(&who, &selection)).await?;
    let mut headers = HeaderMap::new();
    headers.insert("x-shosoin-records", HeaderValue::from(plan.records()));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    let (out, body) = channel();
    let archive = app.archive.clone();
    tokio::task::spawn_blocking(move || {
        let mut lines = &out;
        let line = |verified: Verified| -> io::Result<()> {
            let mut line = serde_json::to_vec(&verified)?;
            line.push(b'\n');
            lines.write_all(&line)
        };
        if let Err(error) = archive.verify(&plan, line) {
            out.fail(ArchiveError::io("verification")(error));
        }
    });
    Ok((headers, HttpBody::from_stream(body)).into_response())
}
