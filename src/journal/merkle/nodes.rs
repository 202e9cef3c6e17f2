//! How complete subtrees are addressed and read.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::iter;

use super::Hash;

/// Read access to the complete subtrees of one consistent state of the tree.
///
/// Returns what was stored for (level, index) when that subtree was completed, `None` when it never was.
/// A node read twice is the same twice. Reads are not retried: an error ends the computation.
pub trait Nodes {
    /// Why a node could not be read.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The hash of the subtree over leaves `index << level .. (index + 1) << level`.
    ///
    /// # Errors
    /// When the storage fails; a node that is not there is `Ok(None)`.
    fn node(&self, level: u8, index: u64) -> Result<Option<Hash>, Self::Error>;
}

impl<N: Nodes + ?Sized> Nodes for &N {
    type Error = N::Error;

    fn node(&self, level: u8, index: u64) -> Result<Option<Hash>, Self::Error> {
        (**self).node(level, index)
    }
}

/// A tree in memory, for verification of an extract and for tests.
impl Nodes for BTreeMap<(u8, u64), Hash> {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Option<Hash>, Infallible> {
        Ok(self.get(&(level, index)).copied())
    }
}

/// The key under which a node is stored: level as one byte, index as eight bytes big-endian, so that the
/// nodes of a level lie side by side in the order of the journal.
pub fn node_key(level: u8, index: u64) -> [u8; 9] {
    let mut key = [level; 9];
    key[1..].copy_from_slice(&index.to_be_bytes());
    key
}

/// Reads a [`node_key`] back; `None` when `key` is not nine bytes.
pub fn parse_node_key(key: &[u8]) -> Option<(u8, u64)> {
    let (&level, index) = key.split_first()?;
    Some((level, u64::from_be_bytes(index.try_into().ok()?)))
}

/// The largest complete subtrees that make up a tree of `size` leaves, from left to right: one for each set
/// bit of the size, at most 64.
pub fn peaks(size: u64) -> impl Iterator<Item = (u8, u64)> {
    peaks_between(0, size)
}

/// The same for the leaves `begin..end`, where `begin` is a multiple of a power of two that is not smaller
/// than `end - begin` (as in every split of RFC 6962); so each subtree found is aligned.
pub(super) fn peaks_between(begin: u64, end: u64) -> impl Iterator<Item = (u8, u64)> {
    let mut from = begin;
    iter::from_fn(move || {
        let level = end.checked_sub(from)?.checked_ilog2()?;
        let index = from >> level;
        from += 1 << level; // at most `end`
        Some((level as u8, index)) // below 64
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_keys_sort_by_level_then_index_and_read_back() {
        assert_eq!(node_key(3, 0x0102), [3, 0, 0, 0, 0, 0, 0, 1, 2]);
        let addresses = [(0, 0), (0, 255), (0, 256), (0, u64::MAX), (1, 0), (63, 1)];
        let keys = addresses.map(|(level, index)| node_key(level, index));
        assert!(keys.is_sorted());
        assert_eq!(keys.map(|key| parse_node_key(&key)), addresses.map(Some));
        for bad in [&[][..], &[1][..], &[0; 8][..], &[0; 10][..]] {
            assert_eq!(parse_node_key(bad), None);
        }
    }

    #[test]
    fn peaks_cover_the_tree_without_gap_or_overlap() {
        assert_eq!(peaks(0).count(), 0);
        assert_eq!(peaks(13).collect::<Vec<_>>(), [(3, 0), (2, 2), (0, 12)]);
        assert_eq!(peaks_between(8, 13).collect::<Vec<_>>(), [(2, 2), (0, 12)]);
        for size in [1, 2, 3, 1000, u64::MAX - 1, u64::MAX, 1 << 63] {
            let mut next = 0;
            for (level, index) in peaks(size) {
                assert_eq!(index << level, next);
                next += 1 << level;
            }
            assert_eq!((next, peaks(size).count()), (size, size.count_ones() as usize));
        }
    }
}
