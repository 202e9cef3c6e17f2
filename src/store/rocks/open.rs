//! Opening and creating: never an empty store by accident, never a foreign directory.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rocksdb::ColumnFamilyDescriptor;

use super::errors::{is_full, is_locked, store_error};
use super::options::{self, FileWrites};
use super::{BLOB_LIST, BLOBS, Db, OBJECT_FILES, OBJECTS};
use crate::store::{OpenError, StoreError, Table};

/// RocksDB opens this one whether asked or not; we keep nothing in it.
const DEFAULT: &str = "default";

/// What RocksDB says when it is asked for direct writes on a file system without them.
const NO_DIRECT_WRITES: &str = "Direct I/O is not supported";

/// Our column families, in the order of creation. `blobs` is last: where it exists, creation was finished.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    Table::ALL.into_iter().map(Table::name).chain([BLOB_LIST, OBJECTS, OBJECT_FILES, BLOBS])
}

/// Opens the database, or makes a new one when `create` is set and there is none; `logged` tells whether writes will be.
pub(super) fn open(path: &Path, create: bool, logged: bool) -> Result<Db, OpenError> {
    // `CURRENT` is the last file RocksDB writes when it makes a database, and every database has it.
    let exists = path.join("CURRENT").try_exists().map_err(io_error)?;
    match (exists, create) {
        (true, _) => check_tables(path, create)?,
        (false, true) => make_directory(path)?,
        (false, false) => return Err(OpenError::NotAnArchive(path.to_owned())),
    }
    let opened = match open_writing(path, (create, logged), FileWrites::Direct) {
        // Some file systems (tmpfs before Linux 6.6, some network ones) know no direct writes. RocksDB asks first.
        Err(error) if error.as_ref().contains(NO_DIRECT_WRITES) => {
            open_writing(path, (create, logged), FileWrites::Buffered)
        }
        other => other,
    };
    opened.map_err(|error| open_error(path, error))
}

fn open_writing(
    path: &Path,
    (create, logged): (bool, bool),
    writes: FileWrites,
) -> Result<Db, rocksdb::Error> {
    let resources = options::Resources::new();
    let database = resources.database(create, logged, writes)?;
    let mut families = vec![ColumnFamilyDescriptor::new(DEFAULT, rocksdb::Options::default())];
    for name in names() {
        families.push(ColumnFamilyDescriptor::new(name, resources.family(name, logged)?));
    }
    Db::open_cf_descriptors(&database, path, families)
}

/// Refuses a database that is not ours, is newer than us, or whose creation was cut short. Tables that a
/// newer version of this program added are made when the store is opened.
fn check_tables(path: &Path, create: bool) -> Result<(), OpenError> {
    let found = Db::list_cf(&rocksdb::Options::default(), path).map_err(|error| open_error(path, error))?;
    let known = |name: &String| name == DEFAULT || names().any(|ours| ours == name);
    if let Some(table) = found.iter().find(|name| !known(name)) {
        return Err(OpenError::Newer { path: path.to_owned(), table: table.clone() });
    }
    if !create && !found.iter().any(|name| name == BLOBS) {
        return Err(OpenError::NotAnArchive(path.to_owned()));
    }
    Ok(())
}

/// Makes the directory for a new store, readable by its owner only, and its name durable.
fn make_directory(path: &Path) -> Result<(), OpenError> {
    match fs::read_dir(path) {
        Ok(entries) => {
            for entry in entries {
                let name = entry.map_err(io_error)?.file_name();
                if !left_by_unfinished_creation(&name.to_string_lossy()) {
                    return Err(OpenError::NotEmpty(path.to_owned()));
                }
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(path).map_err(io_error)?;
        }
        Err(error) => return Err(io_error(error)),
    }
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent).and_then(|dir| dir.sync_all()),
        _ => File::open(".").and_then(|dir| dir.sync_all()),
    }
    .map_err(io_error)
}

/// What RocksDB writes before `CURRENT`. Data files are not among it: a directory with data but without
/// `CURRENT` is a damaged store, not a place for a new one.
fn left_by_unfinished_creation(name: &str) -> bool {
    matches!(name, "LOCK" | "LOG" | "IDENTITY")
        || name.starts_with("LOG.old.")
        || name.starts_with("MANIFEST-")
        || name.starts_with("OPTIONS-")
        || name.ends_with(".dbtmp")
}

fn open_error(path: &Path, error: rocksdb::Error) -> OpenError {
    if is_locked(error.as_ref()) {
        OpenError::Locked(path.to_owned())
    } else if is_full(error.as_ref()) {
        OpenError::Full(path.to_owned())
    } else {
        OpenError::Store(store_error(error))
    }
}

fn io_error(error: io::Error) -> OpenError {
    let detail = error.to_string();
    OpenError::Store(match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => StoreError::Denied { detail },
        _ => StoreError::Io { detail },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Options, RocksStore};

    fn open_new(path: &Path) -> RocksStore {
        RocksStore::open(path, Options { create: true }).unwrap()
    }

    fn open_error_of(path: &Path, create: bool) -> OpenError {
        RocksStore::open(path, Options { create }).err().expect("must not open")
    }

    #[test]
    fn opening_a_directory_without_a_store_fails_and_leaves_it_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(open_error_of(dir.path(), false), OpenError::NotAnArchive(_)));
        let missing = dir.path().join("missing");
        assert!(matches!(open_error_of(&missing, false), OpenError::NotAnArchive(_)));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_new_store_is_not_made_among_other_files() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("holiday.jpg"), b"jpeg").unwrap();
        assert!(matches!(open_error_of(dir.path(), true), OpenError::NotEmpty(_)));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_store_that_lost_its_current_file_is_not_replaced_by_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        drop(open_new(dir.path()));
        fs::remove_file(dir.path().join("CURRENT")).unwrap();
        assert!(matches!(open_error_of(dir.path(), false), OpenError::NotAnArchive(_)));
        assert!(matches!(open_error_of(dir.path(), true), OpenError::NotEmpty(_)));
    }

    #[test]
    fn a_creation_cut_short_can_be_finished_but_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store");
        let mut options = rocksdb::Options::default();
        options.create_if_missing(true);
        drop(Db::open(&options, &path).unwrap());
        assert!(matches!(open_error_of(&path, false), OpenError::NotAnArchive(_)));
        drop(open_new(&path));
        RocksStore::open(&path, Options::default()).unwrap();
    }

    #[test]
    fn a_second_opening_says_that_the_store_is_in_use() {
        let dir = tempfile::tempdir().unwrap();
        let _first = open_new(dir.path());
        assert!(matches!(open_error_of(dir.path(), false), OpenError::Locked(_)));
    }

    #[test]
    fn a_store_with_an_unknown_table_is_called_newer() {
        let dir = tempfile::tempdir().unwrap();
        drop(open_new(dir.path()));
        let options = rocksdb::Options::default();
        let names = Db::list_cf(&options, dir.path()).unwrap();
        let mut db = Db::open_cf(&options, dir.path(), names).unwrap();
        db.create_cf("holograms", &options).unwrap();
        drop(db);
        let error = open_error_of(dir.path(), false);
        assert!(matches!(&error, OpenError::Newer { table, .. } if table == "holograms"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn the_directory_of_a_new_store_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("archive/store");
        drop(open_new(&path));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
