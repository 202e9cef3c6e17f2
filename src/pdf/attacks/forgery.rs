//! Universal forgery, incremental saving and signature wrapping.

use super::super::{Change, FieldLock, Flaw};
use super::made::{FIELD, Made};

/// Whether the signature is said to protect nothing, for this reason.
fn is_refused(made: &Made, flaw: &Flaw) {
    let raw = made.first();
    assert!(raw.reasons.contains(flaw), "{flaw:?} is not among {:?}", raw.reasons);
    assert!(!raw.covers_whole_file && raw.modified_after == Some(true), "{raw:?}");
    assert_eq!(raw.summary.byte_range_sound, *flaw == Flaw::NotEndOfRevision);
}

#[test]
fn a_sound_signature_covers_the_whole_file() {
    let raw = Made::signed().first();
    assert!(raw.covers_whole_file && raw.reasons.is_empty() && raw.modified_after == Some(false), "{raw:?}");
    assert_eq!((raw.revision, raw.revisions, raw.contents.len()), (2, 2, 32));
    assert_eq!((raw.docmdp, raw.field_lock), (None::<u8>, None::<FieldLock>));
}

#[test]
fn a_byte_range_that_is_missing_short_negative_or_null_protects_nothing() {
    let with_range = |text: &str| {
        let mut made = Made::signed();
        let at = made.find_last("/ByteRange [");
        let old = String::from_utf8(made.bytes[at..at + 56].to_vec()).expect("text");
        made.replace_last(&old, text);
        made
    };
    is_refused(&with_range(""), &Flaw::NoByteRange);
    is_refused(&with_range("/ByteRange null"), &Flaw::ByteRangeMalformed);
    is_refused(&with_range("/ByteRange []"), &Flaw::ByteRangeMalformed);
    is_refused(&with_range("/ByteRange [0 100]"), &Flaw::ByteRangeMalformed);
    is_refused(&with_range("/ByteRange [0 -1 100 200]"), &Flaw::ByteRangeMalformed);
    is_refused(&with_range("/ByteRange [0 10 (x) 200]"), &Flaw::ByteRangeMalformed);
    is_refused(&with_range("/ByteRange [0 10 20 9999999999]"), &Flaw::ByteRangeBounds);
    is_refused(&with_range("/ByteRange [0 99 10 20]"), &Flaw::ByteRangeBounds);
    is_refused(&with_range("/ByteRange [0 0 0 0]"), &Flaw::ByteRangeGap);
    is_refused(&with_range("/ByteRange [7 10 20 30]"), &Flaw::ByteRangeStart);
}

#[test]
fn a_range_that_ends_within_a_revision_is_short() {
    let mut made = Made::signed();
    let [start, length, second, rest] = made.range();
    let old = format!("[{start:010} {length:010} {second:010} {rest:010}]");
    made.replace_last(&old, &format!("[{start:010} {length:010} {second:010} {:010}]", rest - 40));
    is_refused(&made, &Flaw::NotEndOfRevision);
}

#[test]
fn a_signature_without_a_value_protects_nothing() {
    let without = |text: &str| {
        let mut made = Made::signed();
        let at = made.find_last("/Contents <");
        let old = String::from_utf8(made.bytes[at..at + 76].to_vec()).expect("text");
        made.replace_last(&old, text);
        made
    };
    for text in ["", "/Contents null", "/Contents <>", "/Contents <00>", "/Contents 5 0 R"] {
        let raw = without(text).first();
        assert!(raw.reasons.contains(&Flaw::NoContents), "{text}: {:?}", raw.reasons);
        assert_eq!(raw.modified_after, Some(true), "{text}");
    }
}

#[test]
fn incremental_saving_is_seen_however_it_is_written() {
    let content = "<< /Length 16 >>\nstream\nBT (9999999) ET\n\nendstream";
    let proper = Made::signed().update(&[(5, content)]);
    assert_eq!(proper.changes(), [Change::PageContent { object: 5 }]);
    assert_eq!(proper.first().modified_after, Some(true));
    // No cross-reference table and no trailer: readers that repair would show it.
    let mut bare = Made::signed();
    bare.bytes.extend(format!("5 0 obj\n{content}\nendobj\n").bytes());
    assert_eq!(bare.changes(), [Change::TrailingBytes]);
    assert_eq!(bare.first().modified_after, Some(true));
    // The same, closed as if it were the revision that was signed.
    let again = format!("startxref\n{}\n%%EOF\n", bare.startxref.expect("it has one"));
    bare.bytes.extend(again.bytes());
    assert_eq!(bare.first().modified_after, Some(true));
    // A table without a trailer.
    let mut broken = Made::signed().update(&[(5, content)]);
    broken.replace_last("trailer", "x");
    assert_ne!(broken.first().modified_after, Some(false));
}

#[test]
fn white_space_after_the_end_is_nothing() {
    let mut made = Made::signed();
    made.bytes.extend(b"\r\n \n");
    let raw = made.first();
    assert!(!raw.covers_whole_file && raw.modified_after == Some(false) && raw.later.is_empty(), "{raw:?}");
}

#[test]
fn wrapping_moves_the_second_range_and_is_seen_by_the_gap() {
    let original = Made::signed();
    let [_, first, second, rest] = original.range();
    // The signed tail is moved to the end; what was put in between is in no range.
    let mut wrapped = original.clone();
    let tail = wrapped.bytes[second..].to_vec();
    wrapped.bytes.truncate(second);
    wrapped.bytes.extend(b" >>\nendobj\n5 0 obj\n<< /Length 4 >>\nstream\n9999\nendstream\nendobj\n");
    let moved = wrapped.bytes.len();
    wrapped.bytes.extend(&tail);
    let old = format!("[{:010} {first:010} {second:010} {rest:010}]", 0);
    wrapped.replace_last(&old, &format!("[{:010} {first:010} {moved:010} {rest:010}]", 0));
    is_refused(&wrapped, &Flaw::ByteRangeGap);
}

#[test]
fn a_field_that_borrows_the_signature_of_another_is_told_on() {
    let other = FIELD.replace("Sig1", "Sig2");
    let mut made = Made::with(&[(4, "<< /Fields [8 0 R 13 0 R] /SigFlags 3 >>"), (13, &other)]);
    made.fill(8, FIELD, 20);
    made.fill(13, &other, 20);
    made.sign(20, "Sig", "");
    assert_eq!(made.first().reasons, [Flaw::SharedValue { other: "Sig2".into() }]);
    // Copied into another object, it is another value with the same range.
    let at = made.find_last("20 0 obj\n") + 9;
    let end = at + memchr::memmem::find(&made.bytes[at..], b"\nendobj").expect("it ends");
    let copy = String::from_utf8(made.bytes[at..end].to_vec()).expect("text");
    let mut copied = Made::signed();
    copied.put(21, &copy);
    copied.put(4, "<< /Fields [8 0 R 9 0 R 13 0 R] /SigFlags 3 >>");
    copied.fill(13, &other, 21);
    copied.close();
    let read = copied.read();
    let second = read.signatures.iter().find(|raw| raw.summary.field == "Sig2").expect("it is listed");
    assert_eq!(second.modified_after, Some(true), "{second:?}");
    assert!(!second.reasons.is_empty());
}

#[test]
fn objects_in_the_gap_that_nobody_signed_are_noticed() {
    let made = Made::signed();
    let gap = made.range()[1];
    let mut lying = made.clone();
    lying.pending.push((30, Some(gap + 1)));
    lying.close();
    let raw = lying.first();
    assert_eq!((raw.modified_after, raw.reasons), (Some(true), vec![Flaw::ObjectInGap]));
}
