//! The question to an OCSP responder (RFC 6960, 4.1): one certificate, SHA-1 as all responders understand it, no nonce.

use crate::pki::ber::{INTEGER, OCTET_STRING, SEQUENCE, wrapped};
use crate::pki::certificate::Certificate;
use crate::pki::digest::DigestAlgorithm;

/// `AlgorithmIdentifier` of SHA-1 with NULL, as responders compare it byte for byte.
const SHA1: [u8; 11] = [0x30, 9, 6, 5, 0x2B, 0x0E, 3, 2, 0x1A, 5, 0];

/// DER of an OCSPRequest about `certificate`. SHA-1 only names the issuer here; nothing rests on it.
pub fn ocsp_request(certificate: &Certificate, issuer: &Certificate) -> Vec<u8> {
    let key = issuer.inner().tbs_certificate().subject_public_key_info().subject_public_key.raw_bytes();
    let id = [
        SHA1.to_vec(),
        wrapped(OCTET_STRING, &DigestAlgorithm::Sha1.hash(issuer.subject_der())),
        wrapped(OCTET_STRING, &DigestAlgorithm::Sha1.hash(key)),
        wrapped(INTEGER, certificate.serial_bytes()),
    ];
    let mut der = id.concat();
    // CertID, Request, requestList, TBSRequest, OCSPRequest.
    for _ in 0..5 {
        der = wrapped(SEQUENCE, &der);
    }
    der
}
