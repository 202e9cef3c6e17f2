//! Checking proofs (RFC 9162 sections 2.1.3.2 and 2.1.4.2); total for any input.

use super::error::ProofError;
use super::{Hash, empty_root, node_hash};

/// Longest proof that is read, in hashes: one for each level, and for consistency one more, of a tree of
/// [`MAX_TREE_SIZE`](super::MAX_TREE_SIZE) leaves.
pub const MAX_PROOF_HASHES: usize = 64;

/// Checks that the leaf with hash `leaf` is number `seq` of the tree of `size` leaves with that `root`.
///
/// # Errors
/// Any [`ProofError`]; only `Ok` proves anything.
pub fn verify_inclusion(
    leaf: &Hash,
    seq: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if seq >= size {
        return Err(ProofError::NoSuchEntry { seq, size });
    }
    check_length(proof)?;
    let mut path = Path { node: seq, last: size - 1 };
    let mut hash = *leaf;
    for sibling in proof {
        hash = match path.climb().ok_or(ProofError::WrongLength(proof.len()))? {
            Side::Left => node_hash(sibling, &hash),
            Side::Right => node_hash(&hash, sibling),
        };
    }
    if path.last != 0 {
        return Err(ProofError::WrongLength(proof.len()));
    }
    if hash == *root { Ok(()) } else { Err(ProofError::RootMismatch) }
}

/// Checks that the tree of `old` leaves with `old_root` is a prefix of that of `new` leaves with `new_root`.
///
/// Beyond the RFC, which leaves these out: equal sizes need equal roots and an empty proof; an empty old tree
/// is a prefix of every tree, needs the root of the empty tree and an empty proof.
///
/// # Errors
/// Any [`ProofError`]; only `Ok` proves anything.
pub fn verify_consistency(
    old: u64,
    new: u64,
    proof: &[Hash],
    old_root: &Hash,
    new_root: &Hash,
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::NotOlder { old, new });
    }
    check_length(proof)?;
    if old == 0 || old == new {
        return verify_trivial(old, new, proof, old_root, new_root);
    }
    // A complete old tree is a node of the new one; its root is left out of the proof.
    let (start, rest) = match proof.split_first() {
        Some(_) if old.is_power_of_two() => (old_root, proof),
        Some((first, rest)) => (first, rest),
        None => return Err(ProofError::WrongLength(0)),
    };
    let mut path = Path { node: old - 1, last: new - 1 };
    path.shift(path.node.trailing_ones());
    let (mut old_hash, mut new_hash) = (*start, *start);
    for sibling in rest {
        match path.climb().ok_or(ProofError::WrongLength(proof.len()))? {
            Side::Left => {
                old_hash = node_hash(sibling, &old_hash);
                new_hash = node_hash(sibling, &new_hash);
            }
            Side::Right => new_hash = node_hash(&new_hash, sibling),
        }
    }
    if path.last != 0 {
        return Err(ProofError::WrongLength(proof.len()));
    }
    if old_hash != *old_root {
        return Err(ProofError::OldRootMismatch);
    }
    if new_hash == *new_root { Ok(()) } else { Err(ProofError::RootMismatch) }
}

fn verify_trivial(
    old: u64,
    new: u64,
    proof: &[Hash],
    old_root: &Hash,
    new_root: &Hash,
) -> Result<(), ProofError> {
    if !proof.is_empty() {
        return Err(ProofError::WrongLength(proof.len()));
    }
    if old == 0 && *old_root != empty_root() {
        return Err(ProofError::OldRootMismatch);
    }
    if old == new && old_root != new_root { Err(ProofError::RootMismatch) } else { Ok(()) }
}

fn check_length(proof: &[Hash]) -> Result<(), ProofError> {
    if proof.len() > MAX_PROOF_HASHES { Err(ProofError::WrongLength(proof.len())) } else { Ok(()) }
}

/// On which side of the running hash the next hash of the proof belongs.
enum Side {
    Left,
    Right,
}

/// Where the running hash stands: index of its node on the current level (`fn` in the RFC), and index of the
/// last node of that level (`sn`).
struct Path {
    node: u64,
    last: u64,
}

impl Path {
    /// Goes up to the next level that has a sibling, and one more to the parent; `None` at the root.
    fn climb(&mut self) -> Option<Side> {
        if self.last == 0 {
            return None;
        }
        let side = if self.node & 1 == 1 {
            Side::Left
        } else if self.node == self.last {
            // The last node of a level without a sibling is carried up unchanged. It is even and not 0 here,
            // so the shift is below 64.
            self.shift(self.node.trailing_zeros());
            Side::Left
        } else {
            Side::Right
        };
        self.shift(1);
        Some(side)
    }

    /// Goes up `levels`; 64 of them lead to the root.
    fn shift(&mut self, levels: u32) {
        self.node = self.node.checked_shr(levels).unwrap_or(0);
        self.last = self.last.checked_shr(levels).unwrap_or(0);
    }
}
