//! Saying what an object is that was replaced without leave.

use std::rc::Rc;

use lopdf::{Dictionary, Object};

use super::Change;
use super::judge::Judge;

/// Names what was replaced, by what it was in the signed revision and who referred to it.
pub(super) fn replaced(judge: &Judge, new: usize, object: u32) -> Change {
    let parsed = judge.history.get(judge.base, object);
    let empty = Dictionary::new();
    let dictionary = parsed.as_ref().and_then(|parsed| parsed.dictionary()).unwrap_or(&empty);
    let keys: Vec<Rc<[u8]>> = judge.users_of(object).map(|(_, key)| key).collect();
    let used_as = |wanted: &[&[u8]]| keys.iter().any(|key| wanted.contains(&&**key));
    let subtype = dictionary.get(b"Subtype").and_then(Object::as_name).unwrap_or_default();
    if dictionary.has(b"ByteRange") || dictionary.has_type(b"Sig") || dictionary.has_type(b"DocTimeStamp") {
        return Change::SignatureReplaced { object };
    }
    if dictionary.has_type(b"Pages") {
        return Change::PageTree { object };
    }
    if dictionary.has_type(b"Page") {
        return Change::Page { object };
    }
    if let Some(field) = field_name(judge, object) {
        return Change::FieldChanged { field };
    }
    if used_as(&[b"Annots"]) || subtype == b"Widget" {
        return Change::AnnotationChanged { object };
    }
    if dictionary.has_type(b"Font") || dictionary.has_type(b"FontDescriptor") || used_as(&FONT_KEYS) {
        return Change::Font { object };
    }
    if used_as(&[b"N", b"R", b"D", b"AP"]) {
        return Change::Appearance { object };
    }
    let in_page = |user: u32| {
        judge
            .history
            .get(judge.base, user)
            .is_some_and(|user| user.dictionary().is_some_and(|page| page.has_type(b"Page")))
    };
    if judge.users_of(object).any(|(user, key)| *key == *b"Contents" && in_page(user))
        || in_contents(judge, object)
    {
        return Change::PageContent { object };
    }
    if used_as(&RESOURCE_KEYS) || subtype == b"Image" || subtype == b"Form" {
        return Change::Resources { object };
    }
    if judge.root(new).is_some()
        && used_as(&[b"Outlines", b"Names", b"OpenAction", b"AA", b"Perms", b"OCProperties"])
    {
        let entry = keys.first().map(|key| String::from_utf8_lossy(key).into_owned()).unwrap_or_default();
        return Change::Catalog { entry };
    }
    Change::ObjectReplaced { object }
}

const FONT_KEYS: [&[u8]; 7] =
    [b"FontFile", b"FontFile2", b"FontFile3", b"FontDescriptor", b"DescendantFonts", b"ToUnicode", b"Font"];
const RESOURCE_KEYS: [&[u8]; 8] =
    [b"Resources", b"XObject", b"ExtGState", b"ColorSpace", b"Pattern", b"Shading", b"Properties", b"SMask"];

/// Whether the object is one of the pieces in a list of page contents.
fn in_contents(judge: &Judge, object: u32) -> bool {
    judge
        .users_of(object)
        .any(|(list, key)| key.is_empty() && judge.users_of(list).any(|(_, key)| *key == *b"Contents"))
}

fn field_name(judge: &Judge, object: u32) -> Option<String> {
    judge.form.fields.iter().find(|(_, field)| field.number == object).map(|(name, _)| name.clone())
}
