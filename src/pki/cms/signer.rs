//! The check of one signer.

use super::{DigestAlgorithm, SignedData, Signer, SignerCheck};

pub fn check(
    _signer: &Signer,
    _signed: &SignedData,
    _digest: &dyn Fn(DigestAlgorithm) -> Vec<u8>,
) -> SignerCheck {
    SignerCheck {
        digest_matches: false,
        signature_valid: false,
        signer: None,
        problems: vec![],
        weak: vec![],
    }
}
