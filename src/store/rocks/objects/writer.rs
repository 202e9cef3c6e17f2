//! Appends objects to the newest file, and makes them durable.

use super::active::Active;
use super::{ObjectFiles, Place, Usage, write_error};
use crate::store::{BlobId, CommitError};

/// A file that reached this length is followed by a new one, in bytes. Not larger, because space returns by the file; not
/// smaller, because a terabyte should not be too many files to name.
pub(in crate::store::rocks) const FILE_BYTES: u64 = 256 << 20;

/// The only writer of a store's object files; whoever holds the store's gate has it.
pub(in crate::store::rocks) struct Writer {
    active: Option<Active>,
    /// No new file takes a number up to this one, although no row may know of it.
    taken: u32,
    /// Length in bytes at which a file is followed by a new one.
    full: u64,
}

impl Writer {
    pub(in crate::store::rocks) fn new(full: u64) -> Self {
        Self { active: None, taken: 0, full }
    }

    /// The file that is being written. Nothing may be moved out of it, nor the file be removed.
    pub(in crate::store::rocks) fn active(&self) -> Option<u32> {
        self.active.as_ref().map(|active| active.number)
    }

    /// Appends an object to the group; not to be read before [`end_group`](Self::end_group). `newest` is the last file that
    /// rows know of.
    ///
    /// # Errors
    /// When the disk does not take it. Nothing may name any object of the group then.
    pub(in crate::store::rocks) fn append(
        &mut self,
        files: &ObjectFiles,
        newest: impl FnOnce() -> Result<Option<(u32, Usage)>, CommitError>,
        (id, bytes): (BlobId, &[u8]),
    ) -> Result<Place, CommitError> {
        self.roll()?;
        let mut active = match self.active.take() {
            Some(active) => active,
            None => self.begin(files, newest()?)?,
        };
        let place = Place { file: active.number, offset: active.len(), len: bytes.len() as u64 };
        let outcome = active.append(id, bytes);
        self.keep(active, outcome)?;
        Ok(place)
    }

    /// Writes what was appended, so that it can be read; not durable before [`sync`](Self::sync).
    ///
    /// # Errors
    /// When the disk does not take it. Nothing may name any object of the group then.
    pub(in crate::store::rocks) fn end_group(&mut self) -> Result<(), CommitError> {
        let Some(mut active) = self.active.take() else { return Ok(()) };
        let outcome = active.end_group();
        self.keep(active, outcome)
    }

    /// Makes durable what was appended.
    ///
    /// # Errors
    /// When the disk fails. Linux forgets which pages it could not write, so the file is left as it is and not used again.
    pub(in crate::store::rocks) fn sync(&mut self) -> Result<(), CommitError> {
        self.end_group()?;
        let Some(mut active) = self.active.take() else { return Ok(()) };
        active.sync().map_err(|error| write_error(active.number, &error))?;
        self.active = Some(active);
        Ok(())
    }

    /// Goes on with `active` after a write. If that failed, the next object begins where the group did; where even that
    /// cannot be, in a new file.
    fn keep(&mut self, mut active: Active, outcome: std::io::Result<()>) -> Result<(), CommitError> {
        let outcome = outcome.map_err(|error| write_error(active.number, &error));
        if outcome.is_ok() || active.cut_group().is_ok() {
            self.active = Some(active);
        }
        outcome
    }

    /// Leaves a file that is full.
    fn roll(&mut self) -> Result<(), CommitError> {
        if self.active.as_ref().is_some_and(|active| active.len() >= self.full) {
            self.sync()?;
            self.active = None;
        }
        Ok(())
    }

    /// Goes on with the newest file, or begins one.
    fn begin(&mut self, files: &ObjectFiles, newest: Option<(u32, Usage)>) -> Result<Active, CommitError> {
        if let Some((number, usage)) = newest.filter(|(number, _)| *number > self.taken)
            && usage.end < self.full
            && let Some(active) = Active::resume(&files.path(number), number, usage.end)
        {
            self.taken = number;
            return Ok(active);
        }
        let number = newest.map_or(0, |(number, _)| number).max(self.taken).saturating_add(1);
        self.taken = number;
        Active::create(files, number).map_err(|error| write_error(number, &error))
    }
}
