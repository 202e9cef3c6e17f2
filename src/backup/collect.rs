//! Clearing away: generations and key sets that have served their time, and packs that nobody names any more.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::catalog::Catalog;
use super::error::BackupError;
use super::keep::{self, Verdict};
use super::key_set;
use super::repository::{Folder, Name, PackId, Repository, RepositoryError};

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    pub generations: u64,
    pub key_sets: u64,
    pub packs: u64,
    /// Packs stay when a manifest cannot be believed: it may be damaged, and need them.
    pub held_back: bool,
    /// Generations that the keep rule would remove and that are protected, and the last day of the one protected longest.
    pub protected: u64,
    pub protected_until: Option<DateTime<Utc>>,
}

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Generations.
    pub generations: u32,
    /// Days that key sets serve.
    pub key_days: u32,
}

/// Removes what the rules no longer keep. The caller holds the claim; `in_use` are packs that belong to no manifest.
///
/// Manifests go before packs: a crash between leaves packs that nobody names, which the next run removes.
///
/// # Errors
/// When the repository cannot be read or written; what is left is removed by the next run.
pub fn collect(
    repository: &dyn Repository,
    catalog: &mut Catalog,
    keep: Keep,
    now: DateTime<Utc>,
    in_use: &BTreeSet<PackId>,
) -> Result<Collected, BackupError> {
    let mut collected = Collected::default();
    let numbers: Vec<_> = catalog.generations.iter().map(|generation| generation.number).collect();
    let decided = keep::decide(&numbers, keep.generations).into_iter();
    let old = decided.filter(|(_, verdict)| matches!(verdict, Verdict::Expired { .. }));
    let protection = repository.protection()?;
    let until = |number: u64| protection.of(&Name::generation(number), now);
    let (old, held): (Vec<_>, Vec<_>) = old.map(|(number, _)| number).partition(|old| until(*old).is_none());
    collected.protected = held.len() as u64;
    collected.protected_until = held.into_iter().filter_map(until).max();
    let old_sets = key_set::expired(&catalog.key_sets, now, keep.key_days);
    let names = old.iter().map(|number| Name::generation(*number));
    let names: Vec<_> = names.chain(old_sets.iter().map(|number| Name::keys(*number))).collect();
    if remove(repository, &names)? {
        catalog.generations.retain(|generation| !old.contains(&generation.number));
        catalog.key_sets.retain(|set| !old_sets.contains(&set.number));
        (collected.generations, collected.key_sets) = (old.len() as u64, old_sets.len() as u64);
    }
    if !catalog.untrusted.is_empty() {
        collected.held_back = true;
        return Ok(collected);
    }
    let named = catalog.named();
    // A file that is no pack of ours is left to whoever put it there.
    let packs = repository.list(Folder::Packs)?.into_iter().filter_map(|listed| PackId::parse(&listed.file));
    let unused = packs.filter(|id| !named.contains(id) && !in_use.contains(id)).map(Name::pack);
    let unused: Vec<_> = unused.filter(|name| protection.of(name, now).is_none()).collect();
    if remove(repository, &unused)? {
        collected.packs = unused.len() as u64;
    }
    Ok(collected)
}

/// Removes objects; false when some of them are protected all the same (somebody else prolonged it just now), and are left
/// for a later run.
fn remove(repository: &dyn Repository, names: &[Name]) -> Result<bool, RepositoryError> {
    match repository.delete(names) {
        Ok(()) => Ok(true),
        Err(RepositoryError::Protected { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
