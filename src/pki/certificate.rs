//! An X.509 certificate: read once, its bytes kept as they came, cheap to share (RFC 5280).

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use der::Decode;
use der::asn1::ObjectIdentifier;
use spki::AlgorithmIdentifierOwned;
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier};

use super::ber::{self, CONTEXT_0, Elements, INTEGER, SEQUENCE};
use super::digest::DigestAlgorithm;
use super::name;
use super::signature::Verifier;

/// Longest certificate, in bytes. Real ones have 1 to 4 KB, 20 KB with post-quantum keys.
const MAX_CERTIFICATE: usize = 256 << 10;
/// Most parts of a name, and most extensions. Real ones have fewer than 20; each takes up to 400 bytes in memory, so that a
/// certificate takes 3 times its bytes and at most 200 KB more.
const MAX_PARTS: usize = 128;

/// `extensions [3] EXPLICIT`.
const EXTENSIONS: u8 = 0xA3;

/// Why bytes are not a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PkiError {
    #[error("the certificate cannot be read: {0}")]
    Certificate(String),
    #[error("the certificate has {0} bytes; more than 256 KiB are not read")]
    TooLarge(usize),
}

impl From<ber::BerError> for PkiError {
    fn from(error: ber::BerError) -> PkiError {
        PkiError::Certificate(error.to_string())
    }
}

impl From<der::Error> for PkiError {
    fn from(error: der::Error) -> PkiError {
        PkiError::Certificate(error.to_string())
    }
}

/// The extension that says what a key may be used for (RFC 5280, 4.2.1.12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendedKeyUsages {
    pub critical: bool,
    pub oids: Vec<ObjectIdentifier>,
}

/// A certificate. Cloning shares it; two are equal when all their bytes are.
#[derive(Clone)]
pub struct Certificate(Arc<Parts>);

struct Parts {
    der: Vec<u8>,
    inner: CertificateInner<Raw>,
    tbs: Range<usize>,
    issuer: Range<usize>,
    subject: Range<usize>,
    spki: Range<usize>,
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
    fingerprint: OnceLock<[u8; 32]>,
    issuer_key: OnceLock<String>,
    subject_key: OnceLock<String>,
    issuer_text: OnceLock<String>,
    subject_text: OnceLock<String>,
    display_name: OnceLock<String>,
    key_sha1: OnceLock<Vec<u8>>,
    accredited: OnceLock<Option<usize>>,
    verifier: Verifier,
}

impl Certificate {
    /// Reads a certificate. Serial numbers may be negative or long, as old authorities wrote them.
    pub fn from_der(der: &[u8]) -> Result<Certificate, PkiError> {
        if der.len() > MAX_CERTIFICATE {
            return Err(PkiError::TooLarge(der.len()));
        }
        let [tbs, issuer, subject, spki] = spans(der)?;
        let inner = CertificateInner::<Raw>::from_der(der)?;
        let validity = inner.tbs_certificate().validity();
        let (not_before, not_after) = (time(&validity.not_before)?, time(&validity.not_after)?);
        let der = der.to_vec();
        Ok(Certificate(Arc::new(Parts {
            der,
            inner,
            tbs,
            issuer,
            subject,
            spki,
            not_before,
            not_after,
            fingerprint: OnceLock::new(),
            issuer_key: OnceLock::new(),
            subject_key: OnceLock::new(),
            issuer_text: OnceLock::new(),
            subject_text: OnceLock::new(),
            display_name: OnceLock::new(),
            key_sha1: OnceLock::new(),
            accredited: OnceLock::new(),
            verifier: Verifier::default(),
        })))
    }

    /// The bytes it was read from.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The part that the issuer signed, byte for byte.
    pub fn tbs_der(&self) -> &[u8] {
        &self.0.der[self.0.tbs.clone()]
    }

    /// The issuer's name, byte for byte.
    pub fn issuer_der(&self) -> &[u8] {
        &self.0.der[self.0.issuer.clone()]
    }

    /// The subject's name, byte for byte.
    pub fn subject_der(&self) -> &[u8] {
        &self.0.der[self.0.subject.clone()]
    }

    /// The public key with its algorithm (SubjectPublicKeyInfo), byte for byte.
    pub fn spki_der(&self) -> &[u8] {
        &self.0.der[self.0.spki.clone()]
    }

    /// The bits of the public key, without tag, length and count of unused bits.
    pub fn public_key(&self) -> &[u8] {
        self.inner().tbs_certificate().subject_public_key_info().subject_public_key.raw_bytes()
    }

    /// SHA-1 of the public key: how OCSP names whose key it is (RFC 6960, 4.1.1 and 4.2.1).
    pub(super) fn key_sha1(&self) -> &[u8] {
        self.0.key_sha1.get_or_init(|| DigestAlgorithm::Sha1.hash(self.public_key()))
    }

    /// SHA-256 of all bytes.
    pub fn fingerprint(&self) -> [u8; 32] {
        *self.0.fingerprint.get_or_init(|| {
            let mut value = [0; 32];
            value.copy_from_slice(&DigestAlgorithm::Sha256.hash(&self.0.der));
            value
        })
    }

    /// The subject's name as RFC 4514 writes it.
    pub fn subject(&self) -> String {
        let text = || name::to_text(self.inner().tbs_certificate().subject());
        self.0.subject_text.get_or_init(text).clone()
    }

    /// The issuer's name as RFC 4514 writes it.
    pub fn issuer(&self) -> String {
        let text = || name::to_text(self.inner().tbs_certificate().issuer());
        self.0.issuer_text.get_or_init(text).clone()
    }

    /// The subject's name as names are looked up.
    pub(super) fn subject_key(&self) -> &str {
        self.0.subject_key.get_or_init(|| name::key(&self.subject()))
    }

    /// The issuer's name as names are looked up.
    pub(super) fn issuer_key(&self) -> &str {
        self.0.issuer_key.get_or_init(|| name::key(&self.issuer()))
    }

    /// The public key, made ready once.
    pub(super) fn verifier(&self) -> &Verifier {
        &self.0.verifier
    }

    /// Where on the list of accredited authorities it is, once `accredited` has looked.
    pub(super) fn accredited(&self) -> &OnceLock<Option<usize>> {
        &self.0.accredited
    }

    #[cfg(test)]
    pub(super) fn is_shared_with(&self, other: &Certificate) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub fn common_name(&self) -> Option<String> {
        name::common_name(self.inner().tbs_certificate().subject())
    }

    /// What to call the subject: common name, else organisation, else the whole name.
    pub fn display_name(&self) -> String {
        let name = || {
            let subject = self.inner().tbs_certificate().subject();
            name::common_name(subject)
                .or_else(|| name::organisation(subject))
                .unwrap_or_else(|| self.subject())
        };
        self.0.display_name.get_or_init(name).clone()
    }

    /// The serial number in lower-case hexadecimal, as its bytes are.
    pub fn serial(&self) -> String {
        name::hex(self.serial_bytes())
    }

    pub fn serial_bytes(&self) -> &[u8] {
        self.inner().tbs_certificate().serial_number().as_bytes()
    }

    pub fn not_before(&self) -> DateTime<Utc> {
        self.0.not_before
    }

    pub fn not_after(&self) -> DateTime<Utc> {
        self.0.not_after
    }

    /// Whether `at` lies within the validity, both ends included.
    pub fn is_valid_at(&self, at: DateTime<Utc>) -> bool {
        self.not_before() <= at && at <= self.not_after()
    }

    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.extension::<KeyUsage>().map(|(_, usage)| usage)
    }

    /// The purposes of the key; `None` where the certificate names none.
    pub fn extended_key_usage(&self) -> Option<ExtendedKeyUsages> {
        self.extension::<ExtendedKeyUsage>()
            .map(|(critical, usage)| ExtendedKeyUsages { critical, oids: usage.0 })
    }

    /// Whether it says of itself that it is an authority's (basic constraints).
    pub fn is_ca(&self) -> bool {
        self.extension::<BasicConstraints>().is_some_and(|(_, constraints)| constraints.ca)
    }

    pub fn subject_key_id(&self) -> Option<Vec<u8>> {
        self.extension::<SubjectKeyIdentifier>().map(|(_, id)| id.0.as_bytes().to_vec())
    }

    /// Issuer and subject have the same name. Says nothing about the signature.
    pub fn is_self_issued(&self) -> bool {
        self.issuer_der() == self.subject_der()
    }

    /// The algorithm of the issuer's signature.
    pub fn signature_algorithm(&self) -> &AlgorithmIdentifierOwned {
        self.inner().signature_algorithm()
    }

    /// The issuer's signature over `tbs_der`.
    pub fn signature(&self) -> &[u8] {
        self.inner().signature().raw_bytes()
    }

    /// The parsed form.
    pub fn inner(&self) -> &CertificateInner<Raw> {
        &self.0.inner
    }

    /// An extension, if it is there once and can be read.
    fn extension<'a, T>(&'a self) -> Option<(bool, T)>
    where
        T: Decode<'a> + const_oid::AssociatedOid,
    {
        self.inner().tbs_certificate().get_extension::<T>().ok().flatten()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Certificate) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.der() == other.der()
    }
}

impl Eq for Certificate {}

impl std::hash::Hash for Certificate {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.der().hash(state);
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({}, serial {})", self.subject(), self.serial())
    }
}

fn time(time: &x509_cert::time::Time) -> Result<DateTime<Utc>, PkiError> {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).ok();
    let time = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    time.ok_or_else(|| PkiError::Certificate("a time of its validity is out of range".into()))
}

/// Where the signed part, issuer, subject and public key lie (RFC 5280, 4.1). Looks first whether it is worth parsing.
fn spans(der: &[u8]) -> Result<[Range<usize>; 4], PkiError> {
    let whole = Elements::new(der).expect_tag(SEQUENCE)?;
    let tbs = whole.children().expect_tag(SEQUENCE)?;
    let mut fields = tbs.children();
    fields.optional(CONTEXT_0)?;
    fields.expect_tag(INTEGER)?;
    fields.expect_tag(SEQUENCE)?;
    let issuer = fields.expect_tag(SEQUENCE)?;
    fields.expect_tag(SEQUENCE)?;
    let subject = fields.expect_tag(SEQUENCE)?;
    let spki = fields.expect_tag(SEQUENCE)?;
    let mut crowded = name_parts(&issuer) > MAX_PARTS || name_parts(&subject) > MAX_PARTS;
    for field in fields {
        let field = field?;
        if field.tag == EXTENSIONS {
            let list = field.children().expect_tag(SEQUENCE)?;
            crowded |= list.children().into_iter().nth(MAX_PARTS).is_some();
        }
    }
    if crowded {
        return Err(PkiError::Certificate("it has more names or extensions than are read".into()));
    }
    let span = |part: &[u8]| {
        let start = part.as_ptr().addr() - der.as_ptr().addr();
        start..start + part.len()
    };
    Ok([span(tbs.raw), span(issuer.raw), span(subject.raw), span(spki.raw)])
}

/// Attributes of a name, counted up to just above the limit.
fn name_parts(name: &ber::Element<'_>) -> usize {
    let sets = name.children().into_iter().take(MAX_PARTS + 1).filter_map(Result::ok);
    sets.map(|set| 1.max(set.children().into_iter().take(MAX_PARTS + 1).count())).sum()
}
