//! Who is asking: a command on this machine, a bearer token, or a signed-in browser.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};

use super::{App, Problem};
use crate::archive::Principal;

/// Put into the request by whoever received it over a channel that only the archive's own user can open.
#[derive(Clone, Debug)]
pub struct Local(pub Principal);

/// The principal of a request. Handlers that take it cannot be reached without one.
pub struct Who(pub Principal);

/// Name of the session cookie. `__Host-` would need TLS, which this release leaves to a proxy.
pub const COOKIE: &str = "shosoin_session";

impl<S> FromRequestParts<S> for Who
where
    S: Send + Sync,
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if let Some(Local(principal)) = parts.extensions.get::<Local>() {
            return Ok(Self(principal.clone()));
        }
        let app = App::from_ref(state);
        if let Some(token) = bearer(&parts.headers) {
            let token = token.to_owned();
            let principal = app.run(move |archive| archive.principal_of_token(&token)).await?;
            return principal.map(Self).ok_or_else(Problem::unauthorized);
        }
        let principal = cookie(&parts.headers).and_then(|id| app.sessions.principal(id));
        let principal = principal.ok_or_else(Problem::unauthorized)?;
        if parts.method != Method::GET && parts.method != Method::HEAD && !same_origin(&parts.headers) {
            return Err(Problem::forbidden("the request does not come from a page of this archive"));
        }
        Ok(Self(principal))
    }
}

/// The token of an `Authorization: Bearer` header (RFC 6750, section 2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The session id in the request's cookies.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

/// Whether a browser says that the request comes from our own page. A cookie alone never proves that:
/// any page can make a browser send it. Modern browsers always send one of these headers with a POST.
pub(super) fn same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    match (text("origin"), text("host")) {
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, from)| from == host),
        _ => false,
    }
}
