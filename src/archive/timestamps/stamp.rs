//! One token over any number of trees: asked for once, verified before it is used, stored with all it needs.

use super::ask::{Accepted, Asking, Step, refused_rows, step_of};
use super::rows::{self, Base64, RequestRow, StampRow, TokenRow, TreeRow};
use super::trees::hex;
use crate::archive::error::ArchiveError;
use crate::archive::rows::{V1, encode};
use crate::archive::{Archive, Principal};
use crate::evidence::HashTree;
use crate::evidence::authority::Obtained;
use crate::pki::DigestAlgorithm;
use crate::store::{Batch, Table};

/// A tree and the value of it that the token shall cover.
pub struct Subject {
    pub tree: TreeRow,
    pub node: Vec<u8>,
}

/// Numbers of what was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamped {
    pub records: u64,
    pub tokens: u64,
    pub requests: u64,
}

impl Archive {
    /// Puts one stamp on all `subjects`, which have one algorithm. A token over the same value that is there already is
    /// used again: none is bought twice.
    ///
    /// # Errors
    /// [`ArchiveError::NoTimestamp`] with each authority's reason; nothing counts as protected then.
    pub(super) fn stamp(
        &self,
        who: &Principal,
        algorithm: DigestAlgorithm,
        subjects: Vec<Subject>,
    ) -> Result<Stamped, ArchiveError> {
        let Some(first) = subjects.first() else { return Ok(Stamped::default()) };
        debug_assert!(subjects.iter().all(|subject| subject.node.len() == first.node.len()));
        let nodes: Vec<u8> = subjects.iter().flat_map(|subject| subject.node.iter().copied()).collect();
        let top = HashTree::build(algorithm, nodes)
            .map_err(|error| ArchiveError::Corrupt(format!("the tree over trees: {error}")))?;
        let records = subjects.iter().map(|subject| subject.tree.leaves).sum();
        if let Some(token) = rows::token_over(&*self.store.view(), top.root())? {
            let mut batch = Batch::default();
            let trees = add_stamps(&mut batch, &subjects, &top, token.id)?;
            let authority = token.authority.as_str();
            let imprint = hex(top.root());
            let step = Step {
                step: "known",
                request: 0,
                authority,
                algorithm,
                imprint: &imprint,
                token: Some(token.id),
                refused: None,
                trees: &trees,
            };
            self.commit_evidence(who, &step, batch)?;
            return Ok(Stamped { records, tokens: 0, requests: 0 });
        }
        let requests = self.buy(who, algorithm, &subjects, &top)?;
        Ok(Stamped { records, tokens: 1, requests })
    }

    /// Asks for a token over the trees and stores it; returns the requests that it took.
    fn buy(
        &self,
        who: &Principal,
        algorithm: DigestAlgorithm,
        subjects: &[Subject],
        top: &HashTree,
    ) -> Result<u64, ArchiveError> {
        let trees: Vec<u64> = subjects.iter().map(|subject| subject.tree.id).collect();
        let about = Asking { algorithm, imprint: top.root(), known_as: top.root(), trees: &trees };
        let (obtained, sent) = self.ask(who, &about)?;
        let requests = sent.len() as u64;
        self.store_token(who, algorithm, subjects, top, obtained, sent)?;
        Ok(requests)
    }

    fn store_token(
        &self,
        who: &Principal,
        algorithm: DigestAlgorithm,
        subjects: &[Subject],
        top: &HashTree,
        obtained: Obtained<Accepted>,
        mut sent: Vec<RequestRow>,
    ) -> Result<(), ArchiveError> {
        let id = rows::next_token(&*self.store.view())?;
        let wrap = |list: Vec<Vec<u8>>| list.into_iter().map(Base64).collect();
        let Accepted { gen_time, signer, protected_until, chain, crls, ocsps } = obtained.accepted;
        let row = TokenRow {
            v: V1,
            id,
            token: obtained.token,
            authority: obtained.authority,
            signer,
            algorithm,
            gen_time,
            protected_until,
            chain: wrap(chain),
            crls: wrap(crls),
            ocsps: wrap(ocsps),
        };
        let mut batch = Batch::default();
        batch.expect_absent(Table::Evidence, rows::token_key(id));
        batch.put(Table::Evidence, rows::token_key(id), encode(&row));
        batch.put(Table::Evidence, rows::imprint_key(top.root()), id.to_be_bytes());
        let trees = add_stamps(&mut batch, subjects, top, id)?;
        let Some(mut last) = sent.pop() else {
            return Err(ArchiveError::Corrupt("a token came without a request".into()));
        };
        let why: Vec<String> = obtained.refused.iter().map(|(_, why)| why.to_string()).collect();
        for request in refused_rows(sent, &why) {
            batch.put(Table::Evidence, rows::request_key(request.id), encode(&request));
        }
        last.token = Some(id);
        batch.put(Table::Evidence, rows::request_key(last.id), encode(&last));
        self.commit_evidence(who, &step_of("stamped", &last, &hex(top.root()), &trees), batch)
    }
}

/// Adds a stamp to each subject's row; the rows must still be as they were read. Returns the trees' numbers.
fn add_stamps(
    batch: &mut Batch,
    subjects: &[Subject],
    top: &HashTree,
    token: u64,
) -> Result<Vec<u64>, ArchiveError> {
    let mut trees = Vec::with_capacity(subjects.len());
    for (index, Subject { tree, .. }) in (0..).zip(subjects) {
        let path = top.path(index).ok_or_else(|| ArchiveError::Corrupt("a tree lost its place".into()))?;
        let mut stamped = tree.clone();
        stamped.stamps.push(StampRow { token, path: path.into_iter().map(Base64).collect() });
        batch.expect_value(Table::Evidence, rows::tree_key(tree.id), encode(tree));
        batch.put(Table::Evidence, rows::tree_key(tree.id), encode(&stamped));
        trees.push(tree.id);
    }
    Ok(trees)
}
