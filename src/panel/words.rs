//! The verdict on a file in one sentence, as finance staff read it.

use super::{PanelSignature, Verdict, Words};
use crate::pdf::SignatureKind;

/// One sentence for the whole file.
pub fn headline(verdict: Verdict, signatures: &[PanelSignature]) -> Words {
    let only_timestamps = signatures.iter().all(|signature| signature.kind == SignatureKind::Timestamp);
    match verdict {
        Verdict::TotalPassed if only_timestamps => Words::new(
            "署名はありません。タイムスタンプはすべて有効です。",
            "There is no signature. All timestamps are valid.",
        ),
        Verdict::TotalPassed => {
            Words::new("署名済みであり、すべての署名が有効です。", "Signed and all signatures are valid.")
        }
        Verdict::Indeterminate => Words::new(
            "署名されていますが、有効かどうかを確認できない点があります。",
            "Signed, but whether everything is valid could not be made certain.",
        ),
        Verdict::TotalFailed if signatures.iter().any(is_modified) => Words::new(
            "署名の後に、許されていない変更が加えられています。",
            "Changed after signing in a way that is not allowed.",
        ),
        Verdict::TotalFailed => Words::new("無効な署名があります。", "At least one signature is invalid."),
        Verdict::Unsigned => Words::new("署名はありません。", "There is no signature."),
        Verdict::CannotTell if !signatures.is_empty() => Words::new(
            "署名がありますが、検証していません。",
            "Signatures were found but have not been validated.",
        ),
        Verdict::CannotTell => {
            Words::new("署名があるかどうか、判定できません。", "Whether it is signed cannot be told.")
        }
    }
}

fn is_modified(signature: &PanelSignature) -> bool {
    signature.modified_after == Some(true)
}
