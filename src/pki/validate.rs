//! Past validation in the manner of ETSI EN 319 102-1: what a signature or timestamp proves, and until when.
//!
//! Every judgement is made for a proven time: that of the earliest trustworthy timestamp (the best signature time), or the
//! time of judging where nothing proves an earlier one. `document` puts the layers of a file together; `signature` and
//! `timestamp` judge one each.

mod algorithms;
mod chain;
mod document;
mod signature;
#[cfg(test)]
mod tests;
mod timestamp;
mod words;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::certificate::Certificate;
use super::path::Path;
use super::revocation::Evidence;
use super::trust::TrustStore;
pub use document::{Layer, Subject, document};
pub use signature::{SignatureFacts, validate_signature};
pub use timestamp::{TimestampFacts, validate_timestamp};
pub use words::Reason;

/// What to do when nobody says whether a certificate was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RevocationPolicy {
    /// Pass, and say that it is not known. The default, as in pyHanko and Adobe Reader: most files in an archive have no
    /// revocation data and their authorities no longer give any, so that the other policy would call nearly all of them
    /// indeterminate. `ltv` tells the two apart.
    #[default]
    IfAvailable,
    /// Indeterminate, TRY_LATER (EN 319 102-1, 5.2.6).
    Require,
}

/// What judgements rest on.
#[derive(Clone, Copy)]
pub struct Judge<'a> {
    pub trust: &'a TrustStore,
    /// Revocation data from the document and elsewhere.
    pub evidence: &'a Evidence,
    /// Certificates from the document and elsewhere, not trusted.
    pub pool: &'a [Certificate],
    pub policy: RevocationPolicy,
    /// The time of judging.
    pub at: DateTime<Utc>,
    /// Earliest time for which something outside the document (an evidence record) proves that it existed as it is.
    pub existed: Option<DateTime<Utc>>,
}

/// The three results of EN 319 102-1, 5.1.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Verdict {
    TotalPassed,
    Indeterminate,
    TotalFailed,
}

/// Why a verdict is not TotalPassed, by the names of EN 319 102-1, 5.1.3, tables 5 and 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SubIndication {
    FormatFailure,
    HashFailure,
    SigCryptoFailure,
    Revoked,
    NotYetValid,
    SigConstraintsFailure,
    ChainConstraintsFailure,
    CertificateChainGeneralFailure,
    CryptoConstraintsFailure,
    CryptoConstraintsFailureNoPoe,
    TimestampOrderFailure,
    NoSigningCertificateFound,
    NoCertificateChainFound,
    RevokedNoPoe,
    RevokedCaNoPoe,
    OutOfBoundsNoPoe,
    TryLater,
    SignedDataNotFound,
}

impl SubIndication {
    /// The verdict it belongs to.
    pub fn verdict(self) -> Verdict {
        match self {
            SubIndication::FormatFailure
            | SubIndication::HashFailure
            | SubIndication::SigCryptoFailure
            | SubIndication::Revoked
            | SubIndication::NotYetValid => Verdict::TotalFailed,
            _ => Verdict::Indeterminate,
        }
    }

    /// The name in the standard.
    pub fn name(self) -> &'static str {
        match self {
            SubIndication::FormatFailure => "FORMAT_FAILURE",
            SubIndication::HashFailure => "HASH_FAILURE",
            SubIndication::SigCryptoFailure => "SIG_CRYPTO_FAILURE",
            SubIndication::Revoked => "REVOKED",
            SubIndication::NotYetValid => "NOT_YET_VALID",
            SubIndication::SigConstraintsFailure => "SIG_CONSTRAINTS_FAILURE",
            SubIndication::ChainConstraintsFailure => "CHAIN_CONSTRAINTS_FAILURE",
            SubIndication::CertificateChainGeneralFailure => "CERTIFICATE_CHAIN_GENERAL_FAILURE",
            SubIndication::CryptoConstraintsFailure => "CRYPTO_CONSTRAINTS_FAILURE",
            SubIndication::CryptoConstraintsFailureNoPoe => "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
            SubIndication::TimestampOrderFailure => "TIMESTAMP_ORDER_FAILURE",
            SubIndication::NoSigningCertificateFound => "NO_SIGNING_CERTIFICATE_FOUND",
            SubIndication::NoCertificateChainFound => "NO_CERTIFICATE_CHAIN_FOUND",
            SubIndication::RevokedNoPoe => "REVOKED_NO_POE",
            SubIndication::RevokedCaNoPoe => "REVOKED_CA_NO_POE",
            SubIndication::OutOfBoundsNoPoe => "OUT_OF_BOUNDS_NO_POE",
            SubIndication::TryLater => "TRY_LATER",
            SubIndication::SignedDataNotFound => "SIGNED_DATA_NOT_FOUND",
        }
    }
}

/// The state of the chain at the proven time, in one word for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChainStatus {
    Trusted,
    /// No chain to a trusted root, or one that breaks a rule.
    Untrusted,
    /// The right chain, outside its validity.
    Expired,
    Revoked,
    /// Not judged, because the signer is not known; or a hold, or missing revocation data under `Require`.
    Unknown,
}

/// The judgement about one signature or timestamp.
#[derive(Debug, Clone)]
pub struct Conclusion {
    pub verdict: Verdict,
    /// `None`: passed.
    pub sub_indication: Option<SubIndication>,
    /// Why, most important first. A passed signature has reasons too: notes that change nothing.
    pub reasons: Vec<Reason>,
    /// Signature: the earliest proven time of its existence. Timestamp: the time it states, if it is trustworthy.
    pub best_time: Option<DateTime<Utc>>,
    /// The chain that was judged, from the signer to the anchor; present for expired and revoked chains too.
    pub path: Option<Path>,
    pub chain: ChainStatus,
    /// All that is needed to validate it years later is inside the document: revocation data for every certificate, and a
    /// timestamp (signatures).
    pub ltv: bool,
    /// When what protects it ends: the chain of the newest trusted timestamp, else the signer's own. In the past: too late.
    pub protected_until: Option<DateTime<Utc>>,
    /// Judgements of the timestamps inside a signature, in their order.
    pub timestamps: Vec<Conclusion>,
}

impl Conclusion {
    pub fn passed(&self) -> bool {
        self.verdict == Verdict::TotalPassed
    }

    /// A conclusion that ends before any chain was looked at.
    fn stopped(sub_indication: SubIndication, reasons: Vec<Reason>) -> Conclusion {
        Conclusion {
            verdict: sub_indication.verdict(),
            sub_indication: Some(sub_indication),
            reasons,
            best_time: None,
            path: None,
            chain: ChainStatus::Unknown,
            ltv: false,
            protected_until: None,
            timestamps: Vec::new(),
        }
    }
}
