//! Tests of the tree: published vectors, a naive twin, another implementation, altered proofs.

mod against_ct_merkle;
mod exhaustive;
mod mutations;
mod properties;
mod vectors;

use std::collections::BTreeMap;

use super::*;

/// A tree in memory with all its nodes, and its leaf hashes.
pub(super) struct Tree {
    pub nodes: BTreeMap<(u8, u64), Hash>,
    pub frontier: Frontier,
    pub leaves: Vec<Hash>,
}

impl Tree {
    pub fn of<L: AsRef<[u8]>>(entries: impl IntoIterator<Item = L>) -> Self {
        let mut tree = Self { nodes: BTreeMap::new(), frontier: Frontier::new(), leaves: Vec::new() };
        for entry in entries {
            let leaf = leaf_hash(entry.as_ref());
            tree.leaves.push(leaf);
            for (level, index, hash) in tree.frontier.append(leaf) {
                assert_eq!(tree.nodes.insert((level, index), hash), None, "a node is completed once");
            }
        }
        tree
    }

    pub fn counting(size: u64) -> Self {
        Self::of((0..size).map(u64::to_be_bytes))
    }
}

/// RFC 6962 section 2.1 word for word, over leaf hashes.
pub(super) fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(naive_split(leaves.len()));
            node_hash(&naive_root(left), &naive_root(right))
        }
    }
}

/// RFC 6962 section 2.1.1.
pub(super) fn naive_path(seq: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = naive_split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut path, sibling) =
        if seq < k { (naive_path(seq, left), right) } else { (naive_path(seq - k, right), left) };
    path.push(naive_root(sibling));
    path
}

/// RFC 6962 section 2.1.2, SUBPROOF.
pub(super) fn naive_subproof(old: usize, leaves: &[Hash], complete: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if complete { Vec::new() } else { vec![naive_root(leaves)] };
    }
    let k = naive_split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut proof, sibling) = if old <= k {
        (naive_subproof(old, left, complete), right)
    } else {
        (naive_subproof(old - k, right, false), left)
    };
    proof.push(naive_root(sibling));
    proof
}

fn naive_split(leaves: usize) -> usize {
    let mut k = 1;
    while k * 2 < leaves {
        k *= 2;
    }
    k
}

pub(super) fn hash(hex: &str) -> Hash {
    hex.parse::<crate::record::Digest>().unwrap().0
}
