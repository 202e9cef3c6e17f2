//! Loading a PDF into objects within the budget.

use std::collections::HashSet;

use lopdf::{Document, LoadOptions, Object, ObjectId, Stream};

use super::limits::{self, MAX_STREAM_BYTES, MAX_TOKENS, MAX_UNPACKED_BYTES};

/// How far into the file the header is looked for, in bytes, as other readers do.
const HEADER_WINDOW: usize = 1024;

/// Where `%PDF-` stands, and the version after it.
pub(super) fn header(bytes: &[u8]) -> Option<(usize, String)> {
    let window = bytes.get(..HEADER_WINDOW).unwrap_or(bytes);
    let offset = memchr::memmem::find(window, b"%PDF-")?;
    let rest = bytes.get(offset + 5..)?;
    let version = rest.iter().take(8).take_while(|b| b.is_ascii_digit() || **b == b'.');
    Some((offset, version.map(|&b| char::from(b)).collect()))
}

/// Whether a file without a header was a PDF once: its end says where the cross-references are, or a signature in it
/// which bytes it covers.
pub(super) fn lost_its_header(bytes: &[u8]) -> bool {
    [b"startxref".as_slice(), b"/ByteRange"].iter().any(|sign| memchr::memmem::find(bytes, sign).is_some())
}

/// Whether the name `/Encrypt` occurs outside compressed data, where a trailer that encrypts must have it.
///
/// Asked before parsing because the parser's path for encrypted files knows no budget. Uncompressed data
/// could hold the name by chance; the answer is then "cannot tell", which is safe.
pub(super) fn is_encrypted(bytes: &[u8]) -> bool {
    // However it is spelt, it begins with its first letter or an escape.
    let begins = |slash: &usize| matches!(bytes.get(slash + 1), Some(b'E' | b'#'));
    memchr::memchr_iter(b'/', bytes).filter(begins).any(|slash| names_encrypt(bytes, slash))
}

/// Whether the name that begins with the slash at `slash` is `/Encrypt`, however it is spelt.
fn names_encrypt(bytes: &[u8], slash: usize) -> bool {
    let mut rest = bytes.get(slash + 1..).unwrap_or_default();
    for &expected in b"Encrypt" {
        let (byte, tail) = match rest {
            [b'#', high, low, tail @ ..] => (from_hex(*high, *low), tail),
            [byte, tail @ ..] => (Some(*byte), tail),
            [] => return false,
        };
        if byte != Some(expected) {
            return false;
        }
        rest = tail;
    }
    rest.first().is_none_or(|&byte| is_white(byte) || is_delimiter(byte))
}

fn from_hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

/// Whether the file holds more tokens than the parser may be given.
pub(super) fn has_too_many_tokens(bytes: &[u8]) -> bool {
    // A token takes a byte at least, so nearly every contract need not be counted at all.
    if bytes.len() <= MAX_TOKENS {
        return false;
    }
    // A token begins with a delimiter, or ends before white space.
    let (mut tokens, mut after_white) = (0usize, true);
    for &byte in bytes {
        let white = is_white(byte);
        tokens += usize::from(is_delimiter(byte) || (white && !after_white));
        after_white = white;
    }
    tokens > MAX_TOKENS
}

/// Parses `bytes`; objects that do not fit into the budget, or are never needed, are left out.
///
/// # Errors
/// Whatever lopdf says. Running out of budget does not return: see [`limits::Exhausted`].
pub(super) fn document(bytes: &[u8]) -> lopdf::Result<Document> {
    let options = LoadOptions {
        filter: Some(keep),
        max_decompressed_size: Some(MAX_UNPACKED_BYTES),
        ..LoadOptions::default()
    };
    Document::load_mem_with_options(bytes, options)
}

/// Called for every object once it is parsed: charges it, and drops what is never looked at.
fn keep(id: ObjectId, object: &mut Object) -> Option<(ObjectId, Object)> {
    if let Object::Stream(stream) = object {
        if stream.dict.has_type(b"ObjStm") {
            if !members_stand_apart(stream) {
                return None;
            }
        } else if stream.content.len() > MAX_STREAM_BYTES {
            // Not emptied: the parser reads an empty stream again.
            stream.content = vec![b' '];
        }
    }
    limits::charge_object(object);
    // lopdf uses the returned object for members of object streams, which are never streams, and `object`
    // itself for all others.
    let returned = if object.as_stream().is_ok() { Object::Null } else { object.clone() };
    Some((id, returned))
}

/// Whether the members of an object stream are separate objects.
///
/// The parser trusts the stream's index; one that names the same large array a million times would make a
/// million copies of it. Real object streams hold their members one after the other (ISO 32000-2, 7.5.7).
fn members_stand_apart(stream: &Stream) -> bool {
    let Ok(content) = stream.get_plain_content_with_limit(MAX_UNPACKED_BYTES) else { return false };
    limits::charge_unpacked(content.len());
    if content.is_empty() {
        return true;
    }
    let first = stream.dict.get(b"First").and_then(Object::as_i64).ok();
    let Some(first) = first.and_then(|first| usize::try_from(first).ok()) else { return false };
    let Some((index, members)) = content.split_at_checked(first) else { return false };
    let Ok(index) = std::str::from_utf8(index) else { return false };
    let numbers = index
        .split(['\r', '\n'])
        .flat_map(|line| line.split('%').next().unwrap_or_default().split_whitespace());
    let offsets = numbers.skip(1).step_by(2).filter_map(|number| number.parse::<usize>().ok());
    let starts = top_level_starts(members);
    let mut seen = HashSet::new();
    offsets.filter(|&offset| offset < members.len()).all(|offset| {
        let start = skip_white(members, offset);
        start >= members.len() || (starts.contains(&start) && seen.insert(start))
    })
}

/// Where tokens outside every array and dictionary begin.
fn top_level_starts(data: &[u8]) -> HashSet<usize> {
    let mut starts = HashSet::new();
    let (mut depth, mut at) = (0usize, 0usize);
    loop {
        at = skip_white(data, at);
        let Some(rest) = data.get(at..).filter(|rest| !rest.is_empty()) else { return starts };
        if depth == 0 {
            starts.insert(at);
        }
        at += match rest {
            [b'<', b'<', ..] => {
                depth += 1;
                2
            }
            [b'[', ..] => {
                depth += 1;
                1
            }
            [b'>', b'>', ..] => {
                depth = depth.saturating_sub(1);
                2
            }
            [b']', ..] => {
                depth = depth.saturating_sub(1);
                1
            }
            [b'(', ..] => literal_string_length(rest),
            [b'<', ..] => rest.iter().position(|&b| b == b'>').map_or(rest.len(), |end| end + 1),
            [_, tail @ ..] => 1 + tail.iter().take_while(|&&b| !is_white(b) && !is_delimiter(b)).count(),
            [] => return starts,
        };
    }
}

/// Length of the literal string at the start of `rest`, its brackets included.
fn literal_string_length(rest: &[u8]) -> usize {
    let (mut depth, mut escaped) = (0usize, false);
    for (at, &byte) in rest.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'(' => depth += 1,
            b')' if depth <= 1 => return at + 1,
            b')' => depth -= 1,
            _ => {}
        }
    }
    rest.len()
}

/// The next position at or after `at` that is neither white space nor comment.
pub(super) fn skip_white(data: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = data.get(at) {
        if byte == b'%' {
            let rest = data.get(at..).unwrap_or_default();
            at += memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
        } else if is_white(byte) {
            at += 1;
        } else {
            break;
        }
    }
    at
}

/// White space of PDF (ISO 32000-2, table 1).
#[inline]
pub(super) fn is_white(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
}

/// Delimiters of PDF (ISO 32000-2, table 2).
#[inline]
pub(super) fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

#[cfg(test)]
mod tests {
    use lopdf::dictionary;

    use super::*;

    fn object_stream(index: &str, members: &str) -> Stream {
        let dict = dictionary! { "Type" => "ObjStm", "N" => 1, "First" => index.len() as i64 };
        Stream::new(dict, format!("{index}{members}").into_bytes())
    }

    #[test]
    fn an_escaped_name_still_says_encrypted() {
        assert!(is_encrypted(b"trailer << /Encrypt 5 0 R >>"));
        assert!(is_encrypted(b"trailer << /#45ncryp#74<< >> >>"));
        assert!(!is_encrypted(b"<< /EncryptMetadata false >>"));
        assert!(!is_encrypted(b"/Encryp"));
    }

    #[test]
    fn members_one_after_the_other_stand_apart() {
        assert!(members_stand_apart(&object_stream("1 0 2 10 3 17 ", "<</A [1]>>(a\\)[) 5 0 R")));
        assert!(!members_stand_apart(&object_stream("1 0 2 7 ", "<</A [[1]]>>")));
    }

    #[test]
    fn members_that_share_bytes_do_not_stand_apart() {
        assert!(!members_stand_apart(&object_stream("1 0 2 0 ", "[1 2 3]")));
        assert!(!members_stand_apart(&object_stream("1 0 2 1 ", "[[1 2 3]]")));
        assert!(!members_stand_apart(&object_stream("1 0 2 %\n 1 ", " [1 2 3]")));
    }
}
