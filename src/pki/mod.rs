//! Signatures, certificates and timestamps: what they say, and whether the mathematics holds.
//!
//! Nothing here reads a clock; only `fetch` speaks to the network, and only `trust` reads files. Everything from outside is
//! hostile: each parser states its bound on depth and memory.

mod ber;
pub mod certificate;
pub mod cms;
pub mod digest;
pub mod known;
mod milestones;
mod name;
pub mod signature;
#[cfg(test)]
mod test_past;
pub mod token;
pub mod trust;
pub mod path;
pub mod revocation;
pub mod sunset;
pub mod accredited;
pub mod validate;
pub mod fetch;

pub use certificate::{Certificate, PkiError};
pub use cms::{CmsError, CmsProblem, SignedData, Signer, SignerCheck};
pub use digest::DigestAlgorithm;
pub use milestones::Milestones;
pub use signature::{SignatureProblem, Weakness};
pub use token::{TimestampToken, TstInfo};
