//! Why a row of an index book is not taken, in the words that go back to whoever wrote it.

use crate::record::counterparty::NumberError;
use crate::record::{MetadataError, SpanError, amount, date};

/// Why a row is rejected; the message begins with the name of the column as the book has it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum RowError {
    #[error("{0}: 空欄です (blank; every row needs it)")]
    Blank(String),
    #[error(
        "セルの数 {found} が見出しの {expected} より多い ({found} cells under {expected} headers; an amount such as \"1,100,000\" needs quotes)"
    )]
    TooManyCells { found: usize, expected: usize },
    #[error(
        "{column}: ファイル名がフォルダーの外を指しています: {file:?} (leads out of the folder of files; give a name inside it)"
    )]
    Outside { column: String, file: String },
    #[error(
        "{column}: 表計算ソフトが番号を {cell:?} に縮めました (a spreadsheet shortened the number; format the column as text and enter all digits again)"
    )]
    Shortened { column: String, cell: String },
    #[error("{column}: 日付を読み取れません ({reason})")]
    Date { column: String, reason: date::DateError },
    #[error(
        "{column}: {cell:?} は表計算ソフトの日付の通し番号のようです (a spreadsheet's day number; format the column as a date and save again)"
    )]
    DaySerial { column: String, cell: String },
    #[error(
        "{column}: 金額を読み取れません ({reason}; leave the cell blank when the contract states no amount)"
    )]
    Amount { column: String, reason: amount::AmountError },
    #[error("{column}: 通貨コード {cell:?} が不明です (give an ISO 4217 code such as JPY or USD)")]
    Currency { column: String, cell: String },
    #[error("{column}: 税区分 {cell:?} が不明です (give 税込, 税抜 or 対象外, or leave it blank)")]
    Tax { column: String, cell: String },
    #[error("{column}: 番号が正しくありません ({reason})")]
    Number { column: String, reason: NumberError },
    #[error("{column}: 期間を読み取れません ({error})")]
    Span { column: String, error: SpanError },
    #[error("{column}: SHA-256 ではありません (a SHA-256 digest is 64 hex digits)")]
    Sha256 { column: String },
    #[error("内容を登録できません ({0})")]
    Metadata(#[from] MetadataError),
}
