//! What every repository must do, whatever keeps its bytes.

use chrono::{DateTime, Utc};

use super::repository::{Folder, Listed, Name, PackId, Repository, RepositoryError};

/// Runs on an empty repository.
pub fn keeps_its_promises(repository: &dyn Repository) {
    objects_are_written_once_and_read_in_parts(repository);
    lists_are_ordered_and_apart(repository);
    only_one_claims_it(repository);
}

fn objects_are_written_once_and_read_in_parts(repository: &dyn Repository) {
    let name = Name::pack(PackId([1; 16]));
    assert_eq!(repository.get(&name, 0..9).unwrap(), None);
    repository.put(&name, b"0123456789").unwrap();
    for bytes in [&b"0123456789"[..], b"other"] {
        let again = repository.put(&name, bytes).unwrap_err();
        assert!(matches!(again, RepositoryError::Exists { .. }), "{again}");
    }
    let get = |range| repository.get(&name, range).unwrap().unwrap();
    assert_eq!(get(0..u64::MAX), b"0123456789");
    assert_eq!(get(2..4), b"23");
    assert_eq!(get(8..99), b"89");
    assert_eq!(get(50..99), b"");
    repository.delete(std::slice::from_ref(&name)).unwrap();
    repository.delete(std::slice::from_ref(&name)).unwrap();
    assert_eq!(repository.get(&name, 0..9).unwrap(), None);
    repository.put(&name, b"worn").unwrap();
    repository.replace(&name, b"whole").unwrap();
    assert_eq!(get(0..9), b"whole");
    repository.delete(std::slice::from_ref(&name)).unwrap();
    repository.replace(&name, b"found again").unwrap();
    assert_eq!(get(0..99), b"found again");
    repository.delete(std::slice::from_ref(&name)).unwrap();
    repository.put(&name, b"").unwrap();
    assert_eq!(get(0..9), b"");
    repository.delete(std::slice::from_ref(&name)).unwrap();
}

fn lists_are_ordered_and_apart(repository: &dyn Repository) {
    for number in [10, 9, 11] {
        repository.put(&Name::generation(number), &[0; 3]).unwrap();
    }
    repository.put(&Name::keys(1), b"").unwrap();
    let listed = repository.list(Folder::Generations).unwrap();
    let expected = [9, 10, 11].map(|n| Listed { file: Name::generation(n).file().to_owned(), len: 3 });
    assert_eq!(listed, expected);
    assert_eq!(repository.list(Folder::Keys).unwrap().len(), 1);
    assert_eq!(repository.list(Folder::Tails).unwrap(), []);
}

fn only_one_claims_it(repository: &dyn Repository) {
    let claim = repository.lock().unwrap();
    assert!(matches!(repository.lock().err(), Some(RepositoryError::Busy(_))));
    drop(claim);
    drop(repository.lock().unwrap());
}

/// Opens one and the same place at a time, protecting for so many days.
pub type OpenedAt<'a> = &'a dyn Fn(DateTime<Utc>, u32) -> Box<dyn Repository>;

/// Runs on a repository without protected objects that can protect some.
pub fn protects(opened: OpenedAt<'_>) {
    let at = |day: &str| format!("{day}T00:00:00Z").parse::<DateTime<Utc>>().unwrap();
    let (generation, pack) = (Name::generation(1), Name::pack(PackId([3; 16])));
    let (keys, packed_keys) = (Name::keys(1), Name::pack(PackId([4; 16])));
    let all = [&generation, &pack, &keys, &packed_keys];
    let repository = opened(at("2026-01-01"), 90);
    all.iter().for_each(|name| repository.put(name, b"first").unwrap());
    assert!(repository.protection().unwrap().is_empty());
    repository.retain(&[generation.clone(), pack.clone(), keys.clone()], at("2026-01-01")).unwrap();
    let until = |name: &Name| repository.protection().unwrap().of(name, at("2026-01-01"));
    assert_eq!((until(&generation), until(&pack)), (Some(at("2026-04-01")), Some(at("2026-04-01"))));
    assert_eq!((until(&keys), until(&packed_keys)), (None, None), "destruction rests on the end of key sets");

    let protected = |result: Result<(), RepositoryError>| {
        let error = result.unwrap_err();
        assert!(matches!(error, RepositoryError::Protected { until: Some(_), .. }), "{error}");
    };
    let read = |name: &Name| opened(at("2026-01-01"), 0).get(name, 0..99).unwrap();
    protected(repository.replace(&pack, b"other"));
    // All others go, in whatever order they are named.
    let names = [&keys, &generation, &packed_keys].map(Clone::clone);
    protected(repository.delete(&names));
    assert_eq!(
        [&generation, &pack, &keys, &packed_keys].map(|name| read(name).is_some()),
        [true, true, false, false]
    );
    // A shorter setting, or none, takes nothing back.
    for days in [0, 1] {
        let shorter = opened(at("2026-03-31"), days);
        shorter.retain(std::slice::from_ref(&pack), at("2026-03-31")).unwrap();
        protected(shorter.delete(&[generation.clone(), pack.clone()]));
    }
    assert_eq!(read(&pack).unwrap(), b"first");
    let later = opened(at("2026-04-01"), 90);
    later.replace(&pack, b"second").unwrap();
    later.delete(&[generation.clone(), pack.clone()]).unwrap();
    assert_eq!((read(&generation), read(&pack)), (None, None));
}
