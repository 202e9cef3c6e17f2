//! From the bytes of a signature to what `pki` can judge: parse, digest the range, check the mathematics.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use super::{File, Words};
use crate::pdf::{Dss, Flaw, RawSignature, SignatureKind};
use crate::pki::cms::{check_detached, check_pkcs7_sha1, check_rsa_sha1};
use crate::pki::digest::Hasher;
use crate::pki::known::Known;
use crate::pki::revocation::{Evidence, Provenance};
use crate::pki::sunset::Algorithm;
use crate::pki::validate::{Layer, Subject};
use crate::pki::{Certificate, CmsError, DigestAlgorithm, Milestones, SignedData, TimestampToken};

/// Bytes digested for one file, all its signatures together. A file of 64 MiB with ten signatures stays below; one made to
/// keep us busy does not.
const MAX_DIGESTED_BYTES: u64 = 4 << 30;

/// What the judgement of a signature does not need but people do.
pub(super) struct About {
    pub signer: Option<Certificate>,
    /// Content and signature hold; `None` when it could not be read, or uses what is not supported.
    pub intact: Option<bool>,
    pub algorithm: Option<String>,
}

/// What all signatures of a file share.
pub(super) struct Material<'a> {
    file: File<'a>,
    known: &'a Known,
    digested: u64,
    prefixes: Prefixes,
    pooled: HashSet<[u8; 32]>,
    /// Each certificate once.
    pub pool: Vec<Certificate>,
    pub evidence: Evidence,
}

impl<'a> Material<'a> {
    /// Certificates and revocation data of the file's security store, and what the caller has.
    pub fn new(file: File<'a>, dss: &Dss, extra: &Evidence, known: &'a Known) -> Self {
        let mut material = Self {
            file,
            known,
            digested: 0,
            prefixes: Prefixes::default(),
            pooled: HashSet::new(),
            pool: Vec::new(),
            evidence: Evidence::new(),
        };
        material.evidence.extend(extra);
        // What cannot be read is counted by `evidence`, and is no reason to read nothing else.
        dss.all_certificates()
            .filter_map(|der| known.certificate(der).ok())
            .for_each(|one| material.add(one));
        for crl in dss.all_crls() {
            let _ = material.evidence.add_crl_known(crl, Provenance::Embedded, known);
        }
        for ocsp in dss.all_ocsps() {
            let _ = material.evidence.add_ocsp_known(ocsp, Provenance::Embedded, known);
        }
        material
    }

    /// Reads one signature and checks its mathematics.
    pub fn read(&mut self, raw: &RawSignature) -> (Layer, About) {
        let read = match (raw.summary.subfilter.as_str(), raw.summary.kind) {
            _ if raw.contents.is_empty() => Err(CmsError::Empty),
            ("adbe.x509.rsa_sha1", _) => self.raw_rsa(raw),
            (_, SignatureKind::Timestamp) => self.timestamp(raw),
            (subfilter, SignatureKind::Signature) => self.signature(raw, subfilter == "adbe.pkcs7.sha1"),
        };
        let (subject, about, unreadable) = match read {
            Ok((subject, about)) => (subject, about, None),
            Err(error) => {
                let about = About { signer: None, intact: None, algorithm: None };
                (Subject::Unreadable, about, Some(error.to_string()))
            }
        };
        let layer = Layer {
            subject,
            format_problem: problem(raw).or(unreadable),
            // A range that was not sound is no proof for what lies in it.
            covers_before: raw.summary.byte_range_sound && raw.modified_after != Some(true),
        };
        (layer, about)
    }

    fn signature(&mut self, raw: &RawSignature, sha1_inside: bool) -> Result<(Subject, About), CmsError> {
        let signed = SignedData::parse_known(&raw.contents, self.known)?;
        self.keep(&signed);
        let range = self.range(raw);
        let digest = |algorithm| range.digest(algorithm);
        let check = if sha1_inside {
            check_pkcs7_sha1(&signed, &self.pool, digest)
        } else {
            check_detached(&signed, &self.pool, digest)
        };
        self.digested += range.digested();
        let signer = signed.signers.first();
        let tokens = signer.into_iter().flat_map(|signer| {
            let token = |der: &Vec<u8>| TimestampToken::parse_known(der, self.known).ok();
            signer.timestamp_tokens.iter().filter_map(token).map(|token| {
                let covers = token.covers(|algorithm| algorithm.hash(&signer.signature_value));
                (token, covers)
            })
        });
        let tokens: Vec<_> = tokens.collect();
        tokens.iter().for_each(|(token, _)| self.keep(token.signed()));
        let mut digests: Vec<_> = signer.and_then(|signer| signer.digest_algorithm).into_iter().collect();
        if sha1_inside {
            // Whatever signs it, what is signed is only the SHA-1 of the document.
            digests.push(DigestAlgorithm::Sha1);
        }
        let about = About {
            signer: check.signer.clone(),
            intact: check.holds(),
            algorithm: algorithm(digests.first().copied(), check.signer.as_ref()),
        };
        Ok((Subject::Signature { certificates: signed.certificates, check, digests, tokens }, about))
    }

    fn timestamp(&mut self, raw: &RawSignature) -> Result<(Subject, About), CmsError> {
        let token = TimestampToken::parse_known(&raw.contents, self.known)?;
        self.keep(token.signed());
        let range = self.range(raw);
        let covers = token.covers(|algorithm| range.digest(algorithm));
        self.digested += range.digested();
        let check = token.check();
        let about = About {
            intact: if covers { check.holds() } else { Some(false) },
            algorithm: algorithm(Some(token.info().digest_algorithm), check.signer.as_ref()),
            signer: check.signer,
        };
        Ok((Subject::Timestamp { token: Box::new(token), covers }, about))
    }

    fn raw_rsa(&mut self, raw: &RawSignature) -> Result<(Subject, About), CmsError> {
        let certificates: Vec<_> =
            raw.cert.iter().filter_map(|der| Certificate::from_der(der).ok()).collect();
        let range = self.range(raw);
        let found = check_rsa_sha1(&raw.contents, &certificates, |algorithm| range.digest(algorithm))?;
        self.digested += range.digested();
        let about = About {
            signer: found.check.signer.clone(),
            intact: found.check.holds(),
            algorithm: algorithm(found.digest_algorithm, found.check.signer.as_ref()),
        };
        let digests = found.digest_algorithm.into_iter().collect();
        let subject = Subject::Signature { check: found.check, certificates, digests, tokens: Vec::new() };
        Ok((subject, about))
    }

    /// Certificates and revocation data inside a signature help to judge the others, too.
    fn keep(&mut self, signed: &SignedData) {
        signed.certificates.iter().for_each(|certificate| self.add(certificate.clone()));
        for crl in &signed.crls {
            let _ = self.evidence.add_crl_known(crl, Provenance::Embedded, self.known);
        }
        for ocsp in &signed.ocsp {
            let _ = self.evidence.add_ocsp_known(ocsp, Provenance::Embedded, self.known);
        }
    }

    /// Adds a certificate that helps to build chains, once.
    pub fn add(&mut self, certificate: Certificate) {
        if self.pooled.insert(certificate.fingerprint()) {
            self.pool.push(certificate);
        }
    }

    fn range(&self, raw: &RawSignature) -> Range<'a> {
        let part = |offset: u64, length: u64| {
            let (offset, length) = (usize::try_from(offset).ok()?, usize::try_from(length).ok()?);
            self.file.bytes.get(offset..offset.checked_add(length)?)
        };
        let parts = raw.summary.byte_range.and_then(|[a, b, c, d]| Some([part(a, b)?, part(c, d)?]));
        let allowed = self.digested < MAX_DIGESTED_BYTES;
        let at_start = raw.summary.byte_range.is_some_and(|[start, ..]| start == 0);
        let prefixes = Rc::clone(&self.prefixes);
        let milestones = self.file.milestones.filter(|_| at_start);
        Range { parts: parts.filter(|_| allowed), at_start, milestones, known: RefCell::default(), prefixes }
    }
}

/// The bytes that a signature covers; each digest of them is made once.
struct Range<'a> {
    parts: Option<[&'a [u8]; 2]>,
    /// The first part begins with the file.
    at_start: bool,
    milestones: Option<&'a Milestones>,
    known: RefCell<BTreeMap<DigestAlgorithm, Vec<u8>>>,
    prefixes: Prefixes,
}

/// Of the beginning of a file, how many bytes went through each digest, and the digest in the making. Signatures of a file
/// all cover its beginning, each a little more than the one before: what they share is digested once.
type Prefixes = Rc<RefCell<BTreeMap<DigestAlgorithm, (usize, Hasher)>>>;

impl Range<'_> {
    /// The digest, or nothing at all where there is no range: no signature is about that.
    fn digest(&self, algorithm: DigestAlgorithm) -> Vec<u8> {
        let Some(parts) = self.parts else { return Vec::new() };
        let mut known = self.known.borrow_mut();
        let digest = known.entry(algorithm).or_insert_with(|| {
            let [first, second] = parts;
            let mut hasher = self.beginning(algorithm, first);
            hasher.update(second);
            hasher.finish()
        });
        digest.clone()
    }

    /// The digest of `first`, ready for more. Only what begins where the file begins is shared.
    fn beginning(&self, algorithm: DigestAlgorithm, first: &[u8]) -> Hasher {
        let mut prefixes = self.prefixes.borrow_mut();
        let (length, hasher) = prefixes.entry(algorithm).or_insert_with(|| (0, algorithm.hasher()));
        let milestones = self.milestones.filter(|_| algorithm == DigestAlgorithm::Sha256);
        if let Some((passed, digested)) = milestones.and_then(|known| known.within(first.len()))
            && passed > *length
        {
            (*length, *hasher) = (passed, digested.clone());
        }
        match first.get(*length..) {
            Some(more) if self.at_start => {
                hasher.update(more);
                *length = first.len();
                hasher.clone()
            }
            _ => {
                let mut fresh = algorithm.hasher();
                fresh.update(first);
                fresh
            }
        }
    }

    /// Bytes that went through a digest.
    fn digested(&self) -> u64 {
        let length: usize = self.parts.iter().flatten().map(|part| part.len()).sum();
        length as u64 * self.known.borrow().len() as u64
    }
}

/// Why the container is not as it must be; `None` when it is.
fn problem(raw: &RawSignature) -> Option<String> {
    let fatal = |flaw: &&Flaw| {
        !matches!(flaw, Flaw::TooComplex | Flaw::HistoryUnreadable | Flaw::BeyondPermission { .. })
    };
    let flaw = raw.reasons.iter().find(fatal)?;
    Some(flaw.to_string())
}

/// The kinds of signature that we know (ISO 32000-2, table 260); what another kind would mean cannot be told.
const KNOWN: [&str; 5] =
    ["adbe.pkcs7.detached", "adbe.pkcs7.sha1", "adbe.x509.rsa_sha1", "ETSI.CAdES.detached", "ETSI.RFC3161"];

/// Whether the file says how the signature is to be read.
pub(super) fn is_known(raw: &RawSignature) -> bool {
    KNOWN.contains(&raw.summary.subfilter.as_str())
}

/// In both languages, what is wrong with how the signature sits in its file.
pub(super) fn flaws(raw: &RawSignature) -> impl Iterator<Item = Words> {
    raw.reasons.iter().map(|flaw| Words::new(flaw.in_japanese(), flaw.to_string()))
}

fn algorithm(digest: Option<DigestAlgorithm>, signer: Option<&Certificate>) -> Option<String> {
    let digest = digest.map(|digest| digest.name().to_owned());
    let key = signer.and_then(Algorithm::of_key).map(Algorithm::name);
    let both: Vec<String> = digest.into_iter().chain(key).collect();
    (!both.is_empty()).then(|| both.join(", "))
}
