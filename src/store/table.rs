//! The tables of the store: their names and how their rows are ordered.

use std::fmt;

/// One ordered table. Rows are sorted by the bytes of their key; numbers in keys are big-endian, so that
/// byte order is number order. `schema/store.md` draws every key.
///
/// Names are part of the stored format: a table may be added, none may be renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Facts about the archive as a whole, by name.
    Meta,
    /// The current state of each record, by record id.
    Records,
    /// Every version of a record's metadata, by record id, then version.
    Versions,
    /// The wrapped data key of each record, by record id. Deleting a row here destroys a contract.
    Keys,
    /// Journal entries exactly as hashed, by sequence number.
    Journal,
    /// Which journal entries are about which record, by record id, then sequence number.
    Trail,
    /// Hashes of complete Merkle subtrees, by level, then index.
    Tree,
    /// Which record holds which bytes, by keyed digest of the bytes.
    Dedup,
    /// Answers already given, by the caller's idempotency key.
    Idempotency,
    /// Text found in each contract, by record id. A cache: it can be read from the contract again.
    Texts,
    /// Which rows and blobs each journal entry wrote, by sequence number: what a backup reads to find what is new.
    Changes,
    /// Timestamps, the hash trees under them, and requests for them, by kind, then number.
    Evidence,
}

impl Table {
    /// Every table, in the order in which a new store creates them.
    pub const ALL: [Table; 12] = [
        Table::Meta,
        Table::Records,
        Table::Versions,
        Table::Keys,
        Table::Journal,
        Table::Trail,
        Table::Tree,
        Table::Dedup,
        Table::Idempotency,
        Table::Texts,
        Table::Changes,
        Table::Evidence,
    ];

    /// The stored name of the table.
    pub fn name(self) -> &'static str {
        match self {
            Table::Meta => "meta",
            Table::Records => "records",
            Table::Versions => "versions",
            Table::Keys => "keys",
            Table::Journal => "journal",
            Table::Trail => "trail",
            Table::Tree => "tree",
            Table::Dedup => "dedup",
            Table::Idempotency => "idempotency",
            Table::Texts => "texts",
            Table::Changes => "changes",
            Table::Evidence => "evidence",
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_listed_once_and_at_its_own_place() {
        for (place, table) in Table::ALL.into_iter().enumerate() {
            assert_eq!(table as usize, place, "{table} is out of order in ALL");
        }
        let mut names: Vec<_> = Table::ALL.iter().map(|table| table.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Table::ALL.len());
    }
}
