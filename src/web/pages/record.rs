//! The page of one record: the document on the left, everything known about it on the right.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::page::Page;
use super::record_view::RecordTemplate;
use super::text::Text;
use super::trail;
use crate::archive::Principal;
use crate::record::RecordId;
use crate::web::api::{Params, PathOf};
use crate::web::auth::Who;
use crate::web::{App, Problem};

/// What the address says beside the record.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RecordParams {
    /// Which change was just made.
    done: String,
}

/// `GET /records/{id}`
pub async fn record(
    State(app): State<App>,
    Who(who): Who,
    page: Page,
    PathOf(id): PathOf<RecordId>,
    Params(params): Params<RecordParams>,
) -> Result<Response, Problem> {
    let done = done(&params.done, page.t);
    let template = RecordTemplate { done, ..load(&app, who, page, id).await? };
    super::render(StatusCode::OK, &template)
}

/// The record as it is now. The look is journaled, as every look is.
pub async fn load(app: &App, who: Principal, page: Page, id: RecordId) -> Result<RecordTemplate, Problem> {
    let page = page.signed_in(&who);
    app.run(move |archive| {
        let view = archive.show(&who, id)?;
        let trail = trail::newest(archive, id)?;
        RecordTemplate::new(page, view, trail, archive.config().archive.zone)
    })
    .await
}

fn done(what: &str, t: &'static Text) -> Option<&'static str> {
    match what {
        "corrected" => Some(t.done_corrected),
        "withdrawn" => Some(t.done_withdrawn),
        "reinstated" => Some(t.done_reinstated),
        _ => None,
    }
}
