//! The indexer: the follower that keeps the search index in step with the journal.
//!
//! It sees every entry at least once and applies it idempotently; its cursor is never ahead of what it made durable;
//! and it can begin again from zero.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::absent::absent;
use super::committer::Published;
use super::error::ArchiveError;
use super::keyring::Keyring;
use super::permit::{Action, permit};
use super::records::Loaded;
use super::rows::{self, RecordRow};
use super::{Archive, Principal, Progress};
use crate::journal::{Act, Entry};
use crate::record::{RecordId, Version};
use crate::search::{Index, IndexError, IndexKey, IndexOptions, Query, RecordDocs, Results, VersionDoc};
use crate::store::{Direction, Store, Table, View};

/// Journal entries looked at in one step; bounds the documents held in memory.
const ENTRIES_PER_STEP: usize = 4_096;
/// How long the background thread lets entries gather before it commits them to the index.
const GATHER: Duration = Duration::from_millis(500);

/// Owns the index. Opened when first needed, so that commands which never search do not wait for it.
pub struct Indexer {
    pub(super) store: Arc<dyn Store>,
    pub(super) keyring: Keyring,
    path: PathBuf,
    options: IndexOptions,
    /// An index on disk that has seen more entries than this is not of this journal.
    at_most: u64,
    index: Mutex<Option<Arc<Index>>>,
    /// One writer at a time; searches do not take it.
    writing: Mutex<()>,
    /// One reader of texts at a time.
    reading: Mutex<()>,
    /// Entries seen since the index was opened; ahead of its cursor by entries that changed no document.
    seen: AtomicU64,
    stopping: AtomicBool,
}

/// What `index status` says.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IndexStatus {
    /// Journal entries in the archive, and how many of them the index has seen.
    pub journal_size: u64,
    pub indexed_through: u64,
    /// Metadata versions that can be found.
    pub documents: u64,
    pub segments: usize,
    /// Bytes on disk, and in memory for searching.
    pub bytes: u64,
    pub memory_bytes: u64,
}

impl Indexer {
    /// An indexer over the directory `path`.
    pub fn new(
        store: Arc<dyn Store>,
        keyring: Keyring,
        path: PathBuf,
        options: IndexOptions,
        at_most: u64,
    ) -> Self {
        let index = Mutex::new(None);
        Self {
            store,
            keyring,
            path,
            options,
            at_most,
            index,
            writing: Mutex::default(),
            reading: Mutex::default(),
            seen: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
        }
    }

    /// Answers a query from what is indexed now; see [`catch_up`](Self::catch_up).
    pub fn search(&self, query: &Query) -> Result<Results, ArchiveError> {
        Ok(self.index()?.search(query)?)
    }

    /// Indexes the journal up to at least `through` entries. Cheap when there is nothing new.
    pub fn catch_up(&self, through: u64) -> Result<(), ArchiveError> {
        self.catch_up_with(through, &|_, _| {})
    }

    fn catch_up_with(&self, through: u64, progress: Progress<'_>) -> Result<(), ArchiveError> {
        while self.position(&*self.index()?) < through && !self.stopping.load(Ordering::Relaxed) {
            // Taken for one step at a time: a search waits for a step, never for all texts to be read.
            let _one_writer = lock(&self.writing);
            // Asked for again: a rebuild may have put another index in place meanwhile.
            let index = self.index()?;
            let position = self.position(&index);
            if position >= through {
                break;
            }
            let step = self.next_step(position)?;
            if step.through == position {
                return Err(ArchiveError::Corrupt(format!("journal entry {position} is missing")));
            }
            // Looks and searches are entries too, but change no document: they are not worth a commit.
            if !step.docs.is_empty() {
                index.apply(&step.docs, step.through)?;
            }
            self.seen.fetch_max(step.through, Ordering::SeqCst);
            progress(step.through, Some(through));
        }
        Ok(())
    }

    /// Journal entries taken into account: those the index has stored as its cursor, or those seen since that
    /// changed nothing in it.
    fn position(&self, index: &Index) -> u64 {
        index.cursor().max(self.seen.load(Ordering::SeqCst))
    }

    /// Reads entries from `cursor` on and gathers the present state of the records they are about.
    fn next_step(&self, cursor: u64) -> Result<Step, ArchiveError> {
        let view = self.store.view();
        let mut changed = BTreeSet::new();
        let mut through = cursor;
        for row in view
            .scan(Table::Journal, &rows::journal_key(cursor), None, Direction::Forward)
            .take(ENTRIES_PER_STEP)
        {
            let (_, bytes) = row?;
            let entry = Entry::decode(&bytes)
                .map_err(|error| ArchiveError::Corrupt(format!("journal entry {through}: {error}")))?;
            if let (Act::Deposit | Act::Correct | Act::Withdraw | Act::Reinstate | Act::Dispose, Some(id)) =
                (entry.act, entry.record)
            {
                changed.insert(id);
            }
            through = entry.seq + 1;
        }
        let docs = changed.into_iter().map(|id| self.docs(&*view, id)).collect::<Result<_, _>>()?;
        Ok(Step { docs, through })
    }

    /// All versions of one record, as the index wants them.
    fn docs(&self, view: &dyn View, id: RecordId) -> Result<RecordDocs, ArchiveError> {
        let Some(row_bytes) = view.get(Table::Records, id.as_bytes())? else {
            if let Some(row) = absent(view, id)? {
                return Ok(RecordDocs { seq: row.deposit_seq, versions: Vec::new() });
            }
            // Destroyed: the index forgets all it held about the record.
            let tombstone = self.keyring.tombstone(view, id)?.ok_or(ArchiveError::NoSuchRecord(id))?;
            return Ok(RecordDocs { seq: tombstone.deposit_seq, versions: Vec::new() });
        };
        let row: RecordRow = rows::decode("record row", &row_bytes)?;
        let record = Loaded { id, row, row_bytes, dek: self.keyring.dek(view, id)? };
        let text = self.text(view, &record)?;
        let versions = record.versions(view)?.into_iter().map(|version| {
            let superseded = version.version != record.row.latest_version;
            version_doc(version, superseded, text.clone())
        });
        Ok(RecordDocs { seq: record.row.deposit_seq, versions: versions.collect::<Result<_, _>>()? })
    }

    /// Also reads the text of the contracts among the first `through` entries, for searches in it.
    pub fn catch_up_texts(&self, through: u64) -> Result<(), ArchiveError> {
        self.catch_up(through)?;
        // One reader of texts at a time; whoever searches for other things does not wait for it.
        let _one_reader = lock(&self.reading);
        let mut cursor = self.texts_through()?;
        while cursor < through && !self.stopping.load(Ordering::Relaxed) {
            let step = self.read_texts(cursor)?;
            if step.through == cursor {
                return Err(ArchiveError::Corrupt(format!("journal entry {cursor} is missing")));
            }
            if !step.read.is_empty() {
                let index = self.index()?;
                let _one_writer = lock(&self.writing);
                let view = self.store.view();
                let docs =
                    step.read.into_iter().map(|id| self.docs(&*view, id)).collect::<Result<Vec<_>, _>>()?;
                index.apply(&docs, index.cursor())?;
            }
            cursor = step.through;
            self.set_texts_through(cursor)?;
        }
        Ok(())
    }

    /// Takes the journal into account up to `through` entries and leaves nothing on disk of what it told to forget.
    pub(super) fn forget(&self, through: u64) -> Result<(), ArchiveError> {
        self.catch_up(through)?;
        let _one_reader = lock(&self.reading);
        let _one_writer = lock(&self.writing);
        Ok(self.index()?.purge()?)
    }

    fn index(&self) -> Result<Arc<Index>, ArchiveError> {
        let mut index = lock(&self.index);
        if let Some(index) = &*index {
            return Ok(index.clone());
        }
        let key = || IndexKey::new(*self.keyring.index_key().as_bytes());
        let opened = match Index::open(&self.path, key(), self.options) {
            // Lost, or made by another version: it is a view of the store, so it is simply made again.
            Err(IndexError::Missing | IndexError::Outdated(_)) => {
                Index::create(&self.path, key(), self.options)?
            }
            Ok(stale) if stale.cursor() > self.at_most => {
                drop(stale);
                Index::create(&self.path, key(), self.options)?
            }
            other => other?,
        };
        let opened = Arc::new(opened);
        *index = Some(opened.clone());
        Ok(opened)
    }

    /// Opens every chunk of every file of the index, if there is one.
    pub(super) fn check(&self) -> Result<(), ArchiveError> {
        if self.path.exists() { Ok(self.index()?.check()?) } else { Ok(()) }
    }

    /// Forgets the index and makes it again from the store.
    fn rebuild(&self, through: u64, progress: Progress<'_>) -> Result<(), ArchiveError> {
        {
            let _one_writer = lock(&self.writing);
            let key = IndexKey::new(*self.keyring.index_key().as_bytes());
            let mut index = lock(&self.index);
            // The old index lets go of its files first.
            *index = None;
            self.seen.store(0, Ordering::SeqCst);
            *index = Some(Arc::new(Index::create(&self.path, key, self.options)?));
        }
        self.catch_up_with(through, progress)?;
        // A rebuild is rare and everything is new: one segment is the fastest to search.
        let _one_writer = lock(&self.writing);
        Ok(self.index()?.optimize()?)
    }

    /// Follows the journal until [`stop`](Self::stop), so that searches seldom have to catch up themselves.
    pub fn follow(&self, published: &Published) {
        let mut seen = 0;
        while !self.stopping.load(Ordering::Relaxed) {
            let size = published.wait_beyond(seen, GATHER);
            if size > seen {
                std::thread::sleep(GATHER);
                match self.catch_up_texts(published.size()) {
                    Ok(()) => seen = size,
                    Err(error) => {
                        tracing::error!(%error, "the search index does not follow the journal");
                        // Searches report the same error; trying again at once would only fill the log.
                        std::thread::sleep(Duration::from_secs(5));
                    }
                }
            }
        }
    }

    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

/// One metadata version as the index wants it.
fn version_doc(version: Version, superseded: bool, text: Option<String>) -> Result<VersionDoc, ArchiveError> {
    let Version { version, withdrawn, metadata, .. } = version;
    let amount = metadata.amount.map(|money| {
        let code = money.currency.code().parse();
        code.map(|code| (money.minor, code))
            .map_err(|error| ArchiveError::Corrupt(format!("currency: {error}")))
    });
    Ok(VersionDoc {
        version,
        superseded,
        withdrawn,
        date: metadata.transaction_date,
        amount: amount.transpose()?,
        counterparty: metadata.counterparty.name,
        entity: metadata.entity,
        class: metadata.class,
        number: metadata.number,
        title: metadata.title,
        custom: metadata.custom.into_values().collect(),
        text,
    })
}

struct Step {
    docs: Vec<RecordDocs>,
    through: u64,
}

impl Archive {
    /// Removes the index and makes it again from the store; searches wait until it is complete.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn index_rebuild(
        &self,
        who: &Principal,
        progress: Progress<'_>,
    ) -> Result<IndexStatus, ArchiveError> {
        permit(who, Action::IndexRebuild)?;
        self.journal_note(who, Act::IndexRebuild, &())?;
        self.indexer.rebuild(self.journal_size(), progress)?;
        self.index_status()
    }

    /// Size and position of the index.
    ///
    /// # Errors
    /// When the index cannot be opened.
    pub fn index_status(&self) -> Result<IndexStatus, ArchiveError> {
        let index = self.indexer.index()?;
        let status = index.status()?;
        Ok(IndexStatus {
            journal_size: self.journal_size(),
            indexed_through: self.indexer.position(&index),
            documents: status.documents,
            segments: status.segments,
            bytes: status.bytes,
            memory_bytes: status.memory_bytes,
        })
    }

    /// Follows the journal in the background until the archive is dropped or stopped; for a server.
    pub fn follow_in_background(&self) -> Result<(), ArchiveError> {
        let (indexer, published) = (self.indexer.clone(), self.committer.published().clone());
        std::thread::Builder::new()
            .name("indexer".into())
            .spawn(move || indexer.follow(&published))
            .map(|thread| *lock(&self.follower) = Some(thread))
            .map_err(ArchiveError::io("indexer thread"))
    }
}

// What the locks guard is replaced whole, never half-changed, so a poisoned lock is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
