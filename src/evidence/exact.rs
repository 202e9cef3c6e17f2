//! Elements of ASN.1 kept byte by byte: what later timestamps hash must never be written anew.

use der::{Decode, Encode, Error, Header, Length, Reader, Tag, Writer};

/// One element exactly as it was read or given, header and all.
#[derive(Clone, PartialEq, Eq)]
pub struct Exact(Vec<u8>);

impl Exact {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl<'a> Decode<'a> for Exact {
    type Error = Error;

    fn decode<R: Reader<'a>>(reader: &mut R) -> der::Result<Self> {
        Ok(Self(reader.tlv_bytes()?.to_vec()))
    }
}

impl Encode for Exact {
    fn encoded_len(&self) -> der::Result<Length> {
        self.0.len().try_into()
    }

    fn encode(&self, writer: &mut impl Writer) -> der::Result<()> {
        writer.write(&self.0)
    }
}

impl std::fmt::Debug for Exact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Exact({} bytes)", self.0.len())
    }
}

/// Reads the next element if it has the context-specific tag `number`.
pub fn optional<'a, R: Reader<'a>>(reader: &mut R, number: u32) -> der::Result<Option<Exact>> {
    if reader.is_finished() {
        return Ok(None);
    }
    match Header::peek(reader)?.tag() {
        Tag::ContextSpecific { number: found, .. } if found.value() == number => {
            Exact::decode(reader).map(Some)
        }
        _ => Ok(None),
    }
}

/// Deepest nesting that [`der_form`] follows; a token with its certificates has about 16.
const MAX_DEPTH: usize = 48;

/// The DER form (X.690, 10) of one BER element: definite lengths, strings in one piece, SETs sorted.
///
/// Only the encodings that tokens are met with are changed; values themselves (booleans, times) stay. `None` when the
/// bytes are not one element. Memory and time are linear in the input for every level of nesting.
pub fn der_form(bytes: &[u8]) -> Option<Vec<u8>> {
    let (form, rest) = element(bytes, MAX_DEPTH)?;
    rest.is_empty().then_some(form)
}

const UNIVERSAL_SET: u8 = 0x31;
const CONSTRUCTED: u8 = 0x20;
/// The universal strings that BER may cut into pieces: BIT STRING is left out, nobody cuts those.
const STRINGS: [u8; 5] = [0x04, 0x0C, 0x13, 0x16, 0x1E];

fn element(bytes: &[u8], depth: usize) -> Option<(Vec<u8>, &[u8])> {
    let depth = depth.checked_sub(1)?;
    let (&tag, after_tag) = bytes.split_first()?;
    // Tag numbers above 30 occur in no token.
    if tag & 0x1F == 0x1F {
        return None;
    }
    let (length, body) = length(after_tag)?;
    if tag & CONSTRUCTED == 0 {
        let content = body.get(..length?)?;
        return Some((tlv(tag, content), body.get(length?..)?));
    }
    let (parts, rest) = match length {
        Some(length) => (elements(body.get(..length)?, depth, false)?.0, body.get(length..)?),
        None => elements(body, depth, true)?,
    };
    let string = tag & !CONSTRUCTED;
    if STRINGS.contains(&string) {
        let pieces: Option<Vec<&[u8]>> = parts.iter().map(|part| content_of(part)).collect();
        return Some((tlv(string, &pieces?.concat()), rest));
    }
    let mut parts = parts;
    if tag == UNIVERSAL_SET {
        parts.sort_unstable();
    }
    Some((tlv(tag, &parts.concat()), rest))
}

type Parts<'a> = (Vec<Vec<u8>>, &'a [u8]);

/// The elements of `bytes`: all of them, or (`marked`) those up to the end-of-contents mark.
fn elements(mut bytes: &[u8], depth: usize, marked: bool) -> Option<Parts<'_>> {
    let mut parts = Vec::new();
    loop {
        match bytes {
            [0, 0, rest @ ..] if marked => return Some((parts, rest)),
            [] if !marked => return Some((parts, bytes)),
            _ => {}
        }
        let (part, rest) = element(bytes, depth)?;
        parts.push(part);
        bytes = rest;
    }
}

/// The length octets: `None` inside is the indefinite form.
fn length(bytes: &[u8]) -> Option<(Option<usize>, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    match first {
        0x80 => Some((None, rest)),
        0..0x80 => Some((Some(first.into()), rest)),
        _ => {
            let count = usize::from(first & 0x7F);
            let octets = rest.get(..count).filter(|octets| octets.len() <= 4)?;
            let value = octets.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet));
            Some((Some(value), rest.get(count..)?))
        }
    }
}

/// The content of an element that [`tlv`] wrote.
fn content_of(element: &[u8]) -> Option<&[u8]> {
    length(element.get(1..)?).map(|(_, content)| content)
}

/// One element with a definite length (X.690, 10.1).
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let octets = content.len().to_be_bytes();
    let significant = &octets[octets.iter().take_while(|octet| **octet == 0).count()..];
    let mut out = Vec::with_capacity(content.len() + 10);
    out.push(tag);
    if content.len() < 0x80 {
        out.push(content.len() as u8);
    } else {
        out.push(0x80 | significant.len() as u8);
        out.extend_from_slice(significant);
    }
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indefinite_lengths_cut_strings_and_unsorted_sets_become_der() {
        // SEQUENCE { [0] { OCTET STRING in two pieces }, SET { 2, 1 } }, all indefinite.
        let ber = [
            0x30, 0x80, 0xA0, 0x80, 0x24, 0x80, 4, 1, 7, 4, 2, 8, 9, 0, 0, 0, 0, 0x31, 0x80, 2, 1, 2, 2, 1,
            1, 0, 0, 0, 0,
        ];
        let der = [0x30, 15, 0xA0, 5, 4, 3, 7, 8, 9, 0x31, 6, 2, 1, 1, 2, 1, 2];
        assert_eq!(der_form(&ber).unwrap(), der);
        assert_eq!(der_form(&der).unwrap(), der, "DER stays as it is");
    }

    #[test]
    fn long_lengths_are_written_in_the_fewest_octets() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let written = tlv(4, &vec![9; length]);
            assert_eq!(der_form(&written).unwrap(), written);
            assert_eq!(content_of(&written).unwrap().len(), length);
        }
        assert_eq!(der_form(&[4, 0x82, 0, 1, 9]).unwrap(), [4, 1, 9]);
    }

    #[test]
    fn what_is_not_one_element_has_no_der_form() {
        let deep = [0x30, 0x80].repeat(100_000);
        for bytes in [&[][..], &[4], &[4, 2, 1], &[4, 1, 1, 0], &[0x30, 0x80, 4], &[0x3F, 1, 1], &deep] {
            assert_eq!(der_form(bytes), None);
        }
    }
}
