//! One cross-reference section: a table with its trailer, or a stream (ISO 32000-2, 7.5.4 and 7.5.8).

use std::collections::BTreeMap;

use lopdf::{Dictionary, Object, Stream};

use super::super::limits::{self, MAX_UNPACKED_BYTES, MAX_XREF_ENTRIES};
use super::{objects, parse, scan};

/// Where an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Free,
    At { offset: usize, generation: u16 },
    In { container: u32 },
}

/// A section as written.
pub(super) struct Section {
    pub at: usize,
    pub end: usize,
    pub entries: BTreeMap<u32, Entry>,
    pub trailer: Dictionary,
    pub previous: Option<usize>,
    /// `/XRefStm`: where the stream of a hybrid file is.
    pub hybrid: Option<usize>,
    /// Number of the stream object that this section is.
    pub stream: Option<u32>,
    /// Number of the stream object that was joined to it.
    pub hidden_stream: Option<u32>,
}

impl Section {
    /// Adds what only readers of streams see: it counts where the table has nothing or says "free".
    pub fn join_hybrid(&mut self, hidden: Section) {
        for (number, entry) in hidden.entries {
            let slot = self.entries.entry(number).or_insert(entry);
            if *slot == Entry::Free {
                *slot = entry;
            }
        }
        self.end = self.end.max(hidden.end);
        self.hidden_stream = hidden.stream;
    }
}

/// Reads the section at `at`; `None` if there is none, or it is malformed.
pub(super) fn read(file: &[u8], at: usize) -> Option<Section> {
    limits::check_cancelled();
    match scan::word(file, at, b"xref") {
        Some(after) => table(file, at, after),
        None => stream(file, at),
    }
}

fn table(file: &[u8], at: usize, mut position: usize) -> Option<Section> {
    let mut entries = BTreeMap::new();
    let after = loop {
        if let Some(after) = scan::word(file, position, b"trailer") {
            break after;
        }
        let (first, end) = scan::number(file, position)?;
        let (count, end) = scan::number(file, end)?;
        position = end;
        for index in 0..count {
            let (offset, end) = scan::number(file, position)?;
            let (generation, end) = scan::number(file, end)?;
            let number = u32::try_from(first.checked_add(index)?).ok()?;
            let entry = match scan::word(file, end, b"n") {
                Some(end) => {
                    position = end;
                    Entry::At { offset, generation: u16::try_from(generation).ok()? }
                }
                None => {
                    position = scan::word(file, end, b"f")?;
                    Entry::Free
                }
            };
            if entries.len() >= MAX_XREF_ENTRIES {
                return None;
            }
            entries.insert(number, entry);
        }
    };
    let (Object::Dictionary(trailer), end) = parse::object(file, after)? else { return None };
    Some(Section {
        at,
        end,
        previous: offset_in(&trailer, b"Prev"),
        hybrid: offset_in(&trailer, b"XRefStm"),
        entries,
        trailer,
        stream: None,
        hidden_stream: None,
    })
}

fn stream(file: &[u8], at: usize) -> Option<Section> {
    let found = objects::indirect(file, at)?;
    let Object::Dictionary(dictionary) = found.object else { return None };
    if !dictionary.has_type(b"XRef") {
        return None;
    }
    let length = usize::try_from(dictionary.get(b"Length").ok()?.as_i64().ok()?).ok()?;
    let data = found.data?;
    let end = data.checked_add(length)?;
    let content = file.get(data..end)?.to_vec();
    let stream = Stream::new(dictionary, content);
    let table = stream.get_plain_content_with_limit(MAX_UNPACKED_BYTES).ok()?;
    limits::charge_unpacked(table.len());
    let entries = rows(&stream.dict, &table)?;
    Some(Section {
        at,
        end,
        previous: offset_in(&stream.dict, b"Prev"),
        hybrid: None,
        entries,
        trailer: stream.dict,
        stream: Some(found.number),
        hidden_stream: None,
    })
}

/// The rows of a cross-reference stream (tables 17 and 18).
fn rows(dictionary: &Dictionary, table: &[u8]) -> Option<BTreeMap<u32, Entry>> {
    let numbers = |key: &[u8]| -> Option<Vec<usize>> {
        let array = dictionary.get(key).ok()?.as_array().ok()?;
        array.iter().map(|item| usize::try_from(item.as_i64().ok()?).ok()).collect()
    };
    let [first, second, third] = numbers(b"W")?.try_into().ok()?;
    let width = first.checked_add(second)?.checked_add(third)?;
    if width == 0 || [first, second, third].into_iter().any(|width| width > 8) {
        return None;
    }
    let index = match numbers(b"Index") {
        Some(index) => index,
        None => vec![0, usize::try_from(dictionary.get(b"Size").ok()?.as_i64().ok()?).ok()?],
    };
    let mut rows = table.chunks_exact(width);
    let mut entries = BTreeMap::new();
    for range in index.chunks_exact(2) {
        let [start, count] = *range else { return None };
        for offset in 0..count {
            let Some(row) = rows.next() else { return Some(entries) };
            if entries.len() >= MAX_XREF_ENTRIES {
                return None;
            }
            let number = u32::try_from(start.checked_add(offset)?).ok()?;
            let (kind, row) = row.split_at_checked(first)?;
            let (second, third) = row.split_at_checked(second)?;
            let entry = match if first == 0 { 1 } else { big_endian(kind) } {
                0 => Entry::Free,
                1 => Entry::At {
                    offset: big_endian(second),
                    generation: u16::try_from(big_endian(third)).ok()?,
                },
                2 => Entry::In { container: u32::try_from(big_endian(second)).ok()? },
                // "Any other value shall be interpreted as a reference to the null object."
                _ => Entry::Free,
            };
            entries.insert(number, entry);
        }
    }
    Some(entries)
}

fn big_endian(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |value: usize, &byte| value.checked_shl(8).unwrap_or(0) | usize::from(byte))
}

fn offset_in(dictionary: &Dictionary, key: &[u8]) -> Option<usize> {
    usize::try_from(dictionary.get(key).ok()?.as_i64().ok()?).ok()
}
