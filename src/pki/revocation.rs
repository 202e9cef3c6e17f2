//! Was a certificate revoked at a proven time? CRLs (RFC 5280, 6.3) and OCSP responses (RFC 6960), read for a time in the past.
//!
//! certval judges revocation for the present only: it drops lists issued later, and takes every listed certificate as
//! revoked whatever the date. Proof of a signature years ago needs both the other way round (ETSI EN 319 102-1, 5.6.2.2).

mod crl;
mod der_time;
mod ocsp;
mod status;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::known::{self, Known};
pub use crl::Crl;
pub use ocsp::OcspResponse;
pub use status::status;

/// Longest CRL or OCSP response, in bytes. The largest national lists have some 20 MB.
pub const MAX_REVOCATION_DATA: usize = 64 << 20;

/// Why bytes are neither a CRL nor an OCSP response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RevocationError {
    #[error("the revocation list cannot be read: {0}")]
    Crl(String),
    #[error("the OCSP response cannot be read: {0}")]
    Ocsp(String),
    #[error("the OCSP responder gave no answer ({0})")]
    NoAnswer(String),
    #[error("revocation data has {0} bytes; at most 64 MiB are read")]
    TooLarge(usize),
}

/// How revocation data came to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// Inside the document: in the signature or its document security store.
    Embedded,
    /// Given by the user or fetched from the authority.
    Supplied,
}

/// Which kind of source an answer rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    Crl,
    Ocsp,
}

/// Revocation data at hand. Nothing in it is believed before its signature was verified for the certificate asked about.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    pub(super) crls: Vec<(Arc<Crl>, Provenance)>,
    pub(super) ocsps: Vec<(Arc<OcspResponse>, Provenance)>,
    known: HashSet<[u8; 32]>,
    unreadable: usize,
}

impl Evidence {
    pub fn new() -> Evidence {
        Evidence::default()
    }

    /// Adds a CRL in DER. One that is there already is passed over.
    pub fn add_crl(&mut self, der: &[u8], provenance: Provenance) -> Result<(), RevocationError> {
        self.add_crl_known(der, provenance, &Known::default())
    }

    /// As `add_crl`; a list that was read before is found, and not read again.
    pub fn add_crl_known(
        &mut self,
        der: &[u8],
        provenance: Provenance,
        known: &Known,
    ) -> Result<(), RevocationError> {
        let Some(digest) = self.new_digest(der)? else { return Ok(()) };
        let crl = known.crl(der, digest).inspect_err(|_| self.unreadable += 1)?;
        self.known.insert(digest);
        self.crls.push((crl, provenance));
        Ok(())
    }

    /// Adds an OCSP response in DER: the whole response, or only the BasicOCSPResponse as some signatures embed it.
    pub fn add_ocsp(&mut self, der: &[u8], provenance: Provenance) -> Result<(), RevocationError> {
        self.add_ocsp_known(der, provenance, &Known::default())
    }

    /// As `add_ocsp`; certificates inside that were read before are found, and not read again.
    pub fn add_ocsp_known(
        &mut self,
        der: &[u8],
        provenance: Provenance,
        known: &Known,
    ) -> Result<(), RevocationError> {
        let Some(digest) = self.new_digest(der)? else { return Ok(()) };
        let response = OcspResponse::from_der(der, known).inspect_err(|_| self.unreadable += 1)?;
        self.known.insert(digest);
        self.ocsps.push((Arc::new(response), provenance));
        Ok(())
    }

    /// Everything of `other`, shared.
    pub fn extend(&mut self, other: &Evidence) {
        if self.known.is_empty() {
            *self = Evidence { unreadable: self.unreadable + other.unreadable, ..other.clone() };
            return;
        }
        for (crl, provenance) in &other.crls {
            if self.known.insert(crl.digest()) {
                self.crls.push((crl.clone(), *provenance));
            }
        }
        for (response, provenance) in &other.ocsps {
            if self.known.insert(response.digest()) {
                self.ocsps.push((response.clone(), *provenance));
            }
        }
        self.unreadable += other.unreadable;
    }

    pub fn is_empty(&self) -> bool {
        self.crls.is_empty() && self.ocsps.is_empty()
    }

    /// How many pieces could not be read and were left out.
    pub fn unreadable(&self) -> usize {
        self.unreadable
    }

    /// SHA-256 of what is not there yet.
    fn new_digest(&mut self, der: &[u8]) -> Result<Option<[u8; 32]>, RevocationError> {
        if der.len() > MAX_REVOCATION_DATA {
            self.unreadable += 1;
            return Err(RevocationError::TooLarge(der.len()));
        }
        let digest = known::digest(der);
        Ok((!self.known.contains(&digest)).then_some(digest))
    }
}

/// Why a certificate was revoked (RFC 5280, 5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RevocationReason {
    Unspecified,
    KeyCompromise,
    CaCompromise,
    AffiliationChanged,
    Superseded,
    CessationOfOperation,
    CertificateHold,
    RemoveFromCrl,
    PrivilegeWithdrawn,
    AaCompromise,
}

impl RevocationReason {
    pub(super) fn from_code(code: u8) -> RevocationReason {
        match code {
            1 => RevocationReason::KeyCompromise,
            2 => RevocationReason::CaCompromise,
            3 => RevocationReason::AffiliationChanged,
            4 => RevocationReason::Superseded,
            5 => RevocationReason::CessationOfOperation,
            6 => RevocationReason::CertificateHold,
            8 => RevocationReason::RemoveFromCrl,
            9 => RevocationReason::PrivilegeWithdrawn,
            10 => RevocationReason::AaCompromise,
            _ => RevocationReason::Unspecified,
        }
    }
}

/// The status of one certificate at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevocationStatus {
    /// Not revoked then.
    Good {
        source: SourceKind,
        this_update: DateTime<Utc>,
        provenance: Provenance,
        /// It was revoked afterwards.
        revoked_later: Option<DateTime<Utc>>,
    },
    /// Revoked at or before that time.
    Revoked { at: DateTime<Utc>, reason: RevocationReason, source: SourceKind },
    /// Suspended at that time (certificateHold).
    OnHold { since: DateTime<Utc>, source: SourceKind },
    /// No usable data; why each piece about this issuer was not usable.
    Unknown { why: Vec<Unusable> },
}

/// Why a piece of revocation data did not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Unusable {
    #[error("its signature does not hold, or its signer may not sign it")]
    Signature,
    #[error("it ended before that time")]
    Stale,
    #[error("it was issued after the certificate had expired and may have dropped it")]
    AfterExpiry,
    #[error("a revocation list of another authority is not one that the issuer left its lists to")]
    Indirect,
    #[error("it is for other certificates of the same issuer")]
    Scope,
    #[error("it covers only some reasons, or only changes")]
    Partial,
    #[error("it has a critical extension that is not understood")]
    CriticalExtension,
    #[error("the responder does not know the certificate")]
    ResponderUnknown,
}
