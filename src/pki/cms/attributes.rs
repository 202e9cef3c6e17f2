//! The attributes of a signer: found by name, once, with one value (RFC 5652, 11; RFC 5035; RFC 6211).

use chrono::{DateTime, Utc};
use der::asn1::ObjectIdentifier;
use der::{Any, Decode, Sequence};
use spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};
use x509_cert::time::Time;

use super::super::ber::{BerError, Element, Elements, INTEGER, OCTET_STRING, OID, SEQUENCE, SET};
use super::super::certificate::Certificate;
use super::super::digest::DigestAlgorithm;
use super::CmsProblem;
use super::identity::{same_number, without_zeros};

/// An attribute that is understood, by name and identifier.
pub struct Known {
    pub name: &'static str,
    oid: ObjectIdentifier,
}

const fn known(name: &'static str, oid: &str) -> Known {
    Known { name, oid: ObjectIdentifier::new_unwrap(oid) }
}

pub const CONTENT_TYPE: Known = known("contentType", "1.2.840.113549.1.9.3");
pub const MESSAGE_DIGEST: Known = known("messageDigest", "1.2.840.113549.1.9.4");
pub const SIGNING_TIME: Known = known("signingTime", "1.2.840.113549.1.9.5");
pub const SIGNING_CERTIFICATE: Known = known("signingCertificate", "1.2.840.113549.1.9.16.2.12");
pub const SIGNING_CERTIFICATE_V2: Known = known("signingCertificateV2", "1.2.840.113549.1.9.16.2.47");
pub const ALGORITHM_PROTECTION: Known = known("cmsAlgorithmProtection", "1.2.840.113549.1.9.52");
pub const SIGNATURE_TIMESTAMP: Known = known("signatureTimeStampToken", "1.2.840.113549.1.9.16.2.14");
/// Adobe's archive of revocation data (ISO 32000-2, 12.8.3.3.2).
pub const ADBE_REVOCATION: Known = known("adbe-revocationInfoArchival", "1.2.840.113583.1.1.8");
/// CAdES (ETSI EN 319 122-1, A.1).
pub const CERTIFICATE_VALUES: Known = known("certificateValues", "1.2.840.113549.1.9.16.2.23");
pub const REVOCATION_VALUES: Known = known("revocationValues", "1.2.840.113549.1.9.16.2.24");

/// The contents of a set of attributes. Looked through anew for each question: nothing is allocated, and there are few.
#[derive(Clone, Copy)]
pub struct Attributes<'a>(&'a [u8]);

impl<'a> Attributes<'a> {
    /// Fails if any attribute is not a name with a set of values.
    pub fn of(content: &'a [u8]) -> Result<Attributes<'a>, BerError> {
        for attribute in Elements::new(content) {
            split(&attribute?)?;
        }
        Ok(Attributes(content))
    }

    /// The sets of values of every attribute of this kind.
    fn sets(self, kind: &Known) -> impl Iterator<Item = Elements<'a>> {
        let oid = kind.oid;
        let attributes = Elements::new(self.0).into_iter().filter_map(Result::ok);
        attributes
            .filter_map(|attribute| split(&attribute).ok())
            .filter(move |(name, _)| *name == oid.as_bytes())
            .map(|(_, values)| values)
    }

    /// All values of all attributes of this kind.
    pub fn values(self, kind: &Known) -> impl Iterator<Item = Element<'a>> {
        self.sets(kind).flat_map(|values| values.into_iter().filter_map(Result::ok))
    }

    /// The value of an attribute that may be there once, with one value. What is wrong is added to `problems`.
    pub fn single(self, kind: &Known, problems: &mut Vec<CmsProblem>) -> Option<Element<'a>> {
        let name = || kind.name.to_owned();
        let count = self.sets(kind).count();
        if count > 1 {
            problems.push(CmsProblem::RepeatedAttribute { name: name(), count });
        }
        let values = self.sets(kind).next()?;
        match values.into_iter().count() {
            1 => {}
            count => problems.push(CmsProblem::ValueCount { name: name(), count }),
        }
        let first = values.into_iter().next()?;
        if first.is_err() {
            problems.push(CmsProblem::UnreadableAttribute { name: name() });
        }
        first.ok()
    }

    /// As `single`, read further; a value that cannot be read is a problem of its own.
    pub fn read<T>(
        self,
        kind: &Known,
        problems: &mut Vec<CmsProblem>,
        read: impl Fn(&Element<'a>) -> Option<T>,
    ) -> Option<T> {
        let value = self.single(kind, problems)?;
        let read = read(&value);
        if read.is_none() {
            problems.push(CmsProblem::UnreadableAttribute { name: kind.name.to_owned() });
        }
        read
    }
}

/// `Attribute ::= SEQUENCE { attrType, attrValues SET }`: the name's bytes, and the values.
fn split<'a>(attribute: &Element<'a>) -> Result<(&'a [u8], Elements<'a>), BerError> {
    if attribute.tag != SEQUENCE {
        return Err(BerError::Tag(0));
    }
    let mut fields = attribute.children();
    let name = fields.expect_tag(OID)?;
    let values = fields.expect_tag(SET)?;
    fields.finish()?;
    Ok((name.content, values.children()))
}

pub fn object_identifier(value: &Element<'_>) -> Option<ObjectIdentifier> {
    ObjectIdentifier::from_der(value.raw).ok()
}

pub fn octet_string(value: &Element<'_>) -> Option<Vec<u8>> {
    let is_string = value.tag & 0x1F == OCTET_STRING && value.tag & 0xC0 == 0;
    if is_string { value.octets().ok().map(|octets| octets.into_owned()) } else { None }
}

/// `Time` of RFC 5652, 11.3.
pub fn time(value: &Element<'_>) -> Option<DateTime<Utc>> {
    let time = Time::from_der(value.raw).ok()?;
    DateTime::from_timestamp(i64::try_from(time.to_unix_duration().as_secs()).ok()?, 0)
}

/// Digest of the certificate the signer used (RFC 5035, 4 and 5): protects against another with the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EssCertId {
    /// `None` if it is not supported.
    pub digest_algorithm: Option<DigestAlgorithm>,
    pub digest: Vec<u8>,
    /// The serial number beside it, if there is one, without leading zeros.
    pub serial: Option<Vec<u8>>,
}

impl EssCertId {
    /// Whether it means this certificate; `None` if that cannot be told.
    pub fn matches(&self, certificate: &Certificate) -> Option<bool> {
        let algorithm = self.digest_algorithm?;
        let same = match algorithm {
            DigestAlgorithm::Sha256 => certificate.fingerprint().as_slice() == self.digest,
            _ => algorithm.hash(certificate.der()) == self.digest,
        };
        let serial = self.serial.as_ref();
        Some(same && serial.is_none_or(|serial| same_number(serial, certificate.serial_bytes())))
    }

    /// The first of `SigningCertificate ::= SEQUENCE { certs SEQUENCE OF ESSCertID, … }` (version 1: SHA-1).
    pub fn first_v1(value: &Element<'_>) -> Option<EssCertId> {
        let id = first_of(value)?;
        EssCertId::rest(id.children(), Some(DigestAlgorithm::Sha1))
    }

    /// The first of `SigningCertificateV2`: as version 1, after an algorithm, which is SHA-256 where it is left out.
    pub fn first_v2(value: &Element<'_>) -> Option<EssCertId> {
        let mut fields = first_of(value)?.children();
        let algorithm = match fields.optional(SEQUENCE).ok()? {
            None => Some(DigestAlgorithm::Sha256),
            Some(written) => {
                DigestAlgorithm::from_oid(&AlgorithmIdentifierRef::from_der(written.raw).ok()?.oid)
            }
        };
        EssCertId::rest(fields, algorithm)
    }

    /// `certHash Hash, issuerSerial IssuerSerial OPTIONAL`. The issuer's name adds nothing to the certificate's digest.
    fn rest(mut fields: Elements<'_>, digest_algorithm: Option<DigestAlgorithm>) -> Option<EssCertId> {
        let digest = fields.expect_tag(OCTET_STRING).ok()?.content.to_vec();
        let serial = match fields.optional(SEQUENCE).ok()? {
            None => None,
            Some(issuer_serial) => {
                let mut parts = issuer_serial.children();
                parts.expect_tag(SEQUENCE).ok()?;
                Some(without_zeros(parts.expect_tag(INTEGER).ok()?.content).to_vec())
            }
        };
        Some(EssCertId { digest_algorithm, digest, serial })
    }
}

fn first_of<'a>(value: &Element<'a>) -> Option<Element<'a>> {
    if value.tag != SEQUENCE {
        return None;
    }
    let ids = value.children().expect_tag(SEQUENCE).ok()?;
    ids.children().expect_tag(SEQUENCE).ok()
}

/// The algorithms as the signer protected them (RFC 6211).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlgorithmProtection {
    pub digest: AlgorithmIdentifierOwned,
    /// `None` where a MAC is protected, which has no place in a signature.
    pub signature: Option<AlgorithmIdentifierOwned>,
}

#[derive(Sequence)]
struct ProtectionEncoding {
    digest: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    signature: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT", optional = "true")]
    mac: Option<AlgorithmIdentifierOwned>,
}

impl AlgorithmProtection {
    pub fn of(value: &Element<'_>) -> Option<AlgorithmProtection> {
        let written = ProtectionEncoding::from_der(value.raw).ok()?;
        if written.mac.is_some() {
            return None;
        }
        Some(AlgorithmProtection { digest: written.digest, signature: written.signature })
    }

    /// Whether these are the algorithms that the signer's part names.
    pub fn agrees(&self, digest: &AlgorithmIdentifierOwned, signature: &AlgorithmIdentifierOwned) -> bool {
        same_algorithm(&self.digest, digest)
            && self.signature.as_ref().is_some_and(|own| same_algorithm(own, signature))
    }
}

/// Same name and parameters; no parameters and NULL are the same.
fn same_algorithm(one: &AlgorithmIdentifierOwned, other: &AlgorithmIdentifierOwned) -> bool {
    let parameters = |algorithm: &AlgorithmIdentifierOwned| -> Option<Any> {
        algorithm.parameters.clone().filter(|parameters| !parameters.is_null())
    };
    one.oid == other.oid && parameters(one) == parameters(other)
}
