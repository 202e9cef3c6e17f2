//! A record as its page shows it.

use askama::Template;
use chrono_tz::Tz;

use super::history::{self, HistoryRow};
use super::metadata_form::MetadataForm;
use super::page::Page;
use super::signature_view::{self, SignaturePanel};
use super::text::Text;
use super::{acts, display, words};
use crate::archive::{ArchiveError, JournalEntryView, RecordView};
use crate::panel::Panel;
use crate::pdf::Format;
use crate::record::Version;
use crate::retention::Lang;

/// The page of one record.
#[derive(Template)]
#[template(path = "record.html")]
pub struct RecordTemplate {
    pub page: Page,
    pub id: String,
    pub counterparty: String,
    pub title: String,
    pub withdrawn: bool,
    pub shown_here: bool,
    /// Why the document is not shown, or what to know about it.
    pub notice: Option<&'static str>,
    pub fields: Vec<(String, String)>,
    pub retention_sentence: String,
    pub term_sentence: Option<String>,
    pub retain_until: String,
    pub reasons: Vec<String>,
    pub sha256: String,
    pub size: String,
    pub pages: Option<u32>,
    pub journal_seq: u64,
    pub signatures: SignaturePanel,
    pub warnings: Vec<&'static str>,
    pub history: Vec<HistoryRow>,
    pub trail: Vec<TrailRow>,
    pub trail_more: bool,
    pub edit: Edit,
    pub hide: Hide,
    /// What was just done.
    pub done: Option<&'static str>,
}

pub struct TrailRow {
    pub at: String,
    pub who: String,
    pub act: &'static str,
}

/// The form of a correction.
#[derive(Default)]
pub struct Edit {
    pub form: MetadataForm,
    /// What the page had shown; a correction is what differs from it.
    pub shown: MetadataForm,
    /// The version that the form began with.
    pub based_on: u32,
    pub reason: String,
    /// What is wrong with the correction as a whole.
    pub error: Option<String>,
    pub open: bool,
}

/// The form of a withdrawal or its undoing.
#[derive(Default)]
pub struct Hide {
    pub reason: String,
    pub error: Option<String>,
}

impl RecordTemplate {
    /// The page of a record as it is now, with untouched forms.
    ///
    /// # Errors
    /// [`ArchiveError::Corrupt`] for a record without any version, which cannot be.
    pub fn new(
        page: Page,
        record: RecordView,
        (trail, trail_more): (Vec<JournalEntryView>, bool),
        zone: Tz,
    ) -> Result<Self, ArchiveError> {
        let newest = record.versions.last();
        let newest =
            newest.ok_or_else(|| ArchiveError::Corrupt(format!("record {} has no version", record.id)))?;
        let (t, lang) = (page.t, page.lang);
        let decision = &record.retention.decision;
        Ok(Self {
            id: record.id.to_string(),
            counterparty: newest.metadata.counterparty.name.clone(),
            title: newest.metadata.title.clone().unwrap_or_default(),
            withdrawn: record.withdrawn,
            shown_here: matches!(record.panel.format, Format::Pdf { .. }),
            notice: notice(&record.panel, t),
            fields: shown_fields(newest, lang),
            term_sentence: record.term.as_ref().map(|term| match lang {
                Lang::Ja => term.sentence_ja.clone(),
                Lang::En => term.sentence_en.clone(),
            }),
            retention_sentence: match lang {
                Lang::Ja => record.retention.sentence_ja.clone(),
                Lang::En => record.retention.sentence_en.clone(),
            },
            retain_until: decision
                .retain_until
                .map_or_else(|| t.no_end.to_owned(), |until| display::day(until, lang)),
            reasons: decision.reasons.iter().map(|reason| reason.citation(lang)).collect(),
            sha256: record.sha256.to_string(),
            size: display::bytes(record.size, t),
            pages: record.panel.pages,
            journal_seq: record.journal_seq,
            signatures: signature_view::panel(&record.panel, zone, t, lang),
            warnings: newest
                .metadata
                .counterparty
                .warnings()
                .into_iter()
                .map(|w| words::warning(w, lang))
                .collect(),
            history: history::rows(&record.versions, zone, lang),
            trail: trail.into_iter().map(|entry| trail_row(entry, zone, t, lang)).collect(),
            trail_more,
            edit: Edit {
                form: MetadataForm::of(&newest.metadata),
                shown: MetadataForm::of(&newest.metadata),
                based_on: newest.version,
                ..Edit::default()
            },
            hide: Hide::default(),
            done: None,
            page,
        })
    }
}

fn notice(panel: &Panel, t: &'static Text) -> Option<&'static str> {
    match panel.format {
        Format::Pdf { .. } => panel.not_read.map(|_| t.preview_large),
        Format::DamagedPdf { .. } => Some(t.preview_damaged),
        Format::EncryptedPdf => Some(t.preview_encrypted),
        Format::NotPdf => Some(t.preview_not_pdf),
        Format::Empty => Some(t.preview_empty),
    }
}

/// The fields that are filled. The amount always is: that there is none is said in words.
fn shown_fields(version: &Version, lang: Lang) -> Vec<(String, String)> {
    let own =
        history::fields(&version.metadata, lang).into_iter().map(|(label, value)| (label.to_owned(), value));
    let custom = version.metadata.custom.iter().map(|(label, value)| (label.clone(), value.clone()));
    own.chain(custom).filter(|(_, value)| !value.is_empty()).collect()
}

fn trail_row(entry: JournalEntryView, zone: Tz, t: &'static Text, lang: Lang) -> TrailRow {
    TrailRow { at: display::instant(entry.at, zone, lang), who: entry.actor, act: acts::label(entry.act, t) }
}
