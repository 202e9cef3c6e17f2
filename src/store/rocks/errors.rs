//! RocksDB's error texts, sorted by what the operator has to do.
//!
//! The wrapper gives text only: `IO error: No space left on device: While appending to file: …`.

use rocksdb::{Error, ErrorKind};

use crate::store::StoreError;

/// The disk or the quota is full.
pub(super) fn is_full(text: &str) -> bool {
    ["No space left on device", "Disk quota exceeded", "Space limit reached"]
        .iter()
        .any(|say| text.contains(say))
}

/// Another process, or another store of this process, holds the `LOCK` file.
pub(super) fn is_locked(text: &str) -> bool {
    text.contains("While lock file") || text.contains("lock hold by current process")
}

/// Sorts a failure of reading (or of anything that is not a lack of room).
pub(super) fn store_error(error: Error) -> StoreError {
    let corrupt = error.kind() == ErrorKind::Corruption;
    let detail = error.into_string();
    let file = file_in(&detail);
    // A table or blob file that is not there is damage like any other.
    let vanished = file.is_some() && detail.contains("No such file or directory");
    if corrupt || vanished {
        return StoreError::Corrupt { file, detail };
    }
    let denied = ["Permission denied", "Operation not permitted", "Read-only file system"];
    if denied.iter().any(|say| detail.contains(say)) {
        return StoreError::Denied { detail };
    }
    StoreError::Io { detail }
}

/// The name of the first database file mentioned in the text.
fn file_in(text: &str) -> Option<String> {
    let words =
        text.split(|c: char| c.is_whitespace() || matches!(c, ':' | ';' | ',' | '"' | '\'' | '(' | ')'));
    words.filter_map(|word| word.rsplit('/').next()).find(|name| is_data_file(name)).map(str::to_owned)
}

fn is_data_file(name: &str) -> bool {
    let numbered = [".sst", ".blob", ".log"].iter().filter_map(|ending| name.strip_suffix(ending));
    numbered.into_iter().any(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
        || name.starts_with("MANIFEST-")
        || name == "CURRENT"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_damaged_file_is_found_in_the_text() {
        let block = "Corruption: block checksum mismatch: stored = 1, computed = 2, type = 4  in \
                     /var/lib/shosoin/store/000123.sst offset 0 size 1234";
        assert_eq!(file_in(block).as_deref(), Some("000123.sst"));
        let missing =
            "IO error: No such file or directory: While open a file for random read: /a b/000007.blob: No";
        assert_eq!(file_in(missing).as_deref(), Some("000007.blob"));
        assert_eq!(file_in("Corruption: Bad table magic number"), None);
    }

    #[test]
    fn a_full_disk_and_a_held_lock_are_told_from_other_failures() {
        let full = "IO error: No space left on device: While appending to file: /d/000004.log: No space";
        let lock = "IO error: While lock file: /d/LOCK: Resource temporarily unavailable";
        assert!(is_full(full) && !is_locked(full));
        assert!(is_locked(lock) && !is_full(lock));
        assert!(is_full("IO error: While fsync: /d/000004.log: Disk quota exceeded"));
        assert!(!is_full("IO error: While fsync: /d/000004.log: Input/output error"));
    }
}
