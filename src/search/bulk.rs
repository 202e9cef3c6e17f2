//! Building a large index quickly: more memory and threads, one view of the result at the end.

use std::sync::MutexGuard;

use super::document::RecordDocs;
use super::error::IndexError;
use super::index::Index;
use super::writer::{Writer, commit};

/// How a bulk load may use the machine.
#[derive(Clone, Copy, Debug)]
pub struct BulkOptions {
    /// Writing threads.
    pub threads: usize,
    /// Memory of each in bytes before it starts a new segment.
    pub writer_bytes: usize,
}

impl Default for BulkOptions {
    fn default() -> Self {
        Self { threads: 2, writer_bytes: 100 << 20 }
    }
}

/// A bulk load under way; keeps other writers out. Searches see its records after [`finish`](Bulk::finish).
///
/// Dropped without `finish`, everything since the last `commit` is forgotten.
pub struct Bulk<'a> {
    index: &'a Index,
    guard: MutexGuard<'a, Option<Writer>>,
}

impl Index {
    /// Starts a bulk load.
    ///
    /// # Errors
    /// The index cannot be written.
    pub fn bulk(&self, options: BulkOptions) -> Result<Bulk<'_>, IndexError> {
        *self.writer_slot() = None;
        Ok(Bulk { index: self, guard: self.writer(options.threads, options.writer_bytes)? })
    }
}

impl Bulk<'_> {
    /// Adds or replaces one record.
    ///
    /// # Errors
    /// The record cannot be indexed, or the disk refuses.
    pub fn add(&mut self, record: &RecordDocs) -> Result<(), IndexError> {
        let fields = *self.index.fields();
        self.guard.as_mut().map_or(Ok(()), |writer| writer.add(&fields, record))
    }

    /// Makes everything so far durable, so that a crash costs only what came later.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn commit(&mut self, through: u64) -> Result<(), IndexError> {
        self.guard.as_mut().map_or(Ok(()), |writer| commit(&mut writer.writer, through))
    }

    /// Commits, waits for merges, and lets searches see the result.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn finish(mut self, through: u64) -> Result<(), IndexError> {
        self.commit(through)?;
        if let Some(writer) = self.guard.take() {
            writer.writer.wait_merging_threads()?;
        }
        self.index.refresh()
    }
}

impl Drop for Bulk<'_> {
    fn drop(&mut self) {
        // The next writer starts from the last commit, with everyday memory. If the view cannot be made now, searches
        // go on with the one before, and whoever follows the journal applies the rest again, which changes nothing.
        if self.guard.take().is_some() {
            let _ = self.index.refresh();
        }
    }
}
