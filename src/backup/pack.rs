//! A pack: items in one sealed object. Drawn in `schema/backup-repository.md`.

use zeroize::Zeroizing;

use super::error::BackupError;
use super::manifest::PackRef;
use super::repository::{Name, PackId};
use crate::seal::{Compression, Dek, DerivedKey, Purpose, SealError, seal_into, sealed_len, unseal_into};

const MAGIC: &[u8; 8] = b"SHOSPACK";
const VERSION: u8 = 1;
/// Magic, version, kind, two zero bytes, number of items.
pub const HEADER_LEN: usize = 16;
/// One item in the index: what, length of its name, of its key, of its value.
pub const INDEX_LEN: usize = 8;
/// The label of the key that packs are sealed under, derived from the archive key.
const LABEL: &str = "backup";
/// Longest pack read, in bytes of plaintext: one object of the largest size that a batch takes, and its frame.
pub const MAX_PLAIN_LEN: u64 = (256 << 20) + (1 << 20);

/// What a pack holds. The numbers and names are part of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Entries in order, each followed by the list of what it changed.
    Journal = 1,
    /// Rows of a complete generation: what came before does not count.
    Base = 2,
    /// Rows written or removed since.
    Rows = 3,
    /// Sealed objects, never compressed, so that a damaged part costs no more than its objects.
    Objects = 4,
    /// Wrapped keys, of key sets only.
    Keys = 5,
    /// Ids of objects that could not be read when the generation was made.
    Missing = 6,
    /// Everything that the journal gained in one step of shipping.
    Tail = 7,
}

impl Kind {
    pub const ALL: [Kind; 7] =
        [Kind::Journal, Kind::Base, Kind::Rows, Kind::Objects, Kind::Keys, Kind::Missing, Kind::Tail];

    /// The name in manifests.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Journal => "journal",
            Kind::Base => "base",
            Kind::Rows => "rows",
            Kind::Objects => "objects",
            Kind::Keys => "keys",
            Kind::Missing => "missing",
            Kind::Tail => "tail",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    fn compression(self) -> Compression {
        // Wrapped keys and sealed objects are noise; and objects must be readable in parts.
        if matches!(self, Kind::Objects | Kind::Keys) { Compression::Never } else { Compression::IfItHelps }
    }
}

/// What an item is. The numbers are part of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum What {
    /// Key: number (u64); value: the entry as hashed.
    Entry = 1,
    /// Key: number (u64); value: the row of `changes`.
    Changes = 2,
    /// Name: table; key and value: the row.
    Row = 3,
    /// Name: table; key: the row that is no more.
    Gone = 4,
    /// Key: id; value: the sealed object.
    Object = 5,
    /// Key: path below the data directory; value: contents.
    File = 6,
    /// Key: record id; value: the wrapped key.
    WrappedKey = 7,
    /// Key: id of an object that could not be read.
    Missing = 8,
    /// Value: the signed checkpoint.
    Head = 9,
    /// Key: id of a pack that belongs to a tail; value: kind, length and number of items as in a manifest.
    Pack = 10,
}

impl What {
    fn from_number(number: u8) -> Option<Self> {
        use What::*;
        let all = [Entry, Changes, Row, Gone, Object, File, WrappedKey, Missing, Head, Pack];
        all.into_iter().find(|what| *what as u8 == number)
    }
}

/// One item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    pub what: What,
    /// Name of a table; empty for other items.
    pub name: &'a str,
    pub key: &'a [u8],
    pub value: &'a [u8],
}

/// The key that packs are sealed under.
pub fn pack_key(archive: &Dek) -> Dek {
    let derived: DerivedKey = archive.derive(LABEL);
    Dek::from_bytes(Zeroizing::new(*derived.as_bytes()))
}

/// Items on their way into a pack.
pub struct Builder {
    kind: Kind,
    index: Vec<u8>,
    body: Vec<u8>,
}

impl Builder {
    pub fn new(kind: Kind) -> Self {
        Self { kind, index: Vec::new(), body: Vec::new() }
    }

    /// Appends an item.
    ///
    /// # Errors
    /// [`BackupError::Unfit`] when a name, key or value is longer than the format can say.
    pub fn add(&mut self, item: Item<'_>) -> Result<(), BackupError> {
        let unfit = |part: &str| BackupError::Unfit(format!("the {part} of a row is too long for a backup"));
        let name = u8::try_from(item.name.len()).map_err(|_| unfit("name"))?;
        let key = u16::try_from(item.key.len()).map_err(|_| unfit("key"))?;
        let value = u32::try_from(item.value.len()).map_err(|_| unfit("value"))?;
        self.index.extend_from_slice(&[item.what as u8, name]);
        self.index.extend_from_slice(&key.to_be_bytes());
        self.index.extend_from_slice(&value.to_be_bytes());
        self.body.extend_from_slice(item.name.as_bytes());
        self.body.extend_from_slice(item.key);
        self.body.extend_from_slice(item.value);
        Ok(())
    }

    pub fn items(&self) -> u64 {
        (self.index.len() / INDEX_LEN) as u64
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        HEADER_LEN + self.index.len() + self.body.len()
    }

    /// Forgets all items, and keeps the room for others.
    pub fn clear(&mut self) {
        self.index.clear();
        self.body.clear();
    }

    /// The plaintext of the pack.
    pub fn plain(&self) -> Vec<u8> {
        let mut plain = Vec::new();
        self.plain_into(&mut plain);
        plain
    }

    /// The same into a buffer, whose room is used again.
    pub fn plain_into(&self, plain: &mut Vec<u8>) {
        plain.clear();
        plain.reserve_exact(self.len());
        plain.extend_from_slice(MAGIC);
        plain.extend_from_slice(&[VERSION, self.kind as u8, 0, 0]);
        plain.extend_from_slice(&(self.items() as u32).to_be_bytes());
        plain.extend_from_slice(&self.index);
        plain.extend_from_slice(&self.body);
    }
}

/// Seals a pack's plaintext under the name it will have.
///
/// # Errors
/// [`BackupError::Seal`] when the system has no random bytes or no memory.
pub fn seal_pack(key: &Dek, id: PackId, kind: Kind, plain: &[u8]) -> Result<Vec<u8>, BackupError> {
    let mut sealed = Vec::new();
    seal_pack_into(key, id, kind, plain, &mut sealed)?;
    Ok(sealed)
}

/// The same into a buffer, whose room is used again.
///
/// # Errors
/// As [`seal_pack`].
pub fn seal_pack_into(
    key: &Dek,
    id: PackId,
    kind: Kind,
    plain: &[u8],
    sealed: &mut Vec<u8>,
) -> Result<(), BackupError> {
    Ok(seal_into(key, Purpose::Backup, &id.0, plain, kind.compression(), sealed)?)
}

/// Opens sealed bytes under the name they should have; [`Pack::parse`] judges what is in them.
///
/// # Errors
/// When they were altered, or belong to another name.
pub fn unseal_pack(key: &Dek, id: PackId, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    unseal_pack_into(key, id, sealed, Vec::new())
}

/// The same into a buffer, whose room is used again.
fn unseal_pack_into(key: &Dek, id: PackId, sealed: &[u8], mut room: Vec<u8>) -> Result<Vec<u8>, SealError> {
    unseal_into(key, Purpose::Backup, &id.0, sealed, MAX_PLAIN_LEN, &mut room)?;
    Ok(room)
}

/// A pack that was opened: its seal held, and its items are in place.
pub struct Pack {
    plain: Vec<u8>,
    /// Items of the index.
    items: usize,
}

impl Pack {
    /// Opens the sealed bytes of the pack that a manifest calls `expected`, in the room of an earlier one.
    ///
    /// # Errors
    /// [`BackupError::Untrusted`] when seal, kind, length or items are not as expected.
    pub fn open(key: &Dek, expected: &PackRef, sealed: &[u8], room: Vec<u8>) -> Result<Self, BackupError> {
        let name = Name::pack(expected.id);
        let untrusted = |why: String| BackupError::Untrusted { name: name.clone(), why };
        if sealed.len() as u64 != expected.len {
            return Err(untrusted(format!("it has {} bytes instead of {}", sealed.len(), expected.len)));
        }
        let plain = unseal_pack_into(key, expected.id, sealed, room);
        let plain = plain.map_err(|error| untrusted(error.to_string()))?;
        let pack = Self::parse(plain, expected.kind).map_err(|why| untrusted(why.into()))?;
        if pack.items as u64 != expected.items {
            return Err(untrusted(format!("it has {} items instead of {}", pack.items, expected.items)));
        }
        Ok(pack)
    }

    /// The room that it took, for the next one.
    pub fn into_room(self) -> Vec<u8> {
        self.plain
    }

    /// Reads a plaintext; every length is checked before anything is reached through it.
    pub fn parse(plain: Vec<u8>, kind: Kind) -> Result<Self, &'static str> {
        let items = items_in(&plain, kind)?;
        let index = plain.get(HEADER_LEN..HEADER_LEN + items * INDEX_LEN).ok_or("its index is cut short")?;
        let mut body = 0usize;
        for entry in index.chunks_exact(INDEX_LEN) {
            let lengths = Lengths::read(entry).ok_or("an item of it is of no known kind")?;
            body = body.checked_add(lengths.total()).ok_or("its lengths do not add up")?;
        }
        if HEADER_LEN + items * INDEX_LEN + body != plain.len() {
            return Err("its items do not fill it");
        }
        Ok(Self { plain, items })
    }

    /// The items in their order. A name that is no text reads as empty, which no table is called.
    pub fn items(&self) -> impl Iterator<Item = Item<'_>> {
        let (index, mut body) = self
            .plain
            .get(HEADER_LEN..)
            .and_then(|rest| rest.split_at_checked(self.items * INDEX_LEN))
            .unwrap_or_default();
        index.chunks_exact(INDEX_LEN).map_while(move |entry| {
            let lengths = Lengths::read(entry)?;
            let (name, rest) = body.split_at_checked(lengths.name)?;
            let (key, rest) = rest.split_at_checked(lengths.key)?;
            let (value, rest) = rest.split_at_checked(lengths.value)?;
            body = rest;
            Some(Item { what: lengths.what, name: str::from_utf8(name).unwrap_or_default(), key, value })
        })
    }
}

/// The number of items that the header of a plaintext tells, once everything else in it is as it must be.
pub fn items_in(plain: &[u8], kind: Kind) -> Result<usize, &'static str> {
    let (header, _) = plain.split_first_chunk::<HEADER_LEN>().ok_or("it is too short")?;
    let [magic @ .., version, found, 0, 0, a, b, c, d] = header else { return Err("its header is wrong") };
    if magic != MAGIC {
        return Err("it is no pack");
    }
    if *version != VERSION {
        return Err("it has the format of a newer version of this program; install that version");
    }
    if *found != kind as u8 {
        return Err("it is a pack of another kind");
    }
    usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).map_err(|_| "it has too many items")
}

/// One entry of the index.
pub struct Lengths {
    pub what: What,
    pub name: usize,
    pub key: usize,
    pub value: usize,
}

impl Lengths {
    pub fn read(entry: &[u8]) -> Option<Self> {
        let [what, name, k0, k1, v0, v1, v2, v3] = <[u8; INDEX_LEN]>::try_from(entry).ok()?;
        Some(Self {
            what: What::from_number(what)?,
            name: usize::from(name),
            key: usize::from(u16::from_be_bytes([k0, k1])),
            value: usize::try_from(u32::from_be_bytes([v0, v1, v2, v3])).ok()?,
        })
    }

    pub fn total(&self) -> usize {
        self.name.saturating_add(self.key).saturating_add(self.value)
    }
}

/// Length of the largest sealed pack.
pub fn max_sealed_len() -> u64 {
    sealed_len(MAX_PLAIN_LEN).unwrap_or(MAX_PLAIN_LEN)
}

#[cfg(test)]
#[path = "pack_tests.rs"]
mod tests;
