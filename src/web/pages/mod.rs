//! The pages for people: server-rendered, in Japanese and English, usable without scripts.

mod acts;
mod assets;
mod backups;
mod change;
mod deposit;
mod display;
mod dispositions;
mod error_page;
mod errors;
mod face;
mod history;
mod holds;
mod jobs;
mod lang;
mod link;
mod metadata_form;
mod page;
mod people;
mod record;
mod record_view;
mod signature_view;
mod search;
mod search_form;
mod sign_in;
mod text;
mod timestamps;
mod trail;
mod upload;
mod words;

pub use words::japanese;

use askama::Template;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};

use super::{App, Problem};
use crate::archive::Principal;
use crate::config::Config;

pub use error_page::not_found;

/// Longest form without a file, in bytes: every text field at its limit, percent-encoded, before and after.
const MAX_FORM_BYTES: usize = 1 << 20;

/// All pages and what they are made of.
pub fn router() -> Router<App> {
    let forms = Router::new()
        .route("/", get(search::search))
        .route("/records/{id}", get(record::record))
        .route("/records/{id}/corrections", post(change::correct))
        .route("/records/{id}/withdrawal", post(change::withdraw))
        .route("/records/{id}/reinstatement", post(change::reinstate))
        .route("/jobs", get(jobs::jobs))
        .route("/backups", get(backups::backups))
        .route("/timestamps", get(timestamps::timestamps))
        .route("/holds", get(holds::holds).post(holds::place))
        .route("/holds/releases", post(holds::release))
        .route("/dispositions", get(dispositions::list).post(dispositions::make))
        .route("/dispositions/{plan}", get(dispositions::plan))
        .route("/dispositions/{plan}/approval", post(dispositions::approve))
        .route("/dispositions/{plan}/performance", post(dispositions::perform))
        .route("/users", get(people::people).post(people::add))
        .route("/users/{name}/changes", post(people::change))
        .route("/users/{name}/tokens", post(people::create_token))
        .route("/tokens/{id}/revocation", post(people::revoke))
        .route("/sign-in", get(sign_in::form).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES));
    // The router around this one bounds the size of a deposit.
    let uploads = Router::new().route("/deposit", get(deposit::form).post(deposit::deposit));
    forms.merge(uploads).layer(from_fn(face::face)).route("/assets/{file}", get(assets::asset))
}

/// The legal entities that somebody can choose from; empty when there is no choice.
fn entity_choice(config: &Config, who: &Principal) -> Vec<String> {
    let names = config.entities.iter().map(|entity| entity.name.clone());
    let names: Vec<_> = names.filter(|name| who.scope.covers(name)).collect();
    if names.len() > 1 { names } else { Vec::new() }
}

/// A template as a response.
///
/// # Errors
/// When the template cannot be rendered, a defect of ours.
fn render(status: StatusCode, template: &impl Template) -> Result<Response, Problem> {
    let html = template
        .render()
        .map_err(|error| Problem::internal(format!("the page cannot be rendered: {error}")))?;
    Ok((status, Html(html)).into_response())
}
