//! Choosing revocation data for a chain: all that the file has itself, and of other pieces the newest that says something.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::RevocationData;
use crate::pdf::SignatureData;
use crate::pki::Certificate;
use crate::pki::known::Known;
use crate::pki::revocation::{self, Crl, Evidence, OcspResponse, Provenance, RevocationStatus};
use crate::pki::validate::Conclusion;

/// Revocation data that were read, with their bytes.
pub(super) struct Pieces<'a> {
    own: Read<'a>,
    others: Read<'a>,
}

#[derive(Default)]
struct Read<'a> {
    crls: Vec<(Crl, &'a Vec<u8>)>,
    ocsps: Vec<(OcspResponse, &'a Vec<u8>)>,
}

impl<'a> Read<'a> {
    fn new(data: &'a RevocationData) -> Self {
        let known = Known::default();
        let crls = data.crls.iter().filter_map(|der| Some((Crl::from_der(der).ok()?, der)));
        let ocsps =
            data.ocsps.iter().filter_map(|der| Some((OcspResponse::from_der(der, &known).ok()?, der)));
        Self { crls: crls.collect(), ocsps: ocsps.collect() }
    }

    /// What is about a certificate, newest first.
    fn about(&self, certificate: &Certificate, issuer: &Certificate) -> Vec<Piece<'a>> {
        let crls = self.crls.iter().filter(|(crl, _)| {
            crl.is_of(issuer) && crl.covers(certificate).is_ok() && crl.is_signed_by(issuer)
        });
        let crls =
            crls.map(|(crl, der)| Piece { at: crl.this_update, digest: crl.digest(), is_ocsp: false, der });
        let ocsps = self.ocsps.iter().filter_map(|(ocsp, der)| {
            let at = ocsp.answer(certificate, issuer)?.this_update;
            Some(Piece { at, digest: ocsp.digest(), is_ocsp: true, der })
        });
        let mut all: Vec<_> = crls.chain(ocsps).collect();
        all.sort_by_key(|piece| std::cmp::Reverse(piece.at));
        all
    }
}

/// One CRL or OCSP response about a certificate.
struct Piece<'a> {
    at: DateTime<Utc>,
    digest: [u8; 32],
    is_ocsp: bool,
    der: &'a Vec<u8>,
}

impl Piece<'_> {
    /// Whether it alone tells if the certificate was revoked at `at`.
    fn tells(&self, certificate: &Certificate, issuer: &Certificate, at: DateTime<Utc>) -> bool {
        let mut evidence = Evidence::new();
        let added = match self.is_ocsp {
            true => evidence.add_ocsp(self.der, Provenance::Supplied),
            false => evidence.add_crl(self.der, Provenance::Supplied),
        };
        let word = revocation::status(certificate, issuer, &evidence, &[], at);
        added.is_ok() && !matches!(word, RevocationStatus::Unknown { .. })
    }

    fn put(&self, data: &mut SignatureData, seen: &mut BTreeSet<[u8; 32]>) {
        if seen.insert(self.digest) {
            let list = if self.is_ocsp { &mut data.ocsps } else { &mut data.crls };
            list.push(self.der.clone());
        }
    }
}

impl<'a> Pieces<'a> {
    pub fn new(own: &'a RevocationData, others: &'a RevocationData) -> Self {
        Self { own: Read::new(own), others: Read::new(others) }
    }

    /// Validation data about the chain of a signature and those of its timestamps.
    pub fn about(&self, conclusion: &Conclusion, at: DateTime<Utc>) -> SignatureData {
        let (mut data, mut seen) = (SignatureData::default(), BTreeSet::new());
        for conclusion in std::iter::once(conclusion).chain(&conclusion.timestamps) {
            let chain = conclusion.path.as_ref().map(|path| path.certificates.as_slice()).unwrap_or_default();
            self.add(chain, conclusion.best_time.unwrap_or(at), &mut data, &mut seen);
        }
        data
    }

    /// Adds a chain, signer first, and what is known about it for the time that is proven.
    pub fn add(
        &self,
        chain: &[Certificate],
        proven: DateTime<Utc>,
        data: &mut SignatureData,
        seen: &mut BTreeSet<[u8; 32]>,
    ) {
        for certificate in chain {
            if seen.insert(certificate.fingerprint()) {
                data.certificates.push(certificate.der().to_vec());
            }
        }
        for (certificate, issuer) in chain.iter().zip(chain.iter().skip(1)) {
            self.own.about(certificate, issuer).iter().for_each(|piece| piece.put(data, seen));
            // Of what an archive gathers over the years about an authority, one piece is enough.
            let others = self.others.about(certificate, issuer);
            if let Some(piece) = others.iter().find(|piece| piece.tells(certificate, issuer, proven)) {
                piece.put(data, seen);
            }
        }
    }
}
