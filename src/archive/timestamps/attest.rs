//! Attest: every record without a timestamp gets one, all of them with a single request.

use serde::{Deserialize, Serialize};

use super::rows;
use super::stamp::{Stamped, Subject};
use crate::archive::error::ArchiveError;
use crate::archive::permit::{Action, permit};
use crate::archive::{Archive, Principal, Progress};
use crate::pki::DigestAlgorithm;

/// What a run of `timestamp attest` or `timestamp renew` did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Attested {
    /// Records that a new timestamp protects.
    pub records: u64,
    /// Timestamps that were obtained.
    pub tokens: u64,
    /// Requests that were sent for them, to all authorities.
    pub requests: u64,
}

impl Attested {
    pub(super) fn add(&mut self, stamped: Stamped) {
        self.records += stamped.records;
        self.tokens += stamped.tokens;
        self.requests += stamped.requests;
    }
}

impl Archive {
    /// Timestamps every record that has no timestamp yet. Run again after an interruption it goes on where it was: trees
    /// that were built keep their roots, and a root that has a token is never sent again.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`]; [`ArchiveError::NoTimestamp`] when no authority gave a token that holds.
    pub fn timestamp_attest(
        &self,
        who: &Principal,
        progress: Progress<'_>,
    ) -> Result<Attested, ArchiveError> {
        permit(who, Action::TimestampRun)?;
        let _one_at_a_time = self.timestamping.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.grow_trees(who, progress)?;
        self.stamp_bare_trees(who)
    }

    /// Puts stamps on trees that have none, one request for each digest algorithm among them.
    pub(super) fn stamp_bare_trees(&self, who: &Principal) -> Result<Attested, ArchiveError> {
        let mut bare = rows::trees(&*self.store.view())?;
        bare.retain(|tree| tree.stamps.is_empty());
        let mut algorithms: Vec<DigestAlgorithm> = bare.iter().map(|tree| tree.algorithm).collect();
        algorithms.sort_unstable();
        algorithms.dedup();
        let mut done = Attested::default();
        for algorithm in algorithms {
            let of_it = bare.iter().filter(|tree| tree.algorithm == algorithm).cloned();
            let subjects = of_it.map(|tree| Subject { node: tree.root.clone(), tree }).collect();
            done.add(self.stamp(who, algorithm, subjects)?);
        }
        Ok(done)
    }
}
