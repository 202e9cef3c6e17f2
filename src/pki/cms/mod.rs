//! CMS SignedData as PDF files hold it: read from real `/Contents`, and each signer checked (RFC 5652, ETSI EN 319 122-1).
//!
//! Bounds: input of 64 MiB; memory at most 8 times the input (4 while it is made definite, 4 for what is kept) and 200 KB for
//! each certificate. The first 1,000 certificates are tried, of at most 256 KiB each; 1,000 revocation lists, 1,000 OCSP
//! answers, 64 timestamps and 16 signers are kept. Time is linear in the input.

mod attributes;
mod check;
mod error;
mod identity;
mod parse;
mod pdf_kinds;
mod revocation;

use chrono::{DateTime, Utc};
use der::asn1::ObjectIdentifier;
use spki::AlgorithmIdentifierOwned;

pub use attributes::{AlgorithmProtection, EssCertId};
pub use error::{CmsError, CmsProblem, ProblemKind};
pub use identity::SignerIdentifier;
pub use pdf_kinds::{RawSignature, check_detached, check_pkcs7_sha1, check_rsa_sha1};

use super::certificate::Certificate;
use super::digest::DigestAlgorithm;
use super::known::Known;
use super::signature::Weakness;

/// Content that means nothing to CMS: what PDF signatures are about (RFC 5652, 4).
pub const ID_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");

/// A CMS structure of signed data.
#[derive(Debug, Clone)]
pub struct SignedData {
    /// Type of what was signed: `id-data` in PDF signatures, `id-ct-TSTInfo` in timestamps.
    pub content_type: ObjectIdentifier,
    content: Option<Vec<u8>>,
    /// All certificates that could be read, in their order.
    pub certificates: Vec<Certificate>,
    /// DER of revocation lists: from the `crls` field, Adobe's revocation archive and CAdES revocation values.
    pub crls: Vec<Vec<u8>>,
    /// DER of OCSPResponse, from the same places.
    pub ocsp: Vec<Vec<u8>>,
    pub signers: Vec<Signer>,
    /// What is wrong with the structure, apart from any signer.
    pub problems: Vec<CmsProblem>,
    /// Written with indefinite lengths somewhere.
    pub indefinite_lengths: bool,
    /// Bytes of zeros after the structure.
    pub padding: usize,
}

/// One signer's part (RFC 5652, 5.3).
#[derive(Debug, Clone)]
pub struct Signer {
    pub identifier: SignerIdentifier,
    /// Digest of the content; `None` if it is not supported.
    pub digest_algorithm: Option<DigestAlgorithm>,
    pub digest_identifier: AlgorithmIdentifierOwned,
    pub signature_algorithm: AlgorithmIdentifierOwned,
    /// What timestamps cover.
    pub signature_value: Vec<u8>,
    /// The time the signer claims, from the signed attributes. No proof of anything.
    pub signing_time: Option<DateTime<Utc>>,
    /// DER of the timestamps over `signature_value`, in their order.
    pub timestamp_tokens: Vec<Vec<u8>>,
    /// Digests of the signer's certificate, as the signer protected them; of each attribute the first.
    pub signing_certificates: Vec<EssCertId>,
    signed: Option<SignedAttributes>,
    problems: Vec<CmsProblem>,
}

/// What the signature covers where there are signed attributes.
#[derive(Debug, Clone)]
struct SignedAttributes {
    /// The bytes that were signed: as they came, under the tag of SET (RFC 5652, 5.4).
    bytes: Vec<u8>,
    message_digest: Option<Vec<u8>>,
    content_type: Option<ObjectIdentifier>,
    protection: Option<AlgorithmProtection>,
}

/// What the check of one signer found.
#[derive(Debug, Clone)]
pub struct SignerCheck {
    /// The content is the one that was signed.
    pub digest_matches: bool,
    /// The signature holds under the signer's key.
    pub signature_valid: bool,
    /// The signer's certificate, if it is there.
    pub signer: Option<Certificate>,
    pub problems: Vec<CmsProblem>,
    pub weak: Vec<Weakness>,
}

impl SignerCheck {
    /// Content and signature hold and nothing is wrong that would make them worthless.
    pub fn passed(&self) -> bool {
        self.digest_matches && self.signature_valid && !self.problems.iter().any(CmsProblem::is_failure)
    }

    /// Whether content and signature hold; `None` where that cannot be told, because an algorithm is not supported or nobody
    /// knows the signer's key.
    pub fn holds(&self) -> Option<bool> {
        let untold = |problem: &CmsProblem| match problem.kind() {
            ProblemKind::Unsupported => true,
            ProblemKind::Signer => *problem == CmsProblem::SignerCertificateMissing,
            _ => false,
        };
        let together = |problem: &CmsProblem| matches!(problem, CmsProblem::SignedTogether { .. });
        let mut failures =
            self.problems.iter().filter(|problem| problem.is_failure() && !together(problem)).peekable();
        match failures.peek() {
            None => Some(self.digest_matches && self.signature_valid),
            Some(_) => {
                if failures.all(untold) {
                    None
                } else {
                    Some(false)
                }
            }
        }
    }

    /// Nothing holds, for one reason.
    pub(super) fn failed(problem: CmsProblem) -> SignerCheck {
        SignerCheck {
            digest_matches: false,
            signature_valid: false,
            signer: None,
            problems: vec![problem],
            weak: Vec::new(),
        }
    }
}

impl SignedData {
    /// Reads `/Contents`, padding included.
    pub fn parse(contents: &[u8]) -> Result<SignedData, CmsError> {
        parse::signed_data(contents, &Known::default())
    }

    /// As `parse`; certificates that were read before are found, and not read again.
    pub fn parse_known(contents: &[u8], known: &Known) -> Result<SignedData, CmsError> {
        parse::signed_data(contents, known)
    }

    /// The content inside (timestamps, `adbe.pkcs7.sha1`); `None` where it is detached.
    pub fn content(&self) -> Option<&[u8]> {
        self.content.as_deref()
    }
}

impl Signer {
    /// Checks this signer. `digest_of_content` gives the digest of what was signed: of the byte range, or of `content()`.
    pub fn verify(
        &self,
        signed: &SignedData,
        digest_of_content: impl Fn(DigestAlgorithm) -> Vec<u8>,
    ) -> SignerCheck {
        check::signer(self, signed, &[], &digest_of_content)
    }

    /// As `verify`; the signer's certificate may also be among `pool` (timestamps that came without it).
    pub fn verify_among(
        &self,
        signed: &SignedData,
        pool: &[Certificate],
        digest_of_content: impl Fn(DigestAlgorithm) -> Vec<u8>,
    ) -> SignerCheck {
        check::signer(self, signed, pool, &digest_of_content)
    }

    /// Whether the signature covers attributes, and the content only by its digest among them.
    pub fn has_signed_attributes(&self) -> bool {
        self.signed.is_some()
    }
}
