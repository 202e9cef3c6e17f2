//! What changes in the document: the security store, the form with the new field, the first page with its widget.

use lopdf::ObjectId;
use sha1::{Digest, Sha1};

use super::super::dss;
use super::super::history::{History, number_of};
use super::super::load::skip_white;
use super::super::signed::Dss;
use super::splice::{appended, inside, value, with};
use super::tail::{Tail, digits};
use super::{Addition, Appended, NotAppendable, SignatureData, TOKEN_ROOM};

/// Stands for a number of the byte range until it is known; eleven digits reach beyond any file that is read.
const NUMBER: &str = "00000000000";
/// Deepest page tree that is walked through.
const MAX_PAGE_DEPTH: usize = 64;

/// Writes the update.
///
/// # Errors
/// [`NotAppendable::Structure`], [`NotAppendable::Xfa`].
pub(super) fn write(history: &History, addition: &Addition) -> Result<Appended, NotAppendable> {
    let start = history.file.len();
    let known = dss::read(history, &history.newest().trailer);
    let news = news(&known, &addition.data);
    if news.is_empty() && addition.timestamp.is_none() {
        return Ok(Appended { start, tail: Vec::new(), hole: None });
    }
    let mut update = Update { history, tail: Tail::new(history).ok_or(NotAppendable::Structure)? };
    let written = update.write(&known, &news, addition.timestamp.as_deref());
    let (range, hole) = written?;
    let mut tail = update.tail.finish().ok_or(NotAppendable::Structure)?;
    let hole = range.zip(hole).map(|(range, hole)| {
        let end = start + tail.len();
        let (from, to) = (start + hole.start, start + hole.end);
        for (place, number) in range.into_iter().zip([0, from, to, end - to]) {
            let text = format!("{number:<width$}", width = NUMBER.len());
            let room = tail.iter_mut().skip(place);
            room.zip(text.bytes()).for_each(|(to, from)| *to = from);
        }
        hole
    });
    Ok(Appended { start, tail, hole })
}

/// What of the data is not in the store yet. What the store says about a signature already stays as it is, since readers
/// take a changed entry for a forbidden change; pieces that came later go into the lists that all signatures share.
fn news(known: &Dss, data: &[SignatureData]) -> Vec<SignatureData> {
    let wanted = data.iter().filter(|item| !item.is_empty() && !item.contents.is_empty());
    let new = |list: &[Vec<u8>], there: &[Vec<u8>]| list.iter().any(|der| !there.contains(der));
    let is_news = |item: &&SignatureData| {
        !known.vri.contains_key(&name(&item.contents))
            || new(&item.certificates, &known.certificates)
            || new(&item.crls, &known.crls)
            || new(&item.ocsps, &known.ocsps)
    };
    wanted.filter(is_news).cloned().collect()
}

/// The key of a signature in the store: SHA-1 of its value, upper case (ISO 32000-2, 12.8.4.4).
fn name(contents: &[u8]) -> String {
    digits(&Sha1::digest(contents))
}

struct Update<'h, 'a> {
    history: &'h History<'a>,
    tail: Tail<'h>,
}

/// Where the four numbers of the byte range stand, and where the value of `/Contents`.
type Places = (Option<[usize; 4]>, Option<std::ops::Range<usize>>);

impl Update<'_, '_> {
    fn write(
        &mut self,
        known: &Dss,
        news: &[SignatureData],
        field: Option<&str>,
    ) -> Result<Places, NotAppendable> {
        let bad = || NotAppendable::Structure;
        let root = number_of(self.history.newest().trailer.get(b"Root").ok()).ok_or_else(bad)?;
        let (generation, mut catalog) = self.text(root).ok_or_else(bad)?;
        if !news.is_empty() {
            catalog = self.store(&catalog, known, news).ok_or_else(bad)?;
        }
        let mut places = (None, None);
        if let Some(name) = field {
            let (number, found) = self.timestamp(name).ok_or_else(bad)?;
            places = found;
            catalog = self.form(&catalog, number)?;
        }
        self.tail.object(root, generation, &catalog);
        Ok(places)
    }

    /// Generation and text of an object that is no stream.
    fn text(&self, number: u32) -> Option<(u16, Vec<u8>)> {
        self.history.text(number)
    }

    /// The text that `key` of a dictionary leads to, and the object that it is, when it is one of its own.
    fn entry(&self, dictionary: &[u8], key: &str) -> Option<(Option<ObjectId>, Option<Vec<u8>>)> {
        let Some(place) = value(dictionary, key.as_bytes())? else { return Some((None, None)) };
        let direct = dictionary.get(place)?;
        let direct = direct.get(skip_white(direct, 0)..)?;
        match super::super::history::object_at(direct, 0)?.0 {
            lopdf::Object::Reference((number, _)) => {
                let (generation, text) = self.text(number)?;
                Some((Some((number, generation)), Some(text)))
            }
            lopdf::Object::Null => Some((None, None)),
            _ => Some((None, Some(direct.to_vec()))),
        }
    }

    /// Puts `new` where `key` of `dictionary` leads to: into the object of its own, or into the dictionary.
    fn put(&mut self, dictionary: Vec<u8>, key: &str, own: Option<ObjectId>, new: &[u8]) -> Option<Vec<u8>> {
        match own {
            Some((number, generation)) => {
                self.tail.object(number, generation, new);
                Some(dictionary)
            }
            None => with(&dictionary, key, new),
        }
    }

    /// The security store with the news; the catalog that names it.
    fn store(&mut self, catalog: &[u8], known: &Dss, news: &[SignatureData]) -> Option<Vec<u8>> {
        let (own, text) = self.entry(catalog, "DSS")?;
        let mut store = text.unwrap_or_else(|| b"<< /Type /DSS >>".to_vec());
        let (_, vri) = self.entry(&store, "VRI")?;
        let mut vri = vri.unwrap_or_else(|| b"<< >>".to_vec());
        type Of = fn(&SignatureData) -> &Vec<Vec<u8>>;
        let lists: [(&str, &str, &Vec<Vec<u8>>, Of); 3] = [
            ("Certs", "Cert", &known.certificates, |item| &item.certificates),
            ("CRLs", "CRL", &known.crls, |item| &item.crls),
            ("OCSPs", "OCSP", &known.ocsps, |item| &item.ocsps),
        ];
        let mut entries: Vec<String> = news.iter().map(|_| String::new()).collect();
        for (list, short, there, of) in lists {
            let (_, before) = self.entry(&store, list)?;
            let before = before.as_deref().map_or(Some(&b""[..]), inside)?.to_vec();
            let mut references = References::new(&before, there)?;
            let added = references.known.len();
            for (item, entry) in news.iter().zip(&mut entries) {
                let named: Vec<String> =
                    of(item).iter().map(|der| references.of(der, &mut self.tail)).collect();
                if !named.is_empty() {
                    entry.push_str(&format!(" /{short} [{}]", named.join(" ")));
                }
            }
            let added: Vec<&str> =
                references.known.iter().skip(added).map(|(_, reference)| reference.as_str()).collect();
            if !added.is_empty() || !before.is_empty() {
                let all = [b"[", before.as_slice(), b"\n", added.join(" ").as_bytes(), b"]"].concat();
                store = with(&store, list, &all)?;
            }
        }
        for (item, entry) in news.iter().zip(entries) {
            let name = name(&item.contents);
            if !known.vri.contains_key(&name) {
                vri = with(&vri, &name, format!("<<{entry} >>").as_bytes())?;
            }
        }
        let store = with(&store, "VRI", &vri)?;
        match own {
            Some(_) => self.put(catalog.to_vec(), "DSS", own, &store),
            None => {
                let number = self.tail.reserve();
                self.tail.object(number, 0, &store);
                with(catalog, "DSS", format!("{number} 0 R").as_bytes())
            }
        }
    }

    /// The value, the field that is its widget as well, and the widget's place on the first page.
    fn timestamp(&mut self, name: &str) -> Option<(u32, Places)> {
        let page = self.first_page()?;
        let (generation, page_text) = self.text(page)?;
        let (value_number, field) = (self.tail.reserve(), self.tail.reserve());
        let head = "<< /Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161 /ByteRange [";
        let numbers = [NUMBER; 4].join(" ");
        let text = format!("{head}{numbers}] /Contents <{}> >>", "0".repeat(2 * TOKEN_ROOM));
        let at = self.tail.object(value_number, 0, text.as_bytes());
        let range = [0, 1, 2, 3].map(|place| at + head.len() + place * (NUMBER.len() + 1));
        let contents = at + head.len() + numbers.len() + "] /Contents ".len();
        let hole = contents..contents + 2 * TOKEN_ROOM + 2;
        // Printed if anything (PDF/A asks for it), locked, and nothing to be seen: an empty rectangle.
        let text = format!(
            "<< /Type /Annot /Subtype /Widget /Rect [0 0 0 0] /F 132 /P {page} {generation} R /FT /Sig /T ({name}) \
             /V {value_number} 0 R >>"
        );
        self.tail.object(field, 0, text.as_bytes());
        self.annotate((page, generation), page_text, field)?;
        Some((field, (Some(range), Some(hole))))
    }

    fn annotate(&mut self, (page, generation): (u32, u16), text: Vec<u8>, widget: u32) -> Option<()> {
        let (own, list) = self.entry(&text, "Annots")?;
        let list = appended(list.as_deref().unwrap_or(b"[]"), format!("{widget} 0 R").as_bytes())?;
        let changed = self.put(text, "Annots", own, &list)?;
        if own.is_none() {
            self.tail.object(page, generation, &changed);
        }
        Some(())
    }

    /// The catalog whose form has the field.
    fn form(&mut self, catalog: &[u8], field: u32) -> Result<Vec<u8>, NotAppendable> {
        let bad = || NotAppendable::Structure;
        let (own, form) = self.entry(catalog, "AcroForm").ok_or_else(bad)?;
        let form = form.unwrap_or_else(|| b"<< >>".to_vec());
        if value(&form, b"XFA").ok_or_else(bad)?.is_some() {
            return Err(NotAppendable::Xfa);
        }
        let (fields_own, fields) = self.entry(&form, "Fields").ok_or_else(bad)?;
        let fields = appended(fields.as_deref().unwrap_or(b"[]"), format!("{field} 0 R").as_bytes());
        let form = self.put(form, "Fields", fields_own, &fields.ok_or_else(bad)?).ok_or_else(bad)?;
        // There are signatures, and the file is only to be appended to (table 225).
        let form = with(&form, "SigFlags", b"3").ok_or_else(bad)?;
        self.put(catalog.to_vec(), "AcroForm", own, &form).ok_or_else(bad)
    }

    /// The leftmost leaf of the page tree.
    fn first_page(&self) -> Option<u32> {
        let last = self.history.last();
        let root = self.history.value(last, &self.history.newest().trailer, b"Root")?;
        let mut number = number_of(root.dictionary()?.get(b"Pages").ok())?;
        for _ in 0..MAX_PAGE_DEPTH {
            let node = self.history.get(last, number)?;
            let node = node.dictionary()?;
            match self.history.value(last, node, b"Kids") {
                None => return node.has_type(b"Page").then_some(number),
                Some(kids) => {
                    number = kids.object.as_array().ok()?.iter().find_map(|kid| {
                        let kid = number_of(Some(kid))?;
                        let node = self.history.get(last, kid)?;
                        let count = node.dictionary()?.get(b"Count").and_then(lopdf::Object::as_i64);
                        (!count.is_ok_and(|count| count == 0)).then_some(kid)
                    })?;
                }
            }
        }
        None
    }
}

/// Items of a list of the store and how each is referred to.
struct References {
    known: Vec<(Vec<u8>, String)>,
}

impl References {
    /// Those that the list has already; when its items cannot be told apart, none of them is used again.
    fn new(list: &[u8], items: &[Vec<u8>]) -> Option<Self> {
        let text = [b"[", list, b"]"].concat();
        let (lopdf::Object::Array(references), _) = super::super::history::object_at(&text, 0)? else {
            return None;
        };
        let references: Option<Vec<_>> =
            references.iter().map(|reference| reference.as_reference().ok()).collect();
        let references = references?;
        if references.len() != items.len() {
            return Some(Self { known: Vec::new() });
        }
        let named = references.iter().map(|(number, generation)| format!("{number} {generation} R"));
        Some(Self { known: items.iter().cloned().zip(named).collect() })
    }

    fn of(&mut self, der: &[u8], tail: &mut Tail<'_>) -> String {
        if let Some((_, reference)) = self.known.iter().find(|(item, _)| item == der) {
            return reference.clone();
        }
        let reference = format!("{} 0 R", tail.stream(der));
        self.known.push((der.to_vec(), reference.clone()));
        reference
    }
}
