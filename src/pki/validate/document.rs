//! All signatures and timestamps of one document: the newest timestamp is judged for the present, and each vouches for what
//! it covers (EN 319 102-1, 5.6.3).

use chrono::{DateTime, Utc};

use super::signature::{SignatureFacts, validate_signature};
use super::timestamp::{TimestampFacts, validate_timestamp};
use super::{Conclusion, Judge};
use crate::pki::certificate::Certificate;
use crate::pki::cms::SignerCheck;
use crate::pki::digest::DigestAlgorithm;
use crate::pki::token::TimestampToken;

/// One signature or document timestamp, as it was read.
pub struct Layer {
    pub subject: Subject,
    /// What is wrong with the container (byte ranges, dictionary), in words. Such a layer proves nothing.
    pub format_problem: Option<String>,
    /// It covers all layers before it: its byte range is that of its whole revision.
    pub covers_before: bool,
}

/// What a layer is.
pub enum Subject {
    Signature {
        check: SignerCheck,
        /// Certificates inside the signature.
        certificates: Vec<Certificate>,
        /// Digests it rests on.
        digests: Vec<DigestAlgorithm>,
        /// Timestamps over the signature value, and whether each is about it.
        tokens: Vec<(TimestampToken, bool)>,
    },
    Timestamp {
        token: Box<TimestampToken>,
        /// It is about the bytes of its range.
        covers: bool,
    },
    /// It could not be read; why is in `format_problem`.
    Unreadable,
}

/// Judges all layers, given in the order in which they were added. The conclusions are in the same order.
pub fn document(layers: &[Layer], judge: &Judge<'_>) -> Vec<Conclusion> {
    let mut conclusions: Vec<Option<Conclusion>> = layers.iter().map(|_| None).collect();
    // From the newest to the oldest: what a trustworthy timestamp covers existed then.
    let mut proven: Option<DateTime<Utc>> = judge.existed;
    let mut protected: Option<DateTime<Utc>> = None;
    let mut proofs = Vec::with_capacity(layers.len());
    for (index, layer) in layers.iter().enumerate().rev() {
        proofs.push((proven, protected));
        let Subject::Timestamp { token, covers } = &layer.subject else { continue };
        let format_problem = layer.format_problem.clone();
        let facts = TimestampFacts { token, covers: *covers, format_problem, proven };
        let mut conclusion = validate_timestamp(&facts, judge);
        let own = conclusion.protected_until;
        conclusion.protected_until = protected.or(own);
        if layer.covers_before {
            protected = protected.or(own);
            proven = [proven, conclusion.best_time].into_iter().flatten().min();
        }
        if let Some(place) = conclusions.get_mut(index) {
            *place = Some(conclusion);
        }
    }
    proofs.reverse();
    let mut made_after: Option<DateTime<Utc>> = None;
    let mut judged = Vec::with_capacity(layers.len());
    for ((layer, (proven, protected_until)), conclusion) in layers.iter().zip(proofs).zip(conclusions) {
        let conclusion = conclusion.unwrap_or_else(|| {
            let made_after = made_after.filter(|_| layer.covers_before);
            let proof = Proof { proven, protected_until, made_after };
            signature(layer, proof, judge)
        });
        if matches!(layer.subject, Subject::Timestamp { .. }) {
            made_after = made_after.max(conclusion.best_time);
        }
        judged.push(conclusion);
    }
    judged
}

/// What other layers prove about a signature.
struct Proof {
    proven: Option<DateTime<Utc>>,
    protected_until: Option<DateTime<Utc>>,
    made_after: Option<DateTime<Utc>>,
}

fn signature(layer: &Layer, proof: Proof, judge: &Judge<'_>) -> Conclusion {
    let unreadable = || "the signature cannot be read".to_owned();
    let nothing = SignerCheck {
        digest_matches: false,
        signature_valid: false,
        signer: None,
        problems: Vec::new(),
        weak: Vec::new(),
    };
    let (check, certificates, digests, tokens, format_problem) = match &layer.subject {
        Subject::Signature { check, certificates, digests, tokens } => {
            (check, certificates.as_slice(), digests.clone(), tokens.clone(), layer.format_problem.clone())
        }
        _ => {
            let problem = layer.format_problem.clone().unwrap_or_else(unreadable);
            (&nothing, [].as_slice(), Vec::new(), Vec::new(), Some(problem))
        }
    };
    let Proof { proven, protected_until, made_after } = proof;
    let facts = SignatureFacts {
        check,
        certificates,
        digests,
        tokens,
        format_problem,
        proven,
        made_after,
        protected_until,
    };
    validate_signature(&facts, judge)
}
