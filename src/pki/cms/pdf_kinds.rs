//! The kinds of signature that PDF knows (ISO 32000-2, table 260), each checked as it asks.

use super::super::ber::{self, Elements, OCTET_STRING};
use super::super::certificate::Certificate;
use super::super::digest::DigestAlgorithm;
use super::super::signature::{self, Message, SignatureProblem, Weakness};
use super::{CmsError, CmsProblem, ID_DATA, SignedData, SignerCheck};
use der::asn1::ObjectIdentifier;
use spki::AlgorithmIdentifierOwned;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// Digests that `adbe.x509.rsa_sha1` may use in spite of its name, likeliest first.
const RAW_DIGESTS: [DigestAlgorithm; 4] =
    [DigestAlgorithm::Sha1, DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512];

/// `adbe.pkcs7.detached` and `ETSI.CAdES.detached`: the byte range was signed, and nothing is inside.
pub fn check_detached(
    signed: &SignedData,
    pool: &[Certificate],
    digest_of_range: impl Fn(DigestAlgorithm) -> Vec<u8>,
) -> SignerCheck {
    let mut check = first_signer(signed, pool, &digest_of_range);
    // An empty string inside is how some writers say that there is nothing.
    if signed.content().is_some_and(|content| !content.is_empty()) {
        check.problems.push(CmsProblem::ContentNotDetached);
    }
    // What was signed as something else, and for another purpose, is no signature of a document (EN 319 142-1, 6.3).
    if signed.content_type != ID_DATA {
        check.problems.push(CmsProblem::OtherContent { oid: signed.content_type.to_string() });
    }
    check
}

/// `adbe.pkcs7.sha1`: inside is the SHA-1 of the byte range, and that was signed.
pub fn check_pkcs7_sha1(
    signed: &SignedData,
    pool: &[Certificate],
    digest_of_range: impl Fn(DigestAlgorithm) -> Vec<u8>,
) -> SignerCheck {
    let Some(content) = signed.content() else { return SignerCheck::failed(CmsProblem::ContentMissing) };
    let mut check = first_signer(signed, pool, &|algorithm| algorithm.hash(content));
    if content != digest_of_range(DigestAlgorithm::Sha1) {
        check.digest_matches = false;
        check.problems.push(CmsProblem::DigestMismatch);
    }
    let weakness = Weakness::Digest { algorithm: DigestAlgorithm::Sha1 };
    if !check.weak.contains(&weakness) {
        check.weak.push(weakness);
    }
    check
}

/// The first signer, with what is wrong with the whole.
fn first_signer(
    signed: &SignedData,
    pool: &[Certificate],
    digest: &dyn Fn(DigestAlgorithm) -> Vec<u8>,
) -> SignerCheck {
    // That there is no signer is among the problems already.
    let mut check = match signed.signers.first() {
        Some(signer) => signer.verify_among(signed, pool, digest),
        None => return SignerCheck::failed(CmsProblem::NoSigner),
    };
    for problem in &signed.problems {
        check.problems.push(match problem {
            CmsProblem::SeveralSigners { count } => several(*count, &check, signed, pool, digest),
            other => other.clone(),
        });
    }
    check
}

/// What several signers in one signature mean. PAdES allows one (EN 319 142-1, 4.1); CMS and ISO 32000 know no such rule, and
/// a library that adds the only signer twice breaks nothing.
fn several(
    count: usize,
    first: &SignerCheck,
    signed: &SignedData,
    pool: &[Certificate],
    digest: &dyn Fn(DigestAlgorithm) -> Vec<u8>,
) -> CmsProblem {
    let others: Vec<_> =
        signed.signers.iter().skip(1).map(|signer| signer.verify_among(signed, pool, digest)).collect();
    let all_hold = count == signed.signers.len() && first.passed() && others.iter().all(SignerCheck::passed);
    match others.iter().all(|other| other.signer == first.signer) {
        _ if !all_hold => CmsProblem::SeveralSigners { count },
        true => CmsProblem::SignedRepeatedly { count },
        false => CmsProblem::SignedTogether { count },
    }
}

/// What `check_rsa_sha1` found.
#[derive(Debug, Clone)]
pub struct RawSignature {
    pub check: SignerCheck,
    /// The digest under which it holds; `None` if under none.
    pub digest_algorithm: Option<DigestAlgorithm>,
    /// What timestamps would cover.
    pub signature_value: Vec<u8>,
}

/// `adbe.x509.rsa_sha1`: no CMS, but a PKCS#1 signature over the byte range in an OCTET STRING; the first of the
/// certificates in `/Cert` is the signer's.
///
/// Fails if `contents` is no OCTET STRING.
pub fn check_rsa_sha1(
    contents: &[u8],
    certificates: &[Certificate],
    digest_of_range: impl Fn(DigestAlgorithm) -> Vec<u8>,
) -> Result<RawSignature, CmsError> {
    if contents.iter().all(|byte| *byte == 0) {
        return Err(CmsError::Empty);
    }
    let (string, _) = ber::definite(contents)?;
    let string = Elements::new(&string).take()?;
    if string.tag & 0xDF != OCTET_STRING {
        return Err(CmsError::Field { field: "the signature value", why: "it is no octet string".into() });
    }
    let signature_value = string.octets()?.into_owned();
    let Some(signer) = certificates.first() else {
        let check = SignerCheck::failed(CmsProblem::SignerCertificateMissing);
        return Ok(RawSignature { check, digest_algorithm: None, signature_value });
    };
    let algorithm = AlgorithmIdentifierOwned { oid: RSA_ENCRYPTION, parameters: None };
    let (spki, mut problem) = (signer.spki_der(), SignatureProblem::Mismatch);
    let digest_algorithm = RAW_DIGESTS.into_iter().find(|digest| {
        let value = digest_of_range(*digest);
        let message = Message::Digest(*digest, &value);
        let result = signature::verify(spki, &algorithm, Some(*digest), message, &signature_value);
        result.map_err(|error| problem = error).is_ok()
    });
    let holds = digest_algorithm.is_some();
    let check = SignerCheck {
        digest_matches: holds,
        signature_valid: holds,
        signer: Some(signer.clone()),
        problems: if holds { Vec::new() } else { vec![CmsProblem::Signature { why: problem }] },
        weak: signature::weaknesses(spki, &algorithm, digest_algorithm),
    };
    Ok(RawSignature { check, digest_algorithm, signature_value })
}
