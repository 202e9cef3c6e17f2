//! The group committer: the one place where entries get their numbers and anything becomes durable.
//!
//! Callers hand in *drafts*. One thread takes as many as are waiting, numbers them, lets each write its rows (some
//! hold the number), extends the Merkle tree, signs the new head, and commits everything as one fsynced batch.
//! A draft that fails alone (its rows conflict) is answered alone; the others go on without it.
//!
//! Crash order: there is only one write. Before it nothing was acknowledged; after it everything was. When a commit
//! *reports* failure it may still have happened, so the head is read again from the store before going on.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use chrono::{DateTime, Utc};

use super::anchor::Anchor;
use super::answers::{Answer, Answers, Outcome};
use super::clock::Clock;
use super::error::ArchiveError;
use super::head::Head;
use super::principal::Principal;
use super::rows;
use crate::backup::changes;
use crate::journal::{Act, Entry, SigningKey, VerifyingKey};
use crate::record::RecordId;
use crate::store::{Batch, Expect, Store, Table, View};

/// Most entries in one commit: keeps a batch's rows small beside its blobs.
const MAX_GROUP_ENTRIES: usize = 512;
/// Blob bytes after which a group is closed; one larger contract still goes alone.
const MAX_GROUP_BYTES: usize = 32 << 20;
/// Drafts that may wait. Beyond it callers block, which is the back-pressure that bounds memory.
const MAX_WAITING: usize = 1_024;

/// What an entry is about, before it has a number.
pub struct Draft {
    pub actor: Principal,
    pub act: Act,
    pub record: Option<RecordId>,
    /// Bytes of blobs in the rows, for bounding a group.
    pub blob_bytes: usize,
    /// Makes the sealed details and the rows, knowing number and time. Runs on the committer's thread: be quick.
    pub write: WriteRows,
}

/// Makes an entry's details and rows.
pub type WriteRows = Box<dyn FnOnce(&Stamp) -> Result<Written, ArchiveError> + Send>;

/// Number and time of an entry, fixed by the committer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub seq: u64,
    pub at: DateTime<Utc>,
}

/// What a draft wants written beside its entry.
#[derive(Default)]
pub struct Written {
    /// Sealed bytes; see [`Entry::details`].
    pub details: Option<Vec<u8>>,
    pub batch: Batch,
}

struct Request {
    draft: Draft,
    reply: Option<Sender<Outcome>>,
}

/// Handle to the committer's thread; dropping it finishes what waits, then stops.
pub struct Committer {
    queue: Option<SyncSender<Request>>,
    thread: Option<JoinHandle<()>>,
    published: Arc<Published>,
}

/// How many entries are durable, and a way to wait for more.
#[derive(Default)]
pub struct Published {
    size: Mutex<u64>,
    grown: Condvar,
}

impl Published {
    /// Number of durable entries.
    pub fn size(&self) -> u64 {
        *self.lock()
    }

    /// Waits until there are more than `seen` entries or `timeout` passes; returns the number then.
    pub fn wait_beyond(&self, seen: u64, timeout: std::time::Duration) -> u64 {
        let size = self.lock();
        let waited = self.grown.wait_timeout_while(size, timeout, |size| *size <= seen);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn publish(&self, size: u64) {
        *self.lock() = size;
        self.grown.notify_all();
    }

    // A number cannot be left half-changed, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, u64> {
        self.size.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Committer {
    /// Starts the thread on top of the journal's present head.
    pub fn start(
        store: Arc<dyn Store>,
        head: Head,
        (signing_key, verifying_key): (SigningKey, VerifyingKey),
        clock: Arc<dyn Clock>,
        anchor: Option<Anchor>,
    ) -> Result<Self, ArchiveError> {
        let (queue, requests) = sync_channel(MAX_WAITING);
        let published = Arc::new(Published::default());
        published.publish(head.size());
        let answers = Answers::start()?;
        let mut work = Work {
            store,
            head,
            signing_key,
            verifying_key,
            clock,
            anchor,
            answers,
            published: published.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("committer".into())
            .spawn(move || work.run(&requests))
            .map_err(ArchiveError::io("committer thread"))?;
        Ok(Self { queue: Some(queue), thread: Some(thread), published })
    }

    /// Commits `draft` and returns when it is durable.
    ///
    /// # Errors
    /// What the draft's own rows ran into, or what kept the whole group from becoming durable.
    pub fn commit(&self, draft: Draft) -> Result<Stamp, ArchiveError> {
        let (reply, answer) = channel();
        self.queue()?.send(Request { draft, reply: Some(reply) }).map_err(|_| stopped())?;
        answer.recv().map_err(|_| stopped())?
    }

    /// Hands in `draft` to go with the next group, without waiting for it.
    ///
    /// # Errors
    /// When the committer has stopped, or so much waits that callers must slow down (then it waits like `commit`).
    pub fn commit_later(&self, draft: Draft) -> Result<(), ArchiveError> {
        match self.queue()?.try_send(Request { draft, reply: None }) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(request)) => self.commit(request.draft).map(drop),
            Err(TrySendError::Disconnected(_)) => Err(stopped()),
        }
    }

    pub fn published(&self) -> &Arc<Published> {
        &self.published
    }

    fn queue(&self) -> Result<&SyncSender<Request>, ArchiveError> {
        self.queue.as_ref().ok_or_else(stopped)
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic of that thread was already answered as `Stopped` to everyone who waited.
            let _ = thread.join();
        }
    }
}

fn stopped() -> ArchiveError {
    ArchiveError::Stopped("the committer has ended".into())
}

struct Work {
    store: Arc<dyn Store>,
    head: Head,
    signing_key: SigningKey,
    verifying_key: VerifyingKey,
    clock: Arc<dyn Clock>,
    anchor: Option<Anchor>,
    answers: Answers,
    published: Arc<Published>,
}

type Waiting = (Sender<Outcome>, Stamp);

impl Work {
    fn run(&mut self, requests: &Receiver<Request>) {
        while let Ok(first) = requests.recv() {
            let group = gather(first, requests);
            if let Err(error) = self.commit_group(group) {
                tracing::error!(%error, "the committer stops: the head cannot be read back");
                return;
            }
        }
    }

    /// Commits one group and answers everybody in it.
    ///
    /// # Errors
    /// Only when the head is unknown afterwards, so that going on could fork the journal.
    fn commit_group(&mut self, group: Vec<Request>) -> Result<(), ArchiveError> {
        let mut waiting: Vec<Waiting> = Vec::with_capacity(group.len());
        let mut refused = Vec::new();
        let mut next = self.head.clone();
        let mut pending = Pending::default();
        {
            let view = self.store.view();
            for Request { draft, reply } in group {
                let stamp = Stamp { seq: next.size(), at: self.clock.now() };
                match prepare(draft, stamp, &*view, &mut pending, &mut next) {
                    Ok(()) => waiting.extend(reply.map(|reply| (reply, stamp))),
                    Err(error) => refused.extend(refusal(reply, error)),
                }
            }
        }
        let done = if next.size() == self.head.size() {
            Ok(())
        } else {
            self.commit_prepared(pending, next, waiting)
        };
        // Only now: who was refused because of an earlier draft of the group will look for what that one wrote.
        self.answers.hand_out(refused);
        done
    }

    fn commit_prepared(
        &mut self,
        pending: Pending,
        mut next: Head,
        waiting: Vec<Waiting>,
    ) -> Result<(), ArchiveError> {
        let batch = self.seal_head(pending.batch, &mut next);
        match self.store.commit(batch) {
            Ok(()) => {
                self.advance(next);
                self.answers.hand_out(waiting.into_iter().map(|(reply, stamp)| (reply, Ok(stamp))).collect());
                Ok(())
            }
            Err(error) => self.recover(error.into(), waiting),
        }
    }

    /// Takes over a durable head.
    fn advance(&mut self, head: Head) {
        self.head = head;
        if let Some(anchor) = &self.anchor {
            anchor.write(self.head.note().unwrap_or_default());
        }
        self.published.publish(self.head.size());
    }

    /// Adds the signed head to the batch, and the condition that nobody else moved it.
    fn seal_head(&self, mut batch: Batch, next: &mut Head) -> Batch {
        let note = next.checkpoint(&self.signing_key);
        match self.head.note() {
            Some(previous) => batch.expect_value(Table::Meta, rows::meta::CHECKPOINT, previous.as_bytes()),
            None => batch.expect_absent(Table::Meta, rows::meta::CHECKPOINT),
        };
        batch.put(Table::Meta, rows::meta::CHECKPOINT, note.as_bytes());
        batch
    }

    /// After a failed commit: learn from the store whether it happened all the same.
    ///
    /// # Errors
    /// When the head cannot be read back: nobody knows where the journal ends, so it must not go on.
    fn recover(&mut self, error: ArchiveError, waiting: Vec<Waiting>) -> Result<(), ArchiveError> {
        tracing::error!(%error, entries = waiting.len(), "a commit failed");
        let reread = Head::load(&*self.store.view(), &self.verifying_key);
        if let Ok(head) = &reread {
            self.advance(head.clone());
        }
        let durable = self.head.size();
        // Kept although it reported an error: the entry is durable, so it is acknowledged.
        let outcome = |stamp: Stamp| if stamp.seq < durable { Ok(stamp) } else { Err(error.again()) };
        self.answers.hand_out(waiting.into_iter().map(|(reply, stamp)| (reply, outcome(stamp))).collect());
        reread.map(drop)
    }
}

/// Takes what waits, up to the bounds of a group.
fn gather(first: Request, requests: &Receiver<Request>) -> Vec<Request> {
    let mut bytes = first.draft.blob_bytes;
    let mut group = vec![first];
    while group.len() < MAX_GROUP_ENTRIES && bytes < MAX_GROUP_BYTES {
        let Ok(request) = requests.try_recv() else { break };
        bytes += request.draft.blob_bytes;
        group.push(request);
    }
    group
}

/// Rows of the group so far: later drafts must see them when their conditions are checked.
#[derive(Default)]
struct Pending {
    batch: Batch,
    latest: HashMap<(Table, Vec<u8>), Option<Vec<u8>>>,
}

impl Pending {
    fn get(&self, view: &dyn View, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ArchiveError> {
        match self.latest.get(&(table, key.to_vec())) {
            Some(value) => Ok(value.clone()),
            None => Ok(view.get(table, key)?),
        }
    }

    fn check(&self, view: &dyn View, expect: &Expect) -> Result<(), ArchiveError> {
        let (table, key) = expect.row();
        if expect.holds(self.get(view, table, key)?.as_deref()) {
            return Ok(());
        }
        Err(ArchiveError::Conflict(format!("a row of {table:?} changed meanwhile")))
    }

    /// Takes over a draft's rows whose conditions hold.
    fn absorb(&mut self, batch: Batch) {
        for (table, key, value) in &batch.puts {
            self.latest.insert((*table, key.clone()), Some(value.clone()));
        }
        for (table, key) in &batch.deletes {
            self.latest.insert((*table, key.clone()), None);
        }
        self.batch.puts.extend(batch.puts);
        self.batch.deletes.extend(batch.deletes);
        self.batch.blobs.extend(batch.blobs);
    }
}

/// Numbers one draft and adds its rows, entry and tree nodes to the group.
fn prepare(
    draft: Draft,
    stamp: Stamp,
    view: &dyn View,
    pending: &mut Pending,
    next: &mut Head,
) -> Result<(), ArchiveError> {
    let Written { details, mut batch } = (draft.write)(&stamp)?;
    for expect in std::mem::take(&mut batch.expects) {
        pending.check(view, &expect)?;
    }
    if let Some(id) = draft.record {
        batch.put(Table::Trail, rows::trail_key(id, stamp.seq), []);
    }
    let entry = Entry::new(stamp.seq, stamp.at, draft.actor.name, draft.act, draft.record, details)
        .map_err(|error| ArchiveError::Invalid(error.to_string()))?;
    let bytes = entry.encode();
    for (key, hash) in next.append(&bytes) {
        batch.put(Table::Tree, key, hash);
    }
    batch.put(Table::Journal, rows::journal_key(stamp.seq), bytes);
    // Always written, even when empty: its absence says that a release wrote the entry that kept no such lists.
    let changes = changes::encode(&batch);
    batch.put(Table::Changes, rows::journal_key(stamp.seq), changes);
    pending.absorb(batch);
    Ok(())
}

/// The answer to a draft that was refused, if anybody waits for it.
fn refusal(reply: Option<Sender<Outcome>>, error: ArchiveError) -> Option<Answer> {
    if reply.is_none() {
        tracing::error!(%error, "an entry that nobody waited for was not written");
    }
    reply.map(|reply| (reply, Err(error)))
}

#[cfg(test)]
#[path = "committer_tests.rs"]
mod tests;
