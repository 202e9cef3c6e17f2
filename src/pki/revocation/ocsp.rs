//! One OCSP response (RFC 6960, section 4.2): what it says about a certificate, and who may say so.

use std::sync::OnceLock;

use certval::ocsp::{CertId, CertStatus, OcspResponseStatus, ResponderId, ResponseData};
use chrono::{DateTime, Duration, Utc};
use der::Decode;
use der::asn1::ObjectIdentifier;
use spki::AlgorithmIdentifierOwned;

use super::crl::{Entry, significant};
use super::{RevocationError, RevocationReason, der_time};
use crate::pki::ber::{CONTEXT_0, Elements, OCTET_STRING, OID, SEQUENCE};
use crate::pki::certificate::Certificate;
use crate::pki::digest::DigestAlgorithm;
use crate::pki::known::{self, Known};
use crate::pki::path::{self, Purpose};
use crate::pki::signature::{self, Message};

const ENUMERATED: u8 = 0x0A;
/// Most certificates read from one response.
const MAX_CERTIFICATES: usize = 16;
/// How long an answer without nextUpdate is current. RFC 6960, 4.2.2.1 says only that newer ones are always at hand.
const WITHOUT_NEXT_UPDATE: Duration = Duration::days(1);
/// id-pkix-ocsp-nocheck (RFC 6960, 4.2.2.2.1).
const NO_CHECK: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.5");
/// id-pkix-ocsp-archive-cutoff (RFC 6960, 4.4.4).
const ARCHIVE_CUTOFF: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.6");
/// id-pkix-ocsp-basic.
const BASIC: &[u8] = &[0x2B, 6, 1, 5, 5, 7, 0x30, 1, 1];

/// A basic OCSP response.
#[derive(Debug)]
pub struct OcspResponse {
    tbs: Vec<u8>,
    data: ResponseData,
    algorithm: AlgorithmIdentifierOwned,
    signature: Vec<u8>,
    certificates: Vec<Certificate>,
    digest: [u8; 32],
    /// The key it was last verified with, and whether it held.
    verified: OnceLock<(Vec<u8>, bool)>,
}

/// What a response says about one certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    pub status: AnswerStatus,
    pub this_update: DateTime<Utc>,
    pub next_update: DateTime<Utc>,
    /// The responder keeps answering about certificates that ended after this moment.
    pub archive_cutoff: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerStatus {
    Good,
    Revoked(Entry),
    Unknown,
}

impl OcspResponse {
    /// Reads a whole response, or a BasicOCSPResponse alone (as `adbe-revocationInfoArchival` and CMS may hold it).
    pub fn from_der(der: &[u8], known: &Known) -> Result<OcspResponse, RevocationError> {
        let ber = |error: crate::pki::ber::BerError| RevocationError::Ocsp(error.to_string());
        let mut fields = Elements::new(der).expect_tag(SEQUENCE).map_err(ber)?.children();
        if fields.peek() != Some(ENUMERATED) {
            return basic(der, der, known);
        }
        let status = Elements::take(&mut fields).map_err(ber)?;
        match OcspResponseStatus::from_der(status.raw) {
            Ok(OcspResponseStatus::Successful) => {}
            Ok(other) => return Err(RevocationError::NoAnswer(format!("{other:?}"))),
            Err(error) => return Err(RevocationError::Ocsp(error.to_string())),
        }
        let bytes =
            fields.expect_tag(CONTEXT_0).map_err(ber)?.children().expect_tag(SEQUENCE).map_err(ber)?;
        let mut bytes = bytes.children();
        if bytes.expect_tag(OID).map_err(ber)?.content != BASIC {
            return Err(RevocationError::Ocsp("it is not a basic response".into()));
        }
        basic(bytes.expect_tag(OCTET_STRING).map_err(ber)?.content, der, known)
    }

    /// SHA-256 of the whole response.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Certificates that came with it.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// Its answer about a certificate, if it has one. The newest of several.
    pub fn answer(&self, certificate: &Certificate, issuer: &Certificate) -> Option<Answer> {
        let answers =
            self.data.responses.iter().filter(|single| is_about(&single.cert_id, certificate, issuer));
        let read = answers.filter_map(|single| {
            let this_update = der_time::generalized(&single.this_update.0)?;
            let next_update = single.next_update.and_then(|time| der_time::generalized(&time.0));
            let status = match single.cert_status {
                CertStatus::Good(_) => AnswerStatus::Good,
                CertStatus::Unknown(_) => AnswerStatus::Unknown,
                CertStatus::Revoked(info) => AnswerStatus::Revoked(Entry {
                    at: der_time::generalized(&info.revocation_time.0)?,
                    reason: info.revocation_reason.map_or(RevocationReason::Unspecified, |reason| {
                        RevocationReason::from_code(reason as u8)
                    }),
                }),
            };
            let mut extensions = single.single_extensions.iter().flatten();
            let cutoff = extensions.find(|extension| extension.extn_id == ARCHIVE_CUTOFF);
            Some(Answer {
                status,
                this_update,
                next_update: next_update.unwrap_or(this_update + WITHOUT_NEXT_UPDATE),
                archive_cutoff: cutoff.and_then(|cutoff| der_time::time(cutoff.extn_value.as_bytes())),
            })
        });
        read.max_by_key(|answer| answer.this_update)
    }

    /// Who signed it, if that is the issuer itself or somebody the issuer made its responder (RFC 6960, 4.2.2.2). Responders
    /// that are only trusted by local configuration are not supported.
    pub fn signer<'a>(&'a self, issuer: &'a Certificate, pool: &'a [Certificate]) -> Option<&'a Certificate> {
        if self.names(issuer) && self.is_signed_by(issuer) {
            return Some(issuer);
        }
        let produced = der_time::generalized(&self.data.produced_at.0)?;
        self.certificates.iter().chain(pool).find(|responder| {
            self.names(responder)
                && responder.is_valid_at(produced)
                && Purpose::OcspSigning.check(responder).is_ok()
                && path::signed_by(responder, issuer)
                && self.is_signed_by(responder)
        })
    }

    fn names(&self, responder: &Certificate) -> bool {
        match &self.data.responder_id {
            ResponderId::ByName(name) => {
                certval::compare_names(name, responder.inner().tbs_certificate().subject())
            }
            ResponderId::ByKey(hash) => responder.key_sha1() == hash.as_bytes(),
        }
    }

    fn is_signed_by(&self, responder: &Certificate) -> bool {
        let verify = || {
            let message = Message::Bytes(&self.tbs);
            signature::verify_by(responder, &self.algorithm, None, message, &self.signature).is_ok()
        };
        let (key, held) = self.verified.get_or_init(|| (responder.spki_der().to_vec(), verify()));
        if key == responder.spki_der() { *held } else { verify() }
    }
}

/// Whether a responder's own certificate need not be looked up.
pub fn needs_no_check(responder: &Certificate) -> bool {
    let extensions = responder.inner().tbs_certificate().extensions();
    extensions.is_some_and(|extensions| extensions.iter().any(|extension| extension.extn_id == NO_CHECK))
}

fn basic(der: &[u8], whole: &[u8], known: &Known) -> Result<OcspResponse, RevocationError> {
    let ber = |error: crate::pki::ber::BerError| RevocationError::Ocsp(error.to_string());
    let asn1 = |error: der::Error| RevocationError::Ocsp(error.to_string());
    let mut fields = Elements::new(der).expect_tag(SEQUENCE).map_err(ber)?.children();
    let tbs = fields.expect_tag(SEQUENCE).map_err(ber)?.raw;
    let algorithm = fields.expect_tag(SEQUENCE).map_err(ber)?;
    let bits = Elements::take(&mut fields).map_err(ber)?;
    let mut certificates = Vec::new();
    if let Some(list) = fields.optional(CONTEXT_0).map_err(ber)? {
        let mut list = list.children().expect_tag(SEQUENCE).map_err(ber)?.children();
        while !list.is_empty() && certificates.len() < MAX_CERTIFICATES {
            certificates.extend(known.certificate(Elements::take(&mut list).map_err(ber)?.raw));
        }
    }
    Ok(OcspResponse {
        data: ResponseData::from_der(tbs).map_err(asn1)?,
        tbs: tbs.to_vec(),
        algorithm: AlgorithmIdentifierOwned::from_der(algorithm.raw).map_err(asn1)?,
        signature: der::asn1::BitString::from_der(bits.raw).map_err(asn1)?.raw_bytes().to_vec(),
        certificates,
        digest: known::digest(whole),
        verified: OnceLock::new(),
    })
}

/// RFC 6960, 4.1.1: issuer's name and key by their digests, and the serial number.
fn is_about(id: &CertId, certificate: &Certificate, issuer: &Certificate) -> bool {
    if significant(id.serial_number.as_bytes()) != significant(certificate.serial_bytes()) {
        return false;
    }
    let Some(digest) = DigestAlgorithm::from_oid(&id.hash_algorithm.oid) else { return false };
    let key = match digest {
        DigestAlgorithm::Sha1 => id.issuer_key_hash.as_bytes() == issuer.key_sha1(),
        _ => id.issuer_key_hash.as_bytes() == digest.hash(issuer.public_key()),
    };
    key && id.issuer_name_hash.as_bytes() == digest.hash(issuer.subject_der())
}
