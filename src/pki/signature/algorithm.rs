//! Which scheme an AlgorithmIdentifier means, with its parameters.

use der::Sequence;
use der::asn1::ObjectIdentifier;
use spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};

use super::super::digest::DigestAlgorithm;
use super::SignatureProblem;
use super::key::{Key, ModuleKey};

/// A way of signing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    RsaPkcs1(DigestAlgorithm),
    RsaPss(PssParams),
    Ecdsa(DigestAlgorithm),
    Ed25519,
    MlDsa(ModuleKey),
}

/// RSASSA-PSS with its parameters (RFC 8017, A.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PssParams {
    pub digest: DigestAlgorithm,
    /// Digest of the mask generation function; usually the same.
    pub mask_digest: DigestAlgorithm,
    /// In bytes.
    pub salt_len: u16,
}

/// `RSASSA-PSS-params` as it is written. Fields left out have their defaults: SHA-1, MGF1 with SHA-1, 20, 1.
#[derive(Sequence)]
struct PssEncoding<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    hash: Option<AlgorithmIdentifierRef<'a>>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    mask: Option<AlgorithmIdentifierRef<'a>>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    salt_len: Option<u16>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    trailer: Option<u8>,
}

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// ecdsa-with-Recommended and ecdsa-with-Specified (ANSI X9.62): the digest is named elsewhere.
const ECDSA_UNNAMED: [ObjectIdentifier; 2] =
    [ObjectIdentifier::new_unwrap("1.2.840.10045.4.2"), ObjectIdentifier::new_unwrap("1.2.840.10045.4.3")];

/// RSA PKCS#1 v1.5 with its digest (RFC 8017, 8702; the first is OIW's).
const RSA: [(ObjectIdentifier, DigestAlgorithm); 9] = [
    (ObjectIdentifier::new_unwrap("1.3.14.3.2.29"), DigestAlgorithm::Sha1),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.5"), DigestAlgorithm::Sha1),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.14"), DigestAlgorithm::Sha224),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11"), DigestAlgorithm::Sha256),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12"), DigestAlgorithm::Sha384),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13"), DigestAlgorithm::Sha512),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.14"), DigestAlgorithm::Sha3_256),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.15"), DigestAlgorithm::Sha3_384),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.16"), DigestAlgorithm::Sha3_512),
];

/// ECDSA with its digest (RFC 5758, NIST).
const ECDSA: [(ObjectIdentifier, DigestAlgorithm); 8] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.1"), DigestAlgorithm::Sha1),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.1"), DigestAlgorithm::Sha224),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"), DigestAlgorithm::Sha256),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3"), DigestAlgorithm::Sha384),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4"), DigestAlgorithm::Sha512),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.10"), DigestAlgorithm::Sha3_256),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.11"), DigestAlgorithm::Sha3_384),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.12"), DigestAlgorithm::Sha3_512),
];

impl Scheme {
    /// The scheme an identifier names. `hint` is the digest where it names none; `key` decides where it names only a key.
    pub fn of(
        algorithm: &AlgorithmIdentifierOwned,
        hint: Option<DigestAlgorithm>,
        key: &Key<'_>,
    ) -> Result<Scheme, SignatureProblem> {
        let unsupported = || SignatureProblem::UnsupportedAlgorithm { oid: algorithm.oid.to_string() };
        let hinted = || hint.ok_or_else(unsupported);
        let oid = &algorithm.oid;
        if let Some(digest) = known(&RSA, oid) {
            return Ok(Scheme::RsaPkcs1(digest));
        }
        if let Some(digest) = known(&ECDSA, oid) {
            return Ok(Scheme::Ecdsa(digest));
        }
        if let Some(named) = ModuleKey::from_oid(oid) {
            return Ok(Scheme::MlDsa(named));
        }
        match *oid {
            RSA_ENCRYPTION => Ok(Scheme::RsaPkcs1(hinted()?)),
            RSA_PSS => PssParams::of(algorithm).map(Scheme::RsaPss),
            ED25519 => Ok(Scheme::Ed25519),
            EC_PUBLIC_KEY => Ok(Scheme::Ecdsa(hinted()?)),
            _ if ECDSA_UNNAMED.contains(oid) => Ok(Scheme::Ecdsa(hinted()?)),
            // Some writers name the digest where the signature algorithm belongs.
            _ if DigestAlgorithm::from_oid(oid).is_some() && matches!(key, Key::Rsa(_)) => {
                Ok(Scheme::RsaPkcs1(hinted()?))
            }
            _ => Err(unsupported()),
        }
    }

    pub fn digest(&self) -> Option<DigestAlgorithm> {
        match self {
            Scheme::RsaPkcs1(digest) | Scheme::Ecdsa(digest) => Some(*digest),
            Scheme::RsaPss(params) => Some(params.digest),
            Scheme::Ed25519 | Scheme::MlDsa(_) => None,
        }
    }
}

/// The digest that the identifier itself fixes.
pub fn own_digest(algorithm: &AlgorithmIdentifierOwned) -> Option<DigestAlgorithm> {
    if algorithm.oid == RSA_PSS {
        return PssParams::of(algorithm).ok().map(|params| params.digest);
    }
    known(&RSA, &algorithm.oid).or_else(|| known(&ECDSA, &algorithm.oid))
}

fn known(table: &[(ObjectIdentifier, DigestAlgorithm)], oid: &ObjectIdentifier) -> Option<DigestAlgorithm> {
    table.iter().find(|(known, _)| known == oid).map(|(_, digest)| *digest)
}

impl PssParams {
    fn of(algorithm: &AlgorithmIdentifierOwned) -> Result<PssParams, SignatureProblem> {
        let written = algorithm.parameters.as_ref().ok_or(SignatureProblem::BadParameters)?;
        let written: PssEncoding<'_> = written.decode_as().map_err(|_| SignatureProblem::BadParameters)?;
        let digest = written.hash.as_ref().map_or(Ok(DigestAlgorithm::Sha1), digest_named)?;
        let mask_digest = match &written.mask {
            None => DigestAlgorithm::Sha1,
            Some(mask) if mask.oid == MGF1 => {
                let inner = mask.parameters.ok_or(SignatureProblem::BadParameters)?;
                digest_named(&inner.decode_as().map_err(|_| SignatureProblem::BadParameters)?)?
            }
            Some(mask) => return Err(SignatureProblem::UnsupportedAlgorithm { oid: mask.oid.to_string() }),
        };
        if written.trailer.is_some_and(|trailer| trailer != 1) {
            return Err(SignatureProblem::BadParameters);
        }
        Ok(PssParams { digest, mask_digest, salt_len: written.salt_len.unwrap_or(20) })
    }
}

fn digest_named(algorithm: &AlgorithmIdentifierRef<'_>) -> Result<DigestAlgorithm, SignatureProblem> {
    DigestAlgorithm::from_oid(&algorithm.oid)
        .ok_or_else(|| SignatureProblem::UnsupportedDigest { oid: algorithm.oid.to_string() })
}
