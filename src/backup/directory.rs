//! A repository in a directory: another disk, a network share, whatever the system mounts.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::protection::Protection;
use super::repository::{Claim, Folder, Listed, Name, Repository, RepositoryError};
use super::write_once;

/// Begins the names of files being written.
pub const UNFINISHED: &str = ".unfinished-";
/// What a repository or a file system has beside the folders.
const NOT_OURS: [&str; 3] = ["lock", "lost+found", write_once::FOLDER];

/// A repository in a directory that exists. The directory itself is never made: under a path where a disk should
/// be mounted, backups would go to the wrong disk.
pub struct Directory {
    root: PathBuf,
    /// The time by which protection is over; until it is told, none is.
    now: DateTime<Utc>,
    /// Days for which what a generation needs is protected; 0 protects nothing more.
    write_once: u32,
}

impl Directory {
    /// The repository in `root`.
    ///
    /// # Errors
    /// [`RepositoryError::Gone`] when there is no such directory.
    pub fn open(root: &Path) -> Result<Self, RepositoryError> {
        let directory = Self { root: root.to_owned(), now: DateTime::<Utc>::MIN_UTC, write_once: 0 };
        match fs::metadata(root) {
            Ok(found) if found.is_dir() => Ok(directory),
            Ok(_) => Err(RepositoryError::Gone(directory.place())),
            Err(error) => Err(directory.failed(error)),
        }
    }

    /// The same at a time; what generations need is protected for `write_once` days.
    #[must_use]
    pub fn at(self, now: DateTime<Utc>, write_once: u32) -> Self {
        Self { now, write_once, ..self }
    }

    /// Refuses what may be neither changed nor removed yet.
    fn check(&self, name: &Name, protection: &Protection) -> Result<(), RepositoryError> {
        match protection.of(name, self.now) {
            None => Ok(()),
            Some(until) => Err(RepositoryError::Protected {
                place: self.place(),
                name: name.clone(),
                until: Some(until),
            }),
        }
    }

    fn folder(&self, folder: Folder) -> PathBuf {
        match folder {
            Folder::Root => self.root.clone(),
            below => self.root.join(below.name()),
        }
    }

    pub(super) fn path(&self, name: &Name) -> PathBuf {
        self.folder(name.folder()).join(name.file())
    }

    pub(super) fn failed(&self, error: io::Error) -> RepositoryError {
        let place = self.place();
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                RepositoryError::Full(place)
            }
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => RepositoryError::ReadOnly(place),
            ErrorKind::NotFound | ErrorKind::NotADirectory => RepositoryError::Gone(place),
            _ => RepositoryError::Io { place, detail: error.to_string() },
        }
    }

    /// Writes a file beside its final name and makes it durable.
    pub(super) fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    /// Gives a finished file its name, unless the name is taken.
    fn publish(&self, unfinished: &Path, path: &Path) -> io::Result<()> {
        match fs::hard_link(unfinished, path) {
            Ok(()) => fs::remove_file(unfinished),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
            // Not every file system has hard links. The claim keeps other writers away between look and rename.
            Err(_) if fs::exists(path)? => Err(ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(unfinished, path),
        }
    }

    fn remove_leftovers(&self) -> io::Result<()> {
        for folder in Folder::BELOW.into_iter().chain([Folder::Root]) {
            for entry in fs::read_dir(self.folder(folder))? {
                let entry = entry?;
                if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                    fs::remove_file(entry.path())?;
                }
            }
        }
        Ok(())
    }

    fn make_folders(&self) -> io::Result<()> {
        for folder in Folder::BELOW {
            match DirBuilder::new().mode(0o700).create(self.folder(folder)) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        sync(&self.root)
    }
}

impl Repository for Directory {
    fn put(&self, name: &Name, bytes: &[u8]) -> Result<(), RepositoryError> {
        let (folder, path) = (self.folder(name.folder()), self.path(name));
        let unfinished = folder.join(format!("{UNFINISHED}{}", name.file()));
        let written = self.write(&unfinished, bytes).and_then(|()| self.publish(&unfinished, &path));
        match written.and_then(|()| sync(&folder)) {
            Ok(()) => Ok(()),
            Err(error) => {
                // What cannot be removed now is removed by the next run.
                let _ = fs::remove_file(&unfinished);
                Err(match error.kind() {
                    ErrorKind::AlreadyExists => {
                        RepositoryError::Exists { place: self.place(), name: name.clone() }
                    }
                    _ => self.failed(error),
                })
            }
        }
    }

    fn replace(&self, name: &Name, bytes: &[u8]) -> Result<(), RepositoryError> {
        self.check(name, &self.protection()?)?;
        let (folder, path) = (self.folder(name.folder()), self.path(name));
        let unfinished = folder.join(format!("{UNFINISHED}{}", name.file()));
        let written = self.write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, &path));
        written.and_then(|()| sync(&folder)).map_err(|error| self.failed(error))
    }

    fn get(&self, name: &Name, range: Range<u64>) -> Result<Option<Vec<u8>>, RepositoryError> {
        let mut bytes = Vec::new();
        Ok(self.get_into(name, range, &mut bytes)?.then_some(bytes))
    }

    fn get_into(&self, name: &Name, range: Range<u64>, into: &mut Vec<u8>) -> Result<bool, RepositoryError> {
        into.clear();
        let mut read = || -> io::Result<()> {
            let mut file = File::open(self.path(name))?;
            let len = file.metadata()?.len();
            let end = range.end.min(len);
            let start = range.start.min(end);
            file.seek(SeekFrom::Start(start))?;
            into.reserve_exact(usize::try_from(end - start).map_err(io::Error::other)?);
            file.take(end - start).read_to_end(into)?;
            Ok(())
        };
        match read() {
            Ok(()) => Ok(true),
            // The object is absent only when its repository is there.
            Err(error) if error.kind() == ErrorKind::NotFound && self.root.is_dir() => Ok(false),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn list(&self, folder: Folder) -> Result<Vec<Listed>, RepositoryError> {
        let read = || -> io::Result<Vec<Listed>> {
            let mut found = Vec::new();
            for entry in fs::read_dir(self.folder(folder))? {
                let entry = entry?;
                let file = entry.file_name().to_string_lossy().into_owned();
                let metadata = entry.metadata()?;
                let ours = folder == Folder::Root && NOT_OURS.contains(&file.as_str());
                if !file.starts_with(UNFINISHED) && !ours {
                    found.push(Listed { file, len: if metadata.is_file() { metadata.len() } else { 0 } });
                }
            }
            found.sort_by(|a, b| a.file.cmp(&b.file));
            Ok(found)
        };
        match read() {
            Ok(found) => Ok(found),
            Err(error)
                if error.kind() == ErrorKind::NotFound && folder != Folder::Root && self.root.is_dir() =>
            {
                Ok(Vec::new())
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    fn delete(&self, names: &[Name]) -> Result<(), RepositoryError> {
        let protection = if names.is_empty() { Protection::default() } else { self.protection()? };
        let mut touched = BTreeSet::new();
        for name in names.iter().filter(|name| self.check(name, &protection).is_ok()) {
            match fs::remove_file(self.path(name)) {
                Ok(()) => drop(touched.insert(name.folder())),
                Err(error) if error.kind() == ErrorKind::NotFound && self.root.is_dir() => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
        // Once for each folder: a day of shipping leaves thousands of files.
        touched
            .into_iter()
            .try_for_each(|folder| sync(&self.folder(folder)))
            .map_err(|error| self.failed(error))?;
        names.iter().try_for_each(|name| self.check(name, &protection))
    }

    fn retain(&self, names: &[Name], now: DateTime<Utc>) -> Result<(), RepositoryError> {
        // A damaged record is written anew all the same: it holds what was promised before.
        match self.write_once {
            0 if self.protection()?.problems.is_empty() => Ok(()),
            days => write_once::protect(self, names, now, days),
        }
    }

    fn protection(&self) -> Result<Protection, RepositoryError> {
        write_once::load(&self.root).map_err(|error| self.failed(error))
    }

    fn lock(&self) -> Result<Claim, RepositoryError> {
        if !self.root.is_dir() {
            return Err(RepositoryError::Gone(self.place()));
        }
        let failed = |error| self.failed(error);
        let options =
            File::options().create(true).truncate(false).write(true).mode(0o600).open(self.root.join("lock"));
        let file = options.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(RepositoryError::Busy(self.place())),
            Err(TryLockError::Error(error)) => return Err(self.failed(error)),
        }
        self.make_folders().and_then(|()| self.remove_leftovers()).map_err(failed)?;
        Ok(Box::new(file))
    }

    fn place(&self) -> String {
        self.root.display().to_string()
    }
}

pub fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> (tempfile::TempDir, Directory) {
        let home = tempfile::tempdir().unwrap();
        let directory = Directory::open(home.path()).unwrap();
        drop(directory.lock().unwrap());
        (home, directory)
    }

    #[test]
    fn the_directory_keeps_the_promises_of_a_repository() {
        let (_home, directory) = made();
        crate::backup::suite::keeps_its_promises(&directory);
    }

    #[test]
    fn the_directory_protects_what_it_is_told_to() {
        let (home, _) = made();
        let at = |now, days| -> Box<dyn Repository> {
            Box::new(Directory::open(home.path()).unwrap().at(now, days))
        };
        crate::backup::suite::protects(&at);
    }

    #[test]
    fn a_file_cut_short_by_a_kill_is_not_listed_and_goes_with_the_next_claim() {
        let (home, directory) = made();
        let half = home.path().join("packs").join(format!("{UNFINISHED}x"));
        fs::write(&half, b"half").unwrap();
        assert!(directory.list(Folder::Packs).unwrap().is_empty());
        drop(directory.lock().unwrap());
        assert!(!half.exists());
    }

    #[test]
    fn a_repository_that_vanishes_is_gone_and_is_not_made_again() {
        let (home, directory) = made();
        let path = home.path().to_owned();
        drop(home);
        let put = directory.put(&Name::generation(1), b"x").unwrap_err();
        assert!(matches!(put, RepositoryError::Gone(_)), "{put}");
        assert!(matches!(directory.get(&Name::generation(1), 0..9), Err(RepositoryError::Gone(_))));
        assert!(matches!(directory.list(Folder::Packs), Err(RepositoryError::Gone(_))));
        assert!(matches!(directory.delete(&[Name::generation(1)]), Err(RepositoryError::Gone(_))));
        assert!(matches!(directory.lock().err(), Some(RepositoryError::Gone(_))));
        assert!(matches!(Directory::open(&path).err(), Some(RepositoryError::Gone(_))));
        assert!(!path.exists());
    }

    #[test]
    fn files_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let (home, directory) = made();
        directory.put(&Name::generation(1), b"x").unwrap();
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(home.path().join("generations")), 0o700);
        assert_eq!(mode(home.path().join("generations/0000000001")), 0o600);
    }
}
