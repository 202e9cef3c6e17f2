//! Putting pieces into the text of an object, so that everything else in it stays as it was spelt.

use std::ops::Range;

use lopdf::Object;

use super::super::history::object_at;
use super::super::load::skip_white;

/// The value of `key` in the text of a dictionary, by its place; `Some(None)` when it has no such key. `None`: no dictionary.
///
/// Of a key that is there twice the last one counts, as in the parser.
pub(super) fn value(text: &[u8], key: &[u8]) -> Option<Option<Range<usize>>> {
    let mut found = None;
    walk(text, |name, place| {
        if name == key {
            found = Some(place);
        }
    })?;
    Some(found)
}

/// The dictionary with `key` meaning `new`, in the place of what it meant or at the end.
pub(super) fn with(text: &[u8], key: &str, new: &[u8]) -> Option<Vec<u8>> {
    let mut last = 2;
    let mut place = None;
    walk(text, |name, at| {
        last = at.end;
        if name == key.as_bytes() {
            place = Some(at);
        }
    })?;
    Some(match place {
        Some(at) => replaced(text, at, &[b" ", new].concat()),
        None => replaced(text, last..last, &[b" /", key.as_bytes(), b" ", new].concat()),
    })
}

/// The array with `items` at its end.
pub(super) fn appended(text: &[u8], items: &[u8]) -> Option<Vec<u8>> {
    let (Object::Array(_), end) = object_at(text, 0)? else { return None };
    let last = end.checked_sub(1)?;
    // A comment may stand before the bracket: a new line ends it.
    Some(replaced(text, last..last, &[b"\n", items].concat()))
}

/// What stands between the brackets of an array.
pub(super) fn inside(text: &[u8]) -> Option<&[u8]> {
    let (Object::Array(_), end) = object_at(text, 0)? else { return None };
    text.get(skip_white(text, 0) + 1..end.checked_sub(1)?)
}

fn replaced(text: &[u8], place: Range<usize>, new: &[u8]) -> Vec<u8> {
    let (before, after) = (text.get(..place.start), text.get(place.end..));
    [before.unwrap_or_default(), new, after.unwrap_or_default()].concat()
}

/// Goes through the entries of a dictionary whose text begins with its brackets.
fn walk(text: &[u8], mut entry: impl FnMut(&[u8], Range<usize>)) -> Option<()> {
    if !text.starts_with(b"<<") {
        return None;
    }
    let mut at = 2;
    loop {
        at = skip_white(text, at);
        if text.get(at..)?.starts_with(b">>") {
            return Some(());
        }
        let (Object::Name(name), after) = object_at(text, at)? else { return None };
        let (_, end) = object_at(text, after)?;
        entry(&name, after..end);
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"<< /A 1.50%x\n/B [1 0 R % >>\n] /C<</A 2>> >>";

    #[test]
    fn one_entry_changes_and_all_others_keep_their_spelling() {
        let text = |key, new: &[u8]| String::from_utf8(with(TEXT, key, new).unwrap()).unwrap();
        assert_eq!(text("D", b"7 0 R"), "<< /A 1.50%x\n/B [1 0 R % >>\n] /C<</A 2>> /D 7 0 R >>");
        assert_eq!(text("A", b"2"), "<< /A 2%x\n/B [1 0 R % >>\n] /C<</A 2>> >>");
        assert_eq!(with(b"<<>>", "A", b"2"), Some(b"<< /A 2>>".to_vec()));
        assert_eq!(value(TEXT, b"Z"), Some(None));
        let place = value(TEXT, b"B").unwrap().unwrap();
        assert_eq!(appended(&TEXT[place], b"2 0 R").unwrap(), b" [1 0 R % >>\n\n2 0 R]");
    }

    #[test]
    fn what_is_no_dictionary_is_left_alone() {
        for text in [&b"[1]"[..], b"<< /A >>", b"<< 1 2 >>", b"<< /A 1", b""] {
            assert_eq!(with(text, "B", b"1"), None);
        }
        assert_eq!(appended(b"<<>>", b"1"), None);
    }
}
