//! The form as a whole, and the list of its fields.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use lopdf::{Dictionary, Object, decode_text_string};

use super::super::history::{History, Parsed, entry, number_of};
use super::super::limits::MAX_FIELDS;
use super::judge::{Allow, Judge, Verdict};
use super::{Change, compare};

/// Entries of the form that filling it in may change.
const EXEMPT: [&str; 5] = ["Fields", "DR", "DA", "Q", "NeedAppearances"];

/// A field of the form.
#[derive(Clone)]
pub(in super::super) struct Field {
    pub number: u32,
    /// `/FT`, its own or inherited.
    pub kind: Option<Vec<u8>>,
    pub parsed: Rc<Parsed>,
}

/// The fields by their full names.
#[derive(Default)]
pub(in super::super) struct Form {
    pub fields: BTreeMap<String, Field>,
    /// Full names that two fields share.
    pub twice: Vec<String>,
    /// Entries of field lists that are no fields.
    pub broken: bool,
}

/// The forms of revisions, each listed once for all signatures.
#[derive(Default)]
pub(in super::super) struct Forms(RefCell<BTreeMap<usize, Option<Rc<Form>>>>);

impl Forms {
    /// The form of `revision`; `None` when it has too many fields.
    pub(super) fn of(&self, history: &History, revision: usize) -> Option<Rc<Form>> {
        if let Some(known) = self.0.borrow().get(&revision) {
            return known.clone();
        }
        let form = list(history, revision).map(Rc::new);
        self.0.borrow_mut().insert(revision, form.clone());
        form
    }
}

/// Lists the fields of `revision`; `None` when there are too many.
fn list(history: &History, revision: usize) -> Option<Form> {
    let mut form = Form::default();
    let trailer = history.revisions.get(revision).map(|revision| &revision.trailer);
    let root = trailer.and_then(|trailer| history.value(revision, trailer, b"Root"));
    let fields = root
        .as_ref()
        .and_then(|root| history.value(revision, root.dictionary()?, b"AcroForm"))
        .and_then(|form| history.value(revision, form.dictionary()?, b"Fields"));
    let Some(fields) = fields else { return Some(form) };
    let mut stack = vec![(fields, String::new(), None)];
    let mut seen = HashSet::new();
    while let Some((list, prefix, inherited)) = stack.pop() {
        let Ok(items) = list.object.as_array() else {
            form.broken = true;
            continue;
        };
        if !history.spend(items.len()) || form.fields.len() > MAX_FIELDS {
            return None;
        }
        for item in items {
            let field =
                number_of(Some(item)).and_then(|number| Some((number, history.get(revision, number)?)));
            let Some((number, parsed)) = field else {
                form.broken = true;
                continue;
            };
            let Object::Dictionary(dictionary) = &parsed.object else {
                form.broken = true;
                continue;
            };
            // Without a name it is a widget of the field above.
            let Some(name) = dictionary.get(b"T").ok().and_then(|name| decode_text_string(name).ok()) else {
                continue;
            };
            let full = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
            if full.len() > 4096 || !seen.insert((number, full.clone())) {
                continue;
            }
            let own = history.value(revision, dictionary, b"FT");
            let kind =
                own.and_then(|kind| kind.object.as_name().ok().map(<[u8]>::to_vec)).or(inherited.clone());
            if let Some(kids) = history.value(revision, dictionary, b"Kids") {
                stack.push((kids, full.clone(), kind.clone()));
            }
            if form.fields.insert(full.clone(), Field { number, kind, parsed: Rc::clone(&parsed) }).is_some()
            {
                form.twice.push(full);
            }
        }
    }
    Some(form)
}

/// Compares what is not a field.
pub(super) fn examine(judge: &Judge, verdict: &mut Verdict) {
    let (Some(old), Some(new)) = (judge.root(judge.base), judge.root(verdict.new)) else { return };
    let (Some(old), Some(new)) = (old.dictionary(), new.dictionary()) else { return };
    let Ok((Some(old), Some(new))) = judge.follow(verdict, &["AcroForm"], Some(old), new) else {
        verdict.changes.insert(Change::Catalog { entry: "AcroForm".into() });
        return;
    };
    let (Object::Dictionary(old), Object::Dictionary(new)) = (&old.object, &new.object) else {
        verdict.changes.insert(Change::Catalog { entry: "AcroForm".into() });
        return;
    };
    for entry in compare::differing(old, new, &EXEMPT) {
        verdict.changes.insert(Change::Form { entry });
    }
    if judge.follow(verdict, &["Fields"], Some(old), new).is_err() {
        verdict.changes.insert(Change::Form { entry: "Fields".into() });
    }
    match judge.follow(verdict, &["DR"], Some(old), new) {
        Ok((before, Some(after))) => {
            let before = before.as_ref().map(|before| &before.object);
            if !judge.same(before, Some(&after.object)) {
                verdict.changes.insert(Change::FormResources);
            }
            resources(judge, verdict, old, new);
        }
        Ok((_, None)) => {}
        Err(()) => {
            verdict.changes.insert(Change::Form { entry: "DR".into() });
        }
    }
}

/// Lists of resources that are objects of their own may get more entries, and lose or change none, if they are the form's alone:
/// a page that shares one could name what is added, and show something else from then on.
fn resources(judge: &Judge, verdict: &mut Verdict, old: &Dictionary, new: &Dictionary) {
    let places = places(judge, old);
    let kinds = |form: &Dictionary, revision| judge.history.value(revision, form, b"DR");
    let (Some(old), Some(new)) = (kinds(old, judge.base), kinds(new, verdict.new)) else { return };
    let (Some(old), Some(new)) = (old.dictionary(), new.dictionary()) else { return };
    for (key, value) in new.iter() {
        let Some(number) = number_of(Some(value)) else { continue };
        if number_of(entry(old, key)) != Some(number) {
            continue;
        }
        let (before, after) = (judge.history.get(judge.base, number), judge.history.get(verdict.new, number));
        let (Some(before), Some(after)) = (before, after) else { continue };
        let (Object::Dictionary(before), Object::Dictionary(after)) = (&before.object, &after.object) else {
            continue;
        };
        if before.iter().all(|(key, value)| judge.same(Some(value), after.get(key).ok())) {
            verdict.approve(number, Allow::Inside(places.clone()));
            if before.len() != after.len() {
                verdict.changes.insert(Change::FormResources);
            }
        }
    }
}

/// The object that holds the form's resources: they themselves, else the form, else the catalog.
fn places(judge: &Judge, form: &Dictionary) -> Vec<u32> {
    let root = judge.root(judge.base);
    let in_root = || number_of(entry(root.as_ref()?.dictionary()?, b"AcroForm"));
    let trailer = judge.history.revisions.get(judge.base).map(|revision| &revision.trailer);
    let in_trailer = || number_of(entry(trailer?, b"Root"));
    number_of(entry(form, b"DR")).or_else(in_root).or_else(in_trailer).into_iter().collect()
}
