//! A problem as a page: what happened and what to do, in the reader's language; the status stays.

use askama::Template;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::page::Page;
use super::text::Text;
use crate::web::Problem;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    page: Page,
    heading: &'static str,
    status: u16,
    /// The engine's own words, in English.
    detail: String,
    hint: Option<String>,
}

/// The page for a problem.
pub fn page(page: Page, problem: Problem) -> Response {
    let status = problem.status();
    let heading = heading(page.t, status);
    let template =
        ErrorPage { page, heading, status: status.as_u16(), detail: problem.detail, hint: problem.hint };
    super::render(status, &template).unwrap_or_else(IntoResponse::into_response)
}

/// The answer where nothing is: JSON for programs, a page for people.
pub async fn not_found(request: Request) -> Response {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let for_people = accept.is_some_and(|accept| accept.contains("text/html"));
    let problem = Problem::not_found("page");
    if request.uri().path().starts_with("/api/") || !for_people {
        return problem.into_response();
    }
    page(Page::of(&request.into_parts().0), problem)
}

fn heading(t: &'static Text, status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => t.error_not_found,
        StatusCode::FORBIDDEN => t.error_forbidden,
        StatusCode::METHOD_NOT_ALLOWED => t.error_method,
        StatusCode::CONFLICT => t.error_conflict,
        StatusCode::PAYLOAD_TOO_LARGE => t.error_too_large,
        StatusCode::INSUFFICIENT_STORAGE => t.error_disk_full,
        StatusCode::SERVICE_UNAVAILABLE => t.error_unavailable,
        status if status.is_client_error() => t.error_invalid,
        _ => t.error_internal,
    }
}
