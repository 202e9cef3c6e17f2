//! Which language a person reads: chosen on the page, else remembered, else what the browser asks for.

use axum::http::{HeaderMap, HeaderValue, Uri, header};

use crate::retention::Lang;

/// Cookie that remembers the choice. It holds nothing but the language.
const COOKIE: &str = "shosoin_lang";

/// The language of a request.
pub fn of(headers: &HeaderMap, uri: &Uri) -> Lang {
    chosen(uri).or_else(|| remembered(headers)).or_else(|| preferred(headers)).unwrap_or_default()
}

/// The choice in `?lang=`.
pub fn chosen(uri: &Uri) -> Option<Lang> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix("lang=")).and_then(parse)
}

/// The code as `<html lang>` and `?lang=` have it.
pub fn code(lang: Lang) -> &'static str {
    match lang {
        Lang::Ja => "ja",
        Lang::En => "en",
    }
}

/// The header value that makes the browser remember a choice, for a year.
pub fn remember(lang: Lang) -> HeaderValue {
    HeaderValue::from_static(match lang {
        Lang::Ja => "shosoin_lang=ja; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax",
        Lang::En => "shosoin_lang=en; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax",
    })
}

fn remembered(headers: &HeaderMap) -> Option<Lang> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).and_then(|(_, value)| parse(value))
}

/// The first of our languages in the order of the browser's weights (RFC 9110, section 12.5.4).
fn preferred(headers: &HeaderMap) -> Option<Lang> {
    let text = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let mut best: Option<(f32, Lang)> = None;
    for item in text.split(',') {
        let mut parts = item.split(';').map(str::trim);
        let primary = parts.next().and_then(|tag| tag.split('-').next()).unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0_f32);
        if let Some(lang) = parse(&primary.to_ascii_lowercase())
            && weight > best.map_or(0.0, |(weight, _)| weight)
        {
            best = Some((weight, lang));
        }
    }
    best.map(|(_, lang)| lang)
}

fn parse(code: &str) -> Option<Lang> {
    match code {
        "ja" => Some(Lang::Ja),
        "en" => Some(Lang::En),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn the_browser_decides_until_somebody_chooses() {
        let here = Uri::from_static("/");
        let english = headers(header::ACCEPT_LANGUAGE, "fr-FR, en-GB;q=0.8, ja;q=0.3");
        assert_eq!(of(&english, &here), Lang::En);
        assert_eq!(of(&english, &Uri::from_static("/?counterparty=x&lang=ja")), Lang::Ja);
        assert_eq!(of(&headers(header::ACCEPT_LANGUAGE, "ja,en;q=0.9"), &here), Lang::Ja);
        assert_eq!(of(&headers(header::COOKIE, "a=b; shosoin_lang=en"), &here), Lang::En);
    }

    #[test]
    fn without_a_wish_it_is_japanese() {
        assert_eq!(of(&HeaderMap::new(), &Uri::from_static("/?lang=fr")), Lang::Ja);
        assert_eq!(of(&headers(header::ACCEPT_LANGUAGE, "en;q=0, zz"), &Uri::from_static("/")), Lang::Ja);
    }
}
