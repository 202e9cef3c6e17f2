//! When two objects say the same.

use lopdf::{Dictionary, Object, decode_text_string};

use super::super::history::entry;

/// Whether two objects say the same, however they are written: the order of keys, the kind of brackets
/// around a string, and the form of a number do not matter. References must be the same.
pub(super) fn same(old: &Object, new: &Object) -> bool {
    match (old, new) {
        (Object::String(a, _), Object::String(b, _)) => {
            a == b || matches!((decode_text_string(old), decode_text_string(new)), (Ok(a), Ok(b)) if a == b)
        }
        (Object::Integer(_) | Object::Real(_), Object::Integer(_) | Object::Real(_)) => {
            old == new || matches!((old.as_float(), new.as_float()), (Ok(a), Ok(b)) if a == b)
        }
        (Object::Array(a), Object::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Object::Dictionary(a), Object::Dictionary(b)) => differing(a, b, &[]).is_empty(),
        _ => old == new,
    }
}

/// The keys, other than `ignored`, that two dictionaries do not agree on.
pub(super) fn differing(old: &Dictionary, new: &Dictionary, ignored: &[&str]) -> Vec<String> {
    let relevant = |key: &[u8]| !ignored.iter().any(|ignored| ignored.as_bytes() == key);
    let changed = |place: usize, key: &[u8], value: &Object| {
        relevant(key) && !in_place(new, place, key).is_some_and(|new_value| same(value, new_value))
    };
    let gone = old.iter().enumerate().filter(|(place, (key, value))| changed(*place, key, value));
    let added = |place: usize, key: &[u8]| relevant(key) && in_place(old, place, key).is_none();
    let come = new.iter().enumerate().filter(|(place, (key, _))| added(*place, key));
    gone.chain(come).map(|(_, (key, _))| String::from_utf8_lossy(key).into_owned()).collect()
}

/// The value of a key that is likely to stand at this place: updates keep the order.
fn in_place<'d>(dictionary: &'d Dictionary, place: usize, key: &[u8]) -> Option<&'d Object> {
    match dictionary.as_hashmap().get_index(place) {
        Some((there, value)) if there == key => Some(value),
        _ => entry(dictionary, key),
    }
}

#[cfg(test)]
mod tests {
    use lopdf::{StringFormat, dictionary};

    use super::*;

    #[test]
    fn writing_the_same_differently_is_no_difference() {
        let old = dictionary! { "A" => 1, "B" => Object::string_literal("text") };
        let hexadecimal = Object::String(b"text".to_vec(), StringFormat::Hexadecimal);
        let new = dictionary! { "B" => hexadecimal, "A" => Object::Real(1.0) };
        assert!(same(&old.into(), &new.into()));
    }

    #[test]
    fn keys_that_come_or_go_or_change_are_named_unless_ignored() {
        let old = dictionary! { "A" => 1, "B" => 2, "D" => 4 };
        let new = dictionary! { "A" => 1, "B" => 3, "C" => 3 };
        assert_eq!(differing(&old, &new, &["B"]), ["D", "C"]);
        assert!(!same(&Object::Reference((1, 0)), &Object::Reference((2, 0))));
    }
}
