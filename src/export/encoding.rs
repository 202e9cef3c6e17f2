//! Which encoding an index book is in: UTF-8, or what Japanese spreadsheets write when nobody asks (CP932).

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::str::FromStr;

use encoding_rs::{DecoderResult, SHIFT_JIS, UTF_8};

use super::index_book::BOM;

/// How the bytes of an index book are to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8 when the whole file is valid UTF-8, else CP932 when it is that.
    #[default]
    Auto,
    Utf8,
    /// Windows-31J: Shift_JIS with the extensions of NEC and IBM.
    Cp932,
}

/// The name is not one of the three.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not an encoding that can be read; give auto, utf-8 or cp932")]
pub struct UnknownEncoding(String);

impl FromStr for Encoding {
    type Err = UnknownEncoding;

    fn from_str(text: &str) -> Result<Self, UnknownEncoding> {
        match text.to_ascii_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "utf-8" | "utf8" => Ok(Self::Utf8),
            "cp932" | "shift_jis" | "sjis" | "windows-31j" => Ok(Self::Cp932),
            _ => Err(UnknownEncoding(text.to_owned())),
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Utf8 => "utf-8",
            Self::Cp932 => "cp932",
        })
    }
}

/// What the first look at the bytes found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Detected {
    Encoding(Encoding),
    /// Neither; the line of the first byte that is wrong in each.
    Neither {
        utf8_line: u64,
        cp932_line: u64,
    },
    /// A workbook (ZIP or the older OLE format), not text.
    Workbook,
    Utf16,
}

/// Settles the encoding and leaves `input` at the first byte after a byte order mark.
///
/// A UTF-8 byte order mark wins over what was asked for: no CP932 file begins with one.
pub(super) fn settle<R: Read + Seek>(input: &mut R, asked: Encoding) -> io::Result<Detected> {
    let mut first = Vec::with_capacity(4);
    input.seek(SeekFrom::Start(0))?;
    input.by_ref().take(4).read_to_end(&mut first)?;
    if first.starts_with(BOM) {
        input.seek(SeekFrom::Start(BOM.len() as u64))?;
        return Ok(Detected::Encoding(Encoding::Utf8));
    }
    input.seek(SeekFrom::Start(0))?;
    match first.as_slice() {
        b"PK\x03\x04" | b"\xd0\xcf\x11\xe0" => return Ok(Detected::Workbook),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Ok(Detected::Utf16),
        _ => {}
    }
    if asked != Encoding::Auto {
        return Ok(Detected::Encoding(asked));
    }
    let utf8 = first_bad_line(input, UTF_8)?;
    input.seek(SeekFrom::Start(0))?;
    let Some(utf8_line) = utf8 else { return Ok(Detected::Encoding(Encoding::Utf8)) };
    let cp932 = first_bad_line(input, SHIFT_JIS)?;
    input.seek(SeekFrom::Start(0))?;
    Ok(match cp932 {
        None => Detected::Encoding(Encoding::Cp932),
        Some(cp932_line) => Detected::Neither { utf8_line, cp932_line },
    })
}

/// Reads all of `input` in pieces; the line of the first byte that `encoding` does not know.
fn first_bad_line<R: Read>(
    input: &mut R,
    encoding: &'static encoding_rs::Encoding,
) -> io::Result<Option<u64>> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut bytes = vec![0; 32 << 10];
    let mut text = vec![0; 128 << 10];
    let mut line = 1;
    loop {
        let count = input.read(&mut bytes)?;
        let mut piece = bytes.get(..count).unwrap_or_default();
        loop {
            let (result, read, written) =
                decoder.decode_to_utf8_without_replacement(piece, &mut text, count == 0);
            line += text.iter().take(written).filter(|byte| **byte == b'\n').count() as u64;
            piece = piece.get(read..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => return Ok(Some(line)),
            }
        }
        if count == 0 {
            return Ok(None);
        }
    }
}

/// One cell as text, or `None` when the bytes are not in `encoding`.
pub(super) fn decode(bytes: &[u8], encoding: Encoding) -> Option<String> {
    let table = if encoding == Encoding::Cp932 { SHIFT_JIS } else { UTF_8 };
    table.decode_without_bom_handling_and_without_replacement(bytes).map(|text| text.into_owned())
}

/// One cell as text, with replacement characters for what is not in `encoding`; for showing only.
pub(super) fn decode_lossily(bytes: &[u8], encoding: Encoding) -> String {
    let table = if encoding == Encoding::Cp932 { SHIFT_JIS } else { UTF_8 };
    table.decode_without_bom_handling(bytes).0.into_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn settled(bytes: &[u8], asked: Encoding) -> (Detected, u64) {
        let mut input = Cursor::new(bytes);
        let found = settle(&mut input, asked).unwrap();
        (found, input.position())
    }

    #[test]
    fn utf8_is_preferred_and_its_mark_is_stepped_over() {
        assert_eq!(settled("日付".as_bytes(), Encoding::Auto), (Detected::Encoding(Encoding::Utf8), 0));
        assert_eq!(
            settled("\u{feff}日付".as_bytes(), Encoding::Cp932),
            (Detected::Encoding(Encoding::Utf8), 3)
        );
        assert_eq!(settled(b"", Encoding::Auto), (Detected::Encoding(Encoding::Utf8), 0));
    }

    #[test]
    fn cp932_with_its_extensions_is_recognised() {
        let (bytes, _, unmappable) = SHIFT_JIS.encode("日付,㈱髙﨑①～");
        assert!(!unmappable);
        assert_eq!(settled(&bytes, Encoding::Auto), (Detected::Encoding(Encoding::Cp932), 0));
        assert_eq!(decode(&bytes, Encoding::Cp932).as_deref(), Some("日付,㈱髙﨑①～"));
    }

    #[test]
    fn the_line_of_the_wrong_byte_is_named() {
        let found = settled(b"a\nb\n\xff\xff\n", Encoding::Auto).0;
        assert_eq!(found, Detected::Neither { utf8_line: 3, cp932_line: 3 });
    }

    #[test]
    fn workbooks_and_utf16_are_named() {
        assert_eq!(settled(b"PK\x03\x04rest", Encoding::Auto).0, Detected::Workbook);
        assert_eq!(settled(b"\xff\xfea\0", Encoding::Utf8).0, Detected::Utf16);
    }

    #[test]
    fn a_character_cut_by_a_read_is_not_an_error() {
        // 32 KiB is no multiple of the three bytes of あ, so a read ends within one.
        assert_eq!(
            settled("あ".repeat(30_000).as_bytes(), Encoding::Auto).0,
            Detected::Encoding(Encoding::Utf8)
        );
        let cut = &"あ".as_bytes()[..2];
        assert!(matches!(
            settled(cut, Encoding::Auto).0,
            Detected::Neither { .. } | Detected::Encoding(Encoding::Cp932)
        ));
    }

    #[test]
    fn names_of_encodings_are_read() {
        assert_eq!("UTF-8".parse(), Ok(Encoding::Utf8));
        assert_eq!("cp932".parse(), Ok(Encoding::Cp932));
        assert!("latin1".parse::<Encoding>().is_err());
    }
}
