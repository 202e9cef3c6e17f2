//! The columns of an index book: what they are called, and how a header is recognised.

use unicode_normalization::UnicodeNormalization as _;

/// What a column of an index book holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    File,
    Date,
    Counterparty,
    Amount,
    Currency,
    Tax,
    Class,
    Title,
    Number,
    InvoiceNumber,
    CorporateNumber,
    SignedOn,
    EffectiveFrom,
    EndsOn,
    NoticePeriod,
    RenewsEvery,
    ReceivedOn,
    Entity,
    Sha256,
    /// Why a row was rejected; written by us, ignored when the corrected file is read again.
    RejectReason,
}

/// A column with its Japanese name, its English name, and other headers by which it goes.
type Known = (Column, &'static str, &'static str, &'static [&'static str]);

/// Headers are compared folded, so width, case, spaces and a remark in parentheses do not matter.
const KNOWN: [Known; 20] = [
    (Column::File, "ファイル名", "file", &["ファイル", "filename", "path", "ファイルパス"]),
    (Column::Date, "取引年月日", "date", &["取引日", "年月日", "日付", "transactiondate"]),
    (Column::Counterparty, "取引先", "counterparty", &["取引先名", "取引先名称", "相手方", "契約相手"]),
    (Column::Amount, "取引金額", "amount", &["金額", "契約金額"]),
    (Column::Currency, "通貨", "currency", &["通貨コード"]),
    (Column::Tax, "税区分", "tax", &["消費税区分"]),
    (Column::Class, "書類種別", "class", &["文書種別", "書類種類", "書類の種類"]),
    (Column::Title, "件名", "title", &["表題"]),
    (Column::Number, "管理番号", "number", &["文書管理番号"]),
    (
        Column::InvoiceNumber,
        "登録番号",
        "invoice_number",
        &["インボイス登録番号", "適格請求書発行事業者登録番号"],
    ),
    (Column::CorporateNumber, "法人番号", "corporate_number", &[]),
    (Column::SignedOn, "契約締結日", "signed_on", &["締結日"]),
    (Column::EffectiveFrom, "契約開始日", "effective_from", &[]),
    (Column::EndsOn, "契約終了日", "ends_on", &[]),
    (Column::NoticePeriod, "更新拒絶通知期間", "notice_period", &["通知期間", "更新拒絶の通知期間"]),
    (Column::RenewsEvery, "自動更新期間", "renews_every", &[]),
    (Column::ReceivedOn, "受領日", "received_on", &["受領年月日"]),
    (Column::Entity, "自社", "entity", &[]),
    (Column::Sha256, "SHA-256", "sha256", &[]),
    (Column::RejectReason, "取込不可理由", "reject_reason", &[]),
];

/// Header of the index book as it is written, in this order.
pub const INDEX_HEADER: [&str; 25] = [
    "連番",
    "ファイル名",
    "取引年月日",
    "取引先",
    "取引金額",
    "通貨",
    "税区分",
    "書類種別",
    "件名",
    "管理番号",
    "登録番号",
    "法人番号",
    "契約締結日",
    "契約開始日",
    "契約終了日",
    "更新拒絶通知期間",
    "自動更新期間",
    "受領日",
    "自社",
    "版",
    "取下げ",
    "保存期限",
    "SHA-256",
    "記録ID",
    "備考",
];

impl Column {
    /// Which column a header names, if any that we know.
    pub fn of_header(header: &str) -> Option<Self> {
        let wanted = fold(header);
        KNOWN
            .iter()
            .find(|(_, ja, en, others)| [*ja, *en].iter().chain(*others).any(|name| fold(name) == wanted))
            .map(|(column, ..)| *column)
    }

    /// The header we write, in Japanese.
    pub fn japanese(self) -> &'static str {
        KNOWN.iter().find(|known| known.0 == self).map_or("", |known| known.1)
    }

    /// The header in English.
    pub fn english(self) -> &'static str {
        KNOWN.iter().find(|known| known.0 == self).map_or("", |known| known.2)
    }
}

/// Whether an unknown header seems to hold amounts, which nobody wants to lose silently.
pub fn looks_like_an_amount(header: &str) -> bool {
    let folded = fold(header);
    folded.contains("金額") || folded.contains("amount") || folded.contains("price")
}

/// Folds a header for comparison only: NFKC, lower case, no spaces, `_`, `-`, and no remark in parentheses at
/// the end (`取引金額（税込）`).
fn fold(header: &str) -> String {
    let plain: String = header
        .nfkc()
        .flat_map(char::to_lowercase)
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-' | '\u{feff}'))
        .collect();
    match plain.split_once('(') {
        Some((name, remark)) if !name.is_empty() && remark.ends_with(')') => name.to_owned(),
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_recognised_in_either_language_and_any_width() {
        for (header, column) in [
            ("ファイル名", Column::File),
            ("ﾌｧｲﾙ名", Column::File),
            (" 取引 年月日 ", Column::Date),
            ("Ｄａｔｅ", Column::Date),
            ("Counterparty", Column::Counterparty),
            ("取引金額（税込）", Column::Amount),
            ("ＳＨＡ－２５６", Column::Sha256),
            ("Invoice Number", Column::InvoiceNumber),
        ] {
            assert_eq!(Column::of_header(header), Some(column), "{header}");
        }
        assert_eq!(Column::of_header("備考"), None);
        assert_eq!(Column::of_header(""), None);
    }

    #[test]
    fn no_two_columns_share_a_name() {
        for (column, ja, en, others) in &KNOWN {
            for name in [*ja, *en].iter().chain(*others) {
                assert_eq!(Column::of_header(name), Some(*column), "{name}");
            }
        }
    }

    #[test]
    fn every_column_that_import_requires_is_written() {
        for column in [Column::File, Column::Date, Column::Counterparty, Column::Amount] {
            assert!(INDEX_HEADER.contains(&column.japanese()));
        }
    }
}
