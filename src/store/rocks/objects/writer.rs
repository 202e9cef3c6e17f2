//! Appends objects to the newest file, and makes them durable.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::{Header, ObjectFiles, Place, Usage, write_error};
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

struct Active {
    number: u32,
    file: File,
    len: u64,
    synced: bool,
}

impl Writer {
    pub(in crate::store::rocks) fn new(full: u64) -> Self {
        Self { active: None, taken: 0, full }
    }

    /// The file that is being written. Nothing may be moved out of it, nor the file be removed.
    pub(in crate::store::rocks) fn active(&self) -> Option<u32> {
        self.active.as_ref().map(|active| active.number)
    }

    /// Appends an object; not durable before [`sync`](Self::sync). `newest` is the last file that rows know of.
    ///
    /// # Errors
    /// When the disk does not take it. Nothing names the place, so what was written of it does not count.
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
        let place = Place { file: active.number, offset: active.len, len: bytes.len() as u64 };
        if let Err(error) = active.write(id, bytes) {
            // The next object begins where this one did; where even that fails, in a new file.
            if active.cut(place.offset).is_ok() {
                self.active = Some(active);
            }
            return Err(write_error(place.file, &error));
        }
        self.active = Some(active);
        Ok(place)
    }

    /// Makes durable what was appended.
    ///
    /// # Errors
    /// When the disk fails. Linux forgets which pages it could not write, so the file is left as it is and not used again.
    pub(in crate::store::rocks) fn sync(&mut self) -> Result<(), CommitError> {
        let Some(mut active) = self.active.take() else { return Ok(()) };
        if !active.synced {
            active.file.sync_data().map_err(|error| write_error(active.number, &error))?;
            active.synced = true;
        }
        self.active = Some(active);
        Ok(())
    }

    /// Leaves a file that is full.
    fn roll(&mut self) -> Result<(), CommitError> {
        if self.active.as_ref().is_some_and(|active| active.len >= self.full) {
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

impl Active {
    /// A new file, its name durable. One of this number that no row knows was left by a crash.
    fn create(files: &ObjectFiles, number: u32) -> io::Result<Self> {
        let made = DirBuilder::new().mode(0o700).create(&files.directory);
        match made {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) => {}
            Ok(()) => sync_directory(files.directory.parent().unwrap_or(Path::new(".")))?,
        }
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(files.path(number))?;
        sync_directory(&files.directory)?;
        Ok(Self { number, file, len: 0, synced: true })
    }

    /// The newest file again, from the end of what rows name; `None` when it is shorter than that: a damaged file is not
    /// written to.
    fn resume(path: &Path, number: u32, end: u64) -> Option<Self> {
        let file = OpenOptions::new().write(true).open(path).ok()?;
        let mut active = Self { number, file, len: end, synced: false };
        (active.file.metadata().ok()?.len() >= end && active.cut(end).is_ok()).then_some(active)
    }

    fn write(&mut self, id: BlobId, bytes: &[u8]) -> io::Result<()> {
        let header = Header::of(id, bytes).encode();
        self.synced = false;
        self.file.write_all(&header)?;
        self.file.write_all(bytes)?;
        self.len += (header.len() + bytes.len()) as u64;
        Ok(())
    }

    fn cut(&mut self, end: u64) -> io::Result<()> {
        self.file.set_len(end)?;
        self.file.seek(SeekFrom::Start(end)).map(drop)
    }
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
