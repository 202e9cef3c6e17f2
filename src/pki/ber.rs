//! BER made definite, and read as spans of the original bytes (X.690).
//!
//! Signatures in PDF files are often written with indefinite lengths (X.690, 8.1.3.6), which the DER crates refuse, and are
//! followed by padding. `definite` finds where the first element ends and, only if it holds indefinite lengths, writes it
//! once more with definite ones. Everything that holds none (certificates, signed attributes) keeps its very bytes.
//!
//! Bounds: nesting of 64, input of 64 MiB, time linear in the input, memory at most 4 times the input (the rewritten copy,
//! and 8 bytes for each rewritten element, which takes at least 4).

use std::borrow::Cow;

/// Deepest nesting of elements; CMS with a timestamp inside needs about 20.
const MAX_DEPTH: usize = 64;
/// Largest input, in bytes: the longest signature seen, with revocation lists inside, has some 10 MB.
pub const MAX_INPUT: usize = 64 << 20;
/// Longest identifier, in bytes: tag numbers up to 2^14, far above any in use.
const MAX_TAG_BYTES: usize = 3;

pub const INTEGER: u8 = 0x02;
pub const OCTET_STRING: u8 = 0x04;
pub const OID: u8 = 0x06;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;
/// `[0]` and `[1]`, constructed and primitive.
pub const CONTEXT_0: u8 = 0xA0;
pub const CONTEXT_1: u8 = 0xA1;
pub const CONTEXT_0_PRIMITIVE: u8 = 0x80;
const CONSTRUCTED: u8 = 0x20;

/// Why bytes are not BER. Positions count from the start of what was read, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BerError {
    #[error("an element at byte {0} is cut off")]
    Truncated(usize),
    #[error("the length at byte {0} is not one that BER allows")]
    Length(usize),
    #[error("the tag at byte {0} is not one that is expected here")]
    Tag(usize),
    #[error("elements are nested deeper than 64 levels at byte {0}")]
    Depth(usize),
    #[error("the structure is longer than 64 MiB")]
    TooLarge,
}

/// One element: identifier, length, contents.
#[derive(Debug, Clone, Copy)]
pub struct Element<'a> {
    /// First identifier octet: class, constructed or not, number (X.690, 8.1.2).
    pub tag: u8,
    /// All of it.
    pub raw: &'a [u8],
    pub content: &'a [u8],
}

/// Identifier and length of an element at a position.
struct Header {
    tag: u8,
    /// Bytes of the identifier alone.
    tag_len: usize,
    /// Bytes of identifier and length.
    len: usize,
    /// Length of the contents; `None` where an end-of-contents element closes them.
    content: Option<usize>,
}

fn header(input: &[u8], at: usize) -> Result<Header, BerError> {
    let byte = |offset: usize| input.get(at + offset).copied().ok_or(BerError::Truncated(at));
    let tag = byte(0)?;
    let mut tag_len = 1;
    if tag & 0x1F == 0x1F {
        while byte(tag_len)? & 0x80 != 0 {
            tag_len += 1;
            if tag_len >= MAX_TAG_BYTES {
                return Err(BerError::Tag(at));
            }
        }
        tag_len += 1;
    }
    let first = byte(tag_len)?;
    let (len, content) = match first {
        0..=0x7F => (tag_len + 1, Some(first as usize)),
        0x80 if tag & CONSTRUCTED != 0 => (tag_len + 1, None),
        0x80 | 0xFF => return Err(BerError::Length(at)),
        _ => {
            let count = (first & 0x7F) as usize;
            let mut length = 0usize;
            for offset in 0..count {
                let next = byte(tag_len + 1 + offset)? as usize;
                length =
                    length.checked_mul(256).and_then(|l| l.checked_add(next)).ok_or(BerError::Length(at))?;
            }
            (tag_len + 1 + count, Some(length))
        }
    };
    if content.is_some_and(|length| length > input.len() - at - len) {
        return Err(BerError::Truncated(at));
    }
    Ok(Header { tag, tag_len, len, content })
}

fn is_end_of_contents(input: &[u8], at: usize) -> bool {
    input.get(at..at + 2) == Some(&[0, 0])
}

/// An element that must be written anew: where it starts, and how long its contents become.
struct Rewrite {
    at: u32,
    content: u32,
}

/// What an element takes: in the input, and written with definite lengths.
struct Measure {
    end: usize,
    written: usize,
    changed: bool,
}

/// The first element of `input` with definite lengths all through, and what follows it.
pub fn definite(input: &[u8]) -> Result<(Cow<'_, [u8]>, &[u8]), BerError> {
    if input.len() > MAX_INPUT {
        // Padding may be long; the element itself may not.
        let first = header(input, 0)?;
        let whole = first.content.map(|content| first.len + content).filter(|whole| *whole <= MAX_INPUT);
        let whole = whole.ok_or(BerError::TooLarge)?;
        let (element, rest) = input.split_at(whole);
        return Ok((definite(element)?.0, rest));
    }
    let mut rewrites = Vec::new();
    let measure = measure(input, 0, 0, &mut rewrites)?;
    let rest = &input[measure.end..];
    if !measure.changed {
        return Ok((Cow::Borrowed(&input[..measure.end]), rest));
    }
    let mut out = Vec::with_capacity(measure.written);
    let mut rewrites = rewrites.into_iter().peekable();
    write(input, 0, &mut rewrites, &mut out)?;
    Ok((Cow::Owned(out), rest))
}

fn measure(input: &[u8], at: usize, depth: usize, table: &mut Vec<Rewrite>) -> Result<Measure, BerError> {
    let head = header(input, at)?;
    let start = at + head.len;
    if depth >= MAX_DEPTH {
        return Err(BerError::Depth(at));
    }
    let Some(content) = head.content else {
        let slot = table.len();
        table.push(Rewrite { at: at as u32, content: 0 });
        let (mut next, mut written) = (start, 0);
        while !is_end_of_contents(input, next) {
            let child = measure(input, next, depth + 1, table)?;
            next = child.end;
            written += child.written;
        }
        table[slot].content = written as u32;
        let written = head.tag_len + length_len(written) + written;
        return Ok(Measure { end: next + 2, written, changed: true });
    };
    let end = start + content;
    let unchanged = Measure { end, written: end - at, changed: false };
    if head.tag & CONSTRUCTED == 0 {
        return Ok(unchanged);
    }
    let slot = table.len();
    table.push(Rewrite { at: at as u32, content: 0 });
    let (mut next, mut written, mut changed) = (start, 0, false);
    while next < end {
        // Contents of known length that are no elements are left as they are: whoever reads them will say so.
        let Ok(child) = measure(&input[..end], next, depth + 1, table) else {
            changed = false;
            break;
        };
        next = child.end;
        written += child.written;
        changed |= child.changed;
    }
    if !changed {
        table.truncate(slot);
        return Ok(unchanged);
    }
    table[slot].content = written as u32;
    Ok(Measure { end, written: head.tag_len + length_len(written) + written, changed: true })
}

/// Writes the element at `at` and returns where it ends.
fn write(
    input: &[u8],
    at: usize,
    rewrites: &mut std::iter::Peekable<std::vec::IntoIter<Rewrite>>,
    out: &mut Vec<u8>,
) -> Result<usize, BerError> {
    let head = header(input, at)?;
    let Some(rewrite) = rewrites.next_if(|rewrite| rewrite.at as usize == at) else {
        let end = at + head.len + head.content.ok_or(BerError::Length(at))?;
        out.extend_from_slice(&input[at..end]);
        return Ok(end);
    };
    out.extend_from_slice(&input[at..at + head.tag_len]);
    push_length(out, rewrite.content as usize);
    let mut next = at + head.len;
    let end = head.content.map(|content| next + content);
    while end.map_or_else(|| !is_end_of_contents(input, next), |end| next < end) {
        next = write(input, next, rewrites, out)?;
    }
    Ok(end.unwrap_or(next + 2))
}

/// Bytes that the length of contents takes in DER (X.690, 10.1).
fn length_len(content: usize) -> usize {
    if content < 0x80 { 1 } else { 1 + (usize::BITS - content.leading_zeros()).div_ceil(8) as usize }
}

fn push_length(out: &mut Vec<u8>, content: usize) {
    let bytes = content.to_be_bytes();
    let used = length_len(content) - 1;
    out.push(if used == 0 { content as u8 } else { 0x80 | used as u8 });
    out.extend_from_slice(&bytes[bytes.len() - used..]);
}

/// `content` under another tag, with the length as DER writes it: what a signature over an IMPLICIT field covers.
pub fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 6);
    out.push(tag);
    push_length(&mut out, content.len());
    out.extend_from_slice(content);
    out
}

/// Elements one after another, of definite length.
#[derive(Clone, Copy)]
pub struct Elements<'a> {
    input: &'a [u8],
    at: usize,
}

impl<'a> Elements<'a> {
    pub fn new(input: &'a [u8]) -> Elements<'a> {
        Elements { input, at: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.at == self.input.len()
    }

    /// The tag of the next element, without taking it.
    pub fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    /// Takes the next element, whatever it is.
    pub fn take(&mut self) -> Result<Element<'a>, BerError> {
        let head = header(self.input, self.at)?;
        let start = self.at + head.len;
        let end = start + head.content.ok_or(BerError::Length(self.at))?;
        let element =
            Element { tag: head.tag, raw: &self.input[self.at..end], content: &self.input[start..end] };
        self.at = end;
        Ok(element)
    }

    /// Takes the next element, which must have this tag.
    pub fn expect_tag(&mut self, tag: u8) -> Result<Element<'a>, BerError> {
        if self.peek() == Some(tag) { self.take() } else { Err(BerError::Tag(self.at)) }
    }

    /// Takes the next element if it has this tag.
    pub fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, BerError> {
        if self.peek() == Some(tag) { self.take().map(Some) } else { Ok(None) }
    }

    /// Nothing may follow.
    pub fn finish(&self) -> Result<(), BerError> {
        if self.is_empty() { Ok(()) } else { Err(BerError::Tag(self.at)) }
    }
}

/// The elements that are left, each or why it cannot be read.
pub struct ElementIter<'a>(Elements<'a>);

impl<'a> IntoIterator for Elements<'a> {
    type Item = Result<Element<'a>, BerError>;
    type IntoIter = ElementIter<'a>;

    fn into_iter(self) -> ElementIter<'a> {
        ElementIter(self)
    }
}

impl<'a> Iterator for ElementIter<'a> {
    type Item = Result<Element<'a>, BerError>;

    /// Ends after the first error.
    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let taken = self.0.take();
        if taken.is_err() {
            self.0.at = self.0.input.len();
        }
        Some(taken)
    }
}

impl<'a> Element<'a> {
    /// What is inside a constructed element.
    pub fn children(&self) -> Elements<'a> {
        Elements::new(self.content)
    }

    /// The bytes of a string, put together where it comes in segments (X.690, 8.7.3). The tag is not looked at,
    /// apart from the bit that says whether there are segments.
    pub fn octets(&self) -> Result<Cow<'a, [u8]>, BerError> {
        if self.tag & CONSTRUCTED == 0 {
            return Ok(Cow::Borrowed(self.content));
        }
        let mut whole = Vec::with_capacity(self.content.len());
        append_segments(self.content, 0, &mut whole)?;
        Ok(Cow::Owned(whole))
    }
}

fn append_segments(content: &[u8], depth: usize, whole: &mut Vec<u8>) -> Result<(), BerError> {
    if depth >= MAX_DEPTH {
        return Err(BerError::Depth(0));
    }
    for segment in Elements::new(content) {
        let segment = segment?;
        match segment.tag {
            OCTET_STRING => whole.extend_from_slice(segment.content),
            tag if tag == OCTET_STRING | CONSTRUCTED => append_segments(segment.content, depth + 1, whole)?,
            _ => return Err(BerError::Tag(0)),
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "ber_tests.rs"]
mod tests;
