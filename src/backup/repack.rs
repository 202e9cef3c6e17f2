//! Repacking: what destroyed records left in packs is cleared away, so that a repository does not grow for ever.
//!
//! Packs are shared by all generations and never change. One that holds mostly objects without a key is written again
//! without them, and every manifest that names it is replaced by one that names the new pack instead: each generation
//! restores as before. (In the tests' repository 25 of 30 contracts of 20 KB are destroyed: a pack of 0.6 MB becomes one of
//! 0.1 MB.) Order of writes: new packs, manifests, removal of the old packs. Whenever it is cut short, each
//! manifest names packs that are there; what nobody names is removed by the next run.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};

use super::catalog::Catalog;
use super::collect::{Keep, collect};
use super::error::BackupError;
use super::fetch::fetch;
use super::manifest::{Generation, PackRef, Tier};
use super::pack::{Kind, What};
use super::packer::Packer;
use super::repository::{Name, PackId, Repository, RepositoryError};
use super::run::Source;
use super::tail;
use super::verify::wrapped_keys;
use crate::store::Table;

/// What was cleared away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repacked {
    /// Packs that were written again, and what replaced them.
    pub old_packs: u64,
    pub new_packs: u64,
    /// Bytes of the old packs less those of the new.
    pub freed: u64,
    /// Nothing was done: something in the repository cannot be believed, so nobody knows what is needed.
    pub held_back: bool,
    /// Generations that may not be changed yet, and until when: their packs stay as long as they do.
    pub protected: u64,
    pub protected_until: Option<DateTime<Utc>>,
}

impl Source<'_> {
    /// Writes the packs that a verification found `sparse` again without the objects that no kept key opens.
    ///
    /// # Errors
    /// When the repository cannot be read or written. Every generation restores all the same.
    pub fn repack(
        &self,
        repository: &dyn Repository,
        (tier, keep): (Tier, Keep),
        sparse: &[PackRef],
    ) -> Result<Repacked, BackupError> {
        let identity = self.identify(repository, tier, true)?;
        let _claim = repository.lock()?;
        let mut catalog = Catalog::load(repository, &identity)?;
        let in_use = tail::in_use(repository, self.pack_key, &identity.vkey);
        let (true, Ok(in_use)) = (catalog.untrusted.is_empty(), in_use) else {
            return Ok(Repacked { held_back: true, ..Repacked::default() });
        };
        let keyed = self.keyed(repository, &catalog)?;
        let protection = repository.protection()?;
        let mut done = Repacked::default();
        for (users, packs) in shared_alike(&catalog, sparse) {
            let until = users.iter().filter_map(|user| protection.of(&Name::generation(*user), self.now));
            let until: Vec<_> = until.collect();
            if !until.is_empty() {
                done.protected += until.len() as u64;
                done.protected_until = done.protected_until.max(until.into_iter().max());
                continue;
            }
            let new = self.without_dead(repository, &packs, &keyed)?;
            done.old_packs += packs.len() as u64;
            done.new_packs += new.len() as u64;
            let held = done.protected;
            for number in users {
                let Some(generation) = catalog.generations.iter_mut().find(|one| one.number == number) else {
                    continue;
                };
                let renewed = exchanged(generation, &packs, &new);
                match repository.replace(&Name::generation(number), &renewed.encode(self.origin, self.signer))
                {
                    Ok(()) => *generation = renewed,
                    Err(RepositoryError::Protected { .. }) => done.protected += 1,
                    Err(error) => return Err(error.into()),
                }
            }
            if done.protected == held {
                done.freed += bytes(&packs).saturating_sub(bytes(&new));
            }
        }
        read_back(repository, &catalog)?;
        collect(repository, &mut catalog, keep, self.now, &in_use)?;
        Ok(done)
    }

    /// Records that have a key in the archive or in any key set: their objects stay.
    fn keyed(
        &self,
        repository: &dyn Repository,
        catalog: &Catalog,
    ) -> Result<HashSet<[u8; 16]>, BackupError> {
        let mut keyed = HashSet::new();
        for pack in catalog.key_sets.iter().flat_map(|set| &set.packs) {
            keyed.extend(wrapped_keys(&fetch(repository, self.pack_key, pack)?));
        }
        let view = self.store.view();
        for row in view.scan(Table::Keys, &[], None, crate::store::Direction::Forward) {
            keyed.extend(<[u8; 16]>::try_from(row?.0).ok());
        }
        Ok(keyed)
    }

    /// What is of use in `packs`, in new ones.
    fn without_dead(
        &self,
        repository: &dyn Repository,
        packs: &[PackRef],
        keyed: &HashSet<[u8; 16]>,
    ) -> Result<Vec<PackRef>, BackupError> {
        let mut packer = Packer::new(repository, self.pack_key, Kind::Objects);
        for pack in packs {
            let opened = fetch(repository, self.pack_key, pack)?;
            let of_use = |key: &[u8]| <[u8; 16]>::try_from(key).is_ok_and(|id| keyed.contains(&id));
            let kept = opened.items().filter(|item| item.what == What::Object && of_use(item.key));
            kept.into_iter().try_for_each(|item| packer.add(item))?;
        }
        packer.finish()
    }
}

/// Packs by the generations that name them: only those named by the very same generations may be put together, or one of
/// them would get objects of records that it does not know.
fn shared_alike(catalog: &Catalog, sparse: &[PackRef]) -> BTreeMap<Vec<u64>, Vec<PackRef>> {
    let mut groups: BTreeMap<Vec<u64>, Vec<PackRef>> = BTreeMap::new();
    for pack in sparse {
        let users = catalog.generations.iter().filter(|generation| generation.packs.contains(pack));
        let users: Vec<_> = users.map(|generation| generation.number).collect();
        if !users.is_empty() {
            groups.entry(users).or_default().push(pack.clone());
        }
    }
    groups
}

/// The same generation with other packs.
fn exchanged(generation: &Generation, old: &[PackRef], new: &[PackRef]) -> Generation {
    let gone: BTreeSet<PackId> = old.iter().map(|pack| pack.id).collect();
    let kept = generation.packs.iter().filter(|pack| !gone.contains(&pack.id));
    let packs: Vec<_> = kept.chain(new).cloned().collect();
    let objects = packs.iter().filter(|pack| pack.kind == Kind::Objects).map(|pack| pack.items).sum();
    Generation { packs, objects, ..generation.clone() }
}

/// Makes sure that every manifest reads as it was written, before anything is removed.
fn read_back(repository: &dyn Repository, written: &Catalog) -> Result<(), BackupError> {
    for generation in &written.generations {
        let name = Name::generation(generation.number);
        let bytes = repository.get(&name, 0..super::manifest::MAX_BYTES)?;
        let list: String = generation.packs.iter().map(|pack| pack.line() + "\n").collect();
        if !bytes.is_some_and(|bytes| bytes.ends_with(list.as_bytes())) {
            return Err(BackupError::ReadBack(name));
        }
    }
    Ok(())
}

fn bytes(packs: &[PackRef]) -> u64 {
    packs.iter().map(|pack| pack.len).sum()
}

#[cfg(test)]
#[path = "repack_tests.rs"]
mod tests;
