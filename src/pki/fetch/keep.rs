//! Answers kept for a while, and what one file may ask for: so that many files of one vendor ask its authority once, and a
//! file that names a thousand addresses, or one that never answers, does not hold anybody up.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::{FetchError, Fetcher};
use crate::pki::known;

/// How long an answer counts as fresh. Authorities issue lists hourly at most.
const FRESH: Duration = Duration::from_secs(3600);
/// How long an address that gave nothing is left alone.
const LEFT_ALONE: Duration = Duration::from_secs(60);
/// Answers kept, and their bytes together. When there are more, all are forgotten.
const MAX_ANSWERS: usize = 1024;
const MAX_BYTES: usize = 64 << 20;

type Answer = Result<Vec<u8>, FetchError>;
/// The address, and SHA-256 of the question put to it.
type Question = (String, [u8; 32]);

/// Asks `inner`, and remembers what it said.
pub struct Remembering<F> {
    inner: F,
    shelf: Mutex<Shelf>,
}

#[derive(Default)]
struct Shelf {
    answers: HashMap<Question, (Instant, Answer)>,
    bytes: usize,
}

impl<F: Fetcher> Remembering<F> {
    pub fn new(inner: F) -> Self {
        Self { inner, shelf: Mutex::default() }
    }

    fn ask(&self, url: &str, question: &[u8], fetch: impl FnOnce() -> Answer) -> Answer {
        let key = (url.to_owned(), known::digest(question));
        if let Some(kept) = self.kept(&key) {
            return kept;
        }
        // Not under the lock: others ask others meanwhile. Two that ask the same at once both go there.
        let answer = fetch();
        if let Ok(mut shelf) = self.shelf.lock() {
            let size = answer.as_ref().map_or(0, Vec::len);
            if size <= MAX_BYTES {
                if shelf.answers.len() >= MAX_ANSWERS || shelf.bytes + size > MAX_BYTES {
                    *shelf = Shelf::default();
                }
                shelf.bytes += size;
                if let Some((_, Ok(old))) = shelf.answers.insert(key, (Instant::now(), answer.clone())) {
                    shelf.bytes = shelf.bytes.saturating_sub(old.len());
                }
            }
        }
        answer
    }

    fn kept(&self, key: &Question) -> Option<Answer> {
        let shelf = self.shelf.lock().ok()?;
        let (asked, answer) = shelf.answers.get(key)?;
        let counts = if answer.is_ok() { FRESH } else { LEFT_ALONE };
        (asked.elapsed() < counts).then(|| answer.clone())
    }
}

impl<F: Fetcher> Fetcher for Remembering<F> {
    fn get(&self, url: &str) -> Answer {
        self.ask(url, b"", || self.inner.get(url))
    }

    fn ocsp(&self, url: &str, request: &[u8]) -> Answer {
        self.ask(url, request, || self.inner.ocsp(url, request))
    }
}

/// Requests that one file may cause.
const MAX_REQUESTS: u32 = 32;
/// How long all requests of one file may take together; one that has begun ends in its own time.
const MAX_TIME: Duration = Duration::from_secs(20);

/// What is left for one file.
pub struct ForOneFile<'a> {
    inner: &'a dyn Fetcher,
    left: AtomicU32,
    until: Instant,
}

impl<'a> ForOneFile<'a> {
    /// Begins now.
    pub fn new(inner: &'a dyn Fetcher) -> Self {
        Self { inner, left: AtomicU32::new(MAX_REQUESTS), until: Instant::now() + MAX_TIME }
    }

    fn take(&self, url: &str) -> Result<(), FetchError> {
        let taken = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if taken.is_err() || Instant::now() >= self.until {
            return Err(FetchError::Enough { url: url.to_owned() });
        }
        Ok(())
    }
}

impl Fetcher for ForOneFile<'_> {
    fn get(&self, url: &str) -> Answer {
        self.take(url)?;
        self.inner.get(url)
    }

    fn ocsp(&self, url: &str, request: &[u8]) -> Answer {
        self.take(url)?;
        self.inner.ocsp(url, request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Counting(AtomicU32);

    impl Fetcher for Counting {
        fn get(&self, url: &str) -> Answer {
            self.0.fetch_add(1, Ordering::SeqCst);
            if url.ends_with("gone") { Err(FetchError::Scheme(url.to_owned())) } else { Ok(vec![1; 1 << 20]) }
        }

        fn ocsp(&self, _: &str, request: &[u8]) -> Answer {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(request.to_vec())
        }
    }

    #[test]
    fn an_address_is_asked_the_same_once_and_something_else_again() {
        let fetcher = Remembering::new(Counting::default());
        for _ in 0..3 {
            assert_eq!(fetcher.get("http://a").unwrap().len(), 1 << 20);
            assert!(fetcher.get("http://a/gone").is_err());
            assert_eq!(fetcher.ocsp("http://a", b"one").unwrap(), b"one");
            assert_eq!(fetcher.ocsp("http://a", b"two").unwrap(), b"two");
        }
        assert_eq!(fetcher.inner.0.load(Ordering::SeqCst), 4);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let fetcher = Remembering::new(Counting::default());
        for index in 0..200 {
            fetcher.get(&format!("http://a/{index}")).unwrap();
            assert!(fetcher.shelf.lock().unwrap().bytes <= MAX_BYTES);
        }
        for index in 0..2 * MAX_ANSWERS {
            let _ = fetcher.get(&format!("http://a/{index}/gone"));
        }
        assert!(fetcher.shelf.lock().unwrap().answers.len() <= MAX_ANSWERS);
    }

    #[test]
    fn a_file_that_asks_for_more_than_it_may_is_told_so() {
        let counting = Counting::default();
        let one = ForOneFile::new(&counting);
        let denied = (0..100).filter(|index| one.get(&format!("http://a/{index}")).is_err()).count();
        assert_eq!(denied, 100 - MAX_REQUESTS as usize);
        assert!(matches!(one.ocsp("http://a", b""), Err(FetchError::Enough { .. })));
    }
}
