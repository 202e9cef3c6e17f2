//! Signing in with an access token, and signing out. Both ways it ends are journaled.

use askama::Template;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};

use super::link::safe_next;
use super::page::Page;
use crate::archive::Principal;
use crate::journal::Act;
use crate::web::api::Params;
use crate::web::auth::{COOKIE, Who, cookie, same_origin};
use crate::web::{App, Problem};

/// Seconds to wait after too many failures, as told to programs.
const WAIT_SECONDS: &str = "60";

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInTemplate {
    page: Page,
    next: String,
    error: Option<&'static str>,
}

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NextParams {
    next: String,
}

/// What is typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct SignInForm {
    token: String,
    next: String,
}

/// Sealed into the journal entry of a sign-in. The token itself is never written anywhere.
#[derive(Serialize)]
struct SignInDetails {
    over: &'static str,
}

/// `GET /sign-in`
pub async fn form(page: Page, Params(params): Params<NextParams>) -> Result<Response, Problem> {
    again(page, &params.next, None, StatusCode::OK)
}

/// `POST /sign-in`
pub async fn sign_in(
    State(app): State<App>,
    page: Page,
    headers: HeaderMap,
    Form(form): Form<SignInForm>,
) -> Result<Response, Problem> {
    // Otherwise another site could sign somebody in under a name that is not theirs.
    if !same_origin(&headers) {
        return Err(Problem::forbidden("the request does not come from a page of this archive"));
    }
    if app.sessions.must_wait() {
        let error = Some(page.t.wait);
        let mut response = again(page, &form.next, error, StatusCode::TOO_MANY_REQUESTS)?;
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(WAIT_SECONDS));
        return Ok(response);
    }
    let token = form.token.trim().to_owned();
    let Some((key, principal)) = app.run(move |archive| archive.principal_of_token(&token)).await? else {
        app.sessions.note_failure();
        note(&app, Principal::anonymous(), Act::SignInFailed).await?;
        let error = Some(page.t.token_wrong);
        return again(page, &form.next, error, StatusCode::FORBIDDEN);
    };
    note(&app, principal, Act::SignIn).await?;
    if let Some(old) = cookie(&headers) {
        app.sessions.end(old);
    }
    let session = app.sessions.begin(key);
    let id =
        session.map_err(|error| Problem::internal(format!("the system gives no random bytes: {error}")))?;
    let mut response = Redirect::to(safe_next(&form.next)).into_response();
    response
        .headers_mut()
        .append(header::SET_COOKIE, session_cookie(&id, app.sessions.lifetime_seconds(), &headers)?);
    Ok(response)
}

/// `POST /sign-out`
pub async fn sign_out(State(app): State<App>, _: Who, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(id) = cookie(&headers) {
        app.sessions.end(id);
    }
    let mut response = Redirect::to("/sign-in").into_response();
    response.headers_mut().append(header::SET_COOKIE, session_cookie("", 0, &headers)?);
    Ok(response)
}

fn again(
    page: Page,
    next: &str,
    error: Option<&'static str>,
    status: StatusCode,
) -> Result<Response, Problem> {
    super::render(status, &SignInTemplate { page, next: safe_next(next).to_owned(), error })
}

async fn note(app: &App, who: Principal, act: Act) -> Result<(), Problem> {
    app.run(move |archive| archive.journal_note(&who, act, &SignInDetails { over: "page" })).await
}

/// The cookie of a session: scripts cannot read it, other sites cannot make a browser send it. Over the TLS of a
/// proxy it is also never sent in the clear.
fn session_cookie(id: &str, seconds: u64, headers: &HeaderMap) -> Result<HeaderValue, Problem> {
    let tls = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let secure = if tls { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={id}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&cookie).map_err(|_| Problem::internal("the session id is not plain text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let cookie = session_cookie("abc", 60, &HeaderMap::new()).expect("a cookie");
        assert_eq!(cookie, "shosoin_session=abc; Path=/; HttpOnly; SameSite=Strict; Max-Age=60");
        let proxied = HeaderMap::from_iter([(
            "x-forwarded-proto".parse().expect("a name"),
            HeaderValue::from_static("https"),
        )]);
        assert!(
            session_cookie("abc", 60, &proxied).is_ok_and(|cookie| cookie.as_bytes().ends_with(b"; Secure"))
        );
    }
}
