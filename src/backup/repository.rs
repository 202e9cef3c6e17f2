//! The seam to where backups are kept: a flat store of named objects, each written once.

use std::fmt;
use std::ops::Range;

use chrono::{DateTime, Utc};

use super::protection::Protection;

/// The folders of a repository, and what lies in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Folder {
    /// Only the statement of identity, `repository`.
    Root,
    /// Manifests of generations, by number.
    Generations,
    /// Manifests of key sets, by number.
    Keys,
    /// Sealed packs, by id.
    Packs,
    /// Sealed pieces of the journal shipped since the newest generation.
    Tails,
}

impl Folder {
    /// Every folder below the root.
    pub const BELOW: [Folder; 4] = [Folder::Generations, Folder::Keys, Folder::Packs, Folder::Tails];

    /// The stored name; empty for the root.
    pub fn name(self) -> &'static str {
        match self {
            Folder::Root => "",
            Folder::Generations => "generations",
            Folder::Keys => "keys",
            Folder::Packs => "packs",
            Folder::Tails => "tails",
        }
    }
}

/// The id of a pack: 16 random bytes, written as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackId(pub [u8; 16]);

impl PackId {
    /// Reads 32 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 32 || text.bytes().any(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        Some(Self(u128::from_str_radix(text, 16).ok()?.to_be_bytes()))
    }
}

impl fmt::Display for PackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for PackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The name of one object. Made by this program only, so it never leads out of its folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    folder: Folder,
    file: String,
}

impl Name {
    /// The statement of identity, the first object of every repository.
    pub fn identity() -> Self {
        Self { folder: Folder::Root, file: "repository".into() }
    }

    /// The manifest of generation `number`.
    pub fn generation(number: u64) -> Self {
        Self { folder: Folder::Generations, file: format!("{number:010}") }
    }

    /// The manifest of key set `number`.
    pub fn keys(number: u64) -> Self {
        Self { folder: Folder::Keys, file: format!("{number:010}") }
    }

    pub fn pack(id: PackId) -> Self {
        Self { folder: Folder::Packs, file: id.to_string() }
    }

    /// The piece of the journal shipped from entry `from` on.
    pub fn tail(from: u64) -> Self {
        Self { folder: Folder::Tails, file: format!("{from:020}") }
    }

    pub fn folder(&self) -> Folder {
        self.folder
    }

    /// The name inside its folder.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The number in a name of a generation, key set or tail; `None` for anything spelled otherwise.
    pub fn number(file: &str) -> Option<u64> {
        let digits = (file.len() == 10 || file.len() == 20) && file.bytes().all(|byte| byte.is_ascii_digit());
        if digits { file.parse().ok() } else { None }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.folder {
            Folder::Root => f.write_str(&self.file),
            folder => write!(f, "{}/{}", folder.name(), self.file),
        }
    }
}

/// One object in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Name inside the folder; perhaps not one that this program gives.
    pub file: String,
    /// Bytes; 0 for what is no object (a directory).
    pub len: u64,
}

/// A writer's claim on a repository; dropping it gives the claim up.
pub type Claim = Box<dyn Send>;

/// Objects by name, written once and replaced only where this contract says so. `suite.rs` runs over every implementation.
///
/// Shaped so that a store of objects (S3 with Object Lock) can follow a directory: an object is put in one piece of at
/// most [`max_sealed_len`](super::pack::max_sealed_len) bytes, read in ranges, listed by the folder that its name begins
/// with; nothing is renamed, appended to, or told apart by time or owner.
///
/// **Durability.** `put`, `replace` and `delete` are on stable storage when they return `Ok`; an object is never seen half.
///
/// **Consistency.** `get` and `list` see every write that returned before. After a write that reported an error its
/// outcome is unknown: done whole, not done, or done a moment later. Callers stand all three: a run that failed is
/// repeated under new names and numbers, above all there are.
///
/// **Put if absent.** `put` never replaces (S3: `If-None-Match: *`). An implementation that repeats a request by itself
/// must not take its own first success for somebody else's object: on "exists" after a repetition it compares the bytes.
///
/// **Concurrency.** Reading needs no claim. Who writes or deletes holds the claim of `lock`; should two write all the
/// same, `put` never replaces, so the second learns it. A claim ends with its process: a directory is locked by the
/// kernel; a store of objects needs a lease that ends by itself, renewed meanwhile, longer than one write takes.
///
/// **Protection.** A repository may protect objects against everybody, its own administrator too: then `replace` and
/// `delete` answer [`Protected`](RepositoryError::Protected) until the time is over, and what they name stays as it is.
/// It learns from `retain` what a generation needs. Key sets are never protected beyond the days that they serve:
/// destruction of a contract rests on their end. (With versions, S3 lets an object be hidden although it is protected:
/// an implementation reads the version that was put first, and answers `Protected` by itself.)
///
/// **Trust.** A repository is trusted with keeping bytes, with nothing else: everything read from it is verified.
///
/// **Retries.** Short ones, of what a network loses, are the implementation's; callers repeat whole runs.
pub trait Repository: Send + Sync {
    /// Stores a new object.
    ///
    /// # Errors
    /// [`RepositoryError::Exists`] when the name is taken, whatever the bytes; the other variants.
    fn put(&self, name: &Name, bytes: &[u8]) -> Result<(), RepositoryError>;

    /// The part of an object that lies in `range` (offsets in bytes); `None` when there is no such object.
    ///
    /// # Errors
    /// When it cannot be read.
    fn get(&self, name: &Name, range: Range<u64>) -> Result<Option<Vec<u8>>, RepositoryError>;

    /// The same into a buffer, whose room is used again; false when there is no such object.
    ///
    /// # Errors
    /// When it cannot be read.
    fn get_into(&self, name: &Name, range: Range<u64>, into: &mut Vec<u8>) -> Result<bool, RepositoryError> {
        let found = self.get(name, range)?;
        let there = found.is_some();
        *into = found.unwrap_or_default();
        Ok(there)
    }

    /// Everything in a folder, in the order of names. An absent folder is empty; leftovers of a writer that was
    /// killed are left out.
    ///
    /// # Errors
    /// When it cannot be read.
    fn list(&self, folder: Folder) -> Result<Vec<Listed>, RepositoryError>;

    /// Stores an object in the place of one: afterwards there is the old one or the new one, whole. Only where the caller
    /// has proven that the old bytes are worth nothing (repairs), or that both stand for the same (a manifest after
    /// repacking).
    ///
    /// # Errors
    /// [`RepositoryError::Protected`]; when it cannot be written.
    fn replace(&self, name: &Name, bytes: &[u8]) -> Result<(), RepositoryError>;

    /// Removes objects, in any order; removing one that is not there is fine.
    ///
    /// # Errors
    /// [`RepositoryError::Protected`] when one may not be removed yet, and all others are gone. When one cannot be
    /// removed; some may be gone then.
    fn delete(&self, names: &[Name]) -> Result<(), RepositoryError>;

    /// Told of everything that a generation just made needs, its manifest too. A repository that protects objects
    /// prolongs it here from `now` on (S3: `retain-until`, never shortened); any other has nothing to do.
    ///
    /// # Errors
    /// When that cannot be done; the generation is there all the same.
    fn retain(&self, _names: &[Name], _now: DateTime<Utc>) -> Result<(), RepositoryError> {
        Ok(())
    }

    /// What is protected, and until when. Asked so that nothing is begun that would be refused.
    ///
    /// # Errors
    /// When it cannot be read.
    fn protection(&self) -> Result<Protection, RepositoryError> {
        Ok(Protection::default())
    }

    /// Claims the repository for writing, and removes what a killed writer left.
    ///
    /// # Errors
    /// [`RepositoryError::Busy`] when somebody else has it.
    fn lock(&self) -> Result<Claim, RepositoryError>;

    /// Where it is, for messages.
    fn place(&self) -> String;
}

/// A repository could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    #[error("the backup repository {0} is not there. Is its disk mounted?")]
    Gone(String),
    #[error("the disk of the backup repository {0} is full. Free space or enlarge the disk, then repeat")]
    Full(String),
    #[error(
        "the backup repository {0} cannot be written: it is read-only, or the account has no permission. Mount it for \
         writing, then repeat"
    )]
    ReadOnly(String),
    #[error("another run is writing to the backup repository {0}. Wait until it has ended")]
    Busy(String),
    #[error("{name} exists in the backup repository {place} and is never replaced. Repeat the run")]
    Exists { place: String, name: Name },
    #[error(
        "{name} in the backup repository {place} is protected against change and removal{}",
        until.map(|until| format!(" until {}", until.format("%Y-%m-%d"))).unwrap_or_default()
    )]
    Protected { place: String, name: Name, until: Option<DateTime<Utc>> },
    #[error(
        "stopped before the end: its time was used up, or the server ends. What was there before is whole; the next run does \
         what was left"
    )]
    Stopped,
    #[error("the backup repository failed at {place}: {detail}. Check its disk or network, then repeat")]
    Io { place: String, detail: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_number_and_read_back() {
        assert_eq!(Name::generation(12).to_string(), "generations/0000000012");
        assert!(Name::generation(9) < Name::generation(10));
        assert_eq!(Name::number(Name::generation(12).file()), Some(12));
        assert_eq!(Name::number(Name::tail(u64::MAX).file()), Some(u64::MAX));
        for bad in ["", "12", "+000000012", "000000001x", "00000000012", ".tmp-00000"] {
            assert_eq!(Name::number(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn pack_ids_have_one_spelling() {
        let id = PackId([0xab; 16]);
        assert_eq!(PackId::parse(&id.to_string()), Some(id));
        for bad in
            ["", "ab", &"AB".repeat(16), &"g0".repeat(16), &"0".repeat(33), &format!("+{}", "0".repeat(31))]
        {
            assert_eq!(PackId::parse(bad), None, "{bad:?}");
        }
    }
}
