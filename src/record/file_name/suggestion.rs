//! Reading date, counterparty and amount out of a file name such as `20260201_株式会社国税商事_1100000.pdf`.

use std::ops::Range;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::{NO_AMOUNT, NO_COUNTERPARTY, base_name, split_extension};
use crate::record::amount::{parse_minor, typed};
use crate::record::date::parse_date;
use crate::record::{Currency, Money, TaxBasis};

/// What a file name suggests. A person confirms it before anything is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema, utoipa::ToSchema)]
pub struct Suggestion {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<NaiveDate>,
    /// As it stands in the name, never normalised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counterparty: Option<String>,
    /// In yen; an amount that names another currency is in `foreign`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// An amount that names another currency, as in `12.50USD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foreign: Option<Money>,
    /// The name says that there is no amount (金額なし), which is more than not naming one.
    pub no_amount: bool,
}

/// Reads `date_counterparty_amount`, the order the tax agency recommends (電子帳簿保存法一問一答).
///
/// The parts may be separated by `_`, `＿` or, where there is neither, spaces; a `_2` or ` (2)` that keeps
/// equal names apart is skipped. A name without a date suggests nothing: it follows some other rule.
pub fn parse(name: &str) -> Suggestion {
    let name = base_name(name);
    let stem = without_copy_number(split_extension(&name).0.trim());
    let spans = split(stem);
    let parts: Vec<&str> = spans.iter().map(|span| stem.get(span.clone()).unwrap_or_default()).collect();
    let found = parts.iter().enumerate().find_map(|(at, part)| Some((at, parse_date(part).ok()?)));
    let Some((date_at, date)) = found else { return Suggestion::default() };
    let mut suggestion = Suggestion { date: Some(date), ..Suggestion::default() };
    let mut after = parts.get(date_at + 1..).unwrap_or_default();
    if let ([before @ .., _], true) = (after, ends_in_collision_number(after)) {
        after = before;
    }
    if let Some((amount, before)) = after.split_last().and_then(|(last, rest)| Some((amount_of(last)?, rest)))
    {
        after = before;
        match amount {
            Amount::Unstated => suggestion.no_amount = true,
            Amount::Stated(money) if money.currency == Currency::JPY => suggestion.amount = Some(money.minor),
            Amount::Stated(money) => suggestion.foreign = Some(money),
        }
    }
    // What lies between date and amount, else what stands before the date; cut out whole, separators and all.
    let named = match after.len() {
        0 => spans.get(..date_at),
        count => spans.get(date_at + 1..date_at + 1 + count),
    };
    suggestion.counterparty = named
        .and_then(|named| stem.get(named.first()?.start..named.last()?.end))
        .filter(|name| *name != NO_COUNTERPARTY)
        .map(str::to_owned);
    suggestion
}

/// Where the parts of the name lie, spaces around them left out.
fn split(stem: &str) -> Vec<Range<usize>> {
    let underscored = stem.contains(['_', '＿']);
    let separates = |c: char| if underscored { matches!(c, '_' | '＿') } else { c.is_whitespace() };
    let mut start = 0;
    let mut spans = Vec::new();
    for piece in stem.split_inclusive(separates) {
        let part = piece.trim_end_matches(separates).trim_end();
        let leading = part.len() - part.trim_start().len();
        if leading < part.len() {
            spans.push(start + leading..start + part.len());
        }
        start += piece.len();
    }
    spans
}

/// Browsers and file managers append ` (1)` to a second copy.
fn without_copy_number(stem: &str) -> &str {
    let bare = stem.strip_suffix([')', '）']).and_then(|rest| rest.rsplit_once(['(', '（']));
    match bare {
        Some((before, number)) if is_small_number(number) && !before.trim().is_empty() => before.trim_end(),
        _ => stem,
    }
}

/// Whether the last part is the `_2` that keeps equal names apart, not an amount.
///
/// It is when an amount and a counterparty stand before it. Where they do not, a single digit is taken for a
/// collision number (no invoice is about so few yen), and more digits for an amount.
fn ends_in_collision_number(parts: &[&str]) -> bool {
    match parts {
        [.., last] if !is_small_number(last) || matches!(*last, "0" | "1") => false,
        [_, .., amount, _] if amount_of(amount).is_some() => true,
        [.., last] => last.len() == 1,
        [] => false,
    }
}

fn is_small_number(text: &str) -> bool {
    (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with("00")
}

enum Amount {
    Stated(Money),
    Unstated,
}

/// An amount of yen, or of the currency whose code stands at either end.
fn amount_of(part: &str) -> Option<Amount> {
    let folded = typed::fold(part);
    if folded == NO_AMOUNT {
        return Some(Amount::Unstated);
    }
    // A counterparty may be called 三千; an amount in a file name has digits or says 円.
    if !folded.contains(|c: char| c.is_ascii_digit() || c == '円') && folded != "無償" {
        return None;
    }
    let code = |text: Option<&str>| text.and_then(|text| text.parse::<Currency>().ok());
    let currency = code(folded.get(folded.len().saturating_sub(3)..))
        .or_else(|| code(folded.get(..3)))
        .unwrap_or(Currency::JPY);
    let minor = parse_minor(&folded, currency).ok()?;
    Some(Amount::Stated(Money { minor, currency, tax: TaxBasis::Unknown }))
}
