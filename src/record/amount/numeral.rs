//! Numbers in Arabic digits, 漢数字 and 大字, with the units 十 百 千 万 億 兆 京.

/// Why a numeral cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NumeralError {
    NotANumber,
    MisplacedComma,
    TooLarge,
}

/// An exact decimal: `mantissa` × `unit` ÷ 10^`decimals`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Numeral {
    pub mantissa: u128,
    /// Digits written after the decimal point.
    pub decimals: u32,
    /// What a trailing unit word multiplies by: 10 000 for 万, 1 without one.
    pub unit: u128,
}

/// Reads `1100000`, `1,100,000`, `12.50`, `110万`, `1.1百万`, `1,100千`, `3億2千万`, `壱百拾万`, `一一〇万`.
///
/// # Errors
/// Says whether the shape, a comma or the size is at fault.
pub(super) fn read(text: &str) -> Result<Numeral, NumeralError> {
    let lead_end = text.find(|c| !is_positional(c)).unwrap_or(text.len());
    let (lead, rest) = text.split_at(lead_end);
    if !lead.is_empty() {
        if rest.is_empty() {
            return positional(lead);
        }
        if let Some((small, big)) = unit_word(rest) {
            // 12百万 and 1,100千 are how schedules say millions and thousands; 五五百 and 12十 are mistakes.
            let arabic = lead.starts_with(|c: char| c.is_ascii_digit());
            if small > 1 && lead.chars().nth(1).is_some() && !(arabic && small > 10) {
                return Err(NumeralError::NotANumber);
            }
            return Ok(Numeral { unit: small * big, ..positional(lead)? });
        }
    }
    Ok(Numeral { mantissa: composed(text)?, decimals: 0, unit: 1 })
}

/// Reads a small whole number such as the year, month or day of a date: `8`, `08`, `八`, `二十三`, `二〇二六`.
pub(crate) fn small_integer(text: &str) -> Option<u32> {
    if text.contains([',', '、', '.']) {
        return None;
    }
    let number = read(text).ok()?;
    u32::try_from(number.mantissa.checked_mul(number.unit)?).ok()
}

/// Whether `c` can be part of a number that [`small_integer`] reads.
pub(crate) fn is_numeral(c: char) -> bool {
    digit(c).is_some() || small_unit(c).is_some() || big_unit(c).is_some() || tens(c).is_some()
}

/// Digits by position, with thousands separators and a decimal point: `1,100,000.5`, `一、一〇〇`.
fn positional(text: &str) -> Result<Numeral, NumeralError> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return Err(NumeralError::NotANumber),
        Some((whole, fraction)) => (whole, fraction),
        None => (text, ""),
    };
    check_commas(whole)?;
    let arabic = text.contains(|c: char| c.is_ascii_digit());
    let kanji = text.contains(|c: char| !c.is_ascii_digit() && digit(c).is_some());
    // Mixed scripts, decimals in kanji, and 〇〇〇 (a blank to fill in, on a template) are not numbers.
    let blank = kanji && whole.chars().count() > 1 && whole.starts_with(['〇', '零']);
    if arabic == kanji || blank || (kanji && !fraction.is_empty()) {
        return Err(NumeralError::NotANumber);
    }
    let mut mantissa: u128 = 0;
    for c in whole.chars().filter(|c| !is_comma(*c)).chain(fraction.chars()) {
        let value = digit(c).ok_or(NumeralError::NotANumber)?;
        mantissa =
            mantissa.checked_mul(10).and_then(|m| m.checked_add(value)).ok_or(NumeralError::TooLarge)?;
    }
    let decimals = u32::try_from(fraction.len()).map_err(|_| NumeralError::TooLarge)?;
    Ok(Numeral { mantissa, decimals, unit: 1 })
}

/// One to three digits, then groups of exactly three, or no separator at all.
fn check_commas(whole: &str) -> Result<(), NumeralError> {
    let mut groups = whole.split(is_comma).map(|group| group.chars().count());
    let first = groups.next().unwrap_or(0);
    if first == 0 {
        let lone_comma = whole.chars().next().is_some_and(is_comma);
        return Err(if lone_comma { NumeralError::MisplacedComma } else { NumeralError::NotANumber });
    }
    let mut separated = false;
    for length in groups {
        separated = true;
        if length != 3 {
            return Err(NumeralError::MisplacedComma);
        }
    }
    if separated && first > 3 { Err(NumeralError::MisplacedComma) } else { Ok(()) }
}

/// The small and the big part of a unit word that ends a number: 千 (1000, 1), 百万 (100, 10 000).
fn unit_word(text: &str) -> Option<(u128, u128)> {
    let mut chars = text.chars().peekable();
    let small = chars.next_if(|c| small_unit(*c).is_some()).and_then(small_unit).unwrap_or(1);
    let big = chars.next_if(|c| big_unit(*c).is_some()).and_then(big_unit).unwrap_or(1);
    chars.next().is_none().then_some((small, big))
}

/// Sections joined by units that shrink: 三億 二千 万 五.
fn composed(text: &str) -> Result<u128, NumeralError> {
    let mut total: u128 = 0;
    let mut above: Option<u128> = None;
    let mut rest = text;
    loop {
        let cut = rest.char_indices().find_map(|(at, c)| Some((at, c, big_unit(c)?)));
        let (section_text, after, unit) = match cut {
            Some((at, c, unit)) => {
                (rest.get(..at).unwrap_or_default(), rest.get(at + c.len_utf8()..).unwrap_or_default(), unit)
            }
            None => (rest, "", 1),
        };
        let value = section(section_text)?;
        // After the first unit each section has at most four digits, and units must shrink: 2万3億 is an error.
        if above.is_some_and(|above| unit >= above || value >= 10_000) {
            return Err(NumeralError::NotANumber);
        }
        total = value.checked_mul(unit).and_then(|v| total.checked_add(v)).ok_or(NumeralError::TooLarge)?;
        if after.is_empty() {
            return Ok(total);
        }
        above = Some(unit);
        rest = after;
    }
}

/// The part before one big unit: digits by position, or digits with 千 百 十 (廿 is 20, 卅 is 30).
fn section(text: &str) -> Result<u128, NumeralError> {
    if text.is_empty() {
        return Err(NumeralError::NotANumber);
    }
    if text.chars().all(is_positional) {
        let number = positional(text)?;
        let usable = number.decimals == 0 && number.mantissa > 0;
        return if usable { Ok(number.mantissa) } else { Err(NumeralError::NotANumber) };
    }
    let mut value = 0;
    let mut pending: Option<u128> = None;
    let mut above = 10_000;
    for c in text.chars() {
        let (unit, product) = match (digit(c), small_unit(c), tens(c)) {
            (Some(1..), _, _) if pending.is_none() => {
                pending = digit(c);
                continue;
            }
            (_, Some(unit), _) => (unit, pending.take().unwrap_or(1) * unit),
            (_, _, Some(tens)) if pending.is_none() => (10, tens),
            _ => return Err(NumeralError::NotANumber),
        };
        if unit >= above {
            return Err(NumeralError::NotANumber);
        }
        value += product;
        above = unit;
    }
    Ok(value + pending.unwrap_or(0))
}

fn is_positional(c: char) -> bool {
    c == '.' || is_comma(c) || digit(c).is_some()
}

fn is_comma(c: char) -> bool {
    matches!(c, ',' | '、')
}

fn digit(c: char) -> Option<u128> {
    Some(match c {
        '0'..='9' => u128::from(c.to_digit(10)?),
        '〇' | '零' => 0,
        '一' | '壱' | '壹' | '弌' => 1,
        '二' | '弐' | '貳' | '貮' | '弍' => 2,
        '三' | '参' | '參' | '弎' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陸' => 6,
        '七' | '漆' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

fn tens(c: char) -> Option<u128> {
    match c {
        '廿' => Some(20),
        '卅' | '丗' => Some(30),
        _ => None,
    }
}

fn small_unit(c: char) -> Option<u128> {
    match c {
        '十' | '拾' => Some(10),
        '百' | '佰' | '陌' => Some(100),
        '千' | '仟' | '阡' => Some(1_000),
        _ => None,
    }
}

fn big_unit(c: char) -> Option<u128> {
    match c {
        '万' | '萬' => Some(10_000),
        '億' => Some(100_000_000),
        '兆' => Some(1_000_000_000_000),
        '京' => Some(10_000_000_000_000_000),
        _ => None,
    }
}
