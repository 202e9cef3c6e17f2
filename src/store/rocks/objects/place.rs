//! The two rows about object files: where an object lies, and how much of a file is still alive.

use super::HEADER;
use crate::store::StoreError;

/// First byte of both rows.
const V1: u8 = 1;

/// Where an object lies: a row of `objects`, 21 bytes after the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store::rocks) struct Place {
    pub file: u32,
    /// Where its frame begins.
    pub offset: u64,
    /// Length of the object without its header.
    pub len: u64,
}

impl Place {
    pub(in crate::store::rocks) fn encode(&self) -> [u8; 21] {
        let mut row = [V1; 21];
        row[1..5].copy_from_slice(&self.file.to_be_bytes());
        row[5..13].copy_from_slice(&self.offset.to_be_bytes());
        row[13..].copy_from_slice(&self.len.to_be_bytes());
        row
    }

    pub(in crate::store::rocks) fn decode(row: &[u8]) -> Result<Self, StoreError> {
        let parts = || {
            let (file, rest) = row.strip_prefix(&[V1])?.split_first_chunk()?;
            let (offset, len) = rest.split_first_chunk()?;
            let (file, offset) = (u32::from_be_bytes(*file), u64::from_be_bytes(*offset));
            Some(Self { file, offset, len: u64::from_be_bytes(len.try_into().ok()?) })
        };
        parts().ok_or_else(|| bad_row("objects"))
    }

    /// Length of the frame: header and object.
    pub(in crate::store::rocks) fn framed(&self) -> u64 {
        self.len.saturating_add(HEADER)
    }

    /// First byte after the frame; `None` for a place that no file can have.
    pub(in crate::store::rocks) fn end(&self) -> Option<u64> {
        self.offset.checked_add(HEADER)?.checked_add(self.len)
    }
}

/// How a file is used: a row of `object_files`, 16 bytes after the version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::store::rocks) struct Usage {
    /// End of the last frame that was ever named by a row.
    pub end: u64,
    /// Bytes of the frames that a row names now.
    pub alive: u64,
}

impl Usage {
    pub(in crate::store::rocks) fn encode(&self) -> [u8; 17] {
        let mut row = [V1; 17];
        row[1..9].copy_from_slice(&self.end.to_be_bytes());
        row[9..].copy_from_slice(&self.alive.to_be_bytes());
        row
    }

    pub(in crate::store::rocks) fn decode(row: &[u8]) -> Result<Self, StoreError> {
        let parts = || {
            let (end, alive) = row.strip_prefix(&[V1])?.split_first_chunk()?;
            Some(Self { end: u64::from_be_bytes(*end), alive: u64::from_be_bytes(alive.try_into().ok()?) })
        };
        parts().ok_or_else(|| bad_row("object_files"))
    }

    /// Takes an object in.
    pub(in crate::store::rocks) fn add(&mut self, place: &Place) {
        self.end = self.end.max(place.offset.saturating_add(place.framed()));
        self.alive = self.alive.saturating_add(place.framed());
    }

    /// Gives an object up.
    pub(in crate::store::rocks) fn give_up(&mut self, place: &Place) {
        self.alive = self.alive.saturating_sub(place.framed());
    }

    /// More of the file is dead than alive: moving the rest out costs less than it frees.
    pub(in crate::store::rocks) fn is_mostly_dead(&self) -> bool {
        self.alive < self.end / 2
    }
}

fn bad_row(table: &str) -> StoreError {
    StoreError::Corrupt { file: None, detail: format!("the table {table} has a row of an unknown shape") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_read_back_and_other_shapes_are_damage() {
        let place = Place { file: 3, offset: 1 << 40, len: 150_000 };
        assert_eq!(Place::decode(&place.encode()).unwrap(), place);
        let usage = Usage { end: 7, alive: 5 };
        assert_eq!(Usage::decode(&usage.encode()).unwrap(), usage);
        for row in [&[][..], &[1], &[2; 21], &[1; 22], &[2; 17], &[1; 16]] {
            assert!(Place::decode(row).is_err() && Usage::decode(row).is_err(), "{row:?}");
        }
    }

    #[test]
    fn a_file_is_mostly_dead_when_less_than_half_of_it_lives() {
        let (first, second) =
            (Place { file: 1, offset: 0, len: 64 }, Place { file: 1, offset: 100, len: 65 });
        let mut usage = Usage::default();
        usage.add(&first);
        usage.add(&second);
        assert_eq!(usage, Usage { end: 201, alive: 201 });
        usage.give_up(&first);
        assert!(!usage.is_mostly_dead());
        usage.give_up(&second);
        assert!(usage.is_mostly_dead() && usage.alive == 0);
    }

    #[test]
    fn a_place_that_no_file_can_have_has_no_end() {
        assert_eq!(Place { file: 1, offset: u64::MAX - 3, len: 1 }.end(), None);
        assert_eq!(Place { file: 1, offset: 10, len: 4 }.end(), Some(50));
    }
}
