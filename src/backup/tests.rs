//! Backups as a whole, on stores and repositories in memory.

use super::fixture::{CONTEXT, Small, assert_same, content, kek, restore};
use super::memory::{Fault, Memory};
use super::*;
use crate::store::Store as _;

fn with_contracts(count: usize) -> Small {
    let mut small = Small::new();
    for _ in 0..count {
        small.deposit(3_000);
    }
    small
}

#[test]
fn a_first_generation_restores_to_the_same_archive() {
    let (small, repository) = (with_contracts(20), Memory::new());
    let outcome = small.daily(&repository);
    assert_eq!((outcome.generation.number, outcome.based_on), (1, None));
    assert_eq!((outcome.generation.records, outcome.generation.objects), (20, 20));
    let (store, restored) = restore(&repository, None).unwrap();
    assert_same(&small, &store, &restored);
    assert_eq!(restored.files, [("shosoin.toml".to_owned(), b"[archive]\n".to_vec())]);
}

#[test]
fn a_later_generation_costs_what_is_new_and_restores_whole() {
    let (mut small, repository) = (with_contracts(50), Memory::new());
    small.daily(&repository);
    let first = repository.bytes();
    let id = small.deposit(3_000);
    small.correct(id);
    let corrected = small.contracts[3].0;
    small.correct(corrected);
    let outcome = small.daily(&repository);
    assert_eq!((outcome.based_on, outcome.new_entries, outcome.new_objects), (Some(1), 3, 1));
    // Manifests and the wrapped keys of all records (110 bytes each) come on top.
    assert!(repository.bytes() - first < 3_000 + 51 * 110 + 6_000, "{}", repository.bytes() - first);
    let (store, restored) = restore(&repository, None).unwrap();
    assert_same(&small, &store, &restored);
    let (old, restored) = restore(&repository, Some(1)).unwrap();
    assert_eq!((restored.records, old.blobs().list().count()), (50, 50));
    assert_eq!(content(&old, id), None, "deposited later");
}

#[test]
fn entries_of_a_release_that_listed_no_changes_are_backed_up_too() {
    let mut small = Small::new();
    small.lists_from = 100;
    for _ in 0..10 {
        small.deposit(1_000);
    }
    let repository = Memory::new();
    small.daily(&repository);
    small.deposit(1_000);
    small.correct(small.contracts[0].0);
    let outcome = small.daily(&repository);
    assert_eq!((outcome.based_on, outcome.new_objects), (Some(1), 1));
    let (store, restored) = restore(&repository, None).unwrap();
    assert_same(&small, &store, &restored);
}

#[test]
fn a_destroyed_record_stays_destroyed_in_every_generation() {
    let (mut small, repository) = (with_contracts(10), Memory::new());
    small.daily(&repository);
    let id = small.contracts[4].0;
    small.destroy(id);
    small.daily(&repository);
    let (store, restored) = restore(&repository, None).unwrap();
    assert_eq!(restored.destroyed, [*id.as_bytes()]);
    assert_same(&small, &store, &restored);
    let (old, restored) = restore(&repository, Some(1)).unwrap();
    assert_eq!((restored.records, restored.destroyed.len()), (9, 1));
    assert_eq!(content(&old, id), None);
    assert_eq!(old.blobs().list().count(), 9, "no object without a key");
}

#[test]
fn old_generations_and_what_only_they_named_are_cleared_away() {
    let (mut small, repository) = (with_contracts(5), Memory::new());
    for _ in 0..40 {
        small.deposit(500);
        small.next_day();
        small.daily(&repository);
    }
    let names = repository.names();
    let count = |folder| names.iter().filter(|name| name.folder() == folder).count();
    assert_eq!(count(Folder::Generations), 35);
    assert_eq!(count(Folder::Keys), 36, "35 days and the day itself");
    let (store, restored) = restore(&repository, None).unwrap();
    assert_same(&small, &store, &restored);
    let (_, oldest) = restore(&repository, Some(6)).unwrap();
    assert_eq!((oldest.records, oldest.problems.len()), (11, 0));
}

#[test]
fn every_write_of_a_run_may_fail_both_ways_and_the_last_generation_restores() {
    for fault in Fault::BOTH {
        let (mut small, repository) = (with_contracts(6), Memory::new());
        small.daily(&repository);
        small.deposit(2_000);
        small.destroy(small.contracts[1].0);
        let mut nth = 0;
        loop {
            let scratch = repository.copied();
            scratch.fail_from(nth, fault);
            let ended = small.run(&scratch, Tier::Daily, true);
            let writes = scratch.heal();
            let (store, restored) = restore(&scratch, None).unwrap();
            assert!(restored.problems.is_empty(), "write {nth} {fault:?}: {:?}", restored.problems);
            assert!(restored.missing.is_empty());
            if restored.entries == small.frontier.size() {
                assert_same(&small, &store, &restored);
            } else {
                assert!(ended.is_err(), "write {nth} {fault:?}: a run that ended well is a generation");
            }
            // The next run sets everything right and clears away what the failed one left.
            let outcome = small.run(&scratch, Tier::Daily, true).unwrap();
            assert!(outcome.problems.is_empty(), "write {nth} {fault:?}: {:?}", outcome.problems);
            let (store, restored) = restore(&scratch, None).unwrap();
            assert_same(&small, &store, &restored);
            if writes <= nth {
                break;
            }
            nth += 1;
        }
        assert!(nth > 5, "the run has several writes: {nth}");
    }
}

#[test]
fn a_second_run_at_once_is_refused_and_so_are_strangers() {
    let (small, repository) = (with_contracts(2), Memory::new());
    let claim = repository.lock().unwrap();
    let busy = small.run(&repository, Tier::Daily, false).unwrap_err();
    assert!(matches!(busy, BackupError::Repository(RepositoryError::Busy(_))), "{busy}");
    drop(claim);
    small.daily(&repository);
    let tier = small.run(&repository, Tier::Yearly, false).unwrap_err();
    assert!(matches!(tier, BackupError::Other { .. }), "{tier}");
    let mut stranger = with_contracts(1);
    stranger.signer = crate::journal::SigningKey::from_seed(&[9; 32]);
    stranger.correct(stranger.contracts[0].0);
    let forged = stranger.run(&repository, Tier::Daily, false).unwrap_err();
    assert!(matches!(forged, BackupError::Untrusted { .. }), "{forged}");
}

#[test]
fn an_empty_place_where_backups_were_is_not_begun_anew() {
    let small = with_contracts(2);
    let error = small.run(&Memory::new(), Tier::Daily, true).unwrap_err();
    assert!(matches!(error, BackupError::Vanished { .. }), "{error}");
}

#[test]
fn a_forged_or_damaged_manifest_is_told_and_holds_back_the_clearing() {
    let (mut small, repository) = (with_contracts(3), Memory::new());
    small.daily(&repository);
    small.deposit(100);
    small.daily(&repository);
    repository.tamper(&Name::generation(2), |bytes| bytes[100] ^= 1);
    repository.put(&Name::generation(77), b"trust me").unwrap();
    let outcome = small.daily(&repository);
    assert_eq!((outcome.generation.number, outcome.based_on), (78, Some(1)));
    assert_eq!(outcome.problems.len(), 2, "{:?}", outcome.problems);
    assert!(outcome.collected.held_back);
    let (_, restored) = restore(&repository, None).unwrap();
    assert_eq!((restored.entries, restored.problems.len()), (small.frontier.size(), 2), "told here too");
    assert!(restore(&repository, Some(77)).is_err());
    let (before, repaired, _) = repair(&small, &repository);
    assert_eq!((before.problems.len(), repaired.removed.len()), (2, 2));
    let outcome = small.daily(&repository);
    assert!(outcome.problems.is_empty() && !outcome.collected.held_back);
}

#[test]
fn the_wrong_key_is_refused() {
    let (small, repository) = (with_contracts(1), Memory::new());
    small.daily(&repository);
    let other = crate::seal::Kek::generate().unwrap();
    let refused = Opened::open(&repository, &other, &CONTEXT).err();
    assert!(matches!(refused, Some(BackupError::KeyRefused(_))));
    assert!(Opened::open(&repository, &kek(), &[0; 16]).is_err());
}

#[test]
fn a_pack_cut_short_makes_the_next_run_write_everything_again() {
    let (mut small, repository) = (with_contracts(4), Memory::new());
    let first = small.daily(&repository);
    let pack = first.generation.packs.last().unwrap().id;
    repository.tamper(&Name::pack(pack), |bytes| bytes.truncate(bytes.len() - 1));
    small.deposit(100);
    let outcome = small.daily(&repository);
    assert_eq!((outcome.based_on, outcome.new_objects, outcome.problems.len()), (None, 5, 1));
    let (store, restored) = restore(&repository, None).unwrap();
    assert_same(&small, &store, &restored);
}

#[test]
fn an_archive_restored_from_an_older_generation_goes_on_in_the_same_repository() {
    let (mut small, repository) = (with_contracts(4), Memory::new());
    small.daily(&repository);
    let older = restore(&repository, None).unwrap().0;
    let edge = small.frontier.clone();
    small.deposit(100);
    small.daily(&repository);
    // The machine is lost with its newest entries; the restored archive writes others in their place.
    small.store = older;
    small.frontier = edge;
    small.contracts.pop();
    small.deposit(200);
    let outcome = small.daily(&repository);
    assert_eq!((outcome.generation.number, outcome.based_on), (3, Some(1)));
    assert!(outcome.problems[0].contains("daily-2"), "{:?}", outcome.problems);
    let (store, restored) = restore(&repository, None).unwrap();
    assert_same(&small, &store, &restored);
}

#[test]
fn nothing_in_a_repository_is_readable_without_the_key() {
    let (small, repository) = (with_contracts(10), Memory::new());
    small.daily(&repository);
    let needles: [&[u8]; 6] = [b"contract ", b"record ", b"\"actor\"", b"deposit", b"SHOSPACK", b"version 1"];
    for name in repository.names() {
        let bytes = repository.get(&name, 0..u64::MAX).unwrap().unwrap();
        for needle in needles {
            assert!(!bytes.windows(needle.len()).any(|window| window == needle), "{name}");
        }
        for (id, _) in &small.contracts {
            assert!(!bytes.windows(16).any(|window| window == id.as_bytes()), "{name} tells an id");
        }
    }
}

/// The damaged generation, repaired with objects of the living archive.
fn repair(small: &Small, repository: &Memory) -> (Verified, Repaired, Verified) {
    let opened = Opened::open(repository, &kek(), &CONTEXT).unwrap();
    let generation = opened.catalog.generations.last().unwrap();
    let before = opened.verify(generation, &|_, _| {}).unwrap();
    let find = |id: &crate::store::BlobId| small.store.blobs().get(id, None).unwrap();
    let repaired = opened.repair(&before, &find).unwrap();
    let after = opened.verify(generation, &|_, _| {}).unwrap();
    (before, repaired, after)
}

fn pack_of(repository: &Memory, kind: &str) -> Name {
    let opened = Opened::open(repository, &kek(), &CONTEXT).unwrap();
    let line = |pack: &PackRef| pack.line().starts_with(kind);
    let packs = &opened.catalog.generations.last().unwrap().packs;
    Name::pack(packs.iter().find(|pack| line(pack)).unwrap().id)
}

#[test]
fn a_flipped_bit_in_an_object_is_located_restored_around_and_repaired() {
    let mut small = Small::new();
    for _ in 0..5 {
        small.deposit(150_000);
    }
    let repository = Memory::new();
    small.daily(&repository);
    let name = pack_of(&repository, "objects");
    for at in [70_000, 200_000, 749_000] {
        repository.tamper(&name, |bytes| bytes[at] ^= 4);
        let (_, restored) = restore(&repository, None).unwrap();
        assert_eq!(restored.missing.len(), 1, "byte {at}");
        let (before, repaired, after) = repair(&small, &repository);
        assert_eq!(before.lost, restored.missing);
        let named = before.problems.iter().any(|text| text.contains(&before.lost[0].to_string()));
        assert!(named && !before.is_sound(), "{:?}", before.problems);
        assert_eq!((repaired.repaired.len(), repaired.beyond.len()), (1, 0), "byte {at}");
        assert!(after.is_sound(), "{:?}", after.problems);
    }
    let (store, restored) = restore(&repository, None).unwrap();
    assert_same(&small, &store, &restored);
}

#[test]
fn a_pack_of_objects_that_is_lost_cut_short_or_scrambled_is_made_again() {
    let (small, repository) = (with_contracts(8), Memory::new());
    small.daily(&repository);
    let name = pack_of(&repository, "objects");
    let damages: [fn(&mut Vec<u8>); 3] = [
        |bytes| bytes.truncate(20_000),
        |bytes| bytes.clear(),
        |bytes| bytes.iter_mut().for_each(|byte| *byte = !*byte),
    ];
    for damage in damages {
        repository.tamper(&name, damage);
        let (before, repaired, after) = repair(&small, &repository);
        assert_eq!((before.lost.len(), repaired.repaired.len()), (8, 1));
        assert!(after.is_sound(), "{:?}", after.problems);
    }
    repository.delete(&[name]).unwrap();
    assert!(repair(&small, &repository).2.is_sound());
}

#[test]
fn damage_to_anything_else_is_found_and_a_complete_generation_makes_it_good() {
    for kind in ["journal", "base"] {
        let (small, repository) = (with_contracts(3), Memory::new());
        small.daily(&repository);
        let name = pack_of(&repository, kind);
        repository.tamper(&name, |bytes| bytes[60] ^= 1);
        let (before, repaired, _) = repair(&small, &repository);
        assert!(!before.is_sound());
        assert_eq!((repaired.repaired.len(), repaired.beyond.len()), (0, 1));
        let error = restore(&repository, None).err().unwrap();
        assert!(error.to_string().contains(&name.to_string()), "{error}");
        let keep = Keep { generations: 35, key_days: 35 };
        let plan = Plan { tier: Tier::Daily, keep, was_there: true, complete: true };
        small.source().run(&repository, plan, &|_, _| {}).unwrap();
        let (store, restored) = restore(&repository, None).unwrap();
        assert_same(&small, &store, &restored);
    }
}

#[test]
fn a_damaged_newest_key_set_is_told_and_the_one_before_serves() {
    let (mut small, repository) = (with_contracts(3), Memory::new());
    small.daily(&repository);
    small.deposit(100);
    small.daily(&repository);
    let opened = Opened::open(&repository, &kek(), &CONTEXT).unwrap();
    let pack = Name::pack(opened.keys.packs[0].id);
    assert!(opened.problems.is_empty());
    repository.tamper(&pack, |bytes| bytes[80] ^= 1);
    let (_, restored) = restore(&repository, Some(1)).unwrap();
    assert!(restored.problems[0].contains("key set 2"), "{:?}", restored.problems);
    let error = restore(&repository, Some(2)).err().unwrap();
    assert!(error.to_string().contains("older than generation daily-2"), "{error}");
    small.daily(&repository);
    let (before, repaired, after) = repair(&small, &repository);
    assert!(!before.is_sound() && repaired.beyond.is_empty());
    assert_eq!(repaired.removed, [Name::keys(2)]);
    let opened = Opened::open(&repository, &kek(), &CONTEXT).unwrap();
    let generation = opened.catalog.generations.last().unwrap();
    assert!(opened.verify(generation, &|_, _| {}).unwrap().is_sound(), "{:?}", after.problems);
}

#[test]
fn every_flipped_bit_anywhere_is_noticed() {
    let (small, repository) = (with_contracts(2), Memory::new());
    small.daily(&repository);
    for name in repository.names() {
        let len = repository.get(&name, 0..u64::MAX).unwrap().unwrap().len();
        for at in (0..len).step_by(len / 23 + 1) {
            let scratch = repository.copied();
            scratch.tamper(&name, |bytes| bytes[at] ^= 1 << (at % 8));
            let noticed = match Opened::open(&scratch, &kek(), &CONTEXT) {
                Err(_) => true,
                Ok(opened) => match opened.catalog.generations.last() {
                    None => true,
                    Some(generation) => !opened.verify(generation, &|_, _| {}).unwrap().is_sound(),
                },
            };
            assert!(noticed, "byte {at} of {name}");
        }
    }
}

#[test]
fn an_object_missing_from_the_archive_is_told_and_taken_when_it_is_back() {
    let (small, repository) = (with_contracts(4), Memory::new());
    let id = crate::store::BlobId(*small.contracts[2].0.as_bytes());
    let sealed = small.store.blobs().get(&id, None).unwrap().unwrap();
    small.store.blobs().delete(&id).unwrap();
    let outcome = small.daily(&repository);
    assert_eq!((outcome.generation.missing, outcome.generation.objects), (1, 3));
    assert!(outcome.problems[0].contains(&id.to_string()), "{:?}", outcome.problems);
    assert_eq!(restore(&repository, None).unwrap().1.missing, [id]);
    assert_eq!(small.daily(&repository).generation.missing, 1, "still away");
    small.store.blobs().put(id, &sealed).unwrap();
    let outcome = small.daily(&repository);
    assert_eq!((outcome.generation.missing, outcome.generation.objects), (0, 4));
    let (store, restored) = restore(&repository, None).unwrap();
    assert_same(&small, &store, &restored);
}

#[test]
fn a_restore_cut_short_at_any_step_goes_on() {
    let (mut small, repository) = (with_contracts(6), Memory::new());
    small.daily(&repository);
    small.destroy(small.contracts[0].0);
    small.deposit(100);
    small.daily(&repository);
    let opened = Opened::open(&repository, &kek(), &CONTEXT).unwrap();
    let generation = opened.catalog.generation(None, "memory").unwrap();
    let writes = 20;
    for fault in crate::store::faulty::Fault::BOTH {
        let mut failed = 0;
        for nth in 0..writes {
            let store = crate::store::faulty::FaultyStore::new(crate::store::MemoryStore::new(), nth, fault);
            let mut steps = super::fixture::Steps::default();
            let mut run = |store: &dyn crate::store::Store| {
                opened.restore(generation, store, (super::fixture::RESTORED, true), &mut steps, &|_, _, _| {})
            };
            failed += usize::from(run(&store).is_err());
            let store = store.into_inner();
            let restored = run(&store).unwrap();
            assert_same(&small, &store, &restored);
        }
        assert!((5..writes as usize).contains(&failed), "{failed} writes failed");
    }
}
