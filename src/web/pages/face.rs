//! Around every page: one language per request, problems as pages, and the way to the sign-in.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::page::Page;
use super::{error_page, lang, link};
use crate::web::Problem;

/// Longest problem that is read back, in bytes; ours are far shorter.
const MAX_PROBLEM_BYTES: usize = 64 << 10;
const PROBLEM: &str = "application/problem+json";

/// Gives the request its language, and turns whatever went wrong into a page in that language.
pub async fn face(request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let page = Page::of(&parts);
    let chosen = lang::chosen(&parts.uri);
    let sign_in = format!("/sign-in?next={}", link::encode(&link::way_back(&parts.method, &parts.uri)));
    parts.extensions.insert(page.clone());
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if is_failure(&response) {
        let problem = problem_of(response).await;
        response = if problem.status() == StatusCode::UNAUTHORIZED {
            Redirect::to(&sign_in).into_response()
        } else {
            error_page::page(page, problem)
        };
    }
    if let Some(lang) = chosen {
        response.headers_mut().append(header::SET_COOKIE, lang::remember(lang));
    }
    response
}

/// Pages that say what is wrong themselves are left alone; they are HTML.
fn is_failure(response: &Response) -> bool {
    let failed = response.status().is_client_error() || response.status().is_server_error();
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    failed && !kind.is_some_and(|kind| kind.starts_with("text/html"))
}

/// The problem that a handler or an extractor answered with.
async fn problem_of(response: Response) -> Problem {
    let status = response.status();
    let is_problem = response.headers().get(header::CONTENT_TYPE) == Some(&HeaderValue::from_static(PROBLEM));
    let bytes = to_bytes(response.into_body(), MAX_PROBLEM_BYTES).await.unwrap_or_default();
    let stated = if is_problem { serde_json::from_slice(&bytes).ok() } else { None };
    stated.unwrap_or_else(|| Problem::new(status, "invalid", String::from_utf8_lossy(&bytes), None))
}
