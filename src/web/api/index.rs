//! Upkeep: the search index, the check of everything.

use axum::Json;
use axum::extract::State;

use crate::archive::{FsckReport, IndexStatus};
use crate::web::auth::Who;
use crate::web::{App, Problem};

/// How large the index is and how far it follows the journal.
#[utoipa::path(get, path = "/api/v1/index",
    responses((status = 200, body = IndexStatus), (status = 401, body = Problem)))]
pub async fn status(State(app): State<App>, _: Who) -> Result<Json<IndexStatus>, Problem> {
    Ok(Json(app.run(|archive| archive.index_status()).await?))
}

/// Make the index again from the store. Answers when it is complete.
#[utoipa::path(post, path = "/api/v1/index/rebuild",
    responses((status = 200, body = IndexStatus), (status = 401, body = Problem)))]
pub async fn rebuild(State(app): State<App>, Who(who): Who) -> Result<Json<IndexStatus>, Problem> {
    Ok(Json(app.run(move |archive| archive.index_rebuild(&who, &|_, _| {})).await?))
}

/// Re-derive and compare everything that is stored.
#[utoipa::path(post, path = "/api/v1/fsck",
    responses((status = 200, body = FsckReport), (status = 401, body = Problem)))]
pub async fn fsck(State(app): State<App>, Who(who): Who) -> Result<Json<FsckReport>, Problem> {
    Ok(Json(app.run(move |archive| archive.fsck(&who, &|_, _| {})).await?))
}
