//! The amount of a contract.

use super::{after, is_numeral, prefix, tail};
use crate::record::{Currency, Money, TaxBasis, amount};

/// Words that introduce the amount of the contract, the most telling first.
const LABELS: [&str; 8] =
    ["契約金額", "請負代金額", "請負代金", "委託料総額", "売買代金", "貸付金額", "合計金額", "取引金額"];
/// How far behind its label an amount may begin and end, in characters.
const REACH: usize = 60;
/// Words that come in the place of an amount when there is none.
const NONE: [&str; 5] = ["定めなし", "定め無し", "なし", "無し", "該当なし"];
/// What follows an amount in yen, and which tax basis it means.
const TAX_WORDS: [(&str, TaxBasis); 6] = [
    ("税込", TaxBasis::Included),
    ("税等を含む", TaxBasis::Included),
    ("税を含む", TaxBasis::Included),
    ("税抜", TaxBasis::Excluded),
    ("税別", TaxBasis::Excluded),
    ("税等は別", TaxBasis::Excluded),
];

/// The labelled amount, else the first 金…円也. A label that says "none" settles it.
pub(super) fn suggest(text: &str) -> Option<Money> {
    for label in LABELS {
        for rest in after(text, label) {
            let window = prefix(rest, REACH).split('。').next().unwrap_or_default();
            if NONE.iter().any(|none| window.starts_with(none)) {
                return None;
            }
            if let Some(found) = first_in(window) {
                return Some(found);
            }
        }
    }
    text.lines().find_map(|line| {
        let (before, _) = line.split_once("円也")?;
        let number = tail(before, is_part);
        number.trim_start().starts_with('金').then(|| yen(number, ""))?
    })
}

/// The first amount in `window`: a number closed by 円 or ドル, or opened by a yen sign.
fn first_in(window: &str) -> Option<Money> {
    let closed = |unit: &str| window.split_once(unit).map(|(before, rest)| (tail(before, is_part), rest));
    if let Some((number, rest)) = closed("円") {
        return yen(number, rest);
    }
    if let Some((number, _)) = closed("ドル") {
        let digits = number.trim_start_matches(|c: char| !c.is_ascii_digit() && !matches!(c, '０'..='９'));
        let currency = "USD".parse().ok()?;
        let minor = amount::parse_minor(digits.trim(), currency).ok()?;
        return Some(Money { minor, currency, tax: TaxBasis::Unknown });
    }
    let start = window.find(['￥', '¥'])?;
    let marked = window.get(start..)?;
    let end = marked.find(|c: char| !is_part(c) && c != '-' && c != '－').unwrap_or(marked.len());
    yen(marked.get(..end)?, marked.get(end..)?)
}

fn yen(number: &str, rest: &str) -> Option<Money> {
    let number: String = number.chars().filter(|c| !c.is_whitespace() && *c != '金').collect();
    let minor = amount::parse_minor(&number, Currency::JPY).ok()?;
    Some(Money { minor, currency: Currency::JPY, tax: tax(rest) })
}

/// The tax basis that the words right behind an amount state.
fn tax(rest: &str) -> TaxBasis {
    let near = prefix(rest, 16).lines().next().unwrap_or_default();
    TAX_WORDS.iter().find(|(word, _)| near.contains(word)).map_or(TaxBasis::Unknown, |&(_, basis)| basis)
}

/// Characters of which an amount is made, its mark included.
fn is_part(c: char) -> bool {
    is_numeral(c) || "万億兆,，.．￥¥金 　".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(text: &str) -> Option<i64> {
        suggest(text).map(|money| money.minor)
    }

    #[test]
    fn labelled_amounts_are_read_in_every_usual_form() {
        for (text, expected) in [
            ("契約金額　金1,100,000円", 1_100_000),
            ("契約金額：金 １，１００，０００ 円也", 1_100_000),
            ("請負代金額\n金壱百拾万円也", 1_100_000),
            ("請負代金額　￥1,100,000-（税込）", 1_100_000),
            ("契約金額は、110万円とする。", 1_100_000),
            ("一、金55,000円也", 55_000),
            ("契約金額　米国通貨3,581.60ドル", 358_160),
        ] {
            assert_eq!(minor(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn the_tax_basis_is_taken_from_the_words_behind() {
        assert_eq!(suggest("契約金額 金100円（税抜）").map(|money| money.tax), Some(TaxBasis::Excluded));
        assert_eq!(suggest("契約金額 金100円").map(|money| money.tax), Some(TaxBasis::Unknown));
    }

    #[test]
    fn an_amount_in_a_clause_is_not_the_amount_of_the_contract() {
        assert_eq!(minor("違約金として金100,000円を支払う。"), None);
        assert_eq!(minor("契約金額は別紙のとおり。違約金は100,000円"), None);
        assert_eq!(minor("契約金額　定めなし\n一、金55,000円也"), None);
    }
}
