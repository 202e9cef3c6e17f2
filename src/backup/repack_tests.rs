//! Repacking shrinks a repository, keeps every generation, and may be cut short anywhere.

use super::*;
use crate::backup::Opened;
use crate::backup::fixture::{CONTEXT, Small, assert_same, kek, restore};
use crate::backup::memory::{Fault, Memory};

const KEEP: Keep = Keep { generations: 35, key_days: 35 };

/// Contracts of 20 KB, backed up, most of them destroyed, and backed up until no kept key set has their keys.
fn mostly_destroyed() -> (Small, Memory) {
    let (mut small, repository) = (Small::new(), Memory::new());
    let first: Vec<_> = (0..30).map(|_| small.deposit(20_000)).collect();
    small.daily(&repository);
    small.deposit(500);
    small.next_day();
    small.daily(&repository);
    first.iter().skip(5).for_each(|id| small.destroy(*id));
    small.daily(&repository);
    pass_the_days_of_a_key_set(&mut small, &repository);
    (small, repository)
}

fn pass_the_days_of_a_key_set(small: &mut Small, repository: &Memory) {
    (0..4).for_each(|_| {
        (0..12).for_each(|_| small.next_day());
        small.daily(repository);
    });
}

fn sparse(repository: &Memory) -> (Vec<PackRef>, u64) {
    let opened = Opened::open(repository, &kek(), &CONTEXT).unwrap();
    let verified = opened.verify(opened.catalog.generations.last().unwrap(), &|_, _| {}).unwrap();
    assert!(verified.is_sound(), "{:?}", verified.problems);
    (verified.sparse, verified.dead_bytes)
}

fn repack(small: &Small, repository: &Memory) -> Result<Repacked, BackupError> {
    let (packs, _) = sparse(repository);
    small.source().repack(repository, (Tier::Daily, KEEP), &packs)
}

/// Every generation restores, and the newest to what the archive is.
fn assert_all_restore(small: &Small, repository: &Memory) {
    let (store, restored) = restore(repository, None).unwrap();
    assert_same(small, &store, &restored);
    let opened = Opened::open(repository, &kek(), &CONTEXT).unwrap();
    for generation in &opened.catalog.generations {
        let (_, restored) = restore(repository, Some(generation.number)).unwrap();
        assert!(restored.problems.is_empty() && restored.missing.is_empty(), "{:?}", restored.problems);
    }
}

#[test]
fn what_destroyed_records_left_is_cleared_away_and_every_generation_restores() {
    let (mut small, repository) = mostly_destroyed();
    let before = repository.bytes();
    let (packs, dead) = sparse(&repository);
    assert_eq!((packs.len(), dead / 20_000), (1, 25), "25 sealed objects of 20 KB and their frames");
    let done = repack(&small, &repository).unwrap();
    assert_eq!((done.old_packs, done.new_packs, done.held_back, done.protected), (1, 1, false, 0));
    assert!(done.freed >= 500_000 && before - repository.bytes() > 499_000, "{done:?}");
    assert_eq!(sparse(&repository), (vec![], 0));
    assert_all_restore(&small, &repository);
    // The next run builds on it, and nothing is copied again.
    small.deposit(100);
    let outcome = small.daily(&repository);
    assert_eq!((outcome.new_objects, outcome.problems.len()), (1, 0));
    assert_all_restore(&small, &repository);
}

#[test]
fn a_pack_whose_objects_all_went_is_dropped_and_one_still_of_use_is_left() {
    let (mut small, repository) = (Small::new(), Memory::new());
    let first: Vec<_> = (0..4).map(|_| small.deposit(5_000)).collect();
    small.daily(&repository);
    let second: Vec<_> = (0..4).map(|_| small.deposit(5_000)).collect();
    small.daily(&repository);
    first.iter().chain(&second[..2]).for_each(|id| small.destroy(*id));
    small.daily(&repository);
    assert_eq!(sparse(&repository).0, [], "older key sets still open them");
    pass_the_days_of_a_key_set(&mut small, &repository);
    let done = repack(&small, &repository).unwrap();
    assert_eq!((done.old_packs, done.new_packs), (1, 0), "half of the second is in use");
    assert_all_restore(&small, &repository);
}

#[test]
fn every_write_of_a_repacking_may_fail_both_ways() {
    let (small, repository) = mostly_destroyed();
    for fault in Fault::BOTH {
        let mut nth = 0;
        loop {
            let scratch = repository.copied();
            let (packs, _) = sparse(&scratch);
            scratch.fail_from(nth, fault);
            let ended = small.source().repack(&scratch, (Tier::Daily, KEEP), &packs);
            let writes = scratch.heal();
            assert_all_restore(&small, &scratch);
            assert!(ended.is_err() || writes <= nth, "write {nth} {fault:?}");
            repack(&small, &scratch).unwrap();
            assert!(small.daily(&scratch).problems.is_empty());
            assert_all_restore(&small, &scratch);
            assert!(scratch.bytes() + 300_000 < repository.bytes(), "write {nth} {fault:?}");
            if writes <= nth {
                break;
            }
            nth += 1;
        }
        assert!(nth > 6, "a pack, all manifests and the removal: {nth}");
    }
}

#[test]
fn nothing_is_cleared_away_while_a_manifest_cannot_be_believed() {
    let (small, repository) = mostly_destroyed();
    let (packs, _) = sparse(&repository);
    let oldest = Opened::open(&repository, &kek(), &CONTEXT).unwrap().catalog.generations[0].number;
    repository.tamper(&Name::generation(oldest), |bytes| bytes[60] ^= 1);
    let names = repository.names();
    let done = small.source().repack(&repository, (Tier::Daily, KEEP), &packs).unwrap();
    assert!(done.held_back && repository.names() == names);
}

#[test]
fn what_is_protected_stays_until_it_is_not_and_nothing_goes_wrong_meanwhile() {
    let (mut small, mut repository) = (Small::new(), Memory::new());
    repository.protect();
    let first: Vec<_> = (0..6).map(|_| small.deposit(5_000)).collect();
    small.daily(&repository);
    first.iter().skip(1).for_each(|id| small.destroy(*id));
    for _ in 0..40 {
        small.next_day();
        assert_eq!(small.daily(&repository).problems, [""; 0]);
    }
    let generations = |repository: &Memory| {
        repository.names().iter().filter(|name| name.folder() == crate::backup::Folder::Generations).count()
    };
    assert_eq!(generations(&repository), 41, "the keep rule waits");
    let done = repack(&small, &repository).unwrap();
    assert_eq!((done.held_back, done.protected), (false, 41));
    assert_all_restore(&small, &repository);
    repository.lift();
    let done = repack(&small, &repository).unwrap();
    assert_eq!((done.old_packs, done.new_packs, done.protected), (1, 1, 0));
    assert_eq!(generations(&repository), 35);
    assert_all_restore(&small, &repository);
}
