//! Create: make a new archive in an empty place, whole or not at all.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;
use zeroize::Zeroizing;

use super::anchor::Anchor;
use super::clock::{Clock, SystemClock};
use super::committer::{Committer, Draft, Written};
use super::error::ArchiveError;
use super::head::Head;
use super::keyring::{ARCHIVE_CONTEXT, Keyring};
use super::layout::Layout;
use super::policies;
use super::principal::Principal;
use super::rows::{self, ArchiveRow, V1, meta};
use super::token;
use crate::config;
use crate::journal::{Act, Origin, SigningKey};
use crate::retention::{AVAILABLE, SHIPPED};
use crate::seal::key_file::{KeyFile, Protection};
use crate::seal::{self, Compression, Dek, Kek, Keks, Purpose, SealError};
use crate::store::{self, Batch, RocksStore, Store, Table};

/// What `init` made.
pub struct Created {
    pub data: PathBuf,
    pub key_file: PathBuf,
    pub key_id: String,
    /// Bearer token of the administrator: shown now and never again.
    pub admin_token: String,
}

/// Creates an archive in `data`, which must not exist or be empty.
///
/// Everything is made in a sibling directory and renamed into place last, so a crash leaves no half archive.
///
/// # Errors
/// [`ArchiveError::NotEmpty`]; or the directory cannot be written.
pub fn create(data: &Path) -> Result<Created, ArchiveError> {
    create_with(data, &Protection::None)
}

/// The same, with a key file that has this protection.
///
/// # Errors
/// As [`create`].
pub fn create_with(data: &Path, protection: &Protection) -> Result<Created, ArchiveError> {
    if fs::read_dir(data).is_ok_and(|mut entries| entries.next().is_some()) || data.is_file() {
        return Err(ArchiveError::NotEmpty(data.to_owned()));
    }
    let data = std::path::absolute(data).map_err(ArchiveError::io(data))?;
    let parent = data.parent().ok_or_else(|| ArchiveError::NotEmpty(data.clone()))?;
    fs::create_dir_all(parent).map_err(ArchiveError::io(parent))?;
    let scratch = parent.join(format!(".shosoin-init-{}", Uuid::new_v4()));
    let made = build(&Layout::new(&scratch), protection).and_then(|made| {
        fs::rename(&scratch, &data).map_err(ArchiveError::io(&data))?;
        sync_directory(parent)?;
        Ok(made)
    });
    if made.is_err() {
        // Best effort: what is left has a name that nothing uses.
        let _ = fs::remove_dir_all(&scratch);
    }
    let (key_id, admin_token) = made?;
    let key_file = data.join(config::KeyConfig::default().file);
    Ok(Created { data, key_file, key_id, admin_token })
}

fn build(layout: &Layout, protection: &Protection) -> Result<(String, String), ArchiveError> {
    make_directory(layout.root())?;
    write_new(&layout.config(), config::TEMPLATE.as_bytes())?;
    make_directory(&layout.policies())?;
    let available = layout.policies().join("available");
    make_directory(&available)?;
    for (folder, files) in [(layout.policies(), SHIPPED.as_slice()), (available, AVAILABLE.as_slice())] {
        for (name, text) in files {
            write_new(&folder.join(name), text.as_bytes())?;
        }
    }
    let key = KeyFile { keks: Keks::new(Kek::generate()?), protection: protection.clone() };
    let key_path = layout.root().join(config::KeyConfig::default().file);
    let key_directory = key_path.parent().ok_or_else(|| ArchiveError::NotAnArchive(key_path.clone()))?;
    make_directory(key_directory)?;
    key.create(&key_path)?;
    write_new(&layout.lock(), b"")?;
    let store: Arc<dyn Store> = Arc::new(RocksStore::open(layout.store(), store::Options { create: true })?);
    let made = write_first_entry(store, key, Anchor::open(&layout.checkpoint())?, Arc::new(SystemClock))?;
    sync_directory(layout.root())?;
    Ok(made)
}

/// Writes the rows that make a store an archive, together with the journal's first entry.
fn write_first_entry(
    store: Arc<dyn Store>,
    key: KeyFile,
    anchor: Anchor,
    clock: Arc<dyn Clock>,
) -> Result<(String, String), ArchiveError> {
    let archive_id = Uuid::new_v4();
    let origin = Origin::local(archive_id);
    let kek = key.keks.first().clone();
    let key_id = kek.id().to_string();
    let dek = Dek::generate()?;
    let wrapped = kek.wrap(&dek, &ARCHIVE_CONTEXT)?;
    let seed = random_seed()?;
    let signing_key = SigningKey::from_seed(&seed);
    let verifying_key = signing_key.verifying_key(&origin);
    let sealed_seed = seal::seal(&dek, Purpose::Secret, &ARCHIVE_CONTEXT, &*seed, Compression::Never)?;
    let row = ArchiveRow {
        v: V1,
        archive_id: archive_id.to_string(),
        created_at: clock.now(),
        key_id: key_id.clone(),
        origin: origin.to_string(),
        vkey: verifying_key.to_string(),
        sealed_tokens: true,
        rotation: None,
    };
    let keyring = Keyring::new(kek, key, dek);
    let (admin_token, token_key, token_row) = token::issue(&keyring, token::first(clock.now()))?;
    let details = keyring.seal_archive_details(&row)?;

    let mut batch = Batch::default();
    batch.expect_absent(Table::Meta, meta::ARCHIVE);
    batch.put(Table::Meta, meta::ARCHIVE, rows::encode(&row));
    batch.put(Table::Meta, meta::ARCHIVE_DEK, wrapped);
    batch.put(Table::Meta, meta::SIGNING_SEED, sealed_seed);
    batch.put(Table::Meta, token_key, token_row);
    for (key, sealed) in policies::first_rows(&keyring, &SHIPPED)? {
        batch.put(Table::Meta, key, sealed);
    }
    let committer =
        Committer::start(store, Head::empty(origin), (signing_key, verifying_key), clock, Some(anchor))?;
    committer.commit(Draft {
        actor: Principal::system(),
        act: Act::Init,
        record: None,
        blob_bytes: 0,
        write: Box::new(move |_| Ok(Written { details: Some(details), batch })),
    })?;
    Ok((key_id, admin_token))
}

/// The seed of the key that signs checkpoints.
fn random_seed() -> Result<Zeroizing<[u8; 32]>, ArchiveError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(SealError::Random)?;
    Ok(seed)
}

/// Makes a directory that only its owner can enter.
fn make_directory(path: &Path) -> Result<(), ArchiveError> {
    DirBuilder::new().mode(0o700).create(path).map_err(ArchiveError::io(path))
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), ArchiveError> {
    let write = || {
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
        std::io::Write::write_all(&mut file, bytes)?;
        file.sync_all()
    };
    write().map_err(ArchiveError::io(path))
}

fn sync_directory(path: &Path) -> Result<(), ArchiveError> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(ArchiveError::io(path))
}
