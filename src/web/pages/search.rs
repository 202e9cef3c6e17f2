//! The search page, which is also the front page.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::errors::Errors;
use super::page::Page;
use super::search_form::{LIMITS, SearchForm, sorts};
use super::{display, words};
use crate::archive::{SearchHit, SearchPage};
use crate::record::Currency;
use crate::retention::{KNOWN_CLASSES, Lang, class_label};
use crate::web::api::Params;
use crate::web::auth::Who;
use crate::web::{App, Problem};

#[derive(Template)]
#[template(path = "search.html")]
struct SearchTemplate {
    page: Page,
    form: SearchForm,
    errors: Errors,
    /// What is wrong with the search as a whole.
    refused: Option<String>,
    results: Option<Results>,
    /// Names of the known classes.
    classes: Vec<&'static str>,
    /// Our own legal entities, when there is a choice.
    entities: Vec<String>,
    printed_at: String,
}

struct Results {
    total: String,
    rows: Vec<Row>,
    next: Option<String>,
}

/// One hit as a line of the table.
struct Row {
    link: String,
    date: String,
    counterparty: String,
    amount: String,
    no_amount: bool,
    title: String,
    class: String,
    number: String,
    retain_until: String,
    withdrawn: bool,
    old_version: bool,
}

/// `GET /`
pub async fn search(
    State(app): State<App>,
    Who(who): Who,
    page: Page,
    Params(form): Params<SearchForm>,
) -> Result<Response, Problem> {
    let page = page.signed_in(&who);
    let lang = page.lang;
    let config = app.archive.config();
    let errors = form.errors(config.archive.currency, lang);
    let mut template = SearchTemplate {
        classes: KNOWN_CLASSES.iter().map(|(id, _, _)| class_label(id, lang)).collect(),
        entities: super::entity_choice(config, &who),
        printed_at: display::instant(app.archive.now(), config.archive.zone, lang),
        refused: None,
        results: None,
        page,
        form,
        errors,
    };
    if !template.errors.is_empty() {
        return super::render(StatusCode::UNPROCESSABLE_ENTITY, &template);
    }
    let request = template.form.request();
    // Kept apart from the problems of the work itself, so that a refusal can be said beside the form.
    match app.run(move |archive| Ok(archive.search(&who, &request))).await? {
        Ok(found) => {
            template.results = Some(results(&template.form, found, lang));
            super::render(StatusCode::OK, &template)
        }
        Err(error) if error.code() == "invalid" => {
            template.refused = Some(words::refusal(&error, lang));
            super::render(StatusCode::UNPROCESSABLE_ENTITY, &template)
        }
        Err(error) => Err(error.into()),
    }
}

fn results(form: &SearchForm, found: SearchPage, lang: Lang) -> Results {
    Results {
        total: display::grouped(found.total),
        rows: found.hits.into_iter().map(|hit| row(hit, lang)).collect(),
        next: found.next.map(|after| form.next_page(&after)),
    }
}

fn row(hit: SearchHit, lang: Lang) -> Row {
    let currency = hit.currency.and_then(|code| code.parse::<Currency>().ok()).unwrap_or_default();
    Row {
        link: format!("/records/{}", hit.id),
        date: display::short_day(hit.date, lang),
        amount: display::money(hit.amount, currency, lang),
        no_amount: hit.amount.is_none(),
        counterparty: hit.counterparty,
        title: hit.title.unwrap_or_default(),
        class: class_label(&hit.class, lang).to_owned(),
        number: hit.number.unwrap_or_default(),
        retain_until: hit.retain_until.map(|until| display::short_day(until, lang)).unwrap_or_default(),
        withdrawn: hit.withdrawn,
        old_version: !hit.current,
    }
}

impl SearchTemplate {
    fn limits(&self) -> [&'static str; 3] {
        LIMITS
    }

    fn sorts(&self) -> [(&'static str, &'static str); 7] {
        sorts(self.page.t)
    }

    fn heading(&self) -> &'static str {
        if self.form.is_first_visit() { self.page.t.newest_heading } else { self.page.t.results_heading }
    }
}
