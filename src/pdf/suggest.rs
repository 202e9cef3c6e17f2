//! Metadata suggested from the text of a contract, for a person to confirm.
//!
//! The rules are few and can be explained: what is labelled is taken, what is written in the set phrases of
//! Japanese contracts is taken, and nothing else. A suggestion that is missing costs typing; one that is
//! wrong and plausible costs more.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::record::Money;

mod day;
mod money;
mod party;

/// What a text suggests; never stored unless somebody confirms it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
pub struct Suggestion {
    /// 取引年月日: the day after a label such as 締結日, else the last day that stands on a line of its own.
    pub date: Option<NaiveDate>,
    /// 取引先: the first party, of those introduced as 甲, 乙, 丙, that is not ourselves.
    pub counterparty: Option<String>,
    /// 取引金額: the amount after a label such as 契約金額, else the first 金…円也.
    pub amount: Option<Money>,
}

/// Suggests from `text` when it is not known who "we" are: 乙 is then taken for the other party.
pub fn suggest(text: &str) -> Suggestion {
    suggest_for(text, "")
}

/// Suggests from `text`, knowing that the party named `ourselves` is not the other one. Pure.
pub fn suggest_for(text: &str, ourselves: &str) -> Suggestion {
    Suggestion {
        date: day::suggest(text),
        counterparty: party::suggest(text, ourselves),
        amount: money::suggest(text),
    }
}

/// The rest of the line after each place where `label` stands, the earliest first.
///
/// Labels are often spaced out (契　約　日), which is not followed: such a label is simply not found.
fn after<'a>(text: &'a str, label: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(label).filter_map(move |(at, _)| {
        let rest = text.get(at + label.len()..)?;
        // A label may stand at the end of one line and its value on the next.
        let rest = rest.trim_start_matches([' ', '　', ':', '：', '\n']);
        rest.lines().next()
    })
}

/// At most `limit` characters from the start of `text`.
fn prefix(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}

/// The longest end of `text` whose characters all satisfy `accept`.
fn tail(text: &str, accept: impl Fn(char) -> bool) -> &str {
    text.get(text.trim_end_matches(accept).len()..).unwrap_or_default()
}

/// Digits of both widths and the numerals of Japanese documents.
fn is_numeral(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '０'..='９') || "〇零一二三四五六七八九十百千壱弐参拾".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Currency, TaxBasis};

    #[test]
    fn a_contract_in_the_usual_words_gives_all_three() {
        let text = "業務委託契約書\n契約金額　金1,100,000円（消費税込）\n株式会社甲斐（以下「甲」という。）と\
                    株式会社国税商事（以下「乙」という。）とは、次のとおり契約する。\n令和8年2月1日\n";
        let suggestion = suggest(text);
        assert_eq!(suggestion.date, NaiveDate::from_ymd_opt(2026, 2, 1));
        assert_eq!(suggestion.counterparty.as_deref(), Some("株式会社国税商事"));
        let amount = Money { minor: 1_100_000, currency: Currency::JPY, tax: TaxBasis::Included };
        assert_eq!(suggestion.amount, Some(amount));
    }

    #[test]
    fn we_are_never_our_own_counterparty() {
        let text = "株式会社国税商事（以下「甲」という。）と、㈱ 甲斐（以下「乙」という。）とは、";
        assert_eq!(suggest_for(text, "㈱甲斐").counterparty.as_deref(), Some("株式会社国税商事"));
        assert_eq!(suggest_for(text, "株式会社国税商事").counterparty.as_deref(), Some("㈱ 甲斐"));
    }

    #[test]
    fn a_text_that_says_nothing_suggests_nothing() {
        for text in ["", "\n\n", "契約", "（以下「甲」（以下「乙」", "契約金額", "締結日　年　月　日"]
        {
            assert_eq!(suggest(text), Suggestion::default(), "{text:?}");
        }
    }
}
