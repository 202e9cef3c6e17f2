//! Collecting the document security store (ISO 32000-2, 12.8.4.3).

use std::collections::BTreeSet;

use lopdf::{Dictionary, Document, Object, decode_text_string};

use super::history::{History, number_of};
use super::limits::{self, MAX_EVIDENCE_BYTES, MAX_UNPACKED_BYTES};
use super::signed::{Dss, Vri};

/// Items collected: contracts have some dozens of a few kilobytes each.
const MAX_ITEMS: usize = 4096;

/// Where objects come from.
pub(super) trait Source {
    /// The object that `object` refers to, or is.
    fn object(&self, object: &Object) -> Option<Object>;
    /// The unpacked data of the stream that `object` refers to.
    fn data(&self, object: &Object) -> Option<Vec<u8>>;
}

/// The newest revision of a history.
impl Source for History<'_> {
    fn object(&self, object: &Object) -> Option<Object> {
        self.resolve(self.last(), object).map(|parsed| parsed.object.clone())
    }

    fn data(&self, object: &Object) -> Option<Vec<u8>> {
        self.evidence(self.last(), number_of(Some(object))?)
    }
}

/// A document that could only be read by repairing it.
impl Source for Document {
    fn object(&self, object: &Object) -> Option<Object> {
        Some(self.dereference(object).ok()?.1.clone())
    }

    fn data(&self, object: &Object) -> Option<Vec<u8>> {
        let stream = self.dereference(object).ok()?.1.as_stream().ok()?;
        let data = stream.get_plain_content_with_limit(MAX_UNPACKED_BYTES).ok()?;
        limits::charge_unpacked(data.len());
        Some(data)
    }
}

/// Collects the store named by the catalog of `trailer`; empty if there is none.
pub(super) fn read(source: &dyn Source, trailer: &Dictionary) -> Dss {
    let mut room = Room { items: MAX_ITEMS, bytes: MAX_EVIDENCE_BYTES, left_out: 0, taken: BTreeSet::new() };
    let store = dictionary(source, trailer, b"Root").and_then(|root| dictionary(source, &root, b"DSS"));
    let Some(store) = store else { return Dss::default() };
    let mut dss = Dss {
        certificates: room.list(source, &store, b"Certs"),
        crls: room.list(source, &store, b"CRLs"),
        ocsps: room.list(source, &store, b"OCSPs"),
        ..Dss::default()
    };
    let entries = dictionary(source, &store, b"VRI").unwrap_or_default();
    for (key, entry) in entries.iter().take(MAX_ITEMS) {
        let Some(Object::Dictionary(entry)) = source.object(entry) else { continue };
        let updated = entry.get(b"TU").ok().and_then(|value| decode_text_string(&source.object(value)?).ok());
        let vri = Vri {
            certificates: room.list(source, &entry, b"Cert"),
            crls: room.list(source, &entry, b"CRL"),
            ocsps: room.list(source, &entry, b"OCSP"),
            updated,
            timestamp: entry.get(b"TS").ok().and_then(|value| room.item(source, value)),
        };
        dss.vri.insert(String::from_utf8_lossy(key).into_owned(), vri);
    }
    dss.left_out = room.left_out;
    dss
}

/// What may still be collected.
struct Room {
    items: usize,
    bytes: usize,
    left_out: usize,
    /// Objects that were collected: nearly all that entries of single signatures list.
    taken: BTreeSet<u32>,
}

impl Room {
    fn list(&mut self, source: &dyn Source, from: &Dictionary, key: &[u8]) -> Vec<Vec<u8>> {
        let list = from.get(key).ok().and_then(|list| source.object(list));
        let Some(Object::Array(items)) = list else { return Vec::new() };
        let own =
            items.iter().filter(|item| number_of(Some(item)).is_none_or(|item| self.taken.insert(item)));
        let own: Vec<&Object> = own.take(MAX_ITEMS).collect();
        own.into_iter().filter_map(|item| self.item(source, item)).collect()
    }

    fn item(&mut self, source: &dyn Source, item: &Object) -> Option<Vec<u8>> {
        let taken = self.take(source, item);
        self.left_out += usize::from(taken.is_none());
        taken
    }

    fn take(&mut self, source: &dyn Source, item: &Object) -> Option<Vec<u8>> {
        self.items = self.items.checked_sub(1)?;
        let data = source.data(item)?;
        self.bytes = self.bytes.checked_sub(data.len())?;
        Some(data)
    }
}

fn dictionary(source: &dyn Source, from: &Dictionary, key: &[u8]) -> Option<Dictionary> {
    match source.object(from.get(key).ok()?)? {
        Object::Dictionary(dictionary) => Some(dictionary),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::attacks::made::Made;
    use super::super::read_signed;
    use super::*;

    /// The store of a file with lists of these lengths.
    fn store_with(lengths: &[usize]) -> Dss {
        let catalog = "<< /Type /Catalog /Pages 2 0 R /AcroForm 4 0 R /DSS 30 0 R >>";
        let lists: String = (31..).take(lengths.len()).map(|number| format!("{number} 0 R ")).collect();
        let store = format!("<< /CRLs [{lists}] >>");
        let streams: Vec<String> = lengths
            .iter()
            .map(|&length| format!("<< /Length {length} >>\nstream\n{}\nendstream", "x".repeat(length)))
            .collect();
        let mut objects = vec![(1, catalog), (30, store.as_str())];
        objects.extend((31..).zip(streams.iter().map(String::as_str)));
        read_signed(&Made::signed_with(&objects, "").bytes).dss
    }

    #[test]
    fn a_long_list_is_read_and_what_is_too_long_is_counted() {
        let dss = store_with(&[5 << 20, 100]);
        assert_eq!(dss.crls.iter().map(Vec::len).collect::<Vec<_>>(), [5 << 20, 100]);
        assert_eq!(dss.left_out, 0);
        let dss = store_with(&[100, MAX_EVIDENCE_BYTES + 1]);
        assert_eq!((dss.crls.len(), dss.left_out), (1, 1));
        let half = MAX_EVIDENCE_BYTES / 2 + 1;
        let dss = store_with(&[half, half]);
        assert_eq!((dss.crls.len(), dss.left_out), (1, 1));
    }
}
