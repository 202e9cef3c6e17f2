//! Which rows and blobs a journal entry wrote: kept beside the entry, so that a backup costs what is new.
//!
//! Drawn in `schema/rows.md`. Rows that follow from the entry itself (journal, tree, trail, changes) are left out.

use crate::store::{Batch, BlobId, Table};

/// Stands for the name of a table where a blob is meant.
const BLOBS: &str = "blobs";

/// One thing that an entry wrote or removed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// A row was put or deleted.
    Row(Table, Vec<u8>),
    /// A blob was stored.
    Blob(BlobId),
}

/// Whether a table follows from the journal, so that it is not listed.
fn follows(table: Table) -> bool {
    matches!(table, Table::Journal | Table::Tree | Table::Trail | Table::Changes)
}

/// What `batch` writes, as stored under the entry that it belongs to: for each row or blob the length of the table's
/// name (1 byte), the name, the length of the key (2 bytes), the key.
pub fn encode(batch: &Batch) -> Vec<u8> {
    let puts = batch.puts.iter().map(|(table, key, _)| (*table, key));
    let deletes = batch.deletes.iter().map(|(table, key)| (*table, key));
    let mut bytes = Vec::new();
    for (table, key) in puts.chain(deletes).filter(|(table, _)| !follows(*table)) {
        push(&mut bytes, table.name(), key);
    }
    for (id, _) in &batch.blobs {
        push(&mut bytes, BLOBS, id.as_bytes());
    }
    bytes
}

fn push(bytes: &mut Vec<u8>, name: &str, key: &[u8]) {
    // Names are constants of a few letters. A key of 64 KiB or more is no key of ours; it is found by the next complete
    // generation, like everything that is not listed.
    let (Ok(name_len), Ok(key_len)) = (u8::try_from(name.len()), u16::try_from(key.len())) else { return };
    bytes.push(name_len);
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(&key_len.to_be_bytes());
    bytes.extend_from_slice(key);
}

/// Reads what [`encode`] wrote; `None` when it is something else.
pub fn decode(mut bytes: &[u8]) -> Option<Vec<Change>> {
    let mut changes = Vec::new();
    while let Some((&name_len, rest)) = bytes.split_first() {
        let (name, rest) = rest.split_at_checked(usize::from(name_len))?;
        let (key_len, rest) = rest.split_first_chunk::<2>()?;
        let (key, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*key_len)))?;
        let name = str::from_utf8(name).ok()?;
        changes.push(match table(name) {
            Some(table) => Change::Row(table, key.to_vec()),
            None if name == BLOBS => Change::Blob(BlobId(key.try_into().ok()?)),
            None => return None,
        });
        bytes = rest;
    }
    Some(changes)
}

/// The table of a stored name.
pub fn table(name: &str) -> Option<Table> {
    Table::ALL.into_iter().find(|table| table.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_blobs_come_back_and_what_follows_from_the_entry_is_left_out() {
        let mut batch = Batch::new();
        batch.put(Table::Records, [1; 16], *b"value").put(Table::Journal, [0; 8], *b"entry");
        batch.put(Table::Trail, [2; 24], []).put(Table::Tree, [0; 9], [0; 32]);
        batch.delete(Table::Keys, [1; 16]).put_blob(BlobId([3; 16]), *b"sealed");
        let expected = [
            Change::Row(Table::Records, vec![1; 16]),
            Change::Row(Table::Keys, vec![1; 16]),
            Change::Blob(BlobId([3; 16])),
        ];
        assert_eq!(decode(&encode(&batch)), Some(expected.to_vec()));
        assert_eq!(decode(&[]), Some(Vec::new()));
    }

    #[test]
    fn anything_else_is_refused() {
        let mut batch = Batch::new();
        batch.put(Table::Records, [1; 16], *b"value").put_blob(BlobId([3; 16]), *b"sealed");
        let bytes = encode(&batch);
        let whole = [0, 1 + "records".len() + 2 + 16, bytes.len()];
        for len in (0..bytes.len()).filter(|len| !whole.contains(len)) {
            assert_eq!(decode(&bytes[..len]), None, "{len} bytes");
        }
        assert_eq!(decode(&[3, b'a', b'b', b'c', 0, 0]), None, "a table that nobody knows");
        assert_eq!(decode(&[5, b'b', b'l', b'o', b'b', b's', 0, 1, 7]), None, "a blob's id has 16 bytes");
    }
}
