//! Rebuilding a store from packs: entries with what follows from them, rows, keys, objects.
//!
//! Every function is one atomic batch (objects: several), and may happen twice: a step that happened although it was not
//! noted happens again unchanged.

use std::collections::BTreeSet;

use super::changes::table;
use super::error::BackupError;
use super::gather::{damaged, frontier};
use super::pack::{Item, Pack, What};
use super::restore::{Part, Parts, Restored};
use crate::journal::merkle::{Frontier, leaf_hash, node_key};
use crate::journal::{Act, Checkpoint, Entry};
use crate::store::{Batch, BlobId, Direction, Store, Table, View};

/// Bytes of objects stored in one batch: what fits the processor's cache is copied fastest.
const OBJECTS_AT_ONCE: usize = 4 << 20;

/// Goes through the journal: every deposit must have its object, unless its key was destroyed.
pub fn account(
    view: &dyn View,
    store: &dyn Store,
    restored: &mut Restored,
    progress: Parts<'_>,
) -> Result<(), BackupError> {
    let total = Some(restored.entries);
    for (row, number) in view.scan(Table::Journal, &[], None, Direction::Forward).zip(1..) {
        progress(Part::Entries, number, total);
        let entry = Entry::decode(&row?.1).map_err(|error| damaged(error.to_string()))?;
        let (Act::Deposit, Some(id)) = (entry.act, entry.record) else { continue };
        let id = *id.as_bytes();
        if view.get(Table::Keys, &id)?.is_none() {
            restored.destroyed.push(id);
        } else {
            restored.records += 1;
            match store.blobs().size(&BlobId(id))? {
                Some(_) => restored.objects += 1,
                None => restored.missing.push(BlobId(id)),
            }
        }
    }
    Ok(())
}

/// Where the journal restored so far ends.
fn edge(view: &dyn View) -> Result<Frontier, BackupError> {
    let last = view.scan(Table::Journal, &[], None, Direction::Reverse).next().transpose()?;
    let size =
        last.and_then(|(key, _)| Some(u64::from_be_bytes(key.try_into().ok()?))).map_or(0, |seq| seq + 1);
    frontier(view, size)
}

/// Entries with the rows that follow from them.
pub fn put_entries(store: &dyn Store, pack: &Pack) -> Result<(), BackupError> {
    let mut edge = edge(&*store.view())?;
    let mut batch = Batch::new();
    for item in pack.items() {
        let seq = number(&item)?;
        match item.what {
            What::Entry if seq < edge.size() => {}
            What::Entry if seq > edge.size() => {
                return Err(BackupError::Contradiction(format!("journal entry {} is missing", edge.size())));
            }
            What::Entry => put_entry(&mut batch, &mut edge, seq, item.value)?,
            What::Changes => {
                batch.put(Table::Changes, item.key, item.value);
            }
            _ => return Err(unexpected(&item)),
        }
    }
    Ok(store.commit(batch)?)
}

fn put_entry(batch: &mut Batch, edge: &mut Frontier, seq: u64, bytes: &[u8]) -> Result<(), BackupError> {
    let entry = Entry::decode(bytes).map_err(|error| BackupError::Contradiction(error.to_string()))?;
    if entry.seq != seq {
        return Err(BackupError::Contradiction(format!("entry {seq} says that it is {}", entry.seq)));
    }
    for (level, index, hash) in edge.append(leaf_hash(bytes)) {
        batch.put(Table::Tree, node_key(level, index), hash);
    }
    if let Some(id) = entry.record {
        batch.put(Table::Trail, [id.as_bytes().as_slice(), &seq.to_be_bytes()].concat(), []);
    }
    batch.put(Table::Journal, seq.to_be_bytes(), bytes);
    Ok(())
}

/// What a tail holds, in one batch: entries and the rows that they wrote; objects whose keys it takes away go after it. The
/// entries must lead to `head`.
pub fn put_tail(store: &dyn Store, head: &Checkpoint, pack: &Pack) -> Result<(), BackupError> {
    let (batch, destroyed, edge) = shipped(store, pack)?;
    // Done before and not noted, it may be done again below entries of later tails; those then follow again as well.
    let again = edge.size() > head.size;
    let root = if again { frontier(&*store.view(), head.size)?.root() } else { edge.root() };
    if edge.size() < head.size || root != head.root {
        return Err(BackupError::Contradiction("its entries do not lead to the head that was signed".into()));
    }
    store.commit(batch)?;
    destroyed.iter().try_for_each(|id| store.blobs().delete(id)).map_err(BackupError::from)
}

/// The same for a piece of a tail whose pieces have been proven to lead to its head.
pub fn put_piece(store: &dyn Store, pack: &Pack) -> Result<(), BackupError> {
    let (batch, destroyed, _) = shipped(store, pack)?;
    store.commit(batch)?;
    destroyed.iter().try_for_each(|id| store.blobs().delete(id)).map_err(BackupError::from)
}

/// The batch of what was shipped, the objects whose keys it takes away, and where the journal ends with it.
fn shipped(store: &dyn Store, pack: &Pack) -> Result<(Batch, Vec<BlobId>, Frontier), BackupError> {
    let mut edge = edge(&*store.view())?;
    let mut batch = Batch::new();
    let mut destroyed = Vec::new();
    for item in pack.items() {
        match item.what {
            What::Entry => {
                let seq = number(&item)?;
                if seq == edge.size() {
                    put_entry(&mut batch, &mut edge, seq, item.value)?;
                }
            }
            What::Changes => {
                batch.put(Table::Changes, item.key, item.value);
            }
            What::Row => {
                batch.put(named(&item)?, item.key, item.value);
            }
            What::WrappedKey => {
                batch.put(Table::Keys, item.key, item.value);
            }
            What::Gone => {
                let table = named(&item)?;
                batch.delete(table, item.key);
                let id = <[u8; 16]>::try_from(item.key).ok().filter(|_| table == Table::Keys);
                destroyed.extend(id.map(BlobId));
            }
            What::Head | What::Pack => {}
            _ => return Err(unexpected(&item)),
        }
    }
    Ok((batch, destroyed, edge))
}

/// The number of an entry.
pub fn number(item: &Item<'_>) -> Result<u64, BackupError> {
    let seq = item.key.try_into().map(u64::from_be_bytes);
    seq.map_err(|_| BackupError::Contradiction("an entry has no number".into()))
}

pub fn put_rows(store: &dyn Store, pack: &Pack) -> Result<(), BackupError> {
    let mut batch = Batch::new();
    for item in pack.items() {
        match item.what {
            What::Row => {
                batch.put(named(&item)?, item.key, item.value);
            }
            What::Gone => {
                batch.delete(named(&item)?, item.key);
            }
            What::File | What::Head => {}
            _ => return Err(unexpected(&item)),
        }
    }
    Ok(store.commit(batch)?)
}

/// Keys of the records that this generation knows; those of later ones are left out.
pub fn put_keys(store: &dyn Store, pack: &Pack) -> Result<(), BackupError> {
    let view = store.view();
    let mut batch = Batch::new();
    for item in pack.items() {
        match item.what {
            What::Row => {
                batch.put(named(&item)?, item.key, item.value);
            }
            What::WrappedKey => {
                if is_record(&*view, item.key)? {
                    batch.put(Table::Keys, item.key, item.value);
                }
            }
            _ => return Err(unexpected(&item)),
        }
    }
    drop(view);
    Ok(store.commit(batch)?)
}

/// Stores objects, but those of records that have no key any more.
pub fn put_objects<'a>(
    store: &dyn Store,
    objects: impl Iterator<Item = (BlobId, &'a [u8])>,
) -> Result<(), BackupError> {
    let view = store.view();
    let mut batch = Batch::new();
    let mut seen = BTreeSet::new();
    for (id, bytes) in objects {
        let destroyed = view.get(Table::Keys, &id.0)?.is_none() && is_record(&*view, &id.0)?;
        if !destroyed && seen.insert(id) {
            batch.put_blob(id, bytes);
        }
        if batch.bytes() >= OBJECTS_AT_ONCE {
            store.commit(std::mem::take(&mut batch))?;
        }
    }
    drop(view);
    Ok(store.commit(batch)?)
}

pub fn objects_of(pack: &Pack) -> impl Iterator<Item = (BlobId, &[u8])> {
    pack.items()
        .filter(|item| item.what == What::Object)
        .filter_map(|item| Some((BlobId(item.key.try_into().ok()?), item.value)))
}

/// Whether the journal has an entry about a record of this id.
fn is_record(view: &dyn View, id: &[u8]) -> Result<bool, BackupError> {
    let end = [id, &[0xff; 8]].concat();
    Ok(view.scan(Table::Trail, id, Some(&end), Direction::Forward).next().transpose()?.is_some())
}

fn named(item: &Item<'_>) -> Result<Table, BackupError> {
    table(item.name)
        .ok_or_else(|| BackupError::Newer { what: format!("the table {:?} in this backup", item.name) })
}

fn unexpected(item: &Item<'_>) -> BackupError {
    BackupError::Contradiction(format!("a pack holds an item of the wrong kind ({:?})", item.what))
}
