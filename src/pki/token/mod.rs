//! Timestamps: a token, what it says, and whether its authority really said it (RFC 3161, RFC 5816).

mod info;
mod protocol;

use der::asn1::ObjectIdentifier;

use super::certificate::Certificate;
use super::cms::{CmsError, CmsProblem, SignedData, SignerCheck};
use super::digest::DigestAlgorithm;

pub use info::{Accuracy, TstInfo};
pub use protocol::{TimeStampReq, TimeStampResp};

/// `id-ct-TSTInfo` (RFC 3161, 2.4.2).
pub const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// A timestamp.
#[derive(Debug, Clone)]
pub struct TimestampToken {
    signed: SignedData,
    info: TstInfo,
}

impl TimestampToken {
    /// Reads a token: of an attribute, of a document timestamp's `/Contents` with its padding, or of an answer.
    pub fn parse(bytes: &[u8]) -> Result<TimestampToken, CmsError> {
        let signed = SignedData::parse(bytes)?;
        if signed.content_type != TST_INFO {
            return Err(CmsError::NotTimestamp(signed.content_type.to_string()));
        }
        let missing =
            || CmsError::Field { field: "the timestamp's statement", why: "it is not there".into() };
        let info = TstInfo::parse(signed.content().ok_or_else(missing)?)?;
        Ok(TimestampToken { signed, info })
    }

    pub fn info(&self) -> &TstInfo {
        &self.info
    }

    pub fn signed(&self) -> &SignedData {
        &self.signed
    }

    /// Whether it is about bytes with this digest. The function gives their digest.
    pub fn covers(&self, digest: impl Fn(DigestAlgorithm) -> Vec<u8>) -> bool {
        digest(self.info.digest_algorithm) == self.info.imprint
    }

    /// Whether the authority signed what the token says. Says nothing about who the authority is.
    pub fn check(&self) -> SignerCheck {
        self.check_among(&[])
    }

    /// As `check`; the authority's certificate may be among `pool`, where the token came without it.
    pub fn check_among(&self, pool: &[Certificate]) -> SignerCheck {
        let content = self.signed.content().unwrap_or_default();
        let Some(signer) = self.signed.signers.first() else {
            return SignerCheck::failed(CmsProblem::NoSigner);
        };
        let mut check = signer.verify_among(&self.signed, pool, |algorithm| algorithm.hash(content));
        check.problems.extend(self.signed.problems.iter().cloned());
        check
    }
}
