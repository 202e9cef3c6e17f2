//! Object files as the store uses them: crashes, damage, space that comes back, and the blobs of earlier releases.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::objects::{ObjectFiles, Place};
use super::{BLOB_LIST, BLOBS, RocksStore};
use crate::store::{Batch, BlobId, BlobStore, CommitError, Store, StoreError};

/// Length of the blobs here; with its header each takes as much as a group needs at least, and three fill a file.
const LEN: usize = 4_060;
const FRAME: u64 = 4_096;
const FULL: u64 = 3 * FRAME;

fn open(path: &Path) -> RocksStore {
    RocksStore::open_as(path, (true, true), FULL).unwrap()
}

fn id(n: u8) -> BlobId {
    BlobId([n; 16])
}

fn bytes(n: u8) -> Vec<u8> {
    vec![n; LEN]
}

fn put(store: &RocksStore, numbers: impl IntoIterator<Item = u8>) {
    numbers.into_iter().for_each(|n| store.put(id(n), &bytes(n)).unwrap());
}

/// Fails unless exactly these blobs are there, whole.
fn assert_holds(store: &RocksStore, numbers: impl IntoIterator<Item = u8>) {
    let numbers: Vec<u8> = numbers.into_iter().collect();
    let listed: Vec<u8> = store.list().map(|id| id.unwrap().0[0]).collect();
    assert_eq!(listed, numbers);
    for n in numbers {
        assert_eq!(store.get(&id(n), None).unwrap(), Some(bytes(n)));
        assert_eq!(store.size(&id(n)).unwrap(), Some(LEN as u64));
    }
    assert!(store.verify(&mut |_| ControlFlow::Continue(())).unwrap().is_sound());
}

fn object_file(path: &Path, number: u32) -> PathBuf {
    path.join(format!("objects/{number:010}.objects"))
}

/// Numbers of the object files, with their lengths.
fn object_files(path: &Path) -> Vec<(u32, u64)> {
    let numbered = (1..100).map(|number| (number, object_file(path, number)));
    numbered.filter_map(|(number, file)| Some((number, fs::metadata(file).ok()?.len()))).collect()
}

#[test]
fn a_full_file_is_followed_by_another_and_opening_goes_on_with_the_last() {
    let dir = tempfile::tempdir().unwrap();
    for n in 1..=7 {
        put(&open(dir.path()), [n]);
    }
    assert_eq!(object_files(dir.path()), [(1, FULL), (2, FULL), (3, FRAME)]);
    assert_holds(&open(dir.path()), 1..=7);
}

#[test]
fn what_a_crash_left_behind_the_last_named_object_is_written_over() {
    let dir = tempfile::tempdir().unwrap();
    put(&open(dir.path()), 1..=2);
    let mut file = OpenOptions::new().append(true).open(object_file(dir.path(), 1)).unwrap();
    file.write_all(&[0xab; 1_500]).unwrap();
    let store = open(dir.path());
    put(&store, [3]);
    assert_eq!(object_files(dir.path()), [(1, FULL)]);
    assert_holds(&store, 1..=3);
}

#[test]
fn groups_of_any_length_lie_behind_one_another_and_the_file_can_be_walked() {
    let dir = tempfile::tempdir().unwrap();
    let lens = [1, 4_059, 4_060, 4_061, 8_200, 3 << 20, 20];
    let blob = |n: usize| (id(n as u8 + 1), vec![n as u8 + 1; lens[n]]);
    {
        let store = RocksStore::open_as(dir.path(), (true, true), 1 << 30).unwrap();
        for group in [&[0, 1][..], &[2], &[3, 4, 5], &[6]] {
            let mut batch = Batch::default();
            for (id, bytes) in group.iter().map(|n| blob(*n)) {
                batch.put_blob(id, bytes);
            }
            store.commit(batch).unwrap();
        }
    }
    let files = ObjectFiles::of(dir.path());
    let (mut offset, mut seen) = (0, Vec::new());
    let end = fs::metadata(files.path(1)).unwrap().len();
    while offset < end {
        let header = files.header(1, offset).unwrap();
        let place = Place { file: 1, offset, len: header.len };
        let held = files.read(&header.id, &place).unwrap();
        seen.push((held[0], held.len()));
        offset = place.end().unwrap();
    }
    assert_eq!((offset, end % FRAME), (end, 0));
    // A filler is of zeros; the group of one that fits needs none.
    assert_eq!(seen.iter().filter(|(n, _)| *n == 0).count(), 3, "{seen:?}");
    seen.retain(|(n, _)| *n != 0);
    assert_eq!(seen, (0..lens.len()).map(|n| (n as u8 + 1, lens[n])).collect::<Vec<_>>());
    let store = open(dir.path());
    for (id, bytes) in (0..lens.len()).map(blob) {
        assert_eq!(store.get(&id, None).unwrap(), Some(bytes));
    }
}

#[test]
fn a_file_of_an_earlier_release_goes_on_where_it_ended() {
    let dir = tempfile::tempdir().unwrap();
    put(&open(dir.path()), [1]);
    {
        // Frames were written one behind the other, without fillers: the file ended anywhere.
        let store = open(dir.path());
        store.put(id(2), b"short").unwrap();
    }
    let file = OpenOptions::new().write(true).open(object_file(dir.path(), 1)).unwrap();
    file.set_len(FRAME + 36 + 5).unwrap();
    let store = open(dir.path());
    put(&store, [3]);
    assert_eq!(store.get(&id(2), None).unwrap(), Some(b"short".to_vec()));
    assert_eq!(object_files(dir.path()), [(1, FULL)]);
    // Moving walks over the fillers.
    put(&store, 4..=5);
    store.delete(&id(1)).unwrap();
    store.delete(&id(3)).unwrap();
    assert!(!object_file(dir.path(), 1).exists());
    assert_eq!(store.get(&id(2), None).unwrap(), Some(b"short".to_vec()));
}

#[test]
fn a_file_that_no_row_knows_is_begun_again() {
    let dir = tempfile::tempdir().unwrap();
    put(&open(dir.path()), 1..=3);
    fs::write(object_file(dir.path(), 2), [0xab; 9_000]).unwrap();
    let store = open(dir.path());
    put(&store, [4]);
    assert_eq!(object_files(dir.path()), [(1, FULL), (2, FRAME)]);
    assert_holds(&store, 1..=4);
}

#[test]
fn a_file_that_lost_its_end_is_not_written_to_and_its_blobs_are_told() {
    let dir = tempfile::tempdir().unwrap();
    put(&open(dir.path()), 1..=2);
    let file = OpenOptions::new().write(true).open(object_file(dir.path(), 1)).unwrap();
    file.set_len(5_000).unwrap();
    let store = open(dir.path());
    put(&store, [3]);
    assert_eq!(object_files(dir.path()), [(1, 5_000), (2, FRAME)]);
    assert_eq!(store.get(&id(1), None).unwrap(), Some(bytes(1)));
    let error = store.get(&id(2), None).unwrap_err();
    assert!(
        matches!(&error, StoreError::Corrupt { file: Some(file), .. } if file == "0000000001.objects"),
        "{error}"
    );
    assert!(matches!(store.put(id(2), &bytes(2)), Err(CommitError::Store(StoreError::Corrupt { .. }))));
    // Mended as `fixity` does it.
    store.delete(&id(2)).unwrap();
    put(&store, [2]);
    assert_holds(&store, 1..=3);
}

#[test]
fn an_object_in_the_place_of_another_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    put(&open(dir.path()), 1..=2);
    let file = object_file(dir.path(), 1);
    let mut held = fs::read(&file).unwrap();
    held.rotate_left(FRAME as usize);
    fs::write(&file, held).unwrap();
    let store = open(dir.path());
    for n in [1, 2] {
        assert!(matches!(store.get(&id(n), None), Err(StoreError::Corrupt { .. })));
    }
}

#[test]
fn a_file_goes_when_nothing_lives_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put(&store, 1..=7);
    (1..=3).for_each(|n| store.delete(&id(n)).unwrap());
    assert_eq!(object_files(dir.path()), [(2, FULL), (3, 2 * FRAME)], "when one of three was left, it moved");
    // The one that is being written stays, even with nothing alive in it.
    store.delete(&id(7)).unwrap();
    assert_holds(&store, 4..=6);
    put(&store, [8]);
    assert_eq!(object_files(dir.path()), [(2, FULL), (3, FULL)]);
    assert_holds(&store, [4, 5, 6, 8]);
}

#[test]
fn what_lives_in_a_mostly_dead_file_moves_out_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put(&store, 1..=7);
    store.delete(&id(1)).unwrap();
    assert_eq!(object_files(dir.path())[0], (1, FULL), "two of three live");
    store.delete(&id(3)).unwrap();
    assert_eq!(object_files(dir.path()), [(2, FULL), (3, 2 * FRAME)]);
    assert_holds(&store, [2, 4, 5, 6, 7]);
    drop(store);
    assert_holds(&open(dir.path()), [2, 4, 5, 6, 7]);
}

#[test]
fn a_damaged_object_stays_where_it_is_and_keeps_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put(&store, 1..=4);
    let mut held = fs::read(object_file(dir.path(), 1)).unwrap();
    held[FRAME as usize + 500] ^= 1;
    fs::write(object_file(dir.path(), 1), held).unwrap();
    store.delete(&id(1)).unwrap();
    store.delete(&id(3)).unwrap();
    assert!(object_file(dir.path(), 1).exists());
    assert!(matches!(store.get(&id(2), None), Err(StoreError::Corrupt { .. })));
    store.delete(&id(2)).unwrap();
    assert!(!object_file(dir.path(), 1).exists());
    assert_holds(&store, [4]);
}

#[test]
fn a_dead_file_that_a_crash_left_goes_at_the_next_opening() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put(&store, 1..=3);
    (1..=3).for_each(|n| store.delete(&id(n)).unwrap());
    assert_eq!(object_files(dir.path()), [(1, FULL)], "the newest stays: its number must not be taken again");
    put(&store, [4]);
    drop(store);
    assert_holds(&open(dir.path()), [4]);
    assert_eq!(object_files(dir.path()), [(2, FRAME)]);
}

#[test]
fn blobs_of_earlier_releases_are_read_listed_deleted_and_never_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put(&store, [2, 4]);
    for n in [1u8, 3, 5] {
        let len = (LEN as u64).to_be_bytes();
        store.db.put_cf(store.family(BLOBS).unwrap(), [n; 16], bytes(n)).unwrap();
        store.db.put_cf(store.family(BLOB_LIST).unwrap(), [n; 16], len).unwrap();
    }
    assert_holds(&store, 1..=5);
    assert_eq!(store.get(&id(3), Some(10..12)).unwrap(), Some(vec![3; 2]));
    put(&store, [3]);
    assert!(matches!(store.put(id(3), b"other"), Err(CommitError::BlobConflict(_))));
    store.delete(&id(3)).unwrap();
    assert_holds(&store, [1, 2, 4, 5]);
    put(&store, [3]);
    drop(store);
    assert_holds(&open(dir.path()), 1..=5);
}

#[test]
fn reading_goes_on_while_objects_move() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put(&store, 1..=60);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            for n in (1..=60).step_by(3).cycle().take(3_000) {
                assert_eq!(store.get(&id(n), None).unwrap(), Some(bytes(n)));
            }
        });
        (1..=60).filter(|n| n % 3 != 1).for_each(|n| store.delete(&id(n)).unwrap());
        reader.join().unwrap();
    });
    assert_holds(&store, (1..=60).step_by(3));
}

#[test]
fn a_store_being_filled_loses_no_file_that_a_crash_would_bring_back_rows_for() {
    let dir = tempfile::tempdir().unwrap();
    let store = RocksStore::open_as(dir.path(), (true, false), FULL).unwrap();
    put(&store, 1..=7);
    store.settle().unwrap();
    [1, 3].iter().for_each(|n| store.delete(&id(*n)).unwrap());
    assert!(!object_file(dir.path(), 1).exists());
    // The directory as a killed process leaves it.
    let copy = tempfile::tempdir().unwrap();
    fs::create_dir(copy.path().join("objects")).unwrap();
    for place in ["", "objects"] {
        for file in fs::read_dir(dir.path().join(place)).unwrap().map(Result::unwrap) {
            if file.file_type().unwrap().is_file() {
                fs::copy(file.path(), copy.path().join(place).join(file.file_name())).unwrap();
            }
        }
    }
    assert_holds(&open(copy.path()), [2, 4, 5, 6, 7]);
}
