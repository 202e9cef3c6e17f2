//! Amounts as people write them, read into integer minor units and written back.

use super::Currency;
use numeral::NumeralError;

mod marks;
pub(crate) mod numeral;
mod range;
pub(crate) mod typed;

#[cfg(test)]
mod tests;

pub use range::{AmountRange, parse_range};

/// Why an amount is refused, and what to write instead.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum AmountError {
    #[error("the amount is empty; write it in digits, such as 1100000, or say that there is none")]
    Empty,
    #[error("{0:?} is not an amount; write it in digits, such as 1100000, 1,100,000円 or 110万円")]
    NotAnAmount(String),
    #[error("{0:?} is in scientific notation, which loses digits; write all digits, such as 1000000000")]
    Scientific(String),
    #[error("the commas in {0:?} do not separate thousands; write 1,100,000 or leave them out")]
    MisplacedComma(String),
    #[error(
        "{text:?} has more decimals than {currency}, which has {decimals}; write the amount without the rest"
    )]
    TooManyDecimals { text: String, currency: Currency, decimals: u32 },
    #[error("{mark} is not a mark of {currency}; name the currency, or write the amount without the mark")]
    OtherCurrency { mark: String, currency: Currency },
    #[error("{0:?} may be negative or closed by its dash; write -50,000 or ￥50,000-")]
    TrailingMinus(String),
    #[error("{0:?} is larger than the archive can hold; check the digits and the unit")]
    TooLarge(String),
    #[error("the range has no end; write 100000..2000000, 100000.. or ..2000000")]
    EmptyRange,
    #[error("the range begins at {from} and ends at {to}; write the smaller amount first")]
    Reversed { from: String, to: String },
}

/// Words for "nothing is paid"; zero, which is not the same as no amount being stated.
const FREE: [&str; 2] = ["無償", "無料"];

/// Reads an amount into minor units of `currency` (yen, cents, fils).
///
/// Understands Arabic digits of either width with thousands separators, 漢数字 and 大字, the units
/// 十 to 京 (`110万円`, `1.1百万円`, `1,100千円`), `金…円也`, a closing dash after a marked amount, the
/// minus signs - − △ ▲, currency marks and codes on either side, and 無償 for zero.
///
/// # Errors
/// Anything that could mean two amounts or none; see [`AmountError`].
pub fn parse_minor(text: &str, currency: Currency) -> Result<i64, AmountError> {
    let shown = || typed::excerpt(text.trim());
    if typed::is_too_long(text.trim()) {
        return Err(AmountError::NotAnAmount(shown()));
    }
    let folded = typed::fold(text);
    let body = folded.trim();
    if body.is_empty() {
        return Err(AmountError::Empty);
    }
    if FREE.contains(&body) {
        return Ok(0);
    }
    let bare = marks::undress(body, currency)?;
    if is_scientific(bare.digits) {
        return Err(AmountError::Scientific(shown()));
    }
    let number = numeral::read(bare.digits).map_err(|error| match error {
        NumeralError::NotANumber => AmountError::NotAnAmount(shown()),
        NumeralError::MisplacedComma => AmountError::MisplacedComma(shown()),
        NumeralError::TooLarge => AmountError::TooLarge(shown()),
    })?;
    let magnitude = to_minor(&number, currency, &shown)?;
    let signed = i128::try_from(magnitude).map(|m| if bare.negative { -m } else { m });
    signed.ok().and_then(|minor| i64::try_from(minor).ok()).ok_or_else(|| AmountError::TooLarge(shown()))
}

fn to_minor(
    number: &numeral::Numeral,
    currency: Currency,
    shown: &dyn Fn() -> String,
) -> Result<u128, AmountError> {
    let decimals = currency.exponent();
    let too_many = || AmountError::TooManyDecimals { text: shown(), currency, decimals };
    // Counted, not only computed: 1.000 yen may be a European thousand.
    if number.unit == 1 && number.decimals > decimals {
        return Err(too_many());
    }
    let scaled = 10u128
        .checked_pow(decimals)
        .and_then(|scale| number.mantissa.checked_mul(number.unit)?.checked_mul(scale))
        .ok_or_else(|| AmountError::TooLarge(shown()))?;
    let divisor = 10u128.checked_pow(number.decimals).ok_or_else(too_many)?;
    if scaled % divisor == 0 { Ok(scaled / divisor) } else { Err(too_many()) }
}

/// `1e9`, `1.1E+06`: what a spreadsheet makes of a long number.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return false };
    let is_number = |part: &str, extra: [char; 2]| {
        part.contains(|c: char| c.is_ascii_digit())
            && part.chars().all(|c| c.is_ascii_digit() || extra.contains(&c))
    };
    is_number(mantissa, ['.', ',']) && is_number(exponent, ['+', '-'])
}

/// Writes minor units with thousands separators and the currency's decimals: `1,100,000`, `-12.50`.
///
/// The currency itself is not written; [`parse_minor`] reads the result back to the same number.
pub fn format_minor(minor: i64, currency: Currency) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let decimals = currency.exponent();
    let scale = 10u64.pow(decimals);
    // `unsigned_abs`, because the smallest i64 has no positive counterpart.
    let (whole, fraction) = (minor.unsigned_abs() / scale, minor.unsigned_abs() % scale);
    let digits = whole.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    match decimals {
        0 => format!("{sign}{grouped}"),
        _ => format!("{sign}{grouped}.{fraction:0width$}", width = decimals as usize),
    }
}
