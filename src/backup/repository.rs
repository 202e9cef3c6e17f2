//! The seam to where backups are kept: a flat store of named objects, each written once.

use std::fmt;
use std::ops::Range;

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

/// Objects by name, written once and replaced only when they are damaged.
///
/// **Durability.** `put` and `delete` are on stable storage when they return `Ok`; an object is never seen half.
///
/// **Consistency.** `get` and `list` see every `put` and `delete` that returned before. After a `put` that reported
/// an error the object may be there, whole, or not.
///
/// **Concurrency.** Reading needs no claim. Who writes or deletes holds the claim of `lock`; should two write all
/// the same, `put` never replaces, so the second learns it.
///
/// **Trust.** A repository is trusted with keeping bytes, with nothing else: everything read from it is verified.
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

    /// Everything in a folder, in the order of names. An absent folder is empty; leftovers of a writer that was
    /// killed are left out.
    ///
    /// # Errors
    /// When it cannot be read.
    fn list(&self, folder: Folder) -> Result<Vec<Listed>, RepositoryError>;

    /// Stores an object in the place of one that is damaged or lost: afterwards there is the old one or the new one,
    /// whole. Only for repairing; the caller has proven that the old bytes are worth nothing.
    ///
    /// # Errors
    /// When it cannot be written.
    fn replace(&self, name: &Name, bytes: &[u8]) -> Result<(), RepositoryError>;

    /// Removes objects, in any order; removing one that is not there is fine.
    ///
    /// # Errors
    /// When one cannot be removed; some may be gone then.
    fn delete(&self, names: &[Name]) -> Result<(), RepositoryError>;

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
