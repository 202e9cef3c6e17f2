//! Upkeep: the search index, the check of everything, the policies in force.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

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

/// A retention policy in force, in short.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PolicyView {
    pub id: String,
    pub title_ja: String,
    pub title_en: String,
    pub law_ja: String,
    pub law_en: String,
    pub article_ja: String,
    pub article_en: String,
}

/// The retention policies in force.
#[utoipa::path(get, path = "/api/v1/retention/policies",
    responses((status = 200, body = Vec<PolicyView>), (status = 401, body = Problem)))]
pub async fn policies(State(app): State<App>, _: Who) -> Json<Vec<PolicyView>> {
    let view = |policy: &crate::retention::Policy| PolicyView {
        id: policy.id.clone(),
        title_ja: policy.title.ja.clone(),
        title_en: policy.title.en.clone(),
        law_ja: policy.law.ja.clone(),
        law_en: policy.law.en.clone(),
        article_ja: policy.article.ja.clone(),
        article_en: policy.article.en.clone(),
    };
    Json(app.archive.retention_policies().iter().map(view).collect())
}
