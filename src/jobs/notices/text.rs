//! The words of a digest: subject and body, in Japanese, English or both.

use std::fmt::Write as _;

use chrono::NaiveDate;

use super::digest::Digest;
use super::item::Item;
use crate::config::NoticeLanguage;

/// Longest name in a message, in characters: a line stays a line.
const MAX_NAME_CHARS: usize = 80;

/// What a message says beside its items.
#[derive(Clone, Copy, Debug)]
pub struct Style<'a> {
    pub language: NoticeLanguage,
    /// Counterparties and titles may be told.
    pub names: bool,
    /// Address of the pages, or empty.
    pub link: &'a str,
}

/// A message to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Never holds anything that somebody else wrote.
    pub subject: String,
    pub body: String,
}

/// Puts a digest into words.
pub fn message(digest: &Digest, today: NaiveDate, style: Style<'_>) -> Message {
    let count = digest.items.len() + digest.left;
    let (ja, en) = (japanese(digest, today, style), english(digest, today, style));
    let subject_ja = format!("【正倉院】期限のお知らせ {count}件");
    let subject_en =
        if count == 1 { "1 thing comes due".to_owned() } else { format!("{count} things come due") };
    match style.language {
        NoticeLanguage::Ja => Message { subject: format!("{subject_ja} ({today})"), body: ja },
        NoticeLanguage::En => Message { subject: format!("Shosoin: {subject_en} ({today})"), body: en },
        NoticeLanguage::Both => Message {
            subject: format!("{subject_ja} / {subject_en} ({today})"),
            body: format!("{ja}\n----------------------------------------\n\n{en}"),
        },
    }
}

fn japanese(digest: &Digest, today: NaiveDate, style: Style<'_>) -> String {
    let mut body = format!("{today} 現在、次の期限が近づいています。\n");
    for (kind, items) in digest.groups() {
        let _ = writeln!(body, "\n■ {}（{}件）", kind.heading().0, items.len());
        for item in items {
            let when = match (item.due - today).num_days() {
                0 => "今日".to_owned(),
                left if left < 0 => format!("{}日経過", -left),
                left => format!("あと{left}日"),
            };
            line(&mut body, item, &when, &item.text_ja, style);
        }
    }
    if digest.left > 0 {
        let _ = writeln!(body, "\nほかに{}件あります。明日以降お知らせします。", digest.left);
    }
    body.push_str("\nこのメールは自動で送られています。設定: shosoin.toml の [notices]\n");
    body
}

fn english(digest: &Digest, today: NaiveDate, style: Style<'_>) -> String {
    let mut body = format!("As of {today}, this comes due:\n");
    for (kind, items) in digest.groups() {
        let _ = writeln!(body, "\n* {} ({})", kind.heading().1, items.len());
        for item in items {
            let when = match (item.due - today).num_days() {
                0 => "today".to_owned(),
                1 => "tomorrow".to_owned(),
                left if left < 0 => format!("{} days ago", -left),
                left => format!("in {left} days"),
            };
            line(&mut body, item, &when, &item.text_en, style);
        }
    }
    if digest.left > 0 {
        let _ = writeln!(body, "\n{} more will be told on the next days.", digest.left);
    }
    body.push_str("\nThis message was sent automatically. Settings: [notices] in shosoin.toml\n");
    body
}

/// One item; whatever comes from contracts is kept to one line.
fn line(body: &mut String, item: &Item, when: &str, text: &str, style: Style<'_>) {
    let _ = write!(body, "  {} ({when}) {}", item.due, plain(text));
    if let Some(name) = item.name.as_deref().filter(|_| style.names) {
        let _ = write!(body, ": {}", plain(name));
    }
    let subject = plain(&item.subject);
    match (item.record, style.link.trim_end_matches('/')) {
        (true, link) if !link.is_empty() => writeln!(body, "\n    {link}/records/{subject}"),
        _ => writeln!(body, " [{subject}]"),
    }
    .unwrap_or_default();
}

/// Without line ends, controls and signs that reorder text, and not too long.
fn plain(text: &str) -> String {
    let reorders =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let shown = text.chars().filter(|c| !reorders(*c)).map(|c| if breaks(c) { ' ' } else { c });
    shown.take(MAX_NAME_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::super::item::Kind;
    use super::*;

    fn digest() -> Digest {
        let item = |subject: &str, due: &str, name: &str| Item {
            kind: Kind::ContractEnd,
            due: due.parse().unwrap(),
            subject: subject.into(),
            record: true,
            text_ja: "契約が終わります".into(),
            text_en: "the contract ends".into(),
            name: Some(name.into()),
        };
        let items = vec![
            item("id-1", "2026-11-22", "株式会社国税商事 業務委託"),
            item("id-2", "2026-12-22", "x\r\nBcc: y"),
        ];
        Digest { items, left: 3, ..Digest::default() }
    }

    fn said(language: NoticeLanguage, names: bool, link: &str) -> Message {
        message(&digest(), "2026-11-22".parse().unwrap(), Style { language, names, link })
    }

    #[test]
    fn both_languages_say_the_same() {
        let both = said(NoticeLanguage::Both, true, "");
        assert_eq!(both.subject, "【正倉院】期限のお知らせ 5件 / 5 things come due (2026-11-22)");
        for part in [
            "■ 契約の終了（2件）",
            "2026-11-22 (今日)",
            "あと30日",
            "in 30 days",
            "ほかに3件",
            "3 more",
            "[id-1]",
        ] {
            assert!(both.body.contains(part), "{part}: {}", both.body);
        }
        let (ja, en) = (said(NoticeLanguage::Ja, true, ""), said(NoticeLanguage::En, true, ""));
        assert!(
            !ja.body.contains("in 30 days") && !en.body.contains("あと") && en.subject.starts_with("Shosoin")
        );
    }

    #[test]
    fn names_are_told_only_where_they_may_be() {
        assert!(said(NoticeLanguage::Both, true, "").body.contains("国税商事"));
        let quiet = said(NoticeLanguage::Both, false, "https://a.example/");
        assert!(!quiet.body.contains("国税商事") && quiet.body.contains("https://a.example/records/id-1"));
    }

    #[test]
    fn what_a_contract_says_cannot_add_lines() {
        let body = said(NoticeLanguage::En, true, "").body;
        assert!(body.contains("x  Bcc: y") && !body.contains("\r"), "{body}");
        assert_eq!(plain("a\u{202e}b\u{2028}c"), "ab c");
    }
}
