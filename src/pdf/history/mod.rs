//! The revisions of a PDF, each as it stood: what a reader saw before the updates that came after it.
//!
//! lopdf reads the newest state only. Here the chain of cross-reference sections (ISO 32000-2, 7.5.4, 7.5.6,
//! 7.5.8) is followed as it is written, without repair, and objects are parsed where they stand.
//! Nothing is read twice; nothing is read that is not asked for. Stream data stays in the file.

mod crypt;
mod objects;
mod parse;
mod scan;
mod section;
mod table;
mod uses;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use lopdf::xref::XrefEntry;
use lopdf::{Dictionary, Document, EncryptionState, Object};

pub(super) use objects::Parsed;
pub(super) use parse::object as object_at;
use section::{Entry, Section};
use table::Table;

use super::limits::{MAX_REVISIONS, MAX_STEPS, MAX_XREF_ENTRIES};

/// Why the history of a file cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// A cross-reference section is missing or malformed.
    CrossReference,
    /// There is more than this release looks at.
    TooMuch,
    /// The file is encrypted, and not with the empty password, or in a way that is not known.
    Encrypted,
}

/// One revision: the original, or one incremental update.
#[derive(Default)]
pub(super) struct Revision {
    /// What a `startxref` that closes this revision names: the offset of its first cross-reference section.
    pub startxref: usize,
    /// Where the last of its cross-reference sections ends.
    pub sections_end: usize,
    /// Where its last line, `%%EOF`, ends, with one end of line.
    pub end: usize,
    pub trailer: Dictionary,
    entries: BTreeMap<u32, Entry>,
    /// Numbers of the objects that are its cross-reference streams.
    pub xref_streams: Vec<u32>,
}

/// A whole file, revision by revision, oldest first.
pub(super) struct History<'a> {
    pub file: &'a [u8],
    pub revisions: Vec<Revision>,
    /// Stands in for the newest of no revisions.
    none: Revision,
    pub encrypted: bool,
    crypt: Option<EncryptionState>,
    table: Table,
    members: RefCell<HashMap<usize, Option<Rc<objects::Members>>>>,
    steps: Cell<usize>,
}

impl<'a> History<'a> {
    /// Reads the chain of cross-reference sections from the last `startxref` back to the original.
    ///
    /// # Errors
    /// When the chain is not sound, too long, or the file is encrypted with a password.
    pub fn read(file: &'a [u8]) -> Result<Self, Unreadable> {
        let mut history = Self::as_written(file)?;
        if history.newest().trailer.has(b"Encrypt") {
            history.encrypted = true;
            history.crypt = Some(crypt::with_empty_password(&history)?);
            // The dictionary that says how was read before anything could be decrypted.
            history.table.forget();
        }
        Ok(history)
    }

    /// As [`History::read`], of files in which no revision is encrypted.
    ///
    /// # Errors
    /// When one is, or the chain is not sound, or too long.
    pub fn read_plain(file: &'a [u8]) -> Result<Self, Unreadable> {
        let history = Self::as_written(file)?;
        let encrypted = history.revisions.iter().any(|revision| revision.trailer.has(b"Encrypt"));
        if encrypted { Err(Unreadable::Encrypted) } else { Ok(history) }
    }

    fn as_written(file: &'a [u8]) -> Result<Self, Unreadable> {
        let sections = chain(file)?;
        let revisions = grouped(file, sections);
        let entries = revisions.iter().enumerate().flat_map(|(index, revision)| {
            revision.entries.iter().map(move |(&number, &entry)| (number, index, entry))
        });
        let table = Table::new(entries.collect());
        Ok(Self {
            file,
            revisions,
            table,
            none: Revision::default(),
            encrypted: false,
            crypt: None,
            members: RefCell::default(),
            steps: Cell::new(0),
        })
    }

    /// Index of the newest revision.
    pub fn last(&self) -> usize {
        self.revisions.len().saturating_sub(1)
    }

    pub fn newest(&self) -> &Revision {
        self.revisions.last().unwrap_or(&self.none)
    }

    /// Numbers of the objects that `revision` writes, and of those that it frees.
    pub fn written(&self, revision: usize) -> impl Iterator<Item = (u32, bool)> + '_ {
        let entries = self.revisions.get(revision).map(|revision| &revision.entries);
        entries.into_iter().flatten().map(|(&number, &entry)| (number, entry == Entry::Free))
    }

    /// Numbers of the objects that exist in `revision`, in order.
    pub fn numbers(&self, revision: usize) -> impl Iterator<Item = u32> + '_ {
        self.table.numbers().iter().copied().filter(move |number| self.exists(revision, *number))
    }

    /// Whether `revision` has an object of this number, readable or not.
    pub fn exists(&self, revision: usize, number: u32) -> bool {
        self.table.version(revision, number).is_some_and(|version| version.entry != Entry::Free)
    }

    /// The revision, at most `revision`, that last wrote object `number`.
    pub fn last_written(&self, revision: usize, number: u32) -> Option<usize> {
        self.table.version(revision, number).map(|version| version.revision)
    }

    /// Offsets outside compressed data that the cross-reference sections name, with revision and object.
    pub fn offsets(&self) -> impl Iterator<Item = (usize, u32, usize)> + '_ {
        self.revisions.iter().enumerate().flat_map(|(index, revision)| {
            revision.entries.iter().filter_map(move |(&number, entry)| match entry {
                Entry::At { offset, .. } => Some((index, number, *offset)),
                _ => None,
            })
        })
    }

    /// What the newest state says about pages, form and signatures, as a document of lopdf, and about `annotations` if asked
    /// for. Everything else, and the data of streams, is left out.
    pub fn document(&self, annotations: bool) -> Document {
        let (mut doc, last) = (Document::new(), self.last());
        doc.trailer = self.newest().trailer.clone();
        let mut waiting: Vec<u32> = number_of(doc.trailer.get(b"Root").ok()).into_iter().collect();
        let mut seen = HashSet::new();
        while let Some(number) = waiting.pop() {
            let Some(entry) = self.entry(last, number).filter(|_| seen.insert(number)) else { continue };
            let generation = match entry {
                Entry::At { generation, .. } => generation,
                Entry::In { .. } => 0,
                Entry::Free => continue,
            };
            // Known to exist, even if it cannot be read.
            doc.reference_table.insert(number, XrefEntry::Normal { offset: 0, generation });
            let Some(parsed) = self.get(last, number) else { continue };
            let dictionary = parsed.dictionary();
            let is_catalog = dictionary.is_some_and(|dictionary| dictionary.has(b"Pages"));
            let is_page = dictionary.is_some_and(|dictionary| dictionary.has_type(b"Page"));
            if !is_page || annotations {
                let wanted = |key: &[u8]| match (is_page, is_catalog) {
                    (true, _) => key == b"Annots",
                    (false, true) => CATALOG_KEYS.contains(&key),
                    (false, false) => !OTHER_KEYS.contains(&key),
                };
                let uses = parsed.uses();
                waiting.extend(uses.iter().filter(|used| wanted(uses.key(used))).map(|used| used.number));
            }
            doc.objects.insert((number, generation), parsed.object.clone());
        }
        doc
    }

    fn entry(&self, revision: usize, number: u32) -> Option<Entry> {
        self.table.version(revision, number).map(|version| version.entry)
    }

    /// The revision that a `startxref` and `%%EOF` right before `end` close.
    pub fn closed_at(&self, end: usize) -> Option<usize> {
        let startxref = scan::startxref_before(self.file.get(..end)?)?;
        self.revisions
            .iter()
            .position(|revision| revision.startxref == startxref && revision.sections_end <= end)
    }

    /// Counts work; `false` once there was too much of it.
    pub fn spend(&self, steps: usize) -> bool {
        self.steps.set(self.steps.get().saturating_add(steps));
        super::limits::check_cancelled();
        self.steps.get() < MAX_STEPS
    }
}

/// Entries of the catalog, or of dictionaries directly in it, that lead to pages and signatures.
const CATALOG_KEYS: [&[u8]; 9] =
    [b"Pages", b"AcroForm", b"Fields", b"SigFlags", b"Perms", b"DocMDP", b"UR", b"UR3", b"Version"];
/// Entries elsewhere that lead away from them.
const OTHER_KEYS: [&[u8]; 9] =
    [b"P", b"Parent", b"AP", b"DR", b"XFA", b"MK", b"Resources", b"Annots", b"Data"];

/// The cross-reference sections, newest first, with hybrid ones (7.5.8.4) joined.
fn chain(file: &[u8]) -> Result<Vec<Section>, Unreadable> {
    let mut next = Some(scan::last_startxref(file).ok_or(Unreadable::CrossReference)?);
    let (mut sections, mut seen, mut entries) = (Vec::new(), HashSet::new(), 0usize);
    while let Some(at) = next {
        if !seen.insert(at) {
            return Err(Unreadable::CrossReference);
        }
        if sections.len() > MAX_REVISIONS {
            return Err(Unreadable::TooMuch);
        }
        let mut section = section::read(file, at).ok_or(Unreadable::CrossReference)?;
        if let Some(hidden) = section.hybrid {
            let hidden = section::read(file, hidden).ok_or(Unreadable::CrossReference)?;
            section.join_hybrid(hidden);
        }
        entries = entries.saturating_add(section.entries.len());
        if entries > MAX_XREF_ENTRIES {
            return Err(Unreadable::TooMuch);
        }
        next = section.previous;
        sections.push(section);
    }
    Ok(sections)
}

/// Sections to revisions. A linearized file (annex F) opens with a section for its first page, whose
/// predecessor stands behind it: both are one revision.
fn grouped(file: &[u8], sections: Vec<Section>) -> Vec<Revision> {
    let mut revisions: Vec<Revision> = Vec::new();
    let mut newer_at = usize::MAX;
    for section in sections {
        let at = section.at;
        let stream = section.stream.into_iter().chain(section.hidden_stream);
        match revisions.last_mut() {
            Some(first_page) if at > newer_at => {
                for (number, entry) in section.entries {
                    first_page.entries.entry(number).or_insert(entry);
                }
                first_page.xref_streams.extend(stream);
                first_page.sections_end = first_page.sections_end.max(section.end);
                first_page.end = first_page.end.max(scan::end_of_revision(file, section.end));
            }
            _ => revisions.push(Revision {
                startxref: at,
                sections_end: section.end,
                end: scan::end_of_revision(file, section.end),
                xref_streams: stream.collect(),
                trailer: section.trailer,
                entries: section.entries,
            }),
        }
        newer_at = at;
    }
    revisions.reverse();
    revisions
}

/// The value of a key. In short dictionaries, as nearly all are, looking at each key takes less than hashing the one.
pub(super) fn entry<'d>(dictionary: &'d Dictionary, key: &[u8]) -> Option<&'d Object> {
    const SHORT: usize = 12;
    if dictionary.len() > SHORT {
        return dictionary.get(key).ok();
    }
    dictionary.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
}

/// The number of the object that a reference names, if it is one.
pub(super) fn number_of(object: Option<&Object>) -> Option<u32> {
    object.and_then(|object| object.as_reference().ok()).map(|(number, _)| number)
}
