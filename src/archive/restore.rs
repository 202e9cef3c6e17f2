//! Restore: an archive from a backup repository, into an empty directory.
//!
//! What a crash leaves: `restore.json` stands in the directory from the first byte to the last, so nobody takes the half
//! for an archive. It tells what is being restored and how many steps are durable; the same command goes on from there.

use std::fs::{self, DirBuilder, File};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::absent::leave_out;
use super::backup::META;
use super::committer::{Draft, Written};
use super::error::ArchiveError;
use super::fsck::Checking;
use super::holds::HoldRow;
use super::key_source::KeySource;
use super::keyring::ARCHIVE_CONTEXT;
use super::layout::Layout;
use super::rows::{self, ArchiveRow, meta};
use super::{Archive, FsckReport, Options, Principal};
use crate::backup::{
    BackupError, Directory, Generation, Name, Opened, Part, Repository, Restored, RestoredMeta, Resume, Rows,
    Stop, Stoppable,
};
use crate::config::Config;
use crate::journal::Act;
use crate::record::RecordId;
use crate::seal::Keks;
use crate::seal::key_file::KeyFile;
use crate::store::{RocksStore, Table};

/// What is to be restored, and where to.
#[derive(Clone, Debug)]
pub struct RestoreRequest {
    /// Directory of the repository.
    pub from: PathBuf,
    /// `daily-12`, `12`, or the newest.
    pub generation: Option<String>,
    /// An empty directory, or one that does not exist.
    pub to: PathBuf,
    /// File of the key-encryption key.
    pub key: PathBuf,
}

/// What was restored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RestoreReport {
    pub generation: String,
    /// Records with a key.
    pub records: u64,
    /// Journal entries that came back; the next one tells of the restore.
    pub journal_seq: u64,
    /// Sealed objects that came back.
    pub objects: u64,
    /// Records without a key, destroyed before the generation was made or after: they stay destroyed.
    pub destroyed: u64,
    /// Holds in force that were placed after the generation was made, and hold here too.
    #[serde(default)]
    pub holds: u64,
    /// Everything was read again and compared, and nothing is missing or disagrees.
    pub verified: bool,
    /// What is missing or disagrees.
    pub problems: Vec<String>,
    pub data: PathBuf,
}

/// What a restore is busy with, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reading the backup.
    Reading(Part),
    /// Opening what came back.
    Opening,
    /// Reading everything again and comparing.
    Checking(Checking),
}

/// Told at which stage so much is done, and of how much: bytes of packs, else pieces.
pub type RestoreProgress<'a> = &'a (dyn Fn(Stage, u64, Option<u64>) + Sync);

/// A hold that is in force since after the generation was made, and that the restored archive got too.
#[derive(Serialize)]
struct TakenHold {
    name: String,
    placed_at: DateTime<Utc>,
}

/// Key and sealed row of a hold, and what it says.
type LaterHold = (Vec<u8>, Vec<u8>, HoldRow);

/// Sealed into the first journal entry after a restore.
#[derive(Serialize)]
struct RestoreDetails {
    generation: String,
    repository: String,
    entries: u64,
    /// Records that the generation had and that were destroyed since; the first of them.
    left_out: Vec<RecordId>,
    left_out_count: usize,
    missing: u64,
    /// The first of them; `fsck` looks for them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    holds: Vec<TakenHold>,
}

/// Threads that read a restored archive again; more would wait for its disk.
const MAX_THREADS: usize = 8;

/// Bytes of packs restored between two moments from which a restore can go on: each costs a flush of all tables.
const STRIDE: u64 = 256 << 20;

/// Records named in the journal entry of a restore: 36 bytes each, and an entry has its bound.
const MAX_NAMED: usize = 1_000;

/// `restore.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Marker {
    v: rows::V1,
    repository: String,
    generation: u64,
    key_set: u64,
    /// Steps that are durable.
    done: u64,
}

/// How the key gets to the restored archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyCopy {
    /// A copy where its settings look for it.
    File,
    /// A link to the file, for a drill: no second copy of a key is ever made.
    Link,
}

/// Restores a generation and checks everything; or goes on with a restore that was cut short.
///
/// # Errors
/// [`ArchiveError::KeyRefused`], [`ArchiveError::NotEmpty`], [`ArchiveError::NotFound`], [`ArchiveError::Corrupt`] when
/// the generation cannot be restored: choose another one, or the repository of another tier.
pub fn restore(
    request: &RestoreRequest,
    options: Options,
    progress: RestoreProgress<'_>,
) -> Result<RestoreReport, ArchiveError> {
    restore_with(request, (KeyCopy::File, &|| false), options, progress).map(|(report, _)| report)
}

/// The same, and hands over the opened archive.
pub(super) fn restore_with(
    request: &RestoreRequest,
    (copy, stop): (KeyCopy, Stop<'_>),
    options: Options,
    progress: RestoreProgress<'_>,
) -> Result<(RestoreReport, Archive), ArchiveError> {
    let key = options.key.open(&request.key)?;
    let repository = Directory::open(&request.from)?;
    let repository = Stoppable::new(&repository, stop);
    let opened = open(&repository, &key.keks)?;
    let number = request.generation.as_deref().map(|name| parse_number(name, &opened)).transpose()?;
    let generation = opened.catalog.generation(number, &repository.place())?;
    let layout = Layout::new(&request.to);
    let mut steps = Steps::begin(&layout, &opened, generation)?;
    let mut restored = {
        let store = RocksStore::open_to_fill(layout.store())?;
        let own = RestoredMeta { checkpoint: META.checkpoint, archive_key: META.archive_key };
        let reading = |part, done, total| progress(Stage::Reading(part), done, total);
        opened.restore(generation, &store, (own, number.is_none()), &mut steps, &reading)?
    };
    let later = match number {
        // The newest one comes with everything that is known.
        None => Rows::new(),
        Some(_) => opened.newest_rows(Table::Meta, meta::HOLD_PREFIX).unwrap_or_else(|error| {
            restored
                .problems
                .push(format!("holds that are newer than the generation are not known: {error}"));
            Rows::new()
        }),
    };
    progress(Stage::Opening, 0, None);
    write_settings(&layout, &restored)?;
    give_key(&layout, &key, &request.key, copy)?;
    let options = Options { key: KeySource::Opened(Box::new(key)), ..options };
    let archive = Archive::open_unfinished(&request.to, options)?;
    let report = conclude(&archive, generation, (&restored, later), progress)?;
    steps.end()?;
    Ok((report, archive))
}

/// Opens the repository and makes sure that the key it is signed with is the one that the archive names.
fn open<'a>(repository: &'a dyn Repository, kek: &Keks) -> Result<Opened<'a>, ArchiveError> {
    let opened = Opened::open(repository, kek, &ARCHIVE_CONTEXT)?;
    let untrusted = |why: &str| BackupError::Untrusted { name: Name::identity(), why: why.into() };
    let row = opened.key_row(META.archive)?.ok_or_else(|| untrusted("its key set names no archive"))?;
    let row: ArchiveRow = rows::decode("archive row", &row)?;
    if row.vkey != opened.identity.vkey.to_string() || row.archive_id != opened.identity.archive {
        return Err(untrusted("it is signed with another key than its archive's").into());
    }
    Ok(opened)
}

/// Reads `daily-12` or `12`; a name of another tier than the repository's is a mistake.
fn parse_number(name: &str, opened: &Opened<'_>) -> Result<u64, ArchiveError> {
    let tier = opened.identity.tier;
    let number = name.strip_prefix(&format!("{tier}-")).unwrap_or(name);
    number.parse().map_err(|_| {
        let shown: String = name.chars().take(40).collect();
        ArchiveError::Invalid(format!(
            "{shown:?} names no generation of this repository; write {tier}-12 or 12"
        ))
    })
}

/// Checks the whole archive and writes its first new entry.
fn conclude(
    archive: &Archive,
    generation: &Generation,
    (restored, later): (&Restored, Rows),
    progress: RestoreProgress<'_>,
) -> Result<RestoreReport, ArchiveError> {
    let who = Principal::system();
    let holds = holds_in_force(archive, later)?;
    let taken = holds.len() as u64;
    if !told(archive, restored.entries)? {
        let (mut batch, left_out) = leave_out(&*archive.store.view(), &restored.destroyed)?;
        let details = RestoreDetails {
            generation: generation.label(),
            repository: generation.repository.to_string(),
            entries: restored.entries,
            left_out: left_out.iter().take(MAX_NAMED).copied().collect(),
            left_out_count: left_out.len(),
            missing: restored.missing.len() as u64,
            holds: holds.iter().take(MAX_NAMED).map(|(_, _, hold)| TakenHold::of(hold)).collect(),
        };
        for (key, sealed, _) in holds {
            batch.put(Table::Meta, key, sealed);
        }
        let details = Some(archive.keyring.seal_archive_details(&details)?);
        let write = Box::new(move |_: &_| Ok(Written { details, batch }));
        let draft = Draft { actor: who.clone(), act: Act::Restore, record: None, blob_bytes: 0, write };
        archive.committer.commit(draft)?;
    }
    let mut problems = restored.problems.clone();
    problems
        .extend(restored.missing.iter().map(|id| format!("the object {id} is in no pack that can be read")));
    let FsckReport { sound, problems: found, .. } =
        archive
            .fsck_on(&who, threads(), &|part, done, total| progress(Stage::Checking(part), done, total))?;
    problems.extend(found.into_iter().map(|problem| {
        problem.record.map(|id| format!("{id}: {}", problem.what)).unwrap_or(problem.what.clone())
    }));
    Ok(RestoreReport {
        generation: generation.label(),
        records: restored.records,
        journal_seq: restored.entries,
        objects: restored.objects,
        destroyed: restored.destroyed.len() as u64,
        holds: taken,
        verified: sound && problems.is_empty(),
        problems,
        data: archive.layout().root().to_owned(),
    })
}

impl TakenHold {
    fn of(hold: &HoldRow) -> Self {
        Self { name: hold.name.clone(), placed_at: hold.placed_at }
    }
}

/// Holds in force that this archive does not know: key, sealed row, and what it says. A release that came later is not taken
/// over: what was held when the generation was made is held until somebody releases it here.
fn holds_in_force(archive: &Archive, later: Rows) -> Result<Vec<LaterHold>, ArchiveError> {
    let view = archive.store.view();
    let mut holds = Vec::new();
    for (key, sealed) in later {
        let hold: HoldRow = archive.keyring.unseal_row(&key, &sealed)?;
        if hold.released.is_none() && view.get(Table::Meta, &key)?.is_none() {
            holds.push((key, sealed, hold));
        }
    }
    Ok(holds)
}

/// All processors, within reason: nobody is served before the restore has ended.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS)
}

/// Whether the journal tells of this restore already: then it was cut short after that.
fn told(archive: &Archive, restored: u64) -> Result<bool, ArchiveError> {
    let view = archive.store.view();
    for seq in restored..archive.journal_size() {
        if archive.entry(&*view, seq)?.1.act == Act::Restore {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Settings and policies of the generation; only names that such files have.
fn write_settings(layout: &Layout, restored: &Restored) -> Result<(), ArchiveError> {
    make_directory(&layout.policies())?;
    for (path, contents) in &restored.files {
        let policy = path.strip_prefix("retention-policies/");
        let plain = policy
            .is_some_and(|name| !name.is_empty() && !name.contains(['/', '\0']) && !name.starts_with('.'));
        if path == "shosoin.toml" || plain {
            write_durably(&layout.root().join(path), contents)?;
        }
    }
    Ok(())
}

/// Puts the key where the restored settings look for it.
fn give_key(layout: &Layout, key: &KeyFile, given: &Path, copy: KeyCopy) -> Result<(), ArchiveError> {
    let config = Config::load(&layout.config())?;
    let path = layout.root().join(&config.key.file);
    if key.is_at(&path) {
        return Ok(());
    }
    let parent = path.parent().ok_or_else(|| ArchiveError::KeyRefused("its path is no file".into()))?;
    if !parent.exists() {
        make_directory(parent)?;
    }
    match copy {
        // With the protection that it has: who restores may be another person than who knows the passphrase next.
        KeyCopy::File => Ok(key.create(&path)?),
        KeyCopy::Link => {
            let given = fs::canonicalize(given).map_err(ArchiveError::io(given))?;
            std::os::unix::fs::symlink(given, &path).map_err(ArchiveError::io(path))
        }
    }
}

/// The marker file of a restore under way.
struct Steps {
    path: PathBuf,
    marker: Marker,
}

impl Steps {
    /// Takes an empty directory, or one in which this very restore was cut short.
    fn begin(layout: &Layout, opened: &Opened<'_>, generation: &Generation) -> Result<Self, ArchiveError> {
        let wanted = Marker {
            v: rows::V1,
            repository: generation.repository.to_string(),
            generation: generation.number,
            key_set: opened.keys.number,
            done: 0,
        };
        let path = layout.unfinished_restore();
        if let Ok(bytes) = fs::read(&path) {
            let marker: Marker = rows::decode("restore.json", &bytes)?;
            if (Marker { done: 0, ..marker.clone() }) != wanted {
                return Err(ArchiveError::Invalid(format!(
                    "{} holds an unfinished restore of another generation, or of other keys; choose an empty directory",
                    layout.root().display()
                )));
            }
            // Killed after its last entries, a restore begins its journal's end again: what vouches for those entries
            // would call the archive shortened.
            match fs::remove_file(layout.checkpoint()) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(ArchiveError::io(layout.checkpoint())(error));
                }
                _ => return Ok(Self { path, marker }),
            }
        }
        match fs::read_dir(layout.root()) {
            Ok(mut entries) => {
                // Killed while it wrote its marker, a restore leaves the marker's draft and nothing else.
                let draft = draft_of(&path);
                if entries.any(|entry| !entry.is_ok_and(|entry| entry.path() == draft)) {
                    return Err(ArchiveError::NotEmpty(layout.root().to_owned()));
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => make_directory(layout.root())?,
            Err(error) => return Err(ArchiveError::io(layout.root())(error)),
        }
        let steps = Self { path, marker: wanted };
        steps.write()?;
        Ok(steps)
    }

    fn write(&self) -> Result<(), ArchiveError> {
        write_durably(&self.path, &rows::encode(&self.marker))
    }

    /// The archive is complete: from here on it opens.
    fn end(self) -> Result<(), ArchiveError> {
        fs::remove_file(&self.path).map_err(ArchiveError::io(&self.path))?;
        sync_parent(&self.path)
    }
}

impl Resume for Steps {
    fn done(&self) -> u64 {
        self.marker.done
    }

    fn stride(&self) -> u64 {
        STRIDE
    }

    fn advance(&mut self, done: u64) -> Result<(), BackupError> {
        self.marker.done = done;
        self.write().map_err(|error| BackupError::Unfit(error.to_string()))
    }
}

/// Makes a directory that only its owner can enter, or takes the one that is there.
fn make_directory(path: &Path) -> Result<(), ArchiveError> {
    DirBuilder::new().mode(0o700).recursive(true).create(path).map_err(ArchiveError::io(path))
}

/// Where a file is written before it takes its name.
fn draft_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// Writes a file whole or not at all.
fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), ArchiveError> {
    let new = draft_of(path);
    let write = || {
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().map_err(ArchiveError::io(path))?;
    sync_parent(path)
}

fn sync_parent(path: &Path) -> Result<(), ArchiveError> {
    let parent = path.parent().unwrap_or(Path::new("."));
    File::open(parent).and_then(|directory| directory.sync_all()).map_err(ArchiveError::io(parent))
}
