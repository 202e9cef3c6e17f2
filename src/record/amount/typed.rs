//! Text as people type it and as PDFs yield it: width, look-alike characters, spaces, dashes.

use unicode_normalization::UnicodeNormalization;

/// Longest date, amount or number that is looked at, in characters; no real one comes near.
pub(crate) const MAX_TYPED_CHARS: usize = 100;

/// Folds what is only another shape of the same character, and nothing else.
///
/// Full-width letters and digits become ASCII, ㋿ becomes 令和, and the look-alikes that PDF text
/// extraction yields (Kangxi radicals, compatibility ideographs) become ordinary kanji. Full NFKC would
/// go too far: it reads 110² as 1102 and ① as 1.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{3000}' | '\u{a0}' => folded.push(' '),
            '\u{ff01}'..='\u{ff5e}'
            | '\u{ffe0}'..='\u{ffe6}'
            | '\u{32ff}'
            | '\u{337b}'..='\u{337e}'
            | '\u{f900}'..='\u{faff}'
            | '\u{2f00}'..='\u{2fdf}' => folded.extend(std::iter::once(c).nfkc()),
            _ => folded.push(c),
        }
    }
    folded
}

/// Whether `text` is too long to be a date, an amount or a number.
pub(crate) fn is_too_long(text: &str) -> bool {
    text.chars().nth(MAX_TYPED_CHARS).is_some()
}

/// Any horizontal stroke, as typed between or after digits.
pub(crate) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2500}' | 'ー' | 'ｰ')
}

/// The beginning of `text`, short enough for an error message.
pub(crate) fn excerpt(text: &str) -> String {
    const SHOWN_CHARS: usize = 40;
    let mut shown: String = text.chars().take(SHOWN_CHARS).collect();
    if text.chars().nth(SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_shapes_are_folded() {
        assert_eq!(fold("Ｒ８．２．１"), "R8.2.1");
        assert_eq!(fold("㋿８年　２⽉１⽇"), "令和8年 2月1日");
        assert_eq!(fold("￥１，０００－"), "¥1,000-");
        assert_eq!(fold("110²①½㈱"), "110²①½㈱");
    }

    #[test]
    fn excerpts_are_short() {
        assert_eq!(excerpt("abc"), "abc");
        assert_eq!(excerpt(&"あ".repeat(1_000_000)).chars().count(), 41);
    }
}
