//! The examination of a file: read, judge, and say it in the shape that people see.

use chrono::{DateTime, Utc};

use super::fetch;
use super::layers::{About, Material, flaws, is_known};
use super::{Authority, Chain, File, Later, Panel, PanelSignature, Verdict, Words, headline};
use crate::pdf::{self, RawSignature, SignatureKind};
use crate::pki::accredited::{self, Matched, Status};
use crate::pki::fetch::Fetcher;
use crate::pki::revocation::Evidence;
use crate::pki::trust::TrustStore;
use crate::pki::validate::{self, ChainStatus, Conclusion, Judge, Layer, RevocationPolicy, Subject};
use crate::pki::{Certificate, TimestampToken};

/// What the signatures of `file` prove at `at`, if the anchors of `trust` are believed. `extra` is revocation data that is
/// not in the file.
///
/// Total, within the bounds of [`pdf::read_signed`]: every file gets an answer, `cannot-tell` if need be.
pub fn examine<'a>(
    file: impl Into<File<'a>>,
    trust: &TrustStore,
    at: DateTime<Utc>,
    extra: &Evidence,
) -> Panel {
    examine_fetching(file, trust, at, extra, None)
}

/// As [`examine`]; what the file does not hold is fetched from the addresses that its certificates name, where `fetcher` is
/// given. What cannot be had stays unknown, and the reasons say why. May block for as long as the fetcher allows a file.
pub fn examine_fetching<'a>(
    file: impl Into<File<'a>>,
    trust: &TrustStore,
    at: DateTime<Utc>,
    extra: &Evidence,
    fetcher: Option<&dyn Fetcher>,
) -> Panel {
    let file = file.into();
    let signed = pdf::read_signed(file.bytes);
    let mut panel = Panel { judged_at: Some(at), ..Panel::listed(&signed.inspection) };
    if signed.signatures.is_empty() {
        return panel;
    }
    let material = Material::new(file, &signed.dss, extra, trust.known());
    panel.signatures = judge(&signed.signatures, material, trust, at, fetcher);
    if signed.dss.left_out > 0 {
        panel
            .signatures
            .iter_mut()
            .for_each(|signature| signature.reasons.push(left_out(signed.dss.left_out)));
    }
    let weakest = Verdict::weakest(panel.signatures.iter().map(|signature| signature.verdict));
    panel.verdict = match weakest {
        // Every signature that could be read passed, but there may be more.
        Some(Verdict::TotalPassed) if !panel.signatures_readable => Verdict::Indeterminate,
        Some(verdict) => verdict,
        None => panel.verdict,
    };
    panel.headline = headline(panel.verdict, &panel.signatures);
    panel.protected_until = protected_until(&panel.signatures);
    panel
}

/// Part of the security store was not looked at, which may be why something is unknown.
fn left_out(count: usize) -> Words {
    Words::new(
        format!(
            "ファイル内の検証情報（DSS）のうち{count}件は、読み取れないか大きすぎる（合計32MiBまで）ため使っていません。"
        ),
        format!(
            "{count} pieces of the validation data in the file (DSS) were not used: they cannot be read, or are too large \
             (32 MiB together)."
        ),
    )
}

/// One signature with what it was judged by.
pub(super) struct Judged<'a> {
    /// Its place among the file's fields.
    index: usize,
    pub raw: &'a RawSignature,
    pub layer: Layer,
    about: About,
    pub conclusion: Conclusion,
}

/// Judges all signatures together, in the order in which they were added to the file: each timestamp vouches for what was
/// there before it. The result is in that order.
pub(super) fn conclude<'a>(
    signatures: &'a [RawSignature],
    mut material: Material<'_>,
    trust: &TrustStore,
    at: DateTime<Utc>,
    fetcher: Option<&dyn Fetcher>,
) -> (Vec<Judged<'a>>, Vec<Words>) {
    let mut order: Vec<(usize, &RawSignature)> = signatures.iter().enumerate().collect();
    order.sort_by_key(|(_, raw)| {
        raw.summary.byte_range.map_or(0, |[_, _, start, length]| start.saturating_add(length))
    });
    let (layers, about): (Vec<Layer>, Vec<About>) = order.iter().map(|(_, raw)| material.read(raw)).unzip();
    let conclude = |material: &Material<'_>| {
        let judge = Judge {
            trust,
            evidence: &material.evidence,
            pool: &material.pool,
            policy: RevocationPolicy::default(),
            at,
            existed: None,
        };
        validate::document(&layers, &judge)
    };
    let mut conclusions = conclude(&material);
    let mut problems = Vec::new();
    if let Some(fetcher) = fetcher {
        problems = fetch::missing(fetcher, &layers, &mut conclusions, &mut material, conclude);
    }
    let all = order.into_iter().zip(layers).zip(about).zip(conclusions);
    let judged = all.map(|((((index, raw), layer), about), conclusion)| Judged {
        index,
        raw,
        layer,
        about,
        conclusion,
    });
    (judged.collect(), problems)
}

/// The judgements in the order of the file's fields, as people see them.
fn judge(
    signatures: &[RawSignature],
    material: Material<'_>,
    trust: &TrustStore,
    at: DateTime<Utc>,
    fetcher: Option<&dyn Fetcher>,
) -> Vec<PanelSignature> {
    let (mut judged, problems) = conclude(signatures, material, trust, at, fetcher);
    judged.sort_by_key(|judged| judged.index);
    let shown = judged.into_iter().map(|Judged { raw, layer, about, conclusion, .. }| {
        let unknown = fetch::lacks_something(&conclusion);
        let mut shown = signature(raw, &layer.subject, about, conclusion);
        shown.reasons.extend(problems.iter().filter(|_| unknown).cloned());
        shown
    });
    shown.collect()
}

fn signature(raw: &RawSignature, subject: &Subject, about: About, conclusion: Conclusion) -> PanelSignature {
    let listed = PanelSignature::listed(&raw.summary);
    let modified = raw.modified_after;
    let stamp = timestamp(subject, about.signer.as_ref(), &conclusion);
    let (verdict, sub_indication) = match conclusion.verdict {
        // The signature itself may be good: what is shown today is not what was signed.
        _ if modified == Some(true) && conclusion.verdict != validate::Verdict::TotalFailed => {
            (Verdict::TotalFailed, Some("FORMAT_FAILURE".to_owned()))
        }
        validate::Verdict::TotalPassed if modified.is_none() || !is_known(raw) => {
            (Verdict::Indeterminate, None)
        }
        verdict => (verdict.into(), conclusion.sub_indication.map(|why| why.name().to_owned())),
    };
    PanelSignature {
        signer: about.signer.as_ref().map(Certificate::display_name).or(listed.signer),
        subject: about.signer.as_ref().map(Certificate::subject),
        issuer: about.signer.as_ref().map(Certificate::issuer),
        time: stamp.time.or(conclusion.best_time).or(listed.claimed_time),
        claimed_time: listed.claimed_time.or(stamp.claimed),
        timestamp_time: stamp.time,
        proven_time: conclusion.best_time.filter(|_| conclusion.verdict != validate::Verdict::TotalFailed),
        timestamp_authority: stamp.authority,
        intact: about.intact.map(|intact| intact && raw.summary.byte_range_sound),
        modified_after: modified,
        later: later(raw),
        chain: conclusion.chain.into(),
        ltv: conclusion.ltv,
        certification: raw.docmdp,
        algorithm: about.algorithm,
        verdict,
        sub_indication,
        reasons: reasons(raw, &conclusion, verdict),
        protected_until: conclusion.protected_until,
        ..listed
    }
}

/// What the timestamp of a signature tells.
#[derive(Default)]
struct Stamp {
    time: Option<DateTime<Utc>>,
    authority: Option<Authority>,
    /// When a document timestamp was made by its own word, trustworthy or not.
    claimed: Option<DateTime<Utc>>,
}

/// The earliest timestamp that is about these bytes and soundly signed; whether its chain is trusted is in the verdict.
fn timestamp(subject: &Subject, signer: Option<&Certificate>, conclusion: &Conclusion) -> Stamp {
    let sound = |token: &TimestampToken, covers: bool| covers && token.check().passed();
    match subject {
        Subject::Timestamp { token, covers } => Stamp {
            time: sound(token, *covers).then(|| token.info().gen_time),
            authority: signer.map(|signer| authority(signer, token)),
            claimed: Some(token.info().gen_time),
        },
        Subject::Signature { tokens, .. } => {
            let trusted = tokens.iter().zip(&conclusion.timestamps).filter(|(_, judged)| judged.passed());
            let trusted = trusted.map(|(token, _)| token).min_by_key(|(token, _)| token.info().gen_time);
            let any = || tokens.iter().find(|(token, covers)| sound(token, *covers));
            let Some((token, _)) = trusted.or_else(any) else { return Stamp::default() };
            let signer = token.check().signer;
            Stamp {
                time: Some(token.info().gen_time),
                authority: signer.map(|signer| authority(&signer, token)),
                claimed: None,
            }
        }
        Subject::Unreadable => Stamp::default(),
    }
}

fn authority(signer: &Certificate, token: &TimestampToken) -> Authority {
    let listed = accredited::find(signer, token.info().gen_time);
    // Most of the list are names of companies, which may run other services as well.
    let company = listed.as_ref().filter(|entry| entry.matched == Matched::Company);
    let note = company.map(|entry| {
        Words::new(
            format!("総務大臣の認定を受けた時刻認証業務「{}」の事業者名と一致します。総務省の一覧でご確認ください。", entry.name),
            format!("The company runs {}, accredited by Japan's Minister; compare with the Ministry's list.", entry.name_en),
        )
    });
    let unit = listed.filter(|entry| entry.matched == Matched::Unit);
    Authority {
        name: signer.display_name(),
        accredited: unit.map(|entry| entry.status == Status::Accredited),
        note,
    }
}

fn later(raw: &RawSignature) -> Vec<Later> {
    let words = |change: &pdf::Change| Words::new(change.in_japanese(), change.to_string());
    raw.later
        .iter()
        .map(|later| Later { revision: later.revision, changes: later.changes.iter().map(words).collect() })
        .collect()
}

fn reasons(raw: &RawSignature, conclusion: &Conclusion, verdict: Verdict) -> Vec<Words> {
    let mut reasons: Vec<Words> = flaws(raw).collect();
    if raw.modified_after == Some(true) {
        reasons.push(Words::new(
            "署名の後に、許されていない変更が加えられています。",
            "The document was changed after signing in a way that is not allowed.",
        ));
    } else if raw.modified_after.is_none() && verdict == Verdict::Indeterminate {
        reasons.push(Words::new(
            "署名の後の変更を調べられませんでした。",
            "What was changed after signing could not be looked at.",
        ));
    }
    if !is_known(raw) {
        reasons.push(Words::new(
            format!("署名の形式「{}」は未対応です。", raw.summary.subfilter),
            format!("Signatures of the kind {:?} are not known.", raw.summary.subfilter),
        ));
    }
    // A flaw was said in both languages already.
    let said = !raw.reasons.is_empty();
    let own =
        conclusion.reasons.iter().filter(|reason| !(said && matches!(reason, validate::Reason::Format(_))));
    reasons.extend(own.map(|reason| Words::new(reason.ja(), reason.en())));
    reasons
}

/// When the first of several signatures loses its protection; a document timestamp protects those before it, so its own end
/// is theirs.
fn protected_until(signatures: &[PanelSignature]) -> Option<DateTime<Utc>> {
    let signed = signatures.iter().filter(|signature| signature.kind == SignatureKind::Signature);
    let mut ends: Vec<_> = signed.map(|signature| signature.protected_until).collect();
    if ends.is_empty() {
        ends = signatures.iter().map(|signature| signature.protected_until).collect();
    }
    ends.into_iter().collect::<Option<Vec<_>>>()?.into_iter().min()
}

impl From<ChainStatus> for Chain {
    fn from(status: ChainStatus) -> Self {
        match status {
            ChainStatus::Trusted => Self::Trusted,
            ChainStatus::Untrusted => Self::Untrusted,
            ChainStatus::Expired => Self::Expired,
            ChainStatus::Revoked => Self::Revoked,
            ChainStatus::Unknown => Self::Unknown,
        }
    }
}

impl From<validate::Verdict> for Verdict {
    fn from(verdict: validate::Verdict) -> Self {
        match verdict {
            validate::Verdict::TotalPassed => Self::TotalPassed,
            validate::Verdict::Indeterminate => Self::Indeterminate,
            validate::Verdict::TotalFailed => Self::TotalFailed,
        }
    }
}
