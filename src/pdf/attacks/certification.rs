//! Attacks on certified documents, and what certification permits.

use super::super::{Change, ChangeLevel, Flaw};
use super::made::{FIELD, Made};

const PAGE: &str =
    "<< /Type /Page /Parent 2 0 R /Contents 5 0 R /Resources 6 0 R /Annots [8 0 R 9 0 R 30 0 R] >>";
const FORM: &str = "<< /Fields [8 0 R 9 0 R 30 0 R] /SigFlags 3 >>";

/// A certified document with an annotation of this kind put on its page.
fn annotated(permission: u8, annotation: &str) -> Made {
    Made::certified(permission).update(&[(3, PAGE), (30, annotation)])
}

#[test]
fn an_evil_annotation_is_a_modification_unless_comments_are_permitted() {
    let comment = "<< /Type /Annot /Subtype /FreeText /Rect [0 0 99 99] /Contents (9999999) >>";
    for permission in [1, 2] {
        let raw = annotated(permission, comment).first();
        assert_eq!((raw.docmdp, raw.modified_after), (Some(permission), Some(true)));
        assert!(raw.later[0].changes.contains(&Change::AnnotationAdded { object: 30 }));
    }
    let permitted = annotated(3, comment).first();
    assert_eq!(permitted.modified_after, Some(false), "{permitted:?}");
    assert_eq!(permitted.change_level(), Some(ChangeLevel::Annotations));
    // An annotation that acts, or is no comment, is none even then.
    let acting = "<< /Type /Annot /Subtype /FreeText /Rect [0 0 9 9] /A << /S /JavaScript >> >>";
    let stamp = "<< /Type /Annot /Subtype /Stamp /Rect [0 0 99 99] >>";
    for annotation in [acting, stamp] {
        assert_eq!(annotated(3, annotation).first().modified_after, Some(true), "{annotation}");
    }
    let plain = Made::signed().update(&[(3, PAGE), (30, comment)]);
    assert_eq!(plain.first().modified_after, Some(true), "comments need leave");
}

/// A further signature field of this size on the page, signed.
fn signed_again(mut made: Made, rectangle: &str, kind: &str) -> Made {
    made.put(3, PAGE);
    made.put(4, FORM);
    made.fill(30, &FIELD.replace("Sig1", "Sig2").replace("[0 0 9 9]", rectangle), 31);
    made.sign(31, kind, "");
    made
}

#[test]
fn a_sneaky_signature_shows_something_in_a_certified_document() {
    let sneaky = signed_again(Made::certified(2), "[0 0 99 99]", "Sig").first();
    assert_eq!(sneaky.modified_after, Some(true));
    let change = Change::FieldAfterCertification { field: "Sig2".into() };
    assert!(sneaky.later[0].changes.contains(&change), "{sneaky:?}");
    let invisible = signed_again(Made::certified(2), "[0 0 0 0]", "Sig").first();
    assert_eq!(
        (invisible.modified_after, invisible.change_level()),
        (Some(false), Some(ChangeLevel::FormFilling))
    );
}

#[test]
fn a_certification_without_changes_permits_upkeep_only() {
    let raw = signed_again(Made::certified(1), "[0 0 0 0]", "Sig").first();
    let flaw = Flaw::BeyondPermission { level: ChangeLevel::FormFilling, permitted: 1 };
    assert_eq!((raw.modified_after, raw.reasons), (Some(true), vec![flaw]));
    let stamped = signed_again(Made::certified(1), "[0 0 0 0]", "DocTimeStamp").first();
    assert_eq!((stamped.modified_after, stamped.change_level()), (Some(false), Some(ChangeLevel::Upkeep)));
}

#[test]
fn a_timestamp_that_shows_something_is_a_signature() {
    let raw = signed_again(Made::signed(), "[0 0 9 9]", "DocTimeStamp").first();
    assert_eq!((raw.modified_after, raw.change_level()), (Some(false), Some(ChangeLevel::FormFilling)));
}
