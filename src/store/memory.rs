//! A store in memory: the double that tests and the design lean on. Nothing in it is durable.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow, Range};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    Batch, BlobId, BlobIds, BlobStore, CommitError, Direction, Progress, Rows, Store, StoreError, Table,
    VerifyReport, View, clamp, verify,
};

type Rowset = BTreeMap<Vec<u8>, Vec<u8>>;

/// The tables are shared with the views taken from them: a commit copies a table only when a view still
/// holds it, so a view never changes.
#[derive(Default)]
struct State {
    tables: [Arc<Rowset>; Table::ALL.len()],
    blobs: BTreeMap<BlobId, Arc<Vec<u8>>>,
}

/// Keeps everything in memory and forgets it when dropped.
#[derive(Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No change below panics half-way, so the state behind a poisoned lock is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn view(&self) -> Box<dyn View + '_> {
        Box::new(MemoryView { tables: self.state().tables.clone() })
    }

    fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        batch.check_size()?;
        let mut state = self.state();
        for expect in &batch.expects {
            let (table, key) = expect.row();
            if !expect.holds(state.tables[table as usize].get(key).map(Vec::as_slice)) {
                return Err(expect.conflict());
            }
        }
        // Blobs first, on a copy of the (small) index, so that a conflict leaves nothing behind.
        let mut blobs = state.blobs.clone();
        for (id, bytes) in batch.blobs {
            insert_once(&mut blobs, id, bytes)?;
        }
        state.blobs = blobs;
        for (table, key, value) in batch.puts {
            Arc::make_mut(&mut state.tables[table as usize]).insert(key, value);
        }
        for (table, key) in batch.deletes {
            Arc::make_mut(&mut state.tables[table as usize]).remove(&key);
        }
        Ok(())
    }

    fn blobs(&self) -> &dyn BlobStore {
        self
    }

    fn erase_traces(&self, _table: Table, _from: &[u8], _to: Option<&[u8]>) -> Result<(), StoreError> {
        Ok(()) // Nothing is on any disk.
    }

    fn verify(
        &self,
        progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<VerifyReport, StoreError> {
        verify::verify(&*self.view(), self, progress)
    }
}

impl BlobStore for MemoryStore {
    fn put(&self, id: BlobId, bytes: &[u8]) -> Result<(), CommitError> {
        let mut batch = Batch::new();
        batch.put_blob(id, bytes);
        self.commit(batch)
    }

    fn get(&self, id: &BlobId, range: Option<Range<u64>>) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.state().blobs.get(id).cloned();
        Ok(found.map(|bytes| bytes[clamp(range, bytes.len())].to_vec()))
    }

    fn size(&self, id: &BlobId) -> Result<Option<u64>, StoreError> {
        Ok(self.state().blobs.get(id).map(|bytes| bytes.len() as u64))
    }

    fn delete(&self, id: &BlobId) -> Result<(), CommitError> {
        self.state().blobs.remove(id);
        Ok(())
    }

    fn list(&self) -> BlobIds<'_> {
        let ids: Vec<BlobId> = self.state().blobs.keys().copied().collect();
        Box::new(ids.into_iter().map(Ok))
    }
}

fn insert_once(
    blobs: &mut BTreeMap<BlobId, Arc<Vec<u8>>>,
    id: BlobId,
    bytes: Vec<u8>,
) -> Result<(), CommitError> {
    match blobs.get(&id) {
        Some(found) if **found != bytes => Err(CommitError::BlobConflict(id)),
        Some(_) => Ok(()),
        None => {
            blobs.insert(id, Arc::new(bytes));
            Ok(())
        }
    }
}

struct MemoryView {
    tables: [Arc<Rowset>; Table::ALL.len()],
}

impl View for MemoryView {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.tables[table as usize].get(key).cloned())
    }

    fn scan(&self, table: Table, from: &[u8], to: Option<&[u8]>, direction: Direction) -> Rows<'_> {
        if to.is_some_and(|to| to <= from) {
            return Box::new(std::iter::empty()); // BTreeMap::range panics on a reversed range.
        }
        let upper = to.map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self.tables[table as usize]
            .range::<[u8], _>((Bound::Included(from), upper))
            .map(|(key, value)| Ok((key.clone(), value.clone())));
        match direction {
            Direction::Forward => Box::new(rows),
            Direction::Reverse => Box::new(rows.rev()),
        }
    }
}
