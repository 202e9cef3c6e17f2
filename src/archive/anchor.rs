//! The anchor: the newest signed checkpoint in a file beside the store.
//!
//! The store recovers from a crash up to the first damaged record of its log. That is right for a torn write, which
//! nobody was told of; but a flipped bit in the log would take acknowledged entries with it, silently. The anchor
//! notices: it is written after every commit (without an fsync: it is never ahead of the store, and surviving the
//! process is enough), so a journal that is shorter than its anchor, or another one, has lost something.
//!
//! It is also what an administrator copies elsewhere to be able to prove later that the journal was not rewritten.

use std::fs::File;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use super::error::ArchiveError;
use super::head::{Head, TreeRows};
use crate::journal::{VerifyingKey, checkpoint, merkle};
use crate::store::View;

/// Longest checkpoint read, in bytes; ours have about 250.
const MAX_BYTES: u64 = 4_096;

/// The open anchor file.
pub struct Anchor {
    file: File,
}

/// What the anchor said when the archive was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The store continues the journal that the anchor knows.
    Continues,
    /// There is no anchor, or it cannot be read: only the store is to be believed, no cache.
    Nothing,
}

impl Anchor {
    /// Opens or makes the anchor file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let options =
            File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        Ok(Self { file: options.map_err(ArchiveError::io(path))? })
    }

    /// Compares the store's head with the anchor.
    ///
    /// # Errors
    /// [`ArchiveError::Rewound`] when the journal is shorter than the anchor knows, or is another one.
    pub fn check(&self, view: &dyn View, head: &Head, key: &VerifyingKey) -> Result<Found, ArchiveError> {
        let note = self.read();
        let Some(known) = note.as_ref().and_then(|note| checkpoint::verify(note, key).ok()) else {
            if self.file.metadata().is_ok_and(|metadata| metadata.len() > 0) {
                tracing::warn!(
                    "checkpoint.txt beside the store is damaged or not signed by this archive, so it is not believed and \
                     is written anew; compare the journal with a checkpoint that was kept elsewhere"
                );
            }
            return Ok(Found::Nothing);
        };
        if known.size > head.size() {
            return Err(ArchiveError::Rewound { known: known.size, found: head.size() });
        }
        if merkle::root_at(&TreeRows(view), known.size)? != known.root {
            return Err(ArchiveError::Rewound { known: known.size, found: head.size() });
        }
        Ok(Found::Continues)
    }

    fn read(&self) -> Option<String> {
        let length = self.file.metadata().ok()?.len();
        if length == 0 || length > MAX_BYTES {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(length).ok()?];
        self.file.read_exact_at(&mut bytes, 0).ok()?;
        String::from_utf8(bytes).ok()
    }

    /// Remembers a durable head. A failure costs only the anchor: the entries are safe, so it is logged.
    pub fn write(&self, note: &str) {
        let written =
            self.file.write_all_at(note.as_bytes(), 0).and_then(|()| self.file.set_len(note.len() as u64));
        if let Err(error) = written {
            tracing::warn!(%error, "the newest checkpoint could not be written beside the store");
        }
    }
}
