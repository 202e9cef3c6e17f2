//! The validation data of every signature of a file: the chain as judged, and what revocation data about it are at hand or
//! to be had.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::Words;
use super::examine::conclude;
use super::fetch::words as not_fetched;
use super::layers::Material;
use super::pieces::Pieces;
use crate::pdf::{self, SignatureData};
use crate::pki::fetch::{self, Fetcher, ForOneFile, Recording};
use crate::pki::revocation::{self, Evidence, Provenance, RevocationStatus};
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

/// Longest piece that is kept of what authorities answered.
const MAX_PIECE: usize = MAX_DATA_BYTES;

/// What came of collecting.
#[derive(Debug, Default)]
pub struct Collected {
    /// For each signature, in the order in which they were added.
    pub data: Vec<SignatureData>,
    /// What could not be had, in words.
    pub problems: Vec<Words>,
}

/// Collects, for each signature, certificates of its chain and of its timestamps' chains, and revocation data about them:
/// from the file, from the timestamps themselves, and, of `extra` and of what `fetcher` gets, the newest that says something.
/// The fetcher is asked about every certificate on which there is no word from after the signature (EN 319 102-1, 5.3:
/// who revokes may need a while), as long as authorities still answer about it.
pub fn validation_data(
    file: &[u8],
    trust: &TrustStore,
    at: DateTime<Utc>,
    extra: &RevocationData,
    fetcher: Option<&dyn Fetcher>,
) -> Collected {
    let signed = pdf::read_signed(file);
    if signed.signatures.is_empty() {
        return Collected::default();
    }
    let recording = fetcher.map(|fetcher| Recording::new(fetcher, MAX_PIECE));
    let asked = recording.as_ref().map(|recording| -> &dyn Fetcher { recording });
    let evidence = extra.evidence();
    let material = Material::new(file.into(), &signed.dss, &evidence, trust.known());
    let (judged, mut problems) = conclude(&signed.signatures, material, trust, at, asked);
    let mut own = RevocationData::default();
    own.crls.extend(signed.dss.all_crls().cloned());
    own.ocsps.extend(signed.dss.all_ocsps().cloned());
    for judged in &judged {
        if let Ok(cms) = SignedData::parse(&judged.raw.contents) {
            own.add(&cms);
        }
        if let Subject::Signature { tokens, .. } = &judged.layer.subject {
            tokens.iter().for_each(|(token, _)| own.add(token.signed()));
        }
    }
    if let Some(fetcher) = asked {
        let known = own.evidence();
        let conclusions = judged.iter().map(|judged| &judged.conclusion);
        problems.extend(ask_for_later_words(conclusions, &known, at, fetcher));
    }
    let mut others = extra.clone();
    if let Some((crls, ocsps)) = recording.map(Recording::into_parts) {
        others.crls.extend(crls);
        others.ocsps.extend(ocsps);
    }
    let pieces = Pieces::new(&own, &others);
    let mut room = MAX_DATA_BYTES;
    let all = judged.iter().map(|judged| {
        let data = pieces.about(&judged.conclusion, at);
        let bytes: usize =
            [&data.certificates, &data.crls, &data.ocsps].into_iter().flatten().map(Vec::len).sum();
        match room.checked_sub(bytes) {
            Some(left) => room = left,
            None => return SignatureData::default(),
        }
        SignatureData { contents: judged.raw.contents.clone(), ..data }
    });
    let data = all.collect();
    problems.dedup();
    Collected { data, problems }
}

/// Asks about the chains on which `known` has no word from after the proven time.
fn ask_for_later_words<'a>(
    conclusions: impl Iterator<Item = &'a Conclusion>,
    known: &Evidence,
    at: DateTime<Utc>,
    fetcher: &dyn Fetcher,
) -> Vec<Words> {
    let one_file = ForOneFile::new(fetcher);
    let mut problems = Vec::new();
    for conclusion in conclusions.flat_map(|one| std::iter::once(one).chain(&one.timestamps)) {
        let Some(path) = &conclusion.path else { continue };
        let proven = conclusion.best_time.unwrap_or(at);
        let lacks = |(certificate, issuer): (&Certificate, &Certificate)| {
            let word = revocation::status(certificate, issuer, known, &path.certificates, proven);
            let later = matches!(word, RevocationStatus::Good { this_update, .. } if this_update >= proven);
            certificate.is_valid_at(at) && !later
        };
        if path.issued().any(lacks) {
            let mut found = Evidence::new();
            problems.extend(fetch::revocation_data(path, &one_file, &mut found));
        }
    }
    problems.iter().map(not_fetched).collect()
}

/// Validation data about one chain, signer first, such as that of a document timestamp that was made at `at`; `contents` as
/// in the file.
pub fn data_about(
    chain: &[Certificate],
    contents: Vec<u8>,
    at_hand: &RevocationData,
    at: DateTime<Utc>,
) -> SignatureData {
    let mut data = SignatureData { contents, ..SignatureData::default() };
    Pieces::new(&RevocationData::default(), at_hand).add(chain, at, &mut data, &mut BTreeSet::new());
    data
}
