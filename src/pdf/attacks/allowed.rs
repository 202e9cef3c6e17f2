//! What may come after a signature, and what locks forbid.

use super::super::{Change, ChangeLevel, FieldLock, Flaw};
use super::made::{FIELD, Made, TEXT};

const DER: &str = "<< /Length 2 >>\nstream\n0\u{1}\nendstream";

fn is_allowed(made: &Made, expected: &[Change]) {
    let raw = made.first();
    assert_eq!(made.changes(), expected);
    assert_eq!((raw.modified_after, raw.reasons), (Some(false), vec![]));
}

/// The signed document with a security store.
fn with_store(made: Made, store: &str) -> Made {
    let catalog = "<< /Type /Catalog /Pages 2 0 R /AcroForm 4 0 R /DSS 40 0 R >>";
    made.update(&[(1, catalog), (40, store), (41, DER), (42, DER)])
}

#[test]
fn a_security_store_may_be_added_and_is_read() {
    let key = "AB".repeat(20);
    let store =
        format!("<< /Certs [41 0 R] /OCSPs [42 0 R] /VRI << /{key} << /Cert [41 0 R] /TU (D:2026) >> >> >>");
    let made = with_store(Made::certified(1), &store);
    is_allowed(&made, &[Change::SecurityStore]);
    let dss = made.read().dss;
    assert_eq!((&dss.certificates[0][..], dss.ocsps.len(), dss.crls.len()), (&[0x30, 1][..], 1, 0));
    let vri = &dss.vri[&key];
    assert_eq!((vri.certificates.len(), vri.updated.as_deref()), (0, Some("D:2026")), "not twice");
    // What an entry alone lists is read with it.
    let alone = with_store(Made::certified(1), &store.replace("/Certs [41 0 R]", "/Certs []")).read().dss;
    assert_eq!((alone.certificates.len(), alone.all_certificates().count()), (0, 1));
    // Pruned and replaced by a newer one: allowed.
    let pruned = made.clone().update(&[(40, &store.replace("/OCSPs [42 0 R]", ""))]);
    assert_eq!(pruned.first().modified_after, Some(false));
    assert!(pruned.read().dss.ocsps.is_empty());
}

#[test]
fn what_a_store_says_about_a_signature_may_be_written_anew() {
    let (key, other) = ("AB".repeat(20), "c0".repeat(32));
    let store = format!("<< /Certs [41 0 R] /VRI << /{key} 43 0 R >> >>");
    let made = with_store(Made::signed().update(&[(43, "<< /Cert [41 0 R] >>")]), &store);
    let renewed = |entry: &str, vri: &str| {
        made.clone().update(&[(43, entry), (44, "<< /OCSP [42 0 R] >>"), (40, &store.replace("43 0 R", vri))])
    };
    for allowed in [
        renewed("<< /Cert [41 0 R] /OCSP [42 0 R] >>", "43 0 R"),
        renewed("<< >>", "44 0 R"),
        renewed("<< >>", &format!("44 0 R /{other} << /Cert [41 0 R] >>")),
        made.clone().update(&[(40, "<< /Certs [41 0 R] >>")]),
    ] {
        assert_eq!(allowed.first().modified_after, Some(false), "{:?}", allowed.first());
    }
    for (entry, vri) in [
        ("<< /JS (x) >>", "43 0 R"),
        ("<< /Cert [3 0 R] >>", "43 0 R"),
        ("<< >>", "3 0 R"),
        ("[41 0 R]", "43 0 R"),
    ] {
        let raw = renewed(entry, vri).first();
        assert_eq!(raw.modified_after, Some(true), "{entry} {vri}");
    }
}

#[test]
fn a_signature_that_only_a_page_shows_is_read_and_judged_as_one() {
    let page =
        "<< /Type /Page /Parent 2 0 R /Contents 5 0 R /Resources 6 0 R /Annots [8 0 R 9 0 R 30 0 R] >>";
    let with = |mut made: Made, field: &str| {
        made.put(3, page);
        made.fill(30, field, 31);
        made.sign(31, "Sig", "");
        made
    };
    let field = FIELD.replace("Sig1", "Sig2").replace("[0 0 9 9]", "[0 0 0 0]");
    let made = with(Made::signed(), &field);
    is_allowed(&made, &[Change::Signature { field: "Sig2".into() }]);
    let fields: Vec<_> = made.read().signatures.into_iter().map(|raw| raw.summary.field).collect();
    assert_eq!(fields, ["Sig1", "Sig2"]);
    assert_eq!(with(Made::certified(1), &field).first().modified_after, Some(true));
    // Neither a second field of that name nor one without a signature is a signature.
    let same_name = with(Made::signed(), &field.replace("Sig2", "Sig1"));
    let unsigned = Made::signed().update(&[(3, page), (30, &field)]);
    for other in [same_name, unsigned] {
        assert_eq!(other.changes(), [Change::AnnotationAdded { object: 30 }]);
        assert_eq!(
            other.read().signatures.len(),
            1 + usize::from(other.bytes.windows(5).any(|w| w == b"31 0 "))
        );
    }
}

#[test]
fn a_security_store_holds_nothing_else() {
    for store in [
        "<< /Certs [41 0 R] /JS (x) >>",
        "<< /Certs [3 0 R] >>",
        "<< /Certs 3 0 R >>",
        "<< /VRI << /short << >> >> >>",
        "[41 0 R]",
    ] {
        let raw = with_store(Made::signed(), store).first();
        assert_eq!(raw.modified_after, Some(true), "{store}");
        assert!(raw.later[0].changes.contains(&Change::SecurityStoreMalformed), "{store}: {raw:?}");
    }
}

#[test]
fn document_information_may_change() {
    is_allowed(&Made::signed().update(&[(11, "<< /Producer (other) >>")]), &[Change::Metadata]);
    let mut moved = Made::signed();
    moved.trailer = "/Info 50 0 R".into();
    is_allowed(&moved.update(&[(50, "<< /Producer (other) >>")]), &[Change::Metadata]);
}

#[test]
fn metadata_may_change_as_long_as_they_are_metadata() {
    let catalog = "<< /Type /Catalog /Pages 2 0 R /AcroForm 4 0 R /Metadata 50 0 R >>";
    let xmp = |text: &str| format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len());
    let sound = xmp("<x:xmpmeta xmlns:x='adobe:ns:meta/'>new</x:xmpmeta>");
    is_allowed(&Made::signed().update(&[(1, catalog), (50, &sound)]), &[Change::Metadata]);
    for text in ["not XML", "<!DOCTYPE a [<!ENTITY b 'c'>]><x:xmpmeta xmlns:x='adobe:ns:meta/'/>"] {
        let made = Made::signed().update(&[(1, catalog), (50, &xmp(text))]);
        assert_eq!(made.changes(), [Change::MetadataMalformed], "{text}");
    }
}

#[test]
fn identical_copies_and_objects_that_nobody_refers_to_change_nothing() {
    is_allowed(&Made::signed().update(&[(7, "<< /BaseFont /Helvetica /Type /Font /Subtype /Type1 >>")]), &[]);
    is_allowed(&Made::signed().update(&[(60, "<< /Orphan true >>")]), &[]);
}

#[test]
fn a_form_may_be_filled_in_where_it_is_permitted() {
    let look = "<< /Length 1 >>\nstream\n2\nendstream";
    let filled = TEXT.replace("(1)", "(2)").replace("10 0 R", "70 0 R");
    let expected = [Change::FormField { field: "Amount".into() }];
    is_allowed(&Made::certified(2).update(&[(9, &filled), (70, look)]), &expected);
    let strict = Made::certified(1).update(&[(9, &filled), (70, look)]).first();
    assert_eq!(strict.modified_after, Some(true));
    // The look may be replaced in its place, if nothing else shows it.
    is_allowed(&Made::signed().update(&[(9, &TEXT.replace("(1)", "(2)")), (10, look)]), &expected);
    let page = "<< /Type /Page /Parent 2 0 R /Contents 10 0 R /Annots [8 0 R 9 0 R] >>";
    let shared = Made::signed_with(&[(3, page)], "").update(&[(9, &TEXT.replace("(1)", "(2)")), (10, look)]);
    assert!(shared.changes().contains(&Change::UsedElsewhere { object: 10 }));
}

#[test]
fn a_field_keeps_its_name_its_place_and_its_actions() {
    for (from, to) in [("[0 0 9 9]", "[0 0 99 99]"), ("/FT", "/AA << >> /FT"), ("(Amount)", "(Total)")] {
        let made = Made::signed().update(&[(9, &TEXT.replace(from, to))]);
        assert_eq!(made.first().modified_after, Some(true), "{to}");
    }
    let form = "<< /Fields [8 0 R 9 0 R 71 0 R] /SigFlags 3 >>";
    let added = Made::signed().update(&[(4, form), (71, &TEXT.replace("Amount", "New"))]);
    assert_eq!(added.changes(), [Change::FieldAdded { field: "New".into() }]);
    let twice = Made::signed().update(&[(4, form), (71, TEXT)]);
    assert!(twice.changes().contains(&Change::FieldTwice { field: "Amount".into() }));
}

#[test]
fn locked_fields_stay_as_they_are() {
    let reference = |params: &str| {
        format!("/Reference [<< /TransformMethod /FieldMDP /TransformParams << {params} /V /1.2 >> >>]")
    };
    let fill = |params: &str| {
        Made::signed_with(&[], &reference(params)).update(&[(9, &TEXT.replace("(1)", "(2)"))]).first()
    };
    for params in ["/Action /All", "/Action /Include /Fields [(Amount)]", "/Action /Exclude /Fields [(B)]"] {
        let raw = fill(params);
        assert!(raw.later[0].changes.contains(&Change::FieldLocked { field: "Amount".into() }), "{params}");
        assert_eq!(raw.modified_after, Some(true));
    }
    let open = fill("/Action /Exclude /Fields [(Amount)]");
    assert_eq!(open.field_lock, Some(FieldLock::Exclude(vec!["Amount".into()])));
    assert_eq!(open.modified_after, Some(false));
    // The field's own lock counts, too, and so does what it permits.
    let field = FIELD.replace("/FT", "/Lock << /Type /SigFieldLock /Action /All /P 1 >> /FT");
    let mut made = Made::with(&[(8, &field)]);
    made.fill(8, &field, 20);
    made.sign(20, "Sig", "");
    let raw = made.update(&[(9, &TEXT.replace("(1)", "(2)"))]).first();
    assert_eq!((raw.docmdp, raw.field_lock.clone()), (Some(1), Some(FieldLock::All)));
    let flaw = Flaw::BeyondPermission { level: ChangeLevel::FormFilling, permitted: 1 };
    assert!(raw.modified_after == Some(true) && !raw.reasons.contains(&flaw), "locked, which is worse");
}

#[test]
fn each_revision_is_told_what_it_did_itself() {
    let mut made = with_store(Made::signed(), "<< /Certs [41 0 R] >>");
    made.trailer = "/Info 11 0 R".into();
    let made = made.update(&[(11, "<< /Producer (other) >>")]).update(&[(80, "<< >>")]);
    let told: Vec<_> = made.first().later.into_iter().map(|later| (later.revision, later.changes)).collect();
    assert_eq!(told, [(3, vec![Change::SecurityStore]), (4, vec![Change::Metadata])]);
}
