//! What a repository knows of the time after a generation: rows as its newest generation and the tails after that have them.

use std::collections::BTreeMap;

use super::error::BackupError;
use super::fetch::fetch;
use super::pack::{Kind, Pack, What};
use super::restore::Opened;
use super::tail::Tail;
use crate::store::Table;

/// Rows of one table whose keys begin alike.
pub type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

impl Opened<'_> {
    /// The newest rows of `table` whose keys begin with `prefix`: for what must hold also in an archive that is restored as it
    /// was before.
    ///
    /// # Errors
    /// When one of the packs that they are in cannot be read.
    pub fn newest_rows(&self, table: Table, prefix: &[u8]) -> Result<Rows, BackupError> {
        let mut rows = Rows::new();
        let Some(newest) = self.catalog.generations.last() else { return Ok(rows) };
        for pack in newest.packs.iter().filter(|pack| matches!(pack.kind, Kind::Base | Kind::Rows)) {
            apply(&mut rows, &fetch(self.repository, &self.pack_key, pack)?, table, prefix);
        }
        for tail in self.tails_after(newest.entries)?.0 {
            for piece in tail.packs.iter().filter(|pack| pack.kind == Kind::Tail) {
                apply(&mut rows, &fetch(self.repository, &self.pack_key, piece)?, table, prefix);
            }
            let (_, last) = Tail::read(self.repository, tail.from, &self.pack_key, &self.identity.vkey)?;
            apply(&mut rows, &last, table, prefix);
        }
        Ok(rows)
    }
}

fn apply(rows: &mut Rows, pack: &Pack, table: Table, prefix: &[u8]) {
    for item in pack.items().filter(|item| item.name == table.name() && item.key.starts_with(prefix)) {
        match item.what {
            What::Row => drop(rows.insert(item.key.to_vec(), item.value.to_vec())),
            What::Gone => drop(rows.remove(item.key)),
            _ => {}
        }
    }
}
