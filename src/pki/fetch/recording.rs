//! Keeping the bytes of what was fetched: authorities stop answering, and what they said is wanted for longer.

use std::sync::{Mutex, PoisonError};

use super::{FetchError, Fetcher};

/// Asks `inner`, and keeps what it said.
pub struct Recording<'a> {
    inner: &'a dyn Fetcher,
    /// Longest piece that is kept, in bytes.
    max_piece: usize,
    lists: Mutex<Vec<Vec<u8>>>,
    answers: Mutex<Vec<Vec<u8>>>,
}

impl<'a> Recording<'a> {
    pub fn new(inner: &'a dyn Fetcher, max_piece: usize) -> Self {
        Self { inner, max_piece, lists: Mutex::default(), answers: Mutex::default() }
    }

    /// What came of `get` (revocation lists, and issuers too, unread), and OCSP answers, in the order in which they came.
    pub fn into_parts(self) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        let taken = |list: Mutex<Vec<Vec<u8>>>| list.into_inner().unwrap_or_else(PoisonError::into_inner);
        (taken(self.lists), taken(self.answers))
    }

    fn keep(&self, list: &Mutex<Vec<Vec<u8>>>, der: &[u8]) {
        if der.len() <= self.max_piece {
            list.lock().unwrap_or_else(PoisonError::into_inner).push(der.to_vec());
        }
    }
}

impl Fetcher for Recording<'_> {
    fn get(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        self.inner.get(url).inspect(|der| self.keep(&self.lists, der))
    }

    fn ocsp(&self, url: &str, request: &[u8]) -> Result<Vec<u8>, FetchError> {
        self.inner.ocsp(url, request).inspect(|der| self.keep(&self.answers, der))
    }
}
