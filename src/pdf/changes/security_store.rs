//! The document security store (ISO 32000-2, 12.8.4.3): it may grow and be pruned, and hold nothing else.

use lopdf::{Dictionary, Object};

use super::super::history::number_of;
use super::judge::{Judge, Verdict};
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
    let (old_vri, new_vri) = judge.follow(verdict, &["VRI"], old, new).ok()?;
    let Some(new_vri) = new_vri else { return Some(changed) };
    let Object::Dictionary(new_vri) = &new_vri.object else { return None };
    let old_vri = old_vri.as_ref().and_then(|old| old.dictionary());
    for (key, value) in old_vri.into_iter().flat_map(Dictionary::iter) {
        // What was said about a signature stays said.
        if !judge.same(Some(value), new_vri.get(key).ok()) {
            return None;
        }
    }
    for (key, value) in new_vri.iter().filter(|(key, _)| old_vri.is_none_or(|old| !old.has(key))) {
        changed = true;
        if !(key.len() == 40 && key.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())) {
            return None;
        }
        let entry = judge.history.resolve(verdict.new, value)?;
        let Object::Dictionary(entry) = &entry.object else { return None };
        if !only(entry, &VRI_KEYS) || number_of(Some(value)).is_some_and(|number| !judge.is_new(number)) {
            return None;
        }
        for key in VRI_LISTS {
            list(judge, verdict, key, None, entry)?;
        }
    }
    Some(changed)
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
