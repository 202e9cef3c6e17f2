//! The right edge of the tree: all that appending needs (a "compact range").

use super::error::{FrontierError, TreeError};
use super::nodes::{Nodes, peaks};
use super::proof::fold;
use super::{Hash, MAX_TREE_SIZE, node_hash};

/// A subtree that an append completed: level, index, hash. Store it under `node_key(level, index)`.
pub type NewNode = (u8, u64, Hash);

/// The size of a tree and the roots of its largest complete subtrees, at most 64 hashes.
///
/// Whoever appends keeps one in memory and restores it from the stored nodes at start. It is a value: clone
/// it, append to the clone, and keep the clone only once the batch is durable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// From left (largest) to right; invariant: one for each set bit of `size`.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The edge of the tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the edge of the tree of `size` leaves from its stored nodes.
    ///
    /// # Errors
    /// When a node cannot be read or is missing, or the size is above [`MAX_TREE_SIZE`].
    pub fn restore<N: Nodes>(nodes: &N, size: u64) -> Result<Self, TreeError<N::Error>> {
        let read = |(level, index)| {
            let hash = nodes.node(level, index).map_err(TreeError::Read)?;
            hash.ok_or(TreeError::MissingNode { level, index })
        };
        let hashes = peaks(size).map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::from_hashes(size, hashes)?)
    }

    /// Takes up the edge from what [`hashes`](Self::hashes) gave.
    ///
    /// # Errors
    /// When the number of hashes is not that of a tree of `size` leaves, or the size is above
    /// [`MAX_TREE_SIZE`]. Whether the hashes are the right ones shows in the root only.
    pub fn from_hashes(size: u64, hashes: Vec<Hash>) -> Result<Self, FrontierError> {
        if size > MAX_TREE_SIZE {
            return Err(FrontierError::TooLarge(size));
        }
        let expected = size.count_ones() as usize;
        if hashes.len() != expected {
            return Err(FrontierError::WrongCount { size, expected, found: hashes.len() });
        }
        Ok(Self { size, peaks: hashes })
    }

    /// Number of leaves, which is the `seq` of the next entry.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the largest complete subtrees, in the order of [`peaks`].
    pub fn hashes(&self) -> &[Hash] {
        &self.peaks
    }

    /// The root of the whole tree (RFC 6962, MTH).
    pub fn root(&self) -> Hash {
        fold(&self.peaks)
    }

    /// Appends a leaf and returns every subtree it completes, the leaf itself first. Two per call on average.
    ///
    /// The size cannot overflow: it starts at or below [`MAX_TREE_SIZE`], and 2^63 appends take centuries.
    pub fn append(&mut self, leaf: Hash) -> Vec<NewNode> {
        let (mut level, mut index, mut hash) = (0, self.size, leaf);
        let mut completed = vec![(level, index, hash)];
        // Like adding one to a binary number: each trailing one of the size is a left half that waits.
        while index & 1 == 1
            && let Some(left) = self.peaks.pop()
        {
            (level, index, hash) = (level + 1, index >> 1, node_hash(&left, &hash));
            completed.push((level, index, hash));
        }
        self.peaks.push(hash);
        self.size += 1;
        completed
    }
}
