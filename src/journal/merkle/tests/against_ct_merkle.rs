//! Roots and proofs against the crate ct-merkle, which shares nothing with ours but the RFC.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use sha2::Sha256;

use super::*;

const SIZES: u64 = 70;

fn theirs(size: u64) -> MemoryBackedTree<Sha256, [u8; 8]> {
    let mut tree = MemoryBackedTree::new();
    (0..size).for_each(|number| tree.push(number.to_be_bytes()));
    tree
}

fn their_root(root: Hash, size: u64) -> RootHash<Sha256> {
    RootHash::new(root.into(), size)
}

#[test]
fn roots_and_inclusion_proofs_agree_and_each_accepts_the_others() {
    let ours = Tree::counting(SIZES);
    for size in 1..=SIZES {
        let theirs = theirs(size);
        let root = root_at(&ours.nodes, size).unwrap();
        assert_eq!(theirs.root(), their_root(root, size));
        for seq in 0..size {
            let proof = inclusion_proof(&ours.nodes, seq, size).unwrap();
            assert_eq!(theirs.prove_inclusion(seq as usize).as_bytes(), proof.concat(), "{seq} in {size}");
            let as_theirs = InclusionProof::try_from_bytes(proof.concat()).unwrap();
            theirs.root().verify_inclusion(&seq.to_be_bytes(), seq, &as_theirs).unwrap();
        }
    }
}

#[test]
fn consistency_proofs_agree_and_each_accepts_the_others() {
    let ours = Tree::counting(SIZES);
    for new in 1..=SIZES {
        let theirs = theirs(new);
        for old in 1..new {
            let proof = consistency_proof(&ours.nodes, old, new).unwrap();
            assert_eq!(
                theirs.prove_consistency((new - old) as usize).as_bytes(),
                proof.concat(),
                "{old} to {new}"
            );
            let as_theirs = ConsistencyProof::try_from_bytes(proof.concat()).unwrap();
            let old_root = their_root(root_at(&ours.nodes, old).unwrap(), old);
            theirs.root().verify_consistency(&old_root, &as_theirs).unwrap();
        }
    }
}
