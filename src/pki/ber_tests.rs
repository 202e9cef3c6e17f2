//! BER against DER: what is made definite is what a DER writer would have written.

use super::*;
use proptest::prelude::*;

/// A made-up element: bytes, or elements within.
#[derive(Debug, Clone)]
enum Tree {
    Leaf(Vec<u8>),
    /// The flag says whether the BER form has an indefinite length.
    Node(bool, Vec<Tree>),
}

impl Tree {
    fn ber(&self, definite: bool) -> Vec<u8> {
        match self {
            Tree::Leaf(bytes) => wrapped(OCTET_STRING, bytes),
            Tree::Node(indefinite, children) => {
                let content: Vec<u8> = children.iter().flat_map(|child| child.ber(definite)).collect();
                if *indefinite && !definite {
                    [&[SEQUENCE, 0x80], content.as_slice(), &[0, 0]].concat()
                } else {
                    wrapped(SEQUENCE, &content)
                }
            }
        }
    }
}

fn trees() -> impl Strategy<Value = Tree> {
    let leaf = prop::collection::vec(any::<u8>(), 0..200).prop_map(Tree::Leaf);
    leaf.prop_recursive(6, 40, 6, |inner| {
        (any::<bool>(), prop::collection::vec(inner, 0..6))
            .prop_map(|(flag, children)| Tree::Node(flag, children))
    })
}

proptest! {
    #[test]
    fn every_tree_is_made_definite_and_what_follows_is_left(tree in trees(), padding in 0usize..40) {
        let mut input = tree.ber(false);
        input.resize(input.len() + padding, 0);
        let (bytes, rest) = definite(&input).unwrap();
        prop_assert_eq!(bytes.as_ref(), tree.ber(true));
        prop_assert_eq!(rest.len(), padding);
    }

    #[test]
    fn random_bytes_never_panic_and_never_grow(input in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok((bytes, rest)) = definite(&input) {
            prop_assert!(bytes.len() + rest.len() <= input.len());
        }
    }
}

#[test]
fn definite_input_is_borrowed() {
    let input = wrapped(SEQUENCE, &wrapped(SET, b""));
    assert!(matches!(definite(&input), Ok((Cow::Borrowed(bytes), [])) if bytes == input));
}

#[test]
fn what_is_cut_off_or_too_deep_is_refused() {
    let deep = [SEQUENCE, 0x80].repeat(1_000_000);
    assert_eq!(definite(&deep).unwrap_err(), BerError::Depth(128));
    assert!(matches!(definite(&[SEQUENCE, 0x80, 0]), Err(BerError::Truncated(_))));
    assert!(matches!(definite(&[SEQUENCE, 0x05, 0]), Err(BerError::Truncated(_))));
    assert!(matches!(definite(&[OCTET_STRING, 0x80, 0, 0]), Err(BerError::Length(_))));
    assert!(matches!(definite(&[SEQUENCE, 0xFF, 0, 0]), Err(BerError::Length(_))));
    assert!(matches!(definite(&[SEQUENCE, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0]), Err(BerError::Length(_))));
    assert!(matches!(definite(&[0x3F, 0xFF, 0xFF, 0xFF, 0xFF, 0]), Err(BerError::Tag(0))));
    assert!(definite(&[]).is_err());
}

#[test]
fn a_broken_part_of_known_length_is_kept_as_it_is() {
    let inside = [&wrapped(SEQUENCE, &[0x04, 0x50, 1])[..], &[SEQUENCE, 0x80, 0x04, 0x01, 9, 0, 0]].concat();
    let input = wrapped(SEQUENCE, &inside);
    let (bytes, _) = definite(&input).unwrap();
    let expected =
        [&wrapped(SEQUENCE, &[0x04, 0x50, 1])[..], &wrapped(SEQUENCE, &wrapped(OCTET_STRING, &[9]))].concat();
    assert_eq!(bytes.as_ref(), wrapped(SEQUENCE, &expected));
}

#[test]
fn segments_of_a_string_are_put_together() {
    let segments = [wrapped(OCTET_STRING, b"one"), wrapped(0x24, &wrapped(OCTET_STRING, b"two"))].concat();
    let string = wrapped(0x24, &segments);
    let element = Elements::new(&string).take().unwrap();
    assert_eq!(element.octets().unwrap().as_ref(), b"onetwo");
    let wrong = wrapped(0x24, &wrapped(INTEGER, b"1"));
    assert!(Elements::new(&wrong).take().unwrap().octets().is_err());
}

#[test]
fn many_nested_openings_in_known_lengths_take_linear_time() {
    // Each level has a known length and holds an unclosed indefinite one: nothing may be read twice.
    let mut input = Vec::new();
    for _ in 0..60 {
        input = wrapped(SEQUENCE, &[&[SEQUENCE, 0x80], input.as_slice()].concat());
    }
    let wide = wrapped(SEQUENCE, &input.repeat(2000));
    assert!(definite(&wide).is_ok());
}
