//! Reading packs: whole, or as much of a damaged one as its seals still vouch for.

use std::sync::mpsc::sync_channel;

use super::error::BackupError;
use super::manifest::PackRef;
use super::pack::{HEADER_LEN, INDEX_LEN, Kind, Lengths, Pack, What, items_in};
use super::repository::{Name, Repository, RepositoryError};
use crate::seal::{Dek, Purpose, SealedView};
use crate::store::BlobId;

/// Reads and opens a pack.
///
/// # Errors
/// [`BackupError::Untrusted`] when this pack is missing, unreadable or damaged; others when the repository is gone.
pub fn fetch(repository: &dyn Repository, key: &Dek, expected: &PackRef) -> Result<Pack, BackupError> {
    Fetcher::default().fetch(repository, key, expected)
}

/// Fetches one pack after the other in the same room: large buffers that are handed out anew each time cost more than
/// opening what is in them.
#[derive(Default)]
pub struct Fetcher {
    sealed: Vec<u8>,
    plain: Vec<u8>,
}

impl Fetcher {
    /// As [`fetch`].
    ///
    /// # Errors
    /// As [`fetch`].
    pub fn fetch(
        &mut self,
        repository: &dyn Repository,
        key: &Dek,
        expected: &PackRef,
    ) -> Result<Pack, BackupError> {
        read_sealed(repository, expected, &mut self.sealed)?;
        Pack::open(key, expected, &self.sealed, std::mem::take(&mut self.plain))
    }

    /// Takes a pack that has been looked at back.
    pub fn give_back(&mut self, pack: Pack) {
        self.plain = pack.into_room();
    }
}

/// Reads and opens packs on another thread, one ahead of `take`, which gets them in their order.
///
/// # Errors
/// What `take` answers; it ends the work.
pub fn opened_ahead(
    repository: &dyn Repository,
    key: &Dek,
    packs: &[PackRef],
    mut take: impl FnMut(&PackRef, Result<Pack, BackupError>) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    std::thread::scope(|scope| {
        // Without room of its own: one pack is being taken while the next is opened.
        let (hand, taken) = sync_channel(0);
        let ahead = move || {
            let mut fetcher = Fetcher::default();
            for pack in packs {
                // Nobody takes any more: the work ended early.
                if hand.send((pack, fetcher.fetch(repository, key, pack))).is_err() {
                    return;
                }
            }
        };
        scope.spawn(ahead);
        taken.into_iter().try_for_each(|(pack, opened)| take(pack, opened))
    })
}

/// The sealed bytes of a pack, not yet judged; never more than one byte above what was expected.
fn sealed(repository: &dyn Repository, expected: &PackRef) -> Result<Vec<u8>, BackupError> {
    let mut bytes = Vec::new();
    read_sealed(repository, expected, &mut bytes)?;
    Ok(bytes)
}

fn read_sealed(
    repository: &dyn Repository,
    expected: &PackRef,
    into: &mut Vec<u8>,
) -> Result<(), BackupError> {
    let name = Name::pack(expected.id);
    let untrusted = |why: String| BackupError::Untrusted { name: name.clone(), why };
    match repository.get_into(&name, 0..expected.len.saturating_add(1), into) {
        Ok(true) => Ok(()),
        Ok(false) => Err(untrusted("it is missing".into())),
        // A bad sector under one pack must not hide the others.
        Err(RepositoryError::Io { detail, .. }) => Err(untrusted(detail)),
        Err(error) => Err(error.into()),
    }
}

/// What a damaged pack of objects still yields; nothing at all when its index is lost.
#[derive(Debug, Default)]
pub struct Salvaged {
    pub objects: Vec<(BlobId, Vec<u8>)>,
    /// Objects that it names and whose bytes are lost.
    pub lost: Vec<BlobId>,
    /// Every object in it is in one of the two lists.
    pub complete: bool,
}

/// Reads what is sound in a pack of objects, 64 KiB of seal at a time.
///
/// # Errors
/// When the repository is gone.
pub fn salvage(repository: &dyn Repository, key: &Dek, expected: &PackRef) -> Result<Salvaged, BackupError> {
    let mut bytes = match sealed(repository, expected) {
        Ok(bytes) => bytes,
        Err(BackupError::Untrusted { .. }) => return Ok(Salvaged::default()),
        Err(error) => return Err(error),
    };
    // What was cut off is filled with zeros, which no seal vouches for: the rest can then be read in its places.
    bytes.resize(usize::try_from(expected.len).unwrap_or(0), 0);
    Ok(SealedView::open_damaged(key, Purpose::Backup, &expected.id.0, bytes)
        .ok()
        .and_then(|view| read_in_parts(&view))
        .unwrap_or_default())
}

fn read_in_parts(view: &SealedView<Vec<u8>>) -> Option<Salvaged> {
    let header = view.read_range(0..HEADER_LEN as u64).ok()?;
    let items = items_in(&header, Kind::Objects).ok()?;
    let start = HEADER_LEN as u64;
    let body = start.checked_add((items as u64).checked_mul(INDEX_LEN as u64)?)?;
    let index = view.read_range(start..body).ok()?;
    let mut salvaged = Salvaged { complete: true, ..Salvaged::default() };
    let mut at = body;
    for entry in index.chunks_exact(INDEX_LEN) {
        let lengths =
            Lengths::read(entry).filter(|lengths| lengths.what == What::Object && lengths.key == 16)?;
        let value = at.checked_add((lengths.name + lengths.key) as u64)?;
        let end = value.checked_add(lengths.value as u64)?;
        // An id that cannot be read is known by its absence from every other place.
        match view.read_range(value - 16..value) {
            Ok(id) => {
                let id = BlobId(id.try_into().ok()?);
                match view.read_range(value..end) {
                    Ok(bytes) => salvaged.objects.push((id, bytes)),
                    Err(_) => salvaged.lost.push(id),
                }
            }
            Err(_) => salvaged.complete = false,
        }
        at = end;
    }
    Some(salvaged)
}
