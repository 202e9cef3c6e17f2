//! Open: lock the directory, check that the key fits, read the head, start the committer.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use super::anchor::{Anchor, Found};
use super::clock::{Clock, SystemClock};
use super::committer::Committer;
use super::disposition::TrustedClock;
use super::error::ArchiveError;
use super::head::Head;
use super::indexer::Indexer;
use super::judge::{fetcher, load_trust};
use super::key_source::KeySource;
use super::keyring::{ARCHIVE_CONTEXT, Keyring};
use super::layout::Layout;
use super::policies::Policies;
use super::principal::Principal;
use super::rows::{self, ArchiveRow, meta};
use super::{Archive, Identity};
use crate::config::Config;
use crate::journal::{Entry, Origin, SigningKey};
use crate::pki::fetch::Fetcher;
use crate::seal::key_file::KeyFile;
use crate::seal::{self, Purpose, SealError};
use crate::search::IndexOptions;
use crate::store::{self, OpenError, RocksStore, Store, Table, View};

/// How to open an archive. Tests bring their own clock.
#[derive(Clone)]
pub struct Options {
    pub clock: Arc<dyn Clock>,
    /// What proves the time for destruction; without it nothing is destroyed.
    pub trusted_clock: Option<Arc<dyn TrustedClock>>,
    /// Where the keys come from.
    pub key: KeySource,
    /// Asks certificate authorities instead of what `[signatures] fetch` sets up: recorded answers, for tests.
    pub fetcher: Option<Arc<dyn Fetcher>>,
}

impl Default for Options {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), trusted_clock: None, key: KeySource::file(), fetcher: None }
    }
}

impl Archive {
    /// Opens the archive in `data`.
    ///
    /// # Errors
    /// [`ArchiveError::NotAnArchive`], [`ArchiveError::Locked`], [`ArchiveError::KeyRefused`],
    /// [`ArchiveError::Config`], or damage.
    pub fn open(data: &Path, options: Options) -> Result<Self, ArchiveError> {
        let unfinished = Layout::new(data).unfinished_restore();
        if unfinished.exists() {
            return Err(ArchiveError::NotRestored(data.to_owned()));
        }
        Self::open_unfinished(data, options)
    }

    /// Opens an archive, also one that a restore has not finished with.
    pub(super) fn open_unfinished(data: &Path, options: Options) -> Result<Self, ArchiveError> {
        let layout = Layout::new(data);
        for part in [layout.config(), layout.store()] {
            match std::fs::metadata(&part) {
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                    return Err(ArchiveError::io(part)(error));
                }
                Err(_) => return Err(ArchiveError::NotAnArchive(data.to_owned())),
            }
        }
        let lock = lock(&layout)?;
        let config = Config::load(&layout.config())?;
        let key = options.key.open(&data.join(&config.key.file))?;
        let store: Arc<dyn Store> = Arc::new(open_store(&layout)?);
        let (keyring, signing_key, identity) = unlock(&*store, key, data)?;
        let signer = SigningKey::from_seed(&signing_key.to_seed());
        let policies = Policies::new(layout.policies());
        policies.files()?;
        let trust = load_trust(data, &config.signatures)?;
        let fetcher = options.fetcher.or_else(|| fetcher(&config.signatures));
        let verifying_key = identity.verifying_key()?;
        let head = Head::load(&*store.view(), &verifying_key)?;
        let plain_tokens = !made_with_sealed_tokens(&*store.view(), &keyring)?;
        let keys = (signing_key, verifying_key.clone());
        let anchor = Anchor::open(&layout.checkpoint())?;
        let found = anchor.check(&*store.view(), &head, &verifying_key)?;
        if found == Found::Nothing {
            forget_index(&layout)?;
        }
        anchor.write(head.note().unwrap_or_default());
        let journal_size = head.size();
        let committer = Committer::start(store.clone(), head, keys, options.clock.clone(), Some(anchor))?;
        let index_options = IndexOptions {
            writer_bytes: config.search.writer_memory_bytes,
            cache_bytes: config.search.cache_bytes,
            ..IndexOptions::default()
        };
        let indexer = Arc::new(Indexer::new(
            store.clone(),
            keyring.clone(),
            layout.index(),
            index_options,
            journal_size,
        ));
        let clock = options.clock;
        let archive = Self {
            layout,
            config,
            store,
            keyring,
            policies,
            trust,
            fetcher,
            trusted_clock: options.trusted_clock,
            destruction: Mutex::default(),
            reevaluating: Mutex::default(),
            indexer,
            committer,
            clock,
            identity,
            verifying_key,
            signer,
            backing_up: Mutex::default(),
            shipped: Mutex::default(),
            plain_tokens,
            timestamping: Mutex::default(),
            rotating: Mutex::default(),
            follower: Mutex::default(),
            _lock: Some(lock),
        };
        if archive.take_over_policies(&Principal::system())? {
            archive.ask_for_reevaluation()?;
        }
        Ok(archive)
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        self.indexer.stop();
        let follower = self.follower.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(follower) = follower {
            // It holds the store, which is closed in order only when nobody holds it any more.
            let _ = follower.join();
        }
    }
}

/// Takes the lock that keeps a second process out for as long as this one lives.
pub(super) fn lock(layout: &Layout) -> Result<File, ArchiveError> {
    let path = layout.lock();
    let open = File::options().create(true).truncate(false).write(true).open(&path);
    let file = open.map_err(ArchiveError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ArchiveError::Locked(layout.root().to_owned())),
        Err(TryLockError::Error(error)) => Err(ArchiveError::io(path)(error)),
    }
}

/// Removes the index: beside a journal that no anchor vouches for, it may be of another one. It is made again.
fn forget_index(layout: &Layout) -> Result<(), ArchiveError> {
    match std::fs::remove_dir_all(layout.index()) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(ArchiveError::io(layout.index())(error))
        }
        _ => Ok(()),
    }
}

/// Opens the store of what is an archive by all other signs: without its files it is damaged, not absent.
fn open_store(layout: &Layout) -> Result<RocksStore, ArchiveError> {
    RocksStore::open(layout.store(), store::Options::default()).map_err(|error| match error {
        OpenError::NotAnArchive(path) => {
            ArchiveError::Corrupt(format!("{} has lost the files that a store begins with", path.display()))
        }
        other => other.into(),
    })
}

/// Whether entry 0 says that token rows are sealed. The row `meta/archive` says so too, but anybody who can write to
/// the store could change that one; the details of an entry open only as they were sealed.
fn made_with_sealed_tokens(view: &dyn View, keyring: &Keyring) -> Result<bool, ArchiveError> {
    let Some(bytes) = view.get(Table::Journal, &rows::journal_key(0))? else { return Ok(false) };
    let entry =
        Entry::decode(&bytes).map_err(|error| ArchiveError::Corrupt(format!("journal entry 0: {error}")))?;
    let Some(sealed) = entry.details else { return Ok(false) };
    let details = keyring.unseal_archive_details(&sealed)?;
    Ok(details.get("sealed_tokens").and_then(serde_json::Value::as_bool).unwrap_or(false))
}

/// Opens the archive's own keys with the KEK; the wrong KEK ends here.
fn unlock(
    store: &dyn Store,
    key: KeyFile,
    data: &Path,
) -> Result<(Keyring, SigningKey, Identity), ArchiveError> {
    let view = store.view();
    let meta_row = |key: &[u8]| {
        let row = view.get(Table::Meta, key)?;
        row.ok_or_else(|| ArchiveError::NotAnArchive(data.to_owned()))
    };
    let row: ArchiveRow = rows::decode("archive row", &meta_row(meta::ARCHIVE)?)?;
    let kek = key.keks.iter().find(|kek| row.key_id == kek.id().to_string()).cloned();
    let kek = kek.ok_or_else(|| {
        let ids: Vec<_> = key.keks.ids().iter().map(ToString::to_string).collect();
        ArchiveError::KeyRefused(format!(
            "the archive needs key {}, the key file holds {}",
            row.key_id,
            ids.join(", ")
        ))
    })?;
    let dek = kek.unwrap(&meta_row(meta::ARCHIVE_DEK)?, &ARCHIVE_CONTEXT).map_err(|error| match error {
        SealError::Tampered => ArchiveError::KeyRefused("the archive's own key does not open with it".into()),
        other => other.into(),
    })?;
    let seed =
        seal::unseal_limited(&dek, Purpose::Secret, &ARCHIVE_CONTEXT, &meta_row(meta::SIGNING_SEED)?, 32)?;
    let seed: Zeroizing<[u8; 32]> = Zeroizing::new(
        Zeroizing::new(seed)
            .as_slice()
            .try_into()
            .map_err(|_| ArchiveError::Corrupt("the signing seed".into()))?,
    );
    let origin: Origin =
        row.origin.parse().map_err(|error| ArchiveError::Corrupt(format!("origin: {error}")))?;
    let signing_key = SigningKey::from_seed(&seed);
    if signing_key.verifying_key(&origin).to_string() != row.vkey {
        return Err(ArchiveError::Corrupt("the signing key is not the one that the archive names".into()));
    }
    let ArchiveRow { archive_id, origin, vkey, rotation, .. } = row;
    if let Some(missing) = rotation.and_then(|rotation| rotation.missing(&key.keks)) {
        return Err(ArchiveError::KeyRefused(format!(
            "its key is being replaced, and the key file lacks key {missing}, which still opens a part of the contracts"
        )));
    }
    Ok((Keyring::new(kek, key, dek), signing_key, Identity { archive_id, origin, vkey }))
}
