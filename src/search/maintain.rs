//! Upkeep of the index: forgetting for good, merging into one, starting over.

use tantivy::IndexWriter;
use tantivy::index::{SegmentId, SegmentMeta};
use tantivy::indexer::NoMergePolicy;

use super::error::IndexError;
use super::index::Index;
use super::writer::{MIN_WRITER_BYTES, commit, no_writer, writer_options};

impl Index {
    /// Forgets everything; the cursor goes back to zero.
    ///
    /// # Errors
    /// The index cannot be written.
    pub fn clear(&self) -> Result<(), IndexError> {
        let mut guard = self.everyday_writer()?;
        let Some(writer) = guard.as_mut() else { return Err(no_writer()) };
        writer.writer.delete_all_documents()?;
        commit(&mut writer.writer, 0)?;
        writer.seen_below = 0;
        self.refresh()
    }

    /// Rewrites every segment that holds deleted documents, so that nothing of them is left on disk.
    ///
    /// # Errors
    /// The index cannot be read or written; searches go on from the last state.
    pub fn purge(&self) -> Result<(), IndexError> {
        self.merge(|segments| {
            segments
                .iter()
                .filter(|segment| segment.has_deletes())
                .map(|segment| vec![segment.id()])
                .collect()
        })
    }

    /// Merges all segments into one: the fastest state to search, worth it after a rebuild.
    ///
    /// # Errors
    /// The index cannot be read or written; searches go on from the last state.
    pub fn optimize(&self) -> Result<(), IndexError> {
        self.merge(|segments| match segments {
            [] | [_] => Vec::new(),
            many => vec![many.iter().map(SegmentMeta::id).collect()],
        })
    }

    /// Merges the lots that `choose` picks from all committed segments.
    fn merge(&self, choose: impl Fn(&[SegmentMeta]) -> Vec<Vec<SegmentId>>) -> Result<(), IndexError> {
        let mut guard = self.writer_slot();
        // Merges under way would pull segments from under ours; a new writer has none.
        if let Some(old) = guard.take() {
            old.writer.wait_merging_threads()?;
        }
        let mut writer: IndexWriter =
            self.tantivy().writer_with_options(writer_options(1, MIN_WRITER_BYTES))?;
        writer.set_merge_policy(Box::new(NoMergePolicy));
        for lot in choose(&self.tantivy().searchable_segment_metas()?) {
            writer.merge(&lot).wait()?;
        }
        self.refresh()?;
        // Old files can be collected once no snapshot of ours holds them.
        writer.garbage_collect_files().wait()?;
        Ok(())
    }
}
