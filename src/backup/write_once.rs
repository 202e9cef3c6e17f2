//! How a directory remembers what it protects: one file, written anew with each generation.
//!
//! The record guards against this program: a keep rule that was made shorter, a mistake, a repacking. Whoever may write in the
//! directory may also remove files past it; `THREATS.md` says what helps against that. The format is drawn in
//! `schema/backup-repository.md`.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::directory::{Directory, UNFINISHED, sync};
use super::protection::Protection;
use super::repository::{Name, Repository, RepositoryError};

/// The folder of the record, beside those of the repository.
pub const FOLDER: &str = "protected";

/// Longest record read, in bytes: a million objects.
const MAX_BYTES: u64 = 128 << 20;

/// What the directory protects; nothing when it never protected anything. Of two records (a writer was killed between
/// writing the one and removing the other) both count.
pub fn load(root: &Path) -> io::Result<Protection> {
    let mut found = Protection::default();
    for path in records(root)? {
        let bytes = match fs::metadata(&path)?.len() <= MAX_BYTES {
            true => fs::read(&path)?,
            false => Vec::new(),
        };
        found.join(Protection::decode(&path.display().to_string(), &bytes));
    }
    Ok(found)
}

/// The records there are, in their order.
fn records(root: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(root.join(FOLDER)) {
        Err(error) if error.kind() == ErrorKind::NotFound && root.is_dir() => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if number(&path).is_some() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn number(path: &Path) -> Option<u64> {
    Name::number(path.file_name()?.to_str()?)
}

/// Protects objects for so many days, durably, and takes away the permission to write them.
pub fn protect(
    directory: &Directory,
    names: &[Name],
    now: DateTime<Utc>,
    days: u32,
) -> Result<(), RepositoryError> {
    let mut protection = directory.protection()?;
    let before = protection.clone();
    protection.prolong(names, now, days);
    replace(directory, &protection).map_err(|error| directory.failed(error))?;
    for name in protection.names(now).filter(|name| before.of(name, now).is_none()) {
        // A hint to people and programs; file systems without permissions go without. The record is what counts.
        let _ = fs::set_permissions(directory.path(name), Permissions::from_mode(0o400));
    }
    Ok(())
}

/// Writes the record under the next number, and removes those before once it is durable.
fn replace(directory: &Directory, protection: &Protection) -> io::Result<()> {
    let root = PathBuf::from(directory.place());
    let folder = root.join(FOLDER);
    match DirBuilder::new().mode(0o700).create(&folder) {
        Ok(()) => sync(&root)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let old = records(&root)?;
    let next = old.iter().filter_map(|path| number(path)).max().unwrap_or(0).saturating_add(1);
    let name = format!("{next:010}");
    let unfinished = folder.join(format!("{UNFINISHED}{name}"));
    directory.write(&unfinished, &protection.encode())?;
    fs::rename(&unfinished, folder.join(name))?;
    sync(&folder)?;
    old.iter().try_for_each(fs::remove_file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::repository::PackId;

    fn at(day: &str) -> DateTime<Utc> {
        format!("{day}T00:00:00Z").parse().unwrap()
    }

    fn made(now: &str) -> (tempfile::TempDir, Directory, Name) {
        let home = tempfile::tempdir().unwrap();
        let directory = Directory::open(home.path()).unwrap().at(at(now), 30);
        drop(directory.lock().unwrap());
        let name = Name::pack(PackId([7; 16]));
        directory.put(&name, b"sealed").unwrap();
        (home, directory, name)
    }

    #[test]
    fn a_directory_opened_without_a_time_takes_no_protection_for_over() {
        let (home, directory, name) = made("2026-01-01");
        directory.retain(std::slice::from_ref(&name), at("2026-01-01")).unwrap();
        let timeless = Directory::open(home.path()).unwrap();
        assert!(matches!(timeless.delete(&[name]), Err(RepositoryError::Protected { .. })));
    }

    #[test]
    fn a_record_beside_a_newer_one_counts_and_goes_with_the_next() {
        let (home, directory, name) = made("2026-01-01");
        directory.retain(std::slice::from_ref(&name), at("2026-01-01")).unwrap();
        let folder = home.path().join(FOLDER);
        // Killed before the old one was removed, and another while it was writing.
        fs::write(folder.join("0000000002"), Protection::default().encode()).unwrap();
        fs::write(folder.join(format!("{UNFINISHED}0000000003")), b"half").unwrap();
        assert!(directory.protection().unwrap().of(&name, at("2026-01-02")).is_some());
        directory.retain(&[Name::generation(1)], at("2026-01-02")).unwrap();
        let left: Vec<_> = records(home.path()).unwrap();
        assert_eq!(left, [folder.join("0000000003")]);
        let protection = directory.protection().unwrap();
        assert!(protection.of(&name, at("2026-01-02")).is_some() && protection.problems.is_empty());
    }

    #[test]
    fn protected_files_lose_the_permission_to_be_written_and_go_all_the_same_when_it_is_over() {
        let (home, directory, name) = made("2026-01-01");
        directory.retain(std::slice::from_ref(&name), at("2026-01-01")).unwrap();
        let mode = fs::metadata(directory.path(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o400);
        let later = Directory::open(home.path()).unwrap().at(at("2026-02-01"), 30);
        later.delete(std::slice::from_ref(&name)).unwrap();
        assert!(!directory.path(&name).exists());
    }

    #[test]
    fn a_damaged_record_is_told_and_does_not_stop_anything() {
        let (home, directory, name) = made("2026-01-01");
        directory.retain(std::slice::from_ref(&name), at("2026-01-01")).unwrap();
        fs::write(home.path().join(FOLDER).join("0000000001"), b"\xff\0").unwrap();
        assert_eq!(directory.protection().unwrap().problems.len(), 1);
        // Also by a run that protects nothing more.
        let unprotecting = Directory::open(home.path()).unwrap().at(at("2026-01-01"), 0);
        unprotecting.retain(&[], at("2026-01-01")).unwrap();
        assert_eq!(directory.protection().unwrap(), Protection::default());
        directory.retain(std::slice::from_ref(&name), at("2026-01-01")).unwrap();
        let protection = directory.protection().unwrap();
        assert!(protection.problems.is_empty() && protection.of(&name, at("2026-01-02")).is_some());
    }
}
