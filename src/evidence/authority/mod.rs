//! Timestamp authorities: asking one after another for a token (RFC 3161) until one gives a token that holds.

mod http;
mod obtain;

use der::asn1::ObjectIdentifier;

pub use http::{Credentials, HttpAuthority, HttpSettings};
pub use obtain::{Obtained, Order, obtain};

/// Somebody who gives timestamps.
///
/// **Contract.** One call sends at most one request, and returns within a bounded time with a bounded answer. Nothing of
/// the answer is believed: [`obtain`] checks it.
pub trait TimestampAuthority: Send + Sync {
    /// The name it has in the configuration and in the journal.
    fn name(&self) -> &str;

    /// Policies under which its tokens are accepted; empty: any.
    fn policies(&self) -> &[ObjectIdentifier];

    /// Sends a `TimeStampReq` in DER and returns what comes back.
    ///
    /// # Errors
    /// Why there is no answer.
    fn ask(&self, request: &[u8]) -> Result<Vec<u8>, Refusal>;
}

/// Why one authority gave no token that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    #[error("it did not answer in time")]
    TooSlow,
    #[error("it answered with more than {0} bytes")]
    TooLong(u64),
    #[error("it answered with HTTP status {0}")]
    Status(u16),
    #[error("its answer is a web page, not a timestamp; check the address and whether it asks for a sign-in")]
    WebPage,
    #[error("its answer is not what was asked for: {0}")]
    Answer(String),
    #[error("its token has the policy {0}, which is not on the list for it")]
    Policy(String),
    #[error("its time {theirs} is {seconds} seconds from ours, {ours}; one of the two clocks is wrong")]
    Clock { theirs: String, ours: String, seconds: i64 },
    #[error("its token does not hold: {0}")]
    Token(String),
}
