//! One signature under one public key: does the mathematics hold? (RFC 3279, 4055, 5758, 8410, 8702, 9881)

use serde::Serialize;
use spki::AlgorithmIdentifierOwned;

use super::digest::DigestAlgorithm;

/// What was signed.
#[derive(Debug, Clone, Copy)]
pub enum Message<'a> {
    /// The bytes themselves.
    Bytes(&'a [u8]),
    /// Only their digest is at hand, made with this algorithm. Ed25519 and ML-DSA cannot be verified so.
    Digest(DigestAlgorithm, &'a [u8]),
}

/// Why a signature does not hold, or cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "problem")]
pub enum SignatureProblem {
    #[error("the signature does not belong to these bytes and this key")]
    Mismatch,
    #[error("the signature algorithm {oid} is not supported")]
    UnsupportedAlgorithm { oid: String },
    #[error("the digest algorithm {oid} is not supported")]
    UnsupportedDigest { oid: String },
    #[error("the public key ({key}) is not supported")]
    UnsupportedKey { key: String },
    #[error("the key and the signature algorithm do not belong together")]
    KeyMismatch,
    #[error("the parameters of the signature algorithm cannot be read")]
    BadParameters,
    #[error("this algorithm signs the content itself, and only its digest is at hand")]
    NeedsContent,
}

/// What holds today but may be forged one day, or already can.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case", tag = "weakness")]
pub enum Weakness {
    Digest { algorithm: DigestAlgorithm },
    RsaKey { bits: u32 },
}

/// Verifies one signature. `spki` is the DER of SubjectPublicKeyInfo; `digest_hint` is used where the algorithm names no
/// digest (`rsaEncryption` in CMS).
pub fn verify(
    _spki: &[u8],
    _algorithm: &AlgorithmIdentifierOwned,
    _digest_hint: Option<DigestAlgorithm>,
    _message: Message<'_>,
    _signature: &[u8],
) -> Result<(), SignatureProblem> {
    Err(SignatureProblem::Mismatch)
}
