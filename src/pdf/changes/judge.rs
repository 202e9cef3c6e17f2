//! One signed revision held against the revisions after it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use lopdf::{Dictionary, Object};

use super::super::history::{History, Parsed, entry, number_of};
use super::super::signed::FieldLock;
use super::form::{Form, Forms};
use super::{Change, catalog, compare, describe, fields, form, pages, security_store};

/// Where an object that may change may be used in the signed revision.
pub(super) enum Allow {
    /// Wherever it is used.
    Anywhere,
    /// Only under these keys.
    Under(&'static [&'static str]),
    /// Only inside these objects.
    Inside(Vec<u32>),
}

/// The question: what did revisions after `base` do, given what the signature permits?
pub(in super::super) struct Judge<'h, 'a> {
    pub(super) history: &'h History<'a>,
    pub(super) base: usize,
    pub(super) certified: bool,
    pub(super) permits_comments: bool,
    pub(super) lock: Option<FieldLock>,
    pub(super) forms: &'h Forms,
    /// Of the signed revision.
    pub(super) form: Rc<Form>,
    users: Users,
}

/// Who refers to an object: its number, that of the referrer, and the place among its references; in order. Most files need
/// to know of hardly any object, so this is made without a table for each.
struct Users(Vec<(u32, u32, usize)>);

impl Users {
    fn new(mut all: Vec<(u32, u32, usize)>) -> Self {
        all.sort_unstable();
        Self(all)
    }

    fn of(&self, number: u32) -> &[(u32, u32, usize)] {
        let start = self.0.partition_point(|(used, ..)| *used < number);
        let rest = self.0.get(start..).unwrap_or_default();
        rest.get(..rest.partition_point(|(used, ..)| *used == number)).unwrap_or_default()
    }
}

/// A value in the signed revision and in the later one.
pub(super) type BeforeAndAfter = (Option<Rc<Parsed>>, Option<Rc<Parsed>>);

/// One later revision under scrutiny.
pub(super) struct Verdict {
    pub new: usize,
    pub approved: BTreeMap<u32, Vec<Allow>>,
    pub changes: BTreeSet<Change>,
    /// New signature fields and their widgets, which may be put on pages.
    pub widgets: HashMap<u32, String>,
}

impl<'h, 'a> Judge<'h, 'a> {
    /// Prepares to judge what came after revision `base`; `None` when that is too much work, or the signed
    /// revision itself cannot be read.
    pub fn new(
        history: &'h History<'a>,
        forms: &'h Forms,
        base: usize,
        docmdp: Option<u8>,
        lock: Option<FieldLock>,
    ) -> Option<Self> {
        let mut users = Vec::new();
        for number in history.numbers(base) {
            let spent = history.with_uses(base, number, |uses| {
                // A cross-reference stream refers to catalog and information as a trailer does, not as part of the document.
                if !uses.of_xref_stream {
                    users.extend(uses.iter().enumerate().map(|(place, used)| (used.number, number, place)));
                }
                history.spend(1 + uses.len())
            });
            if spent == Some(false) {
                return None;
            }
        }
        let certified = docmdp.is_some();
        Some(Self {
            history,
            base,
            certified,
            permits_comments: docmdp == Some(3),
            lock,
            forms,
            form: forms.of(history, base)?,
            users: Users::new(users),
        })
    }

    /// What `revision` did; `None` when that is too much work.
    pub fn changes(&self, revision: usize) -> Option<Vec<Change>> {
        let mut verdict = Verdict {
            new: revision,
            approved: BTreeMap::new(),
            changes: BTreeSet::new(),
            widgets: HashMap::new(),
        };
        let candidates = self.candidates(&verdict)?;
        catalog::examine(self, &mut verdict);
        security_store::examine(self, &mut verdict);
        form::examine(self, &mut verdict);
        fields::examine(self, &mut verdict)?;
        for &number in &candidates {
            pages::examine(self, &mut verdict, number);
        }
        for &number in &candidates {
            self.conclude(&mut verdict, number);
        }
        self.history.spend(candidates.len()).then(|| verdict.changes.into_iter().collect())
    }

    /// Whether a change that an earlier revision made, too, was made once more by `revision`.
    pub fn again(&self, change: &Change, revision: usize) -> bool {
        let trailer = self.history.revisions.get(revision).map(|revision| &revision.trailer);
        let root = self.root(revision);
        let in_root = |key: &[u8]| root.as_ref().and_then(|root| number_of(entry(root.dictionary()?, key)));
        let in_it = |number: u32| self.history.last_written(revision, number) == Some(revision);
        let wrote = |number: Option<u32>| number.is_some_and(in_it);
        match change {
            Change::SecurityStore => {
                let store =
                    root.as_ref().and_then(|root| self.history.value(revision, root.dictionary()?, b"DSS"));
                let inside =
                    store.as_ref().is_some_and(|store| store.uses().iter().any(|used| in_it(used.number)));
                wrote(in_root(b"DSS")) || inside
            }
            Change::Metadata => {
                let info = trailer.and_then(|trailer| number_of(entry(trailer, b"Info")));
                wrote(info) || wrote(in_root(b"Metadata"))
            }
            _ => false,
        }
    }

    /// Objects that the signed revision has or refers to, and the new revision wrote over.
    fn candidates(&self, verdict: &Verdict) -> Option<Vec<u32>> {
        let history = self.history;
        let mut candidates = Vec::new();
        for (number, _) in history.written(verdict.new) {
            if !history.spend(1) {
                return None;
            }
            let known = !self.is_new(number) || !self.users.of(number).is_empty();
            if known && !history.same(number, self.base, verdict.new) {
                candidates.push(number);
            }
        }
        Some(candidates)
    }

    /// Names the change if nothing explains it.
    fn conclude(&self, verdict: &mut Verdict, number: u32) {
        let existed = !self.is_new(number);
        let still = self.history.get(verdict.new, number).is_some();
        if existed && !still {
            verdict.changes.insert(Change::ObjectRemoved { object: number });
            return;
        }
        if !existed && !still {
            return;
        }
        match verdict.approved.get(&number) {
            None if existed => {
                verdict.changes.insert(describe::replaced(self, verdict.new, number));
            }
            None => {
                verdict.changes.insert(Change::ObjectSuppliedLater { object: number });
            }
            Some(allowed) => {
                if !self.users_of(number).all(|user| allowed.iter().any(|allow| self.fits(allow, &user))) {
                    verdict.changes.insert(Change::UsedElsewhere { object: number });
                }
            }
        }
    }

    /// Who refers to an object in the signed revision, and under which key.
    pub(super) fn users_of(&self, number: u32) -> impl Iterator<Item = (u32, Rc<[u8]>)> + '_ {
        self.users.of(number).iter().filter_map(|&(_, user, place)| {
            let key = self.history.with_uses(self.base, user, |uses| uses.key_at(place).map(Into::into));
            Some((user, key.flatten()?))
        })
    }

    /// Whether nothing in the signed revision but `owner` refers to an object.
    pub(super) fn belongs_to(&self, number: u32, owner: u32) -> bool {
        let trailer = self.history.revisions.get(self.base).map(|revision| &revision.trailer);
        let named = trailer
            .is_some_and(|trailer| trailer.iter().any(|(_, value)| number_of(Some(value)) == Some(number)));
        !named && self.users.of(number).iter().all(|(_, user, _)| *user == owner)
    }

    fn fits(&self, allow: &Allow, (user, key): &(u32, Rc<[u8]>)) -> bool {
        match allow {
            Allow::Anywhere => true,
            Allow::Inside(places) => places.contains(user),
            // An array that is an object of its own has no key; whoever refers to it has.
            Allow::Under(keys) if key.is_empty() => {
                let mut users = self.users_of(*user).peekable();
                users.peek().is_some() && users.all(|(_, key)| is_one_of(&key, keys))
            }
            Allow::Under(keys) => is_one_of(key, keys),
        }
    }

    /// Whether the number was free in the signed revision: nothing there can mean the new object.
    pub(super) fn is_new(&self, number: u32) -> bool {
        !self.history.exists(self.base, number)
    }

    pub(super) fn root(&self, revision: usize) -> Option<Rc<Parsed>> {
        let trailer = &self.history.revisions.get(revision)?.trailer;
        self.history.value(revision, trailer, b"Root")
    }

    /// The value of `key` in both revisions. If it is an object of its own, that object may change, provided
    /// nothing else was clobbered: it keeps its number, or gets a new one; and it is not a stream.
    ///
    /// # Errors
    /// When the value was removed, or put in the place of some other object.
    pub(super) fn follow(
        &self,
        verdict: &mut Verdict,
        key: &'static [&'static str],
        old: Option<&Dictionary>,
        new: &Dictionary,
    ) -> Result<BeforeAndAfter, ()> {
        let name = key.first().copied().unwrap_or_default().as_bytes();
        let before = old.and_then(|old| self.history.value(self.base, old, name));
        let after = self.history.value(verdict.new, new, name);
        if before.is_some() && after.is_none() {
            return Err(());
        }
        if let Some(number) = number_of(entry(new, name)) {
            let was = old.and_then(|old| number_of(entry(old, name)));
            if was == Some(number) {
                if after.as_ref().is_some_and(|after| after.is_stream()) {
                    return Err(());
                }
                verdict.approve(number, Allow::Under(key));
            } else if !self.is_new(number) {
                return Err(());
            }
        }
        Ok((before, after))
    }

    /// Whether two objects say the same.
    pub(super) fn same(&self, old: Option<&Object>, new: Option<&Object>) -> bool {
        match (old, new) {
            (Some(old), Some(new)) => compare::same(old, new),
            (None, None) => true,
            _ => false,
        }
    }
}

impl Verdict {
    pub fn approve(&mut self, number: u32, allow: Allow) {
        self.approved.entry(number).or_default().push(allow);
    }
}

fn is_one_of(key: &[u8], keys: &[&str]) -> bool {
    keys.iter().any(|allowed| allowed.as_bytes() == key)
}
