//! What was read before: certificates and revocation lists that many files of one vendor carry, read and verified once.
//!
//! The key of a list is SHA-256 of all its bytes, certificates are held against theirs; and reading them gives the same whoever
//! asks and whenever. So nothing here can make an answer differ, only come sooner. What was verified is remembered by the object itself, beside the key that verified it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use super::certificate::{Certificate, PkiError};
use super::digest::DigestAlgorithm;
use super::revocation::{Crl, RevocationError};

/// Bytes kept, as they came; in memory some three times as much. When there are more, all are forgotten.
const MAX_BYTES: usize = 16 << 20;
/// Objects kept.
const MAX_OBJECTS: usize = 8192;
/// Longest object kept, in bytes: lists of large authorities are seldom inside contracts.
const MAX_OBJECT: usize = 1 << 20;

/// Bytes of a certificate by which it is found.
const TAIL: usize = 16;
/// Certificates kept that end alike.
const MAX_ALIKE: usize = 4;

/// A bounded memory, shared by all who clone the trust store that holds it.
#[derive(Default)]
pub struct Known {
    shelves: Mutex<Shelves>,
}

#[derive(Default)]
struct Shelves {
    /// By their last bytes, which are the end of a signature, and so as good as a digest unless somebody makes them alike.
    certificates: HashMap<[u8; TAIL], Vec<Certificate>>,
    /// How many there are of these.
    held: usize,
    crls: HashMap<[u8; 32], Arc<Crl>>,
    bytes: usize,
}

impl Known {
    /// Reads a certificate, or finds it.
    pub fn certificate(&self, der: &[u8]) -> Result<Certificate, PkiError> {
        let key = der.last_chunk::<TAIL>();
        let found = |shelves: &mut Shelves| {
            shelves.certificates.get(key?)?.iter().find(|known| known.der() == der).cloned()
        };
        if let Some(known) = self.with(found).flatten() {
            return Ok(known);
        }
        let read = Certificate::from_der(der)?;
        self.keep(der, |shelves| {
            let shelf = key.map(|key| shelves.certificates.entry(*key).or_default());
            if let Some(shelf) = shelf.filter(|shelf| shelf.len() < MAX_ALIKE) {
                shelf.push(read.clone());
                shelves.held += 1;
            }
        });
        Ok(read)
    }

    /// Reads a revocation list, or finds it. `key` is SHA-256 of all its bytes.
    pub(super) fn crl(&self, der: &[u8], key: [u8; 32]) -> Result<Arc<Crl>, RevocationError> {
        if let Some(known) = self.with(|shelves| shelves.crls.get(&key).cloned()).flatten() {
            return Ok(known);
        }
        let read = Arc::new(Crl::from_der(der)?);
        self.keep(der, |shelves| {
            shelves.crls.insert(key, read.clone());
        });
        Ok(read)
    }

    fn with<T>(&self, look: impl FnOnce(&mut Shelves) -> T) -> Option<T> {
        self.shelves.lock().ok().map(|mut shelves| look(&mut shelves))
    }

    fn keep(&self, der: &[u8], put: impl FnOnce(&mut Shelves)) {
        if der.len() > MAX_OBJECT {
            return;
        }
        self.with(|shelves| {
            let objects = shelves.held + shelves.crls.len();
            if objects >= MAX_OBJECTS || shelves.bytes + der.len() > MAX_BYTES {
                *shelves = Shelves::default();
            }
            shelves.bytes += der.len();
            put(shelves);
        });
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes = self.with(|shelves| (shelves.held, shelves.crls.len()));
        write!(f, "Known({sizes:?})")
    }
}

pub(super) fn digest(der: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(&DigestAlgorithm::Sha256.hash(der));
    digest
}

#[cfg(test)]
mod tests {
    use super::super::test_past;
    use super::*;

    #[test]
    fn the_same_bytes_are_the_same_object_and_others_are_not() {
        let known = Known::default();
        let (signer, root) = (test_past::certificate("signer"), test_past::certificate("root"));
        let first = known.certificate(signer.der()).unwrap();
        assert_eq!(first, signer);
        assert!(known.certificate(signer.der()).unwrap().is_shared_with(&first));
        assert_eq!(known.certificate(root.der()).unwrap(), root);
        assert!(known.certificate(b"no certificate").is_err());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let known = Known::default();
        let certificate = test_past::certificate("signer");
        for _ in 0..MAX_BYTES / MAX_OBJECT + 1 {
            known.keep(&vec![0; MAX_OBJECT], |shelves| {
                shelves.certificates.insert([7; TAIL], vec![certificate.clone()]);
            });
        }
        assert!(known.with(|shelves| shelves.bytes).unwrap() <= MAX_BYTES);
        known.keep(&vec![0; MAX_OBJECT + 1], |_| unreachable!("too long to be kept"));
    }
}
