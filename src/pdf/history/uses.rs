//! The references inside an object: of one that was read, or from its text alone, which is all that most objects are asked for.

use std::ops::Range;

use lopdf::{Dictionary, Object};

use super::super::byte_range::DIGITS;
use super::super::limits;
use super::super::load::{is_delimiter, is_white, skip_white};
use super::parse::{MAX_DEPTH, number_at, reference_at, word_at};

/// Entries of a dictionary above which it is parsed like any other object: each key is held against those before it.
const MAX_ENTRIES: usize = 48;

/// The references inside an object, in the order in which they stand there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Uses {
    all: Vec<Use>,
    /// The keys, one after the other.
    keys: Vec<u8>,
    /// The object is a cross-reference stream.
    pub of_xref_stream: bool,
}

/// A reference inside an object.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Use {
    /// The object that is referred to.
    pub number: u32,
    key: Range<usize>,
}

impl Uses {
    /// Those of an object that was read.
    pub fn of(object: &Object) -> Self {
        let mut uses = Self::default();
        uses.collect(object, b"", &mut None);
        uses.of_xref_stream = match object {
            Object::Dictionary(dictionary) => dictionary.has_type(b"XRef"),
            Object::Stream(stream) => stream.dict.has_type(b"XRef"),
            _ => false,
        };
        uses
    }

    /// Those of the object whose text begins at `at`; `None` where it has to be parsed to tell: it is no object, has a key twice
    /// or an escaped name, or is long.
    pub fn scan(data: &[u8], at: usize) -> Option<Self> {
        let mut scanner = Scanner { data, at, seen: Vec::new(), uses: Self::default() };
        let read = scanner.value(0, &mut Key::Written(0..0));
        limits::charge_scanned(scanner.at.saturating_sub(at));
        read.map(|()| scanner.uses)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Use> {
        self.all.iter()
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// The innermost dictionary key that holds a reference; empty in an array that is an object itself.
    pub fn key(&self, used: &Use) -> &[u8] {
        self.keys.get(used.key.clone()).unwrap_or_default()
    }

    /// The key of the reference at this place among all.
    pub fn key_at(&self, place: usize) -> Option<&[u8]> {
        self.all.get(place).map(|used| self.key(used))
    }

    /// Copied once for all references under a key, and only where there are any.
    fn keep(&mut self, key: &[u8]) -> Range<usize> {
        let start = self.keys.len();
        self.keys.extend_from_slice(key);
        start..self.keys.len()
    }

    /// Recursion ends because the parser nests at most 100 deep.
    fn collect(&mut self, object: &Object, key: &[u8], kept: &mut Option<Range<usize>>) {
        match object {
            Object::Reference((number, _)) => {
                let key = kept.get_or_insert_with(|| self.keep(key)).clone();
                self.all.push(Use { number: *number, key });
            }
            Object::Array(items) => items.iter().for_each(|item| self.collect(item, key, kept)),
            Object::Dictionary(dictionary) => self.inside(dictionary),
            Object::Stream(stream) => self.inside(&stream.dict),
            _ => {}
        }
    }

    fn inside(&mut self, dictionary: &Dictionary) {
        dictionary.iter().for_each(|(key, item)| self.collect(item, key, &mut None));
    }
}

/// Where a key stands in the file, or among those that were copied.
#[derive(Clone)]
enum Key {
    Written(Range<usize>),
    Kept(Range<usize>),
}

/// Goes through the text of an object as the parser does and keeps nothing but references.
struct Scanner<'a> {
    data: &'a [u8],
    at: usize,
    /// Keys of the dictionaries that have not ended.
    seen: Vec<Range<usize>>,
    uses: Uses,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a [u8] {
        self.data.get(self.at..).unwrap_or_default()
    }

    fn value(&mut self, depth: usize, key: &mut Key) -> Option<()> {
        self.at = skip_white(self.data, self.at);
        match self.rest() {
            [b'<', b'<', ..] => self.dictionary(depth),
            [b'<', digits @ ..] => {
                let length = memchr::memchr(b'>', digits)?;
                let sound = |byte: &u8| DIGITS[usize::from(*byte)] < 16 || is_white(*byte);
                self.at += length + 2;
                digits.get(..length)?.iter().all(sound).then_some(())
            }
            [b'(', ..] => self.literal(),
            [b'[', ..] => self.array(depth, key),
            [b'/', ..] => self.name().map(drop),
            [b'0'..=b'9' | b'+' | b'-' | b'.', ..] => self.number_or_reference(key),
            rest => {
                let word = word_at(rest);
                self.at += word.len();
                matches!(word, b"null" | b"true" | b"false").then_some(())
            }
        }
    }

    fn dictionary(&mut self, depth: usize) -> Option<()> {
        self.at += 2;
        let start = self.seen.len();
        loop {
            self.at = skip_white(self.data, self.at);
            match self.rest() {
                [b'>', b'>', ..] => {
                    self.at += 2;
                    self.seen.truncate(start);
                    return Some(());
                }
                [b'/', ..] if depth < MAX_DEPTH => {
                    let key = self.name()?;
                    self.note(start, &key)?;
                    let value_at = skip_white(self.data, self.at);
                    let is_type = depth == 0 && self.data.get(key.clone()) == Some(b"Type");
                    self.value(depth + 1, &mut Key::Written(key))?;
                    self.uses.of_xref_stream |= is_type && self.data.get(value_at..self.at) == Some(b"/XRef");
                }
                _ => return None,
            }
        }
    }

    /// Of a key that stands twice only the last value counts: that is for the parser.
    fn note(&mut self, start: usize, key: &Range<usize>) -> Option<()> {
        let text = self.data.get(key.clone())?;
        let before = self.seen.get(start..)?;
        if before.len() >= MAX_ENTRIES
            || before.iter().any(|known| self.data.get(known.clone()) == Some(text))
        {
            return None;
        }
        self.seen.push(key.clone());
        Some(())
    }

    fn array(&mut self, depth: usize, key: &mut Key) -> Option<()> {
        self.at += 1;
        loop {
            self.at = skip_white(self.data, self.at);
            match self.rest() {
                [b']', ..] => {
                    self.at += 1;
                    return Some(());
                }
                [] => return None,
                _ if depth < MAX_DEPTH => self.value(depth + 1, key)?,
                _ => return None,
            }
        }
    }

    /// Where a name without escapes stands, without its slash.
    fn name(&mut self) -> Option<Range<usize>> {
        let start = self.at + 1;
        let rest = self.data.get(start..)?;
        let length = rest.iter().take_while(|&&b| !is_white(b) && !is_delimiter(b)).count();
        self.at = start + length;
        (!rest.get(..length)?.contains(&b'#')).then_some(start..self.at)
    }

    fn literal(&mut self) -> Option<()> {
        let mut depth = 0usize;
        loop {
            let byte = *self.data.get(self.at)?;
            self.at += 1;
            match byte {
                b'(' => depth += 1,
                b')' => depth -= 1,
                // Whatever is escaped, what follows its first byte is neither bracket nor backslash.
                b'\\' => {
                    self.data.get(self.at)?;
                    self.at += 1;
                }
                _ => {}
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn number_or_reference(&mut self, key: &mut Key) -> Option<()> {
        let (number, end) = number_at(self.data, self.at)?;
        self.at = end;
        if let Object::Integer(first) = number
            && let Some(((number, _), end)) = reference_at(self.data, end, first)
        {
            self.at = end;
            let kept = match key {
                Key::Written(range) => self.uses.keep(self.data.get(range.clone()).unwrap_or_default()),
                Key::Kept(range) => range.clone(),
            };
            *key = Key::Kept(kept.clone());
            self.uses.all.push(Use { number, key: kept });
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    const TEXTS: [&str; 12] = [
        "<< /A 1 0 R /B [2 0 R 3 0 R << /C 4 0 R >> 5 0 R] /D (6 0 R \\) ( ) 7 0 R) >>",
        "<< /Type /XRef /Root 1 0 R /W [1 2 1] /E <</Type/XRef>> >>",
        "<< /E << /Type /XRef >> /F <AB 0> /G -1.5 /H +3 /I true /J null >>",
        "[1 0 R 2 0 R [3 65535 R]]",
        "<< /A 1 0 R /A 2 0 R >>",
        "<< /A#42 1 0 R >>",
        "<< /A /B#43 >>",
        "<< /A 1 0 Rx >>",
        "<< /A (\\\r\n\\123\\() /B 1 0 R% 2 0 R\n/C 4294967296 0 R >>",
        "12 0 R",
        "(\\",
        "<< /A <0g> >>",
    ];

    /// What is told from the text is what parsing tells.
    fn agrees(text: &[u8]) -> bool {
        let parsed = parse::object(text, 0).map(|(object, _)| Uses::of(&object));
        match Uses::scan(text, 0) {
            Some(uses) => {
                assert_eq!(Some(&uses), parsed.as_ref(), "{}", String::from_utf8_lossy(text));
                true
            }
            None => false,
        }
    }

    #[test]
    fn the_references_told_from_the_text_are_those_of_the_object() {
        let told = TEXTS.map(|text| agrees(text.as_bytes()));
        let no = false;
        assert_eq!(told, [true, true, true, true, no, no, no, no, no, true, no, no]);
    }

    #[test]
    fn texts_with_any_bytes_in_them_are_told_alike() {
        let odd: &[u8] = b"<>[]()/\\#%R 0\n\r+-.x";
        for text in TEXTS {
            for place in 0..text.len() {
                for &byte in odd {
                    let mut changed = text.as_bytes().to_vec();
                    changed[place] = byte;
                    agrees(&changed);
                    changed.truncate(place);
                    agrees(&changed);
                }
            }
        }
        agrees("[".repeat(200).as_bytes());
    }
}
