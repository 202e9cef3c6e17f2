//! Certificates, revocation data and signatures of tests/fixtures/pki/past (made by its make.py), for tests.

use chrono::{DateTime, Utc};

use super::Certificate;
use super::revocation::{Evidence, Provenance};
use super::trust::{Origin, Roles, TrustStore};

/// The document that signatures and timestamps are about.
pub const DOCUMENT: &[u8] = b"a contract";

pub fn read(file: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/pki/past/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

pub fn certificate(name: &str) -> Certificate {
    Certificate::from_der(&read(&format!("{name}.der"))).unwrap()
}

pub fn pool() -> Vec<Certificate> {
    ["ica", "nc_ica", "not_ca"].map(certificate).into()
}

/// Believes "Past Root" and nobody else.
pub fn trust() -> TrustStore {
    let mut store = TrustStore::empty();
    store.add(certificate("root"), Roles::Both, Origin::File);
    store
}

/// Evidence from files of both kinds, by their names' ends.
pub fn evidence(files: &[&str]) -> Evidence {
    let mut evidence = Evidence::new();
    for file in files {
        match file.ends_with(".crl") {
            true => evidence.add_crl(&read(file), Provenance::Embedded).unwrap(),
            false => evidence.add_ocsp(&read(file), Provenance::Embedded).unwrap(),
        }
    }
    evidence
}

/// Noon of a day, UTC.
pub fn noon(day: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(&format!("{day}T12:00:00Z")).unwrap().to_utc()
}
