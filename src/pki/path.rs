//! Certification paths: candidates found by name, each judged by certval (RFC 5280, section 6.1), validity kept apart.
//!
//! certval's own builder computes every partial path of a fixed store for one time. Here the pool changes with every file
//! and the time with every timestamp, so candidates are collected from the target upwards and certval decides on each.
//! Signatures, names, constraints and key usage do not depend on time; they are judged first, so that an expired chain is
//! still known to be the right chain (ETSI EN 319 102-1, 5.2.6 and 5.6.2.2).

mod candidates;
mod purpose;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex};

use certval::{
    CertificationPath, CertificationPathResults, CertificationPathSettings, Error as CertvalError,
    PDVCertificate, PDVTrustAnchorChoice, PathValidationStatus, PkiEnvironment, TimeOfInterest,
    validate_path_rfc5280,
};
use chrono::{DateTime, Utc};
use der::Encode;
use der::asn1::{BitString, ObjectIdentifier};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::certificate::Certificate;
use super::digest::DigestAlgorithm;
use super::signature::{self, Message, SignatureProblem};
use super::trust::{Anchor, Origin, TrustStore};
pub use purpose::Purpose;

/// Certificates of a path, the anchor included.
pub const MAX_LENGTH: usize = 10;
/// Candidates that are judged for one target. Real pools give one to four.
pub const MAX_CANDIDATES: usize = 32;

/// Pairs of certificate and issuer remembered by `signed_by`, 64 bytes each.
const REMEMBERED_RESPONDERS: usize = 4096;

/// What `signed_by` verified: the same few responders sign for thousands of documents.
static RESPONDERS: LazyLock<Mutex<HashSet<Pair>>> = LazyLock::new(Mutex::default);

/// Fingerprints of a certificate and its issuer.
type Pair = ([u8; 32], [u8; 32]);

/// Extensions that may be critical and that this program reads elsewhere: CRL distribution points, qualified statements.
const READ_ELSEWHERE: [ObjectIdentifier; 3] = [
    ObjectIdentifier::new_unwrap("2.5.29.31"),
    ObjectIdentifier::new_unwrap("2.5.29.46"),
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.3"),
];

/// A chain whose signatures, names, constraints and usages hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// From the target to the anchor, both included. One certificate: the target itself is an anchor.
    pub certificates: Vec<Certificate>,
    /// Where the anchor comes from.
    pub origin: Origin,
}

impl Path {
    /// Each certificate that needs proof, with its issuer, from the top down. The anchor needs none.
    pub fn issued(&self) -> impl DoubleEndedIterator<Item = (&Certificate, &Certificate)> {
        self.certificates.iter().zip(self.certificates.iter().skip(1)).rev()
    }

    /// The anchor it ends in.
    pub fn anchor(&self) -> Option<&Certificate> {
        self.certificates.last()
    }

    /// The moment the first of its certificates ends; the anchor counts too, since others may refuse an expired one.
    pub fn ends(&self) -> Option<DateTime<Utc>> {
        self.certificates.iter().map(Certificate::not_after).min()
    }

    /// The certificate (the anchor aside) that is not valid at `at`, the topmost first.
    pub fn not_valid_at(&self, at: DateTime<Utc>) -> Option<&Certificate> {
        if let [only] = self.certificates.as_slice() {
            return (!only.is_valid_at(at)).then_some(only);
        }
        self.issued().map(|(certificate, _)| certificate).find(|certificate| !certificate.is_valid_at(at))
    }
}

/// Why there is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    /// Nobody we believe issued it, directly or through others. The name is that of the missing issuer.
    #[error("no chain to a trusted root: the issuer {missing} is unknown or not trusted")]
    NoChain { missing: String },
    /// An anchor is there, but does not count at this time (European lists say from when to when).
    #[error("the root {anchor} is not trusted at this time")]
    NotTrustedThen { anchor: String },
    /// The chain is right but a certificate is expired, or not yet valid.
    #[error("the chain is right, but {} was not valid", certificate.display_name())]
    NotValidAt { path: Box<Path>, certificate: Box<Certificate> },
    /// A chain is there and breaks a rule.
    #[error("the chain breaks a rule: {rule}")]
    Rule { path: Box<Path>, rule: Rule },
}

/// The rule a chain breaks, in the words of RFC 5280 and RFC 3161.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    #[error("a signature of an authority does not hold")]
    Signature,
    #[error("a name constraint is violated")]
    NameConstraints,
    #[error("an issuer may not issue certificates (basic constraints)")]
    BasicConstraints,
    #[error("the path is longer than an authority allows")]
    PathLength,
    #[error("a key usage does not allow this")]
    KeyUsage,
    #[error("the certificate is not for this purpose (extended key usage)")]
    ExtendedKeyUsage,
    #[error("a critical extension is not understood")]
    CriticalExtension,
    #[error("no certificate policy is left")]
    Policy,
    #[error("{0}")]
    Other(String),
}

/// Finds the path of `target` to an anchor that counts at `at` for `purpose`. `pool`: certificates at hand, not trusted.
///
/// The shortest candidate that holds and is valid at `at` wins. When none does, the problem is that of the best one:
/// expired before broken, broken before missing.
pub fn build(
    target: &Certificate,
    pool: &[Certificate],
    trust: &TrustStore,
    at: DateTime<Utc>,
    purpose: Purpose,
) -> Result<Path, PathProblem> {
    let found = candidates::collect(target, pool, trust, purpose);
    let mut worst: Option<PathProblem> = None;
    for (path, anchor) in found.paths {
        let problem = match judge(&path, anchor, trust, at, purpose) {
            Ok(()) => return Ok(path),
            Err(problem) => problem,
        };
        if worst.as_ref().is_none_or(|known| rank(&problem) > rank(known)) {
            worst = Some(problem);
        }
    }
    Err(worst.unwrap_or(PathProblem::NoChain { missing: found.missing.issuer() }))
}

fn rank(problem: &PathProblem) -> u8 {
    match problem {
        PathProblem::NotValidAt { .. } => 3,
        PathProblem::Rule { .. } => 2,
        PathProblem::NotTrustedThen { .. } => 1,
        PathProblem::NoChain { .. } => 0,
    }
}

fn judge(
    path: &Path,
    anchor: &Anchor,
    trust: &TrustStore,
    at: DateTime<Utc>,
    purpose: Purpose,
) -> Result<(), PathProblem> {
    let broken = |rule| PathProblem::Rule { path: Box::new(path.clone()), rule };
    if let Some(target) = path.certificates.first() {
        purpose.check(target).map_err(broken)?;
    }
    holds(path, trust).map_err(broken)?;
    if !anchor.counts_at(at) {
        return Err(PathProblem::NotTrustedThen { anchor: anchor.certificate.display_name() });
    }
    match path.not_valid_at(at) {
        Some(certificate) => Err(PathProblem::NotValidAt {
            path: Box::new(path.clone()),
            certificate: Box::new(certificate.clone()),
        }),
        None => Ok(()),
    }
}

/// RFC 5280, section 6.1, without time and revocation.
fn holds(path: &Path, trust: &TrustStore) -> Result<(), Rule> {
    let [target, between @ .., anchor] = path.certificates.as_slice() else { return Ok(()) };
    let mut fingerprints = DigestAlgorithm::Sha256.hasher();
    path.certificates.iter().for_each(|certificate| fingerprints.update(&certificate.fingerprint()));
    let mut chain = [0; 32];
    chain.copy_from_slice(&fingerprints.finish());
    if trust.remembers(&chain) {
        return Ok(());
    }
    let unreadable = |error: der::Error| Rule::Other(error.to_string());
    let anchor = PDVTrustAnchorChoice::try_from(anchor.der()).map_err(unreadable)?;
    let target = PDVCertificate::try_from(target.der()).map_err(unreadable)?;
    let mut intermediates = Vec::with_capacity(between.len());
    for certificate in between.iter().rev() {
        intermediates.push(PDVCertificate::try_from(certificate.der()).map_err(unreadable)?);
    }
    let mut settings = CertificationPathSettings::new();
    settings.set_time_of_interest(TimeOfInterest::disabled());
    settings.set_require_ta_store(false);
    settings.set_check_revocation_status(false);
    // Key sizes are judged by date, in `sunset`.
    settings.set_min_rsa_modulus_bits(0);
    let mut results = CertificationPathResults::new();
    results.set_processed_extensions(READ_ELSEWHERE.into_iter().collect());
    let path = CertificationPath::new(anchor, intermediates, target);
    validate_path_rfc5280(trust.environment(), &settings, &path, &mut results).map_err(rule)?;
    trust.remember(chain);
    Ok(())
}

fn rule(error: CertvalError) -> Rule {
    let CertvalError::PathValidation(status) = error else { return Rule::Other(error.to_string()) };
    match status {
        PathValidationStatus::SignatureVerificationFailure => Rule::Signature,
        PathValidationStatus::NameConstraintsViolation => Rule::NameConstraints,
        PathValidationStatus::MissingBasicConstraints | PathValidationStatus::InvalidBasicConstraints => {
            Rule::BasicConstraints
        }
        PathValidationStatus::InvalidPathLength => Rule::PathLength,
        PathValidationStatus::InvalidKeyUsage => Rule::KeyUsage,
        PathValidationStatus::UnprocessedCriticalExtension => Rule::CriticalExtension,
        PathValidationStatus::NullPolicySet | PathValidationStatus::InvalidPolicyMapping => Rule::Policy,
        other => Rule::Other(other.to_string()),
    }
}

/// certval's way to ask for a signature to be verified.
pub(super) fn verify_for_certval(
    _: &PkiEnvironment,
    message: &[u8],
    signature: &BitString,
    algorithm: &AlgorithmIdentifierOwned,
    spki: &SubjectPublicKeyInfoOwned,
) -> certval::Result<()> {
    let spki = spki.to_der()?;
    signature::verify(&spki, algorithm, None, Message::Bytes(message), signature.raw_bytes()).map_err(
        |problem| match problem {
            SignatureProblem::Mismatch => {
                CertvalError::PathValidation(PathValidationStatus::SignatureVerificationFailure)
            }
            _ => CertvalError::Unrecognized,
        },
    )
}

/// Whether `issuer`'s key signed `certificate` and the names fit. Asks nothing about time or usage.
pub fn signed_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    let pair = (certificate.fingerprint(), issuer.fingerprint());
    // Kept only where the names fit, too.
    if RESPONDERS.lock().is_ok_and(|responders| responders.contains(&pair)) {
        return true;
    }
    let names = certval::compare_names(
        certificate.inner().tbs_certificate().issuer(),
        issuer.inner().tbs_certificate().subject(),
    );
    if !names {
        return false;
    }
    let message = Message::Bytes(certificate.tbs_der());
    let algorithm = certificate.signature_algorithm();
    let holds = signature::verify_by(issuer, algorithm, None, message, certificate.signature()).is_ok();
    if let (true, Ok(mut responders)) = (holds, RESPONDERS.lock()) {
        if responders.len() >= REMEMBERED_RESPONDERS {
            responders.clear();
        }
        responders.insert(pair);
    }
    holds
}
