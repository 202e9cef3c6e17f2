//! CMS SignedData as PDF files hold it: read from real `/Contents`, and each signer checked (RFC 5652, ETSI EN 319 122-1).
//!
//! Bounds: input of 64 MiB; memory at most 8 times the input and 40 times the certificates within (parsed once, at most 1,000 of
//! 256 KiB); at most 16 signers are kept.

mod error;
mod parse;
mod signer;

use chrono::{DateTime, Utc};
use der::asn1::ObjectIdentifier;
use spki::AlgorithmIdentifierOwned;

pub use error::{CmsError, CmsProblem, ProblemKind};

use super::certificate::Certificate;
use super::digest::DigestAlgorithm;
use super::signature::Weakness;

/// A CMS structure of signed data.
#[derive(Debug, Clone)]
pub struct SignedData {
    /// Type of what was signed: `id-data` in PDF signatures, `id-ct-TSTInfo` in timestamps.
    pub content_type: ObjectIdentifier,
    content: Option<Vec<u8>>,
    /// All certificates that could be read, in their order.
    pub certificates: Vec<Certificate>,
    /// DER of revocation lists: from the `crls` field and Adobe's revocation archive.
    pub crls: Vec<Vec<u8>>,
    /// DER of OCSPResponse: from the `crls` field (RFC 5940) and Adobe's revocation archive.
    pub ocsp: Vec<Vec<u8>>,
    pub signers: Vec<Signer>,
    /// What is wrong with the structure, apart from any signer.
    pub problems: Vec<CmsProblem>,
    /// Written with indefinite lengths somewhere.
    pub indefinite_lengths: bool,
    /// Bytes of zeros after the structure.
    pub padding: usize,
}

/// Who signed, as the signature names the certificate (RFC 5652, 5.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignerIdentifier {
    /// The issuer's name in DER, and the serial number's bytes.
    IssuerAndSerial {
        issuer: Vec<u8>,
        serial: Vec<u8>,
    },
    SubjectKeyId(Vec<u8>),
}

/// One signer's part.
#[derive(Debug, Clone)]
pub struct Signer {
    pub identifier: SignerIdentifier,
    /// Digest of the content; `None` if it is not supported.
    pub digest_algorithm: Option<DigestAlgorithm>,
    pub signature_algorithm: AlgorithmIdentifierOwned,
    /// The time the signer claims, from the signed attributes. No proof of anything.
    pub signing_time: Option<DateTime<Utc>>,
    /// DER of the timestamps over `signature_value`, in their order.
    pub timestamp_tokens: Vec<Vec<u8>>,
    /// What timestamps cover.
    pub signature_value: Vec<u8>,
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
}

impl SignedData {
    /// Reads `/Contents`, padding included.
    pub fn parse(contents: &[u8]) -> Result<SignedData, CmsError> {
        parse::signed_data(contents)
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
        signer::check(self, signed, &digest_of_content)
    }
}
