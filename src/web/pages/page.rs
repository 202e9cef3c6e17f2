//! What every page knows: its language, who is signed in, and where the same page in the other language is.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::text::{Text, text};
use super::{assets, lang, link};
use crate::archive::Principal;
use crate::retention::Lang;
use crate::web::{Problem, auth};

/// The frame around the content of a page.
#[derive(Clone)]
pub struct Page {
    pub lang: Lang,
    pub t: &'static Text,
    /// Who is signed in; `None` on pages that anybody may see.
    pub who: Option<String>,
    /// There is a session that can be ended.
    pub session: bool,
    /// Address of this page, without a choice of language.
    here: String,
}

impl Page {
    /// The frame for a request.
    pub fn of(parts: &Parts) -> Self {
        let lang = lang::of(&parts.headers, &parts.uri);
        Self {
            lang,
            t: text(lang),
            who: None,
            session: auth::cookie(&parts.headers).is_some(),
            here: link::way_back(&parts.method, &parts.uri),
        }
    }

    /// The same frame, for somebody who is signed in.
    pub fn signed_in(self, who: &Principal) -> Self {
        Self { who: Some(who.name.clone()), ..self }
    }

    /// `ja` or `en`.
    pub fn code(&self) -> &'static str {
        lang::code(self.lang)
    }

    /// `ja` or `en`: the one that this page is not in.
    pub fn other_code(&self) -> &'static str {
        lang::code(match self.lang {
            Lang::Ja => Lang::En,
            Lang::En => Lang::Ja,
        })
    }

    /// The same page in the other language.
    pub fn other_language(&self) -> String {
        let joint = if self.here.contains('?') { '&' } else { '?' };
        format!("{}{joint}lang={}", self.here, self.other_code())
    }

    /// Address of the style sheet.
    pub fn style(&self) -> String {
        assets::style()
    }

    /// Address of the drawing in the header.
    pub fn mark(&self) -> String {
        assets::mark()
    }
}

/// Put there by [`super::face::face`], which surrounds every page.
impl<S: Sync> FromRequestParts<S> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self::of(parts)))
    }
}
