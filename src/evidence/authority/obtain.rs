//! One timestamp from the first authority whose token holds; nothing of an answer is believed before.

use chrono::{DateTime, Duration, Utc};

use super::{Refusal, TimestampAuthority};
use crate::pki::DigestAlgorithm;
use crate::pki::token::{TimeStampReq, TimeStampResp, TimestampToken};

/// What shall be stamped, and what time it is.
pub struct Order<'a> {
    pub algorithm: DigestAlgorithm,
    /// The value that is stamped: the root of a hash tree.
    pub imprint: &'a [u8],
    /// What our clock says, asked anew for each answer.
    pub now: &'a dyn Fn() -> DateTime<Utc>,
    /// How far an authority's clock may be from ours, either way.
    pub tolerance: Duration,
}

/// A token that was checked, and whose it is.
pub struct Obtained<T> {
    pub authority: String,
    /// The token as the authority wrote it.
    pub token: Vec<u8>,
    /// What `accept` made of it.
    pub accepted: T,
    /// The authorities that were asked before, and why they are not the one.
    pub refused: Vec<(String, Refusal)>,
}

/// A token, or each authority's name with why it is not the one.
pub type Answer<T> = Result<Obtained<T>, Vec<(String, Refusal)>>;

/// Asks the authorities in their order.
///
/// `nonce` gives a fresh random number for each request (RFC 3161, 2.4.1), so that no old answer fits. `announce` is called
/// before each request is sent, and ends all with its error: a budget is kept there, and the request written down.
/// `accept` judges signature, chain and revocation of a token that fits the request.
///
/// # Errors
/// That of `announce` or `nonce`; `Ok(Err(..))`: every authority was asked, and why each is not the one.
pub fn obtain<T, E>(
    authorities: &[Box<dyn TimestampAuthority>],
    order: &Order<'_>,
    nonce: &mut dyn FnMut() -> Result<[u8; 16], E>,
    announce: &mut dyn FnMut(&dyn TimestampAuthority) -> Result<(), E>,
    accept: &dyn Fn(&TimestampToken) -> Result<T, String>,
) -> Result<Answer<T>, E> {
    let mut refused = Vec::new();
    for authority in authorities {
        let mut number = nonce()?;
        // The first bit clear and set in the second place: a positive number of full length, which every authority repeats alike.
        number[0] = number[0] & 0x3F | 0x40;
        announce(&**authority)?;
        match ask(&**authority, order, &number, accept) {
            Ok((token, accepted)) => {
                return Ok(Ok(Obtained { authority: authority.name().to_owned(), token, accepted, refused }));
            }
            Err(refusal) => refused.push((authority.name().to_owned(), refusal)),
        }
    }
    Ok(Err(refused))
}

fn ask<T>(
    authority: &dyn TimestampAuthority,
    order: &Order<'_>,
    nonce: &[u8],
    accept: &dyn Fn(&TimestampToken) -> Result<T, String>,
) -> Result<(Vec<u8>, T), Refusal> {
    let mut request = TimeStampReq::new(order.algorithm, order.imprint.to_vec(), Some(nonce.to_vec()));
    if let [policy] = authority.policies() {
        request.policy = Some(*policy);
    }
    let words = |error: crate::pki::CmsError| Refusal::Answer(error.to_string());
    let answer = authority.ask(&request.encode().map_err(words)?)?;
    if looks_like_a_page(&answer) {
        return Err(Refusal::WebPage);
    }
    let answer = TimeStampResp::parse(&answer).map_err(words)?;
    let token = answer.granted(&request).map_err(words)?;
    let info = token.info();
    if !authority.policies().is_empty() && !authority.policies().contains(&info.policy) {
        return Err(Refusal::Policy(info.policy.to_string()));
    }
    let now = (order.now)();
    let apart = info.gen_time.signed_duration_since(now);
    if apart.abs() > order.tolerance {
        return Err(Refusal::Clock {
            theirs: info.gen_time.to_rfc3339(),
            ours: now.to_rfc3339(),
            seconds: apart.num_seconds(),
        });
    }
    let accepted = accept(&token).map_err(Refusal::Token)?;
    Ok((answer.token.unwrap_or_default(), accepted))
}

/// Some gateways answer with a page of theirs and call it something else.
fn looks_like_a_page(answer: &[u8]) -> bool {
    let start = answer.iter().copied().find(|byte| !byte.is_ascii_whitespace());
    start == Some(b'<')
}
