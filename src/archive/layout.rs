//! Where things are inside the data directory.

use std::path::{Path, PathBuf};

/// Paths of one data directory.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Settings.
    pub fn config(&self) -> PathBuf {
        self.root.join("shosoin.toml")
    }

    /// RocksDB: journal, state and sealed objects.
    pub fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    /// The sealed search index; may be removed at any time while nothing runs, it is rebuilt.
    pub fn index(&self) -> PathBuf {
        self.root.join("index")
    }

    /// Retention policies in force.
    pub fn policies(&self) -> PathBuf {
        self.root.join("retention-policies")
    }

    /// Locked while a process has the archive open.
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// Where a running server listens for commands on this machine.
    pub fn socket(&self) -> PathBuf {
        self.root.join("shosoin.sock")
    }
}
