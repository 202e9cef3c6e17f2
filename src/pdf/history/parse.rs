//! Parsing one object where it stands (ISO 32000-2, 7.3).
//!
//! lopdf's parser is not public, and reaching it by detours costs ten times what parsing does. What is not
//! plain PDF is refused here; whoever asked then turns to lopdf, which repairs.

use lopdf::{Dictionary, Object, ObjectId, StringFormat};

use super::super::byte_range::{DIGITS, from_pairs};
use super::super::limits;
use super::super::load::{is_delimiter, is_white, skip_white};

/// Deepest nesting of arrays and dictionaries, as in lopdf.
pub(super) const MAX_DEPTH: usize = 100;

/// The object at or after `at`, and where it ends; for a stream, its dictionary.
pub(in super::super) fn object(data: &[u8], at: usize) -> Option<(Object, usize)> {
    let mut parser = Parser { data, at, entries: Vec::new(), items: Vec::new() };
    let object = parser.object(0);
    // Charged also in vain, so that a file cannot have its bytes read over and over.
    limits::charge_scanned(parser.at.saturating_sub(at));
    let object = object?;
    limits::charge_object(&object);
    Some((object, parser.at))
}

struct Parser<'a> {
    data: &'a [u8],
    at: usize,
    /// What was read of dictionaries and arrays that have not ended, the outer ones first. Shared, so that each is made in
    /// its size and only once.
    entries: Vec<(Vec<u8>, Object)>,
    items: Vec<Object>,
}

impl Parser<'_> {
    fn rest(&self) -> &[u8] {
        self.data.get(self.at..).unwrap_or_default()
    }

    fn object(&mut self, depth: usize) -> Option<Object> {
        self.at = skip_white(self.data, self.at);
        match self.rest() {
            [b'<', b'<', ..] => self.dictionary(depth),
            [b'<', ..] => self.hexadecimal(),
            [b'(', ..] => self.literal(),
            [b'[', ..] => self.array(depth),
            [b'/', ..] => self.name().map(Object::Name),
            [b'0'..=b'9' | b'+' | b'-' | b'.', ..] => self.number_or_reference(),
            _ => self.keyword(),
        }
    }

    fn dictionary(&mut self, depth: usize) -> Option<Object> {
        self.at += 2;
        let start = self.entries.len();
        loop {
            self.at = skip_white(self.data, self.at);
            match self.rest() {
                [b'>', b'>', ..] => {
                    self.at += 2;
                    let mut dictionary = Dictionary::new();
                    dictionary.as_hashmap_mut().extend(self.entries.drain(start..));
                    return Some(Object::Dictionary(dictionary));
                }
                [b'/', ..] if depth < MAX_DEPTH => {
                    let entry = (self.name()?, self.object(depth + 1)?);
                    self.entries.push(entry);
                }
                _ => return None,
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Object> {
        self.at += 1;
        let start = self.items.len();
        loop {
            self.at = skip_white(self.data, self.at);
            match self.rest() {
                [b']', ..] => {
                    self.at += 1;
                    return Some(Object::Array(self.items.drain(start..).collect()));
                }
                [] => return None,
                _ if depth < MAX_DEPTH => {
                    let item = self.object(depth + 1)?;
                    self.items.push(item);
                }
                _ => return None,
            }
        }
    }

    fn name(&mut self) -> Option<Vec<u8>> {
        let rest = self.rest().get(1..)?;
        let length = rest.iter().take_while(|&&b| !is_white(b) && !is_delimiter(b)).count();
        let raw = rest.get(..length)?;
        let name = if raw.contains(&b'#') { unescaped(raw) } else { raw.to_vec() };
        self.at += 1 + length;
        Some(name)
    }

    fn hexadecimal(&mut self) -> Option<Object> {
        let rest = self.rest().get(1..)?;
        let length = memchr::memchr(b'>', rest)?;
        let digits = rest.get(..length)?;
        let end = self.at + length + 2;
        // Signature values have no white space in them and are what takes time.
        if length % 2 == 0 {
            let mut bytes = vec![0; length / 2];
            if from_pairs(digits, &mut bytes) {
                self.at = end;
                return Some(Object::String(bytes, StringFormat::Hexadecimal));
            }
        }
        let mut bytes = Vec::with_capacity(length / 2 + 1);
        let mut high = None;
        for &byte in digits {
            let digit = DIGITS[usize::from(byte)];
            match high {
                _ if is_white(byte) => {}
                _ if digit > 15 => return None,
                None => high = Some(digit),
                Some(before) => {
                    bytes.push(before << 4 | digit);
                    high = None;
                }
            }
        }
        bytes.extend(high.map(|high: u8| high << 4));
        self.at = end;
        Some(Object::String(bytes, StringFormat::Hexadecimal))
    }

    fn literal(&mut self) -> Option<Object> {
        let (mut bytes, mut depth, mut at) = (Vec::new(), 0usize, self.at);
        loop {
            let byte = *self.data.get(at)?;
            at += 1;
            match byte {
                b'(' => {
                    depth += 1;
                    if depth > 1 {
                        bytes.push(byte);
                    }
                }
                b')' => {
                    depth -= 1;
                    if depth == 0 {
                        self.at = at;
                        return Some(Object::String(bytes, StringFormat::Literal));
                    }
                    bytes.push(byte);
                }
                b'\\' => at = self.escape(at, &mut bytes)?,
                // An end of line, however written, is a line feed.
                b'\r' => {
                    bytes.push(b'\n');
                    at += usize::from(self.data.get(at) == Some(&b'\n'));
                }
                _ => bytes.push(byte),
            }
        }
    }

    /// What follows a backslash (table 3).
    fn escape(&self, at: usize, bytes: &mut Vec<u8>) -> Option<usize> {
        let rest = self.data.get(at..)?;
        let plain = match rest.first()? {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 8,
            b'f' => 12,
            b'\r' => return Some(at + 1 + usize::from(rest.get(1) == Some(&b'\n'))),
            b'\n' => return Some(at + 1),
            b'0'..=b'7' => {
                let digits = rest.iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7'));
                let (value, length) =
                    digits.fold((0u32, 0), |(v, n), &d| (v * 8 + u32::from(d - b'0'), n + 1));
                bytes.push((value & 0xFF) as u8);
                return Some(at + length);
            }
            &other => other,
        };
        bytes.push(plain);
        Some(at + 1)
    }

    fn number_or_reference(&mut self) -> Option<Object> {
        let (number, end) = number_at(self.data, self.at)?;
        self.at = end;
        let Object::Integer(first) = number else { return Some(number) };
        let Some((reference, end)) = reference_at(self.data, end, first) else { return Some(number) };
        self.at = end;
        Some(Object::Reference(reference))
    }

    fn keyword(&mut self) -> Option<Object> {
        let word = word_at(self.rest());
        let object = match word {
            b"null" => Object::Null,
            b"true" => Object::Boolean(true),
            b"false" => Object::Boolean(false),
            _ => return None,
        };
        self.at += word.len();
        Some(object)
    }
}

/// The number at `at`, and where it ends.
pub(super) fn number_at(data: &[u8], at: usize) -> Option<(Object, usize)> {
    let word = word_at(data.get(at..)?);
    let text = std::str::from_utf8(word).ok()?;
    let object = match text.strip_prefix('+').unwrap_or(text) {
        whole if !whole.contains('.') => Object::Integer(whole.parse().ok()?),
        real if real.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-')) => {
            Object::Real(real.parse().ok()?)
        }
        _ => return None,
    };
    Some((object, at + word.len()))
}

/// `0 R` at or after `at`, behind the number `first`; the object that both mean, and where they end.
pub(super) fn reference_at(data: &[u8], at: usize, first: i64) -> Option<(ObjectId, usize)> {
    let number = u32::try_from(first).ok()?;
    let at = skip_white(data, at);
    let rest = data.get(at..)?;
    let digits = rest.iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
    let generation = std::str::from_utf8(rest.get(..digits)?).ok()?.parse().ok()?;
    let at = skip_white(data, at + digits);
    match data.get(at..)? {
        [b'R', after @ ..] if after.first().is_none_or(|&b| is_white(b) || is_delimiter(b)) => {
            Some(((number, generation), at + 1))
        }
        _ => None,
    }
}

/// Up to 64 bytes before the next white space or delimiter.
pub(super) fn word_at(data: &[u8]) -> &[u8] {
    let length = data.iter().take(64).take_while(|&&b| !is_white(b) && !is_delimiter(b)).count();
    data.get(..length).unwrap_or_default()
}

/// A name with its `#20` escapes resolved; a `#` that begins none stands for itself.
fn unescaped(raw: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let [byte, tail @ ..] = rest {
        let digits = match tail {
            [high, low, ..] => Some((DIGITS[usize::from(*high)], DIGITS[usize::from(*low)])),
            _ => None,
        };
        match digits {
            Some((high, low)) if *byte == b'#' && high | low < 16 => {
                name.push(high << 4 | low);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                name.push(*byte);
                rest = tail;
            }
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use lopdf::dictionary;

    use super::*;

    fn parsed(text: &str) -> Option<Object> {
        object(text.as_bytes(), 0).map(|(object, _)| object)
    }

    #[test]
    fn every_kind_of_object_is_read() {
        let all = parsed("<< /A [1 -2 +3.5 .5 true null 7 0 R] /B#20C (a(\\051\\n)\\\nb) /D<4 1 4>/E/F >>");
        let array = vec![
            1.into(),
            (-2).into(),
            Object::Real(3.5),
            Object::Real(0.5),
            true.into(),
            Object::Null,
            Object::Reference((7, 0)),
        ];
        let expected = dictionary! {
            "A" => array, "B C" => Object::string_literal("a()\n)b"),
            "D" => Object::String(b"A@".to_vec(), StringFormat::Hexadecimal), "E" => "F"
        };
        assert_eq!(all, Some(expected.into()));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["", "<<", "[1", "(a", "<4x>", "<< 1 2 >>", "obj", "1e5", "--1", ">>", &"[".repeat(1000)]
        {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_before_another_is_no_reference() {
        assert_eq!(object(b"12 0 obj", 0), Some((12.into(), 2)));
        assert_eq!(object(b"12 0 Rx", 0), Some((12.into(), 2)));
        assert_eq!(object(b"12 0 R/", 0), Some((Object::Reference((12, 0)), 6)));
    }
}
