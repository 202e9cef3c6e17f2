//! The text of a PDF, for search and for suggesting metadata.

use lopdf::{Dictionary, Document, Object};

use super::limits::{
    self, MAX_INPUT_BYTES, MAX_PAGE_CONTENT_BYTES, MAX_TEXT_CHARS, MAX_TEXT_PAGES, PATIENCE,
};
use super::{guard, load};

/// One character in this many may be unreadable; more, and the text is taken for noise.
const NOISE_LIMIT: usize = 50;

/// The text of the pages, one line per line shown, at most [`MAX_TEXT_CHARS`] characters; `None` if there is
/// none that can be trusted.
///
/// Trusted is only what the file itself maps to Unicode. Pages with a font that says nothing of the kind (a
/// composite font without `/ToUnicode`, a Type 3 font, a subset without an encoding) are left out rather
/// than guessed at, and a text with more than one unreadable character in fifty is no text. Encrypted
/// files give `None`.
pub fn text(bytes: &[u8]) -> Option<String> {
    load::header(bytes)?;
    if bytes.len() > MAX_INPUT_BYTES || load::is_encrypted(bytes) || load::has_too_many_tokens(bytes) {
        return None;
    }
    guard::run(bytes, PATIENCE, |bytes| load::document(bytes).ok().and_then(|doc| extract(&doc))).ok()?
}

/// Joins lines that were broken in the middle of Japanese text, where a line break means nothing.
///
/// For searching and for reading sentences; a heading runs into the next line only if nothing but the line
/// break separated them.
pub fn join_lines(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let before = joined.chars().next_back();
        let after = chars.peek().copied();
        if c != '\n' || !(before.is_some_and(is_cjk) && after.is_some_and(is_cjk)) {
            joined.push(c);
        }
    }
    joined
}

fn extract(doc: &Document) -> Option<String> {
    let (mut text, mut length) = (String::new(), 0usize);
    for (page, number) in doc.page_iter().zip(1u32..).take(MAX_TEXT_PAGES) {
        limits::check_cancelled();
        let fonts = doc.get_page_fonts(page).ok();
        if !fonts.is_some_and(|fonts| fonts.values().all(|font| maps_to_unicode(font, doc))) {
            continue;
        }
        for chunk in
            doc.extract_text_chunks_with_limit(&[number], MAX_PAGE_CONTENT_BYTES).into_iter().flatten()
        {
            let room = MAX_TEXT_CHARS.saturating_sub(length);
            text.extend(chunk.chars().take(room));
            length = length.saturating_add(chunk.chars().count());
        }
        if length >= MAX_TEXT_CHARS {
            break;
        }
    }
    let text: String =
        text.chars().filter(|&c| c == '\n' || c == '\t' || !c.is_control() || is_noise(c)).collect();
    (!text.trim().is_empty() && !is_noisy(&text)).then_some(text)
}

/// Whether the file says which characters the codes of `font` stand for, in a way lopdf follows.
fn maps_to_unicode(font: &Dictionary, doc: &Document) -> bool {
    let name = |key: &[u8]| font.get_deref(key, doc).and_then(Object::as_name).unwrap_or_default();
    let has_map = font.get_deref(b"ToUnicode", doc).is_ok_and(|map| map.as_stream().is_ok());
    match name(b"Subtype") {
        // lopdf reads the map of identity-encoded fonts, but not of those with the old Japanese
        // encodings (90ms-RKSJ-H, UniJIS-UCS2-H, ...).
        b"Type0" => has_map && name(b"Encoding").starts_with(b"Identity"),
        b"Type3" => has_map && !font.has(b"Encoding"),
        _ => has_map || font.has(b"Encoding") || !name(b"BaseFont").contains(&b'+'),
    }
}

fn is_noisy(text: &str) -> bool {
    let (mut noise, mut all) = (0usize, 0usize);
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        all += 1;
        noise += usize::from(is_noise(c));
    }
    noise.saturating_mul(NOISE_LIMIT) > all
}

/// Characters that no text contains: replacement, private use, controls.
fn is_noise(c: char) -> bool {
    matches!(c, '\u{FFFD}' | '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}')
        || (c.is_control() && !c.is_whitespace())
}

/// Ideographs, kana, full-width forms and Japanese punctuation.
fn is_cjk(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF00}'..='\u{FFEF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use lopdf::{Stream, dictionary};

    use super::*;

    #[test]
    fn lines_join_between_japanese_characters_only() {
        assert_eq!(join_lines("総会屋、標榜\nゴロその他"), "総会屋、標榜ゴロその他");
        assert_eq!(join_lines("Kuon Trading\nLLC\n\n甲\n"), "Kuon Trading\nLLC\n\n甲\n");
    }

    #[test]
    fn noise_is_not_text() {
        assert!(is_noisy("契約\u{FFFD}書"));
        assert!(is_noisy("\u{E001}\u{E002}"));
        assert!(!is_noisy("契約書 Contract №1"));
    }

    #[test]
    fn fonts_that_do_not_say_what_they_show_are_not_trusted() {
        let mut doc = Document::new();
        let map = doc.add_object(Stream::new(Dictionary::new(), Vec::new()));
        let font = |subtype: &str, encoding: &str| {
            dictionary! { "Subtype" => subtype, "Encoding" => encoding, "BaseFont" => "ABCDEF+F" }
        };
        assert!(!maps_to_unicode(&font("Type0", "90ms-RKSJ-H"), &doc));
        assert!(!maps_to_unicode(&font("Type0", "Identity-H"), &doc));
        let mut mapped = font("Type0", "Identity-H");
        mapped.set("ToUnicode", map);
        assert!(maps_to_unicode(&mapped, &doc));
        assert!(maps_to_unicode(&font("TrueType", "WinAnsiEncoding"), &doc));
        assert!(!maps_to_unicode(&dictionary! { "Subtype" => "Type1", "BaseFont" => "ABCDEF+F" }, &doc));
    }
}
