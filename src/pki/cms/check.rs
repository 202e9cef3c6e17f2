//! The check of one signer (RFC 5652, 5.4 to 5.6; ETSI EN 319 102-1, 5.2.7).

use super::super::certificate::Certificate;
use super::super::digest::DigestAlgorithm;
use super::super::signature::{self, Message, SignatureProblem, Weakness};
use super::{CmsProblem, ID_DATA, SignedAttributes, SignedData, Signer, SignerCheck};

type DigestOf<'a> = &'a dyn Fn(DigestAlgorithm) -> Vec<u8>;

pub fn signer(
    signer: &Signer,
    signed: &SignedData,
    pool: &[Certificate],
    digest_of: DigestOf<'_>,
) -> SignerCheck {
    let mut problems = signer.problems.clone();
    let mut weak = Vec::new();
    let candidates = signed.certificates.iter().chain(pool);
    let certificate = signer.identifier.find(candidates, &signer.signing_certificates).cloned();
    match &certificate {
        Some(certificate) => check_identity(signer, certificate, &mut problems),
        None => problems.push(CmsProblem::SignerCertificateMissing),
    }
    let digest_matches = match &signer.signed {
        Some(attributes) => {
            check_attributes(signer, signed, attributes, &mut problems);
            content_matches(signer, attributes, digest_of, &mut problems)
        }
        None => false,
    };
    if let Some(algorithm) = signer.digest_algorithm.filter(|algorithm| algorithm.is_weak()) {
        weak.push(Weakness::Digest { algorithm });
    }
    let mut check =
        SignerCheck { digest_matches, signature_valid: false, signer: certificate, problems, weak };
    if let Some(certificate) = check.signer.clone() {
        check_signature(signer, signed, &certificate, digest_of, &mut check);
    }
    check
}

/// The certificate must be the one whose digest was signed.
fn check_identity(signer: &Signer, certificate: &Certificate, problems: &mut Vec<CmsProblem>) {
    if signer.signing_certificates.is_empty() {
        problems.push(CmsProblem::NoSigningCertificate);
    }
    for id in &signer.signing_certificates {
        match id.matches(certificate) {
            Some(true) => {}
            Some(false) => problems.push(CmsProblem::SigningCertificateMismatch),
            None => problems.push(CmsProblem::UnsupportedDigest { oid: "of the signing certificate".into() }),
        }
    }
}

/// What must hold between the attributes and what stands outside of them.
fn check_attributes(
    signer: &Signer,
    signed: &SignedData,
    attributes: &SignedAttributes,
    problems: &mut Vec<CmsProblem>,
) {
    match attributes.content_type {
        Some(content_type) if content_type == signed.content_type => {}
        Some(_) => problems.push(CmsProblem::ContentTypeMismatch),
        None => problems.push(CmsProblem::NoContentType),
    }
    if let Some(protection) = &attributes.protection
        && !protection.agrees(&signer.digest_identifier, &signer.signature_algorithm)
    {
        problems.push(CmsProblem::AlgorithmProtectionMismatch);
    }
    let own = signature::own_digest(&signer.signature_algorithm);
    if own.is_some_and(|own| Some(own) != signer.digest_algorithm) {
        problems.push(CmsProblem::DigestAlgorithmsDiffer);
    }
}

fn content_matches(
    signer: &Signer,
    attributes: &SignedAttributes,
    digest_of: DigestOf<'_>,
    problems: &mut Vec<CmsProblem>,
) -> bool {
    let Some(algorithm) = signer.digest_algorithm else {
        problems.push(CmsProblem::UnsupportedDigest { oid: signer.digest_identifier.oid.to_string() });
        return false;
    };
    let Some(expected) = &attributes.message_digest else {
        problems.push(CmsProblem::NoMessageDigest);
        return false;
    };
    let matches = digest_of(algorithm) == *expected;
    if !matches {
        problems.push(CmsProblem::DigestMismatch);
    }
    matches
}

fn check_signature(
    signer: &Signer,
    signed: &SignedData,
    certificate: &Certificate,
    digest_of: DigestOf<'_>,
    check: &mut SignerCheck,
) {
    let result = match &signer.signed {
        Some(attributes) => verify(signer, certificate, Message::Bytes(&attributes.bytes)),
        None => {
            // Only plain data may be signed bare: other content could pass for attributes (RFC 5652, 5.3).
            if signed.content_type != ID_DATA {
                check.problems.push(CmsProblem::SignedAttributesMissing);
            }
            verify_bare(signer, signed, certificate, digest_of)
        }
    };
    check.signature_valid = result.is_ok();
    if signer.signed.is_none() {
        // The signature itself is over the content: they hold or fail together.
        check.digest_matches = check.signature_valid;
    }
    if let Err(problem) = result {
        check.problems.push(CmsProblem::Signature { why: problem });
    }
    for weakness in
        signature::weaknesses(certificate.spki_der(), &signer.signature_algorithm, signer.digest_algorithm)
    {
        if !check.weak.contains(&weakness) {
            check.weak.push(weakness);
        }
    }
}

fn verify(signer: &Signer, by: &Certificate, message: Message<'_>) -> Result<(), SignatureProblem> {
    let (algorithm, hint) = (&signer.signature_algorithm, signer.digest_algorithm);
    signature::verify_by(by, algorithm, hint, message, &signer.signature_value)
}

/// A signature over the content itself.
fn verify_bare(
    signer: &Signer,
    signed: &SignedData,
    by: &Certificate,
    digest_of: DigestOf<'_>,
) -> Result<(), SignatureProblem> {
    let own = signature::own_digest(&signer.signature_algorithm);
    let Some(algorithm) = own.or(signer.digest_algorithm) else {
        return Err(SignatureProblem::UnsupportedDigest { oid: signer.digest_identifier.oid.to_string() });
    };
    let digest = digest_of(algorithm);
    match verify(signer, by, Message::Digest(algorithm, &digest)) {
        // Ed25519 and ML-DSA need the content: it may be inside, if it is the one that is asked about.
        Err(SignatureProblem::NeedsContent) => match signed.content() {
            Some(content) if algorithm.hash(content) == digest => verify(signer, by, Message::Bytes(content)),
            _ => Err(SignatureProblem::NeedsContent),
        },
        result => result,
    }
}
