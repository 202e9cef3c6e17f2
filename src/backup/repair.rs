//! Repair: a damaged pack of objects is made whole again from the archive or from another tier.
//!
//! A pack keeps its name: the manifests that name it are signed and never change. What it held is known from the sound
//! parts of it, and from what the journal says should be somewhere and is nowhere else. It is put in its place only when
//! length and number of items are what every manifest says of it.

use std::collections::BTreeMap;

use super::error::BackupError;
use super::fetch::{fetch, salvage};
use super::key_set::KeySet;
use super::manifest::PackRef;
use super::pack::{Builder, Item, Kind, What, seal_pack};
use super::repository::{Folder, Name, Repository, RepositoryError};
use super::restore::Opened;
use super::verify::Verified;
use crate::seal::Dek;
use crate::store::BlobId;

/// What a repair achieved.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// Packs that are whole again.
    pub repaired: Vec<PackRef>,
    /// Packs that this cannot mend: a new complete generation has to be written.
    pub beyond: Vec<PackRef>,
    /// Manifests that cannot be believed, and damaged key sets beside a sound one: they only stood in the way.
    pub removed: Vec<Name>,
    /// Damaged, and protected: neither mended in its place nor removed before its time.
    pub protected: Vec<Name>,
}

impl Repaired {
    /// A manifest of a generation was among what was worthless.
    pub fn removed_generation(&self) -> bool {
        self.removed.iter().chain(&self.protected).any(|name| name.folder() == Folder::Generations)
    }
}

/// Gives an object, wherever it still is; its seal is checked by whoever opens it.
pub type FindObject<'a> = &'a dyn Fn(&BlobId) -> Option<Vec<u8>>;

impl Opened<'_> {
    /// Mends the packs that a verification found damaged. The caller holds no claim; this takes it.
    ///
    /// # Errors
    /// When the repository cannot be written. What cannot be mended is in the answer.
    pub fn repair(&self, verified: &Verified, find: FindObject<'_>) -> Result<Repaired, BackupError> {
        let _claim = self.repository.lock()?;
        let mut repaired = Repaired::default();
        self.remove_worthless(verified, &mut repaired)?;
        // A damaged pack of keys is never of the set that was opened, and its set is gone by now.
        for pack in verified.damaged.iter().filter(|pack| pack.kind != Kind::Keys) {
            let made = match pack.kind {
                Kind::Objects => self.rebuild(pack, &verified.lost, find)?,
                _ => None,
            };
            match made {
                Some(sealed) if self.replaced(pack, &sealed, &mut repaired)? => {
                    repaired.repaired.push(pack.clone());
                }
                _ => repaired.beyond.push(pack.clone()),
            }
        }
        Ok(repaired)
    }

    /// Puts a pack in the place of the damaged one; false when that is protected: not even damage is replaced before its time.
    fn replaced(&self, pack: &PackRef, sealed: &[u8], repaired: &mut Repaired) -> Result<bool, BackupError> {
        match self.repository.replace(&Name::pack(pack.id), sealed) {
            Ok(()) => {}
            Err(RepositoryError::Protected { name, .. }) => {
                repaired.protected.push(name);
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        }
        fetch(self.repository, &self.pack_key, pack).map(|_| true)
    }

    fn remove_worthless(&self, verified: &Verified, repaired: &mut Repaired) -> Result<(), BackupError> {
        let damaged = |set: &&KeySet| set.packs.iter().any(|pack| verified.damaged.contains(pack));
        let sets = self.catalog.key_sets.iter().filter(|set| set.number != self.keys.number).filter(damaged);
        let sets = sets.map(|set| Name::keys(set.number));
        repaired.removed = self.catalog.untrusted.iter().map(|(name, _)| name.clone()).chain(sets).collect();
        match self.repository.delete(&repaired.removed) {
            Err(RepositoryError::Protected { .. }) => {
                let protection = self.repository.protection()?;
                let protected = |name: &Name| protection.contains(name);
                let (stays, gone) = repaired.removed.drain(..).partition(protected);
                (repaired.protected, repaired.removed) = (stays, gone);
                Ok(())
            }
            other => Ok(other?),
        }
    }

    /// The sealed pack again; `None` when not all of it can be found.
    fn rebuild(
        &self,
        pack: &PackRef,
        lost: &[BlobId],
        find: FindObject<'_>,
    ) -> Result<Option<Vec<u8>>, BackupError> {
        let salvaged = salvage(self.repository, &self.pack_key, pack)?;
        let mut objects: BTreeMap<BlobId, Vec<u8>> = salvaged.objects.into_iter().collect();
        // Names that cannot be read are among those that the journal misses.
        let nameless = if salvaged.complete { &[][..] } else { lost };
        for id in salvaged.lost.iter().chain(nameless) {
            if let Some(bytes) = find(id) {
                objects.insert(*id, bytes);
            }
        }
        let mut builder = Builder::new(Kind::Objects);
        for (id, value) in &objects {
            builder.add(Item { what: What::Object, name: "", key: &id.0, value })?;
        }
        let items = builder.items();
        let sealed = seal_pack(&self.pack_key, pack.id, Kind::Objects, &builder.plain())?;
        Ok((items == pack.items && sealed.len() as u64 == pack.len).then_some(sealed))
    }

    /// Looks for an object in the newest generations, reading their packs until it is found.
    ///
    /// # Errors
    /// When the repository is gone.
    pub fn find_object(&self, id: &BlobId) -> Result<Option<Vec<u8>>, BackupError> {
        let Some(generation) = self.catalog.generations.last() else { return Ok(None) };
        let objects = generation.packs.iter().filter(|pack| pack.kind == Kind::Objects);
        for pack in objects.rev() {
            if let Some(bytes) = find_in(self.repository, &self.pack_key, pack, id)? {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }
}

fn find_in(
    repository: &dyn Repository,
    key: &Dek,
    pack: &PackRef,
    id: &BlobId,
) -> Result<Option<Vec<u8>>, BackupError> {
    match fetch(repository, key, pack) {
        Ok(pack) => Ok(pack.items().find(|item| item.key == id.0).map(|item| item.value.to_vec())),
        Err(BackupError::Untrusted { .. }) => {
            let salvaged = salvage(repository, key, pack)?;
            Ok(salvaged.objects.into_iter().find(|(found, _)| found == id).map(|(_, bytes)| bytes))
        }
        Err(error) => Err(error),
    }
}
