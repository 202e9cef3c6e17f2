//! What can happen to a backup repository, each with a clear outcome, and the last good generation always restorable.
//!
//! | fault | shown by |
//! |---|---|
//! | full disk | `tests/backup_faults.rs`: a file limit, exit 1, the next run goes on |
//! | read-only | here: from each write in turn; `tests/backup_faults.rs`: without permission, as root too; `directory.rs`: which error of the system is told how |
//! | removed in mid-run | here: before each write in turn; `tests/backup.rs`: before a run |
//! | truncated pack | `tests.rs`: objects; here: every object of a repository |
//! | flipped bit in any file | `tests.rs`: noticed; here and `tests/backup_faults.rs`: located, repaired from another tier |
//! | manifest forged | `tests.rs`; here: the identity, too |
//! | two runs at once | `tests.rs`, `suite.rs`: the claim |
//! | kill -9 of backup and restore | `tests/backup_faults.rs`: at any moment |
//! | each write lost, or kept and reported failed | runs and restores: `tests.rs`; shipping: `tail_tests.rs`; repacking: `repack_tests.rs`; repairs: here |
//! | clock jumped over three runs | `src/jobs/schedule.rs`, `src/jobs/runner_tests.rs` |
//! | restore onto a non-empty directory | `tests/backup.rs`: exit 1, nothing is touched |
//! | wrong key | `tests.rs`; `tests/backup.rs`: exit 12 |

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};

use super::fixture::{CONTEXT, Small, assert_same, kek, restore};
use super::memory::{Fault, Memory};
use super::repository::{Claim, Listed};
use super::*;
use crate::store::BlobId;

const KEEP: Keep = Keep { generations: 35, key_days: 35 };

/// A directory that is gone from write number `left` on, as when its disk is pulled out.
struct Pulled {
    directory: Directory,
    path: PathBuf,
    left: AtomicI64,
}

impl Pulled {
    fn new(path: &Path, left: i64) -> Self {
        Self { directory: Directory::open(path).unwrap(), path: path.to_owned(), left: AtomicI64::new(left) }
    }

    fn away(&self) -> PathBuf {
        self.path.with_extension("away")
    }

    fn before_a_write(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 0 {
            std::fs::rename(&self.path, self.away()).unwrap();
        }
    }
}

impl Repository for Pulled {
    fn put(&self, name: &Name, bytes: &[u8]) -> Result<(), RepositoryError> {
        self.before_a_write();
        self.directory.put(name, bytes)
    }

    fn get(&self, name: &Name, range: Range<u64>) -> Result<Option<Vec<u8>>, RepositoryError> {
        self.directory.get(name, range)
    }

    fn list(&self, folder: Folder) -> Result<Vec<Listed>, RepositoryError> {
        self.directory.list(folder)
    }

    fn replace(&self, name: &Name, bytes: &[u8]) -> Result<(), RepositoryError> {
        self.before_a_write();
        self.directory.replace(name, bytes)
    }

    fn delete(&self, names: &[Name]) -> Result<(), RepositoryError> {
        self.before_a_write();
        self.directory.delete(names)
    }

    fn lock(&self) -> Result<Claim, RepositoryError> {
        self.directory.lock()
    }

    fn place(&self) -> String {
        self.directory.place()
    }
}

#[test]
fn a_repository_removed_before_any_write_of_a_run_is_told_and_is_whole_when_it_is_back() {
    let mut small = Small::new();
    (0..4).for_each(|_| _ = small.deposit(3_000));
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("daily");
    std::fs::create_dir(&path).unwrap();
    small.run(&Directory::open(&path).unwrap(), Tier::Daily, false).unwrap();
    let mut told = 0;
    for left in 0.. {
        small.deposit(1_000);
        let pulled = Pulled::new(&path, left);
        let ended = small.run(&pulled, Tier::Daily, true);
        if !pulled.away().exists() {
            ended.unwrap();
            break;
        }
        assert!(!path.exists(), "nothing is written where a disk should be mounted");
        match ended {
            Err(BackupError::Repository(RepositoryError::Gone(_))) => told += 1,
            Err(other) => panic!("write {left}: {other}"),
            // The generation was there already; only clearing away could not be done.
            Ok(outcome) => assert!(outcome.problems.iter().any(|one| one.contains("not there")), "{left}"),
        }
        std::fs::rename(pulled.away(), &path).unwrap();
        let (_, restored) = restore(&Directory::open(&path).unwrap(), None).unwrap();
        assert!(restored.problems.is_empty() && restored.missing.is_empty(), "{:?}", restored.problems);
    }
    assert!(told >= 4, "packs, key set and manifest: {told}");
    let (store, restored) = restore(&Directory::open(&path).unwrap(), None).unwrap();
    assert_same(&small, &store, &restored);
}

/// A disk that turned read-only, as Linux does with one that has errors (EROFS), at write number `left`.
struct TurnedReadOnly {
    directory: Directory,
    left: AtomicI64,
}

impl TurnedReadOnly {
    fn write(&self) -> Result<(), RepositoryError> {
        match self.left.fetch_sub(1, Ordering::SeqCst) > 0 {
            true => Ok(()),
            // EROFS, through what the directory makes of it.
            false => Err(self.directory.failed(std::io::Error::from_raw_os_error(30))),
        }
    }
}

impl Repository for TurnedReadOnly {
    fn put(&self, name: &Name, bytes: &[u8]) -> Result<(), RepositoryError> {
        self.write()?;
        self.directory.put(name, bytes)
    }

    fn get(&self, name: &Name, range: Range<u64>) -> Result<Option<Vec<u8>>, RepositoryError> {
        self.directory.get(name, range)
    }

    fn list(&self, folder: Folder) -> Result<Vec<Listed>, RepositoryError> {
        self.directory.list(folder)
    }

    fn replace(&self, name: &Name, bytes: &[u8]) -> Result<(), RepositoryError> {
        self.write()?;
        self.directory.replace(name, bytes)
    }

    fn delete(&self, names: &[Name]) -> Result<(), RepositoryError> {
        self.write()?;
        self.directory.delete(names)
    }

    fn lock(&self) -> Result<Claim, RepositoryError> {
        self.write()?;
        self.directory.lock()
    }

    fn place(&self) -> String {
        self.directory.place()
    }
}

#[test]
fn a_repository_that_turns_read_only_at_any_write_of_a_run_is_told_and_keeps_what_it_has() {
    let home = tempfile::tempdir().unwrap();
    let open = || Directory::open(home.path()).unwrap();
    let mut small = Small::new();
    (0..3).for_each(|_| _ = small.deposit(3_000));
    small.run(&open(), Tier::Daily, false).unwrap();
    small.deposit(500);
    for nth in 0.. {
        let turned = TurnedReadOnly { directory: open(), left: AtomicI64::new(nth) };
        let ended = small.run(&turned, Tier::Daily, true);
        let (_, restored) = restore(&open(), None).unwrap();
        assert!(restored.problems.is_empty() && restored.missing.is_empty(), "write {nth}");
        match ended {
            Err(error) => assert!(error.to_string().contains("read-only"), "write {nth}: {error}"),
            // Made, and only clearing away was refused; that is told as long as anything was.
            Ok(outcome) if turned.left.into_inner() < 0 => {
                assert!(outcome.problems.iter().any(|told| told.contains("read-only")), "write {nth}");
            }
            Ok(_) => {
                assert!(nth > 6, "the claim, packs, keys, the manifest: {nth}");
                break;
            }
        }
    }
    let (store, restored) = restore(&open(), None).unwrap();
    assert_same(&small, &store, &restored);
}

/// What `backup repair` does, with the objects of another tier only.
fn mend(
    small: &Small,
    repository: &dyn Repository,
    id: uuid::Uuid,
    other: &Memory,
) -> Result<(), BackupError> {
    let source = small.source();
    source.mend_identity(repository, Tier::Daily, id)?;
    source.refresh_keys(repository, Tier::Daily, KEEP)?;
    let opened = Opened::open(repository, &kek(), &CONTEXT)?;
    let verified = opened.verify(opened.catalog.generation(None, "")?, &|_, _| {})?;
    let elsewhere = Opened::open(other, &kek(), &CONTEXT)?;
    let find = |id: &BlobId| elsewhere.find_object(id).unwrap();
    let repaired = opened.repair(&verified, &find)?;
    let complete = !repaired.beyond.is_empty();
    if complete || repaired.removed_generation() {
        source.run(
            repository,
            Plan { tier: Tier::Daily, keep: KEEP, was_there: true, complete },
            &|_, _| {},
        )?;
    }
    Ok(())
}

fn assert_sound(small: &Small, repository: &Memory, what: &str) {
    let opened = Opened::open(repository, &kek(), &CONTEXT).unwrap();
    let verified = opened.verify(opened.catalog.generation(None, "").unwrap(), &|_, _| {}).unwrap();
    assert!(verified.is_sound(), "{what}: {:?}", verified.problems);
    let (store, restored) = restore(repository, None).unwrap();
    assert_same(small, &store, &restored);
}

/// Two tiers of the same archive: a daily with two generations, and a monthly.
fn two_tiers() -> (Small, Memory, Memory, uuid::Uuid) {
    let (mut small, daily, monthly) = (Small::new(), Memory::new(), Memory::new());
    (0..5).for_each(|_| _ = small.deposit(40_000));
    let id = small.daily(&daily).generation.repository;
    small.deposit(2_000);
    small.daily(&daily);
    small.run(&monthly, Tier::Monthly, false).unwrap();
    (small, daily, monthly, id)
}

#[test]
fn damage_to_any_object_of_a_repository_is_repaired_from_another_tier() {
    type Damage = (&'static str, fn(&mut Vec<u8>));
    let damages: [Damage; 4] = [
        ("flipped in the middle", |bytes| {
            let at = bytes.len() / 2;
            bytes[at] ^= 0x10;
        }),
        ("flipped at the end", |bytes| *bytes.last_mut().unwrap() ^= 1),
        ("cut short", |bytes| bytes.truncate(bytes.len() * 2 / 3)),
        ("emptied", Vec::clear),
    ];
    let (small, daily, monthly, id) = two_tiers();
    for name in daily.names() {
        for (what, damage) in damages {
            let scratch = daily.copied();
            scratch.tamper(&name, damage);
            mend(&small, &scratch, id, &monthly).unwrap_or_else(|error| panic!("{name} {what}: {error}"));
            assert_sound(&small, &scratch, &format!("{name} {what}"));
        }
    }
}

#[test]
fn a_forged_identity_is_not_believed_and_ours_takes_its_place() {
    let (small, daily, monthly, id) = two_tiers();
    let mut forger = Small::new();
    forger.signer = crate::journal::SigningKey::from_seed(&[9; 32]);
    forger.correct(crate::record::RecordId::generate());
    let theirs = Memory::new();
    forger.run(&theirs, Tier::Daily, false).unwrap();
    let forged = theirs.get(&Name::identity(), 0..u64::MAX).unwrap().unwrap();
    daily.replace(&Name::identity(), &forged).unwrap();
    assert!(matches!(small.run(&daily, Tier::Daily, true), Err(BackupError::Untrusted { .. })));
    mend(&small, &daily, id, &monthly).unwrap();
    assert_sound(&small, &daily, "forged");
    // A repository of which no manifest is ours is not taken over.
    assert!(!small.source().mend_identity(&theirs, Tier::Daily, id).unwrap());
}

#[test]
fn every_write_of_a_repair_may_fail_both_ways() {
    let (small, daily, monthly, id) = two_tiers();
    let largest = |name: &Name| daily.get(name, 0..u64::MAX).unwrap().map_or(0, |bytes| bytes.len());
    let name = daily.names().into_iter().max_by_key(largest).unwrap();
    for fault in Fault::BOTH {
        for nth in 0.. {
            let scratch = daily.copied();
            scratch.tamper(&name, |bytes| bytes[50_000] ^= 1);
            scratch.fail_from(nth, fault);
            let ended = mend(&small, &scratch, id, &monthly);
            let writes = scratch.heal();
            assert!(ended.is_err() || writes <= nth, "write {nth} {fault:?}");
            mend(&small, &scratch, id, &monthly).unwrap();
            assert_sound(&small, &scratch, &format!("write {nth} {fault:?}"));
            if writes <= nth {
                assert!(nth >= 3, "a key set and the pack: {nth}");
                break;
            }
        }
    }
}
