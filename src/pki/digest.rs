//! The digest algorithms that signatures and timestamps name, and their values.
//!
//! MD5 is absent on purpose: nothing it signed can be believed, and a signature that names it is reported as unsupported.

use std::fmt;

use aws_lc_rs::digest;
use der::asn1::ObjectIdentifier;
use serde::{Deserialize, Serialize};

/// A digest algorithm, by the names of FIPS 180-4 and FIPS 202.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DigestAlgorithm {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    #[serde(rename = "sha3-256")]
    Sha3_256,
    #[serde(rename = "sha3-384")]
    Sha3_384,
    #[serde(rename = "sha3-512")]
    Sha3_512,
}

/// Each algorithm with its object identifier (RFC 3279, RFC 4055, RFC 8702) and name.
const TABLE: [(DigestAlgorithm, ObjectIdentifier, &str); 8] = [
    (DigestAlgorithm::Sha1, ObjectIdentifier::new_unwrap("1.3.14.3.2.26"), "SHA-1"),
    (DigestAlgorithm::Sha224, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.4"), "SHA-224"),
    (DigestAlgorithm::Sha256, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1"), "SHA-256"),
    (DigestAlgorithm::Sha384, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2"), "SHA-384"),
    (DigestAlgorithm::Sha512, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3"), "SHA-512"),
    (DigestAlgorithm::Sha3_256, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.8"), "SHA3-256"),
    (DigestAlgorithm::Sha3_384, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.9"), "SHA3-384"),
    (DigestAlgorithm::Sha3_512, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.10"), "SHA3-512"),
];

impl DigestAlgorithm {
    /// The algorithm that an object identifier names; `None` for any other, MD5 included.
    pub fn from_oid(oid: &ObjectIdentifier) -> Option<DigestAlgorithm> {
        TABLE.iter().find(|(_, known, _)| known == oid).map(|(algorithm, ..)| *algorithm)
    }

    pub fn oid(self) -> ObjectIdentifier {
        TABLE[self as usize].1
    }

    /// `SHA-256`, as the standards write it.
    pub fn name(self) -> &'static str {
        TABLE[self as usize].2
    }

    /// Length of a value, in bytes.
    pub fn size(self) -> usize {
        self.fast().output_len()
    }

    /// The value of `message`.
    pub fn hash(self, message: &[u8]) -> Vec<u8> {
        digest::digest(self.fast(), message).as_ref().to_vec()
    }

    /// For messages in parts.
    pub fn hasher(self) -> Hasher {
        Hasher(digest::Context::new(self.fast()))
    }

    /// Collisions are feasible: acceptable only for what an older, stronger proof already covers.
    pub fn is_weak(self) -> bool {
        self == DigestAlgorithm::Sha1
    }

    pub(super) fn fast(self) -> &'static digest::Algorithm {
        match self {
            DigestAlgorithm::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            DigestAlgorithm::Sha224 => &digest::SHA224,
            DigestAlgorithm::Sha256 => &digest::SHA256,
            DigestAlgorithm::Sha384 => &digest::SHA384,
            DigestAlgorithm::Sha512 => &digest::SHA512,
            DigestAlgorithm::Sha3_256 => &digest::SHA3_256,
            DigestAlgorithm::Sha3_384 => &digest::SHA3_384,
            DigestAlgorithm::Sha3_512 => &digest::SHA3_512,
        }
    }
}

impl fmt::Display for DigestAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A digest value in the making.
#[derive(Clone)]
pub struct Hasher(digest::Context);

impl Hasher {
    pub fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    pub fn finish(self) -> Vec<u8> {
        self.0.finish().as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [DigestAlgorithm; 8] = [
        DigestAlgorithm::Sha1,
        DigestAlgorithm::Sha224,
        DigestAlgorithm::Sha256,
        DigestAlgorithm::Sha384,
        DigestAlgorithm::Sha512,
        DigestAlgorithm::Sha3_256,
        DigestAlgorithm::Sha3_384,
        DigestAlgorithm::Sha3_512,
    ];

    #[test]
    fn the_table_is_in_the_order_of_the_algorithms() {
        for algorithm in ALL {
            assert_eq!(TABLE[algorithm as usize].0, algorithm);
            assert_eq!(DigestAlgorithm::from_oid(&algorithm.oid()), Some(algorithm));
        }
        assert_eq!(DigestAlgorithm::from_oid(&ObjectIdentifier::new_unwrap("1.2.840.113549.2.5")), None);
    }

    #[test]
    fn another_library_finds_the_same_values() {
        use sha2::Digest as _;
        let message = b"kept for ten years".repeat(99);
        assert_eq!(DigestAlgorithm::Sha1.hash(&message), sha1::Sha1::digest(&message).to_vec());
        assert_eq!(DigestAlgorithm::Sha224.hash(&message), sha2::Sha224::digest(&message).to_vec());
        assert_eq!(DigestAlgorithm::Sha256.hash(&message), sha2::Sha256::digest(&message).to_vec());
        assert_eq!(DigestAlgorithm::Sha384.hash(&message), sha2::Sha384::digest(&message).to_vec());
        assert_eq!(DigestAlgorithm::Sha512.hash(&message), sha2::Sha512::digest(&message).to_vec());
        assert_eq!(DigestAlgorithm::Sha3_256.hash(&message), sha3::Sha3_256::digest(&message).to_vec());
        assert_eq!(DigestAlgorithm::Sha3_384.hash(&message), sha3::Sha3_384::digest(&message).to_vec());
        assert_eq!(DigestAlgorithm::Sha3_512.hash(&message), sha3::Sha3_512::digest(&message).to_vec());
    }

    #[test]
    fn parts_have_the_value_of_the_whole() {
        for algorithm in ALL {
            let mut hasher = algorithm.hasher();
            hasher.update(b"of ");
            hasher.update(b"parts");
            assert_eq!(hasher.finish(), algorithm.hash(b"of parts"));
            assert_eq!(algorithm.hash(b"").len(), algorithm.size());
        }
    }
}
