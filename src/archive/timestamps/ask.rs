//! Asking for one timestamp: each request journaled before it is sent, the first token that holds is taken, and why the
//! others are not the one is kept.

use chrono::{DateTime, Duration, Utc};
use serde::Serialize;

use super::fetched::Fetched;
use super::rows::{self, RequestRow};
use super::trees::hex;
use crate::archive::error::ArchiveError;
use crate::archive::rows::{V1, encode};
use crate::archive::{Archive, Principal};
use crate::evidence::authority::{Obtained, Order, TimestampAuthority, obtain};
use crate::evidence::{PkiJudge, Standing, standing};
use crate::pki::DigestAlgorithm;
use crate::pki::sunset::Algorithm;
use crate::pki::token::TimestampToken;
use crate::pki::validate::Conclusion;
use crate::store::{Batch, Table};

/// What a token is wanted for.
pub(super) struct Asking<'a> {
    pub algorithm: DigestAlgorithm,
    /// What the authority stamps.
    pub imprint: &'a [u8],
    /// What is kept of it with the request: nothing where it would tell of one contract after its destruction.
    pub known_as: &'a [u8],
    pub trees: &'a [u64],
}

/// What the journal says about a request and what came of it, sealed.
#[derive(Serialize)]
pub(super) struct Step<'a> {
    pub step: &'static str,
    pub request: u64,
    pub authority: &'a str,
    pub algorithm: DigestAlgorithm,
    pub imprint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<&'a str>,
    pub trees: &'a [u64],
}

/// What is known of a token that was accepted.
pub(super) struct Accepted {
    pub gen_time: DateTime<Utc>,
    pub signer: String,
    pub protected_until: DateTime<Utc>,
    pub chain: Vec<Vec<u8>>,
    pub crls: Vec<Vec<u8>>,
    pub ocsps: Vec<Vec<u8>>,
}

impl Archive {
    /// Asks the authorities in their order until one gives a token that holds. The rows of the requests come back; the last
    /// one is that of the token.
    ///
    /// # Errors
    /// [`ArchiveError::NoTimestamp`] with each authority's reason, which is stored with its request.
    pub(super) fn ask(
        &self,
        who: &Principal,
        about: &Asking<'_>,
    ) -> Result<(Obtained<Accepted>, Vec<RequestRow>), ArchiveError> {
        let algorithm = about.algorithm;
        let authorities = self.authorities()?;
        let revocation = self.kept_revocation(&*self.store.view())?;
        let order = Order {
            algorithm,
            imprint: about.imprint,
            now: &|| self.now(),
            tolerance: Duration::seconds(self.config.timestamps.clock_tolerance_seconds.into()),
        };
        let mut sent: Vec<RequestRow> = Vec::new();
        let mut announce = |authority: &dyn TimestampAuthority| {
            let row = self.announce(who, algorithm, about.known_as, authority.name(), about.trees)?;
            sent.push(row);
            Ok(())
        };
        let accept = |token: &TimestampToken| {
            let judge = PkiJudge { trust: &self.trust, revocation: &revocation, at: self.now() };
            let conclusion = judge.conclude(token, judge.at);
            let (Some(fetcher), Some(path)) = (&self.fetcher, &conclusion.path) else {
                return accepted(token, &conclusion, algorithm);
            };
            let fetched = Fetched::about(path, &**fetcher);
            let mut known = revocation.clone();
            known.extend(&fetched.evidence);
            let judge = PkiJudge { revocation: &known, ..judge };
            let mut accepted = accepted(token, &judge.conclude(token, judge.at), algorithm)?;
            accepted.crls.extend(fetched.crls);
            accepted.ocsps.extend(fetched.ocsps);
            Ok(accepted)
        };
        let mut nonce = || {
            let mut bytes = [0; 16];
            let filled = getrandom::fill(&mut bytes);
            filled
                .map(|()| bytes)
                .map_err(|error| ArchiveError::Stopped(format!("no random numbers: {error}")))
        };
        match obtain(&authorities, &order, &mut nonce, &mut announce, &accept)? {
            Ok(obtained) => Ok((obtained, sent)),
            Err(refused) => {
                let why: Vec<String> = refused.iter().map(|(name, why)| format!("{name}: {why}")).collect();
                self.store_refusals(who, &refused_rows(sent, &why), about.trees)?;
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

pub(super) fn step_of<'a>(
    step: &'static str,
    row: &'a RequestRow,
    imprint: &'a str,
    trees: &'a [u64],
) -> Step<'a> {
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

pub(super) fn refused_rows(sent: Vec<RequestRow>, why: &[String]) -> Vec<RequestRow> {
    let rows = sent.into_iter().zip(why);
    rows.map(|(row, why)| RequestRow { refused: Some(why.clone()), ..row }).collect()
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
