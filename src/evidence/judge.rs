//! Judging the tokens of an evidence record with certificates, revocation data and the table of ended algorithms.

use chrono::{DateTime, Utc};

use super::verify::{Standing, TokenFacts, TokenJudge};
use crate::pki::DigestAlgorithm;
use crate::pki::sunset::Algorithm;
use crate::pki::token::TimestampToken;
use crate::pki::validate::{
    Conclusion, Judge, RevocationPolicy, SubIndication, TimestampFacts, Verdict, validate_timestamp,
};
use crate::pki::{revocation::Evidence, trust::TrustStore};

/// Judges with the folder `pki`.
pub struct PkiJudge<'a> {
    pub trust: &'a TrustStore,
    /// Revocation data from outside the tokens.
    pub revocation: &'a Evidence,
    /// The moment that is asked about.
    pub at: DateTime<Utc>,
}

impl PkiJudge<'_> {
    /// The full judgement about one token at `at`, which a newer proof vouches for if it is before the moment asked about.
    pub fn conclude(&self, token: &TimestampToken, at: DateTime<Utc>) -> Conclusion {
        let facts = TimestampFacts {
            token,
            // The caller compares the imprint with the hash tree.
            covers: true,
            format_problem: None,
            proven: (at < self.at).then_some(at),
        };
        let judge = Judge {
            trust: self.trust,
            evidence: self.revocation,
            pool: &[],
            policy: RevocationPolicy::IfAvailable,
            existed: None,
            at: self.at,
        };
        validate_timestamp(&facts, &judge)
    }
}

impl TokenJudge for PkiJudge<'_> {
    fn read(&self, token: &[u8]) -> Result<TokenFacts, String> {
        let token = TimestampToken::parse(token).map_err(|error| error.to_string())?;
        let info = token.info();
        Ok(TokenFacts {
            algorithm: info.digest_algorithm,
            imprint: info.imprint.clone(),
            time: info.gen_time,
        })
    }

    fn standing(&self, token: &[u8], at: DateTime<Utc>) -> Standing {
        let token = match TimestampToken::parse(token) {
            Ok(token) => token,
            Err(error) => return Standing::Bad(error.to_string()),
        };
        standing(&self.conclude(&token, at))
    }

    fn is_safe(&self, algorithm: DigestAlgorithm, at: DateTime<Utc>) -> bool {
        !algorithm.is_weak() && Algorithm::Digest(algorithm).is_acceptable_at(at)
    }
}

/// What a conclusion means for a record. A certificate that ended before anything newer protected the record is its end;
/// an issuer that is only not known to us leaves the question open.
pub fn standing(conclusion: &Conclusion) -> Standing {
    let why =
        || conclusion.reasons.first().map_or_else(|| "no reason given".to_owned(), |reason| reason.en());
    match (conclusion.verdict, conclusion.sub_indication) {
        (Verdict::TotalPassed, _) => Standing::Good,
        (Verdict::TotalFailed, _)
        | (
            _,
            Some(
                SubIndication::OutOfBoundsNoPoe
                | SubIndication::CryptoConstraintsFailureNoPoe
                | SubIndication::CryptoConstraintsFailure
                | SubIndication::TimestampOrderFailure
                | SubIndication::ChainConstraintsFailure
                | SubIndication::RevokedNoPoe
                | SubIndication::RevokedCaNoPoe
                | SubIndication::NoSigningCertificateFound,
            ),
        ) => Standing::Bad(why()),
        (Verdict::Indeterminate, _) => Standing::Unknown(why()),
    }
}
