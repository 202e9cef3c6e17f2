//! What a snapshot has that its base has not: entries, and the rows and objects that they wrote.

use std::collections::BTreeSet;

use super::changes::{self, Change};
use super::error::BackupError;
use super::manifest::{Generation, PackRef};
use super::pack::{Item, Kind, What};
use super::packer::Packer;
use super::repository::Repository;
use super::run::{Snapshot, Source};
use super::tables::{Place, place};
use super::tree::TreeRows;
use crate::journal::merkle::{Frontier, TreeError, leaf_hash};
use crate::journal::{Act, Entry};
use crate::store::{BlobId, Direction, StoreError, Table, View};

/// Packs of the new entries and rows, and the objects that belong to them.
pub struct News {
    pub entries: u64,
    pub packs: Vec<PackRef>,
    /// In the order of the journal.
    pub objects: Vec<BlobId>,
}

/// Entries read, and what they changed.
#[derive(Default)]
pub struct Changed {
    pub rows: BTreeSet<(Table, Vec<u8>)>,
    /// Rows of `keys`, which belong to key sets and tails only.
    pub keys: BTreeSet<Vec<u8>>,
    pub objects: Vec<BlobId>,
    /// An entry has no list of its changes: an earlier release wrote it.
    pub unlisted: bool,
}

/// Writes the packs of everything new since `base` but the objects.
///
/// # Errors
/// When the journal contradicts its head, or a pack cannot be written.
pub fn gather(
    source: &Source<'_>,
    repository: &dyn Repository,
    snapshot: &Snapshot<'_>,
    base: Option<&Generation>,
    rows_again: bool,
) -> Result<News, BackupError> {
    let from = base.map_or(0, |base| base.entries);
    let mut packer = Packer::new(repository, source.pack_key, Kind::Journal);
    let changed = journal(from, snapshot, &mut |item| packer.add(item))?;
    let mut packs = packer.finish()?;
    let complete = rows_again || changed.unlisted;
    let mut packer = Packer::new(repository, source.pack_key, if complete { Kind::Base } else { Kind::Rows });
    match complete {
        true => all_rows(source, &*snapshot.view, &mut packer)?,
        false => changed_rows(source, &*snapshot.view, &changed.rows, &mut packer)?,
    }
    for (path, contents) in &source.files {
        packer.add(Item { what: What::File, name: "", key: path.as_bytes(), value: contents })?;
    }
    packer.add(Item { what: What::Head, name: "", key: b"", value: snapshot.head.as_bytes() })?;
    packs.extend(packer.finish()?);
    Ok(News { entries: snapshot.entries - from, packs, objects: changed.objects })
}

/// Reads the entries `from..` of the snapshot, proves that they lead to its root, and adds them with their changes.
///
/// # Errors
/// When an entry is missing or damaged, or the root is another one.
pub fn journal(
    from: u64,
    snapshot: &Snapshot<'_>,
    add: &mut dyn FnMut(Item<'_>) -> Result<(), BackupError>,
) -> Result<Changed, BackupError> {
    let view = &*snapshot.view;
    let mut changed = Changed::default();
    let mut frontier = frontier(view, from)?;
    let (start, end) = (from.to_be_bytes(), snapshot.entries.to_be_bytes());
    let mut lists = view.scan(Table::Changes, &start, Some(&end), Direction::Forward).peekable();
    for row in view.scan(Table::Journal, &start, Some(&end), Direction::Forward) {
        let (key, entry) = row?;
        if key != frontier.size().to_be_bytes() {
            return Err(damaged(format!("journal entry {} is missing", frontier.size())));
        }
        frontier.append(leaf_hash(&entry));
        add(Item { what: What::Entry, name: "", key: &key, value: &entry })?;
        match lists.next_if(|list| list.as_ref().map_or(true, |(of, _)| *of == key)).transpose()? {
            Some((_, list)) => {
                add(Item { what: What::Changes, name: "", key: &key, value: &list })?;
                note(&list, &mut changed)?;
            }
            None => unlisted(&entry, &mut changed)?,
        }
    }
    if frontier.size() != snapshot.entries || frontier.root() != snapshot.root {
        return Err(damaged("the journal's entries do not lead to its signed head".into()));
    }
    Ok(changed)
}

fn note(list: &[u8], changed: &mut Changed) -> Result<(), BackupError> {
    let list = changes::decode(list).ok_or_else(|| damaged("a list of changes does not read".into()))?;
    for change in list {
        match change {
            Change::Row(Table::Keys, key) => drop(changed.keys.insert(key)),
            Change::Row(table, key) if place(table) == Place::Rows => drop(changed.rows.insert((table, key))),
            Change::Row(..) => {}
            Change::Blob(id) => changed.objects.push(id),
        }
    }
    Ok(())
}

/// An entry of a release that kept no lists: then a deposit stored one object under the record's id.
fn unlisted(entry: &[u8], changed: &mut Changed) -> Result<(), BackupError> {
    changed.unlisted = true;
    let entry = Entry::decode(entry).map_err(|error| damaged(error.to_string()))?;
    if let (Act::Deposit, Some(id)) = (entry.act, entry.record) {
        changed.objects.push(BlobId(*id.as_bytes()));
    }
    Ok(())
}

/// The edge of the tree at `size` entries.
pub fn frontier(view: &dyn View, size: u64) -> Result<Frontier, BackupError> {
    Frontier::restore(&TreeRows(view), size).map_err(|error| match error {
        TreeError::Read(error) => error.into(),
        other => damaged(other.to_string()),
    })
}

fn all_rows(source: &Source<'_>, view: &dyn View, packer: &mut Packer<'_>) -> Result<(), BackupError> {
    for table in Table::ALL.into_iter().filter(|table| place(*table) == Place::Rows) {
        for row in view.scan(table, &[], None, Direction::Forward) {
            let (key, value) = row?;
            if table != Table::Meta || !source.meta.leaves_out(&key) {
                packer.add(Item { what: What::Row, name: table.name(), key: &key, value: &value })?;
            }
        }
    }
    Ok(())
}

fn changed_rows(
    source: &Source<'_>,
    view: &dyn View,
    rows: &BTreeSet<(Table, Vec<u8>)>,
    packer: &mut Packer<'_>,
) -> Result<(), BackupError> {
    for (table, key) in rows {
        if *table == Table::Meta && source.meta.leaves_out(key) {
            continue;
        }
        match view.get(*table, key)? {
            Some(value) => packer.add(Item { what: What::Row, name: table.name(), key, value: &value })?,
            None => packer.add(Item { what: What::Gone, name: table.name(), key, value: b"" })?,
        }
    }
    Ok(())
}

pub fn damaged(detail: String) -> BackupError {
    StoreError::Corrupt { file: None, detail }.into()
}
