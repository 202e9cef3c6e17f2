//! Shipping: what came since the newest generation survives the machine, and steps aside for the next one.

use super::fixture::{Small, assert_same, restore};
use super::memory::{Fault, Memory};
use super::*;
use crate::store::{Direction, Store, Table};

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

#[test]
fn rows_of_the_time_after_a_generation_are_known_from_later_ones_and_from_tails() {
    let (mut small, repository) = (with_contracts(1), Memory::new());
    let hold = |small: &mut Small, name: &str, value: Option<&str>| {
        let mut batch = crate::store::Batch::new();
        match value {
            Some(value) => batch.put(Table::Meta, format!("hold/{name}"), value),
            None => batch.delete(Table::Meta, format!("hold/{name}")),
        };
        small.entry(crate::journal::Act::Job, None, batch);
    };
    hold(&mut small, "a", Some("1"));
    small.daily(&repository);
    hold(&mut small, "a", Some("2"));
    hold(&mut small, "b", Some("1"));
    small.daily(&repository);
    hold(&mut small, "b", None);
    small.source().ship(&repository, Tier::Daily, None).unwrap();
    (0..9).for_each(|_| hold(&mut small, "c", Some("a row long enough that there are several pieces")));
    ship_in_pieces(&small, &repository).unwrap();
    hold(&mut small, "d", Some("1"));
    small.source().ship(&repository, Tier::Daily, None).unwrap();
    let opened = Opened::open(&repository, &super::fixture::kek(), &super::fixture::CONTEXT).unwrap();
    let rows = opened.newest_rows(Table::Meta, b"hold/").unwrap();
    let keys: Vec<_> = rows.keys().map(|key| String::from_utf8_lossy(key).into_owned()).collect();
    assert_eq!((keys.join(" "), &rows[&b"hold/a"[..]]), ("hold/a hold/c hold/d".into(), &b"2".to_vec()));
    // What cannot be read is not left out in silence.
    let newest = opened.catalog.generations.last().unwrap();
    let rows = newest.packs.iter().rfind(|pack| pack.kind == super::pack::Kind::Rows).unwrap();
    repository.tamper(&Name::pack(rows.id), |bytes| bytes[70] ^= 1);
    assert!(opened.newest_rows(Table::Meta, b"hold/").is_err());
}

/// Small enough that every tail of these tests is in several pieces.
const PIECE: usize = 700;

fn ship_in_pieces(small: &Small, repository: &Memory) -> Result<Option<Shipped>, BackupError> {
    small.source().ship_in_pieces(repository, Tier::Daily, None, PIECE)
}

fn packs(repository: &Memory) -> Vec<Name> {
    repository.names().into_iter().filter(|name| name.folder() == Folder::Packs).collect()
}

/// Three contracts in a generation; since then more was written than one piece holds, a destruction too.
fn much_since_the_generation() -> (Small, Memory) {
    let (mut small, repository) = (with_contracts(3), Memory::new());
    small.daily(&repository);
    let gone = small.deposit(500);
    for _ in 0..12 {
        small.deposit(300);
        small.correct(small.contracts[0].0);
    }
    small.destroy(gone);
    small.destroy(small.contracts[1].0);
    (small, repository)
}

#[test]
fn more_than_one_object_should_hold_is_shipped_in_pieces_at_once() {
    let (mut small, repository) = much_since_the_generation();
    let before = packs(&repository).len();
    let shipped = ship_in_pieces(&small, &repository).unwrap().unwrap();
    assert_eq!((shipped.entries, shipped.position.through), (27, small.frontier.size()));
    let written = packs(&repository).len() - before;
    assert!(written > 5, "a pack of objects and pieces: {written}");
    let (store, restored) = restore(&repository, None).unwrap();
    assert_same(&small, &store, &restored);
    // Shipping goes on after it, in one piece again, and other tiers' runs leave the pieces alone.
    small.deposit(100);
    small.source().ship(&repository, Tier::Daily, Some(shipped.position)).unwrap().unwrap();
    let keep = Keep { generations: 35, key_days: 35 };
    small.source().refresh_keys(&repository, Tier::Daily, keep).unwrap();
    let (store, restored) = restore(&repository, None).unwrap();
    assert_same(&small, &store, &restored);
    // The next generation contains it all; the pieces, which hold keys, go.
    let outcome = small.daily(&repository);
    assert!(outcome.problems.is_empty() && outcome.collected.packs >= written as u64, "{outcome:?}");
    let (store, restored) = restore(&repository, None).unwrap();
    assert_same(&small, &store, &restored);
}

#[test]
fn a_tail_with_a_damaged_or_missing_piece_is_not_restored_in_part() {
    let (small, repository) = much_since_the_generation();
    let before = packs(&repository);
    ship_in_pieces(&small, &repository).unwrap();
    let whole = repository.copied();
    let pieces = packs(&repository).into_iter().filter(|name| !before.contains(name));
    for name in pieces {
        let scratch = whole.copied();
        scratch.tamper(&name, |bytes| bytes[70] ^= 1);
        let (store, restored) = restore(&scratch, None).unwrap();
        assert!(!restored.problems.is_empty(), "{name}");
        // Either only objects are concerned, which are told, or nothing of the tail is there.
        if restored.entries != small.frontier.size() {
            assert_eq!(restored.entries, 4, "{name}");
            let corrected = store.view().scan(Table::Journal, &[], None, Direction::Forward).count();
            assert_eq!(corrected, 4, "{name}");
        }
        // One that is gone is noticed by the next step, which ships everything again.
        scratch.delete(std::slice::from_ref(&name)).unwrap();
        let again = ship_in_pieces(&small, &scratch).unwrap().unwrap();
        assert_eq!(again.entries, 27, "{name}");
        let (store, restored) = restore(&scratch, None).unwrap();
        assert_same(&small, &store, &restored);
    }
}

#[test]
fn every_write_of_shipping_in_pieces_may_fail_both_ways() {
    let (small, repository) = much_since_the_generation();
    let before = packs(&repository).len();
    for fault in Fault::BOTH {
        for nth in 0.. {
            let scratch = repository.copied();
            scratch.fail_from(nth, fault);
            let ended = ship_in_pieces(&small, &scratch);
            let writes = scratch.heal();
            assert!(ended.is_err() || writes <= nth, "write {nth} {fault:?}");
            let (_, restored) = restore(&scratch, None).unwrap();
            assert!(restored.problems.is_empty(), "write {nth} {fault:?}: {:?}", restored.problems);
            ship_in_pieces(&small, &scratch).unwrap().unwrap();
            let (store, restored) = restore(&scratch, None).unwrap();
            assert_same(&small, &store, &restored);
            if writes <= nth {
                assert!(nth > 6, "pieces, a pack of objects, the tail: {nth}");
                break;
            }
        }
    }
    // A store that fails in between leaves no pieces behind.
    let mut small = small;
    small.lists_from = u64::MAX;
    small.deposit(100);
    assert_eq!(ship_in_pieces(&small, &repository).unwrap(), None);
    assert_eq!(packs(&repository).len(), before);
}
