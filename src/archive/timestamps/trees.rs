//! Growing trees: deposits that are in none yet become the leaves of new ones. No contract is unsealed for it.

use serde::Serialize;

use super::rows::{self, CURSOR, TreeRow};
use super::stored_tree;
use crate::archive::committer::{Draft, Written};
use crate::archive::error::ArchiveError;
use crate::archive::records::Loaded;
use crate::archive::rows::{V1, encode, journal_key};
use crate::archive::{Archive, Principal, Progress};
use crate::evidence::{HashTree, node_of};
use crate::journal::{Act, Entry};
use crate::pki::DigestAlgorithm;
use crate::record::RecordId;
use crate::store::{Batch, Direction, Table, View};

/// Most leaves of one tree: with SHA-512, its rows take 140 MB, and a commit holds 256 MiB at most.
const MAX_LEAVES: usize = 1_000_000;
/// Label of the key that blinds a record's leaves; see [`blinding`].
const BLINDING: &str = "evidence-blinding";

/// What the journal says about a tree, sealed.
#[derive(Serialize)]
pub struct TreeDetails<'a> {
    step: &'static str,
    tree: u64,
    algorithm: DigestAlgorithm,
    leaves: u64,
    root: &'a str,
}

/// Leaves of a tree to be.
pub struct Leaves {
    algorithm: DigestAlgorithm,
    /// Number of the tree, which blinds its leaves.
    tree: u64,
    nodes: Vec<u8>,
    members: Vec<u64>,
}

/// The value that hides a record's hash from its neighbours in a tree: nobody without the record's key can make it, and
/// with the key destroyed nobody at all.
pub fn blinding(record: &Loaded, algorithm: DigestAlgorithm, tree: u64) -> Vec<u8> {
    let key = record.dek.derive(BLINDING);
    let mut hasher = algorithm.hasher();
    hasher.update(key.as_bytes());
    hasher.update(&tree.to_be_bytes());
    hasher.finish()
}

impl Leaves {
    pub fn new(algorithm: DigestAlgorithm, tree: u64) -> Self {
        Self { algorithm, tree, nodes: Vec::new(), members: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    /// Adds a record whose proven hash is `object`.
    pub fn push(&mut self, record: &Loaded, object: &[u8]) {
        let blinding = blinding(record, self.algorithm, self.tree);
        self.nodes.extend(node_of(self.algorithm, &[object, &blinding]));
        self.members.push(record.row.deposit_seq);
    }
}

impl Archive {
    /// Puts every deposit that is in no tree yet into one. Returns how many there were.
    ///
    /// # Errors
    /// Damage, or what kept a tree from becoming durable; trees before that stay.
    pub(super) fn grow_trees(&self, who: &Principal, progress: Progress<'_>) -> Result<u64, ArchiveError> {
        let algorithm = self.config.timestamps.algorithm;
        let mut grown = 0;
        loop {
            let view = self.store.view();
            let from = rows::cursor(&*view)?;
            let mut leaves = Leaves::new(algorithm, rows::next_tree(&*view)?);
            let mut through = from;
            let entries = view.scan(Table::Journal, &journal_key(from), None, Direction::Forward);
            for row in entries {
                let entry = Entry::decode(&row?.1)
                    .map_err(|error| ArchiveError::Corrupt(format!("journal entry {through}: {error}")))?;
                through = entry.seq + 1;
                if let (Act::Deposit, Some(id)) = (entry.act, entry.record) {
                    self.push_deposit(&*view, &mut leaves, id)?;
                    if leaves.len().is_multiple_of(1_024) {
                        progress(grown + leaves.len() as u64, None);
                    }
                }
                if leaves.len() == MAX_LEAVES {
                    break;
                }
            }
            if leaves.len() == 0 {
                return Ok(grown);
            }
            grown += leaves.len() as u64;
            let mut batch = Batch::default();
            match from {
                0 => batch.expect_absent(Table::Evidence, CURSOR),
                _ => batch.expect_value(Table::Evidence, CURSOR, from.to_string()),
            };
            batch.put(Table::Evidence, CURSOR, through.to_string());
            self.plant(who, leaves, batch)?;
        }
    }

    /// A record that was destroyed needs no evidence.
    fn push_deposit(&self, view: &dyn View, leaves: &mut Leaves, id: RecordId) -> Result<(), ArchiveError> {
        let record = match self.load(view, id) {
            Err(ArchiveError::NoSuchRecord(_) | ArchiveError::Destroyed { .. }) => return Ok(()),
            other => other?,
        };
        leaves.push(&record, &self.object_hash(&record, leaves.algorithm)?);
        Ok(())
    }

    /// Makes a tree durable, without a stamp yet, together with what `batch` holds.
    pub(super) fn plant(
        &self,
        who: &Principal,
        leaves: Leaves,
        mut batch: Batch,
    ) -> Result<TreeRow, ArchiveError> {
        let Leaves { algorithm, tree: id, nodes, members } = leaves;
        let tree = HashTree::build(algorithm, nodes)
            .map_err(|error| ArchiveError::Corrupt(format!("hash tree {id}: {error}")))?;
        let row = TreeRow {
            v: V1,
            id,
            algorithm,
            leaves: tree.leaves(),
            first_seq: members.first().copied().unwrap_or_default(),
            last_seq: members.last().copied().unwrap_or_default(),
            root: tree.root().to_vec(),
            stamps: Vec::new(),
            rehashed_through: None,
        };
        batch.expect_absent(Table::Evidence, rows::tree_key(id));
        batch.put(Table::Evidence, rows::tree_key(id), encode(&row));
        stored_tree::put(&mut batch, &row, &tree, &members);
        drop((tree, members));
        let root = hex(&row.root);
        let details = TreeDetails { step: "tree", tree: id, algorithm, leaves: row.leaves, root: &root };
        self.commit_evidence(who, &details, batch)?;
        Ok(row)
    }

    /// Journals a step of timestamping together with its rows.
    pub(super) fn commit_evidence<T: Serialize>(
        &self,
        who: &Principal,
        details: &T,
        batch: Batch,
    ) -> Result<(), ArchiveError> {
        let details = Some(self.keyring.seal_archive_details(details)?);
        let blob_bytes = batch.bytes();
        let write = Box::new(move |_: &_| Ok(Written { details, batch }));
        let draft = Draft { actor: who.clone(), act: Act::Timestamp, record: None, blob_bytes, write };
        self.committer.commit(draft).map(drop)
    }
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
