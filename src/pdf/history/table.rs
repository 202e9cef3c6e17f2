//! Where every object is in every revision, and the object itself once it was read.

use std::cell::OnceCell;
use std::rc::Rc;

use super::objects::Parsed;
use super::section::Entry;
use super::uses::Uses;

/// Objects by number, each with the revisions that write or free it. No hashing: files name the numbers.
#[derive(Default)]
pub(super) struct Table {
    /// Every number that any revision has, in order.
    numbers: Vec<u32>,
    /// For each number where its versions end in `versions`; they begin where those of the number before end.
    ends: Vec<usize>,
    versions: Vec<Version>,
    parsed: Vec<OnceCell<Option<Rc<Parsed>>>>,
    /// The references of objects that were not read when they were asked for.
    uses: Vec<OnceCell<Option<Uses>>>,
}

/// What one revision says about an object.
#[derive(Clone, Copy)]
pub(super) struct Version {
    pub revision: usize,
    pub entry: Entry,
    /// Which of the read objects it is: the same one where an update only repeats the entry.
    cell: usize,
}

impl Table {
    /// From `(number, revision, entry)`, in any order.
    pub fn new(mut entries: Vec<(u32, usize, Entry)>) -> Self {
        entries.sort_unstable_by_key(|(number, revision, _)| (*number, *revision));
        let mut table = Self { versions: Vec::with_capacity(entries.len()), ..Self::default() };
        let (mut cells, mut before) = (0, None);
        for (number, revision, entry) in entries {
            if table.numbers.last() != Some(&number) {
                table.numbers.push(number);
                table.ends.push(table.versions.len());
                before = None;
            }
            let cell = match before {
                // Where an object stream is, and so what is in it, hangs on the revision.
                Some(Version { entry: same @ Entry::At { .. }, cell, .. }) if same == entry => cell,
                _ => {
                    cells += 1;
                    cells - 1
                }
            };
            let version = Version { revision, entry, cell };
            before = Some(version);
            table.versions.push(version);
            if let Some(end) = table.ends.last_mut() {
                *end = table.versions.len();
            }
        }
        table.parsed.resize_with(cells, OnceCell::new);
        table.uses.resize_with(cells, OnceCell::new);
        table
    }

    /// All that revisions say about an object, oldest first.
    pub fn versions(&self, number: u32) -> &[Version] {
        // Nearly every file numbers its objects without gaps.
        let guess = self.numbers.first().and_then(|first| number.checked_sub(*first));
        let guess = guess.and_then(|guess| usize::try_from(guess).ok());
        let place = match guess.filter(|place| self.numbers.get(*place) == Some(&number)) {
            Some(place) => place,
            None => match self.numbers.binary_search(&number) {
                Ok(place) => place,
                Err(_) => return &[],
            },
        };
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(place).and_then(|end| self.versions.get(start..*end)).unwrap_or_default()
    }

    /// What counts in `revision`.
    pub fn version(&self, revision: usize, number: u32) -> Option<Version> {
        self.versions(number).iter().rev().find(|version| version.revision <= revision).copied()
    }

    pub fn numbers(&self) -> &[u32] {
        &self.numbers
    }

    /// The object of a version, read by `read` the first time.
    pub fn parsed(
        &self,
        version: &Version,
        read: impl FnOnce() -> Option<Rc<Parsed>>,
    ) -> Option<&Rc<Parsed>> {
        self.parsed.get(version.cell)?.get_or_init(read).as_ref()
    }

    /// The references of a version, from its text by `scan`; `None` where the object itself, which may be known, has to tell.
    pub fn uses(&self, version: &Version, scan: impl FnOnce() -> Option<Uses>) -> Option<&Uses> {
        let uses = self.uses.get(version.cell)?;
        if uses.get().is_none() && self.parsed.get(version.cell)?.get().is_some() {
            return None;
        }
        uses.get_or_init(scan).as_ref()
    }

    /// Forgets all objects that were read.
    pub fn forget(&mut self) {
        self.parsed.iter_mut().for_each(|cell| drop(cell.take()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(offset: usize) -> Entry {
        Entry::At { offset, generation: 0 }
    }

    #[test]
    fn each_revision_sees_the_last_word_on_an_object() {
        let entries = [(3, 0, at(10)), (1, 1, at(30)), (9, 2, at(90)), (3, 2, Entry::Free), (3, 1, at(10))];
        let table = Table::new(entries.to_vec());
        let seen = |revision, number| table.version(revision, number).map(|version| version.entry);
        assert_eq!(table.numbers(), [1, 3, 9]);
        assert_eq!([seen(0, 1), seen(1, 1), seen(0, 3)], [None, Some(at(30)), Some(at(10))]);
        assert_eq!(
            [seen(2, 3), seen(7, 9), seen(7, 2), seen(7, 0)],
            [Some(Entry::Free), Some(at(90)), None, None]
        );
        let cells: Vec<usize> = table.versions(3).iter().map(|version| version.cell).collect();
        assert_eq!((cells[0], cells[1] == cells[2]), (cells[1], false), "what is only repeated is read once");
    }
}
