//! Copying sealed objects into packs; one that cannot be read is noted and tried again by the next run.

use super::Progress;
use super::error::BackupError;
use super::fetch::fetch;
use super::manifest::{Generation, PackRef};
use super::pack::{Item, Kind, What};
use super::packer::{Packer, pack_beside};
use super::repository::Repository;
use super::run::Source;
use crate::store::{BlobId, StoreError, Table};

/// Problems told by name; the rest is only counted, so that a ruined store cannot fill the memory.
const MAX_TOLD: usize = 100;

/// What was copied.
pub struct Copied {
    /// Object packs, and the pack of what is missing.
    pub packs: Vec<PackRef>,
    pub objects: u64,
    pub missing: u64,
}

/// One object as the store has it now.
enum Found {
    Bytes(Vec<u8>),
    /// Its contract was destroyed.
    Destroyed,
    Damaged(String),
}

/// Copies `new` objects, and those that were missing from `base`.
///
/// # Errors
/// When the repository fails, or the store in another way than by one object.
pub fn copy(
    source: &Source<'_>,
    repository: &dyn Repository,
    base: Option<&Generation>,
    new: &[BlobId],
    problems: &mut Vec<String>,
    progress: Progress<'_>,
) -> Result<Copied, BackupError> {
    let before = missing_from(source, repository, base, problems)?;
    let total = Some((before.len() + new.len()) as u64);
    let mut absent = Packer::new(repository, source.pack_key, Kind::Missing);
    let (mut objects, mut missing) = (0, 0);
    let fill = |packer: &mut Packer<'_>| {
        for (done, id) in (1..).zip(before.iter().chain(new)) {
            match find(source, id)? {
                Found::Bytes(bytes) => {
                    packer.add(Item { what: What::Object, name: "", key: &id.0, value: &bytes })?;
                    objects += 1;
                }
                Found::Destroyed => {}
                Found::Damaged(why) => {
                    absent.add(Item { what: What::Missing, name: "", key: &id.0, value: b"" })?;
                    missing += 1;
                    if problems.len() < MAX_TOLD {
                        problems.push(format!("the object {id} is not in this backup: {why}"));
                    }
                }
            }
            progress(done, total);
        }
        Ok(())
    };
    let (mut packs, ()) = pack_beside(repository, source.pack_key, Kind::Objects, fill)?;
    packs.extend(absent.finish()?);
    Ok(Copied { packs, objects, missing })
}

fn find(source: &Source<'_>, id: &BlobId) -> Result<Found, BackupError> {
    match source.store.blobs().get(id, None) {
        Ok(Some(bytes)) => Ok(Found::Bytes(bytes)),
        // Asked now, not of the snapshot: it may have been destroyed since.
        Ok(None) => match source.store.view().get(Table::Keys, &id.0)? {
            Some(_) => Ok(Found::Damaged("it is missing from the archive".into())),
            None => Ok(Found::Destroyed),
        },
        Err(error @ (StoreError::Corrupt { .. } | StoreError::Io { .. })) => {
            Ok(Found::Damaged(error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The objects that the base could not have.
fn missing_from(
    source: &Source<'_>,
    repository: &dyn Repository,
    base: Option<&Generation>,
    problems: &mut Vec<String>,
) -> Result<Vec<BlobId>, BackupError> {
    let mut ids = Vec::new();
    for pack in base.iter().flat_map(|base| &base.packs).filter(|pack| pack.kind == Kind::Missing) {
        match fetch(repository, source.pack_key, pack) {
            Ok(pack) => ids.extend(pack.items().filter_map(|item| item.key.try_into().ok().map(BlobId))),
            Err(error @ BackupError::Untrusted { .. }) => problems.push(error.to_string()),
            Err(error) => return Err(error),
        }
    }
    Ok(ids)
}
