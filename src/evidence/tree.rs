//! Hash trees (RFC 4998, section 4.2): any number of objects under one root, and the path that one of them needs.

use super::error::EvidenceError;
use crate::pki::DigestAlgorithm;

/// The hash of the node above `values` (section 4.2, steps 3 and 4): sorted, concatenated, hashed. A single value is its own
/// node.
pub fn node_of<V: AsRef<[u8]>>(algorithm: DigestAlgorithm, values: &[V]) -> Vec<u8> {
    if let [single] = values {
        return single.as_ref().to_vec();
    }
    let mut sorted: Vec<&[u8]> = values.iter().map(AsRef::as_ref).collect();
    sorted.sort_unstable();
    let mut hasher = algorithm.hasher();
    sorted.iter().for_each(|value| hasher.update(value));
    hasher.finish()
}

/// A binary hash tree. A node without a neighbour goes up as it is.
///
/// It takes two hash values of memory for each object: 64 bytes with SHA-256.
#[derive(Clone, PartialEq, Eq)]
pub struct HashTree {
    algorithm: DigestAlgorithm,
    /// Hash values one after another, from the leaves up; the last level is the root.
    levels: Vec<Vec<u8>>,
}

impl HashTree {
    /// Builds the tree over `leaves`, hash values one after another.
    ///
    /// # Errors
    /// [`EvidenceError::EmptyTree`], [`EvidenceError::HashLength`] when the last value is cut short.
    pub fn build(algorithm: DigestAlgorithm, leaves: Vec<u8>) -> Result<Self, EvidenceError> {
        let width = algorithm.size();
        if leaves.is_empty() {
            return Err(EvidenceError::EmptyTree);
        }
        if !leaves.len().is_multiple_of(width) {
            return Err(EvidenceError::HashLength { expected: width, found: leaves.len() % width });
        }
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|level| level.len() > width) {
            let mut level = Vec::with_capacity(below.len().div_ceil(2 * width) * width);
            for pair in below.chunks(2 * width) {
                match pair.split_at_checked(width) {
                    Some((left, right)) if !right.is_empty() => {
                        level.extend_from_slice(&node_of(algorithm, &[left, right]));
                    }
                    _ => level.extend_from_slice(pair),
                }
            }
            levels.push(level);
        }
        Ok(Self { algorithm, levels })
    }

    /// What is timestamped.
    pub fn root(&self) -> &[u8] {
        self.levels.last().map(Vec::as_slice).unwrap_or_default()
    }

    pub fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    /// All hash values, level by level from the leaves to the root, one after another; for whoever stores the tree.
    pub fn levels(&self) -> &[Vec<u8>] {
        &self.levels
    }

    /// Number of objects.
    pub fn leaves(&self) -> u64 {
        self.levels.first().map_or(0, |level| level.len() / self.algorithm.size()) as u64
    }

    /// The neighbours of the nodes from leaf `index` to the root, lowest first; levels where there is none are left out.
    /// `None` when there is no such leaf.
    pub fn path(&self, index: u64) -> Option<Vec<Vec<u8>>> {
        if index >= self.leaves() {
            return None;
        }
        let width = self.algorithm.size();
        let at = |level: &Vec<u8>, node: u64| {
            let start = usize::try_from(node).ok()?.checked_mul(width)?;
            level.get(start..start.checked_add(width)?).map(<[u8]>::to_vec)
        };
        let levels = self.levels.iter().enumerate();
        Some(levels.filter_map(|(height, level)| at(level, (index >> height) ^ 1)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA256: DigestAlgorithm = DigestAlgorithm::Sha256;

    fn leaves(count: usize) -> Vec<Vec<u8>> {
        (0..count).map(|i| SHA256.hash(&i.to_be_bytes())).collect()
    }

    fn climb(leaf: &[u8], path: &[Vec<u8>]) -> Vec<u8> {
        path.iter().fold(leaf.to_vec(), |node, neighbour| node_of(SHA256, &[node, neighbour.clone()]))
    }

    /// The example of section 4.2 (figure 1): two groups, the first of one document, the second of three, and a third.
    #[test]
    fn the_tree_of_the_rfc_has_the_root_and_the_lists_that_the_rfc_draws() {
        let hash = |text: &str| SHA256.hash(text.as_bytes());
        let (h1, h3) = (hash("d1"), hash("d3"));
        let group = [hash("d2a"), hash("d2b"), hash("d2c")];
        let h2abc = node_of(SHA256, &group);
        let mut sorted = group.clone();
        sorted.sort();
        assert_eq!(h2abc, SHA256.hash(&sorted.concat()));

        let tree = HashTree::build(SHA256, [h1.clone(), h2abc.clone(), h3.clone()].concat()).unwrap();
        let mut under_h12 = [h1.clone(), h2abc.clone()];
        under_h12.sort();
        let mut under_h123 = [SHA256.hash(&under_h12.concat()), h3.clone()];
        under_h123.sort();
        assert_eq!(tree.root(), SHA256.hash(&under_h123.concat()));
        assert_eq!(tree.path(0).unwrap(), [h2abc, h3.clone()]);
        assert_eq!(tree.path(1).unwrap(), [h1, h3]);
        assert_eq!(
            tree.path(2).unwrap().len(),
            1,
            "the third object has one neighbour: the node of the others"
        );
        assert_eq!(tree.path(3), None);
    }

    #[test]
    fn every_leaf_of_every_small_tree_climbs_to_the_root() {
        for count in 1..=70 {
            let leaves = leaves(count);
            let tree = HashTree::build(SHA256, leaves.concat()).unwrap();
            assert_eq!(tree.leaves(), count as u64);
            for (index, leaf) in leaves.iter().enumerate() {
                let path = tree.path(index as u64).unwrap();
                assert_eq!(climb(leaf, &path), tree.root(), "leaf {index} of {count}");
                assert!(path.len() <= 7);
            }
            let stranger = SHA256.hash(b"not in the tree");
            assert_ne!(climb(&stranger, &tree.path(0).unwrap()), tree.root());
        }
    }

    #[test]
    fn the_order_of_neighbours_does_not_matter_and_a_single_value_is_its_own_node() {
        let [a, b] = [SHA256.hash(b"a"), SHA256.hash(b"b")];
        assert_eq!(node_of(SHA256, &[&a, &b]), node_of(SHA256, &[&b, &a]));
        assert_eq!(node_of(SHA256, &[&a]), a);
        assert_ne!(node_of(SHA256, &[&a, &a]), a, "a value that occurs twice stays twice");
    }

    #[test]
    fn no_tree_is_built_over_nothing_or_over_a_cut_value() {
        assert_eq!(HashTree::build(SHA256, vec![]).err(), Some(EvidenceError::EmptyTree));
        let cut = HashTree::build(SHA256, vec![0; 33]).err();
        assert_eq!(cut, Some(EvidenceError::HashLength { expected: 32, found: 1 }));
    }
}
