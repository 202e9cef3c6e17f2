//! Depositing a document from a page, and the receipt for it.

use askama::Template;
use axum::extract::{Multipart, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::metadata_form::MetadataForm;
use super::page::Page;
use super::upload::{self, Upload};
use super::{display, words};
use crate::archive::{Deposit, Principal, Receipt};
use crate::pdf;
use crate::record::amount::format_minor;
use crate::record::{Currency, Metadata, Money, TaxBasis, file_name};
use crate::retention::Lang;
use crate::web::api::records::reserve;
use crate::web::auth::Who;
use crate::web::{App, Problem};

#[derive(Template)]
#[template(path = "deposit.html")]
struct DepositTemplate {
    page: Page,
    form: MetadataForm,
    /// What is wrong, or what was suggested.
    message: Option<String>,
    /// Our own legal entities, when there is a choice.
    entities: Vec<String>,
    currency: String,
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct ReceiptTemplate {
    page: Page,
    id: String,
    duplicate: bool,
    sha256: String,
    size: String,
    journal_seq: u64,
    retain_until: String,
    signatures: String,
}

/// `GET /deposit`
pub async fn form(State(app): State<App>, Who(who): Who, page: Page) -> Result<Response, Problem> {
    super::render(StatusCode::OK, &template(&app, &who, page.signed_in(&who), MetadataForm::default(), None))
}

/// `POST /deposit`
pub async fn deposit(
    State(app): State<App>,
    Who(who): Who,
    page: Page,
    headers: HeaderMap,
    parts: Multipart,
) -> Result<Response, Problem> {
    let page = page.signed_in(&who);
    let permit = reserve(&app, &headers).await?;
    let Upload { mut form, file_name, bytes } = upload::read(parts).await?;
    form.check(app.archive.config().archive.currency, page.lang);
    let Some(bytes) = bytes else {
        form.errors.add("file", page.t.file_missing);
        return refuse(&app, &who, page, form, None);
    };
    if !form.errors.is_empty() {
        return suggest(&app, &who, page, form, file_name, bytes).await;
    }
    let metadata = match form.input().metadata(app.archive.config(), &who, file_name.as_deref()) {
        Ok(metadata) => metadata,
        Err(problem) => {
            let told = problem.told(page.lang).to_owned();
            return refuse(&app, &who, page, form, Some(told));
        }
    };
    if let Err(message) = check(&metadata, &page) {
        return refuse(&app, &who, page, form, Some(message));
    }
    let receipt = app.deposit(who, Deposit { bytes: bytes.into(), metadata }, permit).await?;
    let status = if receipt.duplicate { StatusCode::OK } else { StatusCode::CREATED };
    super::render(status, &receipt_page(page, receipt))
}

fn check(metadata: &Metadata, page: &Page) -> Result<(), String> {
    metadata.validate().map_err(|error| words::metadata(&error, page.lang))
}

/// The form again, its empty fields filled with what the file suggests. Nothing is stored unconfirmed.
async fn suggest(
    app: &App,
    who: &Principal,
    page: Page,
    mut form: MetadataForm,
    file: Option<String>,
    bytes: axum::body::Bytes,
) -> Result<Response, Problem> {
    let missing =
        ["date", "counterparty", "amount"].into_iter().any(|name| form.value(name).trim().is_empty());
    if !missing {
        return refuse(app, who, page, form, None);
    }
    let (named, read) = app
        .run(move |_| {
            let named = file.map(|name| file_name::parse(&name)).unwrap_or_default();
            Ok((named, pdf::text(&bytes).map(|text| pdf::suggest(&text)).unwrap_or_default()))
        })
        .await?;
    let yen = named.amount.map(|minor| Money { minor, currency: Currency::JPY, tax: TaxBasis::Unknown });
    let amount = yen.or(named.foreign).or(if named.no_amount { None } else { read.amount });
    let before = form.clone();
    form.suggest("date", named.date.or(read.date));
    form.suggest("counterparty", named.counterparty.or(read.counterparty));
    if !form.no_amount() && form.value("amount").trim().is_empty() {
        if let Some(money) = amount {
            form.suggest("amount", Some(format_minor(money.minor, money.currency)));
            form.set("currency", money.currency);
        } else if named.no_amount {
            form.set("no_amount", "true");
        }
    }
    let helped = before.pairs() != form.pairs();
    form.check(app.archive.config().archive.currency, page.lang);
    let message = if helped { page.t.suggested } else { page.t.please_check };
    let message = message.to_owned();
    refuse(app, who, page, form, Some(message))
}

fn refuse(
    app: &App,
    who: &Principal,
    page: Page,
    form: MetadataForm,
    message: Option<String>,
) -> Result<Response, Problem> {
    let message = message.unwrap_or_else(|| page.t.please_check.to_owned());
    super::render(StatusCode::UNPROCESSABLE_ENTITY, &template(app, who, page, form, Some(message)))
}

fn template(
    app: &App,
    who: &Principal,
    page: Page,
    form: MetadataForm,
    message: Option<String>,
) -> DepositTemplate {
    let config = app.archive.config();
    let entities = super::entity_choice(config, who);
    DepositTemplate { page, form, message, entities, currency: config.archive.currency.to_string() }
}

fn receipt_page(page: Page, receipt: Receipt) -> ReceiptTemplate {
    let (t, lang) = (page.t, page.lang);
    ReceiptTemplate {
        id: receipt.id.to_string(),
        duplicate: receipt.duplicate,
        sha256: receipt.sha256.to_string(),
        size: display::bytes(receipt.size, t),
        journal_seq: receipt.journal_seq,
        retain_until: receipt
            .retain_until
            .map_or_else(|| t.no_end.to_owned(), |until| display::day(until, lang)),
        signatures: match lang {
            Lang::Ja => receipt.panel.headline.ja,
            Lang::En => receipt.panel.headline.en,
        },
        page,
    }
}
