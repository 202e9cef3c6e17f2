//! Notices of what comes due: gathered, told once per reminder, as one message a day over each way.
//!
//! A message is journaled before it leaves. What was told is remembered after it left, so that a crash between the
//! two repeats a message (with the same id) rather than losing it.

mod digest;
mod item;
mod mail;
mod sources;
mod text;
mod webhook;

use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

pub use digest::{Digest, Told};
pub use item::{Item, Kind};
pub use text::{Message, Style, message};

use sources::SOURCES;

use crate::archive::{Action, Archive, ArchiveError, Channel, Principal, permit};
use crate::config::NoticesConfig;
use crate::journal::Act;

/// Records named in a journal entry about a message.
const MAX_NAMED: usize = 200;
/// Days looked back for what nobody was told of in time.
const LOOK_BACK_DAYS: i64 = 30;

/// Why a message did not go out.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("{0}")]
    Settings(String),
    #[error("not delivered: {0}")]
    Refused(String),
}

/// A way of telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    Mail,
    Webhook,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
        }
    }

    fn configured(config: &NoticesConfig) -> Vec<Self> {
        let mail = (!config.mail.host.is_empty()).then_some(Self::Mail);
        let webhook = (!config.webhook.url.is_empty()).then_some(Self::Webhook);
        mail.into_iter().chain(webhook).collect()
    }
}

/// What became of one way of telling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Delivery {
    pub way: Way,
    /// Things told in the message.
    pub items: usize,
    pub outcome: Outcome,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Sent,
    /// There is nothing new.
    Nothing,
    /// A message went out today; the next one may tomorrow.
    AlreadyToday,
    Failed,
}

/// Sealed into the journal entries around a message.
#[derive(Serialize)]
struct DeliveryDetails<'a> {
    job: &'static str,
    way: &'static str,
    state: &'static str,
    items: usize,
    subjects: Vec<&'a str>,
}

/// Everything that comes due and that `who` may see, told or not.
///
/// # Errors
/// [`ArchiveError::Forbidden`], or the store's.
pub fn due(archive: &Archive, who: &Principal) -> Result<Vec<Item>, ArchiveError> {
    permit(who, Action::NoticesShow)?;
    let today = archive.today();
    let ahead = archive.config().notices.days_before.iter().copied().max().unwrap_or(0);
    let until = today.checked_add_signed(TimeDelta::days(ahead.into())).unwrap_or(NaiveDate::MAX);
    let from = today.checked_sub_signed(TimeDelta::days(LOOK_BACK_DAYS)).unwrap_or(NaiveDate::MIN);
    let mut items = Vec::new();
    for source in SOURCES {
        match source(archive, who, from, until) {
            Ok(found) => items.extend(found),
            // What somebody may not see does not come due for them.
            Err(ArchiveError::Forbidden(_)) => {}
            Err(error) => return Err(error),
        }
    }
    items.sort_by(|a, b| (a.due, a.kind, &a.subject).cmp(&(b.due, b.kind, &b.subject)));
    Ok(items)
}

/// Whether the settings name any way to tell.
pub fn is_configured(archive: &Archive) -> bool {
    !Way::configured(&archive.config().notices).is_empty()
}

/// Tells what is new over every way in the settings, at most once a day over each.
///
/// # Errors
/// [`ArchiveError::Forbidden`]; [`ArchiveError::Invalid`] when the settings name no way; the store's. What went wrong
/// with one way stands in its delivery and does not keep the other from being tried.
pub fn send(archive: &Archive, who: &Principal) -> Result<Vec<Delivery>, ArchiveError> {
    permit(who, Action::NoticesSend)?;
    let ways = Way::configured(&archive.config().notices);
    if ways.is_empty() {
        let message =
            "shosoin.toml names neither a mail server nor a webhook for notices ([notices.mail] host)";
        return Err(ArchiveError::Invalid(message.into()));
    }
    // What is told goes to the receivers in the settings, whoever has it sent.
    let items = due(archive, &Principal::system())?;
    ways.into_iter().map(|way| tell(archive, who, way, &items)).collect()
}

fn tell(archive: &Archive, who: &Principal, way: Way, items: &[Item]) -> Result<Delivery, ArchiveError> {
    let (config, today, at) = (&archive.config().notices, archive.today(), archive.now());
    let state = archive.notices_told()?.remove(way.name()).unwrap_or_default();
    let digest = Digest::new(items.to_vec(), &state.told, today, &config.days_before);
    let done = |outcome, error| Delivery { way, items: digest.items.len(), outcome, error };
    if digest.is_empty() {
        return Ok(done(Outcome::Nothing, None));
    }
    // A clock that was set back must not hold messages up for long, hence not "on or after".
    if state.last == Some(today) {
        return Ok(done(Outcome::AlreadyToday, None));
    }
    let details = |state| DeliveryDetails {
        job: "notices",
        way: way.name(),
        state,
        items: digest.items.len(),
        subjects: digest.items.iter().take(MAX_NAMED).map(|item| item.subject.as_str()).collect(),
    };
    archive.journal_note(who, Act::Job, &details("sending"))?;
    let style = Style { language: config.language, names: config.names, link: &config.link };
    let message = message(&digest, today, style);
    let id = format!("shosoin-{}-{}-{today}", archive.identity().archive_id, way.name());
    let root = archive.layout().root();
    let sent = match way {
        Way::Mail => mail::send(config, root, &message, &id, at),
        Way::Webhook => webhook::send(config, root, (&digest, &message), (&id, today, at)),
    };
    match sent {
        Ok(()) => {
            let told = Channel { last: Some(today), told: digest.told.clone() };
            archive.notices_remember(who, way.name(), told, &details("sent"))?;
            Ok(done(Outcome::Sent, None))
        }
        Err(error) => {
            tracing::error!(%error, way = way.name(), "notices were not delivered");
            archive.journal_note(who, Act::Job, &details("failed"))?;
            Ok(done(Outcome::Failed, Some(error.to_string())))
        }
    }
}
