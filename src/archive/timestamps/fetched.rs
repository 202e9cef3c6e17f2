//! Revocation data about an authority's own certificates, asked for when a token comes and kept with it at once: ten years
//! later nobody answers any more. Only where `[signatures] fetch` allows questions.

use std::sync::{Mutex, PoisonError};

use crate::pki::fetch::{FetchError, Fetcher, revocation_data};
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
        let recorder = Recorder { fetcher, crls: Mutex::default(), ocsps: Mutex::default() };
        let mut evidence = Evidence::new();
        for problem in revocation_data(path, &recorder, &mut evidence) {
            tracing::warn!(%problem, "revocation data about a timestamp authority could not be had");
        }
        let taken = |list: Mutex<Vec<Vec<u8>>>| list.into_inner().unwrap_or_else(PoisonError::into_inner);
        Self { evidence, crls: taken(recorder.crls), ocsps: taken(recorder.ocsps) }
    }
}

/// Remembers the bytes of what was fetched.
struct Recorder<'a> {
    fetcher: &'a dyn Fetcher,
    crls: Mutex<Vec<Vec<u8>>>,
    ocsps: Mutex<Vec<Vec<u8>>>,
}

impl Recorder<'_> {
    fn keep(list: &Mutex<Vec<Vec<u8>>>, der: &[u8]) {
        if der.len() <= MAX_PIECE {
            list.lock().unwrap_or_else(PoisonError::into_inner).push(der.to_vec());
        }
    }
}

impl Fetcher for Recorder<'_> {
    fn get(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        self.fetcher.get(url).inspect(|der| Self::keep(&self.crls, der))
    }

    fn ocsp(&self, url: &str, request: &[u8]) -> Result<Vec<u8>, FetchError> {
        self.fetcher.ocsp(url, request).inspect(|der| Self::keep(&self.ocsps, der))
    }
}
