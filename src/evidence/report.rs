//! What the verification of an evidence record found: for each timestamp, and as one verdict.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::pki::DigestAlgorithm;

/// The result for a whole record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verification {
    pub verdict: Verdict,
    /// When the objects are proven to have existed: the time of the first timestamp. Only with a verdict of `Valid`.
    pub proven_at: Option<DateTime<Utc>>,
    /// Oldest first.
    pub chains: Vec<ChainReport>,
}

/// One answer for all that was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every hash leads to its timestamp and every timestamp can be relied on.
    Valid,
    /// Every hash fits, but somebody's certificate cannot be judged with what is at hand.
    Indeterminate,
    Invalid,
}

/// One chain: timestamps under one digest algorithm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChainReport {
    /// `None` when it is not known here.
    pub algorithm: Option<DigestAlgorithm>,
    /// Oldest first.
    pub stamps: Vec<StampReport>,
}

/// One timestamp with its hash tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StampReport {
    /// What the authority says the time was; `None` when the token cannot be read.
    pub time: Option<DateTime<Utc>>,
    /// The first list of the hash tree holds nothing but the objects given: they are the whole group.
    pub whole_group: bool,
    /// Empty when all is well.
    #[serde(serialize_with = "as_text")]
    pub flaws: Vec<Flaw>,
}

/// What is wrong with one timestamp of a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    #[error(
        "object {0} is not what the timestamp covers: it was changed, or this is another record's evidence"
    )]
    ObjectNotCovered(usize),
    #[error("the earlier timestamps are not what this renewal covers")]
    RenewalNotCovered,
    #[error("the hash tree does not lead to the value that the timestamp covers")]
    RootMismatch,
    #[error("the hash tree uses {tree}, the timestamp {timestamp}")]
    MixedAlgorithms { tree: DigestAlgorithm, timestamp: DigestAlgorithm },
    #[error("the chain begins with {first}, this timestamp uses {here}")]
    ChangedAlgorithm { first: DigestAlgorithm, here: DigestAlgorithm },
    #[error("{0}")]
    UnknownAlgorithm(String),
    #[error("the timestamp cannot be read: {0}")]
    Unreadable(String),
    #[error("its time {here} is before that of the timestamp it renews, {before}")]
    TimeRunsBack { before: DateTime<Utc>, here: DateTime<Utc> },
    #[error("its time {0} is after the moment that is asked about")]
    Future(DateTime<Utc>),
    #[error("{algorithm} was not safe any more at {at}, when nothing newer protected the record yet")]
    AlgorithmBroken { algorithm: DigestAlgorithm, at: DateTime<Utc> },
    #[error("the timestamp cannot be relied on at {at}: {why}")]
    Bad { at: DateTime<Utc>, why: String },
    #[error("the timestamp cannot be judged at {at}: {why}")]
    Unjudged { at: DateTime<Utc>, why: String },
}

impl Flaw {
    fn verdict(&self) -> Verdict {
        if matches!(self, Self::Unjudged { .. }) { Verdict::Indeterminate } else { Verdict::Invalid }
    }
}

impl Verification {
    /// Draws the verdict from what was found.
    pub(super) fn of(chains: Vec<ChainReport>) -> Self {
        let stamps = || chains.iter().flat_map(|chain| &chain.stamps);
        let flaws = stamps().flat_map(|stamp| &stamp.flaws);
        let verdict = flaws.map(Flaw::verdict).max().unwrap_or(Verdict::Valid);
        let proven_at = stamps().next().and_then(|stamp| stamp.time).filter(|_| verdict == Verdict::Valid);
        Self { verdict, proven_at, chains }
    }

    /// Every flaw with its place: number of the chain and of the timestamp, from 1.
    pub fn flaws(&self) -> impl Iterator<Item = (usize, usize, &Flaw)> {
        self.chains.iter().enumerate().flat_map(|(c, chain)| {
            let stamps = chain.stamps.iter().enumerate();
            stamps.flat_map(move |(s, stamp)| stamp.flaws.iter().map(move |flaw| (c + 1, s + 1, flaw)))
        })
    }
}

fn as_text<S: serde::Serializer>(flaws: &[Flaw], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(flaws.iter().map(Flaw::to_string))
}
