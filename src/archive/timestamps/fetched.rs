//! Revocation data about an authority's own certificates, asked for when a token comes and kept with it at once: ten years
//! later nobody answers any more. Only where `[signatures] fetch` allows questions.

use crate::pki::fetch::{Fetcher, Recording, revocation_data};
use crate::pki::path::Path;
use crate::pki::revocation::Evidence;

/// Longest piece that is kept with a token, in bytes: lists of time authorities have a few kilobytes.
const MAX_PIECE: usize = 1 << 20;

/// What the authority's issuers said.
#[derive(Default)]
pub(super) struct Fetched {
    pub evidence: Evidence,
    pub crls: Vec<Vec<u8>>,
    pub ocsps: Vec<Vec<u8>>,
}

impl Fetched {
    /// Asks about every certificate of a chain. What cannot be had is told in the log, and is no reason to refuse a token.
    pub fn about(path: &Path, fetcher: &dyn Fetcher) -> Self {
        let recording = Recording::new(fetcher, MAX_PIECE);
        let mut evidence = Evidence::new();
        for problem in revocation_data(path, &recording, &mut evidence) {
            tracing::warn!(%problem, "revocation data about a timestamp authority could not be had");
        }
        let (crls, ocsps) = recording.into_parts();
        Self { evidence, crls, ocsps }
    }
}
