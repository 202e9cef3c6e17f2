//! The one suite: what every store must do, run over every store.

mod blobs;
mod scans;

use super::{
    Batch, BlobId, BlobStore, CommitError, Direction, MAX_BATCH_BYTES, MemoryStore, Options, RocksStore, Row,
    Store, Table, View,
};
use blobs::*;
use scans::*;
use std::ops::ControlFlow;

/// A fresh, empty store, with whatever has to live as long as it.
trait Subject: Sync {
    fn new() -> Self;
    fn store(&self) -> &dyn Store;
}

struct Memory(MemoryStore);

impl Subject for Memory {
    fn new() -> Self {
        Self(MemoryStore::new())
    }

    fn store(&self) -> &dyn Store {
        &self.0
    }
}

/// Fields drop in order: the store closes before its directory goes.
struct Rocks(RocksStore, #[allow(dead_code)] tempfile::TempDir);

impl Subject for Rocks {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self(RocksStore::open(dir.path().join("store"), Options { create: true }).unwrap(), dir)
    }

    fn store(&self) -> &dyn Store {
        &self.0
    }
}

macro_rules! suite {
    ($($behaviour:ident),+ $(,)?) => {
        mod memory {
            use super::Subject;
            $(#[test] fn $behaviour() { super::$behaviour(&super::Memory::new()) })+
        }
        mod rocks {
            use super::Subject;
            $(#[test] fn $behaviour() { super::$behaviour(&super::Rocks::new()) })+
        }
    };
}

suite!(
    a_batch_happens_in_all_tables_at_once,
    puts_come_before_deletes_and_the_last_put_wins,
    an_expected_absence_is_checked,
    an_expected_value_is_checked,
    a_conflict_leaves_nothing_and_names_the_first_broken_row,
    expectations_look_at_the_state_before_the_batch,
    an_empty_batch_still_checks_its_expectations,
    a_batch_above_the_limit_is_refused_whole,
    a_view_never_changes,
    a_view_sees_what_was_committed_before_it,
    tables_do_not_mix,
    a_scan_is_in_byte_order_and_half_open,
    a_scan_can_go_backwards,
    an_empty_or_reversed_range_has_no_rows,
    empty_keys_and_values_are_rows,
    a_scan_may_be_left_half_way,
    concurrent_claims_of_one_row_have_one_winner,
    a_blob_is_written_once,
    a_blob_conflict_leaves_nothing_of_its_batch,
    a_batch_with_one_blob_twice_needs_the_same_bytes,
    a_large_blob_comes_back_whole_and_in_ranges,
    blobs_are_listed_in_order_with_their_sizes,
    a_deleted_blob_is_gone_and_deleting_is_idempotent,
    erasing_traces_keeps_what_lives,
    verifying_reads_everything_and_can_be_ended,
);

fn row(store: &dyn Store, table: Table, key: &[u8]) -> Option<Vec<u8>> {
    store.view().get(table, key).unwrap()
}

fn put(store: &dyn Store, table: Table, key: &[u8], value: &[u8]) {
    let mut batch = Batch::new();
    batch.put(table, key, value);
    store.commit(batch).unwrap();
}

fn keys(view: &dyn View, from: &[u8], to: Option<&[u8]>, direction: Direction) -> Vec<Vec<u8>> {
    view.scan(Table::Records, from, to, direction).map(|row| row.unwrap().0).collect()
}

fn ids(blobs: &dyn BlobStore) -> Vec<BlobId> {
    blobs.list().collect::<Result<_, _>>().unwrap()
}

fn a_batch_happens_in_all_tables_at_once(subject: &impl Subject) {
    let store = subject.store();
    let mut batch = Batch::new();
    for table in Table::ALL {
        batch.put(table, *b"key", table.name());
    }
    batch.put_blob(BlobId([1; 16]), *b"sealed");
    store.commit(batch).unwrap();
    for table in Table::ALL {
        assert_eq!(row(store, table, b"key").as_deref(), Some(table.name().as_bytes()));
    }
    assert_eq!(store.blobs().get(&BlobId([1; 16]), None).unwrap().as_deref(), Some(&b"sealed"[..]));
}

fn puts_come_before_deletes_and_the_last_put_wins(subject: &impl Subject) {
    let store = subject.store();
    put(store, Table::Meta, b"old", b"0");
    let mut batch = Batch::new();
    batch.delete(Table::Meta, *b"both").put(Table::Meta, *b"both", *b"1").delete(Table::Meta, *b"old");
    batch.put(Table::Meta, *b"twice", *b"1").put(Table::Meta, *b"twice", *b"2");
    batch.delete(Table::Meta, *b"never there");
    store.commit(batch).unwrap();
    assert_eq!(row(store, Table::Meta, b"both"), None);
    assert_eq!(row(store, Table::Meta, b"old"), None);
    assert_eq!(row(store, Table::Meta, b"twice").as_deref(), Some(&b"2"[..]));
}

fn an_expected_absence_is_checked(subject: &impl Subject) {
    let store = subject.store();
    let claim = || {
        let mut batch = Batch::new();
        batch.expect_absent(Table::Dedup, *b"digest").put(Table::Dedup, *b"digest", *b"1");
        store.commit(batch)
    };
    claim().unwrap();
    assert!(matches!(claim(), Err(CommitError::Conflict { table: Table::Dedup, key }) if key == b"digest"));
}

fn an_expected_value_is_checked(subject: &impl Subject) {
    let store = subject.store();
    let step = |from: &[u8], to: &[u8]| {
        let mut batch = Batch::new();
        batch.expect_value(Table::Meta, *b"size", from).put(Table::Meta, *b"size", to);
        store.commit(batch)
    };
    assert!(matches!(step(b"1", b"2"), Err(CommitError::Conflict { .. })), "absent is not a value");
    put(store, Table::Meta, b"size", b"1");
    step(b"1", b"2").unwrap();
    assert!(matches!(step(b"1", b"3"), Err(CommitError::Conflict { .. })));
    assert_eq!(row(store, Table::Meta, b"size").as_deref(), Some(&b"2"[..]));
}

fn a_conflict_leaves_nothing_and_names_the_first_broken_row(subject: &impl Subject) {
    let store = subject.store();
    put(store, Table::Meta, b"a", b"1");
    put(store, Table::Meta, b"b", b"1");
    let mut batch = Batch::new();
    batch.expect_value(Table::Meta, *b"a", *b"1");
    batch.expect_absent(Table::Meta, *b"b").expect_absent(Table::Meta, *b"a");
    batch.put(Table::Records, *b"r", *b"1").delete(Table::Meta, *b"a").put_blob(BlobId([2; 16]), *b"x");
    let error = store.commit(batch).unwrap_err();
    assert!(matches!(&error, CommitError::Conflict { table: Table::Meta, key } if key == b"b"), "{error}");
    assert_eq!(row(store, Table::Records, b"r"), None);
    assert_eq!(row(store, Table::Meta, b"a").as_deref(), Some(&b"1"[..]));
    assert_eq!(store.blobs().get(&BlobId([2; 16]), None).unwrap(), None);
    assert!(ids(store.blobs()).is_empty());
}

fn expectations_look_at_the_state_before_the_batch(subject: &impl Subject) {
    let store = subject.store();
    let mut batch = Batch::new();
    batch.put(Table::Meta, *b"k", *b"1").expect_absent(Table::Meta, *b"k");
    store.commit(batch).unwrap();
    assert_eq!(row(store, Table::Meta, b"k").as_deref(), Some(&b"1"[..]));
}

fn an_empty_batch_still_checks_its_expectations(subject: &impl Subject) {
    let store = subject.store();
    store.commit(Batch::new()).unwrap();
    let mut batch = Batch::new();
    batch.expect_value(Table::Meta, *b"k", *b"1");
    assert!(matches!(store.commit(batch), Err(CommitError::Conflict { .. })));
}

fn a_batch_above_the_limit_is_refused_whole(subject: &impl Subject) {
    let store = subject.store();
    let mut batch = Batch::new();
    batch.put(Table::Meta, *b"k", *b"1").put_blob(BlobId([3; 16]), vec![0; MAX_BATCH_BYTES]);
    assert!(matches!(store.commit(batch), Err(CommitError::TooLarge { limit: MAX_BATCH_BYTES, .. })));
    assert_eq!(row(store, Table::Meta, b"k"), None);
}

fn a_view_never_changes(subject: &impl Subject) {
    let store = subject.store();
    put(store, Table::Records, b"a", b"1");
    put(store, Table::Records, b"b", b"1");
    let view = store.view();
    let mut begun = view.scan(Table::Records, b"", None, Direction::Forward);
    assert_eq!(begun.next().unwrap().unwrap().0, b"a");
    let mut batch = Batch::new();
    batch.put(Table::Records, *b"a", *b"2").put(Table::Records, *b"c", *b"2").delete(Table::Records, *b"b");
    store.commit(batch).unwrap();
    assert_eq!(view.get(Table::Records, b"a").unwrap().as_deref(), Some(&b"1"[..]));
    assert_eq!(begun.next().unwrap().unwrap(), (b"b".to_vec(), b"1".to_vec()));
    assert!(begun.next().is_none());
    assert_eq!(keys(&*view, b"", None, Direction::Forward), [b"a", b"b"]);
    assert_eq!(keys(&*store.view(), b"", None, Direction::Forward), [b"a", b"c"]);
}

fn a_view_sees_what_was_committed_before_it(subject: &impl Subject) {
    let store = subject.store();
    std::thread::scope(|scope| {
        scope.spawn(|| put(store, Table::Meta, b"k", b"1")).join().unwrap();
    });
    assert_eq!(row(store, Table::Meta, b"k").as_deref(), Some(&b"1"[..]));
}

fn tables_do_not_mix(subject: &impl Subject) {
    let store = subject.store();
    for table in Table::ALL {
        put(store, table, table.name().as_bytes(), b"");
    }
    let view = store.view();
    for table in Table::ALL {
        let rows: Vec<Row> = view.scan(table, b"", None, Direction::Forward).map(Result::unwrap).collect();
        assert_eq!(rows, [(table.name().as_bytes().to_vec(), vec![])]);
    }
}

fn concurrent_claims_of_one_row_have_one_winner(subject: &impl Subject) {
    let store = subject.store();
    let claim = |who: u8| {
        let mut batch = Batch::new();
        batch.expect_absent(Table::Meta, *b"lease").put(Table::Meta, *b"lease", [who]);
        store.commit(batch).is_ok()
    };
    let winners: Vec<u8> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|who| (who, scope.spawn(move || claim(who)))).collect();
        threads.into_iter().filter_map(|(who, thread)| thread.join().unwrap().then_some(who)).collect()
    });
    assert_eq!(winners.len(), 1);
    assert_eq!(row(store, Table::Meta, b"lease"), Some(winners));
}

fn erasing_traces_keeps_what_lives(subject: &impl Subject) {
    let store = subject.store();
    for key in [b"a", b"b", b"c"] {
        put(store, Table::Keys, key, b"wrapped");
    }
    let mut batch = Batch::new();
    batch.delete(Table::Keys, *b"b");
    store.commit(batch).unwrap();
    store.erase_traces(Table::Keys, b"b", Some(b"b\0")).unwrap();
    store.erase_traces(Table::Keys, b"", None).unwrap();
    assert_eq!(row(store, Table::Keys, b"a").as_deref(), Some(&b"wrapped"[..]));
    assert_eq!(row(store, Table::Keys, b"b"), None);
    assert_eq!(row(store, Table::Keys, b"c").as_deref(), Some(&b"wrapped"[..]));
}

fn verifying_reads_everything_and_can_be_ended(subject: &impl Subject) {
    let store = subject.store();
    put(store, Table::Journal, b"12345678", b"entry");
    store.blobs().put(BlobId([1; 16]), &[0; 100]).unwrap();
    let mut calls = 0;
    let report = store.verify(&mut |_| (calls += 1, ControlFlow::Continue(())).1).unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.read.rows, report.read.blobs, report.read.bytes), (1, 1, 113));
    assert!(calls > 0);
    let ended = store.verify(&mut |_| ControlFlow::Break(())).unwrap();
    assert!(!ended.is_sound());
}
