//! Which kind of key a SubjectPublicKeyInfo holds.

use der::Decode;
use der::asn1::{ObjectIdentifier, UintRef};
use rsa::pkcs1::RsaPublicKey;
use spki::SubjectPublicKeyInfoRef;

use super::SignatureProblem;

/// A public key that can be used.
pub enum Key<'a> {
    Rsa(RsaKey<'a>),
    Ec(Curve),
    Ed25519,
    MlDsa(ModuleKey),
}

/// An RSA key as RFC 8017, A.1.1 writes it.
pub struct RsaKey<'a> {
    pub der: &'a [u8],
    pub modulus: &'a [u8],
    pub exponent: &'a [u8],
    /// Its certificate allows PSS only (RFC 4055, 1.2).
    pub pss_only: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    P256,
    P384,
    P521,
    Secp256k1,
}

/// The parameter sets of ML-DSA (FIPS 204).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModuleKey {
    MlDsa44,
    MlDsa65,
    MlDsa87,
}

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

const CURVES: [(ObjectIdentifier, Curve); 4] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), Curve::P256),
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), Curve::P384),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), Curve::P521),
    (ObjectIdentifier::new_unwrap("1.3.132.0.10"), Curve::Secp256k1),
];

const MODULE_KEYS: [(ObjectIdentifier, ModuleKey); 3] = [
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17"), ModuleKey::MlDsa44),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18"), ModuleKey::MlDsa65),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.19"), ModuleKey::MlDsa87),
];

impl<'a> Key<'a> {
    pub fn of(info: &SubjectPublicKeyInfoRef<'a>) -> Result<Key<'a>, SignatureProblem> {
        let unsupported = |key: String| SignatureProblem::UnsupportedKey { key };
        match info.algorithm.oid {
            RSA | RSA_PSS => {
                let der =
                    info.subject_public_key.as_bytes().ok_or_else(|| unsupported("unreadable RSA".into()))?;
                let key = RsaPublicKey::<UintRef<'_>>::from_der(der)
                    .map_err(|_| unsupported("unreadable RSA".into()))?;
                let (modulus, exponent) = (key.modulus.as_bytes(), key.public_exponent.as_bytes());
                Ok(Key::Rsa(RsaKey { der, modulus, exponent, pss_only: info.algorithm.oid == RSA_PSS }))
            }
            EC => {
                let named = info
                    .algorithm
                    .parameters_oid()
                    .map_err(|_| unsupported("curve without a name".into()))?;
                let curve = CURVES.iter().find(|(oid, _)| *oid == named);
                curve.map(|(_, curve)| Key::Ec(*curve)).ok_or_else(|| unsupported(format!("curve {named}")))
            }
            ED25519 => Ok(Key::Ed25519),
            oid => ModuleKey::from_oid(&oid).map(Key::MlDsa).ok_or_else(|| unsupported(oid.to_string())),
        }
    }
}

impl ModuleKey {
    pub fn from_oid(oid: &ObjectIdentifier) -> Option<ModuleKey> {
        MODULE_KEYS.iter().find(|(known, _)| known == oid).map(|(_, key)| *key)
    }
}

impl RsaKey<'_> {
    /// Length of the modulus, in bits.
    pub fn bits(&self) -> u32 {
        let leading = self.modulus.first().map_or(0, |byte| byte.leading_zeros());
        (self.modulus.len() as u32 * 8).saturating_sub(leading)
    }
}
