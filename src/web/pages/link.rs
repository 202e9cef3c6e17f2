//! Addresses inside the archive: building query strings, and where a sign-in may lead back to.

use axum::http::{Method, Uri};

/// Longest way back that is kept, in bytes.
const MAX_NEXT_BYTES: usize = 4_000;

/// `name=value&...` for a link, values percent-encoded; empty values are left out.
pub fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let given = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    given.map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

/// Path with a query, or without one when there is nothing to ask.
pub fn with_query(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// The same address without one of its parameters.
pub fn without(uri: &Uri, name: &str) -> String {
    let kept = |pair: &&str| pair.split('=').next() != Some(name);
    let query = uri.query().unwrap_or_default().split('&').filter(kept).collect::<Vec<_>>().join("&");
    with_query(uri.path(), &query)
}

/// Percent-encodes all but unreserved characters (RFC 3986, section 2.3).
pub fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// Where a sign-in leads: only to a path of this archive, never to another site, `/` otherwise.
pub fn safe_next(next: &str) -> &str {
    let local = next.starts_with('/') && !next.starts_with("//");
    // Browsers read a backslash as a slash, and controls could split the header.
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let elsewhere = ["/sign-in", "/sign-out", "/api/", "/assets/"].iter().any(|path| next.starts_with(path));
    if local && plain && !elsewhere && next.len() <= MAX_NEXT_BYTES { next } else { "/" }
}

/// The page to come back to after signing in. A form that was sent cannot be sent again from there, so it is
/// the page that the form stands on.
pub fn way_back(method: &Method, uri: &Uri) -> String {
    if matches!(*method, Method::GET | Method::HEAD) {
        return without(uri, "lang");
    }
    let mut segments = uri.path().split('/').skip(1);
    match (segments.next(), segments.next()) {
        (Some("records"), Some(id)) => format!("/records/{id}"),
        (Some("dispositions"), Some(plan)) => format!("/dispositions/{plan}"),
        (Some(place @ ("holds" | "dispositions" | "users")), _) => format!("/{place}"),
        (Some("deposit"), None) => "/deposit".to_owned(),
        _ => "/".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_never_leads_to_another_site() {
        for evil in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/\r\nSet-Cookie: a",
            "",
            "/a b",
            "/日",
        ] {
            assert_eq!(safe_next(evil), "/", "{evil:?}");
        }
        assert_eq!(safe_next("/records/x?done=corrected"), "/records/x?done=corrected");
        assert_eq!(safe_next("/sign-in?next=/"), "/");
    }

    #[test]
    fn values_cannot_break_out_of_a_link() {
        assert_eq!(
            query([("counterparty", "㈱A&B=\"<"), ("date", "")]),
            "counterparty=%E3%88%B1A%26B%3D%22%3C"
        );
        assert_eq!(with_query("/", ""), "/");
    }

    #[test]
    fn a_parameter_is_taken_out_and_the_others_stay() {
        assert_eq!(without(&Uri::from_static("/?a=1&lang=en&b=2"), "lang"), "/?a=1&b=2");
        assert_eq!(without(&Uri::from_static("/?lang=en"), "lang"), "/");
    }

    #[test]
    fn a_form_that_was_refused_leads_back_to_its_page() {
        let back = |path: &'static str| way_back(&Method::POST, &Uri::from_static(path));
        assert_eq!(back("/records/123/corrections"), "/records/123");
        assert_eq!(back("/sign-out"), "/");
        assert_eq!(way_back(&Method::GET, &Uri::from_static("/?a=1&lang=ja")), "/?a=1");
    }
}
