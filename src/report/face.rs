//! The font of reports: which characters it holds, and how wide they are.

use std::sync::LazyLock;

use krilla::Data;
use krilla::text::Font;
use ttf_parser::{Face as Parsed, GlyphId};

/// A subset of Noto Sans CJK JP: JIS X 0213, CP932 and variants used in names; SIL Open Font License 1.1, beside it.
static BYTES: &[u8] = include_bytes!("font/NotoSansJP-Regular.otf");

/// None would mean that the file in the program's own bytes is no font; a test holds that it is one.
static FACE: LazyLock<Option<Face>> = LazyLock::new(|| {
    let parsed = Parsed::parse(BYTES, 0).ok()?;
    let em = f32::from(parsed.units_per_em());
    Some(Face { font: Font::new(Data::from(BYTES), 0)?, parsed, em })
});

/// The font, parsed once.
pub struct Face {
    font: Font,
    parsed: Parsed<'static>,
    em: f32,
}

/// One character as it is drawn: the glyph, and its width in ems.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drawn {
    pub glyph: u16,
    pub width: f32,
}

impl Face {
    /// The one font there is.
    pub fn get() -> Option<&'static Face> {
        FACE.as_ref()
    }

    /// For the library that writes the document.
    pub fn font(&self) -> Font {
        self.font.clone()
    }

    /// The glyph of a character. None: the font does not have it.
    pub fn drawn(&self, character: char) -> Option<Drawn> {
        let GlyphId(glyph) = self.parsed.glyph_index(character).filter(|glyph| glyph.0 != 0)?;
        let width = f32::from(self.parsed.glyph_hor_advance(GlyphId(glyph))?) / self.em;
        Some(Drawn { glyph, width })
    }

    /// Width of a text in ems; what the font does not have counts nothing.
    pub fn width(&self, text: &str) -> f32 {
        text.chars().filter_map(|character| self.drawn(character)).map(|drawn| drawn.width).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_is_there_and_has_the_characters_of_names() {
        let face = Face::get().expect("the font is part of the program");
        for character in "Aé0 、。株式会社髙﨑𠮷齋ヴ㈱令和￥〓".chars() {
            assert!(face.drawn(character).is_some(), "{character}");
        }
        assert_eq!(face.drawn('😀'), None);
        assert_eq!(face.drawn('\u{E000}'), None);
    }

    #[test]
    fn widths_are_those_of_the_font() {
        let face = Face::get().expect("the font is part of the program");
        assert_eq!(face.width("正倉院"), 3.0);
        assert!(face.width("iii") < face.width("WWW"));
        assert_eq!(face.width("ｱ"), 0.5);
    }
}
