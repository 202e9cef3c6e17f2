//! 法人番号 and 登録番号: their shapes, the check digit, and what spreadsheets do to them.

use crate::record::amount::typed::{excerpt, fold, is_dash, is_too_long};

/// Digits of a 法人番号, and of a 登録番号 after its T.
const CORPORATE_DIGITS: usize = 13;
/// Digits of a 個人番号.
const PERSONAL_DIGITS: usize = 12;

/// Why a number is refused. A personal number is never repeated in the message.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum NumberError {
    #[error("the number is empty; leave it out or write all 13 digits")]
    Empty,
    #[error("{0:?} is not a number of 13 digits; copy it from the company's 法人番号 page")]
    NotDigits(String),
    #[error("the number has {0} digits; a corporate number has 13")]
    WrongLength(usize),
    #[error("the check digit of {0} is wrong; look for a mistyped or swapped digit")]
    WrongCheckDigit(String),
    #[error(
        "a number of 12 digits may be a personal number (個人番号), which must not be stored here; \
         for a company write the corporate number (法人番号) of 13 digits"
    )]
    PersonalNumber,
    #[error("{0:?} was damaged by a spreadsheet; format the column as text and copy all 13 digits again")]
    SpreadsheetDamage(String),
    #[error(
        "{0:?} is an invoice number (登録番号); write it in that field, or leave the T out for a company"
    )]
    InvoiceNumberGiven(String),
    #[error("an invoice number (登録番号) is T and 13 digits; write the T before the digits")]
    NoT,
    #[error("the number is not in its stored form; write it as {write}")]
    NotNormalised { write: String },
}

/// Reads a 法人番号 as typed: full-width digits, hyphens and spaces are accepted, 13 digits are returned.
///
/// # Errors
/// Any other shape; a check digit that does not fit (法人番号の指定等に関する省令, article 2).
pub fn normalize_corporate_number(text: &str) -> Result<String, NumberError> {
    let bare = bare(text)?;
    if bare.strip_prefix('T').is_some_and(|rest| is_digits(rest, CORPORATE_DIGITS)) {
        return Err(NumberError::InvoiceNumberGiven(bare));
    }
    let digits = thirteen_digits(&bare, text)?;
    if has_valid_check_digit(digits) {
        Ok(digits.to_owned())
    } else {
        Err(NumberError::WrongCheckDigit(digits.to_owned()))
    }
}

/// Reads a 登録番号 as typed; `T` and 13 digits are returned.
///
/// The check digit is not looked at: numbers of sole proprietors need not have one (see
/// [`Counterparty::warnings`](super::Counterparty::warnings)).
///
/// # Errors
/// Any other shape.
pub fn normalize_invoice_number(text: &str) -> Result<String, NumberError> {
    let bare = bare(text)?;
    let Some(rest) = bare.strip_prefix('T') else {
        // Digits that belong to a person or a company get their own answer first.
        return Err(thirteen_digits(&bare, text).err().unwrap_or(NumberError::NoT));
    };
    thirteen_digits(rest, text).map(|digits| format!("T{digits}"))
}

/// Whether 13 digits begin with their check digit: 9 - (Σ Pn × Qn mod 9), where Pn is the n-th digit of the
/// other twelve from the right and Qn is 1 for odd n, 2 for even.
pub(super) fn has_valid_check_digit(digits: &str) -> bool {
    if !is_digits(digits, CORPORATE_DIGITS) {
        return false;
    }
    let mut values = digits.bytes().map(|digit| u32::from(digit - b'0'));
    let check = values.next();
    let sum: u32 = values.rev().zip([1, 2].into_iter().cycle()).map(|(value, weight)| value * weight).sum();
    check == Some(9 - sum % 9)
}

/// Whether the whole text is twelve digits, however they are spaced.
pub(super) fn is_personal_number(text: &str) -> bool {
    bare(text).is_ok_and(|bare| is_digits(&bare, PERSONAL_DIGITS))
}

fn thirteen_digits<'a>(bare: &'a str, text: &str) -> Result<&'a str, NumberError> {
    if is_digits(bare, PERSONAL_DIGITS) {
        return Err(NumberError::PersonalNumber);
    }
    if is_spreadsheet_damage(&fold(text)) {
        return Err(NumberError::SpreadsheetDamage(excerpt(text.trim())));
    }
    if !is_digits(bare, bare.len()) {
        return Err(NumberError::NotDigits(excerpt(text.trim())));
    }
    if bare.len() == CORPORATE_DIGITS { Ok(bare) } else { Err(NumberError::WrongLength(bare.len())) }
}

/// Folded, in upper case, without spaces and dashes.
fn bare(text: &str) -> Result<String, NumberError> {
    if is_too_long(text.trim()) {
        return Err(NumberError::NotDigits(excerpt(text.trim())));
    }
    let folded = fold(text);
    let kept = folded.chars().filter(|c| !c.is_whitespace() && !is_dash(*c));
    let bare = kept.collect::<String>().to_ascii_uppercase();
    if bare.is_empty() { Err(NumberError::Empty) } else { Ok(bare) }
}

fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `7.00001E+12`, `7000012050002.0`, `#####`: digits are lost, or the number went through a float.
fn is_spreadsheet_damage(folded: &str) -> bool {
    let text = folded.trim();
    let float = text.contains(['.', 'e', 'E']) && text.starts_with(|c: char| c.is_ascii_digit());
    let shape = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | 'e' | 'E' | '+' | '-');
    (float && text.chars().all(shape)) || (text.len() > 2 && text.chars().all(|c| c == '#'))
}
