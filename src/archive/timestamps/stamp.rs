//! One token over any number of trees: asked for once, verified before it is used, stored with all it needs.

use chrono::{DateTime, Duration, Utc};
use serde::Serialize;

use super::rows::{self, Base64, RequestRow, StampRow, TokenRow, TreeRow};
use super::trees::hex;
use crate::archive::error::ArchiveError;
use crate::archive::rows::{V1, encode};
use crate::archive::{Archive, Principal};
use crate::evidence::authority::{Obtained, Order, TimestampAuthority, obtain};
use crate::evidence::{HashTree, PkiJudge, Standing, standing};
use crate::pki::DigestAlgorithm;
use crate::pki::sunset::Algorithm;
use crate::pki::token::TimestampToken;
use crate::pki::validate::Conclusion;
use crate::store::{Batch, Table};

/// A tree and the value of it that the token shall cover.
pub struct Subject {
    pub tree: TreeRow,
    pub node: Vec<u8>,
}

/// What the journal says about a request and what came of it, sealed.
#[derive(Serialize)]
struct Step<'a> {
    step: &'static str,
    request: u64,
    authority: &'a str,
    algorithm: DigestAlgorithm,
    imprint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'a str>,
    trees: &'a [u64],
}

/// Numbers of what was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamped {
    pub records: u64,
    pub tokens: u64,
    pub requests: u64,
}

/// What is known of a token that was accepted.
struct Accepted {
    gen_time: DateTime<Utc>,
    signer: String,
    protected_until: DateTime<Utc>,
    chain: Vec<Vec<u8>>,
    crls: Vec<Vec<u8>>,
    ocsps: Vec<Vec<u8>>,
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

    /// Asks the authorities, each request journaled before it is sent, and stores the first token that holds.
    fn buy(
        &self,
        who: &Principal,
        algorithm: DigestAlgorithm,
        subjects: &[Subject],
        top: &HashTree,
    ) -> Result<u64, ArchiveError> {
        let authorities = self.authorities()?;
        let revocation = self.kept_revocation(&*self.store.view())?;
        let order = Order {
            algorithm,
            imprint: top.root(),
            now: &|| self.now(),
            tolerance: Duration::seconds(self.config.timestamps.clock_tolerance_seconds.into()),
        };
        let trees: Vec<u64> = subjects.iter().map(|subject| subject.tree.id).collect();
        let mut sent: Vec<RequestRow> = Vec::new();
        let mut announce = |authority: &dyn TimestampAuthority| {
            let row = self.announce(who, algorithm, top.root(), authority.name(), &trees)?;
            sent.push(row);
            Ok(())
        };
        let accept = |token: &TimestampToken| {
            let judge = PkiJudge { trust: &self.trust, revocation: &revocation, at: self.now() };
            accepted(token, &judge.conclude(token, judge.at), algorithm)
        };
        let mut nonce = || {
            let mut bytes = [0; 16];
            let filled = getrandom::fill(&mut bytes);
            filled
                .map(|()| bytes)
                .map_err(|error| ArchiveError::Stopped(format!("no random numbers: {error}")))
        };
        let answer = obtain(&authorities, &order, &mut nonce, &mut announce, &accept)?;
        let requests = sent.len() as u64;
        match answer {
            Ok(obtained) => {
                self.store_token(who, algorithm, subjects, top, obtained, sent)?;
                Ok(requests)
            }
            Err(refused) => {
                let why: Vec<String> = refused.iter().map(|(name, why)| format!("{name}: {why}")).collect();
                self.store_refusals(who, &refused_rows(sent, &why), &trees)?;
                Err(ArchiveError::NoTimestamp(why.join("; ")))
            }
        }
    }

    /// Writes a request down before it is sent; a timestamp costs money.
    fn announce(
        &self,
        who: &Principal,
        algorithm: DigestAlgorithm,
        imprint: &[u8],
        authority: &str,
        trees: &[u64],
    ) -> Result<RequestRow, ArchiveError> {
        let now = self.now();
        let view = self.store.view();
        let today = now - Duration::days(1);
        let recent = rows::requests(&*view, &mut |row| row.asked_at > today)?.len();
        let budget = self.config.timestamps.daily_requests;
        if recent >= budget as usize {
            return Err(ArchiveError::NoTimestamp(format!(
                "{recent} requests were sent within a day, as many as [timestamps] daily_requests allows"
            )));
        }
        let row = RequestRow {
            v: V1,
            id: rows::next_request(&*view)?,
            asked_at: now,
            authority: authority.to_owned(),
            algorithm,
            imprint: imprint.to_vec(),
            token: None,
            refused: None,
        };
        let mut batch = Batch::default();
        batch.expect_absent(Table::Evidence, rows::request_key(row.id));
        batch.put(Table::Evidence, rows::request_key(row.id), encode(&row));
        self.commit_evidence(who, &step_of("request", &row, &hex(imprint), trees), batch)?;
        Ok(row)
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

    fn store_refusals(
        &self,
        who: &Principal,
        requests: &[RequestRow],
        trees: &[u64],
    ) -> Result<(), ArchiveError> {
        for request in requests {
            let mut batch = Batch::default();
            batch.put(Table::Evidence, rows::request_key(request.id), encode(request));
            self.commit_evidence(who, &step_of("refused", request, &hex(&request.imprint), trees), batch)?;
        }
        Ok(())
    }
}

fn step_of<'a>(step: &'static str, row: &'a RequestRow, imprint: &'a str, trees: &'a [u64]) -> Step<'a> {
    Step {
        step,
        request: row.id,
        authority: &row.authority,
        algorithm: row.algorithm,
        imprint,
        token: row.token,
        refused: row.refused.as_deref(),
        trees,
    }
}

fn refused_rows(sent: Vec<RequestRow>, why: &[String]) -> Vec<RequestRow> {
    let rows = sent.into_iter().zip(why);
    rows.map(|(row, why)| RequestRow { refused: Some(why.clone()), ..row }).collect()
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

/// Takes a token that can be relied on now, with all that proves it later.
///
/// # Errors
/// Why it cannot be used.
fn accepted(
    token: &TimestampToken,
    conclusion: &Conclusion,
    algorithm: DigestAlgorithm,
) -> Result<Accepted, String> {
    match standing(conclusion) {
        Standing::Good => {}
        Standing::Unknown(why) | Standing::Bad(why) => return Err(why),
    }
    let path = conclusion.path.as_ref().ok_or("it has no chain of certificates")?;
    let signer = path.certificates.first().ok_or("it has no chain of certificates")?;
    let ends = conclusion.protected_until.ok_or("the end of its certificates is not known")?;
    let sunset = Algorithm::Digest(algorithm).sunset().map(|sunset| sunset.ends());
    let signed = token.signed();
    Ok(Accepted {
        gen_time: token.info().gen_time,
        signer: signer.display_name(),
        protected_until: sunset.map_or(ends, |sunset| sunset.min(ends)),
        chain: path.certificates.iter().map(|certificate| certificate.der().to_vec()).collect(),
        crls: signed.crls.clone(),
        ocsps: signed.ocsp.clone(),
    })
}
