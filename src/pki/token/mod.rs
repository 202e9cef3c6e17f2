//! Timestamps: a token, what it says, and whether its authority really said it (RFC 3161, RFC 5816).

mod info;
mod protocol;

use std::sync::{Arc, OnceLock};

use der::asn1::ObjectIdentifier;

use super::certificate::Certificate;
use super::cms::{CmsError, CmsProblem, SignedData, SignerCheck};
use super::digest::DigestAlgorithm;
use super::known::Known;

pub use info::{Accuracy, TstInfo};
pub use protocol::{TimeStampReq, TimeStampResp};

/// `id-ct-TSTInfo` (RFC 3161, 2.4.2).
pub const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// A timestamp. Cloning shares it.
#[derive(Debug, Clone)]
pub struct TimestampToken(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    signed: SignedData,
    info: TstInfo,
    /// What its check without other certificates found.
    checked: OnceLock<SignerCheck>,
}

impl TimestampToken {
    /// Reads a token: of an attribute, of a document timestamp's `/Contents` with its padding, or of an answer.
    pub fn parse(bytes: &[u8]) -> Result<TimestampToken, CmsError> {
        TimestampToken::parse_known(bytes, &Known::default())
    }

    /// As `parse`; certificates that were read before are found, and not read again.
    pub fn parse_known(bytes: &[u8], known: &Known) -> Result<TimestampToken, CmsError> {
        let signed = SignedData::parse_known(bytes, known)?;
        if signed.content_type != TST_INFO {
            return Err(CmsError::NotTimestamp(signed.content_type.to_string()));
        }
        let missing =
            || CmsError::Field { field: "the timestamp's statement", why: "it is not there".into() };
        let info = TstInfo::parse(signed.content().ok_or_else(missing)?)?;
        Ok(TimestampToken(Arc::new(Parts { signed, info, checked: OnceLock::new() })))
    }

    pub fn info(&self) -> &TstInfo {
        &self.0.info
    }

    pub fn signed(&self) -> &SignedData {
        &self.0.signed
    }

    /// Whether it is about bytes with this digest. The function gives their digest.
    pub fn covers(&self, digest: impl Fn(DigestAlgorithm) -> Vec<u8>) -> bool {
        digest(self.info().digest_algorithm) == self.info().imprint
    }

    /// Whether the authority signed what the token says. Says nothing about who the authority is.
    pub fn check(&self) -> SignerCheck {
        self.0.checked.get_or_init(|| self.checked_among(&[])).clone()
    }

    /// As `check`; the authority's certificate may be among `pool`, where the token came without it.
    pub fn check_among(&self, pool: &[Certificate]) -> SignerCheck {
        let own = self.check();
        // What it holds itself is looked at first; where that is enough, the pool changes nothing.
        if own.passed() { own } else { self.checked_among(pool) }
    }

    fn checked_among(&self, pool: &[Certificate]) -> SignerCheck {
        let signed = self.signed();
        let content = signed.content().unwrap_or_default();
        let Some(signer) = signed.signers.first() else {
            return SignerCheck::failed(CmsProblem::NoSigner);
        };
        let mut check = signer.verify_among(signed, pool, |algorithm| algorithm.hash(content));
        check.problems.extend(signed.problems.iter().cloned());
        check
    }
}
