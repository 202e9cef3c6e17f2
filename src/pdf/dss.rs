//! Collecting the document security store (ISO 32000-2, 12.8.4.3).

use lopdf::{Dictionary, Document, Object, decode_text_string};

use super::history::{History, number_of};
use super::limits::{self, MAX_UNPACKED_BYTES};
use super::signed::{Dss, Vri};

/// Items collected, and their bytes: contracts have some dozens of a few kilobytes each.
const MAX_ITEMS: usize = 4096;
const MAX_BYTES: usize = 16 << 20;

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
        self.unpacked(self.last(), number_of(Some(object))?)
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
    let mut room = Room { items: MAX_ITEMS, bytes: MAX_BYTES };
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
    dss
}

/// What may still be collected.
struct Room {
    items: usize,
    bytes: usize,
}

impl Room {
    fn list(&mut self, source: &dyn Source, from: &Dictionary, key: &[u8]) -> Vec<Vec<u8>> {
        let list = from.get(key).ok().and_then(|list| source.object(list));
        let Some(Object::Array(items)) = list else { return Vec::new() };
        items.iter().map_while(|item| (self.items > 0).then(|| self.item(source, item))).flatten().collect()
    }

    fn item(&mut self, source: &dyn Source, item: &Object) -> Option<Vec<u8>> {
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
