//! Records: deposit, show, hand back, correct, withdraw.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Multipart, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;

use super::input::MetadataInput;
use super::{Body, Form, Params, PathOf, idempotency_key, refer};
use crate::archive::{Changed, Deposit, JournalPage, Original, Receipt, RecordView, RetrievePurpose};
use crate::journal::Act;
use crate::pdf;
use crate::record::{Currency, Metadata, Money, RecordId, TaxBasis, file_name};
use crate::retention::Decision;
use crate::web::auth::Who;
use crate::web::{App, PERMIT_BYTES, Problem};

/// Longest `metadata` part, in bytes.
const MAX_METADATA_BYTES: usize = 256 << 10;

/// The form of a deposit (`multipart/form-data`).
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "describes the form for the OpenAPI page only")]
pub struct DepositForm {
    /// JSON.
    metadata: MetadataInput,
    /// The contract; the part's file name is kept.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Deposit a contract. 201 with the receipt when it is durable; 200 when the same bytes were deposited before.
#[utoipa::path(post, path = "/api/v1/records",
    request_body(content = DepositForm, content_type = "multipart/form-data"),
    responses((status = 201, body = Receipt), (status = 200, body = Receipt), (status = 401, body = Problem),
              (status = 413, body = Problem), (status = 422, body = Problem), (status = 507, body = Problem)))]
pub async fn deposit(
    State(app): State<App>,
    Who(who): Who,
    headers: HeaderMap,
    Form(form): Form,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let permit = reserve(&app, &headers).await?;
    let Upload { metadata, file_name, bytes } = read_form(form).await?;
    let metadata = metadata.ok_or_else(|| Problem::invalid("the form has no part named metadata"))?;
    let bytes = bytes.ok_or_else(|| Problem::invalid("the form has no part named file"))?;
    let metadata = metadata.metadata(app.archive.config(), &who, file_name.as_deref())?;
    let receipt = app.deposit(who, Deposit { bytes: bytes.into(), metadata }, permit).await?;
    Ok((if receipt.duplicate { StatusCode::OK } else { StatusCode::CREATED }, Json(receipt)))
}

/// What the file's name and text suggest. Nothing is stored; a person confirms by depositing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Suggestion {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<chrono::NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counterparty: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// The file's name says that there is no amount.
    pub no_amount: bool,
}

/// Suggest metadata for a file that is about to be deposited.
#[utoipa::path(post, path = "/api/v1/suggestions",
    request_body(content = DepositForm, content_type = "multipart/form-data"),
    responses((status = 200, body = Suggestion), (status = 401, body = Problem), (status = 413, body = Problem)))]
pub async fn suggest(
    State(app): State<App>,
    _: Who,
    headers: HeaderMap,
    Form(form): Form,
) -> Result<Json<Suggestion>, Problem> {
    let permit = reserve(&app, &headers).await?;
    let upload = read_form(form).await?;
    let suggestion = app
        .run(move |_| {
            let _until_read = permit;
            let named = upload
                .file_name
                .map(|name| file_name::parse(&file_name::base_name(&name)))
                .unwrap_or_default();
            let text = upload.bytes.and_then(|bytes| pdf::text(&bytes));
            let read = text.map(|text| pdf::suggest(&text)).unwrap_or_default();
            let yen =
                named.amount.map(|minor| Money { minor, currency: Currency::JPY, tax: TaxBasis::Unknown });
            Ok(Suggestion {
                date: named.date.or(read.date),
                counterparty: named.counterparty.or(read.counterparty),
                amount: yen.or(named.foreign).or(if named.no_amount { None } else { read.amount }),
                no_amount: named.no_amount,
            })
        })
        .await?;
    Ok(Json(suggestion))
}

/// Everything about one record but its bytes. The look is journaled.
#[utoipa::path(get, path = "/api/v1/records/{id}", params(("id" = RecordId, Path)),
    responses((status = 200, body = RecordView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn show(
    State(app): State<App>,
    Who(who): Who,
    PathOf(id): PathOf<RecordId>,
) -> Result<Json<RecordView>, Problem> {
    Ok(Json(app.run(move |archive| archive.show(&who, id)).await?))
}

/// How the original is wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OriginalParams {
    /// Shown on a page instead of taken away; journaled as a view. PDFs only.
    pub inline: bool,
}

/// The original, byte for byte. The journal entry is durable before the first byte leaves.
#[utoipa::path(get, path = "/api/v1/records/{id}/original", params(("id" = RecordId, Path), OriginalParams),
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>), (status = 401, body = Problem),
              (status = 404, body = Problem)))]
pub async fn original(
    State(app): State<App>,
    Who(who): Who,
    PathOf(id): PathOf<RecordId>,
    Params(params): Params<OriginalParams>,
) -> Result<Response, Problem> {
    let purpose = if params.inline { RetrievePurpose::View } else { RetrievePurpose::Download };
    let original = app.run(move |archive| archive.retrieve(&who, id, purpose)).await?;
    Ok(document(original, params.inline))
}

/// The answer that hands a document out.
pub(super) fn document(original: Original, inline: bool) -> Response {
    // Only what begins like a PDF is shown by the browser; anything else could be a page with scripts.
    let is_pdf = original.bytes.starts_with(b"%PDF-");
    let (kind, extension) =
        if is_pdf { ("application/pdf", "pdf") } else { ("application/octet-stream", "bin") };
    let disposition = content_disposition(inline && is_pdf, &original.metadata, extension);
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("frame-ancestors 'self'"));
    if let Ok(digest) = HeaderValue::from_str(&original.sha256.to_string()) {
        headers.insert("x-shosoin-sha256", digest);
    }
    (headers, Bytes::from(original.bytes)).into_response()
}

/// A correction: the fields that change, and why.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectionRequest {
    pub changes: MetadataInput,
    pub reason: String,
}

/// Write a corrected version of the metadata. Earlier versions stay.
#[utoipa::path(post, path = "/api/v1/records/{id}/corrections", params(("id" = RecordId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "the same key and body give the same answer")),
    request_body = CorrectionRequest,
    responses((status = 200, body = Changed), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn correct(
    State(app): State<App>,
    Who(who): Who,
    PathOf(id): PathOf<RecordId>,
    headers: HeaderMap,
    Body(request): Body<CorrectionRequest>,
) -> Result<Json<Changed>, Problem> {
    let key = idempotency_key(&headers)?;
    // What was sent is what a repetition repeats: the amount it is read against may have changed since.
    let repeat = app.archive.repeat(&who, key.as_deref(), Act::Correct, id, &request);
    let (asked, reader) = (repeat.clone(), who.clone());
    let (before, answered) = app
        .run(move |archive| {
            Ok((archive.present_amount(&reader, id)?, archive.answered_before(asked.as_ref())?))
        })
        .await?;
    if let Some(changed) = answered {
        return Ok(Json(changed));
    }
    let changes = request.changes.changes(before, app.archive.config().archive.currency)?;
    let changed =
        app.run(move |archive| archive.correct(&who, id, &changes, &request.reason, repeat)).await?;
    Ok(Json(changed))
}

/// Why a record is withdrawn or reinstated.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonRequest {
    pub reason: String,
}

/// Hide a record from searches by default. It stays kept and findable.
#[utoipa::path(post, path = "/api/v1/records/{id}/withdrawal", params(("id" = RecordId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "the same key and body give the same answer")),
    request_body = ReasonRequest,
    responses((status = 200, body = Changed), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 422, body = Problem)))]
pub async fn withdraw(
    State(app): State<App>,
    Who(who): Who,
    PathOf(id): PathOf<RecordId>,
    headers: HeaderMap,
    Body(request): Body<ReasonRequest>,
) -> Result<Json<Changed>, Problem> {
    let key = idempotency_key(&headers)?;
    Ok(Json(app.run(move |archive| archive.withdraw(&who, id, &request.reason, key.as_deref())).await?))
}

/// Undo a withdrawal.
#[utoipa::path(post, path = "/api/v1/records/{id}/reinstatement", params(("id" = RecordId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "the same key and body give the same answer")),
    request_body = ReasonRequest,
    responses((status = 200, body = Changed), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 422, body = Problem)))]
pub async fn reinstate(
    State(app): State<App>,
    Who(who): Who,
    PathOf(id): PathOf<RecordId>,
    headers: HeaderMap,
    Body(request): Body<ReasonRequest>,
) -> Result<Json<Changed>, Problem> {
    let key = idempotency_key(&headers)?;
    Ok(Json(app.run(move |archive| archive.reinstate(&who, id, &request.reason, key.as_deref())).await?))
}

/// How long a record is kept, and why.
#[utoipa::path(get, path = "/api/v1/records/{id}/retention", params(("id" = RecordId, Path)),
    responses((status = 200, body = Decision), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn retention(
    State(app): State<App>,
    Who(who): Who,
    PathOf(id): PathOf<RecordId>,
) -> Result<Json<Decision>, Problem> {
    Ok(Json(app.run(move |archive| archive.retention_explain(&who, id)).await?))
}

/// Everything the journal says about one record. The look is journaled.
#[utoipa::path(get, path = "/api/v1/records/{id}/journal",
    params(("id" = RecordId, Path), super::journal::ListParams),
    responses((status = 200, body = JournalPage), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn journal(
    State(app): State<App>,
    Who(who): Who,
    PathOf(id): PathOf<RecordId>,
    Params(params): Params<super::journal::ListParams>,
) -> Result<Json<JournalPage>, Problem> {
    let page =
        app.run(move |archive| archive.journal_list(&who, params.from, params.limit(), Some(id))).await?;
    Ok(Json(page))
}

pub(super) struct Upload {
    pub(super) metadata: Option<MetadataInput>,
    pub(super) file_name: Option<String>,
    pub(super) bytes: Option<Bytes>,
}

/// Waits until there is memory for the request. A length is asked for, so that nobody can send without end.
pub(in crate::web) async fn reserve(app: &App, headers: &HeaderMap) -> Result<OwnedSemaphorePermit, Problem> {
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let length = length.ok_or_else(|| {
        let hint = Some("send the whole form with a Content-Length header".to_owned());
        Problem::new(
            StatusCode::LENGTH_REQUIRED,
            "length-required",
            "the request does not say how long it is",
            hint,
        )
    })?;
    app.archive.check_size(length.saturating_sub(MAX_METADATA_BYTES as u64))?;
    let permits = u32::try_from(length.min(app.archive.config().deposit.max_bytes).div_ceil(PERMIT_BYTES));
    let permits =
        permits.map_err(|_| Problem::internal("max_bytes is beyond what memory can be reserved for"))?;
    let permit = app.in_flight.clone().acquire_many_owned(permits).await;
    permit.map_err(|_| Problem::internal("the server is stopping"))
}

/// Reads the parts of a deposit form. The body limit of the router bounds them.
pub(super) async fn read_form(mut form: Multipart) -> Result<Upload, Problem> {
    let mut upload = Upload { metadata: None, file_name: None, bytes: None };
    while let Some(field) = form.next_field().await.map_err(bad_form)? {
        match field.name() {
            Some("metadata") => {
                let text = field.bytes().await.map_err(bad_form)?;
                if text.len() > MAX_METADATA_BYTES {
                    return Err(Problem::invalid(format!(
                        "metadata is longer than {MAX_METADATA_BYTES} bytes"
                    )));
                }
                let parsed = serde_json::from_slice(&text);
                upload.metadata =
                    Some(parsed.map_err(|error| Problem::invalid(format!("metadata: {error}")))?);
            }
            Some("file") => {
                upload.file_name = field.file_name().map(str::to_owned);
                upload.bytes = Some(field.bytes().await.map_err(bad_form)?);
            }
            other => {
                return Err(Problem::invalid(format!(
                    "the form has a part {other:?}; known are metadata and file"
                )));
            }
        }
    }
    Ok(upload)
}

fn bad_form(error: axum::extract::multipart::MultipartError) -> Problem {
    Problem::new(error.status(), "invalid", error.body_text(), refer())
}

/// File name of a download: plain for old clients, and in full (RFC 6266, RFC 8187).
fn content_disposition(inline: bool, metadata: &Metadata, extension: &str) -> HeaderValue {
    let name = file_name::law_style(metadata, extension, &mut std::collections::HashSet::new());
    let kind = if inline { "inline" } else { "attachment" };
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    let encoded: String = name.bytes().map(percent).collect();
    HeaderValue::from_str(&format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}"))
        .unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

/// One byte of an extended value: `attr-char` stays, everything else is percent-encoded (RFC 8187, 3.2.1).
fn percent(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}
