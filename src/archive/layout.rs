//! Where things are inside the data directory.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Longest path of a Unix socket, in bytes without the final zero.
const MAX_SOCKET_PATH: usize = 107;

/// A path that holds as long as this lives.
pub struct ShortPath {
    path: PathBuf,
    _directory: Option<File>,
}

impl AsRef<Path> for ShortPath {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

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

    /// Number of the operating-system user who owns the directory; `None` when it cannot be told.
    pub fn owner(&self) -> Option<u32> {
        std::fs::metadata(&self.root).ok().map(|metadata| metadata.uid())
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

    /// The newest signed checkpoint, beside the store that it vouches for.
    pub fn checkpoint(&self) -> PathBuf {
        self.root.join("checkpoint.txt")
    }

    /// There while a restore into this directory is unfinished.
    pub fn unfinished_restore(&self) -> PathBuf {
        self.root.join("restore.json")
    }

    /// Locked while a process has the archive open.
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// Where a running server listens for commands on this machine.
    pub fn socket(&self) -> PathBuf {
        self.root.join("shosoin.sock")
    }

    /// The socket under a name short enough for the kernel, which takes 107 bytes (`sun_path`, unix(7)).
    ///
    /// # Errors
    /// When the directory cannot be opened.
    pub fn short_socket(&self) -> io::Result<ShortPath> {
        let path = self.socket();
        if path.as_os_str().len() <= MAX_SOCKET_PATH {
            return Ok(ShortPath { path, _directory: None });
        }
        let directory = File::open(&self.root)?;
        let path = format!("/proc/self/fd/{}/shosoin.sock", directory.as_raw_fd()).into();
        Ok(ShortPath { path, _directory: Some(directory) })
    }
}
