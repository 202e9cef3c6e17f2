//! The journal's head: how long it is, the tree over it, and the signed checkpoint that says so.

use super::error::ArchiveError;
use super::rows;
use crate::journal::merkle::{Frontier, Hash, Nodes, TreeError, leaf_hash, node_key};
use crate::journal::{Checkpoint, Origin, SigningKey, VerifyingKey, checkpoint};
use crate::store::{Table, View};

/// Where the journal ends. Cloned for each group, so that a failed commit leaves the old one in place.
#[derive(Clone)]
pub struct Head {
    origin: Origin,
    frontier: Frontier,
    /// The checkpoint as stored; `None` before the first commit.
    note: Option<String>,
}

impl Head {
    /// The head of a journal that has no entries yet.
    pub fn empty(origin: Origin) -> Self {
        Self { origin, frontier: Frontier::new(), note: None }
    }

    /// Reads the head back: the checkpoint tells the size, the tree's rows give the frontier.
    ///
    /// # Errors
    /// [`ArchiveError::Corrupt`] when the checkpoint is missing, not signed by `key`, or contradicted by the
    /// tree: such a journal must not grow.
    pub fn load(view: &dyn View, key: &VerifyingKey) -> Result<Self, ArchiveError> {
        let note = view.get(Table::Meta, rows::meta::CHECKPOINT)?;
        let note = note.ok_or_else(|| ArchiveError::Corrupt("the checkpoint is missing".into()))?;
        let note = String::from_utf8(note)
            .map_err(|_| ArchiveError::Corrupt("the checkpoint is not text".into()))?;
        let signed = checkpoint::verify(&note, key)
            .map_err(|error| ArchiveError::Corrupt(format!("the checkpoint: {error}")))?;
        let frontier = Frontier::restore(&TreeRows(view), signed.size)?;
        if frontier.root() != signed.root {
            return Err(ArchiveError::Corrupt(
                "the journal's tree does not give the root of its checkpoint".into(),
            ));
        }
        Ok(Self { origin: signed.origin, frontier, note: Some(note) })
    }

    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Root hash over all entries.
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// The signed checkpoint as stored.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Appends an entry's stored bytes; returns the tree rows that this completes.
    pub fn append(&mut self, entry: &[u8]) -> Vec<([u8; 9], Hash)> {
        let completed = self.frontier.append(leaf_hash(entry));
        completed.into_iter().map(|(level, index, hash)| (node_key(level, index), hash)).collect()
    }

    /// Signs the present size and root, and remembers the note as the one to be replaced next.
    pub fn checkpoint(&mut self, key: &SigningKey) -> String {
        let (size, root) = (self.frontier.size(), self.frontier.root());
        let note = checkpoint::sign(&Checkpoint { origin: self.origin.clone(), size, root }, key);
        self.note = Some(note.clone());
        note
    }
}

/// The `Tree` table as the Merkle code wants to read it.
pub struct TreeRows<'a>(pub &'a dyn View);

impl Nodes for TreeRows<'_> {
    type Error = ArchiveError;

    fn node(&self, level: u8, index: u64) -> Result<Option<Hash>, ArchiveError> {
        let Some(bytes) = self.0.get(Table::Tree, &node_key(level, index))? else { return Ok(None) };
        let hash =
            bytes.try_into().map_err(|_| ArchiveError::Corrupt("a tree node is not 32 bytes".into()))?;
        Ok(Some(hash))
    }
}

impl From<TreeError<ArchiveError>> for ArchiveError {
    fn from(error: TreeError<ArchiveError>) -> Self {
        match error {
            TreeError::Read(error) => error,
            other => Self::Corrupt(other.to_string()),
        }
    }
}
