//! Every size up to 70 against the definitions of RFC 6962 written out as recursion.

use std::cell::Cell;

use super::*;

const SIZES: u64 = 70;

#[test]
fn roots_and_restored_frontiers_are_right_at_every_size() {
    let tree = Tree::counting(SIZES);
    for size in 0..=SIZES {
        let expected = naive_root(&tree.leaves[..size as usize]);
        assert_eq!(root_at(&tree.nodes, size).unwrap(), expected, "size {size}");
        let restored = Frontier::restore(&tree.nodes, size).unwrap();
        assert_eq!((restored.size(), restored.root()), (size, expected));
        assert_eq!(restored, Tree::counting(size).frontier);
        assert_eq!(Frontier::from_hashes(size, restored.hashes().to_vec()), Ok(restored));
    }
}

#[test]
fn a_restored_frontier_continues_as_if_it_had_never_stopped() {
    let whole = Tree::counting(SIZES);
    for size in 0..=SIZES {
        let mut frontier = Frontier::restore(&whole.nodes, size).unwrap();
        for leaf in &whole.leaves[size as usize..] {
            for (level, index, hash) in frontier.append(*leaf) {
                assert_eq!(whole.nodes[&(level, index)], hash);
            }
        }
        assert_eq!(frontier, whole.frontier);
    }
}

#[test]
fn exactly_the_complete_subtrees_are_stored() {
    let tree = Tree::counting(SIZES);
    let expected: usize = (0..7).map(|level| (SIZES >> level) as usize).sum();
    assert_eq!(tree.nodes.len(), expected);
    for (&(level, index), hash) in &tree.nodes {
        let (begin, end) = ((index << level) as usize, ((index + 1) << level) as usize);
        assert_eq!(*hash, naive_root(&tree.leaves[begin..end]));
    }
}

#[test]
fn every_inclusion_proof_is_that_of_the_rfc_and_verifies() {
    let tree = Tree::counting(SIZES);
    for size in 1..=SIZES {
        let root = root_at(&tree.nodes, size).unwrap();
        for seq in 0..size {
            let proof = inclusion_proof(&tree.nodes, seq, size).unwrap();
            assert_eq!(proof, naive_path(seq as usize, &tree.leaves[..size as usize]), "{seq} in {size}");
            assert_eq!(verify_inclusion(&tree.leaves[seq as usize], seq, size, &proof, &root), Ok(()));
        }
    }
}

#[test]
fn every_consistency_proof_is_that_of_the_rfc_and_verifies() {
    let tree = Tree::counting(SIZES);
    for new in 0..=SIZES {
        let new_root = root_at(&tree.nodes, new).unwrap();
        for old in 0..=new {
            let old_root = root_at(&tree.nodes, old).unwrap();
            let proof = consistency_proof(&tree.nodes, old, new).unwrap();
            if old > 0 {
                assert_eq!(proof, naive_subproof(old as usize, &tree.leaves[..new as usize], true));
            }
            assert_eq!(verify_consistency(old, new, &proof, &old_root, &new_root), Ok(()), "{old} to {new}");
        }
    }
}

#[test]
fn what_the_tree_does_not_have_is_an_error() {
    let tree = Tree::counting(5);
    assert!(matches!(root_at(&tree.nodes, 6), Err(TreeError::MissingNode { level: 1, index: 2 })));
    assert!(matches!(root_at(&tree.nodes, u64::MAX), Err(TreeError::MissingNode { level: 63, index: 0 })));
    assert!(matches!(inclusion_proof(&tree.nodes, 5, 5), Err(TreeError::NoSuchEntry { seq: 5, size: 5 })));
    assert!(matches!(inclusion_proof(&tree.nodes, 0, 0), Err(TreeError::NoSuchEntry { .. })));
    assert!(matches!(inclusion_proof(&tree.nodes, 0, u64::MAX), Err(TreeError::MissingNode { .. })));
    assert!(matches!(consistency_proof(&tree.nodes, 4, 3), Err(TreeError::NotOlder { old: 4, new: 3 })));
    assert!(matches!(consistency_proof(&tree.nodes, 1, u64::MAX), Err(TreeError::MissingNode { .. })));
    assert!(matches!(Frontier::restore(&tree.nodes, 6), Err(TreeError::MissingNode { .. })));
    assert!(matches!(
        Frontier::from_hashes(6, vec![[0; 32]]),
        Err(FrontierError::WrongCount { expected: 2, .. })
    ));
    let too_large = MAX_TREE_SIZE + 1;
    assert_eq!(Frontier::from_hashes(too_large, vec![[0; 32]; 2]), Err(FrontierError::TooLarge(too_large)));
}

/// Invents every node, so that trees of any size can be asked for, and counts the reads.
struct Endless(Cell<usize>);

impl Nodes for Endless {
    type Error = std::convert::Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Option<Hash>, Self::Error> {
        self.0.set(self.0.get() + 1);
        assert!(level < 64 && index <= u64::MAX >> level, "no such subtree: {level}, {index}");
        Ok(Some(leaf_hash(&node_key(level, index))))
    }
}

#[test]
fn proofs_read_a_logarithmic_number_of_nodes_even_at_the_largest_sizes() {
    for size in [1_000_000_007, (1 << 40) - 1, 1 << 63, (1 << 63) + 1, u64::MAX - 1, u64::MAX] {
        let levels = 64 - (size - 1_u64).leading_zeros() as usize;
        for at in [1, 2, 3, size / 3, size / 2, size - 2, size - 1] {
            let nodes = Endless(Cell::new(0));
            let proof = inclusion_proof(&nodes, at, size).unwrap();
            assert!(nodes.0.get() <= 2 * levels && proof.len() <= levels, "{at} in {size}");
            nodes.0.set(0);
            let proof = consistency_proof(&nodes, at, size).unwrap();
            assert!(nodes.0.get() <= 2 * levels && proof.len() <= levels + 1, "{at} to {size}");
            assert!(proof.len() <= MAX_PROOF_HASHES || size > MAX_TREE_SIZE);
        }
    }
}
