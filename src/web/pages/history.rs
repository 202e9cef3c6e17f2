//! 訂正履歴: every version of a record's metadata, with what it changed.

use chrono_tz::Tz;

use super::display;
use super::text::{Text, text};
use crate::record::{Metadata, Span, Version};
use crate::retention::{Lang, class_label};

/// One version as the page shows it.
pub struct HistoryRow {
    pub version: u32,
    pub at: String,
    pub by: String,
    pub reason: String,
    /// What happened beside changes of fields: the first deposit, a withdrawal, its undoing.
    pub event: &'static str,
    pub changes: Vec<Change>,
}

/// One field before and after.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    pub label: String,
    pub before: String,
    pub after: String,
}

/// All versions, the newest first, each compared with the one before it.
pub fn rows(versions: &[Version], zone: Tz, lang: Lang) -> Vec<HistoryRow> {
    let t = text(lang);
    let earlier = std::iter::once(None).chain(versions.iter().map(Some));
    let mut rows: Vec<_> = versions
        .iter()
        .zip(earlier)
        .map(|(version, before)| HistoryRow {
            version: version.version,
            at: display::instant(version.at, zone, lang),
            by: version.by.clone(),
            reason: version.reason.clone().unwrap_or_default(),
            event: event(version, before, t),
            changes: before
                .map(|before| changes(&before.metadata, &version.metadata, lang))
                .unwrap_or_default(),
        })
        .collect();
    rows.reverse();
    rows
}

fn event(version: &Version, before: Option<&Version>, t: &'static Text) -> &'static str {
    match before.map(|before| (before.withdrawn, version.withdrawn)) {
        None => t.first_version,
        Some((false, true)) => t.change_withdrawn,
        Some((true, false)) => t.change_reinstated,
        Some(_) => "",
    }
}

/// The fields that differ. Pure.
fn changes(before: &Metadata, after: &Metadata, lang: Lang) -> Vec<Change> {
    let fields = fields(before, lang).into_iter().zip(fields(after, lang));
    let mut changes: Vec<_> = fields
        .filter(|((_, before), (_, after))| before != after)
        .map(|((label, before), (_, after))| change(label, before, after, lang))
        .collect();
    let keys =
        before.custom.keys().chain(after.custom.keys().filter(|key| !before.custom.contains_key(*key)));
    changes.extend(keys.filter(|key| before.custom.get(*key) != after.custom.get(*key)).map(|key| {
        let value = |metadata: &Metadata| metadata.custom.get(key).cloned().unwrap_or_default();
        change(key, value(before), value(after), lang)
    }));
    changes
}

fn change(label: &str, before: String, after: String, lang: Lang) -> Change {
    let shown = |value: String| if value.is_empty() { text(lang).was_empty.to_owned() } else { value };
    Change { label: label.to_owned(), before: shown(before), after: shown(after) }
}

/// Every field but the custom ones, as label and value; an empty value means that nothing is known.
pub fn fields(metadata: &Metadata, lang: Lang) -> Vec<(&'static str, String)> {
    let t = text(lang);
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| display::day(day, lang)).unwrap_or_default();
    let span = |span: Option<Span>| {
        span.map(|span| if lang == Lang::Ja { span.ja() } else { span.en() }).unwrap_or_default()
    };
    let words = |words: &Option<String>| words.clone().unwrap_or_default();
    vec![
        (t.date, display::day(metadata.transaction_date, lang)),
        (t.counterparty, metadata.counterparty.name.clone()),
        (t.amount, display::money_in_full(metadata.amount, lang)),
        (t.title, words(&metadata.title)),
        (t.class, class_label(&metadata.class, lang).to_owned()),
        (t.number, words(&metadata.number)),
        (t.signed_on, day(metadata.signed_on)),
        (t.effective_from, day(metadata.effective_from)),
        (t.ends_on, day(metadata.ends_on)),
        (t.notice_period, span(metadata.notice_period)),
        (t.renews_every, span(metadata.renews_every)),
        (t.received_on, day(metadata.received_on)),
        (t.corporate_number, words(&metadata.counterparty.corporate_number)),
        (t.invoice_number, words(&metadata.counterparty.invoice_number)),
        (t.entity, metadata.entity.clone()),
        (t.file_name, words(&metadata.file_name)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Counterparty, Currency, Money, TaxBasis};
    use chrono::NaiveDate;

    fn metadata() -> Metadata {
        Metadata {
            entity: "本社".into(),
            transaction_date: NaiveDate::from_ymd_opt(2026, 2, 1).expect("a day"),
            signed_on: None,
            effective_from: None,
            ends_on: None,
            notice_period: None,
            renews_every: None,
            received_on: None,
            counterparty: Counterparty::named("㈱国税商事"),
            amount: None,
            class: "contract".into(),
            title: None,
            number: None,
            file_name: None,
            custom: [("部署".to_owned(), "経理".to_owned())].into(),
        }
    }

    #[test]
    fn only_the_fields_that_changed_are_listed() {
        let before = metadata();
        let mut after = metadata();
        after.amount = Some(Money { minor: 0, currency: Currency::JPY, tax: TaxBasis::Unknown });
        after.custom.clear();
        let changes = changes(&before, &after, Lang::Ja);
        let expected = [("取引金額", "（金額なし）", "0円"), ("部署", "経理", "（空欄）")];
        let found: Vec<_> =
            changes.iter().map(|c| (c.label.as_str(), c.before.as_str(), c.after.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_withdrawal_changes_no_field_but_is_an_event() {
        let version = |version: u32, withdrawn: bool| Version {
            version,
            at: chrono::DateTime::from_timestamp(0, 0).expect("a moment"),
            by: "tanaka".into(),
            reason: None,
            withdrawn,
            journal_seq: u64::from(version),
            metadata: metadata(),
        };
        let rows = rows(&[version(1, false), version(2, true)], chrono_tz::Asia::Tokyo, Lang::Ja);
        assert_eq!(
            rows.iter().map(|row| (row.version, row.event)).collect::<Vec<_>>(),
            [(2, "取下げ"), (1, "最初の保存")]
        );
        assert!(rows.iter().all(|row| row.changes.is_empty()));
    }
}
