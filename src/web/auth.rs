//! Who is asking: a command on this machine, a bearer token, or a signed-in browser.

use axum::extract::{FromRef, FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};

use super::server::user_name;
use super::{App, Problem, doors};
use crate::archive::{ArchiveError, Principal};

/// Put into the request by whoever received it over a channel on which the kernel names the caller: the socket, or
/// this very process.
#[derive(Clone, Debug)]
pub struct Local {
    /// Number of the operating-system user; `None` when the kernel would not tell.
    pub uid: Option<u32>,
}

/// The principal of a request, who may do what the address stands for. Handlers that take it cannot be reached without.
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
        let principal = identify(parts, &App::from_ref(state)).await?;
        let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        doors::enter(&principal, &parts.method, path).map_err(|refusal| match refusal {
            Some(refusal) => Problem::from(ArchiveError::from(refusal)),
            None => Problem::forbidden("only who has all rights can use this address"),
        })?;
        Ok(Self(principal))
    }
}

/// Who is asking: by a token, by being a user of this machine, or by a session.
async fn identify(parts: &Parts, app: &App) -> Result<Principal, Problem> {
    // A token says more exactly who acts than the user that runs the command.
    if let Some(token) = bearer(&parts.headers) {
        let token = token.to_owned();
        let known = app.run(move |archive| archive.principal_of_token(&token)).await?;
        return known.map(|(_, principal)| principal).ok_or_else(Problem::unauthorized);
    }
    if let Some(Local { uid }) = parts.extensions.get::<Local>() {
        return local(app, *uid).await;
    }
    let token = cookie(&parts.headers).and_then(|id| app.sessions.token(id));
    let token = token.ok_or_else(Problem::unauthorized)?;
    // Asked again each time: a session ends with the token that began it, and with the user.
    let principal = app.run(move |archive| archive.principal_behind(&token)).await?;
    let principal = principal.ok_or_else(Problem::unauthorized)?;
    if parts.method != Method::GET && parts.method != Method::HEAD && !same_origin(&parts.headers) {
        return Err(Problem::forbidden("the request does not come from a page of this archive"));
    }
    Ok(principal)
}

async fn local(app: &App, uid: Option<u32>) -> Result<Principal, Problem> {
    let uid = uid.ok_or_else(|| Problem::forbidden("the kernel does not tell who is calling"))?;
    let name = user_name(uid);
    let user = name.clone();
    let principal = app.run(move |archive| archive.principal_of_os_user(uid, &user)).await?;
    principal.ok_or_else(|| {
        let detail = format!("the operating-system user {name} is nobody in this archive");
        let hint = format!(
            "an administrator makes them somebody with `shosoin user add NAME --role ROLE --os-user {name}`; with a token \
             of one's own, set SHOSOIN_TOKEN"
        );
        Problem { hint: Some(hint), ..Problem::forbidden(&detail) }
    })
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
