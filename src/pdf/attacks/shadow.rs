//! Shadow attacks: what was hidden in the signed document is shown afterwards.

use super::super::{Change, ChangeLevel};
use super::made::{FIELD, Made, TEXT};

fn is_modified(made: &Made, change: &Change) {
    let raw = made.first();
    let changes = made.changes();
    assert!(changes.contains(change), "{change:?} is not among {changes:?}");
    assert_eq!((raw.modified_after, raw.change_level()), (Some(true), Some(ChangeLevel::Modification)));
    assert!(!change.to_string().is_empty() && !change.in_japanese().is_empty());
}

#[test]
fn hide_a_page_leads_to_other_content_or_the_tree_to_another_page() {
    let page = "<< /Type /Page /Parent 2 0 R /Contents 14 0 R /Resources 6 0 R /Annots [8 0 R 9 0 R] >>";
    let hidden = (14, "<< /Length 3 >>\nstream\n(9)\nendstream");
    let made = Made::signed_with(&[hidden, (15, page)], "");
    is_modified(&made.clone().update(&[(3, page)]), &Change::Page { object: 3 });
    let tree = "<< /Type /Pages /Kids [15 0 R] /Count 1 >>";
    is_modified(&made.clone().update(&[(2, tree)]), &Change::PageTree { object: 2 });
    let catalog = "<< /Type /Catalog /Pages 16 0 R /AcroForm 4 0 R >>";
    let entry = |entry: &str| Change::Catalog { entry: entry.into() };
    is_modified(&made.update(&[(16, tree), (1, catalog)]), &entry("Pages"));
}

#[test]
fn replace_a_font_or_a_look_is_swapped_under_what_was_signed() {
    let font = "<< /Type /Font /Subtype /Type1 /BaseFont /Evil >>";
    is_modified(&Made::signed().update(&[(7, font)]), &Change::Font { object: 7 });
    let look = "<< /Length 7 >>\nstream\n(after)\nendstream";
    is_modified(&Made::signed().update(&[(10, look)]), &Change::Appearance { object: 9 });
    let field = TEXT.replace("10 0 R", "30 0 R");
    is_modified(&Made::signed().update(&[(30, look), (9, &field)]), &Change::Appearance { object: 9 });
    let resources = "<< /Font << /F 31 0 R >> >>";
    is_modified(&Made::signed().update(&[(31, font), (6, resources)]), &Change::Resources { object: 6 });
}

#[test]
fn fonts_for_the_form_are_not_slipped_under_a_page_that_shares_their_list() {
    let form = "<< /Fields [8 0 R 9 0 R] /SigFlags 3 /DR << /Font 40 0 R >> >>";
    let page = "<< /Type /Page /Parent 2 0 R /Contents 5 0 R /Resources 6 0 R /Annots [8 0 R 9 0 R] >>";
    let added = [(40, "<< /F 7 0 R /G 41 0 R >>"), (41, "<< /Type /Font /Subtype /Type1 /BaseFont /Evil >>")];
    let list = (40, "<< /F 7 0 R >>");
    let alone = Made::signed_with(&[(4, form), (3, page), list], "").update(&added);
    assert_eq!((alone.changes(), alone.first().modified_after), (vec![Change::FormResources], Some(false)));
    let shared = (6, "<< /Font 40 0 R >>");
    let shown = Made::signed_with(&[(4, form), (3, page), list, shared], "").update(&added);
    is_modified(&shown, &Change::UsedElsewhere { object: 40 });
    let apart = form.replace("<< /Font 40 0 R >>", "42 0 R");
    let resources = (42, "<< /Font 40 0 R >>");
    let alone = Made::signed_with(&[(4, &apart), (3, page), list, resources], "").update(&added);
    assert_eq!(alone.first().modified_after, Some(false));
    let shown = Made::signed_with(&[(4, &apart), (3, page), list, resources, shared], "").update(&added);
    is_modified(&shown, &Change::UsedElsewhere { object: 40 });
}

#[test]
fn hide_and_replace_only_the_table_changes() {
    // The signed revision holds a second object 5 that no table of its own leads to.
    let mut made = Made::with(&[]);
    let hidden = made.bytes.len();
    made.put(5, "<< /Length 16 >>\nstream\nBT (9999999) ET\n\nendstream");
    made.pending.clear();
    made.fill(8, FIELD, 20);
    made.sign(20, "Sig", "");
    assert!(made.first().covers_whole_file);
    made.pending.push((5, Some(hidden)));
    made.close();
    is_modified(&made, &Change::PageContent { object: 5 });
}

#[test]
fn an_object_that_was_missing_when_signed_may_not_be_supplied_later() {
    let page = "<< /Type /Page /Parent 2 0 R /Contents [5 0 R 40 0 R] /Annots [8 0 R 9 0 R] >>";
    let made = Made::signed_with(&[(3, page)], "").update(&[(40, "<< /Length 1 >>\nstream\n9\nendstream")]);
    is_modified(&made, &Change::ObjectSuppliedLater { object: 40 });
}

#[test]
fn the_value_of_a_signature_may_not_be_overwritten_or_removed() {
    let mut again = Made::signed();
    again.sign(20, "Sig", "");
    assert_eq!(again.read().signatures.len(), 1);
    let mut replaced = Made::signed();
    replaced.put(20, "<< /Type /Sig /Contents <30> /ByteRange [0 1 2 3] >>");
    replaced.close();
    assert_eq!(replaced.first().modified_after, Some(true));
    // A second signer overwrites the first one's value: seen by whoever signed in between.
    let mut made = Made::with(&[]);
    let other = FIELD.replace("Sig1", "Sig2").replace("[0 0 9 9]", "[0 0 0 0]");
    made.put(4, "<< /Fields [8 0 R 9 0 R 13 0 R] /SigFlags 3 >>");
    made.fill(13, &other, 21);
    made.sign(21, "Sig", "");
    made.fill(8, FIELD, 20);
    made.sign(20, "Sig", "");
    is_modified(&made.clone().update(&[(21, "<< /Type /Sig >>")]), &Change::SignatureReplaced { object: 21 });
    let removed = Change::SignatureRemoved { field: "Sig2".into() };
    is_modified(&made.clone().update(&[(13, &other)]), &removed);
    let gone = Change::FieldRemoved { field: "Sig2".into() };
    is_modified(&made.update(&[(4, "<< /Fields [8 0 R 9 0 R] /SigFlags 3 >>")]), &gone);
}

#[test]
fn entries_of_the_catalog_that_act_or_show_may_not_change() {
    for entry in ["OpenAction", "AA", "Names", "Outlines", "PageLabels", "OCProperties", "Perms", "Lang"] {
        let catalog = format!("<< /Type /Catalog /Pages 2 0 R /AcroForm 4 0 R /{entry} << /S /Launch >> >>");
        is_modified(&Made::signed().update(&[(1, &catalog)]), &Change::Catalog { entry: entry.into() });
    }
    let form = "<< /Fields [8 0 R 9 0 R] /SigFlags 3 /XFA (x) >>";
    is_modified(&Made::signed().update(&[(4, form)]), &Change::Form { entry: "XFA".into() });
}

#[test]
fn an_object_that_may_change_in_one_place_may_not_in_another() {
    // The page's resources are the document information, too.
    let page = "<< /Type /Page /Parent 2 0 R /Contents 5 0 R /Resources 11 0 R /Annots [8 0 R 9 0 R] >>";
    let made = Made::signed_with(&[(3, page)], "").update(&[(11, "<< /Font << >> >>")]);
    is_modified(&made, &Change::UsedElsewhere { object: 11 });
}

#[test]
fn objects_may_not_be_freed() {
    let mut made = Made::signed();
    made.pending.push((9, None));
    made.close();
    is_modified(&made, &Change::ObjectRemoved { object: 9 });
}
