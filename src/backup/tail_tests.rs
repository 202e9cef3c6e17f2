//! Shipping: what came since the newest generation survives the machine, and steps aside for the next one.

use super::fixture::{Small, assert_same, restore};
use super::memory::{Fault, Memory};
use super::*;

fn with_contracts(count: usize) -> Small {
    let mut small = Small::new();
    for _ in 0..count {
        small.deposit(3_000);
    }
    small
}

#[test]
fn what_was_shipped_since_the_newest_generation_is_restored_too() {
    let (mut small, repository) = (with_contracts(3), Memory::new());
    let ship = |small: &Small| small.source().ship(&repository, Tier::Daily, None);
    assert!(matches!(ship(&small).unwrap_err(), BackupError::Vanished { .. }), "there is no repository yet");
    small.daily(&repository);
    assert_eq!(ship(&small).unwrap().unwrap().entries, 0, "nothing new");
    let id = small.deposit(2_000);
    small.correct(small.contracts[0].0);
    let shipped = ship(&small).unwrap().unwrap();
    assert_eq!((shipped.entries, shipped.objects, shipped.problems.len()), (2, 1, 0));
    small.deposit(1_000);
    small.destroy(id);
    small.destroy(small.contracts[1].0);
    let goes_on = small.source().ship(&repository, Tier::Daily, Some(shipped.position)).unwrap().unwrap();
    assert_eq!((goes_on.entries, goes_on.position.through), (3, small.frontier.size()));
    let (store, restored) = restore(&repository, None).unwrap();
    assert_same(&small, &store, &restored);
    let (_, exactly) = restore(&repository, Some(1)).unwrap();
    assert_eq!(exactly.entries, 4, "a generation that is asked for is restored as it was");
    // Another tier's run refreshes the keys here and must leave the shipped packs alone.
    let keep = Keep { generations: 35, key_days: 35 };
    small.source().refresh_keys(&repository, Tier::Daily, keep).unwrap();
    let (store, restored) = restore(&repository, None).unwrap();
    assert_same(&small, &store, &restored);
    // The next generation contains it all and clears the tails away.
    let outcome = small.daily(&repository);
    assert!(outcome.problems.is_empty() && outcome.collected.packs > 0, "{outcome:?}");
    assert!(repository.names().iter().all(|name| name.folder() != Folder::Tails));
    let (store, restored) = restore(&repository, None).unwrap();
    assert_same(&small, &store, &restored);
}

#[test]
fn a_damaged_tail_ends_what_is_restored_and_the_next_step_ships_it_again() {
    let (mut small, repository) = (with_contracts(2), Memory::new());
    small.daily(&repository);
    let first = Name::tail(small.frontier.size());
    small.deposit(500);
    small.source().ship(&repository, Tier::Daily, None).unwrap();
    small.deposit(500);
    small.source().ship(&repository, Tier::Daily, None).unwrap();
    let whole = repository.copied();
    repository.tamper(&first, |bytes| bytes[70] ^= 1);
    let (_, restored) = restore(&repository, None).unwrap();
    assert_eq!((restored.entries, restored.records), (3, 2));
    assert!(!restored.problems.is_empty());
    let shipped = small.source().ship(&repository, Tier::Daily, None).unwrap().unwrap();
    assert_eq!((shipped.entries, shipped.position.through), (2, 5));
    for repository in [repository, whole] {
        let (store, restored) = restore(&repository, None).unwrap();
        assert_same(&small, &store, &restored);
    }
}

#[test]
fn every_write_of_shipping_may_fail_both_ways() {
    for fault in Fault::BOTH {
        for nth in 0..3 {
            let (mut small, repository) = (with_contracts(2), Memory::new());
            small.daily(&repository);
            small.deposit(500);
            repository.fail_from(nth, fault);
            let ended = small.source().ship(&repository, Tier::Daily, None);
            repository.heal();
            assert_eq!(ended.is_err(), nth < 2, "a pack of objects, then the tail");
            let (_, restored) = restore(&repository, None).unwrap();
            assert!(restored.problems.is_empty(), "write {nth} {fault:?}: {:?}", restored.problems);
            small.correct(small.contracts[0].0);
            small.source().ship(&repository, Tier::Daily, None).unwrap().unwrap();
            let (store, restored) = restore(&repository, None).unwrap();
            assert_same(&small, &store, &restored);
        }
    }
}
