//! The validation data of every signature of a file that are at hand: the chain as judged, and what revocation data there
//! are about it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::examine::conclude;
use super::layers::Material;
use crate::pdf::{self, SignatureData};
use crate::pki::known::Known;
use crate::pki::revocation::{Crl, Evidence, OcspResponse, Provenance};
use crate::pki::trust::TrustStore;
use crate::pki::validate::{Conclusion, Subject};
use crate::pki::{Certificate, SignedData};

/// Bytes of validation data that are put into one file. A national list alone may have twenty megabytes; the evidence
/// record of the archive protects such a file.
const MAX_DATA_BYTES: usize = 8 << 20;

/// Revocation data in DER.
#[derive(Clone, Debug, Default)]
pub struct RevocationData {
    pub crls: Vec<Vec<u8>>,
    pub ocsps: Vec<Vec<u8>>,
}

impl RevocationData {
    /// The same, to judge by.
    pub fn evidence(&self) -> Evidence {
        let mut evidence = Evidence::new();
        // What cannot be read proves nothing and harms nothing.
        self.crls.iter().for_each(|der| drop(evidence.add_crl(der, Provenance::Supplied)));
        self.ocsps.iter().for_each(|der| drop(evidence.add_ocsp(der, Provenance::Supplied)));
        evidence
    }

    fn add(&mut self, signed: &SignedData) {
        self.crls.extend(signed.crls.iter().cloned());
        self.ocsps.extend(signed.ocsp.iter().cloned());
    }
}

/// Collects, for each signature, certificates of its chain and of its timestamps' chains, and revocation data about them
/// from the file, from `extra`, and from the timestamps themselves.
pub fn validation_data(
    file: &[u8],
    trust: &TrustStore,
    at: DateTime<Utc>,
    extra: &RevocationData,
) -> Vec<SignatureData> {
    let signed = pdf::read_signed(file);
    if signed.signatures.is_empty() {
        return Vec::new();
    }
    let evidence = extra.evidence();
    let material = Material::new(file, &signed.dss, &evidence, trust.known());
    let (judged, _) = conclude(&signed.signatures, material, trust, at, None);
    let mut at_hand = extra.clone();
    at_hand.crls.extend(signed.dss.crls.iter().cloned());
    at_hand.ocsps.extend(signed.dss.ocsps.iter().cloned());
    for judged in &judged {
        if let Ok(cms) = SignedData::parse(&judged.raw.contents) {
            at_hand.add(&cms);
        }
        if let Subject::Signature { tokens, .. } = &judged.layer.subject {
            tokens.iter().for_each(|(token, _)| at_hand.add(token.signed()));
        }
    }
    let pieces = Pieces::new(&at_hand);
    let mut room = MAX_DATA_BYTES;
    let all = judged.iter().map(|judged| {
        let data = pieces.about(&judged.conclusion);
        let bytes: usize =
            [&data.certificates, &data.crls, &data.ocsps].into_iter().flatten().map(Vec::len).sum();
        match room.checked_sub(bytes) {
            Some(left) => room = left,
            None => return SignatureData::default(),
        }
        SignatureData { contents: judged.raw.contents.clone(), ..data }
    });
    all.collect()
}

/// Validation data about one chain, signer first, such as that of a document timestamp that was just made; `contents` as in
/// the file.
pub fn data_about(chain: &[Certificate], contents: Vec<u8>, at_hand: &RevocationData) -> SignatureData {
    let mut data = SignatureData { contents, ..SignatureData::default() };
    Pieces::new(at_hand).add(chain, &mut data, &mut BTreeSet::new());
    data
}

/// Revocation data that were read, with their bytes.
struct Pieces<'a> {
    crls: Vec<(Crl, &'a Vec<u8>)>,
    ocsps: Vec<(OcspResponse, &'a Vec<u8>)>,
}

impl<'a> Pieces<'a> {
    fn new(data: &'a RevocationData) -> Self {
        let known = Known::default();
        let crls = data.crls.iter().filter_map(|der| Some((Crl::from_der(der).ok()?, der)));
        let ocsps =
            data.ocsps.iter().filter_map(|der| Some((OcspResponse::from_der(der, &known).ok()?, der)));
        Self { crls: crls.collect(), ocsps: ocsps.collect() }
    }

    fn about(&self, conclusion: &Conclusion) -> SignatureData {
        let (mut data, mut seen) = (SignatureData::default(), BTreeSet::new());
        for conclusion in std::iter::once(conclusion).chain(&conclusion.timestamps) {
            let chain = conclusion.path.as_ref().map(|path| path.certificates.as_slice()).unwrap_or_default();
            self.add(chain, &mut data, &mut seen);
        }
        data
    }

    fn add(&self, chain: &[Certificate], data: &mut SignatureData, seen: &mut BTreeSet<[u8; 32]>) {
        for certificate in chain {
            if seen.insert(certificate.fingerprint()) {
                data.certificates.push(certificate.der().to_vec());
            }
        }
        for (certificate, issuer) in chain.iter().zip(chain.iter().skip(1)) {
            self.revocation(certificate, issuer, data, seen);
        }
    }

    fn revocation(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        data: &mut SignatureData,
        seen: &mut BTreeSet<[u8; 32]>,
    ) {
        for (crl, der) in &self.crls {
            let about = crl.is_of(issuer) && crl.covers(certificate).is_ok() && crl.is_signed_by(issuer);
            if about && seen.insert(crl.digest()) {
                data.crls.push((*der).clone());
            }
        }
        for (ocsp, der) in &self.ocsps {
            if ocsp.answer(certificate, issuer).is_some() && seen.insert(ocsp.digest()) {
                data.ocsps.push((*der).clone());
            }
        }
    }
}
