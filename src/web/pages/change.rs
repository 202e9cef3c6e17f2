//! Changes to a record from its page: correct, withdraw, reinstate. Each ends in the page as it is afterwards.

use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::metadata_form::MetadataForm;
use super::page::Page;
use super::record;
use super::record_view::{Edit, Hide, RecordTemplate};
use super::words;
use crate::archive::{Archive, ArchiveError, Changed, Principal};
use crate::journal::Act;
use crate::record::RecordId;
use crate::web::api::PathOf;
use crate::web::api::input::MetadataInput;
use crate::web::auth::Who;
use crate::web::{App, Problem};

/// `POST /records/{id}/corrections`
pub async fn correct(
    State(app): State<App>,
    Who(who): Who,
    page: Page,
    PathOf(id): PathOf<RecordId>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let currency = app.archive.config().archive.currency;
    let mut edit = read_edit(&pairs);
    edit.form.check(currency, page.lang);
    if edit.reason.trim().is_empty() {
        edit.form.errors.add("reason", page.t.reason_missing);
    }
    let input = edit.form.changes_from(&edit.shown);
    if !edit.form.errors.is_empty() {
        edit.error = Some(page.t.please_check.to_owned());
    } else if input == MetadataInput::default() {
        edit.error = Some(page.t.nothing_changed.to_owned());
    }
    if edit.error.is_some() {
        let template = RecordTemplate { edit, ..record::load(&app, who, page, id).await? };
        return super::render(StatusCode::UNPROCESSABLE_ENTITY, &template);
    }
    let reader = who.clone();
    let before = app.run(move |archive| archive.present_amount(&reader, id)).await?;
    let changes = match input.changes(before, currency) {
        Ok(changes) => changes,
        Err(problem) => {
            edit.error = Some(problem.told(page.lang).to_owned());
            let template = RecordTemplate { edit, ..record::load(&app, who, page, id).await? };
            return super::render(StatusCode::UNPROCESSABLE_ENTITY, &template);
        }
    };
    // A double click is one correction; a second, different one from the same old page is refused.
    let key = format!("page {id} version {}", edit.based_on);
    let (principal, reason) = (who.clone(), edit.reason.clone());
    let work = move |archive: &Archive| {
        let repeat = archive.repeat(&principal, Some(&key), Act::Correct, id, &(&changes, &reason));
        Ok(archive.correct(&principal, id, &changes, &reason, repeat))
    };
    match app.run(work).await? {
        Ok(_) => Ok(back(id, "corrected")),
        Err(error @ ArchiveError::Conflict(_)) => {
            // The record as it is now: what was typed was typed about something else.
            let mut template = record::load(&app, who, page, id).await?;
            template.edit.error = Some(words::refusal(&error, template.page.lang));
            template.edit.open = true;
            super::render(StatusCode::CONFLICT, &template)
        }
        Err(error) if error.code() == "invalid" => {
            edit.error = Some(words::refusal(&error, page.lang));
            let template = RecordTemplate { edit, ..record::load(&app, who, page, id).await? };
            super::render(StatusCode::UNPROCESSABLE_ENTITY, &template)
        }
        Err(error) => Err(error.into()),
    }
}

/// Why a record is withdrawn or reinstated.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ReasonForm {
    reason: String,
}

/// `POST /records/{id}/withdrawal`
pub async fn withdraw(
    State(app): State<App>,
    Who(who): Who,
    page: Page,
    PathOf(id): PathOf<RecordId>,
    Form(form): Form<ReasonForm>,
) -> Result<Response, Problem> {
    hide(app, who, page, id, form, "withdrawn", Archive::withdraw).await
}

/// `POST /records/{id}/reinstatement`
pub async fn reinstate(
    State(app): State<App>,
    Who(who): Who,
    page: Page,
    PathOf(id): PathOf<RecordId>,
    Form(form): Form<ReasonForm>,
) -> Result<Response, Problem> {
    hide(app, who, page, id, form, "reinstated", Archive::reinstate).await
}

/// One of the two verbs above.
type Verb = fn(&Archive, &Principal, RecordId, &str, Option<&str>) -> Result<Changed, ArchiveError>;

async fn hide(
    app: App,
    who: Principal,
    page: Page,
    id: RecordId,
    ReasonForm { reason }: ReasonForm,
    done: &'static str,
    verb: Verb,
) -> Result<Response, Problem> {
    let refused = if reason.trim().is_empty() {
        page.t.reason_missing.to_owned()
    } else {
        let (principal, words) = (who.clone(), reason.clone());
        match app.run(move |archive| Ok(verb(archive, &principal, id, &words, None))).await? {
            Ok(_) => return Ok(back(id, done)),
            Err(error) if matches!(error.code(), "invalid" | "conflict") => words::refusal(&error, page.lang),
            Err(error) => return Err(error.into()),
        }
    };
    let template = RecordTemplate {
        hide: Hide { reason, error: Some(refused) },
        ..record::load(&app, who, page, id).await?
    };
    super::render(StatusCode::UNPROCESSABLE_ENTITY, &template)
}

/// To the page of the record, so that reloading it does not send the form again.
fn back(id: RecordId, done: &str) -> Response {
    Redirect::to(&format!("/records/{id}?done={done}")).into_response()
}

fn read_edit(pairs: &[(String, String)]) -> Edit {
    let borrowed = || pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let field = |name: &str| borrowed().find(|(found, _)| *found == name).map(|(_, value)| value.to_owned());
    Edit {
        form: MetadataForm::read(borrowed(), ""),
        shown: MetadataForm::read(borrowed(), "was_"),
        based_on: field("based_on").and_then(|version| version.parse().ok()).unwrap_or(0),
        reason: field("reason").unwrap_or_default(),
        error: None,
        open: true,
    }
}
