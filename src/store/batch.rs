//! A batch: conditions and changes that a store applies together or not at all.

use std::fmt;

use super::{BlobId, CommitError, Table};

/// The most a batch may hold, keys, values and blobs together, in bytes: 256 MiB.
///
/// A store keeps about two copies of a batch in memory while it writes it; this bounds them. A batch above
/// the limit is refused with [`CommitError::TooLarge`] before anything is written.
pub const MAX_BATCH_BYTES: usize = 256 << 20;

/// What must be true of the store at the moment of the commit.
#[derive(Clone, PartialEq, Eq)]
pub enum Expect {
    /// The table has no row with this key.
    Absent { table: Table, key: Vec<u8> },
    /// The row exists and holds exactly this value.
    Value { table: Table, key: Vec<u8>, value: Vec<u8> },
}

impl Expect {
    /// The row the condition is about.
    pub fn row(&self) -> (Table, &[u8]) {
        match self {
            Expect::Absent { table, key } | Expect::Value { table, key, .. } => (*table, key),
        }
    }

    /// True when `found`, the value the row has now, satisfies the condition.
    pub fn holds(&self, found: Option<&[u8]>) -> bool {
        match self {
            Expect::Absent { .. } => found.is_none(),
            Expect::Value { value, .. } => found == Some(value.as_slice()),
        }
    }

    /// The error of a commit whose condition is broken.
    pub(super) fn conflict(&self) -> CommitError {
        let (table, key) = self.row();
        CommitError::Conflict { table, key: key.to_vec() }
    }
}

/// Conditions and changes for one commit.
///
/// `expects` look at the store as it was before the batch. Then `puts` are applied in order (the last put of
/// a key wins), then `deletes`: a key that is both put and deleted ends up deleted. Blobs are write-once, as
/// in [`BlobStore::put`](super::BlobStore::put).
///
/// ```
/// use shosoin::store::{Batch, Table};
/// let mut batch = Batch::new();
/// batch.expect_absent(Table::Meta, *b"format").put(Table::Meta, *b"format", *b"1");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Batch {
    pub expects: Vec<Expect>,
    pub puts: Vec<(Table, Vec<u8>, Vec<u8>)>,
    pub deletes: Vec<(Table, Vec<u8>)>,
    pub blobs: Vec<(BlobId, Vec<u8>)>,
}

impl Batch {
    /// A batch that expects nothing and changes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a row, replacing its value if it exists.
    pub fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> &mut Self {
        self.puts.push((table, key.into(), value.into()));
        self
    }

    /// Removes a row; removing one that is not there is fine.
    pub fn delete(&mut self, table: Table, key: impl Into<Vec<u8>>) -> &mut Self {
        self.deletes.push((table, key.into()));
        self
    }

    /// Commits only if the row does not exist.
    pub fn expect_absent(&mut self, table: Table, key: impl Into<Vec<u8>>) -> &mut Self {
        self.expects.push(Expect::Absent { table, key: key.into() });
        self
    }

    /// Commits only if the row holds exactly this value.
    pub fn expect_value(
        &mut self,
        table: Table,
        key: impl Into<Vec<u8>>,
        value: impl Into<Vec<u8>>,
    ) -> &mut Self {
        self.expects.push(Expect::Value { table, key: key.into(), value: value.into() });
        self
    }

    /// Stores a blob, once and for ever.
    pub fn put_blob(&mut self, id: BlobId, bytes: impl Into<Vec<u8>>) -> &mut Self {
        self.blobs.push((id, bytes.into()));
        self
    }

    /// True when a commit would write nothing (conditions are still checked).
    pub fn changes_nothing(&self) -> bool {
        self.puts.is_empty() && self.deletes.is_empty() && self.blobs.is_empty()
    }

    /// Rows to be written or deleted, those that say where a blob lies included.
    pub(super) fn rows(&self) -> usize {
        self.puts.len() + self.deletes.len() + self.blobs.len()
    }

    /// Bytes of all keys and values to be written, without blobs.
    pub(super) fn row_bytes(&self) -> usize {
        let puts = self.puts.iter().map(|(_, key, value)| key.len().saturating_add(value.len()));
        let deletes = self.deletes.iter().map(|(_, key)| key.len());
        puts.chain(deletes).fold(0, usize::saturating_add)
    }

    /// Bytes of all keys, values and blobs to be written.
    pub fn bytes(&self) -> usize {
        let blobs = self.blobs.iter().map(|(id, bytes)| id.0.len().saturating_add(bytes.len()));
        blobs.fold(self.row_bytes(), usize::saturating_add)
    }

    /// Refuses a batch above [`MAX_BATCH_BYTES`]; every store calls it first.
    pub(super) fn check_size(&self) -> Result<(), CommitError> {
        let bytes = self.bytes();
        if bytes > MAX_BATCH_BYTES {
            return Err(CommitError::TooLarge { bytes, limit: MAX_BATCH_BYTES });
        }
        Ok(())
    }
}

/// Counts only: a batch may hold megabytes, and wrapped keys that belong in no log.
impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("expects", &self.expects.len())
            .field("puts", &self.puts.len())
            .field("deletes", &self.deletes.len())
            .field("blobs", &self.blobs.len())
            .field("bytes", &self.bytes())
            .finish()
    }
}

impl fmt::Debug for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (table, key) = self.row();
        let kind = match self {
            Expect::Absent { .. } => "Absent",
            Expect::Value { .. } => "Value",
        };
        write!(f, "{kind}({table}/{})", super::error::short_hex(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_counts_every_byte_it_would_write() {
        let mut batch = Batch::new();
        assert!(batch.changes_nothing());
        batch.expect_absent(Table::Meta, *b"not counted");
        assert!(batch.changes_nothing());
        batch.put(Table::Meta, *b"key", *b"value").delete(Table::Keys, *b"k");
        batch.put_blob(BlobId([7; 16]), vec![0; 100]);
        assert!(!batch.changes_nothing());
        assert_eq!(batch.bytes(), 3 + 5 + 1 + 16 + 100);
    }

    #[test]
    fn an_expected_value_is_broken_by_absence_and_by_another_value() {
        let expect = Expect::Value { table: Table::Meta, key: vec![1], value: vec![2] };
        assert!(expect.holds(Some(&[2])));
        assert!(!expect.holds(Some(&[2, 0])));
        assert!(!expect.holds(None));
    }

    #[test]
    fn the_debug_text_of_a_batch_shows_no_stored_byte() {
        let mut batch = Batch::new();
        batch.put(Table::Keys, *b"id", *b"wrapped-secret");
        assert!(!format!("{batch:?}").contains("secret"));
    }
}
