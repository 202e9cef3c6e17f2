//! Write-once protection through whole runs: keeping, repairing, destroying and failing while nothing may be removed.

use super::fixture::{CONTEXT, Small, assert_same, content, kek, restore};
use super::memory::{Fault, Memory};
use super::*;

const DAYS: u32 = 60;
const KEEP: Keep = Keep { generations: 10, key_days: 35 };

fn daily(small: &Small, repository: &Memory) -> Outcome {
    let today = repository.at(small.now, DAYS);
    let plan = Plan { tier: Tier::Daily, keep: KEEP, was_there: false, complete: false };
    small.source().run(&today, plan, &|_, _| {}).unwrap()
}

fn generations(repository: &Memory) -> Vec<u64> {
    let all = repository.names().into_iter().filter(|name| name.folder() == Folder::Generations);
    all.filter_map(|name| Name::number(name.file())).collect()
}

#[test]
fn generations_beyond_the_keep_rule_stay_until_their_protection_is_over_and_the_run_says_so() {
    let (mut small, repository) = (Small::new(), Memory::new());
    for day in 1..=70_u64 {
        small.deposit(500);
        let outcome = daily(&small, &repository);
        let until = small.now + chrono::Days::new(DAYS.into());
        assert_eq!((outcome.problems.len(), outcome.protected_until), (0, Some(until)));
        // Made today it is protected through day 60 from now, so of the first days none went before day 61.
        let there = day.min(60);
        assert_eq!(generations(&repository).len() as u64, there, "day {day}");
        assert_eq!(outcome.collected.protected, there.saturating_sub(10), "day {day}");
        let longest = (outcome.collected.protected > 0).then(|| until - chrono::TimeDelta::days(10));
        assert_eq!(outcome.collected.protected_until, longest, "day {day}");
        assert!(outcome.collected.generations <= 1);
        small.next_day();
    }
    let opened = Opened::open(&repository, &kek(), &CONTEXT).unwrap();
    assert_eq!(opened.catalog.key_sets.len(), 36, "keys go as they always do");
    for number in generations(&repository) {
        let (_, restored) = restore(&repository, Some(number)).unwrap();
        assert!(restored.problems.is_empty() && restored.missing.is_empty());
    }
}

#[test]
fn what_is_destroyed_is_gone_from_protected_generations_too() {
    let (mut small, repository) = (Small::new(), Memory::new());
    let id = small.deposit(500);
    small.deposit(500);
    daily(&small, &repository);
    small.destroy(id);
    for _ in 0..37 {
        small.next_day();
        daily(&small, &repository);
    }
    let (store, restored) = restore(&repository, Some(1)).unwrap();
    assert_eq!((content(&store, id), restored.records), (None, 1));
    let opened = Opened::open(&repository, &kek(), &CONTEXT).unwrap();
    for pack in opened.catalog.key_sets.iter().flat_map(|set| &set.packs) {
        let pack = super::fetch::fetch(&repository, &small.pack_key, pack).unwrap();
        assert!(!pack.items().any(|item| item.key == id.as_bytes()));
    }
}

#[test]
fn damage_to_what_is_protected_is_not_replaced_and_a_new_generation_does_without_it() {
    let (mut small, repository) = (Small::new(), Memory::new());
    (0..5).for_each(|_| _ = small.deposit(20_000));
    daily(&small, &repository);
    let opened = Opened::open(&repository, &kek(), &CONTEXT).unwrap();
    let pack = opened.catalog.generations[0].packs.iter().max_by_key(|pack| pack.len).unwrap();
    repository.tamper(&Name::pack(pack.id), |bytes| bytes[50_000] ^= 1);
    small.next_day();
    let today = repository.at(small.now, DAYS);
    let opened = Opened::open(&today, &kek(), &CONTEXT).unwrap();
    let verified = opened.verify(&opened.catalog.generations[0], &|_, _| {}).unwrap();
    let find = |id: &crate::store::BlobId| crate::store::Store::blobs(&small.store).get(id, None).unwrap();
    let repaired = opened.repair(&verified, &find).unwrap();
    assert_eq!(repaired.repaired, []);
    assert_eq!((repaired.beyond.len(), repaired.protected), (1, vec![Name::pack(pack.id)]));
    let plan = Plan { tier: Tier::Daily, keep: KEEP, was_there: true, complete: true };
    small.source().run(&today, plan, &|_, _| {}).unwrap();
    let (store, restored) = restore(&repository, None).unwrap();
    assert_same(&small, &store, &restored);
    // A manifest that somebody forged in the place of a protected one stays, too, and stops nobody.
    repository.tamper(&Name::generation(1), |bytes| bytes[60] ^= 1);
    let opened = Opened::open(&today, &kek(), &CONTEXT).unwrap();
    let verified = opened.verify(opened.catalog.generations.last().unwrap(), &|_, _| {}).unwrap();
    let repaired = opened.repair(&verified, &find).unwrap();
    assert_eq!((repaired.removed, repaired.protected), (vec![], vec![Name::generation(1)]));
    small.next_day();
    assert!(daily(&small, &repository).collected.held_back);
}

#[test]
fn every_write_of_a_protecting_run_may_fail_both_ways() {
    let (mut small, first) = (Small::new(), Memory::new());
    small.deposit(500);
    daily(&small, &first);
    small.deposit(500);
    small.next_day();
    for fault in Fault::BOTH {
        for nth in 0.. {
            let scratch = first.copied();
            let today = scratch.at(small.now, DAYS);
            today.fail_from(nth, fault);
            let plan = Plan { tier: Tier::Daily, keep: KEEP, was_there: true, complete: false };
            let ended = small.source().run(&today, plan, &|_, _| {});
            let writes = today.heal();
            // The generation is there before it is protected: that it is not is told.
            let told = ended.as_ref().is_ok_and(|outcome| !outcome.problems.is_empty());
            assert!(ended.is_err() || told || writes <= nth, "write {nth} {fault:?}");
            assert_eq!(daily(&small, &scratch).problems, [""; 0]);
            let (store, restored) = restore(&scratch, None).unwrap();
            assert_same(&small, &store, &restored);
            if writes <= nth {
                assert!(nth >= 6, "packs, keys, the manifest and its protection: {nth}");
                break;
            }
        }
    }
}
