//! Timestamps: a token, what it says, and whether its authority really said it (RFC 3161, RFC 5816).

use chrono::{DateTime, Utc};
use der::asn1::ObjectIdentifier;

use super::cms::{CmsError, SignedData, SignerCheck};
use super::digest::DigestAlgorithm;

/// What an authority stated (RFC 3161, 2.4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TstInfo {
    /// The authority's policy.
    pub policy: ObjectIdentifier,
    /// Digest algorithm of `imprint`.
    pub digest_algorithm: DigestAlgorithm,
    /// Digest of what existed.
    pub imprint: Vec<u8>,
    /// Bytes of the token's number, big-endian.
    pub serial: Vec<u8>,
    pub gen_time: DateTime<Utc>,
    pub accuracy: Option<Accuracy>,
    /// Tokens of this authority can be put in order by their times alone.
    pub ordering: bool,
    /// Bytes of the number that the request carried, big-endian.
    pub nonce: Option<Vec<u8>>,
    /// The name the authority gives itself.
    pub tsa: Option<String>,
}

/// How far `gen_time` may be off, to either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accuracy {
    pub seconds: u64,
    /// 0 to 999.
    pub millis: u16,
    /// 0 to 999.
    pub micros: u16,
}

/// A timestamp.
#[derive(Debug, Clone)]
pub struct TimestampToken {
    signed: SignedData,
    info: TstInfo,
}

impl TimestampToken {
    /// Reads a token: of an attribute, of a document timestamp's `/Contents` with its padding, or of an answer.
    pub fn parse(bytes: &[u8]) -> Result<TimestampToken, CmsError> {
        let _ = SignedData::parse(bytes)?;
        Err(CmsError::Empty)
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
        let content = self.signed.content().unwrap_or_default();
        match self.signed.signers.first() {
            Some(signer) => signer.verify(&self.signed, |algorithm| algorithm.hash(content)),
            None => SignerCheck {
                digest_matches: false,
                signature_valid: false,
                signer: None,
                problems: Vec::new(),
                weak: Vec::new(),
            },
        }
    }
}
