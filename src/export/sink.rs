//! Where a package is written: the contract of a sink, and the sink that makes a directory.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Takes the files of a package one after another.
///
/// A sink writes each path once, never outside its own place, and refuses paths that [`check_path`] refuses.
/// What was written counts as complete only after [`finish`](Self::finish) returned: a package that was cut
/// short has no `manifest-sha256.txt`, which is written near the end.
pub trait Sink {
    /// What is left when all is written.
    type Output;

    /// Writes one file; `path` has `/` between its parts.
    ///
    /// # Errors
    /// A refused or repeated path, or what went wrong with the writing.
    fn file(&mut self, path: &str, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything as durable as the sink can.
    ///
    /// # Errors
    /// What went wrong with the writing.
    fn finish(self) -> io::Result<Self::Output>;
}

/// Refuses paths that would leave the package, or that some operating system would read as leaving it.
///
/// # Errors
/// `InvalidInput`, naming the path.
pub fn check_path(path: &str) -> io::Result<()> {
    let part_is_fine = |part: &str| !part.is_empty() && part != "." && part != "..";
    let foreign = |c: char| matches!(c, '\\' | ':') || c.is_control();
    if path.split('/').all(part_is_fine) && !path.contains(foreign) {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{path:?} is not a path inside a package")))
}

/// Writes a package as a directory, readable by its owner only.
#[derive(Debug)]
pub struct DirSink {
    root: PathBuf,
    /// Directories made, for the fsync at the end: a file is durable when its directory is, too.
    made: BTreeSet<PathBuf>,
}

impl DirSink {
    /// Takes a directory that does not exist (its parent must) or that is empty.
    ///
    /// # Errors
    /// `AlreadyExists` when the place holds anything: an export never mixes with other files.
    pub fn create(root: &Path) -> io::Result<Self> {
        match private_dir().create(root) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => require_empty(root)?,
            other => other?,
        }
        Ok(Self { root: root.to_owned(), made: BTreeSet::from([root.to_owned()]) })
    }

    /// Makes the directories above `path` that are not there yet.
    fn make_parents(&mut self, path: &str) -> io::Result<()> {
        let mut dir = self.root.clone();
        let Some((parents, _)) = path.rsplit_once('/') else { return Ok(()) };
        for part in parents.split('/') {
            dir.push(part);
            if !self.made.contains(&dir) {
                private_dir().create(&dir)?;
                self.made.insert(dir.clone());
            }
        }
        Ok(())
    }
}

impl Sink for DirSink {
    type Output = PathBuf;

    fn file(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        check_path(path)?;
        self.make_parents(path)?;
        let mut file = private_file().open(self.root.join(path))?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn finish(self) -> io::Result<PathBuf> {
        self.made.iter().rev().try_for_each(|dir| File::open(dir)?.sync_all())?;
        if let Some(parent) = self.root.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            File::open(parent)?.sync_all()?;
        }
        Ok(self.root)
    }
}

fn require_empty(root: &Path) -> io::Result<()> {
    if fs::read_dir(root)?.next().is_none() {
        return Ok(());
    }
    let message = format!("{} is not empty; name a new or an empty directory", root.display());
    Err(io::Error::new(io::ErrorKind::AlreadyExists, message))
}

fn private_dir() -> DirBuilder {
    #[cfg_attr(not(unix), allow(unused_mut))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// `create_new`: an existing file is never overwritten and a link at the place is never followed.
fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_the_package_are_refused() {
        for path in
            ["", "/etc/passwd", "../x", "data/../../x", "data//x", "data/./x", "C:x", "a\\..\\b", "a\nb"]
        {
            assert!(check_path(path).is_err(), "{path:?}");
        }
        check_path("data/originals/20260201_株式会社国税商事_1100000.pdf").unwrap();
        check_path("data/originals/..name.pdf").unwrap();
    }

    #[test]
    fn a_directory_that_holds_anything_is_refused_and_left_alone() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("mine.txt"), "mine").unwrap();
        let error = DirSink::create(place.path()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_empty_directory_is_taken_and_a_path_is_written_once() {
        let place = tempfile::tempdir().unwrap();
        let mut sink = DirSink::create(place.path()).unwrap();
        sink.file("data/a.txt", b"a").unwrap();
        assert!(sink.file("data/a.txt", b"b").is_err());
        assert!(sink.file("../b.txt", b"b").is_err());
        assert_eq!(sink.finish().unwrap(), place.path());
        assert_eq!(fs::read(place.path().join("data/a.txt")).unwrap(), b"a");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_what_was_exported() {
        use std::os::unix::fs::PermissionsExt as _;
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("out");
        let mut sink = DirSink::create(&root).unwrap();
        sink.file("data/a.txt", b"a").unwrap();
        sink.finish().unwrap();
        let mode = |path: &str| fs::metadata(root.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(""), mode("data"), mode("data/a.txt")), (0o700, 0o700, 0o600));
    }
}
