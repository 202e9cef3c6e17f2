//! What a rendition must be: nothing that was signed is worse than before, and what readers should know is said.

use super::make::Ground;
use crate::panel::{Panel, PanelSignature, Verdict, Words};
use crate::pdf::{self, Appended, SignatureKind};

/// Before anything is paid: with the new field in it, every signature must be as untouched as it was.
pub(super) fn check_untouched(ground: &Ground, appended: &Appended) -> Result<(), String> {
    let whole = [ground.base.as_slice(), &appended.tail].concat();
    let (before, after) = (pdf::read_signed(&ground.base), pdf::read_signed(&whole));
    if after.signatures.len() != before.signatures.len() + 1 {
        return Err("its signatures cannot all be read".into());
    }
    for (old, new) in before.signatures.iter().zip(&after.signatures) {
        if old.modified_after != new.modified_after || old.summary.field != new.summary.field {
            let field = &old.summary.field;
            return Err(format!("readers would take what is appended for a change of what {field} signed"));
        }
    }
    Ok(())
}

/// The document timestamp that was added last.
pub(super) fn newest_timestamp(panel: &Panel) -> Option<&PanelSignature> {
    let stamps = panel.signatures.iter().filter(|signature| signature.kind == SignatureKind::Timestamp);
    stamps.max_by_key(|stamp| stamp.byte_range.map(|[_, _, start, length]| start.saturating_add(length)))
}

/// The result must be good: its new timestamp holds, and no signature fails that did not before.
pub(super) fn check_whole(before: &Panel, after: &Panel) -> Result<(), String> {
    let newest = newest_timestamp(after).filter(|stamp| stamp.verdict == Verdict::TotalPassed);
    if newest.is_none() {
        return Err(format!("its new timestamp is not judged valid: {}", after.headline.en));
    }
    for old in &before.signatures {
        let new = after.signatures.iter().find(|new| new.field == old.field);
        let worse = new.is_none_or(|new| {
            new.verdict == Verdict::TotalFailed && old.verdict != Verdict::TotalFailed
                || new.modified_after != old.modified_after
        });
        if worse {
            return Err(format!("its signature {} would not hold any more", old.field));
        }
    }
    Ok(())
}

/// Whether a validator finds everything in the file that it will ever need: for each certificate the issuer's word, and a
/// timestamp that is trusted.
pub(super) fn is_complete(panel: &Panel) -> bool {
    panel.verdict == Verdict::TotalPassed && panel.signatures.iter().all(|signature| signature.ltv)
}

/// What readers should know (ISO 32000-2, 12.8.2.2.2, and what readers of PDF 1.7 make of it).
pub(super) fn notes(panel: &Panel, problems: Vec<Words>) -> Vec<Words> {
    let mut notes = Vec::new();
    if panel.signatures.iter().any(|signature| signature.certification == Some(1)) {
        notes.push(Words::new(
            "原本は変更を一切認めない証明（DocMDP 1）付きです。PDF 2.0 は検証情報とタイムスタンプの追加を認めていますが、PDF 1.7 までの表示ソフトは変更と表示することがあります。",
            "The original is certified so that no change is allowed (DocMDP 1). PDF 2.0 allows validation data and timestamps \
             to be added all the same; readers of PDF 1.7 may call it changed.",
        ));
    }
    if panel.verdict != Verdict::TotalPassed {
        notes.push(panel.headline.clone());
    }
    if !is_complete(panel) {
        let lacking = panel.signatures.iter().filter(|signature| !signature.ltv);
        let fields: Vec<&str> = lacking.map(|signature| signature.field.as_str()).collect();
        let fields = fields.join(", ");
        notes.push(Words::new(
            format!("失効情報がそろっていない署名・タイムスタンプがあります（{fields}）。検証するソフトは、認証局へ問い合わせるか「失効は不明」と表示します。"),
            format!(
                "The revocation data of some signatures or timestamps is not complete ({fields}). Other programs will ask the \
                 authorities, or call their revocation unknown."
            ),
        ));
        notes.extend(problems);
    }
    notes
}
