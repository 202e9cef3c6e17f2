//! Names for handing records out, in the form the tax agency recommends: `date_counterparty_amount.pdf`.

use std::collections::HashSet;

use chrono::Datelike;
use unicode_normalization::UnicodeNormalization;

use super::{NO_AMOUNT, NO_COUNTERPARTY};
use crate::record::amount::format_minor;
use crate::record::{Currency, Metadata, Money};

/// Longest name without its extension, in bytes of UTF-8. File systems stop at 255 bytes (Linux) or UTF-16
/// units (Windows, macOS); the rest is left for what others append.
const MAX_STEM_BYTES: usize = 200;
/// Longest name with its extension, in bytes.
const MAX_NAME_BYTES: usize = 204;
/// Longest extension, in bytes.
const MAX_EXTENSION_BYTES: usize = 10;

/// A name for the record's file that every common file system accepts: `20260201_株式会社国税商事_1100000.pdf`.
///
/// At most 204 bytes. Without an amount it says 金額なし, in another currency `12.50USD`. `used` holds the
/// [`collision_key`]s of the names given out before; a second equal name gets `_2` and is added too.
pub fn law_style(metadata: &Metadata, extension: &str, used: &mut HashSet<String>) -> String {
    let extension = safe_extension(extension);
    let amount = metadata.amount.map_or_else(|| NO_AMOUNT.to_owned(), plain_amount);
    let date = metadata.transaction_date;
    let date = format!("{:04}{:02}{:02}", date.year(), date.month(), date.day());
    let counterparty = safe_part(&metadata.counterparty.name);
    let numbered = |number: u64| {
        let suffix = if number < 2 { String::new() } else { format!("_{number}") };
        let tail = format!("_{amount}{suffix}");
        let stem_limit = MAX_STEM_BYTES.min(MAX_NAME_BYTES.saturating_sub(extension.len()));
        // The counterparty is what gives way: date, amount and number are short and all needed.
        let room = stem_limit.saturating_sub(date.len() + 1 + tail.len());
        format!("{date}_{}{tail}{extension}", cut(&counterparty, room))
    };
    let free = first_free(|number| used.contains(&collision_key(&numbered(number))));
    let name = numbered(free);
    used.insert(collision_key(&name));
    name
}

/// Equal for names that some common file system takes for the same (APFS and NTFS ignore case; APFS ignores
/// whether か゛ is one character or two). Decomposed before folding, as canonical caseless matching asks
/// (Unicode 3.13, D145).
pub fn collision_key(name: &str) -> String {
    name.nfd().collect::<String>().to_uppercase().to_lowercase().nfc().collect()
}

/// The first number of 1, 2, 3, … that is not taken, without asking for each: exports hold many equal names.
///
/// Numbers are given out in order, so doubling and halving find the gap; if there are several, any will do.
fn first_free(taken: impl Fn(u64) -> bool) -> u64 {
    if !taken(1) {
        return 1;
    }
    let (mut last_taken, mut free) = (1, 2);
    while taken(free) {
        last_taken = free;
        free *= 2;
    }
    while free - last_taken > 1 {
        let middle = last_taken + (free - last_taken) / 2;
        if taken(middle) {
            last_taken = middle;
        } else {
            free = middle;
        }
    }
    free
}

/// `1100000`, `-50000`, `12.50USD`: no separators, so that it stays one part of the name.
fn plain_amount(money: Money) -> String {
    let digits = format_minor(money.minor, money.currency).replace(',', "");
    if money.currency == Currency::JPY { digits } else { format!("{digits}{}", money.currency) }
}

/// `.` and the extension in lower case, or nothing.
fn safe_extension(extension: &str) -> String {
    let kept = extension.chars().filter(char::is_ascii_alphanumeric).take(MAX_EXTENSION_BYTES);
    let kept = kept.collect::<String>().to_ascii_lowercase();
    if kept.is_empty() { kept } else { format!(".{kept}") }
}

/// A counterparty's name as part of a file name.
///
/// Reserved characters become their full-width twins, which read the same and are allowed everywhere;
/// characters that do not print, or turn the direction of writing around, are dropped.
fn safe_part(name: &str) -> String {
    let twin = |c: char| match c {
        '/' => '／',
        '\\' => '＼',
        ':' => '：',
        '*' => '＊',
        '?' => '？',
        '"' => '”',
        '<' => '＜',
        '>' => '＞',
        '|' => '｜',
        other => other,
    };
    let printable: String = name.chars().filter(|c| !is_invisible(*c)).map(twin).collect();
    // Dots and spaces at an end are dropped by Windows and hide files on Unix; device names open devices.
    let trimmed = printable.trim_matches(|c: char| c == '.' || c.is_whitespace());
    match trimmed {
        "" => NO_COUNTERPARTY.to_owned(),
        device if is_device(device) => format!("{device}＿"),
        other => other.to_owned(),
    }
}

fn is_invisible(c: char) -> bool {
    let format = ['\u{200b}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2060}'..='\u{2069}'];
    c.is_control() || c == '\u{feff}' || format.iter().any(|range| range.contains(&c))
}

/// Names that Windows keeps for devices, with any extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        let number = stem.strip_prefix(prefix).map(|rest| rest.chars().collect::<Vec<_>>());
        matches!(number.as_deref(), Some(['0'..='9' | '¹' | '²' | '³']))
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || numbered("COM")
        || numbered("LPT")
}

/// The longest beginning of `text` that fits into `limit` bytes and ends with a whole character.
fn cut(text: &str, limit: usize) -> &str {
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= limit).last();
    text.get(..end.unwrap_or(0)).unwrap_or_default().trim_end()
}
