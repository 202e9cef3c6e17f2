//! A small archive in memory for tests: enough of an engine to deposit, look, destroy and be backed up.

use chrono::{DateTime, Days, Utc};
use zeroize::Zeroizing;

use super::memory::Memory;
use super::restore::{RestoredMeta, Resume};
use super::run::{MetaRows, Outcome, Plan, Source};
use super::{BackupError, Keep, Opened, Repository, Restored, Tier, changes, pack_key};
use crate::journal::merkle::{Frontier, leaf_hash, node_key};
use crate::journal::{Act, Checkpoint, Entry, Origin, SigningKey, checkpoint};
use crate::record::RecordId;
use crate::seal::{Compression, Context, Dek, Kek, Purpose, seal, unseal};
use crate::store::{Batch, BlobId, Direction, MemoryStore, Store, Table};

pub const CONTEXT: Context = *b"shosoin-archive\0";
pub const ARCHIVE: &str = "0198c0de-0000-7000-8000-000000000001";
pub const META: MetaRows<'static> = MetaRows {
    checkpoint: b"checkpoint",
    archive_key: b"archive-dek",
    archive: b"archive",
    caches: &[b"text-cursor"],
};

/// The keys of everything, drawn once.
pub fn kek() -> Kek {
    Kek::from_bytes(Zeroizing::new([1; 32]))
}

pub fn archive_dek() -> Dek {
    Dek::from_bytes(Zeroizing::new([2; 32]))
}

pub struct Small {
    pub store: MemoryStore,
    pub origin: Origin,
    pub signer: SigningKey,
    pub pack_key: Dek,
    pub frontier: Frontier,
    pub now: DateTime<Utc>,
    /// Id and contents of every contract that is still there.
    pub contracts: Vec<(RecordId, Vec<u8>)>,
    pub destroyed: Vec<RecordId>,
    /// Entries after this one are written as the first release did, without a list of changes.
    pub lists_from: u64,
}

impl Small {
    pub fn new() -> Self {
        let mut small = Self {
            store: MemoryStore::new(),
            origin: format!("shosoin.local/{ARCHIVE}").parse().unwrap(),
            signer: SigningKey::from_seed(&[3; 32]),
            pack_key: pack_key(&archive_dek()),
            frontier: Frontier::new(),
            now: "2026-01-01T18:00:00Z".parse().unwrap(),
            contracts: Vec::new(),
            destroyed: Vec::new(),
            lists_from: 0,
        };
        let mut batch = Batch::new();
        batch.put(Table::Meta, META.archive, *b"{\"archive\":1}");
        batch.put(Table::Meta, META.archive_key, kek().wrap(&archive_dek(), &CONTEXT).unwrap());
        small.entry(Act::Init, None, batch);
        small
    }

    /// Writes an entry and its rows as the committer does.
    pub fn entry(&mut self, act: Act, record: Option<RecordId>, mut batch: Batch) {
        let seq = self.frontier.size();
        let entry = Entry::new(seq, self.now, "test", act, record, None).unwrap().encode();
        if seq >= self.lists_from {
            batch.put(Table::Changes, seq.to_be_bytes(), changes::encode(&batch));
        }
        for (level, index, hash) in self.frontier.append(leaf_hash(&entry)) {
            batch.put(Table::Tree, node_key(level, index), hash);
        }
        if let Some(id) = record {
            batch.put(Table::Trail, [id.as_bytes().as_slice(), &seq.to_be_bytes()].concat(), []);
        }
        batch.put(Table::Journal, seq.to_be_bytes(), entry);
        let head = Checkpoint {
            origin: self.origin.clone(),
            size: self.frontier.size(),
            root: self.frontier.root(),
        };
        batch.put(Table::Meta, META.checkpoint, checkpoint::sign(&head, &self.signer));
        self.store.commit(batch).unwrap();
    }

    pub fn deposit(&mut self, len: usize) -> RecordId {
        let id = RecordId::generate();
        let number = self.frontier.size();
        let content: Vec<u8> = format!("contract {number} ").bytes().cycle().take(len).collect();
        let dek = Dek::generate().unwrap();
        let sealed = seal(&dek, Purpose::Content, id.as_bytes(), &content, Compression::Never).unwrap();
        let mut batch = Batch::new();
        batch.put(Table::Keys, *id.as_bytes(), kek().wrap(&dek, id.as_bytes()).unwrap());
        batch.put(Table::Records, *id.as_bytes(), format!("record {number}"));
        batch.put(Table::Versions, [id.as_bytes().as_slice(), &1u32.to_be_bytes()].concat(), *b"version 1");
        batch.put_blob(BlobId(*id.as_bytes()), sealed);
        self.entry(Act::Deposit, Some(id), batch);
        self.contracts.push((id, content));
        id
    }

    pub fn correct(&mut self, id: RecordId) {
        let mut batch = Batch::new();
        batch.put(Table::Records, *id.as_bytes(), format!("corrected at {}", self.frontier.size()));
        batch.put(Table::Versions, [id.as_bytes().as_slice(), &2u32.to_be_bytes()].concat(), *b"version 2");
        self.entry(Act::Correct, Some(id), batch);
    }

    /// Destroys a contract: its key, its state, its object.
    pub fn destroy(&mut self, id: RecordId) {
        let mut batch = Batch::new();
        batch.delete(Table::Keys, *id.as_bytes()).delete(Table::Records, *id.as_bytes());
        batch.put(Table::Meta, [b"tombstone/".as_slice(), id.as_bytes()].concat(), *b"destroyed");
        self.entry(Act::Job, Some(id), batch);
        self.store.blobs().delete(&BlobId(*id.as_bytes())).unwrap();
        self.contracts.retain(|(other, _)| *other != id);
        self.destroyed.push(id);
    }

    pub fn next_day(&mut self) {
        self.now = self.now + Days::new(1);
    }

    pub fn source(&self) -> Source<'_> {
        Source {
            store: &self.store,
            archive: ARCHIVE,
            origin: &self.origin,
            signer: &self.signer,
            pack_key: &self.pack_key,
            meta: META,
            files: vec![("shosoin.toml".into(), b"[archive]\n".to_vec())],
            now: self.now,
        }
    }

    pub fn run(
        &self,
        repository: &dyn Repository,
        tier: Tier,
        was_there: bool,
    ) -> Result<Outcome, BackupError> {
        let keep = Keep { generations: 35, key_days: 35 };
        self.source().run(repository, Plan { tier, keep, was_there, complete: false }, &|_, _| {})
    }

    pub fn daily(&self, repository: &Memory) -> Outcome {
        self.run(repository, Tier::Daily, false).unwrap()
    }

    /// The rows that a backup keeps, to be compared.
    pub fn rows(store: &dyn Store) -> Vec<(Table, Vec<u8>, Vec<u8>)> {
        let view = store.view();
        let mut rows = Vec::new();
        for table in Table::ALL {
            for row in view.scan(table, &[], None, Direction::Forward) {
                let (key, value) = row.unwrap();
                rows.push((table, key, value));
            }
        }
        rows
    }
}

/// Remembers nothing beyond the test.
#[derive(Default)]
pub struct Steps(pub u64);

impl Resume for Steps {
    fn done(&self) -> u64 {
        self.0
    }

    fn stride(&self) -> u64 {
        0
    }

    fn advance(&mut self, done: u64) -> Result<(), BackupError> {
        self.0 = done;
        Ok(())
    }
}

pub const RESTORED: RestoredMeta<'static> =
    RestoredMeta { checkpoint: META.checkpoint, archive_key: META.archive_key };

/// Restores a generation (the newest when none is named) into a new store.
pub fn restore(
    repository: &dyn Repository,
    number: Option<u64>,
) -> Result<(MemoryStore, Restored), BackupError> {
    let store = MemoryStore::new();
    let opened = Opened::open(repository, &kek(), &CONTEXT)?;
    let generation = opened.catalog.generation(number, "memory")?;
    let restored = opened.restore(
        generation,
        &store,
        (RESTORED, number.is_none()),
        &mut Steps::default(),
        &|_, _, _| {},
    )?;
    Ok((store, restored))
}

/// A contract as a restored store gives it.
pub fn content(store: &dyn Store, id: RecordId) -> Option<Vec<u8>> {
    let wrapped = store.view().get(Table::Keys, id.as_bytes()).unwrap()?;
    let dek = kek().unwrap(&wrapped, id.as_bytes()).unwrap();
    let sealed = store.blobs().get(&BlobId(*id.as_bytes()), None).unwrap()?;
    Some(unseal(&dek, Purpose::Content, id.as_bytes(), &sealed).unwrap())
}

/// Everything that the archive has is in the restored store, and nothing else.
pub fn assert_same(small: &Small, store: &dyn Store, restored: &Restored) {
    assert!(restored.problems.is_empty(), "{:?}", restored.problems);
    assert_eq!(Small::rows(store), Small::rows(&small.store));
    assert_eq!(restored.entries, small.frontier.size());
    assert_eq!(restored.records, small.contracts.len() as u64);
    assert_eq!(store.blobs().list().count(), small.contracts.len());
    for (id, expected) in &small.contracts {
        assert_eq!(content(store, *id).as_ref(), Some(expected));
    }
}
