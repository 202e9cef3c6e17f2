//! One chain at one time: built, in its validity, not revoked (EN 319 102-1, 5.2.6 and 5.6.2).

use chrono::{DateTime, Utc};

use super::{ChainStatus, Judge, Reason, RevocationPolicy, SubIndication};
use crate::pki::certificate::Certificate;
use crate::pki::path::{self, Path, PathProblem, Purpose};
use crate::pki::revocation::{self, Provenance, RevocationStatus};

/// What is known of a signer's chain at a time.
pub struct ChainJudgement {
    pub path: Option<Path>,
    pub status: ChainStatus,
    /// `None`: trusted.
    pub problem: Option<(SubIndication, Reason)>,
    pub notes: Vec<Reason>,
    /// The document itself holds revocation data for every certificate.
    pub embedded: bool,
    /// When the signer's certificate was revoked, if that is the problem.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Judges the chain of `signer` for `at`. `proven` tells whether `at` is a proven time or only the time of judging.
pub fn judge(
    signer: &Certificate,
    purpose: Purpose,
    at: DateTime<Utc>,
    proven: bool,
    pool: &[Certificate],
    judge: &Judge<'_>,
) -> ChainJudgement {
    match path::build(signer, pool, judge.trust, at, purpose) {
        Ok(path) => revocations(path, at, pool, judge),
        Err(problem) => {
            let revoked = revoked_anyway(&problem, at, pool, judge);
            revoked.unwrap_or_else(|| without_path(problem, signer, at, proven))
        }
    }
}

/// A chain that is expired at `at` and was revoked before: the revocation weighs more (EN 319 102-1, 5.2.6.4).
fn revoked_anyway(
    problem: &PathProblem,
    at: DateTime<Utc>,
    pool: &[Certificate],
    judge: &Judge<'_>,
) -> Option<ChainJudgement> {
    let PathProblem::NotValidAt { path, .. } = problem else { return None };
    let judgement = revocations((**path).clone(), at, pool, judge);
    (judgement.status == ChainStatus::Revoked).then_some(judgement)
}

fn without_path(
    problem: PathProblem,
    signer: &Certificate,
    at: DateTime<Utc>,
    proven: bool,
) -> ChainJudgement {
    let (status, sub_indication, reason, path) = match problem {
        PathProblem::NoChain { missing } => (
            ChainStatus::Untrusted,
            SubIndication::NoCertificateChainFound,
            Reason::NoChain { missing },
            None,
        ),
        PathProblem::NotTrustedThen { anchor } => {
            let reason = Reason::AnchorNotTrustedThen { anchor };
            (ChainStatus::Untrusted, SubIndication::NoCertificateChainFound, reason, None)
        }
        PathProblem::Rule { path, rule } => {
            let reason = Reason::ChainRule { certificate: signer.display_name(), rule };
            (ChainStatus::Untrusted, SubIndication::ChainConstraintsFailure, reason, Some(*path))
        }
        PathProblem::NotValidAt { path, certificate } => {
            let name = certificate.display_name();
            let early = at < certificate.not_before();
            let reason = match early {
                true => {
                    Reason::NotYetValid { certificate: name, starts: certificate.not_before(), judged: at }
                }
                false => Reason::Expired { certificate: name, ended: certificate.not_after(), judged: at },
            };
            // A proven time before the certificate began is a failure (5.5.4, step 4); without proof nothing is known.
            let sub_indication = match early && proven && *certificate == *signer {
                true => SubIndication::NotYetValid,
                false => SubIndication::OutOfBoundsNoPoe,
            };
            (ChainStatus::Expired, sub_indication, reason, Some(*path))
        }
    };
    let problem = Some((sub_indication, reason));
    ChainJudgement { path, status, problem, notes: Vec::new(), embedded: false, revoked_at: None }
}

fn revocations(path: Path, at: DateTime<Utc>, pool: &[Certificate], judge: &Judge<'_>) -> ChainJudgement {
    let mut found = ChainJudgement {
        path: None,
        status: ChainStatus::Trusted,
        problem: None,
        notes: Vec::new(),
        embedded: path.certificates.len() > 1,
        revoked_at: None,
    };
    let signer = path.certificates.first().cloned();
    for (certificate, issuer) in path.issued() {
        let name = certificate.display_name();
        let is_signer = signer.as_ref() == Some(certificate);
        match revocation::status(certificate, issuer, judge.evidence, pool, at) {
            RevocationStatus::Good { provenance, revoked_later, .. } => {
                found.embedded &= provenance == Provenance::Embedded;
                if let Some(at) = revoked_later {
                    found.notes.push(Reason::RevokedLater { certificate: name, at });
                }
            }
            RevocationStatus::Revoked { at, reason, .. } => {
                let sub_indication = match is_signer {
                    true => SubIndication::RevokedNoPoe,
                    false => SubIndication::RevokedCaNoPoe,
                };
                found.status = ChainStatus::Revoked;
                found.revoked_at = is_signer.then_some(at);
                found.problem = Some((sub_indication, Reason::Revoked { certificate: name, at, reason }));
                break;
            }
            RevocationStatus::OnHold { since, .. } => {
                found.refuse(SubIndication::TryLater, Reason::OnHold { certificate: name, since });
            }
            RevocationStatus::Unknown { why } => {
                found.embedded = false;
                let reason = Reason::RevocationUnknown { certificate: name, why };
                match judge.policy {
                    RevocationPolicy::Require => found.refuse(SubIndication::TryLater, reason),
                    RevocationPolicy::IfAvailable => found.notes.push(reason),
                }
            }
        }
    }
    found.embedded &= found.problem.is_none();
    found.path = Some(path);
    found
}

impl ChainJudgement {
    /// Not trusted for now; the first such problem is kept.
    fn refuse(&mut self, sub_indication: SubIndication, reason: Reason) {
        self.status = ChainStatus::Unknown;
        match self.problem {
            None => self.problem = Some((sub_indication, reason)),
            Some(_) => self.notes.push(reason),
        }
    }
}
