//! Renew: trees whose protection ends soon get a new stamp over their old ones, all of them with a single request.

use chrono::{DateTime, Duration, Utc};

use super::attest::Attested;
use super::rows::{self, TokenRow, TreeRow};
use super::stamp::Subject;
use crate::archive::error::ArchiveError;
use crate::archive::permit::{Action, permit};
use crate::archive::{Archive, Principal, Progress};
use crate::evidence::{node_of, renewal_first_list};
use crate::pki::DigestAlgorithm;
use crate::pki::sunset::Algorithm;
use crate::store::View;

/// When and how a tree has to be renewed. Never "ten years after": the first end among the certificates of its newest
/// token, the algorithms these rest on, and the algorithm of the tree itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub at: DateTime<Utc>,
    /// The tree's own algorithm ends: its records are to be hashed anew.
    pub rehash: bool,
    /// The configuration gives the algorithm up: it is due whatever the date.
    pub at_once: bool,
}

/// When a tree is due, given its newest token; a tree without one is due at once.
pub fn due(tree: &TreeRow, newest: Option<&TokenRow>, retired: &[DigestAlgorithm]) -> Due {
    let sunset = Algorithm::Digest(tree.algorithm).sunset().map(|sunset| sunset.ends());
    let token = newest.map_or(DateTime::<Utc>::MIN_UTC, |token| token.protected_until);
    let at_once = retired.contains(&tree.algorithm);
    let at = sunset.map_or(token, |sunset| sunset.min(token));
    Due { at, rehash: at_once || sunset.is_some_and(|sunset| sunset <= token), at_once }
}

impl Archive {
    /// Renews every tree that is due within `within`; `None`: the window of the configuration. Contracts are unsealed
    /// only where the digest algorithm itself ends.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`]; [`ArchiveError::NoTimestamp`] when no authority gave a token that holds.
    pub fn timestamp_renew(
        &self,
        who: &Principal,
        within: Option<Duration>,
        progress: Progress<'_>,
    ) -> Result<Attested, ArchiveError> {
        permit(who, Action::TimestampRun)?;
        let _one_at_a_time = self.timestamping.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let within =
            within.unwrap_or_else(|| Duration::days(self.config.timestamps.renew_within_days.into()));
        let limit = self.now() + within;
        let (rehash, renew) = self.due_trees(limit)?;
        let mut done = Attested::default();
        let mut algorithms: Vec<DigestAlgorithm> = renew.iter().map(|tree| tree.algorithm).collect();
        algorithms.sort_unstable();
        algorithms.dedup();
        for algorithm in algorithms {
            let of_it = renew.iter().filter(|tree| tree.algorithm == algorithm);
            let view = self.store.view();
            let subjects: Result<Vec<_>, _> = of_it.map(|tree| renewal(&*view, tree)).collect();
            drop(view);
            done.add(self.stamp(who, algorithm, subjects?)?);
        }
        for tree in rehash {
            self.rehash(who, tree, limit, progress)?;
        }
        let rehashed = self.stamp_bare_trees(who)?;
        done.records += rehashed.records;
        done.tokens += rehashed.tokens;
        done.requests += rehashed.requests;
        Ok(done)
    }

    /// Trees due before `limit`: those to be hashed anew, and those to be stamped again.
    fn due_trees(&self, limit: DateTime<Utc>) -> Result<(Vec<TreeRow>, Vec<TreeRow>), ArchiveError> {
        let view = self.store.view();
        let retired = &self.config.timestamps.retired_algorithms;
        let (mut rehash, mut renew) = (Vec::new(), Vec::new());
        for tree in rows::trees(&*view)? {
            let Some(stamp) = tree.stamps.last() else { continue };
            let due = due(&tree, Some(&rows::token(&*view, stamp.token)?), retired);
            if tree.is_rehashed() || (due.at > limit && !due.at_once) {
                continue;
            }
            if due.rehash { rehash.push(tree) } else { renew.push(tree) }
        }
        Ok((rehash, renew))
    }
}

/// What a renewal of the tree covers: all its tokens (RFC 4998, 5.2).
fn renewal(view: &dyn View, tree: &TreeRow) -> Result<Subject, ArchiveError> {
    let tokens: Result<Vec<_>, _> =
        tree.stamps.iter().map(|stamp| rows::token(view, stamp.token).map(|row| row.token)).collect();
    let node = node_of(tree.algorithm, &renewal_first_list(tree.algorithm, &tokens?));
    Ok(Subject { tree: tree.clone(), node })
}
