//! Errors on the HTTP face: one table from engine errors to status, rendered as problem details (RFC 9457).

use std::any::Any;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::pages::japanese;
use crate::archive::ArchiveError;
use crate::retention::Lang;

/// Problem details (RFC 9457, section 3) with our `code` and `hint` as extension members.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the `code` tells problems apart.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    pub status: u16,
    /// What happened.
    pub detail: String,
    /// The same in Japanese, where it is about something that a person typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail_ja: Option<String>,
    /// A stable word for scripts.
    pub code: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>, hint: Option<String>) -> Self {
        Self {
            kind: "about:blank".into(),
            title: status.canonical_reason().unwrap_or("Error").into(),
            status: status.as_u16(),
            detail: detail.into(),
            detail_ja: None,
            code: code.into(),
            hint,
        }
    }

    /// The request makes no sense; `detail` says which part and why.
    pub fn invalid(detail: impl Into<String>) -> Self {
        let hint = "correct the value that is named, then repeat; --help shows examples";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail, Some(hint.into()))
    }

    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", format!("there is no such {what}"), None)
    }

    pub fn method_not_allowed() -> Self {
        let hint = Some("schema/openapi.json lists the methods of every path".into());
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "invalid", "this address does not take this method", hint)
    }

    pub fn unauthorized() -> Self {
        let hint = "send `Authorization: Bearer TOKEN` with a token that is neither revoked nor expired, or sign in at /sign-in";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "nobody is signed in", Some(hint.into()))
    }

    pub fn forbidden(detail: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail, None)
    }

    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail, Some("see the server's log".into()))
    }

    /// What happened, in the reader's language as far as there are words for it.
    pub fn told(&self, lang: Lang) -> &str {
        match (lang, &self.detail_ja) {
            (Lang::Ja, Some(japanese)) => japanese,
            _ => &self.detail,
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<ArchiveError> for Problem {
    fn from(error: ArchiveError) -> Self {
        let status = match error.code() {
            "invalid" => StatusCode::UNPROCESSABLE_ENTITY,
            "not-found" => StatusCode::NOT_FOUND,
            "forbidden" => StatusCode::FORBIDDEN,
            "conflict" | "no-rendition" | "retention" | "hold" | "destroyed" => StatusCode::CONFLICT,
            "too-large" => StatusCode::PAYLOAD_TOO_LARGE,
            "disk-full" => StatusCode::INSUFFICIENT_STORAGE,
            "stopped" | "locked" | "no-timestamp" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            tracing::error!(%error, code = error.code(), "a request failed");
        }
        let detail_ja = japanese(&error);
        Self { detail_ja, ..Self::new(status, error.code(), error.to_string(), error.hint()) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED.as_u16() {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"shosoin\""));
        }
        response
    }
}

/// The answer when a handler panicked: a defect of ours, said without details.
pub(super) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    Problem::internal("the request ran into a defect of the program; nothing was acknowledged")
        .into_response()
}
