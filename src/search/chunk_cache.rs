//! A bounded cache of opened chunks, least recently used out first.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// Which file (a number drawn when it was opened) and which chunk of it.
type Place = (u64, u64);

/// Holds at most `limit` bytes of plaintext chunks.
pub(super) struct ChunkCache {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    chunks: HashMap<Place, (Arc<Vec<u8>>, u64)>,
    by_age: BTreeMap<u64, Place>,
    bytes: usize,
    clock: u64,
}

impl ChunkCache {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, state: Mutex::default() }
    }

    /// The chunk from the cache, or from `load`, which runs without the lock held.
    pub(super) fn get(
        &self,
        place: Place,
        load: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> io::Result<Arc<Vec<u8>>> {
        if let Some(chunk) = self.lock().touch(place) {
            return Ok(chunk);
        }
        let chunk = Arc::new(load()?);
        self.lock().insert(place, Arc::clone(&chunk), self.limit);
        Ok(chunk)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // The state is only a cache and consistent after every statement that can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn touch(&mut self, place: Place) -> Option<Arc<Vec<u8>>> {
        self.clock += 1;
        let (chunk, age) = self.chunks.get_mut(&place)?;
        self.by_age.remove(age);
        *age = self.clock;
        self.by_age.insert(self.clock, place);
        Some(Arc::clone(chunk))
    }

    fn insert(&mut self, place: Place, chunk: Arc<Vec<u8>>, limit: usize) {
        if chunk.len() > limit || self.chunks.contains_key(&place) {
            return;
        }
        self.bytes += chunk.len();
        self.clock += 1;
        self.chunks.insert(place, (chunk, self.clock));
        self.by_age.insert(self.clock, place);
        while self.bytes > limit {
            let Some((_, oldest)) = self.by_age.pop_first() else { return };
            if let Some((chunk, _)) = self.chunks.remove(&oldest) {
                self.bytes -= chunk.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_chunk_leaves_first_and_the_limit_holds() {
        let cache = ChunkCache::new(30);
        let load = |place| cache.get(place, || Ok(vec![place.1 as u8; 10]));
        for place in [(0, 0), (0, 1), (0, 2), (0, 0), (0, 3)] {
            load(place).unwrap();
        }
        assert_eq!(cache.lock().bytes, 30);
        let kept: Vec<u64> = (0..4).filter(|chunk| cache.lock().chunks.contains_key(&(0, *chunk))).collect();
        assert_eq!(kept, [0, 2, 3]);
    }

    #[test]
    fn a_failed_load_is_not_remembered() {
        let cache = ChunkCache::new(30);
        assert!(cache.get((1, 1), || Err(io::Error::other("no"))).is_err());
        assert_eq!(*cache.get((1, 1), || Ok(vec![1])).unwrap(), [1]);
    }
}
