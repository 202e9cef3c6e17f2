//! What can be drawn of a text: controls made spaces, kana composed, what the font lacks replaced and remembered.

use std::collections::BTreeSet;

use super::face::Face;

/// Drawn for a character that the font does not have, as Japanese printers do (geta).
pub const GETA: char = '〓';
/// Code points remembered for the note at the end; a text of thousands of emoji does not need more.
const MAX_MISSING: usize = 500;

/// Characters that the font does not have, told at the end of the report.
#[derive(Debug, Default)]
pub struct Missing {
    /// Code points drawn as 〓, or left out because they only choose a variant.
    pub seen: BTreeSet<char>,
    /// There were more than are remembered.
    pub more: bool,
}

impl Missing {
    fn add(&mut self, character: char) {
        if self.seen.len() < MAX_MISSING || self.seen.contains(&character) {
            self.seen.insert(character);
        } else {
            self.more = true;
        }
    }
}

/// The text as it will be drawn. Line feeds stay: they break the line.
pub fn clean(face: &Face, text: &str, missing: &mut Missing) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        let composed = out.chars().next_back().and_then(|last| compose(last, character));
        match composed.filter(|whole| face.drawn(*whole).is_some()) {
            Some(whole) => {
                out.pop();
                out.push(whole);
            }
            None => push(face, character, &mut out, missing),
        }
    }
    out
}

fn push(face: &Face, character: char, out: &mut String, missing: &mut Missing) {
    if character == '\n' {
        out.push('\n');
    } else if character == '\r' {
    } else if character.is_control() || character == '\u{FEFF}' {
        out.push(' ');
    } else if chooses_variant(character) {
        missing.add(character);
    } else if face.drawn(character).is_some() && !turns_direction(character) {
        out.push(character);
    } else {
        missing.add(character);
        out.push(GETA);
    }
}

/// Base and mark that follow each other are one character where Unicode has it: か and ゛ from macOS file names,
/// e and an accent. Ideographs are never touched: normalising them would change names.
fn compose(base: char, mark: char) -> Option<char> {
    let is_mark = matches!(mark, '\u{0300}'..='\u{036F}' | '\u{3099}' | '\u{309A}');
    if is_mark { unicode_normalization::char::compose(base, mark) } else { None }
}

/// Variation selectors (UTS 37, Unicode 23.4) choose a form of the character before; the font has one form.
fn chooses_variant(character: char) -> bool {
    matches!(character, '\u{FE00}'..='\u{FE0F}' | '\u{180B}'..='\u{180D}' | '\u{E0100}'..='\u{E01EF}')
}

/// Marks of direction could show a text in another order than it is stored in; they are drawn as what they are.
fn turns_direction(character: char) -> bool {
    matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(text: &str) -> (String, Vec<char>) {
        let mut missing = Missing::default();
        let face = Face::get().expect("the font is part of the program");
        (clean(face, text, &mut missing), missing.seen.into_iter().collect())
    }

    #[test]
    fn what_the_font_has_stays_as_it_is() {
        assert_eq!(
            cleaned("株式会社髙﨑 & Co., 1,100円"),
            ("株式会社髙﨑 & Co., 1,100円".to_owned(), vec![])
        );
        // A compatibility ideograph is not normalised to another one: it may be somebody's name.
        assert_eq!(cleaned("神\u{FA19}").0, "神\u{FA19}");
    }

    #[test]
    fn what_the_font_lacks_is_drawn_as_geta_and_remembered() {
        assert_eq!(cleaned("契約😀書\u{E000}"), ("契約〓書〓".to_owned(), vec!['\u{E000}', '😀']));
        assert_eq!(
            cleaned("葛\u{E0100}"),
            ("葛".to_owned(), vec!['\u{E0100}']),
            "the variant is told, not shown"
        );
        assert_eq!(cleaned("a\u{202E}b"), ("a〓b".to_owned(), vec!['\u{202E}']));
    }

    #[test]
    fn kana_of_macos_file_names_are_composed() {
        assert_eq!(cleaned("か\u{3099}は\u{309A}e\u{301}"), ("がぱé".to_owned(), vec![]));
    }

    #[test]
    fn controls_become_spaces_and_line_feeds_stay() {
        assert_eq!(cleaned("a\tb\r\nc\0").0, "a b\nc ");
    }

    #[test]
    fn a_flood_of_unknown_characters_is_bounded() {
        let mut missing = Missing::default();
        let face = Face::get().expect("the font is part of the program");
        let text: String = ('\u{E000}'..='\u{F000}').collect();
        assert_eq!(clean(face, &text, &mut missing).chars().count(), 0x1001);
        assert_eq!((missing.seen.len(), missing.more), (MAX_MISSING, true));
    }
}
