//! Behaviours of blobs: written once, read whole or in part, listed, deleted.

use super::{Subject, ids, row};
use crate::store::{Batch, BlobId, CommitError, Table};

pub(super) fn a_blob_is_written_once(subject: &impl Subject) {
    let blobs = subject.store().blobs();
    let id = BlobId([5; 16]);
    blobs.put(id, b"sealed").unwrap();
    blobs.put(id, b"sealed").unwrap();
    for other in [&b"Sealed"[..], b"sealed!", b""] {
        assert!(matches!(blobs.put(id, other), Err(CommitError::BlobConflict(refused)) if refused == id));
    }
    assert_eq!(blobs.get(&id, None).unwrap().as_deref(), Some(&b"sealed"[..]));
    assert_eq!(blobs.get(&BlobId([6; 16]), None).unwrap(), None);
}

pub(super) fn a_blob_conflict_leaves_nothing_of_its_batch(subject: &impl Subject) {
    let store = subject.store();
    store.blobs().put(BlobId([5; 16]), b"sealed").unwrap();
    let mut batch = Batch::new();
    batch
        .put(Table::Meta, *b"k", *b"1")
        .put_blob(BlobId([4; 16]), *b"new")
        .put_blob(BlobId([5; 16]), *b"other");
    assert!(matches!(store.commit(batch), Err(CommitError::BlobConflict(id)) if id == BlobId([5; 16])));
    assert_eq!(row(store, Table::Meta, b"k"), None);
    assert_eq!(ids(store.blobs()), [BlobId([5; 16])]);
    let mut again = Batch::new();
    again.put(Table::Meta, *b"k", *b"1").put_blob(BlobId([5; 16]), *b"sealed");
    store.commit(again).unwrap();
    assert_eq!(row(store, Table::Meta, b"k").as_deref(), Some(&b"1"[..]));
}

pub(super) fn a_batch_with_one_blob_twice_needs_the_same_bytes(subject: &impl Subject) {
    let store = subject.store();
    let twice = |second: &[u8]| {
        let mut batch = Batch::new();
        batch.put_blob(BlobId([7; 16]), *b"one").put_blob(BlobId([7; 16]), second);
        store.commit(batch)
    };
    assert!(matches!(twice(b"two"), Err(CommitError::BlobConflict(_))));
    assert_eq!(store.blobs().get(&BlobId([7; 16]), None).unwrap(), None);
    twice(b"one").unwrap();
    assert_eq!(store.blobs().get(&BlobId([7; 16]), None).unwrap().as_deref(), Some(&b"one"[..]));
}

pub(super) fn a_large_blob_comes_back_whole_and_in_ranges(subject: &impl Subject) {
    let blobs = subject.store().blobs();
    let id = BlobId([8; 16]);
    let bytes: Vec<u8> = (0..5_000_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    blobs.put(id, &bytes).unwrap();
    assert_eq!(blobs.get(&id, None).unwrap().as_deref(), Some(&bytes[..]));
    let part = |range: std::ops::Range<u64>| blobs.get(&id, Some(range)).unwrap().unwrap();
    assert_eq!(part(1_000_000..1_000_003), &bytes[1_000_000..1_000_003]);
    assert_eq!(part(4_999_990..u64::MAX), &bytes[4_999_990..]);
    assert!(part(5_000_000..5_000_001).is_empty());
    assert!(part(u64::MAX - 1..u64::MAX).is_empty());
    #[allow(clippy::reversed_empty_ranges)]
    let reversed = part(20..10);
    assert!(reversed.is_empty());
}

pub(super) fn blobs_are_listed_in_order_with_their_sizes(subject: &impl Subject) {
    let blobs = subject.store().blobs();
    for n in [200u8, 3, 90] {
        blobs.put(BlobId([n; 16]), &vec![n; usize::from(n)]).unwrap();
    }
    blobs.put(BlobId([1; 16]), b"").unwrap();
    assert_eq!(ids(blobs), [1, 3, 90, 200].map(|n| BlobId([n; 16])));
    assert_eq!(blobs.size(&BlobId([200; 16])).unwrap(), Some(200));
    assert_eq!(blobs.size(&BlobId([1; 16])).unwrap(), Some(0));
    assert_eq!(blobs.get(&BlobId([1; 16]), None).unwrap(), Some(vec![]));
    assert_eq!(blobs.size(&BlobId([2; 16])).unwrap(), None);
}

pub(super) fn a_deleted_blob_is_gone_and_deleting_is_idempotent(subject: &impl Subject) {
    let blobs = subject.store().blobs();
    let id = BlobId([9; 16]);
    blobs.put(id, b"first").unwrap();
    blobs.delete(&id).unwrap();
    blobs.delete(&id).unwrap();
    assert_eq!(blobs.get(&id, None).unwrap(), None);
    assert_eq!(blobs.size(&id).unwrap(), None);
    assert!(ids(blobs).is_empty());
    blobs.put(id, b"second").unwrap();
    assert_eq!(blobs.get(&id, None).unwrap().as_deref(), Some(&b"second"[..]));
}
