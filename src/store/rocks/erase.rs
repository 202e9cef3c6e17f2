//! Removing what deleted rows leave in files: flush, rewrite the range, see the old files go.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rocksdb::{BottommostLevelCompaction, CompactOptions};

use super::RocksStore;
use super::errors::store_error;
use crate::store::{StoreError, Table};

/// Readers are done in milliseconds, except those that read everything.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// How long files that were rewritten take to go, when nobody reads them.
const BRIEFLY: Duration = Duration::from_millis(500);
const POLL: Duration = Duration::from_millis(20);

impl RocksStore {
    /// `patience` bounds the wait for readers to finish with older views, and again for old files to go.
    pub(super) fn erase(
        &self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        patience: Duration,
    ) -> Result<(), StoreError> {
        // 1. A rewrite keeps what a snapshot can still see. Snapshots taken from here on do not see it.
        let now = self.db.latest_sequence_number();
        let unseen = || Ok(self.oldest_view()?.is_none_or(|seq| seq >= now));
        wait(patience, "a reader still works with older data", unseen)?;
        // 2. What was written before now leaves the log.
        let mut old = self.used_logs()?;
        self.flush()?;
        // 3. The range is rewritten down to the last level, without what is deleted or replaced.
        old.extend(self.table_files(table, from, to)?);
        self.rewrite(table, Some(from), to)?;
        // 4. The rewrite reports no error, and files go in the background: believe it when they are gone.
        let gone = || Ok(!old.iter().any(|file| file.exists()));
        if wait(patience.min(BRIEFLY), "", gone).is_ok() {
            return Ok(());
        }
        // 5. A file that spans the range without a row inside is passed over, and cannot be told from one that is still in
        //    use. Every file has rows in the table as a whole.
        self.rewrite(table, None, None)?;
        wait(patience, "old files are still in use", gone)
    }

    fn rewrite(&self, table: Table, from: Option<&[u8]>, to: Option<&[u8]>) -> Result<(), StoreError> {
        let mut options = CompactOptions::default();
        options.set_bottommost_level_compaction(BottommostLevelCompaction::Force);
        self.db.compact_range_cf_opt(self.family(table.name())?, from, to, &options);
        Ok(())
    }

    /// The sequence number of the oldest open snapshot.
    fn oldest_view(&self) -> Result<Option<u64>, StoreError> {
        let oldest = self.db.property_int_value("rocksdb.oldest-snapshot-sequence").map_err(store_error)?;
        Ok(oldest.filter(|seq| *seq != 0))
    }

    /// Log files with something in them.
    fn used_logs(&self) -> Result<BTreeSet<PathBuf>, StoreError> {
        let failed = |error: std::io::Error| StoreError::Io { detail: error.to_string() };
        let mut logs = BTreeSet::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let used = || fs::metadata(&path).is_ok_and(|file| file.len() > 0);
            if path.extension().is_some_and(|ending| ending == "log") && used() {
                logs.insert(path);
            }
        }
        Ok(logs)
    }

    /// The live files of a table that overlap the range.
    fn table_files(
        &self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
    ) -> Result<BTreeSet<PathBuf>, StoreError> {
        let files = self.db.live_files().map_err(store_error)?;
        let overlaps = |start: &Option<Vec<u8>>, end: &Option<Vec<u8>>| {
            end.as_deref().is_none_or(|end| end >= from)
                && to.is_none_or(|to| start.as_deref().is_none_or(|start| start < to))
        };
        Ok(files
            .into_iter()
            .filter(|file| {
                file.column_family_name == table.name() && overlaps(&file.start_key, &file.end_key)
            })
            .map(|file| self.path.join(file.name.trim_start_matches('/')))
            .collect())
    }
}

fn wait(
    patience: Duration,
    why: &str,
    done: impl Fn() -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let deadline = Instant::now() + patience;
    while !done()? {
        if Instant::now() >= deadline {
            return Err(StoreError::Busy { detail: why.to_owned() });
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}
