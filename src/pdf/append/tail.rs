//! The bytes of one incremental update: objects, their cross-reference section in the kind of the file's, the trailer.

use std::collections::BTreeMap;

use lopdf::{Dictionary, Object};
use sha2::{Digest, Sha256};

use super::super::history::History;

/// An update being written; offsets count from the beginning of the file.
pub(super) struct Tail<'a> {
    start: usize,
    bytes: Vec<u8>,
    /// Number, generation and offset of each object.
    objects: BTreeMap<u32, (u16, usize)>,
    next: u32,
    trailer: &'a Dictionary,
    previous: usize,
    /// The file has cross-reference streams, not tables.
    streams: bool,
}

impl<'a> Tail<'a> {
    /// Begins behind the newest revision.
    pub fn new(history: &'a History) -> Option<Self> {
        let newest = history.newest();
        let size =
            newest.trailer.get(b"Size").ok()?.as_i64().ok().and_then(|size| u32::try_from(size).ok())?;
        let known = history.numbers(history.last()).max()?;
        let table = history.file.get(newest.startxref..)?.starts_with(b"xref");
        let ended = history.file.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r'));
        Some(Self {
            start: history.file.len(),
            bytes: if ended { Vec::new() } else { vec![b'\n'] },
            objects: BTreeMap::new(),
            next: size.max(known.checked_add(1)?),
            trailer: &newest.trailer,
            previous: newest.startxref,
            streams: !table,
        })
    }

    /// A number that no object has.
    pub fn reserve(&mut self) -> u32 {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        number
    }

    /// Writes an object; returns where its text begins in the tail.
    pub fn object(&mut self, number: u32, generation: u16, text: &[u8]) -> usize {
        self.objects.insert(number, (generation, self.start + self.bytes.len()));
        self.bytes.extend(format!("{number} {generation} obj\n").into_bytes());
        let at = self.bytes.len();
        self.bytes.extend_from_slice(text);
        self.bytes.extend_from_slice(b"\nendobj\n");
        at
    }

    /// Writes a stream of data as they are, as a new object.
    pub fn stream(&mut self, data: &[u8]) -> u32 {
        let number = self.reserve();
        let head = format!("<< /Length {} >>\nstream\n", data.len());
        self.object(number, 0, &[head.as_bytes(), data, b"\nendstream"].concat());
        number
    }

    pub fn position(&self) -> usize {
        self.start + self.bytes.len()
    }

    /// Closes the update; `None` when the trailer before it is not as it must be.
    pub fn finish(mut self) -> Option<Vec<u8>> {
        let at = self.position();
        if self.streams {
            self.xref_stream(at)?;
        } else {
            let table = self.table();
            let trailer = self.trailer_entries()?;
            self.bytes.extend(table);
            self.bytes.extend(format!("trailer\n<<{trailer} >>\n").into_bytes());
        }
        self.bytes.extend(format!("startxref\n{at}\n%%EOF\n").into_bytes());
        Some(self.bytes)
    }

    /// Runs of consecutive numbers: the first, and how many.
    fn runs(&self) -> Vec<(u32, u32)> {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for &number in self.objects.keys() {
            match runs.last_mut() {
                Some((first, count)) if *first + *count == number => *count += 1,
                _ => runs.push((number, 1)),
            }
        }
        runs
    }

    /// ISO 32000-2, 7.5.4: twenty bytes an entry.
    fn table(&self) -> Vec<u8> {
        let mut text = String::from("xref\n");
        for (first, count) in self.runs() {
            text.push_str(&format!("{first} {count}\n"));
            for (generation, offset) in self.objects.range(first..first + count).map(|(_, place)| place) {
                text.push_str(&format!("{offset:010} {generation:05} n \n"));
            }
        }
        text.into_bytes()
    }

    /// ISO 32000-2, 7.5.8, not compressed.
    fn xref_stream(&mut self, at: usize) -> Option<()> {
        let number = self.reserve();
        self.objects.insert(number, (0, at));
        let index: Vec<String> =
            self.runs().iter().map(|(first, count)| format!("{first} {count}")).collect();
        let mut rows = Vec::with_capacity(self.objects.len() * 11);
        for (generation, offset) in self.objects.values() {
            rows.push(1);
            rows.extend((*offset as u64).to_be_bytes());
            rows.extend(generation.to_be_bytes());
        }
        let (trailer, index, length) = (self.trailer_entries()?, index.join(" "), rows.len());
        let dictionary = format!("<< /Type /XRef /W [1 8 2] /Index [{index}] /Length {length}{trailer} >>");
        self.object(number, 0, &[dictionary.as_bytes(), b"\nstream\n", &rows, b"\nendstream"].concat());
        Some(())
    }

    /// What every trailer says (table 15): the identity stays, its second half tells the versions apart.
    fn trailer_entries(&self) -> Option<String> {
        let reference = |key: &[u8]| self.trailer.get(key).ok()?.as_reference().ok();
        let (root, generation) = reference(b"Root")?;
        let mut entries = format!(" /Size {} /Root {root} {generation} R /Prev {}", self.next, self.previous);
        if let Some((info, generation)) = reference(b"Info") {
            entries.push_str(&format!(" /Info {info} {generation} R"));
        }
        let identity = self.trailer.get(b"ID").ok().and_then(|id| id.as_array().ok());
        if let Some(Object::String(first, _)) = identity.and_then(|parts| parts.first()) {
            let second = Sha256::digest(&self.bytes);
            let second = second.get(..16).unwrap_or_default();
            entries.push_str(&format!(" /ID [<{}> <{}>]", digits(first), digits(second)));
        }
        Some(entries)
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
