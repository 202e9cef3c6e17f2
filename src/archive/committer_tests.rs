//! The group committer under failing writes: lost, and kept although reported failed.

use std::sync::Arc;

use super::*;
use crate::archive::clock::SystemClock;
use crate::journal::Origin;
use crate::store::MemoryStore;
use crate::store::faulty::{Fault, FaultyStore};

fn keys() -> (SigningKey, VerifyingKey, Origin) {
    let origin: Origin = "shosoin.local/test".parse().expect("an origin");
    let key = SigningKey::from_seed(&[7; 32]);
    let verifying = key.verifying_key(&origin);
    (key, verifying, origin)
}

fn draft(key: &[u8], value: &[u8]) -> Draft {
    let (key, value) = (key.to_vec(), value.to_vec());
    Draft {
        actor: Principal::system(),
        act: Act::Job,
        record: None,
        blob_bytes: 0,
        write: Box::new(move |_| {
            let mut batch = Batch::default();
            batch.expect_absent(Table::Dedup, key.clone());
            batch.put(Table::Dedup, key, value);
            Ok(Written { details: None, batch })
        }),
    }
}

fn start(store: Arc<dyn Store>, head: Head) -> Committer {
    let (signing, verifying, _) = keys();
    Committer::start(store, head, (signing, verifying), Arc::new(SystemClock), None).expect("a thread")
}

/// Every acknowledged entry is there with its rows; nothing else is; the tree follows from the entries.
fn check(store: &dyn Store, acknowledged: &[(Vec<u8>, u64)]) {
    let (_, verifying, _) = keys();
    let view = store.view();
    let head = Head::load(&*view, &verifying).expect("a sound head");
    for (key, seq) in acknowledged {
        assert!(*seq < head.size(), "entry {seq} was acknowledged and is gone");
        assert!(view.get(Table::Dedup, key).expect("readable").is_some(), "the rows of entry {seq} are gone");
    }
    let mut again = Head::empty(keys().2);
    let mut rows = 0;
    for seq in 0..head.size() {
        let entry = view.get(Table::Journal, &rows::journal_key(seq)).expect("readable").expect("no gap");
        again.append(&entry);
        rows += 1;
    }
    assert_eq!(again.root(), head.root());
    let dedup = view.scan(Table::Dedup, &[], None, crate::store::Direction::Forward).count();
    assert_eq!(dedup, rows, "each entry has exactly its row");
    assert!(view.get(Table::Journal, &rows::journal_key(head.size())).expect("readable").is_none());
}

#[test]
fn whichever_write_fails_nothing_acknowledged_is_lost_and_nothing_is_half_there() {
    for fault in Fault::BOTH {
        for nth in 0..12 {
            let store = Arc::new(FaultyStore::new(MemoryStore::new(), nth, fault));
            let committer = start(store.clone(), Head::empty(keys().2));
            let mut acknowledged = Vec::new();
            for number in 0..10_u64 {
                let key = number.to_be_bytes().to_vec();
                match committer.commit(draft(&key, b"row")) {
                    Ok(stamp) => acknowledged.push((key, stamp.seq)),
                    Err(_) if number == nth || nth == 0 => {}
                    Err(error) => panic!("{fault:?} at write {nth}: entry {number}: {error}"),
                }
            }
            drop(committer);
            // A first write that is lost leaves no head at all, and the committer stops: it cannot know where it is.
            if nth == 0 && fault == Fault::Lost {
                assert!(acknowledged.is_empty());
                continue;
            }
            assert!(
                acknowledged.len() >= 9,
                "{fault:?} at write {nth}: only {} acknowledged",
                acknowledged.len()
            );
            check(&*store, &acknowledged);
        }
    }
}

#[test]
fn what_was_kept_although_reported_failed_is_acknowledged() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new(), 1, Fault::Kept));
    let committer = start(store, Head::empty(keys().2));
    assert_eq!(committer.commit(draft(b"a", b"1")).expect("the first write").seq, 0);
    assert_eq!(committer.commit(draft(b"b", b"2")).expect("it is durable").seq, 1);
    assert_eq!(committer.published().size(), 2);
}

#[test]
fn a_draft_whose_condition_fails_is_answered_alone() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let committer = start(store.clone(), Head::empty(keys().2));
    committer.commit(draft(b"a", b"1")).expect("new");
    let refused = committer.commit(draft(b"a", b"2")).expect_err("the row exists");
    assert_eq!(refused.code(), "conflict");
    assert_eq!(committer.commit(draft(b"b", b"3")).expect("others go on").seq, 1);
    drop(committer);
    check(&*store, &[(b"a".to_vec(), 0), (b"b".to_vec(), 1)]);
}

#[test]
fn two_drafts_of_one_group_cannot_both_take_the_same_row() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let committer = start(store.clone(), Head::empty(keys().2));
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..16).map(|_| scope.spawn(|| committer.commit(draft(b"same", b"row")))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    drop(committer);
    check(&*store, &[(b"same".to_vec(), 0)]);
}

#[test]
fn a_restart_goes_on_where_the_journal_ends() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let committer = start(store.clone(), Head::empty(keys().2));
    for n in 0..5_u8 {
        committer.commit(draft(&[n], b"row")).expect("new");
    }
    drop(committer);
    let head = Head::load(&*store.view(), &keys().1).expect("a sound head");
    let committer = start(store.clone(), head);
    assert_eq!(committer.commit(draft(b"next", b"row")).expect("new").seq, 5);
    drop(committer);
    check(&*store, &[(b"next".to_vec(), 5)]);
}

#[test]
fn many_callers_and_drafts_that_nobody_waits_for_all_get_their_place() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let committer = start(store.clone(), Head::empty(keys().2));
    let key = |thread: u64, number: u64| (thread << 32 | number).to_be_bytes();
    let acknowledged: Vec<(Vec<u8>, u64)> = std::thread::scope(|scope| {
        let committer = &committer;
        let commit = move |thread: u64| {
            let each = (0..100_u64).map(|number| {
                let (mine, later) = (key(thread, number), key(thread, number + 1_000));
                let stamp = committer.commit(draft(&mine, b"row")).expect("a place");
                committer.commit_later(draft(&later, b"row")).expect("room");
                (mine.to_vec(), stamp.seq)
            });
            each.collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..8).map(|thread| scope.spawn(move || commit(thread))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    let published = committer.published().clone();
    drop(committer);
    assert_eq!(published.size(), 8 * 200, "what nobody waited for is done before the end");
    check(&*store, &acknowledged);
}
