//! A certificate, a revocation list, an OCSP response: read or refused, and every question about them answered.

#![no_main]

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use shosoin::pki::Certificate;
use shosoin::pki::fetch::{addresses, ocsp_request};
use shosoin::pki::path::{self, Purpose};
use shosoin::pki::revocation::{Evidence, Provenance, status};
use shosoin::pki::trust::TrustStore;

fuzz_target!(|bytes: &[u8]| {
    // One file holds a certificate first and revocation data behind it.
    let split = bytes.len() / 2;
    let (mut evidence, at) = (Evidence::new(), DateTime::UNIX_EPOCH);
    for part in [bytes, &bytes[..split], &bytes[split..]] {
        let _ = evidence.add_crl(part, Provenance::Embedded);
        let _ = evidence.add_ocsp(part, Provenance::Embedded);
        let _ = TrustStore::empty().add_bytes(part);
        let Ok(one) = Certificate::from_der(part) else { continue };
        let _ = (one.display_name(), one.issuer(), addresses(&one), ocsp_request(&one, &one));
        let pool = [one.clone()];
        for purpose in [Purpose::Signing, Purpose::Timestamping] {
            assert!(path::build(&one, &pool, &TrustStore::empty(), at, purpose).is_err(), "trusted by nobody");
        }
        status(&one, &one, &evidence, &pool, at);
    }
});
