//! The byte range of a signature, held against the bytes of the file.

use lopdf::{Document, Object};

use super::signed::Flaw;

/// What a `/ByteRange` says and whether the file agrees.
pub(super) struct Coverage {
    pub byte_range: Option<[u64; 4]>,
    pub sound: bool,
    pub whole_file: bool,
    /// Why it is not sound.
    pub flaw: Option<Flaw>,
}

/// Reads `/ByteRange` and compares its gap with the signature value `contents`.
///
/// A sound range (ISO 32000-2, 12.8.1; ETSI EN 319 142-1, 5.4) starts at 0, has one gap, and the gap holds
/// the hexadecimal string of `/Contents` and not one byte more, for whatever else stood there would be unsigned.
pub(super) fn examine(
    file: &[u8],
    range: Option<&Object>,
    contents: Option<&[u8]>,
    doc: &Document,
) -> Coverage {
    let byte_range = range.and_then(|object| four_numbers(object, doc));
    let flaw = match (range, byte_range) {
        (None, _) => Some(Flaw::NoByteRange),
        (Some(_), None) => Some(Flaw::ByteRangeMalformed),
        (_, Some(range)) => flaw_of(file, range, contents),
    };
    let sound = flaw.is_none();
    let ends_with_file =
        byte_range.and_then(|[_, _, start, length]| start.checked_add(length)) == Some(file.len() as u64);
    Coverage { byte_range, sound, whole_file: sound && ends_with_file, flaw }
}

fn four_numbers(object: &Object, doc: &Document) -> Option<[u64; 4]> {
    let (_, object) = doc.dereference(object).ok()?;
    let [a, b, c, d] = object.as_array().ok()?.as_slice() else { return None };
    let number = |object: &Object| u64::try_from(doc.dereference(object).ok()?.1.as_i64().ok()?).ok();
    Some([number(a)?, number(b)?, number(c)?, number(d)?])
}

fn flaw_of(file: &[u8], range: [u64; 4], contents: Option<&[u8]>) -> Option<Flaw> {
    if range[0] != 0 {
        return Some(Flaw::ByteRangeStart);
    }
    let Some(gap) = gap_of(file, range) else { return Some(Flaw::ByteRangeBounds) };
    let exact = contents.is_some_and(|contents| is_hex_of(gap, contents));
    (!exact).then_some(Flaw::ByteRangeGap)
}

/// The bytes between the two ranges, if the ranges lie in the file, in order.
fn gap_of(file: &[u8], [_, first_length, second, second_length]: [u64; 4]) -> Option<&[u8]> {
    let end = second.checked_add(second_length)?;
    if end > file.len() as u64 {
        return None;
    }
    file.get(usize::try_from(first_length).ok()?..usize::try_from(second).ok()?)
}

/// Whether `token` is exactly one hexadecimal string token, `<...>`, that means `value`.
fn is_hex_of(token: &[u8], value: &[u8]) -> bool {
    let Some(digits) = token.strip_prefix(b"<").and_then(|rest| rest.strip_suffix(b">")) else {
        return false;
    };
    // As nearly every file has it: two digits for each byte, nothing between them.
    if digits.len() == value.len().saturating_mul(2) {
        let mut plain = [0; 256];
        let mut pieces = digits.chunks(plain.len() * 2).zip(value.chunks(plain.len()));
        let same = |(digits, value): (&[u8], &[u8])| {
            plain.get_mut(..value.len()).is_some_and(|plain| from_pairs(digits, plain) && plain == value)
        };
        if pieces.all(same) {
            return true;
        }
    }
    let mut decoded = value.iter();
    let mut high = None;
    for &byte in digits.iter().filter(|byte| !byte.is_ascii_whitespace()) {
        let digit = DIGITS[usize::from(byte)];
        if digit > 15 {
            return false;
        }
        match high.take() {
            None => high = Some(digit),
            Some(high) => {
                if decoded.next() != Some(&(high << 4 | digit)) {
                    return false;
                }
            }
        }
    }
    // An odd last digit would count as followed by 0 (7.3.4.3); nobody writes one, so it is refused.
    high.is_none() && decoded.next().is_none()
}

/// Writes the bytes that pairs of digits mean; `false` if there is anything else among them. `bytes` has half as many. Without
/// tables and branches, and in blocks, so that the compiler does many at a time: the values of signatures are long.
pub(super) fn from_pairs(digits: &[u8], bytes: &mut [u8]) -> bool {
    const BLOCK: usize = 32;
    let mut wrong = [0u8; BLOCK];
    let (blocks, rest) = digits.as_chunks::<BLOCK>();
    let (places, last) = bytes.split_at_mut(bytes.len().min(blocks.len() * BLOCK / 2));
    for (block, place) in blocks.iter().zip(places.as_chunks_mut::<{ BLOCK / 2 }>().0) {
        let values = block.map(nibble);
        for (wrong, value) in wrong.iter_mut().zip(values) {
            *wrong |= value;
        }
        for (byte, pair) in place.iter_mut().zip(values.as_chunks::<2>().0) {
            *byte = pair[0] << 4 | pair[1] & 15;
        }
    }
    let mut sound = wrong.iter().fold(0, |all, one| all | one) < 16;
    for (byte, pair) in last.iter_mut().zip(rest.as_chunks::<2>().0) {
        let (high, low) = (nibble(pair[0]), nibble(pair[1]));
        sound &= high | low < 16;
        *byte = high << 4 | low & 15;
    }
    sound
}

/// The value of a hexadecimal digit; above 15 for every other byte.
#[inline]
fn nibble(byte: u8) -> u8 {
    let digit = byte.wrapping_sub(b'0');
    let letter = (byte | 0x20).wrapping_sub(b'a');
    let letter = if letter < 6 { letter + 10 } else { 0xFF };
    if digit < 10 { digit } else { letter }
}

/// The value of each hexadecimal digit; 255 for every other byte.
pub(super) const DIGITS: [u8; 256] = {
    let mut digits = [255; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value] as usize] = value as u8;
        digits[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    digits
};

#[cfg(test)]
mod tests {
    use super::*;

    fn examined(file: &[u8], range: [i64; 4]) -> Coverage {
        let range = Object::Array(range.map(Object::Integer).to_vec());
        examine(file, Some(&range), Some(b"\xAB\x00"), &Document::new())
    }

    #[test]
    fn a_range_around_exactly_the_value_is_sound() {
        let coverage = examined(b"before<aB00>after", [0, 6, 12, 5]);
        assert!(coverage.sound && coverage.whole_file);
    }

    #[test]
    fn pairs_mean_what_the_table_says() {
        for byte in 0..=255u8 {
            assert_eq!(nibble(byte), DIGITS[usize::from(byte)], "{byte}");
        }
        let mut bytes = [0; 3];
        assert!(from_pairs(b"0aFf10", &mut bytes));
        assert_eq!(bytes, [0x0A, 0xFF, 0x10]);
        assert!(!from_pairs(b"0aFg10", &mut bytes));
        let long: Vec<u8> = (0..100).collect();
        let mut digits: Vec<u8> = long.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
        let mut bytes = vec![0; 100];
        assert!(from_pairs(&digits, &mut bytes) && bytes == long);
        for wrong in [0, 31, 63, 192, 199] {
            let right = std::mem::replace(&mut digits[wrong], b'g');
            assert!(!from_pairs(&digits, &mut bytes), "{wrong}");
            digits[wrong] = right;
        }
    }

    #[test]
    fn bytes_after_the_range_are_noticed() {
        let coverage = examined(b"before<AB00>after and more", [0, 6, 12, 5]);
        assert!(coverage.sound && !coverage.whole_file);
    }

    #[test]
    fn a_gap_with_anything_but_the_value_is_not_sound() {
        for (file, range) in [
            (&b"before<AB00>after"[..], [0, 5, 12, 5]),
            (b"before<AB00>after", [0, 6, 13, 4]),
            (b"before<AB00>after", [1, 6, 12, 5]),
            (b"before<AB00>after", [0, 6, 12, 6]),
            (b"before<AB01>after", [0, 6, 12, 5]),
            (b"before<AB0000>after", [0, 6, 14, 5]),
            (b"before<AB0>after", [0, 6, 11, 5]),
            (b"before<AB>x<00>after", [0, 6, 15, 5]),
            (b"before<AB00>after", [0, 12, 6, 11]),
            (b"before<AB00>after", [0, i64::MAX, i64::MAX, i64::MAX]),
        ] {
            let coverage = examined(file, range);
            assert!(!coverage.sound && !coverage.whole_file, "{range:?}");
        }
    }

    #[test]
    fn a_range_that_is_not_four_numbers_is_none() {
        assert_eq!(examined(b"", [0, -1, 0, 0]).byte_range, None);
        let short = Object::Array(vec![Object::Integer(0)]);
        assert_eq!(examine(b"", Some(&short), None, &Document::new()).byte_range, None);
    }
}
