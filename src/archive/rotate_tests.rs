//! Rotation: everything opens with the new key alone, wherever it was cut short.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::testing::{Place, deposit, owner};
use super::super::{KeySource, KitDecision, KitRecord, Options, SearchRequest};
use super::*;
use crate::archive::error::ArchiveError;
use crate::seal::key_file::{self, Protection};

fn content(number: usize) -> String {
    format!("契約書 {number}")
}

fn fill(archive: &Archive, count: usize) {
    for number in 0..count {
        deposit(archive, "contract", "2026-02-01", &content(number));
    }
}

fn key_file(place: &Place) -> std::path::PathBuf {
    place.data().join("keys/kek.key")
}

fn in_file(place: &Place) -> Vec<KeyId> {
    let ask = |_: &Path| Err("no".to_owned());
    KeyFile::open(&key_file(place), &ask).unwrap().keks.ids()
}

/// Leaves only the present key in the file, and checks that it opens everything.
fn assert_new_key_is_enough(place: &Place, count: usize) {
    let (active, file) = {
        let archive = place.open();
        (archive.keyring.active(), archive.keyring.key_file())
    };
    let only = |_: Keks| Keks::of([active.clone()]).unwrap();
    KeyFile::replace(&key_file(place), &file.protection, &file.protection, only).unwrap();
    let archive = place.open();
    assert_eq!(archive.keys_in_use().unwrap(), [(active.id(), count as u64)]);
    let report = archive.fsck(&owner(), &|_, _| {}).unwrap();
    assert!(report.sound, "{:?}", report.problems);
    assert_eq!(report.records, count as u64);
}

#[test]
fn after_a_rotation_the_new_key_opens_everything_and_the_old_one_nothing() {
    let place = Place::new();
    let archive = place.open();
    fill(&archive, 5);
    let old = archive.key_id();
    let wrapped: Vec<_> = archive
        .store
        .view()
        .scan(Table::Keys, &[], None, Direction::Forward)
        .map(|row| row.unwrap().1)
        .collect();
    let rotated = archive.rotate_key(&owner(), &|_, _| {}).unwrap();
    assert_eq!((rotated.rewrapped, rotated.complete, rotated.resumed), (5, true, false));
    assert_eq!((rotated.from, rotated.to), (old.to_string(), archive.key_id().to_string()));
    assert_ne!(archive.key_id(), old);
    assert_eq!(in_file(&place), [archive.key_id(), old]);
    drop(archive);
    assert_new_key_is_enough(&place, 5);
    for bytes in wrapped {
        assert!(!place.holds(&bytes), "what the old key wrapped is gone from every file");
    }
}

#[test]
fn an_archive_opens_and_the_rotation_goes_on_wherever_it_was_cut_short() {
    for cut in 0..4 {
        let place = Place::new();
        let archive = place.open();
        fill(&archive, 6);
        let old = archive.key_id();
        let next = match cut {
            // The new key is in the file, and nothing refers to it.
            0 => archive.put_next_key(&archive.keyring.active(), &[]).unwrap().id(),
            _ => {
                let row = archive.begin_rotation(&owner()).unwrap();
                let to = archive.keyring.active();
                let mut from = Vec::new();
                for _ in 1..cut {
                    from = archive.rewrap_step(&owner(), &row, (&to, 2), &from).unwrap().next.unwrap();
                }
                row.to
            }
        };
        drop(archive);
        let archive = place.open();
        assert!(archive.fsck(&owner(), &|_, _| {}).unwrap().sound, "cut {cut}");
        deposit(&archive, "contract", "2026-02-01", "deposited in the middle");
        let rotated = archive.rotate_key(&owner(), &|_, _| {}).unwrap();
        assert_eq!((rotated.resumed, rotated.complete), (cut > 0, true), "cut {cut}");
        assert_eq!((archive.key_id(), in_file(&place)), (next, vec![next, old]), "cut {cut}");
        drop(archive);
        assert_new_key_is_enough(&place, 7);
    }
}

#[test]
fn a_rotation_cut_short_does_not_open_without_the_key_that_it_began_with() {
    let place = Place::new();
    let archive = place.open();
    fill(&archive, 1);
    let old = archive.begin_rotation(&owner()).unwrap().from;
    let active = archive.keyring.active();
    drop(archive);
    KeyFile::replace(&key_file(&place), &Protection::None, &Protection::None, |_| {
        Keks::of([active]).unwrap()
    })
    .unwrap();
    match Archive::open(&place.data(), Options::default()) {
        Err(ArchiveError::KeyRefused(why)) => assert!(why.contains(&format!("lacks key {old}")), "{why}"),
        other => panic!("{:?}", other.err()),
    }
}

#[test]
fn deposits_and_searches_go_on_and_none_is_left_under_the_old_key() {
    let place = Place::new();
    let archive = place.open();
    fill(&archive, 20);
    let stop = AtomicBool::new(false);
    let deposited = std::thread::scope(|scope| {
        let depositing = scope.spawn(|| {
            let mut number = 20;
            while !stop.load(Ordering::Relaxed) {
                deposit(&archive, "contract", "2026-02-01", &content(number));
                number += 1;
                let request =
                    SearchRequest { counterparty: Some("国税".into()), ..SearchRequest::default() };
                assert!(archive.search(&owner(), &request).unwrap().hits.len() >= 20);
            }
            number
        });
        let keys: Vec<_> = (0..3).map(|_| archive.rotate_key(&owner(), &|_, _| {}).unwrap().to).collect();
        stop.store(true, Ordering::Relaxed);
        assert_eq!(archive.key_id().to_string(), keys[2]);
        depositing.join().unwrap()
    });
    assert_eq!(archive.keys_in_use().unwrap(), [(archive.key_id(), deposited as u64)]);
    drop(archive);
    assert_new_key_is_enough(&place, deposited);
}

#[test]
fn a_key_that_had_its_time_leaves_the_file_when_no_key_set_needs_it_any_more() {
    let place = Place::new();
    let archive = place.open();
    fill(&archive, 2);
    let old = archive.key_id();
    archive.rotate_key(&owner(), &|_, _| {}).unwrap();
    place.set("2026-12-26", None);
    assert_eq!(archive.key_upkeep(&owner()).unwrap().removed, 0, "34 days later");
    place.set("2026-12-28", None);
    assert_eq!(archive.key_upkeep(&owner()).unwrap().removed, 1);
    assert_eq!(in_file(&place), [archive.key_id()]);
    assert_ne!(archive.key_id(), old);
    assert!(archive.key_status(&owner()).unwrap().former.is_empty());
}

#[test]
fn a_key_that_a_damaged_row_still_names_stays_in_the_file_and_is_told() {
    let place = Place::new();
    let archive = place.open();
    fill(&archive, 2);
    let old = archive.key_id();
    let view = archive.store.view();
    let (key, mut wrapped) = view.scan(Table::Keys, &[], None, Direction::Forward).next().unwrap().unwrap();
    drop(view);
    *wrapped.last_mut().unwrap() ^= 1;
    let mut batch = Batch::new();
    batch.put(Table::Keys, key, wrapped);
    archive.store.commit(batch).unwrap();
    let rotated = archive.rotate_key(&owner(), &|_, _| {}).unwrap();
    assert_eq!((rotated.rewrapped, rotated.complete, rotated.problems.len()), (1, false, 1));
    place.set("2027-12-28", None);
    assert_eq!(archive.key_upkeep(&owner()).unwrap().removed, 0);
    assert_eq!(in_file(&place), [archive.key_id(), old]);
    assert!(archive.key_status(&owner()).unwrap().warnings.contains(&"keys-left".to_owned()));
}

#[test]
fn the_next_key_gets_the_passphrase_of_the_file_and_a_changed_one_is_noticed() {
    use crate::seal::{Hardness, PassKey, Passphrase};
    let place = Place::new();
    let words = |_: &Path| Ok(Passphrase::new("open sesame").unwrap());
    let quick = Hardness { memory_kib: 64, passes: 1, lanes: 1 };
    let pass = || {
        let key = PassKey::new(&Passphrase::new("open sesame").unwrap(), quick).unwrap();
        Protection::Passphrase(std::sync::Arc::new(key))
    };
    KeyFile::replace(&key_file(&place), &Protection::None, &pass(), |keks| keks).unwrap();
    let options = Options { key: KeySource::File(std::sync::Arc::new(words)), ..Options::default() };
    let archive = Archive::open(&place.data(), options).unwrap();
    archive.rotate_key(&owner(), &|_, _| {}).unwrap();
    let open = || KeyFile::open(&key_file(&place), &words).unwrap();
    assert_eq!(open().keks.first().id(), archive.key_id());
    assert!(matches!(key_file::load(&key_file(&place)), Err(key_file::KeyFileError::NoPassphrase { .. })));
    KeyFile::replace(&key_file(&place), &open().protection, &pass(), |keks| keks).unwrap();
    let before = archive.key_id();
    let refused = archive.rotate_key(&owner(), &|_, _| {}).unwrap_err();
    assert!(refused.to_string().contains("restart what has the archive open"), "{refused}");
    assert_eq!((archive.key_id(), archive.unfinished_rotation().unwrap()), (before, None));
}

#[test]
fn a_kit_is_of_the_present_key_and_stale_after_a_rotation() {
    let place = Place::new();
    let archive = place.open();
    assert_eq!(archive.kit_state().unwrap().state, "missing");
    let decision = KitDecision::Made { kit: "0123456789ab".into(), shares: 5, threshold: 3 };
    let record = KitRecord { key_id: archive.key_id().to_string(), decision };
    assert_eq!(archive.record_kit(&owner(), &record).unwrap().kit.state, "made");
    archive.rotate_key(&owner(), &|_, _| {}).unwrap();
    assert!(archive.key_status(&owner()).unwrap().warnings.contains(&"kit-stale".to_owned()));
    assert!(matches!(archive.record_kit(&owner(), &record), Err(ArchiveError::Conflict(_))));
    archive.begin_rotation(&owner()).unwrap();
    let halfway = KitRecord { key_id: archive.key_id().to_string(), ..record };
    assert!(matches!(archive.record_kit(&owner(), &halfway), Err(ArchiveError::Conflict(_))));
}

#[test]
fn only_who_may_change_keys_rotates() {
    let place = Place::new();
    let archive = place.open();
    let clerk = Principal::new("tanaka", [super::super::Role::Clerk], super::super::Scope::Everything);
    assert!(matches!(archive.rotate_key(&clerk, &|_, _| {}), Err(ArchiveError::Forbidden(_))));
    assert!(matches!(archive.key_status(&clerk), Err(ArchiveError::Forbidden(_))));
}
