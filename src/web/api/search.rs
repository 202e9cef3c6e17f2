//! Searches: a page of hits, or all of them as an index book.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::Params;
use super::exports::channel;
use crate::archive::{SearchPage, SearchRequest};
use crate::web::auth::Who;
use crate::web::{App, Problem};

/// Find records by date, amount, counterparty and more; all conditions must hold.
#[utoipa::path(get, path = "/api/v1/records", params(SearchRequest),
    responses((status = 200, body = SearchPage), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn search(
    State(app): State<App>,
    Who(who): Who,
    Params(request): Params<SearchRequest>,
) -> Result<Json<SearchPage>, Problem> {
    Ok(Json(app.run(move |archive| archive.search(&who, &request)).await?))
}

/// All hits of a search as an index book (索引簿): CSV, UTF-8 with BOM, formula cells defused.
#[utoipa::path(get, path = "/api/v1/records.csv", params(SearchRequest),
    responses((status = 200, content_type = "text/csv", body = String), (status = 401, body = Problem),
              (status = 422, body = Problem)))]
pub async fn index_book(
    State(app): State<App>,
    Who(who): Who,
    Params(request): Params<SearchRequest>,
) -> Result<Response, Problem> {
    // Refuse what cannot be read before the answer begins: afterwards only breaking off would be left.
    request.query(app.archive.config().archive.currency)?;
    let (out, body) = channel();
    let archive = app.archive.clone();
    tokio::task::spawn_blocking(move || {
        if let Err(error) = archive.export_index_book(&who, &request, &mut std::io::BufWriter::new(&out)) {
            out.fail(error);
        }
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"index.csv\"")),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}
