//! One timestamp (EN 319 102-1, 5.4): trustworthy at the time for which a newer proof, or the present, vouches?

use chrono::{DateTime, Duration, Utc};

use super::chain::{self, ChainJudgement};
use super::{ChainStatus, Conclusion, Judge, Reason, SubIndication, Verdict, algorithms};
use crate::pki::certificate::Certificate;
use crate::pki::cms::{ProblemKind, SignerCheck};
use crate::pki::digest::DigestAlgorithm;
use crate::pki::path::Purpose;
use crate::pki::token::TimestampToken;

/// How far an authority's clock may be ahead of ours. Authorities promise one second; ours may be off.
const CLOCK_TOLERANCE: Duration = Duration::minutes(5);

/// A timestamp and what was found when its bytes were looked at.
pub struct TimestampFacts<'a> {
    pub token: &'a TimestampToken,
    /// It is about the bytes it stands for.
    pub covers: bool,
    /// What is wrong with the container, in words; `None` for timestamps inside a signature.
    pub format_problem: Option<String>,
    /// Earliest time for which a newer, trustworthy timestamp proves that this one existed.
    pub proven: Option<DateTime<Utc>>,
}

/// Judges a timestamp. Its `best_time` is the time it states, present only if it is trustworthy.
pub fn validate_timestamp(facts: &TimestampFacts<'_>, judge: &Judge<'_>) -> Conclusion {
    if let Some(problem) = &facts.format_problem {
        return Conclusion::stopped(SubIndication::FormatFailure, vec![Reason::Format(problem.clone())]);
    }
    if !facts.covers {
        return Conclusion::stopped(SubIndication::HashFailure, vec![Reason::ImprintDiffers]);
    }
    let check = facts.token.check_among(judge.pool);
    let signer = match checked(&check, Reason::ImprintDiffers) {
        Ok(signer) => signer,
        Err(stopped) => return stopped,
    };
    let mut pool = facts.token.signed().certificates.clone();
    pool.extend_from_slice(judge.pool);
    let at = facts.proven.unwrap_or(judge.at);
    let chain = chain::judge(&signer, Purpose::Timestamping, at, facts.proven.is_some(), &pool, judge);
    conclude(facts, &signer, chain, at)
}

/// The signer of a structure whose content and signature hold, or the conclusion that they do not (EN 319 102-1, 5.2.2,
/// 5.2.3 and 5.2.7).
pub fn checked(check: &SignerCheck, changed: Reason) -> Result<Certificate, Conclusion> {
    let of = |kind: ProblemKind| check.problems.iter().filter(move |problem| problem.kind() == kind);
    let reasons = |kind: ProblemKind, first: Reason| {
        let mut reasons = vec![first];
        reasons.extend(of(kind).cloned().map(Reason::Cms));
        reasons
    };
    if of(ProblemKind::Format).next().is_some() {
        let found = of(ProblemKind::Format).cloned().map(Reason::Cms).collect();
        return Err(Conclusion::stopped(SubIndication::FormatFailure, found));
    }
    let Some(signer) = check.signer.clone().filter(|_| of(ProblemKind::Signer).next().is_none()) else {
        let found = reasons(ProblemKind::Signer, Reason::SignerUnknown);
        return Err(Conclusion::stopped(SubIndication::NoSigningCertificateFound, found));
    };
    if of(ProblemKind::Unsupported).next().is_some() {
        let found = of(ProblemKind::Unsupported).cloned().map(Reason::Cms).collect();
        return Err(Conclusion::stopped(SubIndication::CryptoConstraintsFailureNoPoe, found));
    }
    if !check.digest_matches {
        return Err(Conclusion::stopped(SubIndication::HashFailure, vec![changed]));
    }
    if !check.signature_valid {
        let found = reasons(ProblemKind::Signature, Reason::SignatureInvalid);
        return Err(Conclusion::stopped(SubIndication::SigCryptoFailure, found));
    }
    Ok(signer)
}

fn conclude(
    facts: &TimestampFacts<'_>,
    signer: &Certificate,
    chain: ChainJudgement,
    at: DateTime<Utc>,
) -> Conclusion {
    let info = facts.token.info();
    let stated = info.gen_time;
    let mut digests: Vec<DigestAlgorithm> = vec![info.digest_algorithm];
    digests.extend(facts.token.signed().signers.first().and_then(|signer| signer.digest_algorithm));
    let ended =
        chain.path.as_ref().and_then(|path| algorithms::ended(path, &digests, at, facts.proven.is_some()));
    let order = if stated > at + CLOCK_TOLERANCE {
        Some((SubIndication::TimestampOrderFailure, Reason::TimestampFromFuture { stated, judged: at }))
    } else if !signer.is_valid_at(stated) {
        Some((SubIndication::TimestampOrderFailure, Reason::TimestampOutsideCertificate { stated }))
    } else {
        None
    };
    let problem = chain.problem.or(order).or(ended);
    let protected_until = chain.path.as_ref().and_then(|path| path.ends());
    let (verdict, sub_indication, best_time, mut reasons) = match problem {
        None => (Verdict::TotalPassed, None, Some(stated), Vec::new()),
        Some((sub_indication, reason)) => {
            (sub_indication.verdict(), Some(sub_indication), None, vec![reason])
        }
    };
    reasons.extend(chain.notes);
    Conclusion {
        verdict,
        sub_indication,
        reasons,
        best_time,
        ltv: verdict == Verdict::TotalPassed && chain.embedded,
        chain: chain.status,
        path: chain.path,
        protected_until,
        timestamps: Vec::new(),
    }
}

impl Conclusion {
    /// Trusted, and outside its validity only because nothing newer protects it.
    pub fn is_expired(&self) -> bool {
        self.chain == ChainStatus::Expired
    }
}
