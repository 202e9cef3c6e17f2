//! Objects where they stand in the file, in the state of one revision.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use lopdf::encryption::decrypt_object;
use lopdf::{Dictionary, Object, Stream};

use super::super::limits::{self, MAX_EVIDENCE_BYTES, MAX_STREAM_BYTES, MAX_UNPACKED_BYTES};
use super::super::load::skip_white;
use super::section::Entry;
use super::uses::Uses;
use super::{History, entry, parse, scan};

/// Members of an object stream, by number.
pub(super) type Members = BTreeMap<u32, Rc<Parsed>>;

/// An object as parsed; a stream's data stays in the file.
pub(in super::super) struct Parsed {
    /// A stream has no content here: see [`History::raw_data`].
    pub object: Object,
    data: Option<usize>,
    uses: OnceCell<Uses>,
}

impl Parsed {
    fn new(object: Object, data: Option<usize>) -> Self {
        Self { object, data, uses: OnceCell::new() }
    }

    /// The dictionary, also of a stream.
    pub fn dictionary(&self) -> Option<&Dictionary> {
        match &self.object {
            Object::Dictionary(dictionary) => Some(dictionary),
            Object::Stream(stream) => Some(&stream.dict),
            _ => None,
        }
    }

    pub fn is_stream(&self) -> bool {
        self.data.is_some()
    }

    /// Every reference inside.
    pub fn uses(&self) -> &Uses {
        self.uses.get_or_init(|| Uses::of(&self.object))
    }
}

/// An indirect object as it stands in the file.
pub(super) struct Indirect {
    pub number: u32,
    pub generation: u16,
    /// For a stream, its dictionary.
    pub object: Object,
    /// Where the data of a stream begins.
    pub data: Option<usize>,
    /// Where the object itself stands.
    pub text: Range<usize>,
}

/// Reads `12 0 obj …` at `at`, up to the data of a stream.
pub(super) fn indirect(file: &[u8], at: usize) -> Option<Indirect> {
    let ((number, generation), body) = head(file, at)?;
    let (object, end) = parse::object(file, body)?;
    let text = skip_white(file, body)..end;
    let data = match object {
        Object::Dictionary(_) => scan::word(file, end, b"stream"),
        _ => None,
    };
    let data = data.map(|data| match file.get(data..).unwrap_or_default() {
        [b'\r', b'\n', ..] => data + 2,
        [b'\r' | b'\n', ..] => data + 1,
        _ => data,
    });
    Some(Indirect { number, generation, object, data, text })
}

/// Number and generation of the object at `at`, and where its text begins.
fn head(file: &[u8], at: usize) -> Option<((u32, u16), usize)> {
    let (number, position) = scan::number(file, at)?;
    let (generation, position) = scan::number(file, position)?;
    let body = scan::word(file, position, b"obj")?;
    Some(((u32::try_from(number).ok()?, u16::try_from(generation).ok()?), body))
}

impl<'a> History<'a> {
    /// Object `number` as of `revision`; `None` if it does not exist or cannot be read.
    pub fn get(&self, revision: usize, number: u32) -> Option<Rc<Parsed>> {
        let version = self.table.version(revision, number)?;
        match version.entry {
            Entry::Free => None,
            Entry::At { offset, generation } => {
                let read = || self.parse(offset, number, generation).map(Rc::new);
                self.table.parsed(&version, read).cloned()
            }
            Entry::In { container } => self.members(revision, container)?.get(&number).cloned(),
        }
    }

    /// Follows references to the object itself.
    pub fn resolve(&self, revision: usize, object: &Object) -> Option<Rc<Parsed>> {
        let mut number = match object {
            Object::Reference((number, _)) => *number,
            direct => return Some(Rc::new(Parsed::new(direct.clone(), None))),
        };
        for _ in 0..16 {
            let parsed = self.get(revision, number)?;
            match parsed.object {
                Object::Reference((next, _)) => number = next,
                _ => return Some(parsed),
            }
        }
        None
    }

    /// What `key` of `dictionary` means in `revision`; `None` also for null.
    pub fn value(&self, revision: usize, dictionary: &Dictionary, key: &[u8]) -> Option<Rc<Parsed>> {
        self.resolve(revision, entry(dictionary, key)?).filter(|parsed| !parsed.object.is_null())
    }

    /// Gives `work` the references inside object `number` as of `revision`; `None` as with [`History::get`].
    pub fn with_uses<T>(&self, revision: usize, number: u32, work: impl FnOnce(&Uses) -> T) -> Option<T> {
        let version = self.table.version(revision, number)?;
        if let Entry::At { offset, generation } = version.entry
            && let Some(uses) = self.table.uses(&version, || self.scan(offset, number, generation))
        {
            return Some(work(uses));
        }
        self.get(revision, number).map(|parsed| work(parsed.uses()))
    }

    fn scan(&self, offset: usize, number: u32, generation: u16) -> Option<Uses> {
        limits::check_cancelled();
        let (found, body) = head(self.file, offset)?;
        Uses::scan(self.file, body).filter(|_| found == (number, generation))
    }

    fn parse(&self, offset: usize, number: u32, generation: u16) -> Option<Parsed> {
        limits::check_cancelled();
        let (found, _) = head(self.file, offset)?;
        // Asked before anything is parsed: a table could lead many numbers to one long object.
        if found != (number, generation) {
            return None;
        }
        let found = indirect(self.file, offset)?;
        let mut object = match (found.object, found.data) {
            (Object::Dictionary(dictionary), Some(_)) => Object::Stream(Stream::new(dictionary, Vec::new())),
            (object, _) => object,
        };
        if let Some(crypt) = &self.crypt {
            // Fails for the data that is not there; strings are decrypted all the same.
            let _ = decrypt_object(crypt, (number, generation), &mut object);
        }
        Some(Parsed::new(object, found.data))
    }

    fn members(&self, revision: usize, container: u32) -> Option<Rc<Members>> {
        let Entry::At { offset, .. } = self.entry(revision, container)? else { return None };
        if let Some(known) = self.members.borrow().get(&offset) {
            return known.clone();
        }
        let members = self.unpack_members(revision, container).map(Rc::new);
        self.members.borrow_mut().insert(offset, members.clone());
        members
    }

    /// Generation and text of object `number` as the newest revision spells it; `None` for streams, and what cannot be read.
    pub fn text(&self, number: u32) -> Option<(u16, Vec<u8>)> {
        match self.entry(self.last(), number)? {
            Entry::Free => None,
            Entry::At { offset, generation } => {
                let found = indirect(self.file, offset)?;
                if (found.number, found.generation, found.data) != (number, generation, None) {
                    return None;
                }
                Some((generation, self.file.get(found.text)?.to_vec()))
            }
            Entry::In { container } => {
                let stream = self.stream(self.last(), container)?;
                let data = stream.get_plain_content_with_limit(MAX_UNPACKED_BYTES).ok()?;
                limits::charge_unpacked(data.len());
                let first = usize::try_from(stream.dict.get(b"First").ok()?.as_i64().ok()?).ok()?;
                let (index, mut at) = (data.get(..first)?, 0);
                loop {
                    let (member, after) = scan::number(index, at)?;
                    let (offset, after) = scan::number(index, after)?;
                    at = after;
                    if u32::try_from(member) == Ok(number) {
                        let start = skip_white(&data, first.checked_add(offset)?);
                        let (_, end) = parse::object(&data, start)?;
                        return Some((0, data.get(start..end)?.to_vec()));
                    }
                }
            }
        }
    }

    /// Reads the members of an object stream (7.5.7), each at the place that the index names.
    fn unpack_members(&self, revision: usize, container: u32) -> Option<Members> {
        let stream = self.stream(revision, container)?;
        if !stream.dict.has_type(b"ObjStm") {
            return None;
        }
        let data = stream.get_plain_content_with_limit(MAX_UNPACKED_BYTES).ok()?;
        limits::charge_unpacked(data.len());
        let first = usize::try_from(stream.dict.get(b"First").ok()?.as_i64().ok()?).ok()?;
        let count = usize::try_from(stream.dict.get(b"N").ok()?.as_i64().ok()?).ok()?;
        let index = data.get(..first)?;
        let (mut members, mut at) = (Members::new(), 0);
        for _ in 0..count {
            let Some((number, after)) = scan::number(index, at) else { break };
            let (offset, after) = scan::number(index, after)?;
            at = after;
            if let Some((object, _)) = parse::object(&data, first.checked_add(offset)?) {
                members.insert(u32::try_from(number).ok()?, Rc::new(Parsed::new(object, None)));
            }
        }
        Some(members)
    }

    /// Stream `number` with its data, decrypted, still packed. Larger data than is ever needed is refused.
    pub fn stream(&self, revision: usize, number: u32) -> Option<Stream> {
        self.stream_up_to(revision, number, MAX_STREAM_BYTES)
    }

    fn stream_up_to(&self, revision: usize, number: u32, longest: usize) -> Option<Stream> {
        let parsed = self.get(revision, number)?;
        let Object::Stream(stream) = &parsed.object else { return None };
        let data = self.raw_data(revision, &parsed)?;
        if data.len() > longest {
            return None;
        }
        let mut object = Object::Stream(Stream::new(stream.dict.clone(), data.to_vec()));
        if let Some(crypt) = &self.crypt {
            let Entry::At { generation, .. } = self.entry(revision, number)? else { return None };
            decrypt_object(crypt, (number, generation), &mut object).ok()?;
        }
        let Object::Stream(mut whole) = object else { return None };
        // The strings of the dictionary were decrypted before.
        whole.dict = stream.dict.clone();
        Some(whole)
    }

    /// The unpacked data of stream `number` that is evidence: revocation lists may be long.
    pub fn evidence(&self, revision: usize, number: u32) -> Option<Vec<u8>> {
        let stream = self.stream_up_to(revision, number, MAX_EVIDENCE_BYTES)?;
        let data = stream.get_plain_content_with_limit(MAX_EVIDENCE_BYTES).ok()?;
        limits::charge_unpacked(data.len());
        Some(data)
    }

    /// The unpacked data of stream `number`.
    pub fn unpacked(&self, revision: usize, number: u32) -> Option<Vec<u8>> {
        let data = self.stream(revision, number)?.get_plain_content_with_limit(MAX_UNPACKED_BYTES).ok()?;
        limits::charge_unpacked(data.len());
        Some(data)
    }

    /// The data of a stream as the file holds it.
    pub fn raw_data(&self, revision: usize, parsed: &Parsed) -> Option<&'a [u8]> {
        let (at, dictionary) = (parsed.data?, parsed.dictionary()?);
        let length = self.value(revision, dictionary, b"Length");
        let length = length.and_then(|length| usize::try_from(length.object.as_i64().ok()?).ok());
        let rest = self.file.get(at..)?;
        if let Some(length) = length
            && scan::word(rest, length, b"endstream").is_some()
        {
            return rest.get(..length);
        }
        let data = rest.get(..memchr::memmem::find(rest, b"endstream")?)?;
        limits::charge_scanned(data.len());
        Some(data.strip_suffix(b"\r\n").or_else(|| data.strip_suffix(b"\n")).unwrap_or(data))
    }

    /// Whether object `number` says the same in two revisions.
    pub fn same(&self, number: u32, old: usize, new: usize) -> bool {
        let (Some(before), Some(after)) = (self.get(old, number), self.get(new, number)) else {
            return false;
        };
        before.object == after.object
            && before.is_stream() == after.is_stream()
            && (!before.is_stream() || self.raw_data(old, &before) == self.raw_data(new, &after))
    }
}
