//! A repository in memory whose n-th write can fail, in either way a disk can: lost, or kept although reported failed.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};

use super::protection::Protection;
use super::repository::{Claim, Folder, Listed, Name, Repository, RepositoryError};

/// What happens to the write that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing of it was done.
    Lost,
    /// All of it was done.
    Kept,
}

impl Fault {
    pub const BOTH: [Fault; 2] = [Fault::Lost, Fault::Kept];
}

/// Objects in memory. Clones share them.
#[derive(Clone, Default)]
pub struct Memory {
    objects: Arc<Mutex<BTreeMap<Name, Vec<u8>>>>,
    claimed: Arc<AtomicBool>,
    writes: Arc<AtomicU64>,
    /// Number of the write (from 0) that fails; `u64::MAX` for none.
    fails: Arc<AtomicU64>,
    kept: Arc<AtomicBool>,
    /// What was retained; `None` in a repository that protects nothing.
    protected: Arc<Mutex<Option<Protection>>>,
    /// The time that it is to this one, and the days for which it protects.
    now: DateTime<Utc>,
    days: u32,
}

impl Memory {
    pub fn new() -> Self {
        let memory = Self::default();
        memory.fails.store(u64::MAX, Ordering::SeqCst);
        memory
    }

    /// From now on, what generations need can neither be changed nor removed, for ever.
    pub fn protect(&mut self) {
        *self.protected.lock().unwrap() = Some(Protection::default());
        self.days = 36_500;
    }

    /// The same objects at a time; what generations need is protected for so many days.
    pub fn at(&self, now: DateTime<Utc>, days: u32) -> Self {
        self.protected.lock().unwrap().get_or_insert_default();
        Self { now, days, ..self.clone() }
    }

    /// The time of protection is over.
    pub fn lift(&self) {
        *self.protected.lock().unwrap() = None;
    }

    fn check(&self, name: &Name) -> Result<(), RepositoryError> {
        match &*self.protected.lock().unwrap() {
            Some(protection) => match protection.of(name, self.now) {
                None => Ok(()),
                until => Err(RepositoryError::Protected { place: self.place(), name: name.clone(), until }),
            },
            None => Ok(()),
        }
    }

    /// Makes write number `nth` from now on fail, and all after it too: the machine is gone.
    pub fn fail_from(&self, nth: u64, fault: Fault) {
        self.writes.store(0, Ordering::SeqCst);
        self.fails.store(nth, Ordering::SeqCst);
        self.kept.store(fault == Fault::Kept, Ordering::SeqCst);
    }

    /// Lets everything pass again; returns how many writes were asked for since [`fail_from`](Self::fail_from).
    pub fn heal(&self) -> u64 {
        self.fails.store(u64::MAX, Ordering::SeqCst);
        self.writes.load(Ordering::SeqCst)
    }

    /// Bytes of all objects.
    pub fn bytes(&self) -> u64 {
        self.objects.lock().unwrap().values().map(|bytes| bytes.len() as u64).sum()
    }

    /// Changes the bytes of an object behind everybody's back.
    pub fn tamper(&self, name: &Name, change: impl FnOnce(&mut Vec<u8>)) {
        change(self.objects.lock().unwrap().get_mut(name).expect("the object to tamper with exists"));
    }

    /// A copy that shares nothing.
    pub fn copied(&self) -> Self {
        let copy = Self::new();
        *copy.objects.lock().unwrap() = self.objects.lock().unwrap().clone();
        copy
    }

    pub fn names(&self) -> Vec<Name> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    fn write(&self, act: impl FnOnce() -> Result<(), RepositoryError>) -> Result<(), RepositoryError> {
        let (number, fails) = (self.writes.fetch_add(1, Ordering::SeqCst), self.fails.load(Ordering::SeqCst));
        if number < fails {
            return act();
        }
        if number == fails && self.kept.load(Ordering::SeqCst) {
            act()?;
        }
        Err(RepositoryError::Io { place: self.place(), detail: format!("injected fault in write {number}") })
    }
}

impl Repository for Memory {
    fn put(&self, name: &Name, bytes: &[u8]) -> Result<(), RepositoryError> {
        self.write(|| {
            let mut objects = self.objects.lock().unwrap();
            if objects.contains_key(name) {
                return Err(RepositoryError::Exists { place: self.place(), name: name.clone() });
            }
            objects.insert(name.clone(), bytes.to_vec());
            Ok(())
        })
    }

    fn replace(&self, name: &Name, bytes: &[u8]) -> Result<(), RepositoryError> {
        self.check(name)?;
        self.write(|| {
            self.objects.lock().unwrap().insert(name.clone(), bytes.to_vec());
            Ok(())
        })
    }

    fn get(&self, name: &Name, range: Range<u64>) -> Result<Option<Vec<u8>>, RepositoryError> {
        let objects = self.objects.lock().unwrap();
        Ok(objects.get(name).map(|bytes| {
            let end = usize::try_from(range.end).unwrap_or(usize::MAX).min(bytes.len());
            let start = usize::try_from(range.start).unwrap_or(usize::MAX).min(end);
            bytes[start..end].to_vec()
        }))
    }

    fn list(&self, folder: Folder) -> Result<Vec<Listed>, RepositoryError> {
        let objects = self.objects.lock().unwrap();
        let inside = objects.iter().filter(|(name, _)| name.folder() == folder);
        Ok(inside.map(|(name, bytes)| Listed { file: name.file().into(), len: bytes.len() as u64 }).collect())
    }

    fn delete(&self, names: &[Name]) -> Result<(), RepositoryError> {
        let remove = |name| {
            self.objects.lock().unwrap().remove(name);
            Ok(())
        };
        let free: Vec<_> = names.iter().filter(|name| self.check(name).is_ok()).collect();
        free.into_iter().try_for_each(|name| self.write(|| remove(name)))?;
        names.iter().try_for_each(|name| self.check(name))
    }

    fn retain(&self, names: &[Name], now: DateTime<Utc>) -> Result<(), RepositoryError> {
        match &mut *self.protected.lock().unwrap() {
            Some(protection) if self.days > 0 => self.write(|| {
                protection.prolong(names, now, self.days);
                Ok(())
            }),
            _ => Ok(()),
        }
    }

    fn protection(&self) -> Result<Protection, RepositoryError> {
        Ok(self.protected.lock().unwrap().clone().unwrap_or_default())
    }

    fn lock(&self) -> Result<Claim, RepositoryError> {
        if self.claimed.swap(true, Ordering::SeqCst) {
            return Err(RepositoryError::Busy(self.place()));
        }
        Ok(Box::new(Claimed(self.claimed.clone())))
    }

    fn place(&self) -> String {
        "memory".into()
    }
}

struct Claimed(Arc<AtomicBool>);

impl Drop for Claimed {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

#[test]
fn the_memory_keeps_the_promises_of_a_repository() {
    super::suite::keeps_its_promises(&Memory::new());
}

#[test]
fn the_memory_protects_what_it_is_told_to() {
    let memory = Memory::new();
    super::suite::protects(&|now, days| Box::new(memory.at(now, days)));
}
