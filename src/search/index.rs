//! The index itself: opening, following the journal, searching, rebuilding.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tantivy::IndexWriter;
use tantivy::tokenizer::TokenizerManager;

use super::document::RecordDocs;
use super::error::{IndexError, SearchError};
use super::fold::FOLD_VERSION;
use super::query::{Query, Results};
use super::schema::{Fields, schema, settings};
use super::sealed_directory::SealedDirectory;
use super::sealed_file::IndexKey;
use super::snapshot::Snapshot;
use super::tokenizer::{CjkTokenizer, TOKENIZER};
use super::writer::{
    MIN_WRITER_BYTES, Writer, commit, merge_policy, no_writer, read_payload, writer_options,
};

/// tantivy's name for the file whose replacement is the commit.
const META: &str = "meta.json";

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
    fields: Fields,
    writer: Mutex<Option<Writer>>,
    snapshot: RwLock<Arc<Snapshot>>,
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
        if !folder.join(META).is_file() {
            return Err(IndexError::Missing);
        }
        let directory = SealedDirectory::open(folder, key, options.cache_bytes)?;
        let mut index = tantivy::Index::open(directory.clone())?;
        let metas = index.load_metas()?;
        // What a crash left of an unfinished commit or merge belongs to nobody.
        let mut living = metas.list_segment_files();
        living.insert(PathBuf::from(META));
        index.directory_mut().garbage_collect(|| living)?;
        Self::start(folder, directory, index, options)
    }

    /// Makes an empty index in `folder`, removing whatever index was there.
    ///
    /// # Errors
    /// The folder cannot be made, emptied or written.
    pub fn create(folder: &Path, key: IndexKey, options: IndexOptions) -> Result<Self, IndexError> {
        fs::create_dir_all(folder)?;
        // meta.json first: whatever a crash leaves behind is then no index.
        remove_if_there(&folder.join(META))?;
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
        folder: &Path,
        directory: SealedDirectory,
        mut index: tantivy::Index,
        options: IndexOptions,
    ) -> Result<Self, IndexError> {
        let (expected, fields) = schema();
        if index.schema() != expected {
            return Err(IndexError::Outdated("its fields differ".to_owned()));
        }
        let tokenizers = TokenizerManager::default();
        tokenizers.register(TOKENIZER, CjkTokenizer);
        index.set_tokenizers(tokenizers);
        let snapshot = Snapshot::open(&index, &[], fields)?;
        Ok(Self {
            folder: folder.to_owned(),
            options,
            directory,
            index,
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
        let mut guard = self.everyday_writer()?;
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

    pub(super) fn tantivy(&self) -> &tantivy::Index {
        &self.index
    }

    /// The place of the writer; the guard keeps others out.
    pub(super) fn writer_slot(&self) -> MutexGuard<'_, Option<Writer>> {
        lock(&self.writer)
    }

    /// The writer with the memory and threads for following the journal.
    pub(super) fn everyday_writer(&self) -> Result<MutexGuard<'_, Option<Writer>>, IndexError> {
        self.writer(self.options.writer_threads, self.options.writer_bytes)
    }

    fn current(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The writer, opened when first needed; the guard keeps others out.
    pub(super) fn writer(
        &self,
        threads: usize,
        bytes: usize,
    ) -> Result<MutexGuard<'_, Option<Writer>>, IndexError> {
        let mut guard = lock(&self.writer);
        if guard.is_none() {
            let bytes = bytes.max(MIN_WRITER_BYTES);
            let writer: IndexWriter = self.index.writer_with_options(writer_options(threads, bytes))?;
            writer.set_merge_policy(Box::new(merge_policy()));
            // Not from the snapshot: a bulk load may have committed more than searches see.
            let seen_below = read_payload(&self.index.load_metas()?.payload.unwrap_or_default())?;
            *guard = Some(Writer { writer, seen_below });
        }
        Ok(guard)
    }

    /// Makes the last commit visible to searches.
    pub(super) fn refresh(&self) -> Result<(), IndexError> {
        let snapshot = Snapshot::open(&self.index, &self.current().segments, self.fields)?;
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
        Ok(())
    }
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
