//! File names: what they suggest on deposit, and the names that records leave under.

mod law_style;
mod suggestion;

#[cfg(test)]
mod tests;

pub use law_style::{collision_key, law_style};
pub use suggestion::{Suggestion, parse};

/// Written in place of an amount when the contract states none.
const NO_AMOUNT: &str = "金額なし";
/// Written in place of a counterparty of whose name nothing printable is left.
const NO_COUNTERPARTY: &str = "取引先未設定";
/// What a file is called when its name consists of directories only.
const UNNAMED: &str = "unnamed";

/// The last part of a path that a client sent, whatever its system: `x.pdf` of `../../x.pdf` and of
/// `C:\x\x.pdf`.
///
/// Control characters go too, since no metadata field may hold them; nothing else is changed. Never empty,
/// `.` or `..`.
pub fn base_name(sent: &str) -> String {
    let clean = |part: &str| part.chars().filter(|c| !c.is_control()).collect::<String>();
    sent.rsplit(['/', '\\'])
        .map(|part| clean(without_drive(part)))
        .find(|part| !matches!(part.trim(), "" | "." | ".."))
        .unwrap_or_else(|| UNNAMED.to_owned())
}

/// `C:x.pdf` is relative to the current directory of drive C.
fn without_drive(part: &str) -> &str {
    match part.split_at_checked(2) {
        Some((drive, rest))
            if drive.ends_with(':') && drive.starts_with(|c: char| c.is_ascii_alphabetic()) =>
        {
            rest
        }
        _ => part,
    }
}

/// Splits `x.pdf` into `x` and `pdf`; the extension is short and made of letters and digits.
fn split_extension(name: &str) -> (&str, Option<&str>) {
    const LONGEST: usize = 10;
    match name.rsplit_once(['.', '．']) {
        Some((stem, extension))
            if !stem.is_empty()
                && (1..=LONGEST).contains(&extension.chars().count())
                && extension
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, 'ａ'..='ｚ' | 'Ａ'..='Ｚ')) =>
        {
            (stem, Some(extension))
        }
        _ => (name, None),
    }
}
