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
        Verdict::TotalPassed => passed(signatures),
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

/// All signatures are valid. That alone says nothing about when they were made: who reads only this sentence must not take
/// the signer's clock for a proof.
fn passed(signatures: &[PanelSignature]) -> Words {
    let unproven: Vec<&PanelSignature> = signatures.iter().filter(|one| !one.time_is_proven()).collect();
    let Some(first) = unproven.first() else {
        return Words::new(
            "署名済みであり、すべての署名が有効です。",
            "Signed and all signatures are valid.",
        );
    };
    let stamped = unproven.iter().find(|one| one.timestamp_time.is_some());
    let (ja, en) = match stamped {
        Some(one) => (
            format!("{} のタイムスタンプは信頼できる発行局のものと確認できません", one.field),
            format!("the one in {} could not be traced to an authority that is trusted", one.field),
        ),
        None => {
            (format!("{} にタイムスタンプが付いていません", first.field), format!("{} has none", first.field))
        }
    };
    Words::new(
        format!("署名は有効です（信頼できるタイムスタンプなし：{ja}）。署名の時刻は署名者の申告です。"),
        format!(
            "The signatures are valid (no trustworthy timestamp: {en}); the time of signing is the signer's word."
        ),
    )
}

fn is_modified(signature: &PanelSignature) -> bool {
    signature.modified_after == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdf::SignatureSummary;
    use crate::pki::validate::Reason;

    fn signature(field: &str, stamped: bool, proven: bool) -> PanelSignature {
        let summary = SignatureSummary {
            field: field.into(),
            subfilter: "ETSI.CAdES.detached".into(),
            kind: SignatureKind::Signature,
            byte_range: None,
            byte_range_sound: true,
            covers_whole_file: true,
            signer: None,
            reason: None,
            location: None,
            claimed_time: None,
        };
        let time = "2026-04-01T00:00:00Z".parse().ok();
        let listed = PanelSignature::listed(&summary);
        let (timestamp_time, proven_time) = (time.filter(|_| stamped), time.filter(|_| proven));
        let reason = Reason::NoTimestamp;
        let reasons = if proven { Vec::new() } else { vec![Words::new(reason.ja(), reason.en())] };
        PanelSignature { timestamp_time, proven_time, verdict: Verdict::TotalPassed, reasons, ..listed }
    }

    #[test]
    fn valid_signatures_without_a_trustworthy_timestamp_are_never_called_valid_without_saying_so() {
        let proven = signature("Sig1", true, true);
        let sentence = |all: &[PanelSignature]| headline(Verdict::TotalPassed, all);
        assert_eq!(sentence(std::slice::from_ref(&proven)).en, "Signed and all signatures are valid.");
        for (other, ja, en) in [
            (signature("Sig2", false, false), "Sig2 にタイムスタンプが付いていません", "Sig2 has none"),
            (signature("Sig2", true, false), "確認できません", "could not be traced"),
        ] {
            let words = sentence(&[proven.clone(), other]);
            assert!(
                words.ja.starts_with("署名は有効です（信頼できるタイムスタンプなし：")
                    && words.ja.contains(ja),
                "{words:?}"
            );
            assert!(words.en.contains("no trustworthy timestamp") && words.en.contains(en), "{words:?}");
        }
    }
}
