//! Judging evidence records and tokens that anybody made, into one report for people and programs.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::asn1::EvidenceRecord;
use super::judge::{PkiJudge, standing};
use super::report::{Verdict, Verification};
use super::verify::{ObjectHash, Standing, TokenJudge, verify};
use crate::pki::DigestAlgorithm;
use crate::pki::revocation::Evidence;
use crate::pki::token::TimestampToken;
use crate::pki::trust::TrustStore;

/// One answer about somebody's evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForeignVerdict {
    Valid,
    /// Everything fits, but a certificate cannot be judged with the roots at hand.
    Indeterminate,
    Invalid,
    /// No evidence record, or no token.
    Malformed,
}

/// The result for an evidence record or a token that anybody made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignReport {
    pub verdict: ForeignVerdict,
    /// For each chain its digest algorithm and the times of its timestamps, oldest first.
    pub chains: Vec<ForeignChain>,
    /// Times of all timestamps, oldest first.
    pub times: Vec<DateTime<Utc>>,
    /// What is wrong, each with its place.
    pub reasons: Vec<String>,
}

/// One chain of an evidence record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignChain {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    pub times: Vec<DateTime<Utc>>,
    /// The files given are the whole group that the chain protects, not a part of it.
    pub whole_group: bool,
}

impl ForeignReport {
    pub fn malformed(why: impl ToString) -> Self {
        let verdict = ForeignVerdict::Malformed;
        Self { verdict, chains: Vec::new(), times: Vec::new(), reasons: vec![why.to_string()] }
    }

    /// Judges an evidence record over `files`.
    pub fn of_record(
        record: &[u8],
        files: &[Vec<u8>],
        trust: &TrustStore,
        revocation: &Evidence,
        at: DateTime<Utc>,
    ) -> Self {
        let record = match EvidenceRecord::parse(record) {
            Ok(record) => record,
            Err(error) => return Self::malformed(error),
        };
        let hashes: Vec<_> =
            files.iter().map(|file| move |algorithm: DigestAlgorithm| algorithm.hash(file)).collect();
        let objects: Vec<&ObjectHash<'_>> = hashes.iter().map(|hash| hash as &ObjectHash<'_>).collect();
        Self::from(&verify(&record, &objects, &PkiJudge { trust, revocation, at }, at))
    }

    /// Judges a token over one file.
    pub fn of_token(
        token: &[u8],
        file: &[u8],
        trust: &TrustStore,
        revocation: &Evidence,
        at: DateTime<Utc>,
    ) -> Self {
        let token = match TimestampToken::parse(token) {
            Ok(token) => token,
            Err(error) => return Self::malformed(error),
        };
        let times = vec![token.info().gen_time];
        let algorithm = token.info().digest_algorithm;
        let mut report = Self { verdict: ForeignVerdict::Valid, chains: vec![], times, reasons: vec![] };
        let judge = PkiJudge { trust, revocation, at };
        let standing = match token.covers(|algorithm| algorithm.hash(file)) {
            false => Standing::Bad("the timestamp is about other bytes than this file's".into()),
            true if !judge.is_safe(algorithm, at) => {
                Standing::Bad(format!("{algorithm} is not safe any more"))
            }
            true => standing(&judge.conclude(&token, at)),
        };
        match standing {
            Standing::Good => {}
            Standing::Unknown(why) => {
                report.verdict = ForeignVerdict::Indeterminate;
                report.reasons.push(why);
            }
            Standing::Bad(why) => {
                report.verdict = ForeignVerdict::Invalid;
                report.reasons.push(why);
            }
        }
        report
    }
}

impl From<&Verification> for ForeignReport {
    fn from(found: &Verification) -> Self {
        let chains: Vec<ForeignChain> = found
            .chains
            .iter()
            .map(|chain| ForeignChain {
                algorithm: chain.algorithm.map(|algorithm| algorithm.name().to_owned()),
                times: chain.stamps.iter().filter_map(|stamp| stamp.time).collect(),
                whole_group: chain.stamps.first().is_some_and(|stamp| stamp.whole_group),
            })
            .collect();
        let verdict = match found.verdict {
            Verdict::Valid => ForeignVerdict::Valid,
            Verdict::Indeterminate => ForeignVerdict::Indeterminate,
            Verdict::Invalid => ForeignVerdict::Invalid,
        };
        let times = chains.iter().flat_map(|chain| chain.times.clone()).collect();
        let reasons =
            found.flaws().map(|(chain, stamp, flaw)| format!("chain {chain}, timestamp {stamp}: {flaw}"));
        Self { verdict, times, reasons: reasons.collect(), chains }
    }
}
