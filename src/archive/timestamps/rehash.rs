//! Hash-tree renewal (RFC 4998, 5.2): when a digest algorithm ends, records are unsealed and hashed under a newer one,
//! joined with all their evidence so far.

use chrono::{DateTime, Utc};

use super::assemble::Assembler;
use super::rows::{self, TreeRow};
use super::stored_tree::StoredTree;
use super::trees::Leaves;
use crate::archive::error::ArchiveError;
use crate::archive::records::Loaded;
use crate::archive::retrieve::unseal_original;
use crate::archive::rows::encode;
use crate::archive::{Archive, Principal, Progress};
use crate::evidence::{renewed_object_hash, sequence_der};
use crate::pki::DigestAlgorithm;
use crate::pki::sunset::Algorithm;
use crate::store::{Batch, Table};

/// Records of one new tree; between two of them the work can be interrupted and loses nothing.
const RECORDS_PER_STEP: usize = 20_000;

impl Archive {
    /// Puts the records of `tree` into trees under the newest algorithm that holds beyond `limit`.
    pub(super) fn rehash(
        &self,
        who: &Principal,
        tree: TreeRow,
        limit: DateTime<Utc>,
        progress: Progress<'_>,
    ) -> Result<(), ArchiveError> {
        let algorithm = self.successor(tree.algorithm, limit)?;
        let members = {
            let view = self.store.view();
            StoredTree::new(&*view, &tree).members()?
        };
        let total = Some(members.len() as u64);
        let mut tree = tree;
        let done = tree.rehashed_through;
        let open: Vec<u64> =
            members.into_iter().filter(|seq| done.is_none_or(|through| *seq > through)).collect();
        let mut finished = 0;
        for step in open.chunks(RECORDS_PER_STEP) {
            let view = self.store.view();
            let mut leaves = Leaves::new(algorithm, rows::next_tree(&*view)?);
            // The tree that grows here is not among them: these are the chains so far.
            let trees = rows::trees(&*view)?;
            let assembler = Assembler::new(self, &*view, &trees);
            for seq in step {
                self.push_rehashed(&assembler, &mut leaves, *seq)?;
                finished += 1;
                progress(finished, total);
            }
            drop(assembler);
            drop(view);
            let mut batch = Batch::default();
            batch.expect_value(Table::Evidence, rows::tree_key(tree.id), encode(&tree));
            tree.rehashed_through = step.last().copied();
            batch.put(Table::Evidence, rows::tree_key(tree.id), encode(&tree));
            if leaves.len() == 0 {
                self.commit_evidence(who, &"no record of this part is kept any more", batch)?;
            } else {
                self.plant(who, leaves, batch)?;
            }
        }
        Ok(())
    }

    fn push_rehashed(
        &self,
        assembler: &Assembler<'_>,
        leaves: &mut Leaves,
        seq: u64,
    ) -> Result<(), ArchiveError> {
        let view = assembler.view();
        let record = match self.load(view, self.deposited_at(view, seq)?) {
            Err(ArchiveError::NoSuchRecord(_) | ArchiveError::Destroyed { .. }) => return Ok(()),
            other => other?,
        };
        let sequence = sequence_der(&assembler.chains(&record)?);
        let object = self.object_hash(&record, leaves.algorithm())?;
        leaves.push(&record, &renewed_object_hash(leaves.algorithm(), &object, &sequence));
        Ok(())
    }

    /// The hash of a contract, unsealed for it and compared with its digest.
    pub(super) fn object_hash(
        &self,
        record: &Loaded,
        algorithm: DigestAlgorithm,
    ) -> Result<Vec<u8>, ArchiveError> {
        if algorithm == DigestAlgorithm::Sha256 {
            return Ok(record.sha256()?.0.to_vec());
        }
        Ok(algorithm.hash(&unseal_original(&*self.store, record, &record.facts()?)?))
    }

    /// The algorithm of the configuration if it holds beyond `limit`, else the strongest that does.
    fn successor(&self, old: DigestAlgorithm, limit: DateTime<Utc>) -> Result<DigestAlgorithm, ArchiveError> {
        let candidates =
            [self.config.timestamps.algorithm, DigestAlgorithm::Sha512, DigestAlgorithm::Sha3_512];
        let retired = &self.config.timestamps.retired_algorithms;
        let holds = |algorithm: &DigestAlgorithm| {
            *algorithm != old
                && !retired.contains(algorithm)
                && Algorithm::Digest(*algorithm).is_acceptable_at(limit)
        };
        candidates.into_iter().find(holds).ok_or_else(|| {
            ArchiveError::NoTimestamp(format!(
                "{old} ends, and this release knows no digest algorithm that holds longer; install a newer release"
            ))
        })
    }
}
