//! The Merkle tree over the journal (RFC 6962 section 2.1, RFC 9162 section 2.1), whoever stores its nodes.
//!
//! Only *complete* subtrees are stored, addressed by (level, index): level 0 are leaf hashes, and node
//! (l, i) covers the leaves i·2^l up to (i+1)·2^l. A node never changes once written, so every older root and
//! proof can be made again at any time, in O(log n) reads.

mod error;
mod frontier;
mod hash;
mod nodes;
mod proof;
mod verify;

pub use error::{FrontierError, ProofError, TreeError};
pub use frontier::{Frontier, NewNode};
pub use hash::{Hash, empty_root, leaf_hash, node_hash};
pub use nodes::{Nodes, node_key, parse_node_key, peaks};
pub use proof::{consistency_proof, inclusion_proof, root_at};
pub use verify::{MAX_PROOF_HASHES, verify_consistency, verify_inclusion};

/// Largest tree that can be appended to, in leaves; larger ones can still be verified.
pub const MAX_TREE_SIZE: u64 = 1 << 63;

#[cfg(test)]
mod tests;
