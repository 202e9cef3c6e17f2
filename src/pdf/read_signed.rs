//! Putting a signed PDF together: signatures from the newest state, what came after from the history.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::changes::{Change, ChangeLevel, Forms, Judge};
use super::history::{History, Unreadable};
use super::inspect::{self, Detail};
use super::inspection::SignatureSummary;
use super::signatures::Parts;
use super::signed::{Dss, Flaw, LaterRevision, RawSignature, SignedPdf};

/// Reads every signature of `bytes` with what is needed to verify it, and what later revisions did.
///
/// Total, like [`super::inspect`], which it includes: the same bounds hold, and the same file always gets the
/// same answer, but for running out of time. Judges no certificate and no digest.
pub fn read_signed(bytes: &[u8]) -> SignedPdf {
    let (inspection, detail) = inspect::look(bytes, true);
    let Detail { mut signatures, dss } = detail.unwrap_or_default();
    signatures.truncate(inspection.signatures.len());
    SignedPdf { inspection, signatures, dss }
}

/// What came after each signature, and the security store, as far as the budget allows.
pub(super) fn judge(
    history: &Result<History, Unreadable>,
    summaries: &[SignatureSummary],
    parts: Vec<Parts>,
) -> (Vec<RawSignature>, Option<Dss>) {
    let (shared, forms) = (shared_gaps(summaries), Forms::default());
    let mut signatures = Vec::new();
    for ((summary, parts), shared) in summaries.iter().zip(parts).zip(shared) {
        let mut raw = raw(summary, parts);
        let number = raw.1;
        raw.0.reasons.extend(shared);
        let contents = std::mem::take(&mut raw.0.contents);
        let fallback = RawSignature { modified_after: None, ..raw.0.clone() };
        let judged = catch_unwind(AssertUnwindSafe(|| place(history, &forms, raw.0, number)));
        let judged = judged.unwrap_or_else(|_| {
            let mut unknown = fallback;
            unknown.reasons.push(Flaw::TooComplex);
            unknown
        });
        signatures.push(RawSignature { contents, ..judged });
    }
    let dss = history.as_ref().ok().and_then(|history| {
        catch_unwind(AssertUnwindSafe(|| super::dss::read(history, &history.newest().trailer))).ok()
    });
    (signatures, dss)
}

fn raw(summary: &SignatureSummary, parts: Parts) -> (RawSignature, Option<u32>) {
    let number = parts.number;
    let raw = RawSignature {
        summary: summary.clone(),
        contents: parts.contents,
        cert: parts.cert,
        docmdp: parts.docmdp,
        field_lock: parts.field_lock,
        revision: 0,
        revisions: 0,
        covers_whole_file: summary.covers_whole_file,
        later: Vec::new(),
        modified_after: None,
        reasons: parts.flaws,
    };
    (raw, number)
}

/// Signatures written inside their fields have no number to be shared by; their ranges tell.
fn shared_gaps(summaries: &[SignatureSummary]) -> Vec<Option<Flaw>> {
    let twin = |index: usize, range: [u64; 4]| {
        summaries
            .iter()
            .enumerate()
            .find(|(other, summary)| *other != index && summary.byte_range == Some(range))
    };
    let flaw = |(index, summary): (usize, &SignatureSummary)| {
        let (_, other) = twin(index, summary.byte_range?)?;
        Some(Flaw::SharedValue { other: other.field.clone() })
    };
    summaries.iter().enumerate().map(flaw).collect()
}

/// Finds the revision that the signature closes, and judges those after it.
fn place(
    history: &Result<History, Unreadable>,
    forms: &Forms,
    mut raw: RawSignature,
    number: Option<u32>,
) -> RawSignature {
    let history = match history {
        Ok(history) => history,
        Err(why) => {
            raw.reasons.push(match why {
                Unreadable::TooMuch => Flaw::TooComplex,
                Unreadable::CrossReference | Unreadable::Encrypted => Flaw::HistoryUnreadable,
            });
            raw.modified_after = if raw.covers_whole_file { Some(false) } else { bad_range(&raw) };
            return raw;
        }
    };
    raw.revisions = count(history.revisions.len());
    let Some([_, gap_start, gap_end, length]) =
        raw.summary.byte_range.filter(|_| raw.summary.byte_range_sound)
    else {
        raw.modified_after = bad_range(&raw);
        return raw;
    };
    if history.offsets().any(|(_, _, offset)| (gap_start..gap_end).contains(&(offset as u64))) {
        raw.reasons.push(Flaw::ObjectInGap);
        raw.modified_after = Some(true);
        return raw;
    }
    let end = usize::try_from(gap_end.saturating_add(length)).unwrap_or(usize::MAX);
    let Some(base) = history.closed_at(end) else {
        raw.modified_after = Some(!raw.covers_whole_file);
        if !raw.covers_whole_file {
            raw.reasons.push(Flaw::NotEndOfRevision);
        }
        return raw;
    };
    raw.revision = count(base + 1);
    let written = number.and_then(|number| history.last_written(history.last(), number));
    if raw.covers_whole_file {
        raw.modified_after = Some(false);
    } else if written.is_some_and(|written| written != base) {
        raw.reasons.push(Flaw::WrongRevision);
        raw.modified_after = Some(true);
        later(history, forms, base, &mut raw);
        raw.modified_after = Some(true);
    } else {
        later(history, forms, base, &mut raw);
    }
    raw
}

/// A signature that does not say soundly what it covers protects nothing.
fn bad_range(raw: &RawSignature) -> Option<bool> {
    (!raw.summary.byte_range_sound).then_some(true)
}

fn later(history: &History, forms: &Forms, base: usize, raw: &mut RawSignature) {
    let mut too_much = false;
    if base < history.last() {
        match Judge::new(history, forms, base, raw.docmdp, raw.field_lock.clone()) {
            Some(judge) => {
                let mut told = BTreeSet::new();
                for revision in base + 1..=history.last() {
                    match judge.changes(revision) {
                        Some(changes) => {
                            // Each was held against the signed revision, and so repeats those before it.
                            let changes: Vec<Change> = changes
                                .into_iter()
                                .filter(|change| told.insert(change.clone()) || judge.again(change, revision))
                                .collect();
                            if !changes.is_empty() {
                                raw.later.push(LaterRevision { revision: count(revision + 1), changes });
                            }
                        }
                        None => too_much = true,
                    }
                }
            }
            None => too_much = true,
        }
    }
    let tail = history.file.get(history.newest().end..).unwrap_or_default();
    if !tail.trim_ascii().is_empty() {
        let changes = vec![Change::TrailingBytes];
        raw.later.push(LaterRevision { revision: count(history.revisions.len() + 1), changes });
    }
    if too_much {
        raw.reasons.push(Flaw::TooComplex);
    }
    raw.modified_after = verdict(raw, too_much);
}

/// Whether the farthest change goes beyond what the signature permits.
fn verdict(raw: &mut RawSignature, too_much: bool) -> Option<bool> {
    let level = raw.change_level();
    let permitted = match raw.docmdp {
        Some(1) => ChangeLevel::Upkeep,
        Some(2) => ChangeLevel::FormFilling,
        _ => ChangeLevel::Annotations,
    };
    match level {
        Some(level) if level > permitted => {
            if let (Some(permitted), true) = (raw.docmdp, level < ChangeLevel::Modification) {
                raw.reasons.push(Flaw::BeyondPermission { level, permitted });
            }
            Some(true)
        }
        _ if too_much => None,
        _ => Some(false),
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
