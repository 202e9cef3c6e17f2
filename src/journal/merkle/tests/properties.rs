//! Properties over random trees, and totality over random garbage.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn any_entry_of_any_tree_is_provable_at_any_later_size(
        entries in vec(vec(any::<u8>(), 0..20), 1..300),
        a in any::<prop::sample::Index>(),
        b in any::<prop::sample::Index>(),
    ) {
        let tree = Tree::of(&entries);
        let (a, b) = (a.index(entries.len()), b.index(entries.len()));
        let (seq, size) = (a.min(b) as u64, a.max(b) as u64 + 1);
        let root = root_at(&tree.nodes, size).unwrap();
        prop_assert_eq!(root, naive_root(&tree.leaves[..size as usize]));
        let proof = inclusion_proof(&tree.nodes, seq, size).unwrap();
        let leaf = leaf_hash(&entries[seq as usize]);
        prop_assert_eq!(verify_inclusion(&leaf, seq, size, &proof, &root), Ok(()));
        let proof = consistency_proof(&tree.nodes, seq, size).unwrap();
        let old_root = root_at(&tree.nodes, seq).unwrap();
        prop_assert_eq!(verify_consistency(seq, size, &proof, &old_root, &root), Ok(()));
    }

    #[test]
    fn garbage_is_rejected_without_panic(
        a in any::<u64>(),
        b in any::<u64>(),
        proof in vec(any::<Hash>(), 0..70),
        x in any::<Hash>(),
        y in any::<Hash>(),
    ) {
        prop_assert!(verify_inclusion(&x, a, b, &proof, &y).is_err());
        prop_assert!(verify_consistency(a, b, &proof, &x, &y).is_err());
        for near in [0, 1, u64::MAX / 2, u64::MAX / 2 + 1, u64::MAX - 1, u64::MAX] {
            prop_assert!(verify_inclusion(&x, near, b, &proof, &y).is_err());
            prop_assert!(verify_inclusion(&x, a, near, &proof, &y).is_err());
            let (old, new) = (a.min(near).max(1), a.max(near));
            prop_assert!(verify_consistency(old, new, &proof, &x, &y).is_err());
        }
    }
}
