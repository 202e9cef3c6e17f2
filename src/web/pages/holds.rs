//! The page of legal holds: which there are, placing one, releasing one.

use askama::Template;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::display;
use super::page::Page;
use crate::archive::{Action, HoldRequest, HoldView, SearchRequest, permit_second};
use crate::record::RecordId;
use crate::web::auth::Who;
use crate::web::{App, Problem};

#[derive(Template)]
#[template(path = "holds.html")]
struct HoldsTemplate {
    page: Page,
    holds: Vec<HoldRow>,
}

struct HoldRow {
    name: String,
    reason: String,
    custodian: String,
    records: u64,
    /// Whatever meets conditions is held, later deposits too.
    by_conditions: bool,
    placed: String,
    placed_by: String,
    /// When and by whom it was released, and why.
    released: Option<(String, String, String)>,
    /// Offered to a second person.
    may_release: bool,
}

/// `GET /holds`
pub async fn holds(State(app): State<App>, Who(who): Who, page: Page) -> Result<Response, Problem> {
    let asker = who.clone();
    let holds = app.run(move |archive| archive.hold_list(&asker)).await?;
    let zone = app.archive.config().archive.zone;
    let page = page.signed_in(&who);
    let at = |time| display::instant(time, zone, page.lang);
    let row = |hold: HoldView| HoldRow {
        may_release: permit_second(&who, Action::HoldRelease, &hold.placed_by).is_ok(),
        name: hold.hold,
        reason: hold.reason,
        custodian: hold.custodian.unwrap_or_default(),
        records: hold.records,
        by_conditions: hold.search.is_some(),
        placed: at(hold.placed_at),
        placed_by: hold.placed_by,
        released: hold.released.map(|released| (at(released.at), released.by, released.reason)),
    };
    let holds = holds.into_iter().map(row).collect();
    super::render(StatusCode::OK, &HoldsTemplate { holds, page })
}

/// A hold to be placed, as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PlaceForm {
    name: String,
    reason: String,
    custodian: String,
    /// Ids of records, apart by spaces or lines.
    ids: String,
    counterparty: String,
    date: String,
}

impl PlaceForm {
    fn request(self) -> Result<HoldRequest, Problem> {
        let mut ids = Vec::new();
        for text in self.ids.split_whitespace() {
            let id = text.parse::<RecordId>();
            ids.push(id.map_err(|error| Problem::invalid(format!("{text:?}: {error}")))?);
        }
        let filled = |text: String| Some(text).filter(|text| !text.trim().is_empty());
        let (counterparty, date) = (filled(self.counterparty), filled(self.date));
        let search = (counterparty.is_some() || date.is_some()).then(|| SearchRequest {
            counterparty,
            date,
            ..SearchRequest::default()
        });
        let custodian = filled(self.custodian);
        Ok(HoldRequest { name: self.name, reason: self.reason, custodian, ids, search })
    }
}

/// `POST /holds`
pub async fn place(
    State(app): State<App>,
    Who(who): Who,
    Form(form): Form<PlaceForm>,
) -> Result<Response, Problem> {
    let request = form.request()?;
    app.run(move |archive| archive.hold_place(&who, request)).await?;
    Ok(Redirect::to("/holds").into_response())
}

/// Which hold ends, and why.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ReleaseForm {
    name: String,
    reason: String,
}

/// `POST /holds/releases`
pub async fn release(
    State(app): State<App>,
    Who(who): Who,
    Form(form): Form<ReleaseForm>,
) -> Result<Response, Problem> {
    app.run(move |archive| archive.hold_release(&who, &form.name, &form.reason)).await?;
    Ok(Redirect::to("/holds").into_response())
}
