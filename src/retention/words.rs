//! Putting a decision into one sentence for people, in both languages.

use super::decision::{Decision, Outcome, Reason};
use super::text::Lang;
use super::trigger_words::Ja;

/// The decision in one sentence, with the reason that keeps longest.
#[must_use]
pub fn sentence(decision: &Decision, lang: Lang) -> String {
    let reason = decision.reasons.first();
    match lang {
        Lang::Ja => {
            let mut why = match reason {
                Some(reason) => format!("{}：{}", reason.citation(lang), reason.trigger_in(lang)),
                None => "この書類種別に当てはまる保存規則がありません".to_string(),
            };
            why.push_str(reason.map_or("", former_ja));
            if decision.promised.is_some() {
                why.push_str("。以前に決めた期限は短縮しません");
            }
            sentence_ja(decision, &why)
        }
        Lang::En => {
            let mut why = match reason {
                Some(reason) => format!("{}: {}", reason.citation(lang), reason.trigger_in(lang)),
                None => "no retention policy covers its document class".to_string(),
            };
            why.push_str(reason.map_or("", former_en));
            if decision.promised.is_some() {
                why.push_str("; a date once decided is not shortened");
            }
            sentence_en(decision, &why)
        }
    }
}

fn former_ja(reason: &Reason) -> &'static str {
    match (reason.former, reason.former_class) {
        (true, _) => "（受入時の規則。現在は変更または削除されています）",
        (false, true) => "（変更前の書類種別による）",
        (false, false) => "",
    }
}

fn former_en(reason: &Reason) -> &'static str {
    match (reason.former, reason.former_class) {
        (true, _) => " (the policy at the time of deposit, since changed or removed)",
        (false, true) => " (by the document class it had before)",
        (false, false) => "",
    }
}

fn sentence_ja(decision: &Decision, why: &str) -> String {
    match (decision.decision, decision.retain_until) {
        (Outcome::Retain, Some(until)) => format!("{}まで保存が必要です（{why}）。", Ja(until)),
        (Outcome::Retain, None) => format!("期限を定めずに保存します（{why}）。"),
        (Outcome::Eligible, Some(until)) => {
            format!("保存期間は{}に満了しており、承認を得れば廃棄できます（{why}）。", Ja(until))
        }
        (Outcome::Eligible, None) => format!("保存期間は満了しており、承認を得れば廃棄できます（{why}）。"),
        (Outcome::Held, Some(until)) => {
            format!(
                "保全（リーガルホールド）中のため、保存期間（{}まで）にかかわらず廃棄できません（{why}）。",
                Ja(until)
            )
        }
        (Outcome::Held, None) => format!("保全（リーガルホールド）中のため廃棄できません（{why}）。"),
    }
}

fn sentence_en(decision: &Decision, why: &str) -> String {
    match (decision.decision, decision.retain_until) {
        (Outcome::Retain, Some(until)) => format!("Must be kept until {until} ({why})."),
        (Outcome::Retain, None) => format!("Kept without an expiry date ({why})."),
        (Outcome::Eligible, Some(until)) => {
            format!("The retention period ended on {until}; it may be destroyed once approved ({why}).")
        }
        (Outcome::Eligible, None) => {
            format!("The retention period has ended; it may be destroyed once approved ({why}).")
        }
        (Outcome::Held, Some(until)) => {
            format!(
                "Under legal hold: not to be destroyed, whatever its retention date, {until}, says ({why})."
            )
        }
        (Outcome::Held, None) => format!("Under legal hold: not to be destroyed ({why})."),
    }
}
