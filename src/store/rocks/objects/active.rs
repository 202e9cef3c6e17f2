//! The object file that is being written: frames in groups, each group from one aligned offset to the next.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;

use super::block::Block;
use super::{Header, ObjectFiles, frame};
use crate::store::BlobId;

pub(super) struct Active {
    pub number: u32,
    file: File,
    block: Block,
    /// Where the block will be written.
    written: u64,
    /// Where the group began that is being written.
    group: u64,
    synced: bool,
}

impl Active {
    /// A new file, its name durable. One of this number that no row knows was left by a crash.
    pub fn create(files: &ObjectFiles, number: u32) -> io::Result<Self> {
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
        Ok(Self::from(number, file, 0))
    }

    /// The newest file again, from the end of what rows name; `None` when it is shorter than that: a damaged file is not
    /// written to.
    pub fn resume(path: &Path, number: u32, end: u64) -> Option<Self> {
        let file = OpenOptions::new().write(true).open(path).ok()?;
        if file.metadata().ok()?.len() < end {
            return None;
        }
        file.set_len(end).ok()?;
        let filler = frame::filler(end);
        // Before the file is told to take direct writes: `end` may be anywhere.
        file.write_all_at(&filler, end).ok()?;
        Some(Self { synced: false, ..Self::from(number, file, end + filler.len() as u64) })
    }

    fn from(number: u32, file: File, offset: u64) -> Self {
        let block = Block::of(&file);
        Self { number, file, block, written: offset, group: offset, synced: true }
    }

    /// Where the next frame begins.
    pub fn len(&self) -> u64 {
        self.written + self.block.len()
    }

    /// Adds a frame to the group; some of it may be in memory only until the group ends.
    pub fn append(&mut self, id: BlobId, bytes: &[u8]) -> io::Result<()> {
        self.add(&Header::of(id, bytes).encode())?;
        self.add(bytes)
    }

    /// Writes the rest of the group, and a filler after it, so that the next one begins aligned.
    pub fn end_group(&mut self) -> io::Result<()> {
        self.add(&frame::filler(self.len()))?;
        self.write_block()?;
        self.group = self.written;
        Ok(())
    }

    /// Takes back the group that is being written.
    pub fn cut_group(&mut self) -> io::Result<()> {
        self.block.clear();
        self.written = self.group;
        self.file.set_len(self.group)
    }

    /// Makes durable what was written.
    pub fn sync(&mut self) -> io::Result<()> {
        if !self.synced {
            self.file.sync_data()?;
            self.synced = true;
        }
        Ok(())
    }

    fn add(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        loop {
            bytes = self.block.fill(bytes);
            if bytes.is_empty() {
                return Ok(());
            }
            self.write_block()?;
        }
    }

    fn write_block(&mut self) -> io::Result<()> {
        let len = self.block.len();
        if len > 0 {
            self.synced = false;
            self.block.write(&self.file, self.written)?;
            self.written += len;
        }
        Ok(())
    }
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
