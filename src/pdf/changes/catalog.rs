//! The catalog, the document information and the metadata.

use lopdf::Dictionary;

use super::super::history::{entry, number_of};
use super::judge::{Allow, Judge, Verdict};
use super::{Change, compare};

/// Entries of the catalog that other rules look after, or that decide nothing about what is shown.
const EXEMPT: [&str; 6] = ["AcroForm", "DSS", "Extensions", "Metadata", "MarkInfo", "Version"];
/// Most metadata that are looked at, in bytes.
const MAX_METADATA_BYTES: usize = 1 << 20;

/// Compares the catalogs and what the trailers name.
pub(super) fn examine(judge: &Judge, verdict: &mut Verdict) {
    let (Some(old), Some(new)) = (judge.root(judge.base), judge.root(verdict.new)) else {
        verdict.changes.insert(Change::Catalog { entry: "Root".into() });
        return;
    };
    let (Some(old), Some(new)) = (old.dictionary(), new.dictionary()) else {
        verdict.changes.insert(Change::Catalog { entry: "Root".into() });
        return;
    };
    for entry in compare::differing(old, new, &EXEMPT) {
        verdict.changes.insert(Change::Catalog { entry });
    }
    if !["Extensions", "MarkInfo", "Version"]
        .iter()
        .all(|key| judge.same(old.get(key.as_bytes()).ok(), new.get(key.as_bytes()).ok()))
    {
        verdict.changes.insert(Change::Declarations);
    }
    for key in [&["Extensions"], &["MarkInfo"]] {
        if judge.follow(verdict, key, Some(old), new).is_err() {
            verdict.changes.insert(Change::Catalog { entry: key.concat() });
        }
    }
    trailers(judge, verdict);
    metadata(judge, verdict, old, new);
}

fn trailers(judge: &Judge, verdict: &mut Verdict) {
    let revisions = &judge.history.revisions;
    let (Some(old), Some(new)) = (revisions.get(judge.base), revisions.get(verdict.new)) else { return };
    let (old, new) = (&old.trailer, &new.trailer);
    if !judge.same(old.get(b"Encrypt").ok(), new.get(b"Encrypt").ok()) {
        verdict.changes.insert(Change::Encryption);
    }
    let root = number_of(entry(new, b"Root"));
    if let Some(root) = root {
        if number_of(entry(old, b"Root")) == Some(root) {
            // Entry by entry it was compared, so whoever refers to it sees nothing new.
            verdict.approve(root, Allow::Anywhere);
        } else if !judge.is_new(root) {
            verdict.changes.insert(Change::Catalog { entry: "Root".into() });
        }
    }
    let Some(info) = number_of(entry(new, b"Info")) else { return };
    let is_stream = judge.history.get(verdict.new, info).is_some_and(|info| info.is_stream());
    if number_of(entry(old, b"Info")) == Some(info) && !is_stream {
        // Only the trailer may mean it.
        verdict.approve(info, Allow::Under(&[]));
        if !judge.history.same(info, judge.base, verdict.new) {
            verdict.changes.insert(Change::Metadata);
        }
    } else if judge.is_new(info) {
        verdict.changes.insert(Change::Metadata);
    } else {
        verdict.changes.insert(Change::ObjectReplaced { object: info });
    }
}

/// XMP may change, as long as it is XMP. The number of its stream may stay: nobody else may refer to it.
fn metadata(judge: &Judge, verdict: &mut Verdict, old: &Dictionary, new: &Dictionary) {
    let Ok(value) = new.get(b"Metadata") else {
        if old.has(b"Metadata") {
            verdict.changes.insert(Change::Metadata);
        }
        return;
    };
    let before = number_of(entry(old, b"Metadata"));
    let Some(number) = number_of(Some(value)) else {
        verdict.changes.insert(Change::MetadataMalformed);
        return;
    };
    if before == Some(number) && judge.history.same(number, judge.base, verdict.new) {
        return;
    }
    if (before != Some(number) && !judge.is_new(number)) || !is_xmp(judge, verdict.new, number) {
        verdict.changes.insert(Change::MetadataMalformed);
        return;
    }
    verdict.approve(number, Allow::Under(&["Metadata"]));
    verdict.changes.insert(Change::Metadata);
}

/// Whether the stream is an XMP packet (ISO 16684-1) without entities of its own.
fn is_xmp(judge: &Judge, revision: usize, number: u32) -> bool {
    let Some(data) = judge.history.unpacked(revision, number) else { return false };
    let has = |needle: &[u8]| memchr::memmem::find(&data, needle).is_some();
    data.len() <= MAX_METADATA_BYTES
        && std::str::from_utf8(&data).is_ok()
        && has(b"xmpmeta")
        && has(b"adobe:ns:meta/")
        && !has(b"<!ENTITY")
        && !has(b"<!DOCTYPE")
        && data.trim_ascii().ends_with(b">")
}
