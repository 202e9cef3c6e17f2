//! How each table of a store comes into a backup, and back.

use crate::store::Table;

/// Where a table's rows are in a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In packs of rows: complete at first, then what changed.
    Rows,
    /// In journal packs, or derived from the entries when they are restored.
    Journal,
    /// In key sets only.
    Keys,
    /// Nowhere: it can be made again.
    Nowhere,
}

/// Says it for every table; a new table has to be given its place here.
pub fn place(table: Table) -> Place {
    match table {
        Table::Journal | Table::Tree | Table::Trail | Table::Changes => Place::Journal,
        Table::Keys => Place::Keys,
        Table::Texts => Place::Nowhere,
        Table::Meta
        | Table::Records
        | Table::Versions
        | Table::Dedup
        | Table::Idempotency
        | Table::Evidence => Place::Rows,
    }
}
