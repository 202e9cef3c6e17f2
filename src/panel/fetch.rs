//! Fetching what a judgement lacked, and judging again: issuers that the file left out, then revocation data.

use super::Words;
use super::layers::Material;
use crate::pki::Certificate;
use crate::pki::fetch::{self, FetchError, Fetcher, ForOneFile};
use crate::pki::validate::{Conclusion, Layer, Reason, Subject};

/// Issuers followed up from one signer; real chains have two or three.
const MAX_ISSUERS: usize = 4;
/// Failures told in words; after so many, one more says nothing new.
const MAX_TOLD: usize = 5;

/// Whether something that could be fetched was missing: the chain's next certificate, or word about a revocation.
pub(super) fn lacks_something(conclusion: &Conclusion) -> bool {
    lacks_issuer(conclusion) || lacks_word(conclusion)
}

fn lacks_issuer(conclusion: &Conclusion) -> bool {
    conclusion.reasons.iter().any(|reason| matches!(reason, Reason::NoChain { .. }))
        || conclusion.timestamps.iter().any(lacks_issuer)
}

fn lacks_word(conclusion: &Conclusion) -> bool {
    conclusion.reasons.iter().any(|reason| matches!(reason, Reason::RevocationUnknown { .. }))
        || conclusion.timestamps.iter().any(lacks_word)
}

/// Fetches what is missing and judges again by `conclude`. Says in words what could not be had.
pub(super) fn missing(
    fetcher: &dyn Fetcher,
    layers: &[Layer],
    conclusions: &mut Vec<Conclusion>,
    material: &mut Material<'_>,
    conclude: impl Fn(&Material<'_>) -> Vec<Conclusion>,
) -> Vec<Words> {
    let fetcher = ForOneFile::new(fetcher);
    let mut problems = Vec::new();
    if conclusions.iter().any(lacks_issuer) {
        for (layer, _) in layers.iter().zip(&*conclusions).filter(|(_, conclusion)| lacks_issuer(conclusion))
        {
            signers(layer)
                .into_iter()
                .for_each(|signer| follow_up(signer, &fetcher, material, &mut problems));
        }
        *conclusions = conclude(material);
    }
    if conclusions.iter().any(lacks_word) {
        let evidence = &mut material.evidence;
        for conclusion in conclusions.iter() {
            for one in std::iter::once(conclusion).chain(&conclusion.timestamps).filter(|one| lacks_word(one))
            {
                let Some(path) = &one.path else { continue };
                problems.extend(fetch::revocation_data(path, &fetcher, evidence));
            }
        }
        *conclusions = conclude(material);
    }
    problems.dedup();
    problems.iter().take(MAX_TOLD).map(words).collect()
}

/// The certificates that signed a layer and the timestamps in it.
fn signers(layer: &Layer) -> Vec<Certificate> {
    match &layer.subject {
        Subject::Signature { check, tokens, .. } => {
            let stamped = tokens.iter().filter_map(|(token, _)| token.check().signer);
            check.signer.clone().into_iter().chain(stamped).collect()
        }
        Subject::Timestamp { token, .. } => token.check().signer.into_iter().collect(),
        Subject::Unreadable => Vec::new(),
    }
}

/// Fetches the issuer of a certificate, and so on up to one that issued itself.
fn follow_up(
    signer: Certificate,
    fetcher: &dyn Fetcher,
    material: &mut Material<'_>,
    problems: &mut Vec<FetchError>,
) {
    let mut last = signer;
    for _ in 0..MAX_ISSUERS {
        if last.is_self_issued() {
            return;
        }
        let held = material.pool.iter().find(|one| one.subject_der() == last.issuer_der()).cloned();
        let next = held.or_else(|| {
            let (found, failed) = fetch::issuers(&last, fetcher);
            problems.extend(failed);
            let next = found.iter().find(|one| one.subject_der() == last.issuer_der()).cloned();
            found.into_iter().for_each(|one| material.add(one));
            next
        });
        match next {
            Some(next) => last = next,
            None => return,
        }
    }
}

/// What could not be had, in both languages.
pub(super) fn words(problem: &FetchError) -> Words {
    Words::new(
        format!("失効情報などを取得できませんでした: {}", problem.in_japanese()),
        format!("Revocation data could not be fetched: {problem}."),
    )
}
