//! Why an entry is refused, in the reader's language. English is what the rules themselves say.

use super::display::day;
use super::text::text;
use crate::archive::ArchiveError;
use crate::record::amount::AmountError;
use crate::record::counterparty::{CounterpartyWarning, NumberError};
use crate::record::date::DateError;
use crate::record::{Entry, EntryError, MetadataError};
use crate::retention::Lang;
use crate::search::{MAX_LIMIT, MAX_TEXT_QUERY_CHARS, SearchError};

/// Why a date is refused.
pub fn date(error: &DateError, lang: Lang) -> String {
    if lang == Lang::En {
        return sentence(error);
    }
    match error {
        DateError::Empty | DateError::EmptyRange => "日付を入力してください。例：2026-02-01".into(),
        DateError::NotADate(text) => {
            format!(
                "「{text}」は日付として読み取れません。2026-02-01、2026年2月1日、令和8年2月1日のように入力してください。"
            )
        }
        DateError::Trailing { text, rest } => {
            format!("「{text}」の「{rest}」の部分を読み取れません。日付だけを入力してください。")
        }
        DateError::NoSuchDay { year, month, day } => {
            format!("{year}年{month}月{day}日は暦にありません。月と日をご確認ください。")
        }
        DateError::YearOutside(year) => {
            format!("{year}年は扱えません。1868年から9999年までの西暦4桁で入力してください。")
        }
        DateError::AmbiguousYear(text) => {
            format!(
                "「{text}」の年がはっきりしません。2026-04-01のように西暦4桁か、R8.4.1のように元号をつけて入力してください。"
            )
        }
        DateError::EraYearZero { era } => format!("{era}は1年（元年）から始まります。年をご確認ください。"),
        DateError::BeforeEra { era, date, first } => {
            format!("{date}は{era}の初日（{}）より前です。前の元号で入力してください。", day(*first, lang))
        }
        DateError::NoDay(text) => {
            format!("「{text}」には日付がありません。契約書に署名した日を入力してください。")
        }
        DateError::Reversed { from, to } => {
            format!(
                "開始日（{}）が終了日（{}）より後です。順序をご確認ください。",
                day(*from, lang),
                day(*to, lang)
            )
        }
    }
}

/// Why an amount is refused.
pub fn amount(error: &AmountError, lang: Lang) -> String {
    if lang == Lang::En {
        return sentence(error);
    }
    match error {
        AmountError::Empty | AmountError::EmptyRange => text(lang).field_amount_missing.into(),
        AmountError::NotAnAmount(text) => {
            format!(
                "「{text}」は金額として読み取れません。1100000、1,100,000円、110万円のように入力してください。"
            )
        }
        AmountError::Scientific(text) => {
            format!(
                "「{text}」は指数表示のため、桁が失われているおそれがあります。すべての桁を入力してください。"
            )
        }
        AmountError::MisplacedComma(text) => {
            format!(
                "「{text}」の桁区切りの位置をご確認ください。1,100,000のように3桁ごとに区切るか、区切らずに入力してください。"
            )
        }
        AmountError::TooManyDecimals { text, currency, decimals } => {
            format!("「{text}」の小数が多すぎます。{currency}の小数は{decimals}桁までです。")
        }
        AmountError::OtherCurrency { mark, currency } => {
            format!(
                "「{mark}」は{currency}の記号ではありません。通貨を選び直すか、記号なしで入力してください。"
            )
        }
        AmountError::TrailingMinus(text) => {
            format!(
                "「{text}」が負の金額かどうか判断できません。-50,000または￥50,000-のように入力してください。"
            )
        }
        AmountError::TooLarge(text) => {
            format!("「{text}」は大きすぎて扱えません。桁と単位をご確認ください。")
        }
        AmountError::Reversed { from, to } => {
            format!("下限（{from}）が上限（{to}）より大きくなっています。順序をご確認ください。")
        }
    }
}

/// Why a 法人番号 or 登録番号 is refused. A personal number is never repeated.
pub fn number(error: &NumberError, lang: Lang) -> String {
    if lang == Lang::En {
        return sentence(error);
    }
    match error {
        NumberError::Empty => "番号を入力するか、空欄にしてください。".into(),
        NumberError::NotDigits(text) => format!("「{text}」は13桁の数字ではありません。"),
        NumberError::WrongLength(digits) => format!("番号が{digits}桁です。13桁で入力してください。"),
        NumberError::WrongCheckDigit(text) => {
            format!("{text}の検査数字が合いません。打ち間違いがないかご確認ください。")
        }
        NumberError::PersonalNumber => {
            "12桁の番号は個人番号（マイナンバー）のおそれがあるため、保存できません。法人番号は13桁です。"
                .into()
        }
        NumberError::SpreadsheetDamage(text) => {
            format!(
                "「{text}」は表計算ソフトで桁が失われています。列を文字列にして、13桁をもう一度写してください。"
            )
        }
        NumberError::InvoiceNumberGiven(text) => {
            format!("{text}は登録番号です。登録番号の欄に入力してください。")
        }
        NumberError::NoT => "登録番号は「T」と13桁の数字です。先頭にTをつけてください。".into(),
        NumberError::NotNormalised { write } => format!("{write}と入力してください。"),
    }
}

/// Something odd about a counterparty's numbers.
pub fn warning(warning: CounterpartyWarning, lang: Lang) -> &'static str {
    match warning {
        CounterpartyWarning::InvoiceCheckDigit => text(lang).warning_check_digit,
        CounterpartyWarning::InvoiceNumberOfAnother => text(lang).warning_other_number,
    }
}

/// Why metadata is refused although every field by itself can be read.
pub fn metadata(error: &MetadataError, lang: Lang) -> String {
    if lang == Lang::En {
        return sentence(error);
    }
    match error {
        MetadataError::NoCounterparty => text(lang).field_party_missing.into(),
        MetadataError::NoClass => "書類種別を選んでください。".into(),
        MetadataError::TooLong { length, limit, .. } => {
            format!("{length}文字の項目があります。1項目は{limit}文字までです。")
        }
        MetadataError::TooManyCustomFields { limit, .. } => format!("追加の項目は{limit}個までです。"),
        MetadataError::CustomFieldsTooLarge { .. } => "追加の項目が長すぎます。".into(),
        MetadataError::ControlCharacter { .. } => {
            "使えない文字（制御文字）が含まれています。削除してください。".into()
        }
        MetadataError::Counterparty(error) => number(error, lang),
    }
}

/// Why an entry is refused, after the name of its field.
fn entry(entry: &Entry) -> String {
    let ja = Lang::Ja;
    let why = match &entry.error {
        EntryError::Date(error) => date(error, ja),
        EntryError::Amount(error) => amount(error, ja),
        EntryError::Number(error) => number(error, ja),
        EntryError::Metadata(error) => metadata(error, ja),
        EntryError::Span(_) => "期間は「3か月」「90日」「1年」のように入力してください（50年まで）。".into(),
        EntryError::Currency(_) => {
            "通貨はJPY、USDのような3文字のコード（ISO 4217）で入力してください。".into()
        }
        EntryError::NoReason => "理由を入力してください。".into(),
        EntryError::NothingChanges => {
            "変わる項目がありません。新しい値を少なくとも一つ入力してください。".into()
        }
    };
    let label = entry.field.and_then(|field| FIELD_LABELS.iter().find(|(name, _)| *name == field));
    label.map_or(why.clone(), |(_, label)| format!("{label}：{why}"))
}

/// Fields as the API calls them, and as people do.
const FIELD_LABELS: [(&str, &str); 11] = [
    ("date", "取引年月日"),
    ("amount", "取引金額"),
    ("currency", "通貨"),
    ("corporate_number", "法人番号"),
    ("invoice_number", "登録番号"),
    ("signed_on", "契約締結日"),
    ("effective_from", "契約開始日"),
    ("ends_on", "契約終了日"),
    ("notice_period", "更新拒絶の通知期間"),
    ("renews_every", "自動更新期間"),
    ("received_on", "受領日"),
];

/// Why the engine refuses, in Japanese, where there are words for more than the kind of error.
pub fn japanese(error: &ArchiveError) -> Option<String> {
    match error {
        ArchiveError::Entry(_) | ArchiveError::Search(_) => Some(refusal(error, Lang::Ja)),
        _ => None,
    }
}

/// Why the engine refuses a request as it stands.
pub fn refusal(error: &ArchiveError, lang: Lang) -> String {
    match error {
        _ if lang == Lang::En => sentence(error),
        ArchiveError::Entry(refused) => entry(refused),
        ArchiveError::Search(SearchError::Limit(_)) => format!("表示件数は1から{MAX_LIMIT}までです。"),
        ArchiveError::Search(SearchError::EmptyText) => {
            "フリーワードには文字か数字を入力してください。".into()
        }
        ArchiveError::Search(SearchError::TextTooLong) => {
            format!("フリーワードは{MAX_TEXT_QUERY_CHARS}文字までです。")
        }
        ArchiveError::Search(SearchError::MalformedCursor | SearchError::ForeignCursor) => {
            "ページの位置を読み取れません。最初のページからやり直してください。".into()
        }
        ArchiveError::Conflict(_) => text(lang).changed_meanwhile.into(),
        other => format!("{}（{other}）", text(lang).refused),
    }
}

/// A message of the rules as a sentence: they begin in lower case and end without a full stop.
fn sentence(error: &impl ToString) -> String {
    let message = error.to_string();
    let mut chars = message.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Currency, amount::parse_minor, date::parse_date};

    #[test]
    fn a_refused_date_is_explained_in_the_readers_language() {
        let error = parse_date("2026-02-30").unwrap_err();
        assert_eq!(date(&error, Lang::Ja), "2026年2月30日は暦にありません。月と日をご確認ください。");
        assert!(date(&error, Lang::En).starts_with("There is no day 2026-02-30"));
    }

    #[test]
    fn a_refused_entry_is_told_in_japanese_with_the_name_of_its_field() {
        let error = parse_date("令和0年1月1日").unwrap_err();
        let told = japanese(&ArchiveError::Entry(Entry::of("ends_on", error))).unwrap();
        assert_eq!(told, "契約終了日：令和は1年（元年）から始まります。年をご確認ください。");
        let told = japanese(&ArchiveError::Entry(EntryError::NoReason.into())).unwrap();
        assert_eq!(told, "理由を入力してください。");
    }

    #[test]
    fn a_refused_amount_repeats_what_was_typed() {
        let error = parse_minor("百円ぐらい", Currency::JPY).unwrap_err();
        assert!(amount(&error, Lang::Ja).contains("「百円ぐらい」"), "{}", amount(&error, Lang::Ja));
    }
}
