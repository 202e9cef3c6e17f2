//! The JSON API: every verb of the engine under `/api/v1`, described by `schema/openapi.json`.

pub mod backups;
pub mod exports;
pub mod holds;
pub mod index;
pub mod input;
pub mod jobs;
pub mod journal;
pub mod keys;
pub mod notices;
pub mod people;
pub mod records;
pub mod renditions;
pub mod retention;
pub mod search;
pub mod timestamps;
pub mod verification;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Json, extract::FromRequest};
use serde::{Deserialize, Serialize};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Who;
use super::{App, Problem};

/// The description that the routes below complete.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Shosoin",
        description = "Records-retention archive. Errors are problem details (RFC 9457). \
                       Authenticate with `Authorization: Bearer TOKEN`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(Problem)),
    modifiers(&Bearer),
    security(("bearer" = []))
)]
struct Description;

/// Every route asks for a bearer token (or a browser's session, which is not for programs).
struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        api.components.get_or_insert_default().add_security_scheme("bearer", scheme);
    }
}

/// All API routes, with their description.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(status))
        .routes(routes!(records::deposit, search::search))
        .routes(routes!(records::show))
        .routes(routes!(records::original))
        .routes(routes!(records::correct))
        .routes(routes!(records::withdraw))
        .routes(routes!(records::reinstate))
        .routes(routes!(records::retention))
        .routes(routes!(records::journal))
        .routes(routes!(records::suggest))
        .routes(routes!(search::index_book))
        .routes(routes!(exports::export))
        .routes(routes!(journal::list))
        .routes(routes!(journal::checkpoint))
        .routes(routes!(journal::extract))
        .routes(routes!(journal::proof))
        .routes(routes!(journal::verify))
        .routes(routes!(index::status))
        .routes(routes!(index::rebuild))
        .routes(routes!(index::fsck))
        .routes(routes!(backups::run, backups::list))
        .routes(routes!(backups::shipping))
        .routes(routes!(backups::verify))
        .routes(routes!(backups::drill))
        .routes(routes!(backups::repair))
        .routes(routes!(backups::fixity, backups::fixity_status))
        .routes(routes!(keys::status))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::kit))
        .routes(routes!(keys::protection))
        .routes(routes!(timestamps::status))
        .routes(routes!(timestamps::attest))
        .routes(routes!(timestamps::renew))
        .routes(routes!(timestamps::evidence))
        .routes(routes!(renditions::make, renditions::list))
        .routes(routes!(renditions::file))
        .routes(routes!(renditions::make_many))
        .routes(routes!(verification::inspect))
        .routes(routes!(verification::verify))
        .routes(routes!(retention::policies))
        .routes(routes!(retention::due))
        .routes(routes!(retention::fiscal_years, retention::set_fiscal_years))
        .routes(routes!(retention::approve_fiscal_years))
        .routes(routes!(retention::declare_loss))
        .routes(routes!(retention::reevaluation, retention::reevaluate))
        .routes(routes!(retention::shortenings, retention::shorten))
        .routes(routes!(retention::approve_shortening))
        .routes(routes!(holds::list, holds::place))
        .routes(routes!(holds::release))
        .routes(routes!(holds::dispositions, holds::plan))
        .routes(routes!(holds::approve))
        .routes(routes!(holds::perform))
        .routes(routes!(holds::package))
        .routes(routes!(holds::confirm))
        .routes(routes!(holds::certificate))
        .routes(routes!(holds::certificate_pdf))
        .routes(routes!(people::me))
        .routes(routes!(people::list, people::add))
        .routes(routes!(people::change))
        .routes(routes!(people::create_token))
        .routes(routes!(people::tokens))
        .routes(routes!(people::revoke))
        .routes(routes!(notices::due))
        .routes(routes!(notices::send))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::history))
        .routes(routes!(jobs::run))
        .routes(routes!(jobs::pause))
}

/// The OpenAPI description as it is kept in `schema/openapi.json`.
pub fn description() -> String {
    let (_, api) = router().split_for_parts();
    let mut text = api.to_pretty_json().expect("the description is plain data, which JSON can always hold");
    text.push('\n');
    text
}

/// Who this archive is and how long its journal is.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Status {
    pub version: String,
    pub archive_id: String,
    pub key_id: String,
    pub origin: String,
    pub vkey: String,
    pub journal_size: u64,
    /// The largest contract accepted, in bytes.
    pub max_bytes: u64,
    /// Currency of amounts given without one.
    pub currency: crate::record::Currency,
    /// Our own legal entities, as far as you have to do with them.
    pub entities: Vec<String>,
}

/// Identity and size of the archive.
#[utoipa::path(get, path = "/api/v1/status", responses((status = 200, body = Status), (status = 401, body = Problem)))]
async fn status(State(app): State<App>, Who(who): Who) -> Json<Status> {
    let names = app.archive.config().entities.iter().map(|entity| entity.name.clone());
    let identity = app.archive.identity().clone();
    Json(Status {
        version: env!("CARGO_PKG_VERSION").into(),
        archive_id: identity.archive_id,
        key_id: app.archive.key_id().to_string(),
        origin: identity.origin,
        vkey: identity.vkey,
        journal_size: app.archive.journal_size(),
        max_bytes: app.archive.config().deposit.max_bytes,
        currency: app.archive.config().archive.currency,
        entities: names.filter(|name| who.scope.covers(name)).collect(),
    })
}

/// A JSON body whose refusal is a problem like any other.
#[derive(FromRequest)]
#[from_request(via(axum::Json), rejection(Problem))]
pub struct Body<T>(pub T);

/// A form whose refusal is a problem like any other.
pub struct Form(pub axum::extract::Multipart);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: axum::extract::Request, state: &S) -> Result<Self, Problem> {
        Ok(Self(axum::extract::Multipart::from_request(request, state).await?))
    }
}

/// A query string whose refusal is a problem like any other.
#[derive(axum::extract::FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub struct Params<T>(pub T);

/// A path whose refusal is a problem like any other.
#[derive(axum::extract::FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub struct PathOf<T>(pub T);

impl From<axum::extract::rejection::JsonRejection> for Problem {
    fn from(rejection: axum::extract::rejection::JsonRejection) -> Self {
        Self::new(rejection.status(), "invalid", rejection.body_text(), refer())
    }
}

impl From<axum::extract::rejection::QueryRejection> for Problem {
    fn from(rejection: axum::extract::rejection::QueryRejection) -> Self {
        Self::new(rejection.status(), "invalid", rejection.body_text(), refer())
    }
}

impl From<axum::extract::rejection::PathRejection> for Problem {
    fn from(rejection: axum::extract::rejection::PathRejection) -> Self {
        Self::new(axum::http::StatusCode::NOT_FOUND, "not-found", rejection.body_text(), refer())
    }
}

impl From<axum::extract::multipart::MultipartRejection> for Problem {
    fn from(rejection: axum::extract::multipart::MultipartRejection) -> Self {
        Self::new(rejection.status(), "invalid", rejection.body_text(), refer())
    }
}

/// Where the shape of requests is described.
fn refer() -> Option<String> {
    Some("schema/openapi.json describes every request".into())
}

/// The `Idempotency-Key` of a request, bounded.
///
/// # Errors
/// When it is empty, too long or not plain text.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    match value.to_str() {
        Ok(key) if !key.is_empty() && key.len() <= 255 => Ok(Some(key.to_owned())),
        _ => Err(Problem::invalid("the Idempotency-Key header must be 1 to 255 plain characters")),
    }
}
