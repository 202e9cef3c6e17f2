//! The signature panel: what a signed PDF proves, at a moment in time, with every reason in words.
//!
//! Joins what the file says (`pdf`) with what its signatures and certificates are worth (`pki`). Pure: bytes,
//! trusted roots, revocation data and the moment go in; the verdict comes out. Only where a fetcher is handed in, and the
//! file lacks something, does it ask the addresses that the certificates name.

mod data;
mod examine;
mod fetch;
mod file;
mod layers;
mod pieces;
mod verdict;
mod view;
mod words;

#[cfg(test)]
mod fetch_tests;
#[cfg(test)]
mod tests;

pub use data::{Collected, RevocationData, data_about, validation_data};
pub use examine::{examine, examine_fetching};
pub use file::File;
pub use verdict::Verdict;
pub use view::{Authority, Chain, Later, Panel, PanelSignature, Words};
pub use words::headline;
