//! One record's timestamps: what is known about them, and whether they hold.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::assemble::Assembler;
use super::rows::{self, TreeRow};
use super::window::StampDue;
use crate::archive::Archive;
use crate::archive::error::ArchiveError;
use crate::archive::records::Loaded;
use crate::evidence::{EvidenceRecord, PkiJudge, Verification, verify};
use crate::pki::DigestAlgorithm;
use crate::pki::revocation::Evidence;
use crate::store::View;

/// What is known about one record's timestamps, for `show`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RecordEvidence {
    /// Timestamps that protect the record, renewals included.
    pub timestamps: u64,
    /// Time of the first one: then the contract existed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven_at: Option<DateTime<Utc>>,
    /// Who gave the newest one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// By when it has to be renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protected_until: Option<DateTime<Utc>>,
    /// Its legal window: by when it must have, or had to have, its first timestamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<StampDue>,
}

/// All trees and the revocation data kept with tokens: what verifying many records begins with.
pub struct KeptEvidence {
    trees: Vec<TreeRow>,
    revocation: Evidence,
}

impl Archive {
    /// Reads what the verification of any record needs.
    ///
    /// # Errors
    /// Damage.
    pub(in crate::archive) fn kept_evidence(&self, view: &dyn View) -> Result<KeptEvidence, ArchiveError> {
        Ok(KeptEvidence { trees: rows::trees(view)?, revocation: self.kept_revocation(view)? })
    }

    /// Verifies a record's timestamps over `bytes`, its content; `None` while it has none.
    ///
    /// # Errors
    /// Damage that keeps the evidence record from being put together.
    pub(in crate::archive) fn verify_evidence(
        &self,
        view: &dyn View,
        kept: &KeptEvidence,
        record: &Loaded,
        bytes: &[u8],
        at: DateTime<Utc>,
    ) -> Result<Option<Verification>, ArchiveError> {
        let chains = Assembler::new(self, view, &kept.trees).chains(record)?;
        if chains.is_empty() {
            return Ok(None);
        }
        let judge = PkiJudge { trust: &self.trust, revocation: &kept.revocation, at };
        let hash = |algorithm: DigestAlgorithm| algorithm.hash(bytes);
        Ok(Some(verify(&EvidenceRecord::new(chains), &[&hash], &judge, at)))
    }

    /// What is known about a record's timestamps without verifying them.
    ///
    /// # Errors
    /// Damage.
    pub(in crate::archive) fn record_evidence(
        &self,
        view: &dyn View,
        record: &Loaded,
    ) -> Result<RecordEvidence, ArchiveError> {
        let trees = rows::trees(view)?;
        let assembler = Assembler::new(self, view, &trees);
        let tokens = assembler.tokens(record)?;
        let newest = tokens.last();
        let rules = self.renewal_rules(HashSet::new());
        let due = assembler.newest_tree(record)?.map(|tree| rules.due(tree, newest.map(|token| &**token)));
        Ok(RecordEvidence {
            timestamps: tokens.len() as u64,
            proven_at: tokens.first().map(|token| token.gen_time),
            authority: newest.map(|token| token.signer.clone()),
            protected_until: due.map(|due| due.window.ends),
            window: Some(self.stamp_due(record, view, tokens.first().map(|token| token.gen_time))?),
        })
    }
}
