//! Bytes on their way into an object file, past the system's cache.
//!
//! A contract that is deposited is rarely read in the next minutes, so copying it into the system's cache and from there to
//! the disk is work for nothing: direct writes made a deposit 6 to 11 % cheaper, and the fsync after them shorter
//! (`benches/deposit.rs`). The system asks that they begin, in memory and in the file, at a multiple of the disk's block.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Direct writes begin and end at a multiple of this, in bytes, which suits the disks we know of. Part of the format
/// (`schema/store.md`).
pub(super) const ALIGNED: u64 = 4_096;

/// Bytes that are collected before they are written.
const ROOM: usize = 1 << 20;

/// A run of bytes that begins at an aligned address.
pub(super) struct Block {
    /// Longer than [`ROOM`] by what it takes to begin anywhere aligned. Never grows, so never moves.
    bytes: Vec<u8>,
    start: usize,
    filled: usize,
    direct: bool,
}

impl Block {
    /// An empty block for `file`, which is told to take direct writes; where it cannot, they are ordinary ones.
    pub(super) fn of(file: &File) -> Self {
        let bytes = vec![0; ROOM + ALIGNED as usize];
        let start = bytes.as_ptr().align_offset(ALIGNED as usize).min(ALIGNED as usize);
        Self { bytes, start, filled: 0, direct: set_direct(file, true).is_ok() }
    }

    /// Bytes in it.
    pub(super) fn len(&self) -> u64 {
        self.filled as u64
    }

    /// Takes what there is room for of `more`; the rest.
    pub(super) fn fill<'a>(&mut self, more: &'a [u8]) -> &'a [u8] {
        let (now, rest) = more.split_at(more.len().min(ROOM - self.filled));
        let from = self.start + self.filled;
        self.bytes[from..from + now.len()].copy_from_slice(now);
        self.filled += now.len();
        rest
    }

    /// Writes it to `file` at `offset`, and is empty then. Both its length and `offset` must be aligned.
    ///
    /// # Errors
    /// What the system says; how much was written is not known then.
    pub(super) fn write(&mut self, file: &File, offset: u64) -> io::Result<()> {
        let filled = &self.bytes[self.start..self.start + self.filled];
        match file.write_all_at(filled, offset) {
            // A file system that takes direct writes, on a disk that asks for more than we know of.
            Err(error) if self.direct && error.kind() == io::ErrorKind::InvalidInput => {
                set_direct(file, false)?;
                self.direct = false;
                file.write_all_at(filled, offset)?;
            }
            written => written?,
        }
        self.filled = 0;
        Ok(())
    }

    /// Forgets what is in it.
    pub(super) fn clear(&mut self) {
        self.filled = 0;
    }
}

#[cfg(target_os = "linux")]
fn set_direct(file: &File, direct: bool) -> io::Result<()> {
    let mut flags = rustix::fs::fcntl_getfl(file)?;
    flags.set(rustix::fs::OFlags::DIRECT, direct);
    Ok(rustix::fs::fcntl_setfl(file, flags)?)
}

#[cfg(not(target_os = "linux"))]
fn set_direct(_: &File, _: bool) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_written_in_order_and_the_block_is_used_again() {
        let named = tempfile::NamedTempFile::new().unwrap();
        let file = named.as_file();
        let mut block = Block::of(file);
        let long: Vec<u8> = (0..ROOM + 5_000).map(|n| (n % 251) as u8).collect();
        let rest = block.fill(&long);
        assert_eq!((rest.len(), block.len()), (5_000, ROOM as u64));
        assert_eq!(block.fill(rest), rest, "it is full");
        block.write(file, 0).unwrap();
        assert_eq!(block.fill(&rest[..ALIGNED as usize]).len(), 0);
        block.write(file, ROOM as u64).unwrap();
        assert_eq!(std::fs::read(named.path()).unwrap(), long[..ROOM + ALIGNED as usize]);
    }

    #[test]
    fn what_cannot_be_written_directly_is_written_all_the_same() {
        let named = tempfile::NamedTempFile::new().unwrap();
        let mut block = Block::of(named.as_file());
        // Disks refuse to take seven bytes directly; file systems in memory take them.
        block.fill(b"refused");
        block.write(named.as_file(), 0).unwrap();
        assert_eq!(std::fs::read(named.path()).unwrap(), b"refused");
    }
}
