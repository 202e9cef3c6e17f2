//! What every repository must do, whatever keeps its bytes.

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
