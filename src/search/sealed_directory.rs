//! tantivy's directory on disk, every byte of it sealed.
//!
//! Differences from tantivy's own directories, and why:
//! * `.managed.json`, the list of files that may be deleted, is never stored: it *is* the listing of the folder.
//!   That saves a rename and two fsyncs for each of the six files of a segment, and files orphaned by a crash
//!   are collected.
//! * Files are synced together in `sync_directory`, which tantivy calls before it writes `meta.json`, the commit.
//! * Locks are in memory: the archive's own lock keeps other processes out.

use std::collections::HashSet;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tantivy::HasLen;
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    AntiCallToken, Directory, DirectoryLock, FileHandle, Lock, OwnedBytes, TerminatingWrite, WatchCallback,
    WatchHandle, WritePtr,
};

use super::chunk_cache::ChunkCache;
use super::sealed_file::{CHUNK, IndexKey, SealedFile, SealingWriter};

const MANAGED: &str = ".managed.json";
/// Suffix of a file being written; whatever carries it after a crash is rubbish.
const TEMPORARY: &str = ".tmp";
/// Reads of more chunks than this go past the cache: whole columns are read once, into their view.
const CACHED_READ_CHUNKS: u64 = 4;

/// A folder of sealed files.
#[derive(Clone)]
pub(super) struct SealedDirectory(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    key: IndexKey,
    cache: Arc<ChunkCache>,
    next_file: AtomicU64,
    /// Finished files that are not yet durable.
    unsynced: Mutex<Vec<File>>,
    locks: Mutex<HashSet<PathBuf>>,
    unlocked: Condvar,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SealedDirectory {
    /// Uses `folder`, which must exist; removes half-written files of an earlier run.
    pub(super) fn open(folder: &Path, key: IndexKey, cache_bytes: usize) -> io::Result<Self> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.to_string_lossy().ends_with(TEMPORARY) {
                fs::remove_file(path)?;
            }
        }
        Ok(Self(Arc::new(Inner {
            folder: folder.to_owned(),
            key,
            cache: Arc::new(ChunkCache::new(cache_bytes)),
            next_file: AtomicU64::new(0),
            unsynced: Mutex::default(),
            locks: Mutex::default(),
            unlocked: Condvar::new(),
        })))
    }

    /// Bytes of all files on disk.
    pub(super) fn bytes_on_disk(&self) -> io::Result<u64> {
        fs::read_dir(&self.0.folder)?.map(|entry| Ok(entry?.metadata()?.len())).sum()
    }

    /// Opens every chunk of every file once.
    ///
    /// # Errors
    /// `InvalidData` naming the first file that does not open.
    pub(super) fn check_all(&self) -> io::Result<()> {
        for name in self.file_names()? {
            let file = match self.open_sealed(Path::new(&name)) {
                // Merged into another one by the writer since the list was made.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                opened => opened?,
            };
            for chunk in 0..file.len().div_ceil(CHUNK as u64) {
                file.read_chunk(chunk)?;
            }
        }
        Ok(())
    }

    fn file_names(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.0.folder)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<Vec<String>>>()?;
        Ok(names.into_iter().filter(|name| !name.starts_with('.') && !name.ends_with(TEMPORARY)).collect())
    }

    fn path(&self, name: &Path) -> PathBuf {
        self.0.folder.join(name)
    }

    fn open_sealed(&self, name: &Path) -> io::Result<SealedFile> {
        SealedFile::open(File::open(self.path(name))?, &self.0.key, &name.to_string_lossy())
    }

    fn read_whole(&self, name: &Path) -> io::Result<Vec<u8>> {
        let file = self.open_sealed(name)?;
        let mut content = Vec::new();
        for chunk in 0..file.len().div_ceil(CHUNK as u64) {
            content.extend(file.read_chunk(chunk)?);
        }
        Ok(content)
    }

    fn sync_files(&self) -> io::Result<()> {
        let files = std::mem::take(&mut *lock(&self.0.unsynced));
        files.iter().try_for_each(File::sync_data)?;
        File::open(&self.0.folder)?.sync_all()
    }
}

impl fmt::Debug for SealedDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SealedDirectory").field(&self.0.folder).finish()
    }
}

fn open_read_error(error: io::Error, name: &Path) -> OpenReadError {
    match error.kind() {
        io::ErrorKind::NotFound => OpenReadError::FileDoesNotExist(name.to_owned()),
        _ => OpenReadError::IoError { io_error: Arc::new(error), filepath: name.to_owned() },
    }
}

impl Directory for SealedDirectory {
    fn get_file_handle(&self, name: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        let file = self.open_sealed(name).map_err(|error| open_read_error(error, name))?;
        let number = self.0.next_file.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::new(Handle { file, number, cache: Arc::clone(&self.0.cache) }))
    }

    fn delete(&self, name: &Path) -> Result<(), DeleteError> {
        fs::remove_file(self.path(name)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => DeleteError::FileDoesNotExist(name.to_owned()),
            _ => DeleteError::IoError { io_error: Arc::new(error), filepath: name.to_owned() },
        })
    }

    fn exists(&self, name: &Path) -> Result<bool, OpenReadError> {
        self.path(name).try_exists().map_err(|error| open_read_error(error, name))
    }

    fn open_write(&self, name: &Path) -> Result<WritePtr, OpenWriteError> {
        let wrap = |error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => OpenWriteError::FileAlreadyExists(name.to_owned()),
            _ => OpenWriteError::IoError { io_error: Arc::new(error), filepath: name.to_owned() },
        };
        let file = OpenOptions::new().write(true).create_new(true).open(self.path(name)).map_err(wrap)?;
        let writer = SealingWriter::new(file, &self.0.key, &name.to_string_lossy()).map_err(wrap)?;
        Ok(WritePtr::new(Box::new(Output { writer, directory: self.clone() })))
    }

    fn atomic_read(&self, name: &Path) -> Result<Vec<u8>, OpenReadError> {
        let wrap = |error| open_read_error(error, name);
        if name == Path::new(MANAGED) {
            let quoted: Vec<String> =
                self.file_names().map_err(wrap)?.iter().map(|name| format!("{name:?}")).collect();
            return Ok(format!("[{}]", quoted.join(",")).into_bytes());
        }
        self.read_whole(name).map_err(wrap)
    }

    fn atomic_write(&self, name: &Path, content: &[u8]) -> io::Result<()> {
        if name == Path::new(MANAGED) {
            return Ok(());
        }
        let temporary = self.path(Path::new(&format!("{}{TEMPORARY}", name.to_string_lossy())));
        let file = File::create(&temporary)?;
        let mut writer = SealingWriter::new(file, &self.0.key, &name.to_string_lossy())?;
        writer.write_all(content)?;
        writer.finish()?;
        writer.get_ref().sync_data()?;
        fs::rename(&temporary, self.path(name))?;
        File::open(&self.0.folder)?.sync_all()
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.sync_files()
    }

    fn acquire_lock(&self, wanted: &Lock) -> Result<DirectoryLock, LockError> {
        let mut held = lock(&self.0.locks);
        while held.contains(&wanted.filepath) {
            if !wanted.is_blocking {
                return Err(LockError::LockBusy);
            }
            held = self.0.unlocked.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        held.insert(wanted.filepath.clone());
        Ok(DirectoryLock::from(Box::new(Guard { directory: self.clone(), path: wanted.filepath.clone() })))
    }

    fn watch(&self, _callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        // Only tantivy's own reload policy watches; ours is manual.
        Ok(WatchHandle::empty())
    }
}

struct Guard {
    directory: SealedDirectory,
    path: PathBuf,
}

impl Drop for Guard {
    fn drop(&mut self) {
        lock(&self.directory.0.locks).remove(&self.path);
        self.directory.0.unlocked.notify_all();
    }
}

/// A file being written.
struct Output {
    writer: SealingWriter<File>,
    directory: SealedDirectory,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl TerminatingWrite for Output {
    fn terminate_ref(&mut self, _: AntiCallToken) -> io::Result<()> {
        self.writer.finish()?;
        let file = self.writer.get_ref().try_clone()?;
        lock(&self.directory.0.unsynced).push(file);
        Ok(())
    }
}

/// A file being read; stays readable after the file is deleted, as tantivy asks.
struct Handle {
    file: SealedFile,
    number: u64,
    cache: Arc<ChunkCache>,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sealed file {} ({} bytes)", self.number, self.file.len())
    }
}

impl HasLen for Handle {
    fn len(&self) -> usize {
        self.file.len() as usize
    }
}

impl FileHandle for Handle {
    fn read_bytes(&self, range: Range<usize>) -> io::Result<OwnedBytes> {
        if range.start > range.end || range.end > self.len() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a read past the end of an index file"));
        }
        let mut content = Vec::with_capacity(range.len());
        let mut at = range.start;
        let chunks = (range.end.div_ceil(CHUNK) - range.start / CHUNK) as u64;
        while at < range.end {
            let chunk = (at / CHUNK) as u64;
            let (from, to) = (at % CHUNK, (range.end - at / CHUNK * CHUNK).min(CHUNK));
            let load = || self.file.read_chunk(chunk);
            let opened = match chunks > CACHED_READ_CHUNKS {
                true => Arc::new(load()?),
                false => self.cache.get((self.number, chunk), load)?,
            };
            content.extend_from_slice(opened.get(from..to).unwrap_or_default());
            at += to - from;
        }
        Ok(OwnedBytes::new(content))
    }
}

#[cfg(test)]
#[path = "sealed_directory_tests.rs"]
mod tests;
