//! The document security store (ISO 32000-2, 12.8.4.3): it may grow and be pruned, and hold nothing else.

use lopdf::{Dictionary, Object};

use super::super::history::{entry, number_of};
use super::judge::{Allow, Judge, Verdict};
use super::{Change, compare};

const STORE_KEYS: [&str; 5] = ["Type", "VRI", "Certs", "CRLs", "OCSPs"];
const STORE_LISTS: [&[&str]; 3] = [&["Certs"], &["CRLs"], &["OCSPs"]];
const VRI_KEYS: [&str; 6] = ["Type", "TU", "TS", "Cert", "CRL", "OCSP"];
const VRI_LISTS: [&[&str]; 3] = [&["Cert"], &["CRL"], &["OCSP"]];

/// Compares the stores.
pub(super) fn examine(judge: &Judge, verdict: &mut Verdict) {
    let (Some(old), Some(new)) = (judge.root(judge.base), judge.root(verdict.new)) else { return };
    let (Some(old), Some(new)) = (old.dictionary(), new.dictionary()) else { return };
    if !new.has(b"DSS") && !old.has(b"DSS") {
        return;
    }
    let changed = match judge.follow(verdict, &["DSS"], Some(old), new) {
        Ok((_, None)) => return,
        Ok((old, Some(new))) => match &new.object {
            Object::Dictionary(new) => {
                store(judge, verdict, old.as_ref().and_then(|old| old.dictionary()), new)
            }
            _ => None,
        },
        Err(()) => None,
    };
    match changed {
        Some(true) => verdict.changes.insert(Change::SecurityStore),
        Some(false) => false,
        None => verdict.changes.insert(Change::SecurityStoreMalformed),
    };
}

/// Whether the store changed; `None` if it is no longer one.
fn store(judge: &Judge, verdict: &mut Verdict, old: Option<&Dictionary>, new: &Dictionary) -> Option<bool> {
    if !only(new, &STORE_KEYS) {
        return None;
    }
    let mut changed = old.is_none_or(|old| !compare::differing(old, new, &[]).is_empty());
    for key in STORE_LISTS {
        changed |= list(judge, verdict, key, old, new)?;
    }
    Some(changed | about_signatures(judge, verdict, old, new)?)
}

/// Whether what the store keeps for each signature changed; `None` if something else is among it. Signers write an entry anew
/// whenever they add data for its signature, and drop entries, as they do with the lists.
fn about_signatures(
    judge: &Judge,
    verdict: &mut Verdict,
    old: Option<&Dictionary>,
    new: &Dictionary,
) -> Option<bool> {
    if !new.has(b"VRI") {
        return Some(old.is_some_and(|old| old.has(b"VRI")));
    }
    let (old_vri, new_vri) = judge.follow(verdict, &["VRI"], old, new).ok()?;
    let new_vri = new_vri?;
    let Object::Dictionary(new_vri) = &new_vri.object else { return None };
    let old_vri = old_vri.as_ref().and_then(|old| old.dictionary());
    let mut changed = old_vri.is_some_and(|old| old.iter().any(|(key, _)| !new_vri.has(key)));
    for (key, value) in new_vri.iter() {
        let before = old_vri.and_then(|old| old.get(key).ok());
        let number = number_of(Some(value));
        let untouched = number.is_none_or(|number| judge.history.same(number, judge.base, verdict.new));
        if judge.same(before, Some(value)) && untouched {
            continue;
        }
        changed = true;
        if !is_digest(key) {
            return None;
        }
        about_one(judge, verdict, before, value)?;
    }
    Some(changed)
}

/// Checks an entry that is new or was written anew.
fn about_one(judge: &Judge, verdict: &mut Verdict, before: Option<&Object>, value: &Object) -> Option<()> {
    let number = number_of(Some(value));
    if let Some(number) = number {
        if number_of(before) == Some(number) {
            verdict.approve(number, Allow::Inside(holders(judge)));
        } else if !judge.is_new(number) {
            return None;
        }
    }
    let before = before.and_then(|before| judge.history.resolve(judge.base, before));
    let before = before.as_ref().and_then(|before| before.dictionary());
    let entry = judge.history.resolve(verdict.new, value)?;
    let Object::Dictionary(entry) = &entry.object else { return None };
    if !only(entry, &VRI_KEYS) {
        return None;
    }
    for key in VRI_LISTS {
        list(judge, verdict, key, before, entry)?;
    }
    Some(())
}

/// Objects of the signed revision that hold the entries: the list of them, else the store, else the catalog.
fn holders(judge: &Judge) -> Vec<u32> {
    let root = judge.root(judge.base);
    let trailer = judge.history.revisions.get(judge.base).map(|revision| &revision.trailer);
    let in_trailer = || number_of(entry(trailer?, b"Root"));
    let in_root = || number_of(entry(root.as_ref()?.dictionary()?, b"DSS"));
    let in_store = || {
        let store = judge.history.value(judge.base, root.as_ref()?.dictionary()?, b"DSS")?;
        number_of(entry(store.dictionary()?, b"VRI"))
    };
    in_store().or_else(in_root).or_else(in_trailer).into_iter().collect()
}

/// The name of an entry: the signature's SHA-1 in capital letters (table 262). Some signers use another digest, or small ones.
fn is_digest(key: &[u8]) -> bool {
    (40..=128).contains(&key.len()) && key.iter().all(u8::is_ascii_hexdigit)
}

/// Whether a list of streams changed; `None` if it is no such list.
fn list(
    judge: &Judge,
    verdict: &mut Verdict,
    key: &'static [&'static str],
    old: Option<&Dictionary>,
    new: &Dictionary,
) -> Option<bool> {
    let name = key.first()?.as_bytes();
    if !new.has(name) {
        return Some(old.is_some_and(|old| old.has(name)));
    }
    let (before, after) = judge.follow(verdict, key, old, new).ok()?;
    let after = after?;
    let items = after.object.as_array().ok()?;
    let all_streams = items.iter().all(|item| {
        number_of(Some(item))
            .and_then(|number| judge.history.get(verdict.new, number))
            .is_some_and(|item| item.is_stream())
    });
    if !all_streams || !judge.history.spend(items.len()) {
        return None;
    }
    Some(!judge.same(before.as_ref().map(|before| &before.object), Some(&after.object)))
}

fn only(dictionary: &Dictionary, keys: &[&str]) -> bool {
    dictionary.iter().all(|(key, _)| keys.iter().any(|allowed| allowed.as_bytes() == key.as_slice()))
}
