//! A restore is also how an archive moves from one kind of store to another: what came out of one goes into any.

use super::fixture::{CONTEXT, RESTORED, Small, Steps, assert_same, kek, restore};
use super::memory::Memory;
use super::*;
use crate::store::{Options, RocksStore, Store};

fn restored_into(repository: &Memory, store: &dyn Store) -> Restored {
    let opened = Opened::open(repository, &kek(), &CONTEXT).unwrap();
    let generation = opened.catalog.generation(None, "memory").unwrap();
    opened.restore(generation, store, (RESTORED, true), &mut Steps::default(), &|_, _, _| {}).unwrap()
}

#[test]
fn an_archive_moves_from_memory_to_rocksdb_and_back_unchanged() {
    let mut small = Small::new();
    (0..20).for_each(|_| _ = small.deposit(3_000));
    small.destroy(small.contracts[3].0);
    small.correct(small.contracts[5].0);
    let first = Memory::new();
    small.daily(&first);
    let home = tempfile::tempdir().unwrap();
    let rocks = RocksStore::open_to_fill(home.path().join("store")).unwrap();
    let restored = restored_into(&first, &rocks);
    assert_same(&small, &rocks, &restored);
    drop(rocks);
    // Opened as an archive opens it, it is the same; and its backup is as good as the first one's.
    let rocks = RocksStore::open(home.path().join("store"), Options::default()).unwrap();
    assert_eq!(Small::rows(&rocks), Small::rows(&small.store));
    let second = Memory::new();
    let plan = Plan {
        tier: Tier::Daily,
        keep: Keep { generations: 35, key_days: 35 },
        was_there: false,
        complete: false,
    };
    let source = Source { store: &rocks, ..small.source() };
    let outcome = source.run(&second, plan, &|_, _| {}).unwrap();
    assert_eq!((outcome.problems.len(), outcome.generation.objects), (0, 19));
    let (memory, restored) = restore(&second, None).unwrap();
    assert_same(&small, &memory, &restored);
}
