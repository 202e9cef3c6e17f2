//! Nothing but the true proof of the true leaf in the true tree is accepted.

use super::*;

/// Sizes with different shapes: one leaf, complete, one more than complete, ragged.
const SIZES: [u64; 8] = [1, 2, 3, 4, 5, 7, 8, 13];

fn flips(hash: &Hash) -> impl Iterator<Item = Hash> + '_ {
    (0..256).map(move |bit| {
        let mut altered = *hash;
        altered[bit / 8] ^= 1 << (bit % 8);
        altered
    })
}

/// The proof with one hash altered, dropped, doubled or moved.
fn spoilt(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all = Vec::new();
    for at in 0..proof.len() {
        for altered in flips(&proof[at]) {
            let mut copy = proof.to_vec();
            copy[at] = altered;
            all.push(copy);
        }
        let mut shorter = proof.to_vec();
        shorter.remove(at);
        all.push(shorter);
        let mut swapped = proof.to_vec();
        swapped.swap(0, at);
        all.extend((swapped != proof).then_some(swapped));
    }
    for at in 0..=proof.len() {
        let mut longer = proof.to_vec();
        longer.insert(at, [7; 32]);
        all.push(longer);
    }
    all.push(vec![[7; 32]; MAX_PROOF_HASHES]);
    all.push(vec![[7; 32]; MAX_PROOF_HASHES + 1]);
    all.push(vec![[7; 32]; 100_000]);
    all
}

#[test]
fn altered_inclusion_proofs_leaves_and_roots_are_rejected() {
    let tree = Tree::counting(13);
    for size in SIZES {
        let root = root_at(&tree.nodes, size).unwrap();
        for seq in 0..size {
            let leaf = tree.leaves[seq as usize];
            let proof = inclusion_proof(&tree.nodes, seq, size).unwrap();
            assert!(verify_inclusion(&leaf, seq, size, &proof, &root).is_ok());
            for proof in spoilt(&proof) {
                assert!(verify_inclusion(&leaf, seq, size, &proof, &root).is_err(), "{seq} in {size}");
            }
            for leaf in flips(&leaf) {
                assert_eq!(verify_inclusion(&leaf, seq, size, &proof, &root), Err(ProofError::RootMismatch));
            }
            for root in flips(&root) {
                assert_eq!(verify_inclusion(&leaf, seq, size, &proof, &root), Err(ProofError::RootMismatch));
            }
        }
    }
}

#[test]
fn a_proof_does_not_hold_for_another_entry() {
    let tree = Tree::counting(13);
    for size in SIZES {
        let root = root_at(&tree.nodes, size).unwrap();
        for seq in 0..size {
            let proof = inclusion_proof(&tree.nodes, seq, size).unwrap();
            for other in (0..20).chain([u64::MAX - 1, u64::MAX]).filter(|other| *other != seq) {
                let leaf = &tree.leaves[seq as usize];
                assert!(verify_inclusion(leaf, other, size, &proof, &root).is_err(), "{seq} as {other}");
            }
        }
    }
}

#[test]
fn altered_consistency_proofs_and_roots_are_rejected() {
    let tree = Tree::counting(13);
    for new in SIZES {
        let new_root = root_at(&tree.nodes, new).unwrap();
        for old in 1..=new {
            let old_root = root_at(&tree.nodes, old).unwrap();
            let proof = consistency_proof(&tree.nodes, old, new).unwrap();
            assert!(verify_consistency(old, new, &proof, &old_root, &new_root).is_ok());
            for proof in spoilt(&proof) {
                assert!(
                    verify_consistency(old, new, &proof, &old_root, &new_root).is_err(),
                    "{old} to {new}"
                );
            }
            for root in flips(&old_root) {
                assert!(verify_consistency(old, new, &proof, &root, &new_root).is_err(), "{old} to {new}");
            }
            for root in flips(&new_root) {
                assert!(verify_consistency(old, new, &proof, &old_root, &root).is_err(), "{old} to {new}");
            }
        }
    }
}

#[test]
fn a_rewritten_history_has_no_consistency_proof() {
    let honest = Tree::counting(13);
    let rewritten =
        Tree::of((0..13_u64).map(|number| if number == 3 { [9; 8] } else { number.to_be_bytes() }));
    for old in 4..13 {
        let old_root = root_at(&honest.nodes, old).unwrap();
        let proof = consistency_proof(&rewritten.nodes, old, 13).unwrap();
        assert!(verify_consistency(old, 13, &proof, &old_root, &rewritten.frontier.root()).is_err());
    }
}

#[test]
fn trivial_consistency_is_checked_too() {
    let (one, other) = ([1; 32], [2; 32]);
    let check = |old, new, proof: &[Hash], old_root: &Hash, new_root: &Hash| {
        verify_consistency(old, new, proof, old_root, new_root)
    };
    assert_eq!(check(0, 0, &[], &empty_root(), &empty_root()), Ok(()));
    assert_eq!(check(0, 9, &[], &empty_root(), &one), Ok(()));
    assert_eq!(check(7, 7, &[], &one, &one), Ok(()));
    assert_eq!(check(0, 9, &[], &other, &one), Err(ProofError::OldRootMismatch));
    assert_eq!(check(0, 0, &[], &empty_root(), &one), Err(ProofError::RootMismatch));
    assert_eq!(check(7, 7, &[], &one, &other), Err(ProofError::RootMismatch));
    assert_eq!(check(7, 7, &[one], &one, &one), Err(ProofError::WrongLength(1)));
    assert_eq!(check(0, 9, &[one], &empty_root(), &one), Err(ProofError::WrongLength(1)));
    assert_eq!(check(1, 2, &[], &one, &one), Err(ProofError::WrongLength(0)));
    assert_eq!(check(2, 1, &[], &one, &one), Err(ProofError::NotOlder { old: 2, new: 1 }));
    assert!(verify_inclusion(&one, 0, 0, &[], &empty_root()).is_err());
}
