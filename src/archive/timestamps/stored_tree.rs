//! A hash tree as it is stored: looking up one record's leaf, and the path from there to the root.

use std::cell::RefCell;
use std::collections::HashMap;

use super::rows::{MEMBERS_PER_ROW, NODES_PER_ROW, TreeRow, members_key, nodes_key};
use crate::archive::error::ArchiveError;
use crate::evidence::HashTree;
use crate::store::{Batch, Table, View};

/// Rows of nodes kept at hand while many records of one tree are looked at: 32 MiB with SHA-256.
const MAX_CACHED_ROWS: usize = 4_096;

/// Puts a tree's nodes and members into a batch.
pub fn put(batch: &mut Batch, row: &TreeRow, tree: &HashTree, members: &[u64]) {
    let width = row.algorithm.size() * NODES_PER_ROW as usize;
    for (level, nodes) in (0u8..).zip(tree.levels()) {
        for (number, part) in (0u32..).zip(nodes.chunks(width)) {
            batch.put(Table::Evidence, nodes_key(row.id, level, number), part);
        }
    }
    for (number, part) in (0u32..).zip(members.chunks(MEMBERS_PER_ROW as usize)) {
        let bytes: Vec<u8> = part.iter().flat_map(|seq| seq.to_be_bytes()).collect();
        batch.put(Table::Evidence, members_key(row.id, number), bytes);
    }
}

/// Reads one stored tree; keeps what it read for the next record.
pub struct StoredTree<'a> {
    view: &'a dyn View,
    row: &'a TreeRow,
    nodes: RefCell<HashMap<(u8, u32), Vec<u8>>>,
    members: RefCell<HashMap<u32, Vec<u64>>>,
}

impl<'a> StoredTree<'a> {
    pub fn new(view: &'a dyn View, row: &'a TreeRow) -> Self {
        Self { view, row, nodes: RefCell::default(), members: RefCell::default() }
    }

    pub fn row(&self) -> &'a TreeRow {
        self.row
    }

    /// The leaf of the record that was deposited as `seq`, if it is in this tree.
    ///
    /// # Errors
    /// Damage.
    pub fn leaf(&self, seq: u64) -> Result<Option<u64>, ArchiveError> {
        if seq < self.row.first_seq || seq > self.row.last_seq {
            return Ok(None);
        }
        // Members are in order: halve the rows first, then one row.
        let (mut low, mut high) = (0, self.row.leaves.div_ceil(MEMBERS_PER_ROW));
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            let first = self.with_members(middle, |members| members.first().copied())?;
            if first.is_some_and(|first| first <= seq) { low = middle } else { high = middle }
        }
        let place = self.with_members(low, |members| members.binary_search(&seq).ok())?;
        Ok(place.map(|place| low * MEMBERS_PER_ROW + place as u64))
    }

    /// All members, by the numbers of their deposits, in the order of the leaves.
    ///
    /// # Errors
    /// Damage.
    pub fn members(&self) -> Result<Vec<u64>, ArchiveError> {
        let mut all = Vec::new();
        for row in 0..self.row.leaves.div_ceil(MEMBERS_PER_ROW) {
            self.with_members(row, |members| all.extend_from_slice(members))?;
        }
        Ok(all)
    }

    /// Neighbours of the nodes from a leaf to the root, as [`HashTree::path`] gives them.
    ///
    /// # Errors
    /// Damage.
    pub fn path(&self, leaf: u64) -> Result<Vec<Vec<u8>>, ArchiveError> {
        let mut path = Vec::new();
        let (mut index, mut nodes, mut level) = (leaf, self.row.leaves, 0u8);
        while nodes > 1 {
            if index ^ 1 < nodes {
                path.push(self.node(level, index ^ 1)?);
            }
            (index, nodes, level) = (index / 2, nodes.div_ceil(2), level + 1);
        }
        Ok(path)
    }

    fn node(&self, level: u8, index: u64) -> Result<Vec<u8>, ArchiveError> {
        let row = u32::try_from(index / NODES_PER_ROW).map_err(|_| self.damaged())?;
        let mut cached = self.nodes.borrow_mut();
        if cached.len() > MAX_CACHED_ROWS {
            cached.clear();
        }
        if let std::collections::hash_map::Entry::Vacant(place) = cached.entry((level, row)) {
            let bytes = self.view.get(Table::Evidence, &nodes_key(self.row.id, level, row))?;
            place.insert(bytes.ok_or_else(|| self.damaged())?);
        }
        let width = self.row.algorithm.size();
        let start = (index % NODES_PER_ROW) as usize * width;
        let node = cached.get(&(level, row)).and_then(|nodes| nodes.get(start..start + width));
        node.map(<[u8]>::to_vec).ok_or_else(|| self.damaged())
    }

    fn with_members<T>(&self, row: u64, read: impl FnOnce(&[u64]) -> T) -> Result<T, ArchiveError> {
        let row = u32::try_from(row).map_err(|_| self.damaged())?;
        let mut cached = self.members.borrow_mut();
        if cached.len() > MAX_CACHED_ROWS {
            cached.clear();
        }
        if let std::collections::hash_map::Entry::Vacant(place) = cached.entry(row) {
            let bytes = self.view.get(Table::Evidence, &members_key(self.row.id, row))?;
            let (numbers, rest) = bytes.as_deref().ok_or_else(|| self.damaged())?.as_chunks::<8>();
            if !rest.is_empty() {
                return Err(self.damaged());
            }
            place.insert(numbers.iter().map(|number| u64::from_be_bytes(*number)).collect());
        }
        Ok(read(cached.get(&row).map(Vec::as_slice).unwrap_or_default()))
    }

    fn damaged(&self) -> ArchiveError {
        ArchiveError::Corrupt(format!("nodes or members of hash tree {} are missing", self.row.id))
    }
}
