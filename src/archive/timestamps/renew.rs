//! Renew: trees whose protection ends soon get a new stamp over their old ones, all of them with a single request, on a day
//! that `evidence::RenewalWindow` gives.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Duration, Utc};

use super::attest::Attested;
use super::fetched::Fetched;
use super::rows::{self, Base64, TokenRow, TreeRow};
use super::stamp::Subject;
use crate::archive::error::ArchiveError;
use crate::archive::permit::{Action, permit};
use crate::archive::{Archive, Principal, Progress};
use crate::evidence::{PkiJudge, Pressure, RenewalState, RenewalWindow, node_of, renewal_first_list};
use crate::pki::DigestAlgorithm;
use crate::pki::fetch::Fetcher;
use crate::pki::revocation::Evidence;
use crate::pki::sunset::Algorithm;
use crate::pki::token::TimestampToken;
use crate::pki::validate::ChainStatus;
use crate::store::View;

/// Authorities about which the network is asked in one run; an archive has one or two.
const MAX_ASKED: usize = 8;

/// When and how a tree has to be renewed. Never "ten years after": the first end among the certificates of its newest
/// token, the algorithms these rest on, and the algorithm of the tree itself; and on what day before that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub window: RenewalWindow,
    pub state: RenewalState,
    /// The tree's own algorithm ends: its records are to be hashed anew.
    pub rehash: bool,
}

/// What decides about renewal.
pub struct Rules<'a> {
    pub retired: &'a [DigestAlgorithm],
    /// How long before its end something may be renewed.
    pub within: Duration,
    /// Whose archive it is.
    pub place: &'a [u8],
    /// Tokens of authorities whose certificates were revoked.
    pub revoked: HashSet<u64>,
    pub now: DateTime<Utc>,
}

impl Rules<'_> {
    /// When a tree is due, given its newest token; a tree without one is due at once.
    pub fn due(&self, tree: &TreeRow, newest: Option<&TokenRow>) -> Due {
        let sunset = Algorithm::Digest(tree.algorithm).sunset().map(|sunset| sunset.ends());
        let token = newest.map_or(DateTime::<Utc>::MIN_UTC, |token| token.protected_until);
        let algorithm_given_up = self.retired.contains(&tree.algorithm);
        let authority_revoked = newest.is_some_and(|token| self.revoked.contains(&token.id));
        let ends = sunset.map_or(token, |sunset| sunset.min(token));
        let window = RenewalWindow::new(ends, self.within, self.place);
        Due {
            window,
            state: window.state(Pressure { algorithm_given_up, authority_revoked }, self.now),
            rehash: algorithm_given_up || sunset.is_some_and(|sunset| sunset <= token),
        }
    }
}

/// Which trees a run renews.
#[derive(Clone, Copy)]
enum Choice {
    /// Those whose day has come, and with the same request all others that may be renewed already.
    Planned,
    /// All that end before.
    EndingBy(DateTime<Utc>),
}

impl Archive {
    /// Renews every tree that ends within `within`; `None`: within the window of the configuration, whatever the day. Contracts
    /// are unsealed only where the digest algorithm itself ends.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`]; [`ArchiveError::NoTimestamp`] when no authority gave a token that holds.
    pub fn timestamp_renew(
        &self,
        who: &Principal,
        within: Option<Duration>,
        progress: Progress<'_>,
    ) -> Result<Attested, ArchiveError> {
        let limit = self.now() + within.unwrap_or_else(|| self.renewal_window());
        self.renew(who, Choice::EndingBy(limit), limit, progress)
    }

    /// Renews what is due by its day, which [`RenewalWindow`] gives; what the nightly job does.
    ///
    /// # Errors
    /// As [`Self::timestamp_renew`].
    pub fn timestamp_renew_planned(
        &self,
        who: &Principal,
        progress: Progress<'_>,
    ) -> Result<Attested, ArchiveError> {
        self.renew(who, Choice::Planned, self.now() + self.renewal_window(), progress)
    }

    fn renew(
        &self,
        who: &Principal,
        choice: Choice,
        limit: DateTime<Utc>,
        progress: Progress<'_>,
    ) -> Result<Attested, ArchiveError> {
        permit(who, Action::TimestampRun)?;
        let _one_at_a_time = self.timestamping.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (rehash, renew) = self.due_trees(choice)?;
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

    /// How long before its end something may be renewed.
    fn renewal_window(&self) -> Duration {
        Duration::days(self.config.timestamps.renew_within_days.into())
    }

    /// What decides about renewal now, as far as is known without asking anybody.
    pub(super) fn renewal_rules(&self, revoked: HashSet<u64>) -> Rules<'_> {
        Rules {
            retired: &self.config.timestamps.retired_algorithms,
            within: self.renewal_window(),
            place: self.identity.archive_id.as_bytes(),
            revoked,
            now: self.now(),
        }
    }

    /// The trees of a choice: those to be hashed anew, and those to be stamped again.
    fn due_trees(&self, choice: Choice) -> Result<(Vec<TreeRow>, Vec<TreeRow>), ArchiveError> {
        let view = self.store.view();
        let mut trees = Vec::new();
        for tree in rows::trees(&*view)?.into_iter().filter(|tree| !tree.is_rehashed()) {
            let Some(stamp) = tree.stamps.last() else { continue };
            let token = rows::token(&*view, stamp.token)?;
            trees.push((tree, token));
        }
        let newest: Vec<&TokenRow> = trees.iter().map(|(_, token)| token).collect();
        let rules = self.renewal_rules(self.revoked_tokens(&*view, &newest, self.fetcher.as_deref())?);
        let judged: Vec<Due> = trees.iter().map(|(tree, token)| rules.due(tree, Some(token))).collect();
        let someone_is_due = judged.iter().any(|due| due.state.is_due() && !due.rehash);
        let (mut rehash, mut renew) = (Vec::new(), Vec::new());
        for ((tree, _), due) in trees.into_iter().zip(judged) {
            let chosen = match choice {
                // A request costs the same for one tree and for all.
                Choice::Planned if due.state == RenewalState::Planned => someone_is_due && !due.rehash,
                Choice::Planned => due.state.is_due(),
                Choice::EndingBy(limit) => due.window.ends <= limit || due.state.is_due_whatever_the_date(),
            };
            match (chosen, due.rehash) {
                (false, _) => {}
                (true, true) => rehash.push(tree),
                (true, false) => renew.push(tree),
            }
        }
        Ok((rehash, renew))
    }

    /// Which of these tokens are of authorities whose certificate, or an issuer's, is known to be revoked: by what was kept with
    /// tokens, and by what `fetcher` gets now.
    ///
    /// # Errors
    /// Damage.
    pub(super) fn revoked_tokens(
        &self,
        view: &dyn View,
        newest: &[&TokenRow],
        fetcher: Option<&dyn Fetcher>,
    ) -> Result<HashSet<u64>, ArchiveError> {
        let mut known = self.kept_revocation(view)?;
        let mut judged = HashMap::<&[u8], bool>::new();
        let mut revoked = HashSet::new();
        for row in newest {
            let Some(Base64(signer)) = row.chain.first() else { continue };
            let is_revoked = match judged.get(signer.as_slice()) {
                Some(is_revoked) => *is_revoked,
                None => {
                    let token = TimestampToken::parse(&row.token)
                        .map_err(|error| ArchiveError::Corrupt(format!("timestamp {}: {error}", row.id)))?;
                    let conclude = |revocation: &Evidence| {
                        let judge = PkiJudge { trust: &self.trust, revocation, at: self.now() };
                        judge.conclude(&token, judge.at)
                    };
                    if let Some(fetcher) = fetcher.filter(|_| judged.len() < MAX_ASKED)
                        && let Some(path) = conclude(&known).path
                    {
                        known.extend(&Fetched::about(&path, fetcher).evidence);
                    }
                    conclude(&known).chain == ChainStatus::Revoked
                }
            };
            judged.insert(signer, is_revoked);
            if is_revoked {
                revoked.insert(row.id);
            }
        }
        Ok(revoked)
    }
}

/// What a renewal of the tree covers: all its tokens (RFC 4998, 5.2).
fn renewal(view: &dyn View, tree: &TreeRow) -> Result<Subject, ArchiveError> {
    let tokens: Result<Vec<_>, _> =
        tree.stamps.iter().map(|stamp| rows::token(view, stamp.token).map(|row| row.token)).collect();
    let node = node_of(tree.algorithm, &renewal_first_list(tree.algorithm, &tokens?));
    Ok(Subject { tree: tree.clone(), node })
}
