//! Finding the signatures of a document: the walk through its form.

use std::collections::{HashMap, HashSet};

use lopdf::xref::XrefEntry;
use lopdf::{Dictionary, Document, Error, Object, ObjectId, decode_text_string};

use super::byte_range;
use super::inspection::{SignatureKind, SignatureSummary};
use super::limits::{self, MAX_FIELDS, MAX_LABEL_CHARS, MAX_SIGNATURES};
use super::signed::{FieldLock, Flaw};
use super::{parts, pdf_date};

/// The signatures found, and whether these are certainly all.
#[derive(Default)]
pub(super) struct Found {
    pub signatures: Vec<SignatureSummary>,
    /// Something the form refers to is missing or has the wrong type.
    pub broken: bool,
    /// There is more than this release looks at.
    pub too_many: bool,
    /// The form promises a signature field and has none.
    pub doubtful: bool,
    /// Byte ranges of usage rights, which are no signatures.
    pub usage_rights: usize,
    /// For each signature what verifying it needs; empty unless asked for.
    pub parts: Vec<Parts>,
}

/// What verifying a signature needs beside its summary.
pub(super) struct Parts {
    pub contents: Vec<u8>,
    pub cert: Vec<Vec<u8>>,
    pub docmdp: Option<u8>,
    pub field_lock: Option<FieldLock>,
    /// Number of the object that is the signature or, if it is written inside its field, of the field.
    pub number: Option<u32>,
    pub flaws: Vec<Flaw>,
}

/// Walks `/AcroForm /Fields` with everything that fields inherit (ISO 32000-2, 12.7.4.1), then the signature fields that
/// only a page shows, then `/Perms` (12.8.6), whose certification needs no field.
///
/// Usage rights (`/UR`, `/UR3`) are left out: with them Adobe allowed its Reader to save a form, nobody signed the document,
/// and they break as soon as any other program fills it in. PDF 2.0 has dropped them.
///
/// `in_full` asks for [`Found::parts`], which costs copies.
pub(super) fn find(doc: &Document, file: &[u8], in_full: bool) -> Found {
    let mut walk =
        Walk { doc, file, in_full, nodes: HashSet::new(), values: HashMap::new(), found: Found::default() };
    match doc.catalog() {
        Ok(catalog) => {
            walk.form(catalog);
            walk.pages();
            walk.permissions(catalog);
        }
        Err(_) => walk.found.broken = true,
    }
    walk.found
}

/// The value of a key, as a reader must see it.
enum Value<'a> {
    /// Not there, null, or a reference to an object that the file never had (7.3.10: the same as null).
    Absent,
    /// The file says that the object exists, but it could not be read.
    Missing,
    Is(Option<ObjectId>, &'a Object),
}

/// A field yet to be visited, with what it inherits.
struct Node<'a> {
    object: &'a Object,
    name: String,
    is_signature: Option<bool>,
    value: Option<(Option<ObjectId>, &'a Dictionary)>,
}

struct Walk<'a> {
    doc: &'a Document,
    file: &'a [u8],
    in_full: bool,
    /// Fields visited and signature values reported: a cycle ends there, and nothing counts twice.
    nodes: HashSet<ObjectId>,
    values: HashMap<ObjectId, usize>,
    found: Found,
}

impl<'a> Walk<'a> {
    fn form(&mut self, catalog: &'a Dictionary) {
        let Some(form) = self.dictionary(catalog, b"AcroForm") else { return };
        let mut stack = Vec::new();
        let root = Node { object: &Object::Null, name: String::new(), is_signature: None, value: None };
        self.push_all(&mut stack, form, b"Fields", &root);
        let (mut visited, mut signature_fields) = (0, 0usize);
        while let Some(node) = stack.pop() {
            visited += 1;
            if visited > MAX_FIELDS || self.found.signatures.len() >= MAX_SIGNATURES {
                self.found.too_many = true;
                return;
            }
            limits::check_cancelled();
            signature_fields += usize::from(self.visit(node, &mut stack));
        }
        // /SigFlags bit 1 promises a signature field (table 225); without one, "unsigned" would be a guess.
        let flags = match self.look(form, b"SigFlags") {
            Value::Is(_, flags) => flags.as_i64().unwrap_or(0),
            _ => 0,
        };
        self.found.doubtful = flags & 1 == 1 && signature_fields == 0;
    }

    /// Visits one field, pushes its kids, and says whether it is a signature field.
    fn visit(&mut self, node: Node<'a>, stack: &mut Vec<Node<'a>>) -> bool {
        let Value::Is(id, object) = self.resolve(node.object) else {
            self.found.broken = true;
            return false;
        };
        if id.is_some_and(|id| !self.nodes.insert(id)) {
            return false;
        }
        let Ok(field) = object.as_dict() else {
            self.found.broken = true;
            return false;
        };
        let name = match self.label(field, b"T") {
            Some(own) if node.name.is_empty() => own,
            Some(own) => cut(&format!("{}.{own}", node.name)),
            None => node.name,
        };
        let is_signature = match self.look(field, b"FT") {
            Value::Is(_, kind) => Some(kind.as_name().is_ok_and(|kind| kind == b"Sig")),
            Value::Absent => node.is_signature,
            Value::Missing => None,
        };
        let mut value = match self.look(field, b"V") {
            Value::Is(id, object) => object.as_dict().ok().map(|dictionary| (id, dictionary)),
            Value::Absent => node.value,
            Value::Missing => {
                self.found.broken |= is_signature != Some(false);
                None
            }
        };
        if is_signature == Some(true)
            && let Some((id, signature)) = value.take()
        {
            let own = field.has(b"V");
            self.report(&name, id, signature, Some((object, own)));
        }
        let inherited = Node { object, name, is_signature, value };
        self.push_all(stack, field, b"Kids", &inherited);
        is_signature == Some(true)
    }

    fn push_all(
        &mut self,
        stack: &mut Vec<Node<'a>>,
        from: &'a Dictionary,
        key: &[u8],
        inherited: &Node<'a>,
    ) {
        match self.look(from, key) {
            Value::Absent => {}
            Value::Is(_, Object::Array(kids)) => {
                if kids.len() > MAX_FIELDS {
                    self.found.too_many = true;
                }
                // Backwards, so that the first kid is visited first.
                stack.extend(kids.iter().take(MAX_FIELDS).rev().map(|object| Node {
                    object,
                    name: inherited.name.clone(),
                    is_signature: inherited.is_signature,
                    value: inherited.value,
                }));
            }
            Value::Missing | Value::Is(..) => self.found.broken = true,
        }
    }

    fn permissions(&mut self, catalog: &'a Dictionary) {
        let Some(permissions) = self.dictionary(catalog, b"Perms") else { return };
        match self.look(permissions, b"DocMDP") {
            Value::Is(id, object) => {
                if let Ok(signature) = object.as_dict() {
                    self.report("Perms.DocMDP", id, signature, None);
                }
            }
            Value::Missing => self.found.broken = true,
            Value::Absent => {}
        }
        let rights =
            ["UR3", "UR"].into_iter().filter_map(|key| match self.look(permissions, key.as_bytes()) {
                Value::Is(id, Object::Dictionary(rights)) if rights.has(b"ByteRange") => Some(id),
                _ => None,
            });
        self.found.usage_rights = rights.collect::<HashSet<_>>().len();
    }

    /// Signed fields that stand on a page and that the form does not list: poppler before 23 forgot to list what it added,
    /// and readers show them all the same.
    fn pages(&mut self) {
        let doc = self.doc;
        let mut left = MAX_FIELDS;
        for page in doc.page_iter() {
            let Ok(page) = doc.get_dictionary(page) else { continue };
            let Value::Is(_, Object::Array(annotations)) = self.look(page, b"Annots") else { continue };
            for object in annotations.iter().take(left) {
                if self.found.signatures.len() >= MAX_SIGNATURES {
                    self.found.too_many = true;
                    return;
                }
                self.unlisted(object);
            }
            left = left.saturating_sub(annotations.len());
        }
    }

    /// Reports an annotation if it is a signed field of its own that was not visited yet.
    fn unlisted(&mut self, object: &'a Object) {
        let Value::Is(Some(id), Object::Dictionary(field)) = self.resolve(object) else { return };
        let is_name =
            |key: &[u8], name: &[u8]| field.get(key).and_then(Object::as_name).is_ok_and(|n| n == name);
        if self.nodes.contains(&id) || !is_name(b"Subtype", b"Widget") || !is_name(b"FT", b"Sig") {
            return;
        }
        if let Value::Is(_, Object::Dictionary(signature)) = self.look(field, b"V")
            && signature.has(b"ByteRange")
        {
            let node = Node { object, name: String::new(), is_signature: None, value: None };
            self.visit(node, &mut Vec::new());
        }
    }

    /// Reports a signature; `field` is its field, and whether the field names it itself.
    fn report(
        &mut self,
        name: &str,
        id: Option<ObjectId>,
        signature: &'a Dictionary,
        field: Option<(&'a Object, bool)>,
    ) {
        let index = self.found.signatures.len();
        if let Some(id) = id {
            if let Some(&first) = self.values.get(&id) {
                self.note_shared(first, name, field.is_some_and(|(_, own)| own));
                return;
            }
            self.values.insert(id, index);
        }
        let name_of = |key: &[u8]| match self.look(signature, key) {
            Value::Is(_, Object::Name(name)) => cut(&String::from_utf8_lossy(name)),
            _ => String::new(),
        };
        let subfilter = name_of(b"SubFilter");
        let is_timestamp = subfilter == "ETSI.RFC3161" || name_of(b"Type") == "DocTimeStamp";
        let contents = match self.look(signature, b"Contents") {
            Value::Is(_, Object::String(bytes, _)) => Some(bytes.as_slice()),
            _ => None,
        };
        let coverage = byte_range::examine(self.file, signature.get(b"ByteRange").ok(), contents, self.doc);
        if self.in_full {
            let field = field.map(|(field, _)| field);
            let mut parts = parts::read(self.doc, signature, field.and_then(|field| field.as_dict().ok()));
            parts.contents = contents.unwrap_or_default().to_vec();
            parts.number = id.map(|(number, _)| number);
            if parts.contents.iter().all(|&byte| byte == 0) {
                parts.flaws.push(Flaw::NoContents);
            }
            parts.flaws.extend(coverage.flaw);
            self.found.parts.push(parts);
        }
        self.found.signatures.push(SignatureSummary {
            field: name.to_owned(),
            subfilter,
            kind: if is_timestamp { SignatureKind::Timestamp } else { SignatureKind::Signature },
            byte_range: coverage.byte_range,
            byte_range_sound: coverage.sound,
            covers_whole_file: coverage.whole_file,
            signer: self.label(signature, b"Name"),
            reason: self.label(signature, b"Reason"),
            location: self.label(signature, b"Location"),
            claimed_time: self.label(signature, b"M").and_then(|text| pdf_date::parse(&text)),
        });
    }

    /// A second field that names a signature as its own value is a way to show a signature twice. Widgets
    /// that inherit it, and `/Perms`, are not.
    fn note_shared(&mut self, first: usize, name: &str, own: bool) {
        let differs = self.found.signatures.get(first).is_some_and(|summary| summary.field != name);
        if own
            && differs
            && let Some(parts) = self.found.parts.get_mut(first)
        {
            parts.flaws.push(Flaw::SharedValue { other: name.to_owned() });
        }
    }

    /// The dictionary under `key`; anything else but its absence is noted as broken.
    fn dictionary(&mut self, from: &'a Dictionary, key: &[u8]) -> Option<&'a Dictionary> {
        match self.look(from, key) {
            Value::Absent => None,
            Value::Is(_, Object::Dictionary(dictionary)) => Some(dictionary),
            Value::Missing | Value::Is(..) => {
                self.found.broken = true;
                None
            }
        }
    }

    fn look(&self, dictionary: &'a Dictionary, key: &[u8]) -> Value<'a> {
        dictionary.get(key).map_or(Value::Absent, |object| self.resolve(object))
    }

    fn resolve(&self, object: &'a Object) -> Value<'a> {
        match self.doc.dereference(object) {
            Ok((_, Object::Null)) => Value::Absent,
            Ok((id, object)) => Value::Is(id, object),
            Err(Error::ObjectNotFound(id)) => match self.doc.reference_table.get(id.0) {
                Some(XrefEntry::Normal { .. } | XrefEntry::Compressed { .. }) => Value::Missing,
                _ => Value::Absent,
            },
            Err(_) => Value::Missing,
        }
    }

    /// A text string, without control characters; `None` when there is none to show.
    fn label(&self, dictionary: &'a Dictionary, key: &[u8]) -> Option<String> {
        let Value::Is(_, object @ Object::String(..)) = self.look(dictionary, key) else { return None };
        let text = cut(&decode_text_string(object).ok()?);
        (!text.is_empty()).then_some(text)
    }
}

/// At most [`MAX_LABEL_CHARS`] characters of `text`, trimmed, without control characters.
fn cut(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(MAX_LABEL_CHARS).collect()
}
