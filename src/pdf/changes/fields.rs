//! Fields: added, filled in, signed.

use std::rc::Rc;

use lopdf::{Dictionary, Object, decode_text_string};

use super::super::history::{Parsed, entry, number_of};
use super::form::Field;
use super::judge::{Allow, Judge, Verdict};
use super::{Change, compare};

/// Entries of a field that may always change.
const HARMLESS: [&str; 2] = ["Ff", "Type"];
/// Entries of a field that filling it in may change.
const VALUE: [&str; 8] = ["Ff", "Type", "AP", "AS", "V", "F", "DA", "Q"];
/// Where a field may be referred to.
const PLACES: &[&str] =
    &["Fields", "Kids", "Annots", "Parent", "Obj", "CO", "Nums", "K", "Popup", "IRT", "Data"];

/// Compares the fields; `None` when there are too many.
pub(super) fn examine(judge: &Judge, verdict: &mut Verdict) -> Option<()> {
    let (new, old) = (judge.forms.of(judge.history, verdict.new)?, &judge.form);
    if new.broken && !old.broken {
        verdict.changes.insert(Change::Form { entry: "Fields".into() });
    }
    for name in &new.twice {
        verdict.changes.insert(Change::FieldTwice { field: name.clone() });
    }
    for name in old.fields.keys().filter(|name| !new.fields.contains_key(*name)) {
        verdict.changes.insert(Change::FieldRemoved { field: name.clone() });
    }
    for (name, field) in &new.fields {
        if !judge.history.spend(1) {
            return None;
        }
        let is_signature = field.kind.as_deref() == Some(b"Sig");
        match old.fields.get(name) {
            Some(before) if before.kind != field.kind => {
                verdict.changes.insert(Change::FieldChanged { field: name.clone() });
            }
            Some(before) if is_signature => signature_field(judge, verdict, name, before, field),
            Some(before) => other_field(judge, verdict, name, before, field),
            None if is_signature => new_signature_field(judge, verdict, name, field),
            None => {
                verdict.changes.insert(Change::FieldAdded { field: name.clone() });
            }
        }
    }
    Some(())
}

fn new_signature_field(judge: &Judge, verdict: &mut Verdict, name: &str, field: &Field) {
    let Some(dictionary) = field.parsed.dictionary() else { return };
    let visible = is_visible(judge, verdict.new, dictionary);
    if visible && judge.certified {
        verdict.changes.insert(Change::FieldAfterCertification { field: name.to_owned() });
    }
    if visible {
        lock_check(judge, verdict, name);
        verdict.changes.insert(Change::VisibleSignatureField { field: name.to_owned() });
    } else {
        verdict.changes.insert(Change::EmptySignatureField { field: name.to_owned() });
    }
    verdict.widgets.insert(field.number, name.to_owned());
    if let Some(kids) = judge.history.value(verdict.new, dictionary, b"Kids") {
        for kid in kids.object.as_array().into_iter().flatten() {
            verdict.widgets.extend(number_of(Some(kid)).map(|number| (number, name.to_owned())));
        }
    }
    signed(judge, verdict, name, dictionary);
}

/// Whether a new annotation is a signed field that the form does not list, though under a name of its own; then it is judged
/// as the others are. `pdf::signatures` reports it as well.
pub(super) fn unlisted(judge: &Judge, verdict: &mut Verdict, number: u32) -> bool {
    let Some(parsed) = judge.history.get(verdict.new, number).filter(|_| judge.is_new(number)) else {
        return false;
    };
    let Some(dictionary) = parsed.dictionary() else { return false };
    let is_name = |key: &[u8], name: &[u8]| {
        dictionary.get(key).and_then(Object::as_name).is_ok_and(|found| found == name)
    };
    let name = dictionary.get(b"T").ok().and_then(|name| decode_text_string(name).ok());
    let is_field = is_name(b"Subtype", b"Widget") && is_name(b"FT", b"Sig") && dictionary.has(b"V");
    let listed = judge.forms.of(judge.history, verdict.new);
    match name {
        Some(name) if is_field && listed.is_some_and(|form| !form.fields.contains_key(&name)) => {
            let field = Field { number, kind: Some(b"Sig".to_vec()), parsed };
            new_signature_field(judge, verdict, &name, &field);
            true
        }
        _ => false,
    }
}

fn signature_field(judge: &Judge, verdict: &mut Verdict, name: &str, before: &Field, after: &Field) {
    let (Some(old), Some(new)) = (before.parsed.dictionary(), after.parsed.dictionary()) else { return };
    if before.number != after.number {
        verdict.changes.insert(Change::FieldChanged { field: name.to_owned() });
    }
    let was_signed = judge.history.value(judge.base, old, b"V").is_some();
    let is_signed = judge.history.value(verdict.new, new, b"V").is_some();
    if was_signed && !is_signed {
        verdict.changes.insert(Change::SignatureRemoved { field: name.to_owned() });
        return;
    }
    let only_harmless = compare::differing(old, new, &HARMLESS).is_empty() && same_type(old, new);
    if was_signed || !is_signed {
        // A signed field stays as it is, flags aside; so does an empty one. Else the object is unexplained.
        if only_harmless {
            verdict.approve(after.number, Allow::Under(PLACES));
        }
        return;
    }
    if !compare::differing(old, new, &VALUE).is_empty() || !same_type(old, new) {
        verdict.changes.insert(Change::FieldChanged { field: name.to_owned() });
        return;
    }
    lock_check(judge, verdict, name);
    verdict.approve(after.number, Allow::Under(PLACES));
    appearances(judge, verdict, name, before, after);
    signed(judge, verdict, name, new);
}

/// The value of a field that was not signed before.
fn signed(judge: &Judge, verdict: &mut Verdict, name: &str, field: &Dictionary) {
    let Ok(value) = field.get(b"V") else { return };
    let number = number_of(Some(value));
    let value = judge.history.resolve(verdict.new, value);
    let (Some(number), Some(Object::Dictionary(signature))) =
        (number, value.as_ref().map(|value| &value.object))
    else {
        verdict.changes.insert(Change::FieldChanged { field: name.to_owned() });
        return;
    };
    if !judge.is_new(number) {
        // An object that was there, unused, when the document was signed.
        verdict.changes.insert(Change::SignatureReplaced { object: number });
    }
    if signature.has_type(b"DocTimeStamp") && !is_visible(judge, verdict.new, field) {
        verdict.changes.remove(&Change::EmptySignatureField { field: name.to_owned() });
        verdict.changes.insert(Change::Timestamp { field: name.to_owned() });
    } else {
        lock_check(judge, verdict, name);
        verdict.changes.remove(&Change::EmptySignatureField { field: name.to_owned() });
        verdict.changes.insert(Change::Signature { field: name.to_owned() });
    }
}

fn other_field(judge: &Judge, verdict: &mut Verdict, name: &str, before: &Field, after: &Field) {
    let (Some(old), Some(new)) = (before.parsed.dictionary(), after.parsed.dictionary()) else { return };
    if before.number != after.number
        || !compare::differing(old, new, &VALUE).is_empty()
        || !same_type(old, new)
    {
        verdict.changes.insert(Change::FieldChanged { field: name.to_owned() });
        return;
    }
    let changed = compare::differing(old, new, &HARMLESS);
    if changed.is_empty()
        && judge.same(old.get(b"Ff").ok(), new.get(b"Ff").ok())
        && !moved(judge, verdict, old)
    {
        return;
    }
    if !changed.is_empty() {
        lock_check(judge, verdict, name);
    }
    let value_changed =
        changed.iter().any(|key| key == "V" || key == "AS") || moved_value(judge, verdict, old);
    verdict.approve(after.number, Allow::Under(PLACES));
    if let Some(number) = number_of(entry(new, b"V")) {
        verdict.approve(number, Allow::Inside(vec![after.number]));
    }
    // A new look for the old value would show what nobody filled in.
    if value_changed || !old.has(b"AP") {
        appearances(judge, verdict, name, before, after);
        verdict.changes.insert(Change::FormField { field: name.to_owned() });
    } else if changed.iter().any(|key| key == "AP") || moved(judge, verdict, old) {
        verdict.changes.insert(Change::Appearance { object: after.number });
    } else {
        verdict.changes.insert(Change::FormField { field: name.to_owned() });
    }
}

/// Whether the value is an object of its own and was written anew.
fn moved_value(judge: &Judge, verdict: &Verdict, old: &Dictionary) -> bool {
    number_of(entry(old, b"V")).is_some_and(|number| !judge.history.same(number, judge.base, verdict.new))
}

/// Whether appearance or value, as objects of their own, were written anew.
fn moved(judge: &Judge, verdict: &Verdict, old: &Dictionary) -> bool {
    let changed = |number: u32| !judge.history.same(number, judge.base, verdict.new);
    let streams = appearance_streams(judge, judge.base, old);
    moved_value(judge, verdict, old)
        || number_of(entry(old, b"AP")).is_some_and(changed)
        || streams.into_iter().any(changed)
}

/// Lets the appearance change: its dictionary, and streams that nothing else shows.
fn appearances(judge: &Judge, verdict: &mut Verdict, name: &str, before: &Field, after: &Field) {
    let (Some(old), Some(new)) = (before.parsed.dictionary(), after.parsed.dictionary()) else { return };
    let Ok((_, value)) = judge.follow(verdict, &["AP"], Some(old), new) else {
        if new.has(b"AP") {
            verdict.changes.insert(Change::FieldChanged { field: name.to_owned() });
        }
        return;
    };
    if value.is_some_and(|value| !matches!(value.object, Object::Dictionary(_))) {
        verdict.changes.insert(Change::FieldChanged { field: name.to_owned() });
    }
    let mut places = vec![before.number];
    // A dictionary that the document uses elsewhere, too, shows its streams there.
    places.extend(number_of(entry(old, b"AP")).filter(|number| judge.belongs_to(*number, before.number)));
    for number in appearance_streams(judge, verdict.new, new) {
        verdict.approve(number, Allow::Inside(places.clone()));
    }
}

/// Numbers of the appearance streams of a field or widget: `/N`, `/R`, `/D`, or their states.
fn appearance_streams(judge: &Judge, revision: usize, field: &Dictionary) -> Vec<u32> {
    let Some(appearance) = judge.history.value(revision, field, b"AP") else { return Vec::new() };
    appearance.uses().iter().map(|used| used.number).collect()
}

fn lock_check(judge: &Judge, verdict: &mut Verdict, name: &str) {
    if judge.lock.as_ref().is_some_and(|lock| lock.covers(name)) {
        verdict.changes.insert(Change::FieldLocked { field: name.to_owned() });
    }
}

/// `/Type` may be added as `/Annot`, and otherwise stays.
fn same_type(old: &Dictionary, new: &Dictionary) -> bool {
    match (old.get(b"Type"), new.get(b"Type")) {
        (Ok(old), Ok(new)) => compare::same(old, new),
        (Err(_), Ok(new)) => new.as_name().is_ok_and(|name| name == b"Annot"),
        (old, Err(_)) => old.is_err(),
    }
}

/// Whether the field, or one of its widgets, takes room on a page.
fn is_visible(judge: &Judge, revision: usize, field: &Dictionary) -> bool {
    let has_area = |dictionary: &Dictionary| {
        let rectangle = judge.history.value(revision, dictionary, b"Rect");
        let numbers: Vec<f32> = rectangle
            .iter()
            .flat_map(|rectangle| rectangle.object.as_array().into_iter().flatten())
            .filter_map(|number| judge.history.resolve(revision, number)?.object.as_float().ok())
            .collect();
        matches!(*numbers, [x1, y1, x2, y2] if (x1 - x2) * (y1 - y2) != 0.0)
    };
    let kid_has_area = |kid: &Object| {
        let kid: Option<Rc<Parsed>> = judge.history.resolve(revision, kid);
        kid.is_some_and(|kid| kid.dictionary().is_some_and(has_area))
    };
    has_area(field)
        || judge
            .history
            .value(revision, field, b"Kids")
            .is_some_and(|kids| kids.object.as_array().is_ok_and(|kids| kids.iter().any(kid_has_area)))
}
