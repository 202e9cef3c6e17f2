//! Hashes of leaves and nodes (RFC 6962 section 2.1).

use sha2::{Digest as _, Sha256};

/// A SHA-256 hash of a leaf, a node or a whole tree.
pub type Hash = [u8; 32];

/// Distinct first bytes keep a node from being passed off as a leaf, and a leaf as a node.
const LEAF_PREFIX: [u8; 1] = [0x00];
const NODE_PREFIX: [u8; 1] = [0x01];

/// The root of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// SHA-256(0x00 || entry).
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new_with_prefix(LEAF_PREFIX).chain_update(entry).finalize().into()
}

/// SHA-256(0x01 || left || right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new_with_prefix(NODE_PREFIX).chain_update(left).chain_update(right).finalize().into()
}
