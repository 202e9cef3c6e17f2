//! Pages: new signature fields may be put on them, and, with P = 3, comments.

use std::collections::BTreeSet;

use lopdf::{Dictionary, Object};

use super::super::history::{entry, number_of};
use super::judge::{Allow, Judge, Verdict};
use super::{Change, compare, fields};

/// Kinds of annotations that are comments (ISO 32000-2, table 171, "markup").
const COMMENTS: [&[u8]; 14] = [
    b"Text",
    b"FreeText",
    b"Line",
    b"Square",
    b"Circle",
    b"Polygon",
    b"PolyLine",
    b"Highlight",
    b"Underline",
    b"Squiggly",
    b"StrikeOut",
    b"Caret",
    b"Ink",
    b"Popup",
];

/// Looks at one object that was written over, in case it is a page or the list of a page's annotations.
pub(super) fn examine(judge: &Judge, verdict: &mut Verdict, number: u32) {
    let (Some(old), Some(new)) =
        (judge.history.get(judge.base, number), judge.history.get(verdict.new, number))
    else {
        return;
    };
    let allow = match (&old.object, &new.object) {
        (Object::Dictionary(old), Object::Dictionary(new)) if old.has_type(b"Page") => {
            let same = compare::differing(old, new, &["Annots"]).is_empty();
            (same && annotations(judge, verdict, old, new)).then_some(Allow::Anywhere)
        }
        (Object::Array(old), Object::Array(new)) if is_annotation_list(judge, number) => {
            lists(judge, verdict, old, new).then_some(Allow::Under(&["Annots"]))
        }
        _ => None,
    };
    if let Some(allow) = allow {
        verdict.approve(number, allow);
    }
}

/// Whether the object is used as a list of annotations and nothing else.
fn is_annotation_list(judge: &Judge, number: u32) -> bool {
    let mut users = judge.users_of(number).peekable();
    users.peek().is_some() && users.all(|(_, key)| *key == *b"Annots")
}

fn annotations(judge: &Judge, verdict: &mut Verdict, old: &Dictionary, new: &Dictionary) -> bool {
    let before = judge.history.value(judge.base, old, b"Annots");
    let after = judge.history.value(verdict.new, new, b"Annots");
    let empty: &[Object] = &[];
    let before = before.as_ref().map_or(Ok(empty), |list| list.object.as_array().map(Vec::as_slice));
    let after = after.as_ref().map_or(Ok(empty), |list| list.object.as_array().map(Vec::as_slice));
    // A list of its own must keep its number or get a new one.
    let number = number_of(entry(new, b"Annots"));
    let moved = number.is_some_and(|n| number_of(entry(old, b"Annots")) != Some(n) && !judge.is_new(n));
    match (before, after) {
        (Ok(before), Ok(after)) if !moved => lists(judge, verdict, before, after),
        _ => false,
    }
}

/// Whether a list of annotations only got what it may get. Says what it got otherwise.
fn lists(judge: &Judge, verdict: &mut Verdict, old: &[Object], new: &[Object]) -> bool {
    let numbers = |list: &[Object]| -> Option<BTreeSet<u32>> {
        list.iter().map(|item| number_of(Some(item))).collect()
    };
    let (Some(old), Some(new)) = (numbers(old), numbers(new)) else { return false };
    for &object in old.difference(&new) {
        verdict.changes.insert(Change::AnnotationRemoved { object });
    }
    for &object in new.difference(&old) {
        if verdict.widgets.contains_key(&object) || fields::unlisted(judge, verdict, object) {
            continue;
        }
        let comment =
            judge.permits_comments && judge.is_new(object) && is_comment(judge, verdict.new, object);
        verdict.changes.insert(match comment {
            true => Change::Annotation { object },
            false => Change::AnnotationAdded { object },
        });
    }
    true
}

fn is_comment(judge: &Judge, revision: usize, number: u32) -> bool {
    let Some(annotation) = judge.history.get(revision, number) else { return false };
    let Some(dictionary) = annotation.dictionary() else { return false };
    let kind = dictionary.get(b"Subtype").and_then(Object::as_name);
    kind.is_ok_and(|kind| COMMENTS.contains(&kind)) && !dictionary.has(b"A") && !dictionary.has(b"AA")
}
