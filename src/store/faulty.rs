//! A store whose n-th write fails, in either way a disk can: lost, or kept although reported failed.

use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{
    Batch, BlobId, BlobIds, BlobStore, CommitError, Progress, Store, StoreError, Table, VerifyReport, View,
};

/// What happens to the write that fails. The caller sees the same error either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing of it was written.
    Lost,
    /// All of it was written.
    Kept,
}

impl Fault {
    pub const BOTH: [Fault; 2] = [Fault::Lost, Fault::Kept];
}

/// Passes everything on to `inner`, except that write number `nth` (from 0) reports a failure. Commits and
/// the putting and deleting of blobs all count as writes. Writes after it pass again.
pub struct FaultyStore<S> {
    inner: S,
    nth: u64,
    fault: Fault,
    writes: AtomicU64,
}

impl<S: Store> FaultyStore<S> {
    pub fn new(inner: S, nth: u64, fault: Fault) -> Self {
        Self { inner, nth, fault, writes: AtomicU64::new(0) }
    }

    /// Writes asked for so far. A test raises `nth` until this stays at or below it: then every write of the
    /// story has failed once.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::SeqCst)
    }

    /// The store behind, as a restart would find it.
    pub fn into_inner(self) -> S {
        self.inner
    }

    fn write(&self, act: impl FnOnce() -> Result<(), CommitError>) -> Result<(), CommitError> {
        if self.writes.fetch_add(1, Ordering::SeqCst) != self.nth {
            return act();
        }
        if self.fault == Fault::Kept {
            act()?;
        }
        Err(StoreError::Io { detail: format!("injected fault in write {}", self.nth) }.into())
    }
}

impl<S: Store> Store for FaultyStore<S> {
    fn view(&self) -> Box<dyn View + '_> {
        self.inner.view()
    }

    fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        self.write(|| self.inner.commit(batch))
    }

    fn blobs(&self) -> &dyn BlobStore {
        self
    }

    fn settle(&self) -> Result<(), CommitError> {
        self.inner.settle()
    }

    fn erase_traces(&self, table: Table, from: &[u8], to: Option<&[u8]>) -> Result<(), StoreError> {
        self.inner.erase_traces(table, from, to)
    }

    fn verify(
        &self,
        progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<VerifyReport, StoreError> {
        self.inner.verify(progress)
    }
}

impl<S: Store> BlobStore for FaultyStore<S> {
    fn put(&self, id: BlobId, bytes: &[u8]) -> Result<(), CommitError> {
        self.write(|| self.inner.blobs().put(id, bytes))
    }

    fn get(&self, id: &BlobId, range: Option<Range<u64>>) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.blobs().get(id, range)
    }

    fn size(&self, id: &BlobId) -> Result<Option<u64>, StoreError> {
        self.inner.blobs().size(id)
    }

    fn delete(&self, id: &BlobId) -> Result<(), CommitError> {
        self.write(|| self.inner.blobs().delete(id))
    }

    fn list(&self) -> BlobIds<'_> {
        self.inner.blobs().list()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    fn second_write_fails(fault: Fault) -> (FaultyStore<MemoryStore>, CommitError) {
        let store = FaultyStore::new(MemoryStore::new(), 1, fault);
        let put = |key: u8| {
            let mut batch = Batch::new();
            batch.put(Table::Meta, [key], [key]);
            store.commit(batch)
        };
        put(0).unwrap();
        let error = put(1).unwrap_err();
        put(2).unwrap();
        assert_eq!(store.writes(), 3);
        (store, error)
    }

    #[test]
    fn a_lost_write_is_not_there_and_a_kept_one_is_though_both_report_failure() {
        for fault in Fault::BOTH {
            let (store, error) = second_write_fails(fault);
            assert!(matches!(error, CommitError::Store(StoreError::Io { .. })), "{error}");
            let found = store.into_inner().view().get(Table::Meta, &[1]).unwrap();
            assert_eq!(found.is_some(), fault == Fault::Kept);
        }
    }
}
