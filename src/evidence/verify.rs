//! Verifying anybody's evidence record (RFC 4998, sections 4.3 and 5.3).

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::asn1::{ArchiveTimeStamp, ArchiveTimeStampChain, EvidenceRecord, algorithm};
use super::build::{renewed_object_hash, sequence_der};
use super::exact::der_form;
use super::report::{ChainReport, Flaw, StampReport, Verification};
use super::tree::node_of;
use crate::pki::DigestAlgorithm;

/// Gives an object's hash under any algorithm.
pub type ObjectHash<'a> = dyn Fn(DigestAlgorithm) -> Vec<u8> + 'a;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFacts {
    pub algorithm: DigestAlgorithm,
    pub imprint: Vec<u8>,
    pub time: DateTime<Utc>,
}

/// Whether something can be relied on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Good,
    /// It cannot be told, and why.
    Unknown(String),
    /// No, and why.
    Bad(String),
}

/// Judges tokens; the folder `pki` is behind it.
pub trait TokenJudge {
    /// Reads a token without believing it.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn read(&self, token: &[u8]) -> Result<TokenFacts, String>;

    /// Whether the token's signature and its authority's certificate could be relied on at `at`.
    fn standing(&self, token: &[u8], at: DateTime<Utc>) -> Standing;

    /// Whether the algorithm still resists collisions at `at`.
    fn is_safe(&self, algorithm: DigestAlgorithm, at: DateTime<Utc>) -> bool;
}

/// Verifies that `objects` are what `record` protects, as known at `at`.
///
/// One object is proven alone. Several are proven as members of one group; whether they are the whole group is in
/// [`StampReport::whole_group`] of the first timestamp of each chain.
pub fn verify(
    record: &EvidenceRecord,
    objects: &[&ObjectHash<'_>],
    judge: &dyn TokenJudge,
    at: DateTime<Utc>,
) -> Verification {
    let chains = record.chains.iter().enumerate().map(|(number, chain)| {
        let next = record.chains.get(number + 1).and_then(|next| next.stamps.first());
        let replaced = next.and_then(|stamp| time_of(stamp, judge)).unwrap_or(at);
        let before = number.checked_sub(1).and_then(|n| record.chains.get(n)?.stamps.last());
        let prior = record.chains.get(..number).unwrap_or_default();
        Verifier { prior, objects, judge, at, replaced, before: before.and_then(|s| time_of(s, judge)) }
            .chain(chain)
    });
    Verification::of(chains.collect())
}

fn time_of(stamp: &ArchiveTimeStamp, judge: &dyn TokenJudge) -> Option<DateTime<Utc>> {
    judge.read(stamp.time_stamp.bytes()).ok().map(|facts| facts.time)
}

/// The verification of one chain.
struct Verifier<'a> {
    /// The chains before it.
    prior: &'a [ArchiveTimeStampChain],
    objects: &'a [&'a ObjectHash<'a>],
    judge: &'a dyn TokenJudge,
    at: DateTime<Utc>,
    /// When the next chain took over, or `at`: until then this one had to hold.
    replaced: DateTime<Utc>,
    /// Time of the last timestamp of the chain before.
    before: Option<DateTime<Utc>>,
}

impl Verifier<'_> {
    fn chain(&self, chain: &ArchiveTimeStampChain) -> ChainReport {
        let facts: Vec<_> =
            chain.stamps.iter().map(|stamp| self.judge.read(stamp.time_stamp.bytes())).collect();
        let first = chain.stamps.first().zip(facts.first());
        let algorithm = first.map(|(stamp, facts)| tree_algorithm(stamp, facts));
        let mut stamps = Vec::with_capacity(chain.stamps.len());
        let mut before = self.before;
        for (number, (stamp, facts)) in chain.stamps.iter().zip(&facts).enumerate() {
            let mut report =
                StampReport { time: facts.as_ref().ok().map(|f| f.time), whole_group: false, flaws: vec![] };
            let renewed = facts_time(&facts_at(chain, self.judge, number + 1)).unwrap_or(self.replaced);
            self.time_flaws(stamp, facts, before, renewed, &mut report.flaws);
            match (&algorithm, tree_algorithm(stamp, facts)) {
                (Some(Ok(first)), Ok(here)) if *first != here => {
                    report.flaws.push(Flaw::ChangedAlgorithm { first: *first, here });
                }
                (_, Ok(here)) => self.hash_flaws(chain, number, here, facts, &mut report),
                (_, Err(error)) => report.flaws.push(error),
            }
            before = report.time.or(before);
            stamps.push(report);
        }
        let algorithm = algorithm.and_then(Result::ok);
        let broken = algorithm.filter(|algorithm| !self.judge.is_safe(*algorithm, self.replaced));
        if let Some((algorithm, last)) = broken.zip(stamps.last_mut()) {
            last.flaws.push(Flaw::AlgorithmBroken { algorithm, at: self.replaced });
        }
        ChainReport { algorithm, stamps }
    }

    /// Whether the token could be relied on until something newer protected it.
    fn time_flaws(
        &self,
        stamp: &ArchiveTimeStamp,
        facts: &Result<TokenFacts, String>,
        before: Option<DateTime<Utc>>,
        renewed: DateTime<Utc>,
        flaws: &mut Vec<Flaw>,
    ) {
        let Ok(facts) = facts else { return };
        // Two tokens of the same second are in order.
        if let Some(before) = before.filter(|before| *before > facts.time) {
            flaws.push(Flaw::TimeRunsBack { before, here: facts.time });
        }
        if facts.time > self.at {
            flaws.push(Flaw::Future(facts.time));
        }
        match self.judge.standing(stamp.time_stamp.bytes(), renewed) {
            Standing::Good => {}
            Standing::Unknown(why) => flaws.push(Flaw::Unjudged { at: renewed, why }),
            Standing::Bad(why) => flaws.push(Flaw::Bad { at: renewed, why }),
        }
    }

    /// Whether the hash tree leads from what is protected to the token.
    fn hash_flaws(
        &self,
        chain: &ArchiveTimeStampChain,
        number: usize,
        algorithm: DigestAlgorithm,
        facts: &Result<TokenFacts, String>,
        report: &mut StampReport,
    ) {
        let Some((stamp, facts)) = chain.stamps.get(number).zip(facts.as_ref().ok()) else { return };
        if facts.algorithm != algorithm {
            report.flaws.push(Flaw::MixedAlgorithms { tree: algorithm, timestamp: facts.algorithm });
            return;
        }
        let previous = number.checked_sub(1).and_then(|n| chain.stamps.get(n));
        let first_list = match previous {
            Some(previous) => self.renewal(stamp, previous, algorithm, facts, report),
            None => self.objects_in(stamp, algorithm, facts, report),
        };
        let root = match &stamp.reduced_hashtree {
            None => first_list,
            Some(_) => stamp_root(stamp, algorithm),
        };
        // What is not covered at all has been said already.
        if report.flaws.is_empty() && root.as_deref() != Some(facts.imprint.as_slice()) {
            report.flaws.push(Flaw::RootMismatch);
        }
    }

    /// A renewal covers the timestamp before it, as it stands or in its DER form. Returns what a missing tree stands for.
    fn renewal(
        &self,
        stamp: &ArchiveTimeStamp,
        previous: &ArchiveTimeStamp,
        algorithm: DigestAlgorithm,
        facts: &TokenFacts,
        report: &mut StampReport,
    ) -> Option<Vec<u8>> {
        let list = first_list(stamp, facts);
        let found = forms(previous.time_stamp.bytes())
            .map(|form| algorithm.hash(&form))
            .find(|hash| list.iter().any(|value| value.as_ref() == hash));
        if found.is_none() {
            report.flaws.push(Flaw::RenewalNotCovered);
        }
        found
    }

    /// The first timestamp of a chain covers the objects, joined in later chains with all chains before.
    fn objects_in(
        &self,
        stamp: &ArchiveTimeStamp,
        algorithm: DigestAlgorithm,
        facts: &TokenFacts,
        report: &mut StampReport,
    ) -> Option<Vec<u8>> {
        let list = first_list(stamp, facts);
        let plain: Vec<Vec<u8>> = self.objects.iter().map(|object| object(algorithm)).collect();
        let candidates: Vec<Vec<Vec<u8>>> = if self.prior.is_empty() {
            vec![plain]
        } else {
            let sequence = sequence_der(self.prior);
            let renewed = |form: &[u8]| {
                plain.iter().map(|hash| renewed_object_hash(algorithm, hash, form)).collect::<Vec<_>>()
            };
            forms(&sequence).map(|form| renewed(&form)).collect()
        };
        for hashes in &candidates {
            let group = node_of(algorithm, hashes);
            let as_group = hashes.len() > 1 && list.iter().any(|value| value.as_ref() == group);
            let each = hashes.iter().all(|hash| list.iter().any(|value| value.as_ref() == hash));
            if !hashes.is_empty() && (each || as_group) {
                report.whole_group = as_group || list.len() == hashes.len();
                return Some(group);
            }
        }
        let hashes = candidates.first().map(Vec::as_slice).unwrap_or_default();
        let missing = |hash: &Vec<u8>| !list.iter().any(|value| value.as_ref() == hash);
        let missing = hashes.iter().enumerate().filter(|(_, hash)| missing(hash));
        report.flaws.extend(missing.map(|(number, _)| Flaw::ObjectNotCovered(number + 1)));
        if hashes.is_empty() {
            report.flaws.push(Flaw::ObjectNotCovered(1));
        }
        None
    }
}

fn facts_at(
    chain: &ArchiveTimeStampChain,
    judge: &dyn TokenJudge,
    number: usize,
) -> Option<Result<TokenFacts, String>> {
    chain.stamps.get(number).map(|stamp| judge.read(stamp.time_stamp.bytes()))
}

fn facts_time(facts: &Option<Result<TokenFacts, String>>) -> Option<DateTime<Utc>> {
    facts.as_ref()?.as_ref().ok().map(|facts| facts.time)
}

/// The algorithm of the tree; where it is not said, that of the timestamp (section 4.1).
fn tree_algorithm(
    stamp: &ArchiveTimeStamp,
    facts: &Result<TokenFacts, String>,
) -> Result<DigestAlgorithm, Flaw> {
    match (&stamp.digest_algorithm, facts) {
        (_, Err(why)) => Err(Flaw::Unreadable(why.clone())),
        (None, Ok(facts)) => Ok(facts.algorithm),
        (Some(named), Ok(_)) => {
            algorithm(&named.oid).map_err(|error| Flaw::UnknownAlgorithm(error.to_string()))
        }
    }
}

/// The values among which the object's hash must be: the first list, or without a tree what the token covers.
fn first_list<'a>(stamp: &'a ArchiveTimeStamp, facts: &'a TokenFacts) -> Vec<Cow<'a, [u8]>> {
    match &stamp.reduced_hashtree {
        None => vec![Cow::Borrowed(facts.imprint.as_slice())],
        Some(lists) => {
            let values = lists.first().map(|list| list.0.as_slice()).unwrap_or_default();
            values.iter().map(|value| Cow::Borrowed(value.as_slice())).collect()
        }
    }
}

/// Climbs from the first list to the root (section 4.3, step 3).
fn stamp_root(stamp: &ArchiveTimeStamp, algorithm: DigestAlgorithm) -> Option<Vec<u8>> {
    let mut lists = stamp.reduced_hashtree.as_ref()?.iter();
    let first = node_of(algorithm, &lists.next()?.0);
    Some(lists.fold(first, |node, list| {
        let mut values: Vec<&[u8]> = list.0.iter().map(Vec::as_slice).collect();
        values.push(&node);
        node_of(algorithm, &values)
    }))
}

/// Bytes as they stand, then their DER form if that is another.
fn forms(bytes: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let der = der_form(bytes).filter(|der| der != bytes);
    std::iter::once(Cow::Borrowed(bytes)).chain(der.map(Cow::Owned))
}
