//! What every page knows: its language, who is signed in, and where the same page in the other language is.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::text::{Text, text};
use super::{assets, lang, link};
use crate::archive::{Action, Principal, permit};
use crate::retention::Lang;
use crate::web::{Problem, auth};

/// The frame around the content of a page.
#[derive(Clone)]
pub struct Page {
    pub lang: Lang,
    pub t: &'static Text,
    /// Name of who is signed in; `None` on pages that anybody may see.
    pub who: Option<String>,
    /// What they may do; what they may not is not offered.
    pub may: May,
    /// There is a session that can be ended.
    pub session: bool,
    /// Address of this page, without a choice of language.
    here: String,
}

/// What a page offers to whom, by the same table that the addresses ask.
#[derive(Clone, Copy, Default)]
pub struct May {
    pub search: bool,
    pub deposit: bool,
    pub get: bool,
    pub correct: bool,
    pub withdraw: bool,
    pub export: bool,
    pub jobs: bool,
    pub backups: bool,
    pub timestamps: bool,
    pub holds: bool,
    pub hold_place: bool,
    pub dispositions: bool,
    pub plan: bool,
    pub approve: bool,
    pub perform: bool,
    pub users: bool,
    pub users_change: bool,
}

impl May {
    fn of(who: &Principal) -> Self {
        let may = |action| permit(who, action).is_ok();
        Self {
            search: may(Action::Search),
            deposit: may(Action::Deposit),
            get: may(Action::Get),
            correct: may(Action::Correct),
            withdraw: may(Action::Withdraw),
            export: may(Action::Export),
            jobs: may(Action::JobsList),
            backups: may(Action::BackupList),
            timestamps: may(Action::TimestampStatus),
            holds: may(Action::HoldList),
            hold_place: may(Action::HoldPlace),
            dispositions: may(Action::DispositionList),
            plan: may(Action::DispositionPlan),
            approve: may(Action::DispositionApprove),
            perform: may(Action::DispositionPerform),
            users: may(Action::UserList),
            users_change: may(Action::UserChange),
        }
    }
}

impl Page {
    /// The frame for a request.
    pub fn of(parts: &Parts) -> Self {
        let lang = lang::of(&parts.headers, &parts.uri);
        Self {
            lang,
            t: text(lang),
            who: None,
            may: May::default(),
            session: auth::cookie(&parts.headers).is_some(),
            here: link::way_back(&parts.method, &parts.uri),
        }
    }

    /// The same frame, for somebody who is signed in.
    pub fn signed_in(self, who: &Principal) -> Self {
        Self { who: Some(who.name.clone()), may: May::of(who), ..self }
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
