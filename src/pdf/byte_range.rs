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
    if digits.len() == value.len().saturating_mul(2)
        && digits.chunks_exact(2).zip(value).all(|(pair, &byte)| {
            let [high, low] = [DIGITS[usize::from(pair[0])], DIGITS[usize::from(pair[1])]];
            high | low < 16 && high << 4 | low == byte
        })
    {
        return true;
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
