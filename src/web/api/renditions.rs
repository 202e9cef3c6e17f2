//! Renditions: a contract with its validation data and a document timestamp inside, made, listed and handed out.

use axum::Json;
use axum::extract::State;
use axum::response::Response;

use super::records::document;
use super::{Body, PathOf};
use crate::archive::{ExportSelection, RenditionBatch, RenditionView};
use crate::record::RecordId;
use crate::web::auth::Who;
use crate::web::{App, Problem};

/// Make a rendition of one record with a fresh document timestamp (PAdES-LTA).
#[utoipa::path(post, path = "/api/v1/records/{id}/renditions", params(("id" = RecordId, Path)),
    responses((status = 200, body = RenditionView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem), (status = 503, body = Problem)))]
pub async fn make(
    State(app): State<App>,
    Who(who): Who,
    PathOf(id): PathOf<RecordId>,
) -> Result<Json<RenditionView>, Problem> {
    Ok(Json(app.run(move |archive| archive.make_rendition(&who, id)).await?))
}

/// A record's renditions, oldest first. The look is journaled.
#[utoipa::path(get, path = "/api/v1/records/{id}/renditions", params(("id" = RecordId, Path)),
    responses((status = 200, body = Vec<RenditionView>), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Who(who): Who,
    PathOf(id): PathOf<RecordId>,
) -> Result<Json<Vec<RenditionView>>, Problem> {
    Ok(Json(app.run(move |archive| archive.renditions(&who, id)).await?))
}

/// The file of a rendition; number 0 is the newest. The journal entry is durable before the first byte leaves.
#[utoipa::path(get, path = "/api/v1/records/{id}/renditions/{number}",
    params(("id" = RecordId, Path), ("number" = u32, Path)),
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>), (status = 401, body = Problem),
              (status = 404, body = Problem)))]
pub async fn file(
    State(app): State<App>,
    Who(who): Who,
    PathOf((id, number)): PathOf<(RecordId, u32)>,
) -> Result<Response, Problem> {
    let number = (number > 0).then_some(number);
    let rendition = app.run(move |archive| archive.retrieve_rendition(&who, id, number)).await?;
    Ok(document(rendition, false))
}

/// Make renditions of a selection of records; those whose newest one is protected for long enough keep it.
#[utoipa::path(post, path = "/api/v1/renditions", request_body = ExportSelection,
    responses((status = 200, body = RenditionBatch), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn make_many(
    State(app): State<App>,
    Who(who): Who,
    Body(selection): Body<ExportSelection>,
) -> Result<Json<RenditionBatch>, Problem> {
    Ok(Json(app.run(move |archive| archive.make_renditions(&who, &selection, &|_, _| {})).await?))
}
