//! What only a store on disk can show: reopening, a process killed, damage, and what erasing leaves.

use std::fs::{self, OpenOptions};
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::store::{Batch, BlobId, BlobStore, Direction, Options, RocksStore, Store, StoreError, Table};

const SECRET: &[u8] = b"\x8f\x02wrapped-key-of-a-destroyed-contract\xd1\x77";

fn create(path: &Path) -> RocksStore {
    RocksStore::open(path, Options { create: true }).unwrap()
}

fn reopen(path: &Path) -> RocksStore {
    RocksStore::open(path, Options::default()).unwrap()
}

/// A deposit in miniature: a row and a blob in one batch.
fn deposit(store: &RocksStore, n: u8) {
    let mut batch = Batch::new();
    batch.put(Table::Records, [n], vec![n; 100]).put_blob(BlobId([n; 16]), vec![n; 10_000]);
    store.commit(batch).unwrap();
}

/// Which deposits are there; fails if one is there by half.
fn deposits(store: &RocksStore) -> Vec<u8> {
    let view = store.view();
    let rows: Vec<u8> = view
        .scan(Table::Records, b"", None, Direction::Forward)
        .map(|row| row.unwrap())
        .inspect(|(key, value)| assert_eq!(*value, vec![key[0]; 100]))
        .map(|(key, _)| key[0])
        .collect();
    let blobs: Vec<u8> = store.list().map(|id| id.unwrap().0[0]).collect();
    assert_eq!(rows, blobs, "a batch is there by half");
    for n in &blobs {
        assert_eq!(store.get(&BlobId([*n; 16]), None).unwrap(), Some(vec![*n; 10_000]));
    }
    rows
}

/// The directory as a killed process leaves it: copied while the store is open, not closed in order.
fn killed(from: &Path) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("objects")).unwrap();
    for file in files(from, "") {
        fs::copy(&file, dir.path().join(file.strip_prefix(from).unwrap())).unwrap();
    }
    let path = dir.path().to_owned();
    (dir, path)
}

/// The files that are not empty, those of objects included.
fn files(path: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(path).unwrap().map(|file| file.unwrap().path()).collect();
    let (folders, mut files): (Vec<_>, Vec<_>) = files.drain(..).partition(|file| file.is_dir());
    files.extend(folders.iter().flat_map(|folder| self::files(folder, "")));
    files.retain(|file| file.to_string_lossy().ends_with(ending) && fs::metadata(file).unwrap().len() > 0);
    files.sort();
    files
}

fn object_bytes(path: &Path) -> u64 {
    files(path, ".objects").iter().map(|file| fs::metadata(file).unwrap().len()).sum()
}

fn files_with(path: &Path, bytes: &[u8]) -> usize {
    let holds = |file: &PathBuf| fs::read(file).unwrap().windows(bytes.len()).any(|window| window == bytes);
    files(path, "").iter().filter(|file| holds(file)).count()
}

fn flip_byte(file: &Path, offset: u64) {
    let file = OpenOptions::new().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    file.write_all_at(&[!byte[0]], offset).unwrap();
}

#[test]
fn reopening_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    (1..=20).for_each(|n| deposit(&store, n));
    store.delete(&BlobId([7; 16])).unwrap();
    let mut batch = Batch::new();
    batch.delete(Table::Records, [7]);
    store.commit(batch).unwrap();
    drop(store);
    let left: Vec<u8> = (1..=20).filter(|n| *n != 7).collect();
    assert_eq!(deposits(&reopen(dir.path())), left);
    assert_eq!(deposits(&reopen(dir.path())), left);
}

#[test]
fn a_killed_process_loses_no_acknowledged_batch() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    (1..=20).for_each(|n| deposit(&store, n));
    let (_copy, path) = killed(dir.path());
    assert_eq!(deposits(&reopen(&path)), (1..=20).collect::<Vec<u8>>());
}

#[test]
fn a_write_torn_by_a_power_cut_is_not_there_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    (1..=3).for_each(|n| deposit(&store, n));
    for lost in [1, 50, 150] {
        let (_copy, path) = killed(dir.path());
        let log = files(&path, ".log").pop().unwrap();
        let len = fs::metadata(&log).unwrap().len();
        OpenOptions::new().write(true).open(&log).unwrap().set_len(len - lost).unwrap();
        let store = reopen(&path);
        assert_eq!(deposits(&store), [1, 2], "{lost} bytes cut from the log");
        deposit(&store, 9); // Written over the object that nothing names.
        assert_eq!(deposits(&store), [1, 2, 9]);
        // A frame of 10,036 bytes and the filler after it.
        assert_eq!(object_bytes(&path), 3 * 12_288);
    }
}

#[test]
fn a_store_closed_in_order_leaves_nothing_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    deposit(&store, 1);
    assert_eq!(files(dir.path(), ".log").len(), 1);
    drop(store);
    assert_eq!(files(dir.path(), ".log"), Vec::<PathBuf>::new());
}

#[test]
fn an_open_store_writes_no_log_files_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let _store = create(dir.path());
    assert!(RocksStore::open(dir.path(), Options::default()).is_err());
    assert!(
        !files(dir.path(), "").iter().any(|file| file.file_name().unwrap().to_string_lossy().contains("LOG"))
    );
}

#[test]
fn a_damaged_blob_is_an_error_that_names_it_and_hides_no_other_blob() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    (1..=3).for_each(|n| deposit(&store, n));
    drop(store);
    flip_byte(&files(dir.path(), ".objects")[0], 15_000); // Inside the second blob of three.
    let store = reopen(dir.path());
    let error = store.get(&BlobId([2; 16]), None).unwrap_err();
    let name = BlobId([2; 16]).to_string();
    assert!(matches!(&error, StoreError::Corrupt { detail, .. } if detail.contains(&name)), "{error}");
    for n in [1, 3] {
        assert!(store.get(&BlobId([n; 16]), None).unwrap().is_some());
    }
    let report = store.verify(&mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!((report.complete, report.damage_count, report.read.blobs), (true, 1, 3));
    assert_eq!(report.damages[0].place, format!("blob {name}"));
}

#[test]
fn a_damaged_row_is_an_error_and_a_finding() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    let mut batch = Batch::new();
    for n in 0..200u8 {
        batch.put(Table::Tree, [n], vec![n; 500]); // A table that is not compressed.
    }
    store.commit(batch).unwrap();
    drop(store);
    let holds = |file: &PathBuf| fs::read(file).unwrap().windows(500).any(|bytes| bytes == [3; 500]);
    let file = files(dir.path(), ".sst").into_iter().find(holds).unwrap();
    flip_byte(&file, 2_000);
    let store = reopen(dir.path());
    assert!(matches!(store.view().get(Table::Tree, &[3]), Err(StoreError::Corrupt { .. })));
    let report = store.verify(&mut |_| ControlFlow::Continue(())).unwrap();
    assert!(report.damages.iter().any(|damage| damage.place.starts_with("tree, rows after ")), "{report:?}");
}

#[test]
fn erasing_traces_takes_a_deleted_and_a_replaced_value_out_of_every_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    let put = |key: u8, value: &[u8]| {
        let mut batch = Batch::new();
        batch.put(Table::Keys, [key], value);
        store.commit(batch).unwrap();
    };
    put(1, SECRET);
    store.flush().unwrap();
    put(2, SECRET);
    deposit(&store, 1); // Another table keeps the log in use.
    assert!(files_with(dir.path(), SECRET) >= 2, "in a table file and in the log");
    put(2, b"rewrapped");
    let mut batch = Batch::new();
    batch.delete(Table::Keys, [1]);
    store.commit(batch).unwrap();
    assert!(files_with(dir.path(), SECRET) >= 2, "deleting alone erases nothing");
    store.erase_traces(Table::Keys, &[1], Some(&[3])).unwrap();
    assert_eq!(files_with(dir.path(), SECRET), 0);
    assert_eq!(store.view().get(Table::Keys, &[2]).unwrap().as_deref(), Some(&b"rewrapped"[..]));
}

#[test]
fn erasing_passes_a_settled_file_that_spans_the_range_without_a_row_inside() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    let write = |rows: &[(u8, Option<&[u8]>)]| {
        let mut batch = Batch::new();
        for (key, value) in rows {
            match value {
                Some(value) => drop(batch.put(Table::Keys, [*key], *value)),
                None => drop(batch.delete(Table::Keys, [*key])),
            }
        }
        store.commit(batch).unwrap();
    };
    write(&[(1, Some(b"first")), (9, Some(b"last"))]);
    store.erase_traces(Table::Keys, &[], None).unwrap(); // Both rows lie in one file of the last level now.
    store.erase_traces(Table::Keys, &[4], Some(&[6])).unwrap();
    write(&[(5, Some(SECRET))]);
    store.flush().unwrap();
    write(&[(5, None)]);
    store.erase_traces(Table::Keys, &[4], Some(&[6])).unwrap();
    assert_eq!(files_with(dir.path(), SECRET), 0);
    assert_eq!(store.view().get(Table::Keys, &[9]).unwrap().as_deref(), Some(&b"last"[..]));
}

#[test]
fn erasing_traces_does_not_pretend_while_an_older_view_can_still_see() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    let mut batch = Batch::new();
    batch.put(Table::Keys, [1], SECRET);
    store.commit(batch).unwrap();
    let older = store.view();
    let mut batch = Batch::new();
    batch.delete(Table::Keys, [1]);
    store.commit(batch).unwrap();
    let refused = store.erase(Table::Keys, &[1], None, Duration::ZERO);
    assert!(matches!(refused, Err(StoreError::Busy { .. })), "{refused:?}");
    assert_eq!(older.get(Table::Keys, &[1]).unwrap().as_deref(), Some(SECRET));
    drop(older);
    store.erase_traces(Table::Keys, &[1], None).unwrap();
    assert_eq!(files_with(dir.path(), SECRET), 0);
}

#[test]
fn a_store_being_filled_and_killed_holds_what_was_settled_and_nothing_by_half() {
    let dir = tempfile::tempdir().unwrap();
    let store = RocksStore::open_to_fill(dir.path()).unwrap();
    (0..5).for_each(|n| deposit(&store, n));
    store.settle().unwrap();
    (5..9).for_each(|n| deposit(&store, n));
    assert!(files(dir.path(), ".log").is_empty(), "nothing was written twice");
    let (_copy, path) = killed(dir.path());
    let found = deposits(&reopen(&path));
    assert!(found.len() >= 5 && found == (0..found.len() as u8).collect::<Vec<_>>(), "{found:?}");
    // Filling goes on where it was cut short; closed in order, everything is there.
    let again = RocksStore::open_to_fill(&path).unwrap();
    (found.len() as u8..9).for_each(|n| deposit(&again, n));
    drop(again);
    assert_eq!(deposits(&reopen(&path)), (0..9).collect::<Vec<_>>());
}
