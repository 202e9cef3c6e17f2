//! The signature panel as the record's page shows it.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::display;
use super::text::Text;
use crate::panel::{Chain, Panel, PanelSignature, Verdict, Words};
use crate::pdf::SignatureKind;
use crate::retention::Lang;

/// The panel: one sentence for everybody, and the facts below it for whoever asks.
pub struct SignaturePanel {
    pub headline: String,
    /// `good`, `bad` or nothing: the colour beside the words, never instead of them.
    pub tone: &'static str,
    pub judged_at: Option<String>,
    pub protected_until: Option<String>,
    pub rows: Vec<SignatureRow>,
}

/// One signature or document timestamp.
pub struct SignatureRow {
    pub kind: &'static str,
    pub field: String,
    pub verdict: &'static str,
    pub tone: &'static str,
    pub reasons: Vec<String>,
    /// What there is to know, each with its label; nothing empty.
    pub facts: Vec<(&'static str, String)>,
    /// What later revisions of the file did.
    pub later: Vec<String>,
}

/// The panel in one language.
pub fn panel(panel: &Panel, zone: Tz, t: &'static Text, lang: Lang) -> SignaturePanel {
    let time = |at: DateTime<Utc>| display::instant(at, zone, lang);
    SignaturePanel {
        headline: words(&panel.headline, lang),
        // Valid, but when is only the signer's word: no colour that says that all is well.
        tone: if panel.signatures.iter().all(PanelSignature::time_is_proven) {
            tone(panel.verdict)
        } else {
            ""
        },
        judged_at: panel.judged_at.map(time),
        protected_until: panel
            .protected_until
            .map(|at| display::day(at.with_timezone(&zone).date_naive(), lang)),
        rows: panel.signatures.iter().map(|signature| row(signature, zone, t, lang)).collect(),
    }
}

fn row(signature: &PanelSignature, zone: Tz, t: &'static Text, lang: Lang) -> SignatureRow {
    SignatureRow {
        kind: match signature.kind {
            SignatureKind::Signature => t.signature,
            SignatureKind::Timestamp => t.timestamp,
        },
        field: signature.field.clone(),
        verdict: verdict(signature.verdict, t),
        tone: tone(signature.verdict),
        reasons: signature.reasons.iter().map(|reason| words(reason, lang)).collect(),
        facts: facts(signature, zone, t, lang),
        later: signature
            .later
            .iter()
            .map(|later| {
                let changes: Vec<_> = later.changes.iter().map(|change| words(change, lang)).collect();
                format!("{} {}: {}", t.sig_revision, later.revision, changes.join(t.list_comma))
            })
            .collect(),
    }
}

fn facts(s: &PanelSignature, zone: Tz, t: &'static Text, lang: Lang) -> Vec<(&'static str, String)> {
    let time = |at: Option<DateTime<Utc>>| at.map(|at| display::instant(at, zone, lang));
    let claimed = if s.timestamp_time.is_none() { time(s.claimed_time) } else { None };
    let all = [
        (t.sig_signer, s.signer.clone()),
        (t.sig_issuer, s.issuer.clone()),
        (t.sig_timestamp, time(s.timestamp_time).map(|at| stamped(at, s, t))),
        (t.sig_claimed_time, claimed),
        (
            t.sig_authority,
            s.timestamp_authority.as_ref().map(|authority| match authority.accredited {
                Some(true) => format!("{} {}", authority.name, t.sig_accredited),
                _ => match &authority.note {
                    Some(note) => format!("{} {}", authority.name, words(note, lang)),
                    None => authority.name.clone(),
                },
            }),
        ),
        (t.sig_reason, s.reason.clone()),
        (t.sig_location, s.location.clone()),
        (
            t.sig_intact,
            s.intact.map(|intact| if intact { t.sig_intact_yes } else { t.sig_intact_no }.to_owned()),
        ),
        (t.sig_chain, Some(chain(s.chain, t).to_owned())),
        (t.sig_ltv, Some(if s.ltv { t.sig_ltv_yes } else { t.sig_ltv_no }.to_owned())),
        (t.sig_scope, Some(scope(s, t).to_owned())),
        (t.sig_protected_until, time(s.protected_until)),
        (
            t.sig_format,
            Some(
                [Some(s.subfilter.as_str()), s.algorithm.as_deref()]
                    .into_iter()
                    .flatten()
                    .filter(|text| !text.is_empty())
                    .collect::<Vec<_>>()
                    .join(", "),
            ),
        ),
    ];
    all.into_iter()
        .filter_map(|(label, value)| Some((label, value?)))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

/// A timestamp's time, and that it proves nothing where it does not.
fn stamped(at: String, signature: &PanelSignature, t: &'static Text) -> String {
    if signature.time_is_proven() { at } else { format!("{at} {}", t.sig_untrusted) }
}

fn scope(signature: &PanelSignature, t: &'static Text) -> &'static str {
    match (signature.byte_range_sound, signature.covers_whole_file) {
        (false, _) => t.scope_unsound,
        (true, true) => t.scope_whole,
        (true, false) => t.scope_part,
    }
}

fn chain(chain: Chain, t: &'static Text) -> &'static str {
    match chain {
        Chain::Trusted => t.chain_trusted,
        Chain::Untrusted => t.chain_untrusted,
        Chain::Expired => t.chain_expired,
        Chain::Revoked => t.chain_revoked,
        Chain::Unknown => t.chain_unknown,
    }
}

fn verdict(verdict: Verdict, t: &'static Text) -> &'static str {
    match verdict {
        Verdict::TotalPassed => t.verdict_passed,
        Verdict::Indeterminate => t.verdict_indeterminate,
        Verdict::TotalFailed => t.verdict_failed,
        Verdict::Unsigned => t.unsigned,
        Verdict::CannotTell => t.cannot_tell,
    }
}

fn tone(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::TotalPassed => "good",
        Verdict::TotalFailed => "bad",
        Verdict::Indeterminate | Verdict::Unsigned | Verdict::CannotTell => "",
    }
}

fn words(words: &Words, lang: Lang) -> String {
    match lang {
        Lang::Ja => words.ja.clone(),
        Lang::En => words.en.clone(),
    }
}
