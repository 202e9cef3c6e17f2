//! One signature under one public key: does the mathematics hold? (RFC 8017, 5480, 5758, 8410, 8702, 9881)
//!
//! AWS-LC does the work wherever it knows the combination, which is nearly always; `rsa` does the rest. Digests are made
//! once, by the caller or here.

mod algorithm;
mod key;
mod rsa;

use std::sync::OnceLock;

use aws_lc_rs::digest::Digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256K1_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1,
    ED25519, EcdsaVerificationAlgorithm, ML_DSA_44, ML_DSA_65, ML_DSA_87, ParsedPublicKey, RsaParameters,
    UnparsedPublicKey,
};
use der::Decode;
use serde::Serialize;
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoRef};

use super::certificate::Certificate;
use super::digest::DigestAlgorithm;
use algorithm::Scheme;
use key::{Curve, Key, ModuleKey};

pub use algorithm::PssParams;

/// Shortest RSA key that is not weak, in bits (CRYPTREC and NIST SP 800-131A).
const STRONG_RSA: u32 = 2048;

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
    /// Two documents with the same digest can be made.
    Digest { algorithm: DigestAlgorithm },
    /// The key is short enough to be broken.
    RsaKey { bits: u32 },
}

/// A public key made ready by AWS-LC, for the parameters it was first used with.
#[derive(Default)]
pub struct Verifier(OnceLock<(&'static RsaParameters, Option<ParsedPublicKey>)>);

/// Verifies one signature by the key of a certificate; see [`verify`].
pub fn verify_by(
    signer: &Certificate,
    algorithm: &AlgorithmIdentifierOwned,
    digest_hint: Option<DigestAlgorithm>,
    message: Message<'_>,
    signature: &[u8],
) -> Result<(), SignatureProblem> {
    let ready = Some(signer.verifier());
    verify_ready(signer.spki_der(), ready, algorithm, digest_hint, message, signature)
}

/// Verifies one signature. `spki` is the DER of SubjectPublicKeyInfo; `digest_hint` is used where the algorithm names no
/// digest (`rsaEncryption` in CMS).
///
/// Errors say whether the signature is false (`Mismatch`) or could not be judged (everything else).
pub fn verify(
    spki: &[u8],
    algorithm: &AlgorithmIdentifierOwned,
    digest_hint: Option<DigestAlgorithm>,
    message: Message<'_>,
    signature: &[u8],
) -> Result<(), SignatureProblem> {
    verify_ready(spki, None, algorithm, digest_hint, message, signature)
}

fn verify_ready(
    spki: &[u8],
    ready: Option<&Verifier>,
    algorithm: &AlgorithmIdentifierOwned,
    digest_hint: Option<DigestAlgorithm>,
    message: Message<'_>,
    signature: &[u8],
) -> Result<(), SignatureProblem> {
    let info = SubjectPublicKeyInfoRef::from_der(spki)
        .map_err(|_| SignatureProblem::UnsupportedKey { key: "unreadable".into() })?;
    let key = Key::of(&info)?;
    match (Scheme::of(algorithm, digest_hint, &key)?, key) {
        (Scheme::RsaPkcs1(digest), Key::Rsa(key)) if !key.pss_only => {
            rsa::pkcs1(&key, ready, digest, &digest_of(message, digest)?, signature)
        }
        (Scheme::RsaPss(scheme), Key::Rsa(key)) => {
            rsa::pss(&key, ready, &scheme, &digest_of(message, scheme.digest)?, signature)
        }
        (Scheme::Ecdsa(digest), Key::Ec(curve)) => {
            ecdsa(spki, curve, &digest_of(message, digest)?, signature)
        }
        (Scheme::Ed25519, Key::Ed25519) => whole(UnparsedPublicKey::new(&ED25519, spki), message, signature),
        (Scheme::MlDsa(named), Key::MlDsa(own)) if named == own => {
            let algorithm = match own {
                ModuleKey::MlDsa44 => &ML_DSA_44,
                ModuleKey::MlDsa65 => &ML_DSA_65,
                ModuleKey::MlDsa87 => &ML_DSA_87,
            };
            whole(UnparsedPublicKey::new(algorithm, spki), message, signature)
        }
        _ => Err(SignatureProblem::KeyMismatch),
    }
}

/// What is weak in a signature by this key and algorithm, whether or not it holds.
pub fn weaknesses(
    spki: &[u8],
    algorithm: &AlgorithmIdentifierOwned,
    digest_hint: Option<DigestAlgorithm>,
) -> Vec<Weakness> {
    let mut found = Vec::new();
    let info = SubjectPublicKeyInfoRef::from_der(spki);
    let Some(key) = info.as_ref().ok().and_then(|info| Key::of(info).ok()) else { return found };
    if let Key::Rsa(key) = &key
        && key.bits() < STRONG_RSA
    {
        found.push(Weakness::RsaKey { bits: key.bits() });
    }
    let digest = Scheme::of(algorithm, digest_hint, &key).ok().and_then(|scheme| scheme.digest());
    if let Some(algorithm) = digest.filter(|digest| digest.is_weak()) {
        found.push(Weakness::Digest { algorithm });
    }
    found
}

/// The digest algorithm that a signature algorithm brings with it; `None` where it has none, or is unknown.
pub fn own_digest(algorithm: &AlgorithmIdentifierOwned) -> Option<DigestAlgorithm> {
    algorithm::own_digest(algorithm)
}

fn digest_of(message: Message<'_>, wanted: DigestAlgorithm) -> Result<Vec<u8>, SignatureProblem> {
    match message {
        Message::Bytes(bytes) => Ok(wanted.hash(bytes)),
        Message::Digest(algorithm, value) if algorithm == wanted && value.len() == wanted.size() => {
            Ok(value.to_vec())
        }
        Message::Digest(..) => Err(SignatureProblem::NeedsContent),
    }
}

/// Algorithms that take the message itself.
fn whole(
    key: UnparsedPublicKey<&[u8]>,
    message: Message<'_>,
    signature: &[u8],
) -> Result<(), SignatureProblem> {
    let Message::Bytes(bytes) = message else { return Err(SignatureProblem::NeedsContent) };
    key.verify(bytes, signature).map_err(|_| SignatureProblem::Mismatch)
}

/// ECDSA with any digest: only the leftmost bits of its value count, as many as the curve's order has (FIPS 186-5, 6.4.2).
/// So the value is cut, or zeros are put before it, to the length that AWS-LC has a name for.
fn ecdsa(spki: &[u8], curve: Curve, digest: &[u8], signature: &[u8]) -> Result<(), SignatureProblem> {
    let (algorithm, fitting): (&'static EcdsaVerificationAlgorithm, _) = match curve {
        Curve::P256 => (&ECDSA_P256_SHA256_ASN1, DigestAlgorithm::Sha256),
        Curve::P384 => (&ECDSA_P384_SHA384_ASN1, DigestAlgorithm::Sha384),
        Curve::P521 => (&ECDSA_P521_SHA512_ASN1, DigestAlgorithm::Sha512),
        Curve::Secp256k1 => (&ECDSA_P256K1_SHA256_ASN1, DigestAlgorithm::Sha256),
    };
    let mut value = vec![0; fitting.size().saturating_sub(digest.len())];
    value.extend(digest.iter().take(fitting.size()));
    let digest = Digest::import_less_safe(&value, fitting.fast()).map_err(|_| SignatureProblem::Mismatch)?;
    UnparsedPublicKey::new(algorithm, spki)
        .verify_digest(&digest, signature)
        .map_err(|_| SignatureProblem::Mismatch)
}
