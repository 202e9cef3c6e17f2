//! The journal's tree as the store keeps it: enough to ask whether an older head is a prefix of it.

use super::error::BackupError;
use crate::journal::merkle::{self, Hash, Nodes, TreeError, node_key};
use crate::store::{StoreError, Table, View};

/// The `Tree` table as the Merkle code wants to read it.
pub struct TreeRows<'a>(pub &'a dyn View);

impl Nodes for TreeRows<'_> {
    type Error = StoreError;

    fn node(&self, level: u8, index: u64) -> Result<Option<Hash>, StoreError> {
        let Some(bytes) = self.0.get(Table::Tree, &node_key(level, index))? else { return Ok(None) };
        let damaged = || StoreError::Corrupt { file: None, detail: "a tree node is not 32 bytes".into() };
        bytes.try_into().map(Some).map_err(|_| damaged())
    }
}

/// Whether the journal in `view`, of `size` entries, begins with the one that has `root` at `at` entries.
///
/// # Errors
/// When the tree cannot be read.
pub fn continues(view: &dyn View, size: u64, at: u64, root: &Hash) -> Result<bool, BackupError> {
    if at > size {
        return Ok(false);
    }
    match merkle::root_at(&TreeRows(view), at) {
        Ok(found) => Ok(found == *root),
        Err(TreeError::Read(error)) => Err(error.into()),
        Err(error) => Err(StoreError::Corrupt { file: None, detail: error.to_string() }.into()),
    }
}
