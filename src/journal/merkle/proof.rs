//! Roots and proofs at any size so far, made from stored nodes (RFC 9162 sections 2.1.3.1 and 2.1.4.1).

use super::error::TreeError;
use super::nodes::{Nodes, peaks, peaks_between};
use super::{Hash, empty_root, node_hash};

/// The root of the tree as it was at `size` leaves.
///
/// # Errors
/// When a node cannot be read, or is missing (the tree is smaller than `size`, or damaged).
pub fn root_at<N: Nodes>(nodes: &N, size: u64) -> Result<Hash, TreeError<N::Error>> {
    hash_of(nodes, peaks(size))
}

/// The hashes that lead from leaf `seq` to the root at `size`, from the leaf upwards (RFC 9162, PATH).
///
/// # Errors
/// When `seq` is not below `size`, or as in [`root_at`].
pub fn inclusion_proof<N: Nodes>(nodes: &N, seq: u64, size: u64) -> Result<Vec<Hash>, TreeError<N::Error>> {
    if seq >= size {
        return Err(TreeError::NoSuchEntry { seq, size });
    }
    let (mut begin, mut end) = (0, size);
    let mut proof = Vec::new();
    while end - begin > 1 {
        let middle = begin + split(end - begin);
        if seq < middle {
            proof.push(hash_of(nodes, peaks_between(middle, end))?);
            end = middle;
        } else {
            proof.push(hash_of(nodes, peaks_between(begin, middle))?);
            begin = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The hashes that show the tree of `old` leaves to be a prefix of that of `new` leaves (RFC 9162, PROOF).
/// Empty when the sizes are equal, and when the old tree has no leaves.
///
/// # Errors
/// When `old` is larger than `new`, or as in [`root_at`].
pub fn consistency_proof<N: Nodes>(nodes: &N, old: u64, new: u64) -> Result<Vec<Hash>, TreeError<N::Error>> {
    if old > new {
        return Err(TreeError::NotOlder { old, new });
    }
    if old == 0 {
        return Ok(Vec::new());
    }
    let (mut begin, mut end) = (0, new);
    let mut proof = Vec::new();
    while old != end {
        let middle = begin + split(end - begin);
        if old <= middle {
            proof.push(hash_of(nodes, peaks_between(middle, end))?);
            end = middle;
        } else {
            proof.push(hash_of(nodes, peaks_between(begin, middle))?);
            begin = middle;
        }
    }
    // Where the old tree is one subtree of the new, the verifier already has its root.
    if begin > 0 {
        proof.push(hash_of(nodes, peaks_between(begin, end))?);
    }
    proof.reverse();
    Ok(proof)
}

/// The hash of a tree made up of complete subtrees, given from left to right: the rightmost two are joined
/// first. No subtree at all is the empty tree.
pub(super) fn fold(subtrees: &[Hash]) -> Hash {
    let join = |right: Hash, left: &Hash| node_hash(left, &right);
    match subtrees.split_last() {
        Some((last, left)) => left.iter().rev().fold(*last, join),
        None => empty_root(),
    }
}

/// The hash over some leaves, from the complete subtrees that cover them. One proof meets at most one
/// incomplete stretch (at the right edge), so it reads O(log n) nodes in all.
fn hash_of<N: Nodes>(
    nodes: &N,
    addresses: impl Iterator<Item = (u8, u64)>,
) -> Result<Hash, TreeError<N::Error>> {
    let mut subtrees = Vec::new();
    for (level, index) in addresses {
        let hash = nodes.node(level, index).map_err(TreeError::Read)?;
        subtrees.push(hash.ok_or(TreeError::MissingNode { level, index })?);
    }
    Ok(fold(&subtrees))
}

/// The largest power of two smaller than `leaves`, which is at least 2 here (RFC 9162 section 2.1.1).
fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}
