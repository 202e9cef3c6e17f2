//! A repository that can be left at once: whoever works on it ends with its next look or write when it is time to stop.

use std::ops::Range;

use chrono::{DateTime, Utc};

use super::protection::Protection;
use super::repository::{Claim, Folder, Listed, Name, Repository, RepositoryError};

/// Tells whether to stop: a job's time is used up, or the server ends.
pub type Stop<'a> = &'a (dyn Fn() -> bool + Sync);

/// Refuses objects once it is time to stop. Nothing is lost by that: a run that ends early leaves what was there before,
/// as one that was killed does.
pub struct Stoppable<'a> {
    repository: &'a dyn Repository,
    stop: Stop<'a>,
}

impl<'a> Stoppable<'a> {
    pub fn new(repository: &'a dyn Repository, stop: Stop<'a>) -> Self {
        Self { repository, stop }
    }

    fn go_on(&self) -> Result<&'a dyn Repository, RepositoryError> {
        match (self.stop)() {
            false => Ok(self.repository),
            true => Err(RepositoryError::Stopped),
        }
    }
}

impl Repository for Stoppable<'_> {
    fn put(&self, name: &Name, bytes: &[u8]) -> Result<(), RepositoryError> {
        self.go_on()?.put(name, bytes)
    }

    fn get(&self, name: &Name, range: Range<u64>) -> Result<Option<Vec<u8>>, RepositoryError> {
        self.go_on()?.get(name, range)
    }

    fn get_into(&self, name: &Name, range: Range<u64>, into: &mut Vec<u8>) -> Result<bool, RepositoryError> {
        self.go_on()?.get_into(name, range, into)
    }

    fn list(&self, folder: Folder) -> Result<Vec<Listed>, RepositoryError> {
        self.go_on()?.list(folder)
    }

    fn replace(&self, name: &Name, bytes: &[u8]) -> Result<(), RepositoryError> {
        self.go_on()?.replace(name, bytes)
    }

    fn delete(&self, names: &[Name]) -> Result<(), RepositoryError> {
        self.go_on()?.delete(names)
    }

    // The generation is there by now: it is protected whatever the hour.
    fn retain(&self, names: &[Name], now: DateTime<Utc>) -> Result<(), RepositoryError> {
        self.repository.retain(names, now)
    }

    fn protection(&self) -> Result<Protection, RepositoryError> {
        self.repository.protection()
    }

    fn lock(&self) -> Result<Claim, RepositoryError> {
        self.go_on()?.lock()
    }

    fn place(&self) -> String {
        self.repository.place()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::backup::fixture::{Small, assert_same, restore};
    use crate::backup::memory::Memory;
    use crate::backup::{BackupError, Tier};

    #[test]
    fn a_run_that_is_stopped_anywhere_leaves_what_was_there_and_the_next_one_goes_on() {
        let (mut small, memory) = (Small::new(), Memory::new());
        small.deposit(3_000);
        small.daily(&memory);
        small.deposit(3_000);
        for looks in 0.. {
            let scratch = memory.copied();
            let left = AtomicU64::new(looks);
            let stop =
                || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err();
            let ended = small.run(&Stoppable::new(&scratch, &stop), Tier::Daily, true);
            let (_, restored) = restore(&scratch, None).unwrap();
            assert!(restored.problems.is_empty(), "{looks}: {:?}", restored.problems);
            let done = match ended {
                Err(BackupError::Repository(RepositoryError::Stopped)) => false,
                Err(error) => panic!("{looks}: {error}"),
                Ok(outcome) => outcome.problems.is_empty() && !outcome.collected.held_back,
            };
            assert_eq!(small.daily(&scratch).problems, [""; 0], "{looks}");
            let (store, restored) = restore(&scratch, None).unwrap();
            assert_same(&small, &store, &restored);
            if done && left.into_inner() > 0 {
                assert!(looks > 15, "{looks}");
                break;
            }
        }
    }
}
