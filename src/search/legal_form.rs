//! Finding legal forms (株式会社, (株), カ), Co., Ltd.) in a folded name, wherever they stand.

use super::fold_tables::{BANK_FORMS, FORMS, LATIN_FORMS, SHORT_FORMS};

/// A set of legal forms; one bit per form, whatever its spelling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forms(pub(super) u64);

impl Forms {
    /// No form at all.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether every form of `other` is here too.
    pub fn contains(self, other: Forms) -> bool {
        self.0 & other.0 == other.0
    }

    fn add(&mut self, group: u8) {
        self.0 |= 1u64.wrapping_shl(u32::from(group));
    }
}

/// Marks the characters of `chars` (folded, punctuation still there) that belong to a legal form.
///
/// Returns one mark per character and the forms seen.
pub(super) fn find_forms(chars: &[char]) -> (Vec<bool>, Forms) {
    let mut found = Found { marks: vec![false; chars.len()], forms: Forms::default() };
    let mut at = 0;
    while at < chars.len() {
        let rest = chars.get(at..).unwrap_or_default();
        let hit = match rest.first() {
            Some('(') => in_parentheses(rest),
            Some(c) if c.is_ascii() && *c != 'n' => None,
            _ => written_out(rest),
        };
        match hit {
            Some((length, group)) => {
                found.mark(at, length, group);
                at += length;
            }
            None => at += 1,
        }
    }
    mark_bank_forms(chars, &mut found);
    mark_latin_forms(chars, &mut found);
    (found.marks, found.forms)
}

struct Found {
    marks: Vec<bool>,
    forms: Forms,
}

impl Found {
    fn mark(&mut self, from: usize, length: usize, group: u8) {
        self.forms.add(group);
        self.marks.iter_mut().skip(from).take(length).for_each(|mark| *mark = true);
    }
}

fn starts_with(chars: &[char], pattern: &str) -> Option<usize> {
    let length = pattern.chars().count();
    (chars.len() >= length && pattern.chars().zip(chars).all(|(a, b)| a == *b)).then_some(length)
}

fn written_out(rest: &[char]) -> Option<(usize, u8)> {
    FORMS.iter().find_map(|(form, group)| Some((starts_with(rest, form)?, *group)))
}

/// `(株)` and `(カ)`, with the parentheses.
fn in_parentheses(rest: &[char]) -> Option<(usize, u8)> {
    let inside = rest.get(1..)?;
    SHORT_FORMS.iter().chain(BANK_FORMS).find_map(|(form, group)| {
        let length = starts_with(inside, form)?;
        (inside.get(length) == Some(&')')).then_some((length + 2, *group))
    })
}

/// `カ)` at the very start and `(カ` at the very end, as bank statements write them.
fn mark_bank_forms(chars: &[char], found: &mut Found) {
    for (form, group) in BANK_FORMS {
        if let Some(length) = starts_with(chars, form)
            && chars.get(length) == Some(&')')
            && chars.len() > length + 1
        {
            found.mark(0, length + 1, *group);
        }
        let length = form.chars().count() + 1;
        let Some(from) = chars.len().checked_sub(length) else { continue };
        let tail = chars.get(from..).unwrap_or_default();
        if from > 0 && tail.first() == Some(&'(') && starts_with(&tail[1..], form).is_some() {
            found.mark(from, length, *group);
        }
    }
}

/// Whole Latin words, except as the first word of a name ("Limited Brands"); `k.k.` and `l.l.c.` too.
fn mark_latin_forms(chars: &[char], found: &mut Found) {
    let only_latin = chars.iter().all(|c| c.is_ascii());
    for word in latin_words(chars) {
        let Some((_, group)) = LATIN_FORMS.iter().find(|(form, _)| *form == word.letters) else { continue };
        let first = !chars.iter().take(word.from).any(|c| c.is_alphanumeric());
        let alone = only_latin && first && word.to == chars.len();
        if !first || (*group == 0 && !alone) {
            found.mark(word.from, word.to - word.from, *group);
        }
    }
}

struct Word {
    from: usize,
    to: usize,
    letters: String,
}

/// ASCII words with their places; single letters joined by dots are one word (`k.k.` is `kk`).
fn latin_words(chars: &[char]) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let from = at;
        let letters: String =
            chars.iter().skip(from).take_while(|c| c.is_ascii_alphanumeric()).copied().collect();
        at += letters.len().max(1);
        if letters.is_empty() {
            continue;
        }
        match words.last_mut() {
            Some(last)
                if letters.len() == 1
                    && last.letters.len() == (last.to - last.from).div_ceil(2)
                    && last.to + 1 == from
                    && chars.get(last.to) == Some(&'.') =>
            {
                last.letters.push_str(&letters);
                last.to = from + 1;
            }
            _ => words.push(Word { from, to: from + letters.len(), letters }),
        }
    }
    words
}
