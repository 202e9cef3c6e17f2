//! What can be wrong with a CMS structure: what keeps it from being read, and what is found when it is checked.

use serde::Serialize;

use super::super::ber::BerError;
use super::super::signature::SignatureProblem;

/// Why bytes cannot be read as signed data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CmsError {
    #[error("there is no signature in these bytes: they are empty or all zero")]
    Empty,
    #[error("the signature's structure is damaged: {0}")]
    Structure(#[from] BerError),
    #[error("{field} of the signature cannot be read: {why}")]
    Field { field: &'static str, why: String },
    #[error("this is not signed data but {0}")]
    NotSignedData(String),
    #[error("this is signed data about {0}, and no timestamp")]
    NotTimestamp(String),
    #[error("the timestamp authority refused: {0}")]
    Refused(String),
    #[error("the timestamp authority's answer does not fit: {0}")]
    Answer(&'static str),
}

/// What the problem is about, for whoever derives a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The structure is not as its standard says (FORMAT_FAILURE).
    Format,
    /// The content is another one (HASH_FAILURE).
    Digest,
    /// The signature does not hold (SIG_CRYPTO_FAILURE).
    Signature,
    /// It cannot be known who signed (NO_SIGNING_CERTIFICATE_FOUND).
    Signer,
    /// It uses what this program does not know: neither true nor false can be said (Indeterminate).
    Unsupported,
    /// Nothing follows from it; people should see it.
    Note,
}

/// Something found in a signature that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "problem")]
pub enum CmsProblem {
    #[error("the signature names no signer")]
    NoSigner,
    #[error("the signature has {count} signers; in a PDF file there must be one")]
    SeveralSigners { count: usize },
    #[error("the signer signed {count} times; once is enough")]
    SignedRepeatedly { count: usize },
    #[error(
        "{count} people signed at once, and all of them hold; in a PDF file each signs in a field of their own"
    )]
    SignedTogether { count: usize },
    #[error("a certificate in the signature cannot be read: {why}")]
    UnreadableCertificate { why: String },
    #[error("the signature has more certificates than the {read} that are read")]
    TooManyCertificates { read: usize },
    #[error("revocation data in the attribute {name} cannot be read")]
    UnreadableRevocation { name: String },
    #[error("the signer's certificate is not in the signature")]
    SignerCertificateMissing,
    #[error("the digest algorithm {oid} is not supported")]
    UnsupportedDigest { oid: String },
    #[error("the signed attributes have no digest of the content")]
    NoMessageDigest,
    #[error("the content is not the one that was signed")]
    DigestMismatch,
    #[error("the signed attributes have no content type")]
    NoContentType,
    #[error("the signed attributes say another content type than the signature has")]
    ContentTypeMismatch,
    #[error("content of another type than plain data was signed without signed attributes")]
    SignedAttributesMissing,
    #[error("the attribute {name} is there {count} times")]
    RepeatedAttribute { name: String, count: usize },
    #[error("the attribute {name} has {count} values where it must have one")]
    ValueCount { name: String, count: usize },
    #[error("the attribute {name} cannot be read")]
    UnreadableAttribute { name: String },
    #[error("the signature was made for another certificate than the one it came with")]
    SigningCertificateMismatch,
    #[error("the signature does not say by digest which certificate it was made with")]
    NoSigningCertificate,
    #[error("the protected algorithms are others than those the signature names")]
    AlgorithmProtectionMismatch,
    #[error("the signature algorithm has its own digest algorithm, other than the one of the content")]
    DigestAlgorithmsDiffer,
    #[error("{why}")]
    Signature { why: SignatureProblem },
    #[error("the signature brings content of its own where the document should be what was signed")]
    ContentNotDetached,
    #[error("what was signed is of the kind {oid}, and not plain data as in PDF files")]
    OtherContent { oid: String },
    #[error("the signature has no content where it should hold the document's digest")]
    ContentMissing,
    #[error("bytes other than padding follow the signature")]
    TrailingData,
}

impl CmsProblem {
    pub fn kind(&self) -> ProblemKind {
        match self {
            CmsProblem::DigestMismatch => ProblemKind::Digest,
            CmsProblem::Signature { why: SignatureProblem::Mismatch | SignatureProblem::KeyMismatch } => {
                ProblemKind::Signature
            }
            CmsProblem::Signature { .. }
            | CmsProblem::UnsupportedDigest { .. }
            | CmsProblem::OtherContent { .. }
            | CmsProblem::SignedTogether { .. } => ProblemKind::Unsupported,
            CmsProblem::SignerCertificateMissing | CmsProblem::SigningCertificateMismatch => {
                ProblemKind::Signer
            }
            CmsProblem::UnreadableCertificate { .. }
            | CmsProblem::TooManyCertificates { .. }
            | CmsProblem::UnreadableRevocation { .. }
            | CmsProblem::NoSigningCertificate
            | CmsProblem::TrailingData
            | CmsProblem::SignedRepeatedly { .. }
            | CmsProblem::DigestAlgorithmsDiffer => ProblemKind::Note,
            _ => ProblemKind::Format,
        }
    }

    /// It makes the signature worthless, or unjudgeable.
    pub fn is_failure(&self) -> bool {
        self.kind() != ProblemKind::Note
    }
}
