//! Browser sessions: opaque ids, kept hashed and in memory only, so a restart signs everybody out.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::archive::TokenKey;

/// Most sessions at a time; beyond it the oldest ends, so that signing in cannot fill the memory.
const MAX_SESSIONS: usize = 10_000;
/// Failed sign-ins per minute, all together, before further ones have to wait.
const MAX_FAILURES: usize = 20;
const FAILURE_WINDOW: Duration = Duration::from_secs(60);

/// Who is signed in.
pub struct Sessions {
    lifetime: Duration,
    by_hash: Mutex<HashMap<[u8; 32], Session>>,
    failures: Mutex<Vec<Instant>>,
}

struct Session {
    /// What the session began with: it lasts no longer than the token counts.
    token: TokenKey,
    until: Instant,
}

impl Sessions {
    pub fn new(hours: u32) -> Self {
        let lifetime = Duration::from_secs(u64::from(hours.max(1)) * 3_600);
        Self { lifetime, by_hash: Mutex::default(), failures: Mutex::default() }
    }

    /// Begins a session and returns its id, 256 random bits.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn begin(&self, token: TokenKey) -> Result<String, getrandom::Error> {
        let mut random = [0; 32];
        getrandom::fill(&mut random)?;
        let id = URL_SAFE_NO_PAD.encode(random);
        let now = Instant::now();
        let mut sessions = lock(&self.by_hash);
        sessions.retain(|_, session| session.until > now);
        if sessions.len() >= MAX_SESSIONS
            && let Some(oldest) =
                sessions.iter().min_by_key(|(_, session)| session.until).map(|(hash, _)| *hash)
        {
            sessions.remove(&oldest);
        }
        sessions.insert(hash(&id), Session { token, until: now + self.lifetime });
        Ok(id)
    }

    /// The token that this session began with, if it still lasts.
    pub fn token(&self, id: &str) -> Option<TokenKey> {
        let sessions = lock(&self.by_hash);
        let session = sessions.get(&hash(id)).filter(|session| session.until > Instant::now())?;
        Some(session.token.clone())
    }

    pub fn end(&self, id: &str) {
        lock(&self.by_hash).remove(&hash(id));
    }

    /// Whether so many sign-ins failed lately that the next one is refused unseen.
    pub fn must_wait(&self) -> bool {
        let mut failures = lock(&self.failures);
        failures.retain(|at| at.elapsed() < FAILURE_WINDOW);
        failures.len() >= MAX_FAILURES
    }

    pub fn note_failure(&self) {
        lock(&self.failures).push(Instant::now());
    }

    /// Seconds that a session lasts.
    pub fn lifetime_seconds(&self) -> u64 {
        self.lifetime.as_secs()
    }
}

/// Looking up by hash makes the comparison's timing useless, and a memory dump holds no usable id.
fn hash(id: &str) -> [u8; 32] {
    Sha256::digest(id.as_bytes()).into()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Both maps are valid after every single operation, so a poisoned lock is as good as any.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lasts_until_it_is_ended() {
        let sessions = Sessions::new(1);
        let id = sessions.begin(TokenKey::default()).expect("random bytes");
        assert_eq!(sessions.token(&id), Some(TokenKey::default()));
        assert_eq!(sessions.token("something else"), None);
        sessions.end(&id);
        assert_eq!(sessions.token(&id), None);
    }

    #[test]
    fn many_failures_make_the_next_one_wait() {
        let sessions = Sessions::new(1);
        (0..MAX_FAILURES - 1).for_each(|_| sessions.note_failure());
        assert!(!sessions.must_wait());
        sessions.note_failure();
        assert!(sessions.must_wait());
    }
}
