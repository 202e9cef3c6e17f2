//! What a signature dictionary and its field say beside the summary: certificates, permissions, locks.

use lopdf::{Dictionary, Document, Object, decode_text_string};

use super::limits::MAX_FIELDS;
use super::signatures::Parts;
use super::signed::FieldLock;

/// Certificates looked at in `/Cert`.
const MAX_CERTIFICATES: usize = 64;

/// Reads `/Cert`, `/Reference`, and the `/Lock` of the field.
pub(super) fn read(doc: &Document, signature: &Dictionary, field: Option<&Dictionary>) -> Parts {
    let lock = field.and_then(|field| dictionary(doc, field, b"Lock"));
    let certification = transform(doc, signature, b"DocMDP");
    let certified = certification.is_some();
    // Without /P a certification permits form filling (table 257).
    let own = certification.map(|params| params.and_then(|params| permission(doc, params)).unwrap_or(2));
    let locked = transform(doc, signature, b"FieldMDP").flatten().and_then(|params| fields(doc, params));
    Parts {
        contents: Vec::new(),
        cert: certificates(doc, signature),
        docmdp: if certified { own } else { lock.and_then(|lock| permission(doc, lock)) },
        field_lock: locked.or_else(|| lock.and_then(|lock| fields(doc, lock))),
        number: None,
        flaws: Vec::new(),
    }
}

/// `/TransformParams` of the signature reference with this method; `Some(None)` if there are none.
fn transform<'a>(
    doc: &'a Document,
    signature: &'a Dictionary,
    method: &[u8],
) -> Option<Option<&'a Dictionary>> {
    let references = signature.get_deref(b"Reference", doc).ok()?.as_array().ok()?;
    references.iter().take(MAX_CERTIFICATES).find_map(|reference| {
        let reference = doc.dereference(reference).ok()?.1.as_dict().ok()?;
        let name = reference.get_deref(b"TransformMethod", doc).ok()?.as_name().ok()?;
        (name == method).then(|| dictionary(doc, reference, b"TransformParams"))
    })
}

fn permission(doc: &Document, params: &Dictionary) -> Option<u8> {
    let value = params.get_deref(b"P", doc).ok()?.as_i64().ok()?;
    u8::try_from(value).ok().filter(|value| (1..=3).contains(value))
}

fn fields(doc: &Document, params: &Dictionary) -> Option<FieldLock> {
    let action = params.get_deref(b"Action", doc).ok()?.as_name().ok()?;
    let names = || -> Vec<String> {
        let list = params.get_deref(b"Fields", doc).and_then(Object::as_array);
        let texts = list.into_iter().flatten().take(MAX_FIELDS);
        texts.filter_map(|name| decode_text_string(doc.dereference(name).ok()?.1).ok()).collect()
    };
    match action {
        b"All" => Some(FieldLock::All),
        b"Include" => Some(FieldLock::Include(names())),
        b"Exclude" => Some(FieldLock::Exclude(names())),
        _ => None,
    }
}

/// `/Cert` is one string or an array of strings.
fn certificates(doc: &Document, signature: &Dictionary) -> Vec<Vec<u8>> {
    let Ok(value) = signature.get_deref(b"Cert", doc) else { return Vec::new() };
    let items = match value {
        Object::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    let strings =
        items.iter().take(MAX_CERTIFICATES).filter_map(|item| doc.dereference(item).ok()?.1.as_str().ok());
    strings.map(<[u8]>::to_vec).collect()
}

fn dictionary<'a>(doc: &'a Document, from: &'a Dictionary, key: &[u8]) -> Option<&'a Dictionary> {
    from.get_deref(key, doc).ok()?.as_dict().ok()
}
