//! Finding one's way in the bytes of a PDF without parsing them.

use super::super::limits;
use super::super::load::skip_white;

/// The unsigned number at or after `at`, and where it ends.
pub(super) fn number(data: &[u8], at: usize) -> Option<(usize, usize)> {
    let at = skip_white(data, at);
    let rest = data.get(at..)?;
    let length = rest.iter().take(20).take_while(|byte| byte.is_ascii_digit()).count();
    let digits = std::str::from_utf8(rest.get(..length)?).ok()?;
    Some((digits.parse().ok()?, at + length))
}

/// Where `word` ends, if it is what stands at or after `at`.
pub(super) fn word(data: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    let at = skip_white(data, at);
    data.get(at..)?.starts_with(word).then_some(at + word.len())
}

/// What the last `startxref` of the file names.
pub(super) fn last_startxref(file: &[u8]) -> Option<usize> {
    let at = memchr::memmem::rfind(file, b"startxref")?;
    number(file, at + b"startxref".len()).map(|(offset, _)| offset)
}

/// What the `startxref` names that, with `%%EOF`, ends `file`.
pub(super) fn startxref_before(file: &[u8]) -> Option<usize> {
    let file = file.trim_ascii_end().strip_suffix(b"%%EOF")?;
    // Nothing but the number stands between the words, so they are close.
    let window = file.get(file.len().saturating_sub(64)..)?;
    let at = memchr::memmem::rfind(window, b"startxref")?;
    let (offset, end) = number(window, at + b"startxref".len())?;
    window.get(end..)?.trim_ascii().is_empty().then_some(offset)
}

/// Where the `%%EOF` after `at`, with one end of line, ends; the end of the file if there is none.
pub(super) fn end_of_revision(file: &[u8], at: usize) -> usize {
    let rest = file.get(at..).unwrap_or_default();
    let Some(marker) = memchr::memmem::find(rest, b"startxref") else { return file.len() };
    let after = rest.get(marker..).unwrap_or_default();
    let Some(eof) = memchr::memmem::find(after, b"%%EOF") else { return file.len() };
    limits::charge_scanned(marker.saturating_add(eof));
    let end = at + marker + eof + b"%%EOF".len();
    end + match file.get(end..).unwrap_or_default() {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_close_a_revision_are_found_before_its_end() {
        assert_eq!(startxref_before(b"trailer<<>>\nstartxref\r\n12\n%%EOF\n"), Some(12));
        assert_eq!(startxref_before(b"startxref\n12\nmore\n%%EOF"), None);
        assert_eq!(startxref_before(b"startxref\n12\n%%EOF\nmore"), None);
        assert_eq!(end_of_revision(b"startxref\n1\n%%EOF\r\nmore", 0), 19);
    }
}
