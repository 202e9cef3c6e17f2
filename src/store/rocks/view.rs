//! Snapshots and lazy scans.

use rocksdb::{DBRawIteratorWithThreadMode, ReadOptions, SnapshotWithThreadMode};

use super::errors::store_error;
use super::{Db, options};
use crate::store::{Direction, Row, Rows, StoreError, Table, View};

/// A RocksDB snapshot.
pub(super) struct RocksView<'a> {
    db: &'a Db,
    snapshot: SnapshotWithThreadMode<'a, Db>,
    once: bool,
}

impl<'a> RocksView<'a> {
    pub(super) fn new(db: &'a Db) -> Self {
        Self { db, snapshot: db.snapshot(), once: false }
    }

    /// For reading everything a single time: leaves the cache to those who come back.
    pub(super) fn for_reading_once(self) -> Self {
        Self { once: true, ..self }
    }

    fn scan_rows(
        &self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        direction: Direction,
    ) -> Result<Scan<'_>, StoreError> {
        let family = self.db.cf_handle(table.name()).ok_or_else(|| missing(table))?;
        let options = bounded(options::reading(self.once), from, to);
        Ok(Scan::new(self.snapshot.raw_iterator_cf_opt(family, options), direction))
    }
}

impl View for RocksView<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let family = self.db.cf_handle(table.name()).ok_or_else(|| missing(table))?;
        self.snapshot.get_cf_opt(family, key, options::reading(self.once)).map_err(store_error)
    }

    fn scan(&self, table: Table, from: &[u8], to: Option<&[u8]>, direction: Direction) -> Rows<'_> {
        if to.is_some_and(|to| to <= from) {
            return Box::new(std::iter::empty()); // RocksDB leaves reversed bounds undefined.
        }
        match self.scan_rows(table, from, to, direction) {
            Ok(scan) => Box::new(scan),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    }
}

fn missing(table: Table) -> StoreError {
    StoreError::Corrupt { file: None, detail: format!("the table {table} is missing") }
}

fn bounded(mut options: ReadOptions, from: &[u8], to: Option<&[u8]>) -> ReadOptions {
    if !from.is_empty() {
        options.set_iterate_lower_bound(from);
    }
    if let Some(to) = to {
        options.set_iterate_upper_bound(to);
    }
    options
}

/// Walks a RocksDB iterator within its bounds; copies one row at a time.
pub(super) struct Scan<'a> {
    raw: DBRawIteratorWithThreadMode<'a, Db>,
    direction: Direction,
    started: bool,
    ended: bool,
}

impl<'a> Scan<'a> {
    pub(super) fn new(raw: DBRawIteratorWithThreadMode<'a, Db>, direction: Direction) -> Self {
        Self { raw, direction, started: false, ended: false }
    }

    fn step(&mut self) {
        match (self.started, self.direction) {
            (false, Direction::Forward) => self.raw.seek_to_first(),
            (false, Direction::Reverse) => self.raw.seek_to_last(),
            (true, Direction::Forward) => self.raw.next(),
            (true, Direction::Reverse) => self.raw.prev(),
        }
        self.started = true;
    }
}

impl Iterator for Scan<'_> {
    type Item = Result<Row, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        self.step();
        if let Some((key, value)) = self.raw.item() {
            return Some(Ok((key.to_vec(), value.to_vec())));
        }
        self.ended = true;
        // An iterator that is no longer valid is at its end or broken; only the status tells which.
        self.raw.status().err().map(|error| Err(store_error(error)))
    }
}
