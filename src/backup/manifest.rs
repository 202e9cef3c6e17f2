//! A generation's manifest: what it is made of, signed. Drawn in `schema/backup-repository.md`.

use std::fmt;
use std::str::FromStr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::error::BackupError;
use super::pack::{Kind, max_sealed_len};
use super::repository::{Name, PackId};
use super::statement::{self, Fields};
use crate::journal::merkle::Hash;
use crate::journal::{Origin, SigningKey, VerifyingKey};

const FORMAT: &str = "shosoin-backup-generation/1";
/// Parts the signed statement from the list of packs.
const PART: &str = "--\n";
/// Longest manifest read, in bytes: about two million packs.
pub const MAX_BYTES: u64 = 128 << 20;

/// How often generations are made, and for how long they are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    Daily,
    Monthly,
    Yearly,
}

impl Tier {
    pub const ALL: [Tier; 3] = [Tier::Daily, Tier::Monthly, Tier::Yearly];

    pub fn name(self) -> &'static str {
        match self {
            Tier::Daily => "daily",
            Tier::Monthly => "monthly",
            Tier::Yearly => "yearly",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Tier {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|tier| tier.name() == text).ok_or(())
    }
}

/// A pack as a manifest names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackRef {
    pub kind: Kind,
    pub id: PackId,
    /// Bytes of the sealed pack.
    pub len: u64,
    /// Items in it.
    pub items: u64,
}

impl PackRef {
    /// One line of the list, without its end: kind, id, length and items.
    pub fn line(&self) -> String {
        format!("{} {} {} {}", self.kind.name(), self.id, self.len, self.items)
    }

    /// Reads [`line`](Self::line).
    pub fn parse(line: &str) -> Option<Self> {
        let mut parts = line.split(' ');
        let kind = Kind::from_name(parts.next()?)?;
        let id = PackId::parse(parts.next()?)?;
        let (len, items) = (number(parts.next()?)?, number(parts.next()?)?);
        (parts.next().is_none() && len <= max_sealed_len()).then_some(Self { kind, id, len, items })
    }
}

/// A plain decimal number in its one spelling.
fn number(text: &str) -> Option<u64> {
    text.parse::<u64>().ok().filter(|number| number.to_string() == text)
}

/// A generation: everything that is needed to restore the archive as it was at `entries` journal entries, but the
/// wrapped keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// Id of the repository.
    pub repository: Uuid,
    pub tier: Tier,
    pub number: u64,
    /// What the archive's clock said. Nothing is decided by it.
    pub at: DateTime<Utc>,
    /// Journal entries, and the root of the tree over them.
    pub entries: u64,
    pub root: Hash,
    /// Records that had a key then.
    pub records: u64,
    /// Sealed objects in its packs.
    pub objects: u64,
    /// Objects that could not be read; the next run tries again.
    pub missing: u64,
    /// In the order of restoring: journal packs cover the entries from 0 on, a base comes before its rows.
    pub packs: Vec<PackRef>,
}

impl Generation {
    /// Bytes of all its packs.
    pub fn bytes(&self) -> u64 {
        self.packs.iter().fold(0, |sum, pack| sum.saturating_add(pack.len))
    }

    /// What people call it: `daily-12`.
    pub fn label(&self) -> String {
        format!("{}-{}", self.tier, self.number)
    }

    /// The bytes of the manifest.
    pub fn encode(&self, origin: &Origin, key: &SigningKey) -> Vec<u8> {
        let fields = [
            ("repository", self.repository.to_string()),
            ("tier", self.tier.to_string()),
            ("number", self.number.to_string()),
            ("at", time(self.at)),
            ("entries", self.entries.to_string()),
            ("root", STANDARD.encode(self.root)),
            ("records", self.records.to_string()),
            ("objects", self.objects.to_string()),
            ("missing", self.missing.to_string()),
        ];
        encode(FORMAT, &fields, &self.packs, origin, key)
    }

    /// Reads the manifest of generation `number`.
    ///
    /// # Errors
    /// [`BackupError::Untrusted`] when its signature, its list or its number is not right.
    pub fn decode(number: u64, bytes: &[u8], key: &VerifyingKey) -> Result<Self, BackupError> {
        let name = Name::generation(number);
        let (mut fields, packs) = decode(&name, FORMAT, bytes, key)?;
        let generation = Self {
            repository: fields.value("repository")?,
            tier: fields.value("tier").map_err(|_| untrusted(&name, "its field tier is wrong"))?,
            number: fields.value("number")?,
            at: fields.value("at")?,
            entries: fields.value("entries")?,
            root: fields.read("root", |text| STANDARD.decode(text).ok()?.try_into().ok())?,
            records: fields.value("records")?,
            objects: fields.value("objects")?,
            missing: fields.value("missing")?,
            packs: packs(&mut fields)?,
        };
        if generation.number != number {
            return Err(untrusted(&name, "it is the manifest of another generation"));
        }
        Ok(generation)
    }
}

/// RFC 3339, UTC, whole microseconds.
pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn untrusted(name: &Name, why: &str) -> BackupError {
    BackupError::Untrusted { name: name.clone(), why: why.into() }
}

/// A statement with a list of packs: the list's number and SHA-256 are among the signed fields.
pub fn encode(
    format: &str,
    fields: &[(&str, String)],
    packs: &[PackRef],
    origin: &Origin,
    key: &SigningKey,
) -> Vec<u8> {
    let mut list = String::new();
    for pack in packs {
        list.push_str(&pack.line());
        list.push('\n');
    }
    let digest: String = Sha256::digest(&list).iter().map(|byte| format!("{byte:02x}")).collect();
    let about = [("packs", packs.len().to_string()), ("list", digest)];
    let fields: Vec<_> = fields.iter().cloned().chain(about).collect();
    let note = statement::sign(format, &fields, origin, key);
    [note.as_bytes(), PART.as_bytes(), list.as_bytes()].concat()
}

/// The signed fields, and a way to the packs once all fields before them are read.
type Packs<'a> = Box<dyn FnOnce(&mut Fields<'a>) -> Result<Vec<PackRef>, BackupError> + 'a>;

/// Reads what [`encode`] wrote.
///
/// # Errors
/// [`BackupError::Untrusted`] when the signature or the list is not right, [`BackupError::Newer`].
pub fn decode<'a>(
    name: &'a Name,
    format: &str,
    bytes: &'a [u8],
    key: &VerifyingKey,
) -> Result<(Fields<'a>, Packs<'a>), BackupError> {
    let text = str::from_utf8(bytes).map_err(|_| untrusted(name, "it is not text"))?;
    let (note, list) = match text.find(&format!("\n{PART}")) {
        Some(at) => text.split_at(at + 1),
        None => return Err(untrusted(name, "it has no list of packs")),
    };
    let list = list.strip_prefix(PART).ok_or_else(|| untrusted(name, "it has no list of packs"))?;
    let fields = statement::open(name, note, format, key)?;
    let read = move |fields: &mut Fields<'a>| {
        let (count, digest): (usize, &str) = (fields.value("packs")?, fields.text("list")?);
        let found: String = Sha256::digest(list).iter().map(|byte| format!("{byte:02x}")).collect();
        if found != digest {
            return Err(untrusted(name, "its list of packs is not the one that was signed"));
        }
        let packs: Option<Vec<_>> = list.lines().map(PackRef::parse).collect();
        packs
            .filter(|packs| packs.len() == count)
            .ok_or_else(|| untrusted(name, "its list of packs does not read"))
    };
    Ok((fields, Box::new(read)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> (SigningKey, Origin) {
        (SigningKey::from_seed(&[1; 32]), "shosoin.local/test".parse().unwrap())
    }

    fn generation() -> Generation {
        let pack = |kind, byte| PackRef { kind, id: PackId([byte; 16]), len: 100, items: 3 };
        Generation {
            repository: Uuid::from_u128(7),
            tier: Tier::Monthly,
            number: 12,
            at: "2026-11-22T03:04:05.000006Z".parse().unwrap(),
            entries: 40,
            root: [9; 32],
            records: 10,
            objects: 11,
            missing: 1,
            packs: vec![pack(Kind::Journal, 1), pack(Kind::Base, 2), pack(Kind::Objects, 3)],
        }
    }

    #[test]
    fn a_manifest_reads_back_and_has_a_list_that_people_can_read() {
        let (key, origin) = keys();
        for generation in [generation(), Generation { packs: Vec::new(), ..generation() }] {
            let bytes = generation.encode(&origin, &key);
            assert_eq!(Generation::decode(12, &bytes, &key.verifying_key(&origin)).unwrap(), generation);
        }
        let text = String::from_utf8(generation().encode(&origin, &key)).unwrap();
        assert!(
            text.contains("\ntier monthly\nnumber 12\nat 2026-11-22T03:04:05.000006Z\nentries 40\n"),
            "{text}"
        );
        assert!(text.ends_with("\nobjects 03030303030303030303030303030303 100 3\n"), "{text}");
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let (key, origin) = keys();
        let bytes = generation().encode(&origin, &key);
        let verifying = key.verifying_key(&origin);
        for bit in 0..bytes.len() * 8 {
            let mut altered = bytes.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(Generation::decode(12, &altered, &verifying).is_err(), "bit {bit}");
        }
        for len in 0..bytes.len() {
            assert!(Generation::decode(12, &bytes[..len], &verifying).is_err(), "{len} bytes");
        }
    }

    #[test]
    fn a_manifest_under_another_number_or_signed_by_another_key_is_not_believed() {
        let (key, origin) = keys();
        let bytes = generation().encode(&origin, &key);
        assert!(Generation::decode(13, &bytes, &key.verifying_key(&origin)).is_err());
        let other = SigningKey::from_seed(&[2; 32]).verifying_key(&origin);
        assert!(Generation::decode(12, &bytes, &other).is_err());
    }

    #[test]
    fn lines_have_one_spelling() {
        let good = format!("rows {} 5 6", PackId([1; 16]));
        assert!(PackRef::parse(&good).is_some());
        let huge = good.replace(" 5 ", " 99999999999 ");
        for bad in [good.replace(" 5 ", " 05 "), good.replace("rows", "heaps"), format!("{good} 7"), huge] {
            assert_eq!(PackRef::parse(&bad), None, "{bad}");
        }
    }
}
