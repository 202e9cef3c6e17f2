//! The key file of an archive that need not be open: where it is, what protects it, and its loss made good.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::ArchiveError;
use super::keyring::ARCHIVE_CONTEXT;
use super::layout::Layout;
use super::open::lock;
use super::rows::{self, ArchiveRow, meta};
use crate::backup::{Directory, Opened};
use crate::config::Config;
use crate::seal::key_file::{KeyFile, Protection};
use crate::seal::{Keks, KeyId};
use crate::store::{self, RocksStore, Store as _, Table};

/// Where the settings of the archive in `data` say that its key file is.
///
/// # Errors
/// [`ArchiveError::NotAnArchive`], [`ArchiveError::Config`].
pub fn key_file_of(data: &Path) -> Result<PathBuf, ArchiveError> {
    let layout = Layout::new(data);
    if !layout.config().exists() {
        return Err(ArchiveError::NotAnArchive(data.to_owned()));
    }
    Ok(data.join(Config::load(&layout.config())?.key.file))
}

/// Gives an opened key file another protection, in place.
///
/// # Errors
/// [`ArchiveError::KeyRefused`], [`ArchiveError::Conflict`], [`ArchiveError::Io`]; the file is as it was then.
pub fn protect_key_file(path: &Path, opened: &KeyFile, new: &Protection) -> Result<KeyFile, ArchiveError> {
    Ok(KeyFile::replace(path, &opened.protection, new, |keks| keks)?)
}

/// Makes sure that `kek` is the key of the archive in `data`, which nobody has open; returns the archive's id.
///
/// # Errors
/// [`ArchiveError::KeyRefused`] when it is not; [`ArchiveError::Locked`], damage.
pub fn check_key_of_archive(data: &Path, keks: &Keks) -> Result<String, ArchiveError> {
    let layout = Layout::new(data);
    if !layout.store().exists() {
        return Err(ArchiveError::NotAnArchive(data.to_owned()));
    }
    let _lock = lock(&layout)?;
    let store = RocksStore::open(layout.store(), store::Options::default())?;
    let view = store.view();
    let row = |key| {
        let row = view.get(Table::Meta, key)?;
        row.ok_or_else(|| ArchiveError::NotAnArchive(data.to_owned()))
    };
    let archive: ArchiveRow = rows::decode("archive row", &row(meta::ARCHIVE)?)?;
    let id = keks.first().id();
    if archive.key_id != id.to_string() {
        return Err(ArchiveError::KeyRefused(format!(
            "the shares give key {id}, and the archive in {} needs key {}: they are of an older kit, or of another archive",
            data.display(),
            archive.key_id
        )));
    }
    let wrong = |_| ArchiveError::KeyRefused("the archive's own key does not open with it".into());
    keks.first().unwrap(&row(meta::ARCHIVE_DEK)?, &ARCHIVE_CONTEXT).map_err(wrong)?;
    Ok(archive.archive_id)
}

/// The same for a backup repository: the key must open its newest key set.
///
/// # Errors
/// [`ArchiveError::KeyRefused`]; when the repository cannot be read.
pub fn check_key_of_backup(repository: &Path, keks: &Keks) -> Result<String, ArchiveError> {
    let directory = Directory::open(repository)?;
    Ok(Opened::open(&directory, keks, &ARCHIVE_CONTEXT)?.identity.archive.clone())
}

/// Writes a recovered key file. A file that is there already is moved aside, never overwritten; returns where to.
///
/// # Errors
/// [`ArchiveError::Io`]
pub fn put_recovered_key(path: &Path, key: &KeyFile) -> Result<Option<PathBuf>, ArchiveError> {
    let aside = aside(path, key.keks.first().id());
    let moved = match fs::symlink_metadata(path) {
        Ok(_) => {
            fs::rename(path, &aside).map_err(ArchiveError::io(path))?;
            Some(aside)
        }
        Err(_) => None,
    };
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(ArchiveError::io(parent))?;
    }
    key.create(path)?;
    Ok(moved)
}

/// A name beside `path` that nothing has.
fn aside(path: &Path, id: KeyId) -> PathBuf {
    let named = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".before-{id}.{number}"));
        PathBuf::from(name)
    };
    (1..u32::MAX).map(named).find(|path| fs::symlink_metadata(path).is_err()).unwrap_or_else(|| named(0))
}
