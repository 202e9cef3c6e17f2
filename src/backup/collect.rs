//! Clearing away: generations and key sets that have served their time, and packs that nobody names any more.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::catalog::Catalog;
use super::error::BackupError;
use super::keep::{self, Verdict};
use super::key_set;
use super::repository::{Folder, Name, PackId, Repository};

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    pub generations: u64,
    pub key_sets: u64,
    pub packs: u64,
    /// Packs stay when a manifest cannot be believed: it may be damaged, and need them.
    pub held_back: bool,
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
    for (number, verdict) in keep::decide(&numbers, keep.generations) {
        if matches!(verdict, Verdict::Expired { .. }) {
            repository.delete(&Name::generation(number))?;
            catalog.generations.retain(|generation| generation.number != number);
            collected.generations += 1;
        }
    }
    for number in key_set::expired(&catalog.key_sets, now, keep.key_days) {
        repository.delete(&Name::keys(number))?;
        catalog.key_sets.retain(|set| set.number != number);
        collected.key_sets += 1;
    }
    if !catalog.untrusted.is_empty() {
        collected.held_back = true;
        return Ok(collected);
    }
    let named = catalog.named();
    for listed in repository.list(Folder::Packs)? {
        // A file that is no pack of ours is left to whoever put it there.
        let Some(id) = PackId::parse(&listed.file) else { continue };
        if !named.contains(&id) && !in_use.contains(&id) {
            repository.delete(&Name::pack(id))?;
            collected.packs += 1;
        }
    }
    Ok(collected)
}
