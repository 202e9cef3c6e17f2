//! The index itself: opening, following the journal, searching, rebuilding.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tantivy::index::{SegmentId, SegmentMeta};
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy, NoMergePolicy, UserOperation};
use tantivy::schema::Term;
use tantivy::tokenizer::TokenizerManager;
use tantivy::{IndexReader, IndexWriter, ReloadPolicy};

use super::document::RecordDocs;
use super::error::{IndexError, SearchError};
use super::fold::FOLD_VERSION;
use super::query::{Query, Results};
use super::schema::{Fields, SCHEMA_VERSION, schema, settings, to_tantivy};
use super::sealed_directory::SealedDirectory;
use super::sealed_file::IndexKey;
use super::snapshot::Snapshot;
use super::tokenizer::{CjkTokenizer, TOKENIZER};

/// Memory and threads; the defaults suit a server that follows the journal.
#[derive(Clone, Copy, Debug)]
pub struct IndexOptions {
    /// Memory of each writing thread in bytes before it starts a new segment; at least 15 MB.
    pub writer_bytes: usize,
    /// Writing threads while following the journal.
    pub writer_threads: usize,
    /// Opened chunks kept for full-text searches, in bytes.
    pub cache_bytes: usize,
}

impl Default for IndexOptions {
    fn default() -> Self {
        Self { writer_bytes: 50 << 20, writer_threads: 1, cache_bytes: 16 << 20 }
    }
}

/// What `index status` shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexStatus {
    /// Metadata versions that can be found.
    pub documents: u64,
    pub segments: usize,
    /// On disk.
    pub bytes: u64,
    /// In memory, for searching.
    pub memory_bytes: u64,
    pub fold_version: u32,
    /// Journal entries taken into account.
    pub cursor: u64,
}

/// The search index of one archive: a follower of the journal that may be thrown away and built again.
///
/// Searches run at the same time as each other and as a writer; they see the last commit. One writer at a time.
/// Durable on return from [`apply`](Self::apply). What only the owner of the archive's lock may open.
pub struct Index {
    folder: PathBuf,
    options: IndexOptions,
    directory: SealedDirectory,
    index: tantivy::Index,
    reader: IndexReader,
    fields: Fields,
    writer: Mutex<Option<Writer>>,
    snapshot: RwLock<Arc<Snapshot>>,
}

/// The open writer and what it knows.
pub(super) struct Writer {
    pub writer: IndexWriter,
    /// Every record number below may be in the index already, so adding it again needs a delete first.
    pub seen_below: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Index {
    /// Opens the index in `folder`.
    ///
    /// # Errors
    /// [`IndexError::needs_rebuild`] says whether [`Index::create`] and following the journal from zero is the cure.
    pub fn open(folder: &Path, key: IndexKey, options: IndexOptions) -> Result<Self, IndexError> {
        if !folder.join("meta.json").is_file() {
            return Err(IndexError::Missing);
        }
        let directory = SealedDirectory::open(folder, key, options.cache_bytes)?;
        let index = tantivy::Index::open(directory.clone())?;
        let payload = index.load_metas()?.payload.unwrap_or_default();
        read_payload(&payload)?;
        Self::start(folder, directory, index, options)
    }

    /// Makes an empty index in `folder`, removing whatever index was there.
    ///
    /// # Errors
    /// The folder cannot be made, emptied or written.
    pub fn create(folder: &Path, key: IndexKey, options: IndexOptions) -> Result<Self, IndexError> {
        fs::create_dir_all(folder)?;
        // meta.json first: whatever a crash leaves behind is then no index.
        remove_if_there(&folder.join("meta.json"))?;
        for entry in fs::read_dir(folder)? {
            remove_if_there(&entry?.path())?;
        }
        let directory = SealedDirectory::open(folder, key, options.cache_bytes)?;
        let index = tantivy::Index::builder()
            .schema(schema().0)
            .settings(settings())
            .open_or_create(directory.clone())?;
        let mut writer: IndexWriter = index.writer_with_options(writer_options(1, MIN_WRITER_BYTES))?;
        commit(&mut writer, 0)?;
        drop(writer);
        Self::start(folder, directory, index, options)
    }

    fn start(
        folder: &Path, directory: SealedDirectory, mut index: tantivy::Index, options: IndexOptions,
    ) -> Result<Self, IndexError> {
        let (expected, fields) = schema();
        if index.schema() != expected {
            return Err(IndexError::Outdated("its fields differ".to_owned()));
        }
        let tokenizers = TokenizerManager::default();
        tokenizers.register(TOKENIZER, CjkTokenizer);
        index.set_tokenizers(tokenizers);
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let cursor = read_payload(&index.load_metas()?.payload.unwrap_or_default())?;
        let snapshot = Snapshot::new(&reader.searcher(), &[], cursor, fields, index.schema())?;
        Ok(Self {
            folder: folder.to_owned(),
            options,
            directory,
            index,
            reader,
            fields,
            writer: Mutex::new(None),
            snapshot: RwLock::new(Arc::new(snapshot)),
        })
    }

    /// Journal entries that the index takes into account.
    pub fn cursor(&self) -> u64 {
        self.current().indexed_through
    }

    /// Replaces what the index holds about `records`, and moves the cursor to `through` entries; durable and visible
    /// to searches on return. Applying the same again changes nothing.
    ///
    /// # Errors
    /// The index keeps its last state, whatever fails.
    pub fn apply(&self, records: &[RecordDocs], through: u64) -> Result<(), IndexError> {
        let mut guard = self.writer(self.options.writer_threads, self.options.writer_bytes)?;
        let Some(writer) = guard.as_mut() else { return Err(no_writer()) };
        let added = records.iter().try_for_each(|record| writer.add(&self.fields, record));
        let done = added.and_then(|()| commit(&mut writer.writer, through));
        if let Err(error) = done {
            // Nothing of a failed batch may slip into the next commit.
            *guard = None;
            return Err(error);
        }
        self.refresh()
    }

    /// Answers a query from the last commit.
    ///
    /// # Errors
    /// The query makes no sense, or the index is damaged.
    pub fn search(&self, query: &Query) -> Result<Results, SearchError> {
        self.current().search(query)
    }

    /// Forgets everything; the cursor goes back to zero.
    ///
    /// # Errors
    /// The index cannot be written.
    pub fn clear(&self) -> Result<(), IndexError> {
        let mut guard = self.writer(self.options.writer_threads, self.options.writer_bytes)?;
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
            segments.iter().filter(|segment| segment.has_deletes()).map(|segment| vec![segment.id()]).collect()
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
        let mut guard = lock(&self.writer);
        // Merges under way would pull segments from under ours; a new writer has none.
        if let Some(old) = guard.take() {
            old.writer.wait_merging_threads()?;
        }
        let mut writer: IndexWriter = self.index.writer_with_options(writer_options(1, MIN_WRITER_BYTES))?;
        writer.set_merge_policy(Box::new(NoMergePolicy));
        for lot in choose(&self.index.searchable_segment_metas()?) {
            writer.merge(&lot).wait()?;
        }
        self.refresh()?;
        // Old files can be collected once no snapshot of ours holds them.
        writer.garbage_collect_files().wait()?;
        Ok(())
    }

    /// Opens every chunk of every file.
    ///
    /// # Errors
    /// Names the first file that does not open.
    pub fn check(&self) -> Result<(), IndexError> {
        Ok(self.directory.check_all()?)
    }

    /// Size and state, for people.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn status(&self) -> Result<IndexStatus, IndexError> {
        let snapshot = self.current();
        Ok(IndexStatus {
            documents: snapshot.documents(),
            segments: snapshot.segments.len(),
            bytes: self.directory.bytes_on_disk()?,
            memory_bytes: snapshot.bytes() as u64,
            fold_version: FOLD_VERSION,
            cursor: snapshot.indexed_through,
        })
    }

    /// Where the index lives.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn fields(&self) -> &Fields {
        &self.fields
    }

    pub(super) fn drop_writer(&self) {
        *lock(&self.writer) = None;
    }

    fn current(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The writer, opened when first needed; the guard keeps others out.
    pub(super) fn writer(
        &self, threads: usize, bytes: usize,
    ) -> Result<MutexGuard<'_, Option<Writer>>, IndexError> {
        let mut guard = lock(&self.writer);
        if guard.is_none() {
            let bytes = bytes.max(MIN_WRITER_BYTES);
            let writer: IndexWriter = self.index.writer_with_options(writer_options(threads, bytes))?;
            writer.set_merge_policy(Box::new(merge_policy()));
            *guard = Some(Writer { writer, seen_below: self.cursor() });
        }
        Ok(guard)
    }

    /// Makes the last commit visible to searches.
    pub(super) fn refresh(&self) -> Result<(), IndexError> {
        self.reader.reload()?;
        let before = self.current();
        let cursor = read_payload(&self.index.load_metas()?.payload.unwrap_or_default())?;
        let snapshot =
            Snapshot::new(&self.reader.searcher(), &before.segments, cursor, self.fields, before.schema.clone())?;
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
        Ok(())
    }
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
const MIN_WRITER_BYTES: usize = 15 << 20;

fn writer_options(threads: usize, bytes: usize) -> IndexWriterOptions {
    IndexWriterOptions::builder()
        .num_worker_threads(threads.clamp(1, 8))
        .memory_budget_per_thread(bytes)
        .num_merge_threads(1)
        .build()
}

/// Eight small segments become one; segments with three deleted documents in ten are rewritten.
fn merge_policy() -> LogMergePolicy {
    let mut policy = LogMergePolicy::default();
    policy.set_min_num_segments(8);
    policy.set_del_docs_ratio_before_merge(0.3);
    policy
}

fn no_writer() -> IndexError {
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
fn read_payload(payload: &str) -> Result<u64, IndexError> {
    let prefix = format!("shosoin schema={SCHEMA_VERSION} fold={FOLD_VERSION} cursor=");
    let cursor = payload.strip_prefix(&prefix).and_then(|cursor| cursor.parse().ok());
    cursor.ok_or_else(|| IndexError::Outdated(format!("its state says {payload:?}")))
}

fn remove_if_there(path: &Path) -> Result<(), IndexError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
