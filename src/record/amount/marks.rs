//! What stands around the digits of an amount: 金 … 也, signs, currency marks, the closing dash.

use super::AmountError;
use super::typed::is_dash;
use crate::record::Currency;

/// An amount without its dress.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bare<'a> {
    pub negative: bool,
    pub digits: &'a str,
}

/// Marks and the currencies they may stand for; a mark that ends in another comes before it.
const MARKS: &[(&str, &[&str])] = &[
    ("円", &["JPY"]),
    ("圓", &["JPY"]),
    ("¥", &["JPY", "CNY"]),
    ("US$", &["USD"]),
    ("HK$", &["HKD"]),
    ("NT$", &["TWD"]),
    ("NZ$", &["NZD"]),
    ("A$", &["AUD"]),
    ("C$", &["CAD"]),
    ("S$", &["SGD"]),
    ("$", DOLLARS),
    ("米ドル", &["USD"]),
    ("ドル", DOLLARS),
    ("€", &["EUR"]),
    ("ユーロ", &["EUR"]),
    ("£", &["GBP", "FKP", "GIP", "SHP"]),
    ("ポンド", &["GBP"]),
    ("₩", &["KRW"]),
    ("ウォン", &["KRW"]),
    ("人民元", &["CNY"]),
    ("元", &["CNY"]),
];

const DOLLARS: &[&str] = &[
    "USD", "AUD", "BBD", "BMD", "BND", "BSD", "BZD", "CAD", "FJD", "GYD", "HKD", "JMD", "KYD", "LRD", "NAD",
    "NZD", "SBD", "SGD", "SRD", "TTD", "TWD", "XCD", "ARS", "CLP", "COP", "MXN",
];

/// Takes the dress off `text`, which is folded and trimmed.
///
/// # Errors
/// A mark of a currency other than `currency`; a closing dash where only a minus sign could be meant.
pub(super) fn undress(text: &str, currency: Currency) -> Result<Bare<'_>, AmountError> {
    let (mut rest, mut negative, mut kin) = (text, None, false);
    let mut mark = None;
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('金').filter(|_| !kin) {
            (kin, rest) = (true, after);
        } else if let Some((sign, after)) = leading_sign(rest).filter(|_| negative.is_none()) {
            (negative, rest) = (Some(sign), after);
        } else if let Some((found, after)) = leading_mark(rest).filter(|_| mark.is_none()) {
            check_mark(found, currency)?;
            (mark, rest) = (Some(found), after);
        } else {
            break;
        }
    }
    let (mut nari, mut dash, mut unit) = (false, false, None);
    loop {
        rest = rest.trim_end();
        if let Some(before) = rest.strip_suffix('也').filter(|_| !nari) {
            (nari, rest) = (true, before);
        } else if let Some(before) = rest.strip_suffix(is_dash).filter(|_| !dash) {
            (dash, rest) = (true, before.strip_suffix('.').unwrap_or(before));
        } else if let Some((before, found)) = trailing_mark(rest).filter(|_| unit.is_none()) {
            check_mark(found, currency)?;
            (unit, rest) = (Some(found), before);
        } else {
            break;
        }
    }
    // ￥50,000- is closed by its dash; a bare 50,000- is a negative amount to SAP and closed to others.
    if dash && !rest.is_empty() && !kin && mark.is_none() && unit.is_none() {
        return Err(AmountError::TrailingMinus(super::typed::excerpt(text)));
    }
    Ok(Bare { negative: negative.unwrap_or(false), digits: rest })
}

fn leading_sign(text: &str) -> Option<(bool, &str)> {
    const MINUS: [char; 6] = ['-', '\u{2212}', '\u{2010}', '\u{2013}', '△', '▲'];
    if let Some(rest) = text.strip_prefix(MINUS) {
        return Some((true, rest));
    }
    text.strip_prefix('+').map(|rest| (false, rest))
}

fn leading_mark(text: &str) -> Option<(&str, &str)> {
    if let Some((mark, _)) = MARKS.iter().find(|(mark, _)| text.starts_with(mark)) {
        return text.split_at_checked(mark.len());
    }
    let (code, rest) = text.split_at_checked(3)?;
    let ends = !rest.starts_with(|c: char| c.is_ascii_alphabetic());
    (ends && code.parse::<Currency>().is_ok()).then_some((code, rest))
}

fn trailing_mark(text: &str) -> Option<(&str, &str)> {
    if let Some((mark, _)) = MARKS.iter().find(|(mark, _)| text.ends_with(mark)) {
        return text.split_at_checked(text.len().checked_sub(mark.len())?);
    }
    let (rest, code) = text.split_at_checked(text.len().checked_sub(3)?)?;
    let begins = !rest.ends_with(|c: char| c.is_ascii_alphabetic());
    (begins && code.parse::<Currency>().is_ok()).then_some((rest, code))
}

fn check_mark(mark: &str, currency: Currency) -> Result<(), AmountError> {
    let fits = match MARKS.iter().find(|(known, _)| *known == mark) {
        Some((_, codes)) => codes.contains(&currency.code()),
        None => mark.parse() == Ok(currency),
    };
    if fits { Ok(()) } else { Err(AmountError::OtherCurrency { mark: mark.to_owned(), currency }) }
}
