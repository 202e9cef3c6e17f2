//! The digest of a file, and of its beginnings: a signature covers all of its file but itself, so what was digested once need
//! not be digested again for it.

use super::digest::{DigestAlgorithm, Hasher};

/// Bytes between two milestones, at least. What a signature has to digest itself is less than that, and what follows it.
const STRIDE: usize = 16 << 10;

/// Milestones in a file at most; each takes some two hundred bytes.
const MOST: usize = 256;

/// The SHA-256 of a file, and the state of the digest at places on the way.
pub struct Milestones {
    sha256: [u8; 32],
    /// After so many bytes; in order.
    marks: Vec<(usize, Hasher)>,
}

impl Milestones {
    /// Digests `file`, once.
    pub fn of(file: &[u8]) -> Self {
        let stride = STRIDE.max(file.len() / MOST);
        let mut hasher = DigestAlgorithm::Sha256.hasher();
        let (mut marks, mut passed) = (Vec::with_capacity(file.len() / stride), 0);
        for part in file.chunks(stride) {
            hasher.update(part);
            passed += part.len();
            marks.push((passed, hasher.clone()));
        }
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(&hasher.finish());
        Self { sha256, marks }
    }

    /// SHA-256 of the whole file.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// The last milestone within the first `length` bytes: how many of them are digested, and the digest in the making.
    pub fn within(&self, length: usize) -> Option<(usize, &Hasher)> {
        let after = self.marks.partition_point(|(passed, _)| *passed <= length);
        self.marks.get(after.checked_sub(1)?).map(|(passed, hasher)| (*passed, hasher))
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn every_beginning_digested_from_a_milestone_on_is_as_digested_from_the_start() {
        let file: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        let milestones = Milestones::of(&file);
        assert_eq!(milestones.sha256(), <[u8; 32]>::from(Sha256::digest(&file)));
        for length in [0, 1, STRIDE - 1, STRIDE, STRIDE + 1, 3 * STRIDE + 7, file.len() - 1, file.len()] {
            let (passed, hasher) = match milestones.within(length) {
                Some((passed, hasher)) => (passed, hasher.clone()),
                None => (0, DigestAlgorithm::Sha256.hasher()),
            };
            assert!(length - passed < STRIDE, "{length}");
            let mut hasher = hasher;
            hasher.update(&file[passed..length]);
            assert_eq!(hasher.finish(), Sha256::digest(&file[..length]).to_vec(), "{length}");
        }
    }

    #[test]
    fn a_file_without_bytes_has_a_digest_and_no_milestone() {
        let milestones = Milestones::of(b"");
        assert_eq!(milestones.sha256(), <[u8; 32]>::from(Sha256::digest(b"")));
        assert!(milestones.within(0).is_none());
    }

    #[test]
    fn a_huge_file_has_no_more_milestones_than_a_large_one() {
        assert!(Milestones::of(&vec![0; 40 << 20]).marks.len() <= MOST + 1);
    }
}
