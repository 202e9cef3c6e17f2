//! 訂正削除履歴: what each version changed, by whom, when and why.

use std::collections::BTreeSet;
use std::io::{self, Write};

use chrono::SecondsFormat;
use chrono_tz::Tz;
use serde::Serialize;

use super::cell::defuse;
use super::index_book::{begin, day, into_io, plain_amount, tax_label};
use crate::record::{Digest, Metadata, RecordId, Span, Version};

/// Header of `data/history.csv`.
pub const HISTORY_HEADER: [&str; 11] = [
    "ファイル名",
    "記録ID",
    "版",
    "日時",
    "操作",
    "項目",
    "訂正前",
    "訂正後",
    "担当者",
    "理由",
    "ジャーナル番号",
];

/// One changed field. Values are as in the index book; blank where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub field: String,
    pub before: String,
    pub after: String,
}

/// What happened in the step from `before` to `after`.
pub fn operation(before: Option<&Version>, after: &Version) -> &'static str {
    match before {
        None => "登録",
        Some(before) if !before.withdrawn && after.withdrawn => "取下げ",
        Some(before) if before.withdrawn && !after.withdrawn => "取下げの取消",
        Some(_) => "訂正",
    }
}

/// The fields that differ between two versions, in the order of the index book, custom fields last.
pub fn changes(before: &Metadata, after: &Metadata) -> Vec<Change> {
    let fixed = fields(before).into_iter().zip(fields(after)).map(|((field, before), (_, after))| Change {
        field: field.to_owned(),
        before,
        after,
    });
    let keys: BTreeSet<&String> = before.custom.keys().chain(after.custom.keys()).collect();
    let custom = keys.into_iter().map(|key| Change {
        field: key.clone(),
        before: before.custom.get(key).cloned().unwrap_or_default(),
        after: after.custom.get(key).cloned().unwrap_or_default(),
    });
    fixed.chain(custom).filter(|change| change.before != change.after).collect()
}

fn fields(m: &Metadata) -> [(&'static str, String); 18] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        ("取引年月日", day(Some(m.transaction_date))),
        ("取引先", m.counterparty.name.clone()),
        ("取引金額", m.amount.map(plain_amount).unwrap_or_default()),
        ("通貨", m.amount.map(|money| money.currency.to_string()).unwrap_or_default()),
        ("税区分", m.amount.map(|money| tax_label(money.tax).to_owned()).unwrap_or_default()),
        ("書類種別", m.class.clone()),
        ("件名", text(&m.title)),
        ("管理番号", text(&m.number)),
        ("登録番号", text(&m.counterparty.invoice_number)),
        ("法人番号", text(&m.counterparty.corporate_number)),
        ("契約締結日", day(m.signed_on)),
        ("契約開始日", day(m.effective_from)),
        ("契約終了日", day(m.ends_on)),
        ("更新拒絶通知期間", m.notice_period.map(Span::ja).unwrap_or_default()),
        ("自動更新期間", m.renews_every.map(Span::ja).unwrap_or_default()),
        ("受領日", day(m.received_on)),
        ("自社", m.entity.clone()),
        ("登録時のファイル名", text(&m.file_name)),
    ]
}

/// Writes `data/history.csv`: one line per version and changed field; a deposit or a withdrawal is one line.
pub struct HistoryWriter<W: Write> {
    csv: csv::Writer<W>,
    zone: Tz,
}

impl<W: Write> HistoryWriter<W> {
    /// Writes the header. Times are written in `zone`.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(out: W, zone: Tz) -> io::Result<Self> {
        Ok(Self { csv: begin(out, &HISTORY_HEADER)?, zone })
    }

    /// Writes the history of one record; `versions` oldest first.
    ///
    /// # Errors
    /// Those of the writer beneath.
    pub fn record(&mut self, file: &str, id: RecordId, versions: &[Version]) -> io::Result<()> {
        let mut before: Option<&Version> = None;
        for after in versions {
            let operation = operation(before, after);
            let changes = before.map(|before| changes(&before.metadata, &after.metadata)).unwrap_or_default();
            if changes.is_empty() || operation != "訂正" {
                self.line(file, id, after, operation, None)?;
            }
            for change in &changes {
                self.line(file, id, after, "訂正", Some(change))?;
            }
            before = Some(after);
        }
        Ok(())
    }

    fn line(
        &mut self,
        file: &str,
        id: RecordId,
        version: &Version,
        operation: &str,
        change: Option<&Change>,
    ) -> io::Result<()> {
        let of = |pick: fn(&Change) -> &String| change.map(|change| defuse(pick(change))).unwrap_or_default();
        let cells: [String; HISTORY_HEADER.len()] = [
            defuse(file),
            id.to_string(),
            version.version.to_string(),
            version.at.with_timezone(&self.zone).to_rfc3339_opts(SecondsFormat::Secs, false),
            operation.to_owned(),
            of(|change| &change.field),
            of(|change| &change.before),
            of(|change| &change.after),
            defuse(&version.by),
            defuse(version.reason.as_deref().unwrap_or_default()),
            version.journal_seq.to_string(),
        ];
        self.csv.write_record(&cells).map_err(into_io)
    }

    /// Flushes and gives the writer back.
    ///
    /// # Errors
    /// Those of the writer beneath.
    pub fn finish(self) -> io::Result<W> {
        self.csv.into_inner().map_err(|error| error.into_error())
    }
}

/// All versions of one record, as JSON (`data/history/<id>.json`).
#[derive(Serialize)]
pub struct HistoryFile<'a> {
    /// `shosoin-history/1`.
    pub format: &'static str,
    pub id: RecordId,
    /// Path of the original inside the package.
    pub file: &'a str,
    pub sha256: Digest,
    pub versions: &'a [Version],
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
