//! One signature (EN 319 102-1, 5.5 and 5.6): judged for the earliest time at which it is proven to have existed.

use chrono::{DateTime, Utc};

use super::chain::{self, ChainJudgement};
use super::timestamp::{TimestampFacts, checked, validate_timestamp};
use super::{Conclusion, Judge, Reason, SubIndication, Verdict, algorithms};
use crate::pki::certificate::Certificate;
use crate::pki::cms::SignerCheck;
use crate::pki::digest::DigestAlgorithm;
use crate::pki::path::Purpose;
use crate::pki::token::TimestampToken;

/// A signature and what was found when its bytes were looked at.
pub struct SignatureFacts<'a> {
    pub check: &'a SignerCheck,
    /// Certificates inside the signature.
    pub certificates: &'a [Certificate],
    /// Digests it rests on: of the content, of the signature.
    pub digests: Vec<DigestAlgorithm>,
    /// Timestamps over the signature value, and whether each is about it.
    pub tokens: Vec<(TimestampToken, bool)>,
    /// What is wrong with the container (byte ranges, dictionary), in words.
    pub format_problem: Option<String>,
    /// Earliest time for which a newer, trustworthy document timestamp proves that the signature existed.
    pub proven: Option<DateTime<Utc>>,
    /// Latest trustworthy document timestamp that the signature covers: it was made after that.
    pub made_after: Option<DateTime<Utc>>,
    /// When the newest document timestamp over it ends to protect it, trustworthy or not.
    pub protected_until: Option<DateTime<Utc>>,
}

/// Judges a signature.
pub fn validate_signature(facts: &SignatureFacts<'_>, judge: &Judge<'_>) -> Conclusion {
    let timestamps: Vec<Conclusion> = facts
        .tokens
        .iter()
        .map(|(token, covers)| {
            let (format_problem, proven) = (None, facts.proven);
            validate_timestamp(&TimestampFacts { token, covers: *covers, format_problem, proven }, judge)
        })
        .collect();
    let own = timestamps.iter().filter_map(|timestamp| timestamp.best_time).min();
    let best = [own, facts.proven].into_iter().flatten().min();
    let mut conclusion = match &facts.format_problem {
        Some(problem) => {
            Conclusion::stopped(SubIndication::FormatFailure, vec![Reason::Format(problem.clone())])
        }
        None => match checked(facts.check, Reason::ContentChanged) {
            Ok(signer) => judged(facts, &signer, best, &timestamps, judge),
            Err(stopped) => stopped,
        },
    };
    // What was changed or does not hold has no time at which it existed as signed.
    if conclusion.verdict != Verdict::TotalFailed || conclusion.path.is_some() {
        conclusion.best_time = best;
        conclusion.protected_until = protected_until(facts, &timestamps, &conclusion);
    }
    conclusion.timestamps = timestamps;
    conclusion
}

fn judged(
    facts: &SignatureFacts<'_>,
    signer: &Certificate,
    best: Option<DateTime<Utc>>,
    timestamps: &[Conclusion],
    judge: &Judge<'_>,
) -> Conclusion {
    let mut pool = facts.certificates.to_vec();
    pool.extend_from_slice(judge.pool);
    let at = best.unwrap_or(judge.at);
    let chain = chain::judge(signer, Purpose::Signing, at, best.is_some(), &pool, judge);
    let ended =
        chain.path.as_ref().and_then(|path| algorithms::ended(path, &facts.digests, at, best.is_some()));
    let problem = proven_revoked(&chain, facts.made_after).or_else(|| chain.problem.clone()).or(ended);
    let (verdict, sub_indication, mut reasons) = match problem {
        None => (Verdict::TotalPassed, None, Vec::new()),
        Some((sub_indication, reason)) => (sub_indication.verdict(), Some(sub_indication), vec![reason]),
    };
    reasons.push(best.map_or(Reason::NoTimestamp, |time| Reason::ProvenBy { time }));
    for (timestamp, (token, _)) in timestamps.iter().zip(&facts.tokens) {
        if !timestamp.passed() {
            reasons.push(Reason::TimestampNotTrusted { stated: Some(token.info().gen_time) });
        }
    }
    reasons.extend(chain.notes);
    let stamped = best.is_some() && timestamps.iter().filter(|stamp| stamp.passed()).all(|stamp| stamp.ltv);
    Conclusion {
        verdict,
        sub_indication,
        reasons,
        best_time: best,
        ltv: verdict == Verdict::TotalPassed && chain.embedded && stamped,
        chain: chain.status,
        path: chain.path,
        protected_until: None,
        timestamps: Vec::new(),
    }
}

/// TotalFailed, REVOKED: an older timestamp inside the signed bytes proves that it was made after the revocation (5.5.4,
/// step 3; without such proof the signature may be older than the revocation, and nothing is known).
fn proven_revoked(
    chain: &ChainJudgement,
    made_after: Option<DateTime<Utc>>,
) -> Option<(SubIndication, Reason)> {
    let (revoked, signed_after) = (chain.revoked_at?, made_after?);
    let reason = Reason::SignedAfterRevocation { revoked, signed_after };
    (revoked <= signed_after).then_some((SubIndication::Revoked, reason))
}

/// The newest document timestamp protects; else the signature's own; else only the signer's chain.
fn protected_until(
    facts: &SignatureFacts<'_>,
    timestamps: &[Conclusion],
    conclusion: &Conclusion,
) -> Option<DateTime<Utc>> {
    let own = || timestamps.iter().filter_map(|timestamp| timestamp.protected_until).max();
    let signer = || conclusion.path.as_ref().and_then(|path| path.ends());
    facts.protected_until.or_else(own).or_else(signer)
}
