//! Writing to tantivy: replacing records, committing with the cursor, merging rules.

use tantivy::IndexWriter;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy, UserOperation};
use tantivy::schema::Term;

use super::document::RecordDocs;
use super::error::IndexError;
use super::fold::FOLD_VERSION;
use super::schema::{Fields, SCHEMA_VERSION, to_tantivy};

/// The open writer and what it knows.
pub(super) struct Writer {
    pub writer: IndexWriter,
    /// Every record number below may be in the index already, so adding it again needs a delete first.
    pub seen_below: u64,
}

impl Writer {
    /// Queues the replacement of one record; all its versions land in one segment.
    pub(super) fn add(&mut self, fields: &Fields, record: &RecordDocs) -> Result<(), IndexError> {
        let mut operations = Vec::with_capacity(record.versions.len() + 1);
        if record.seq < self.seen_below {
            operations.push(UserOperation::Delete(Term::from_field_u64(fields.seq, record.seq)));
        }
        for version in &record.versions {
            operations.push(UserOperation::Add(to_tantivy(fields, record.seq, version)?));
        }
        self.seen_below = self.seen_below.max(record.seq.saturating_add(1));
        self.writer.run(operations)?;
        Ok(())
    }
}

/// Least memory that tantivy accepts for a writing thread.
pub(super) const MIN_WRITER_BYTES: usize = 15 << 20;

pub(super) fn writer_options(threads: usize, bytes: usize) -> IndexWriterOptions {
    IndexWriterOptions::builder()
        .num_worker_threads(threads.clamp(1, 8))
        .memory_budget_per_thread(bytes)
        .num_merge_threads(1)
        .build()
}

/// Eight small segments become one; segments with three deleted documents in ten are rewritten.
pub(super) fn merge_policy() -> LogMergePolicy {
    let mut policy = LogMergePolicy::default();
    policy.set_min_num_segments(8);
    policy.set_del_docs_ratio_before_merge(0.3);
    policy
}

pub(super) fn no_writer() -> IndexError {
    IndexError::Engine("the index writer is gone".to_owned())
}

/// Commits with the cursor in the same atomic write as the documents.
pub(super) fn commit(writer: &mut IndexWriter, through: u64) -> Result<(), IndexError> {
    let mut prepared = writer.prepare_commit()?;
    prepared.set_payload(&format!("shosoin schema={SCHEMA_VERSION} fold={FOLD_VERSION} cursor={through}"));
    prepared.commit()?;
    Ok(())
}

/// The cursor from a commit's payload.
pub(super) fn read_payload(payload: &str) -> Result<u64, IndexError> {
    let prefix = format!("shosoin schema={SCHEMA_VERSION} fold={FOLD_VERSION} cursor=");
    let cursor = payload.strip_prefix(&prefix).and_then(|cursor| cursor.parse().ok());
    cursor.ok_or_else(|| IndexError::Outdated(format!("its state says {payload:?}")))
}
