//! Folding: the search keys of names, numbers and text, so that one company written many ways is found.
//!
//! Keys are only ever compared with keys; stored text is never rewritten (register offices keep 齊藤 and
//! 斉藤 apart). Bump [`FOLD_VERSION`] with every change of a rule or table: an index made with another
//! version is refused and built again.

use unicode_normalization::UnicodeNormalization;

use super::fold_tables::{is_dash, is_variation_selector, kana, variant};
use super::legal_form::{Forms, find_forms};

/// Version of the rules in this file and its tables; part of every index.
pub const FOLD_VERSION: u32 = 2;

/// Characters of one input that are looked at; the rest is ignored. Names are at most 1,000 long.
pub const MAX_NAME_CHARS: usize = 1_000;

/// The keys of one counterparty name, as written in a record or typed into a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameKeys {
    /// Folded, legal forms removed. Empty when the name is nothing but a legal form or punctuation.
    pub stripped: String,
    /// Folded character by character, legal forms left in: whatever can be seen in a name is found.
    pub whole: String,
    /// The legal forms seen, wherever they stood.
    pub forms: Forms,
    /// Only width, case, spaces and legal form ignored: equal here means an exact hit.
    pub light: String,
}

impl NameKeys {
    /// Folds `name`: NFKC, case, kana, variants, legal form, dashes, punctuation; in this order.
    pub fn of(name: &str) -> Self {
        let light = light_chars(name, MAX_NAME_CHARS);
        let mapped: Vec<char> = light.iter().map(|&c| variant(kana(c))).collect();
        let (in_form, forms) = find_forms(&mapped);
        let keep = |chars: &[char], test: fn(char) -> bool| -> String {
            let kept = chars.iter().zip(&in_form).filter(|(c, form)| !**form && test(**c)).map(|(c, _)| *c);
            composed(kept)
        };
        Self {
            stripped: keep(&mapped, in_key),
            whole: composed(mapped.iter().copied().filter(|&c| in_key(c))),
            forms,
            light: keep(&light, |c| !c.is_whitespace() && !matches!(c, '.' | ',' | '(' | ')')),
        }
    }

    /// A 64-bit name of `light` (FNV-1a), small enough to keep for every party.
    ///
    /// Only ranking hangs on it, so a collision would at worst put one hit too high.
    pub fn light_hash(&self) -> u64 {
        fnv1a(self.light.as_bytes())
    }

    /// Whether `whole` says more than one letter; `(株)` must not find every name with a 株 in it.
    pub(super) fn whole_is_telling(&self) -> bool {
        self.whole.chars().nth(1).is_some()
    }

    /// Whether a search for `query` finds a record of this name; the rule that the index speeds up.
    ///
    /// Either the names agree when legal forms are ignored, or the query can be seen in the name as it is
    /// written. A query of nothing but legal forms finds the names that have all of them.
    pub fn is_found_by(&self, query: &NameKeys) -> bool {
        if query.stripped.is_empty() {
            return match query.forms.is_empty() {
                false => {
                    self.forms.contains(query.forms)
                        || (query.whole_is_telling() && self.whole.contains(&query.whole))
                }
                true => !query.light.is_empty() && self.light == query.light,
            };
        }
        self.stripped.contains(&query.stripped) || self.whole.contains(&query.whole)
    }
}

/// FNV-1a, 64 bits: stable for ever, unlike the standard library's hasher.
pub(super) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// NFKC and lower case, selectors and control characters removed: the start of every fold.
fn light_chars(text: &str, limit: usize) -> Vec<char> {
    text.chars()
        .take(limit)
        .filter(|&c| !is_variation_selector(c))
        .flat_map(spell_out)
        .nfkc()
        .flat_map(char::to_lowercase)
        .filter(|c| !c.is_control() || c.is_whitespace())
        .map(|c| if c == 'ς' { 'σ' } else { c })
        .collect()
}

/// Letters that a space or a dash had kept apart may now be one: accents, and the parts of a Korean syllable.
fn composed(kept: impl Iterator<Item = char>) -> String {
    kept.nfkc().collect()
}

/// ㏍ is one character and needs no space behind it; NFKC would glue its letters to the name.
fn spell_out(c: char) -> impl Iterator<Item = char> {
    let (kk, other) = if c == '㏍' { ("(株)", None) } else { ("", Some(c)) };
    kk.chars().chain(other)
}

/// Letters and digits stay in keys; punctuation, spaces, symbols and dashes do not.
fn in_key(c: char) -> bool {
    c.is_alphanumeric() && !is_dash(c)
}

/// The key of a management number: width, case, spaces and the kind of dash do not matter, all else does.
pub fn fold_number(number: &str) -> String {
    let chars = light_chars(number, MAX_NAME_CHARS);
    chars.into_iter().filter(|c| !c.is_whitespace()).map(|c| if is_dash(c) { '-' } else { c }).collect()
}

/// Running text for the tokenizer: width, case, kana and variants folded, everything else left in place.
pub(super) fn fold_text(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars()
        .filter(|&c| !is_variation_selector(c))
        .nfkc()
        .flat_map(char::to_lowercase)
        .map(|c| variant(kana(c)))
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
