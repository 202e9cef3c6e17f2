//! Key sets: every wrapped key of one moment, kept for some weeks only.
//!
//! Wrapped keys are nowhere else in a repository. A key that was destroyed is missing from every later set; once the
//! sets before it have expired, no generation, however old, yields its contract.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::error::BackupError;
use super::manifest::{self, PackRef, time};
use super::pack::{Item, Kind, What};
use super::packer::{Packer, put_and_compare};
use super::repository::{Name, Repository};
use crate::journal::merkle::Hash;
use crate::journal::{Origin, SigningKey, VerifyingKey};
use crate::seal::Dek;
use crate::store::{Direction, Table, View};

const FORMAT: &str = "shosoin-backup-keys/1";

/// All wrapped keys at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySet {
    pub repository: Uuid,
    pub number: u64,
    pub at: DateTime<Utc>,
    /// Journal entries then, and the root over them.
    pub entries: u64,
    pub root: Hash,
    /// Wrapped keys in its packs.
    pub keys: u64,
    /// The archive key, wrapped by the KEK: what opens everything else.
    pub archive_key: Vec<u8>,
    pub packs: Vec<PackRef>,
}

impl KeySet {
    /// The bytes of the manifest.
    pub fn encode(&self, origin: &Origin, key: &SigningKey) -> Vec<u8> {
        let fields = [
            ("repository", self.repository.to_string()),
            ("number", self.number.to_string()),
            ("at", time(self.at)),
            ("entries", self.entries.to_string()),
            ("root", STANDARD.encode(self.root)),
            ("keys", self.keys.to_string()),
            ("archive-key", STANDARD.encode(&self.archive_key)),
        ];
        manifest::encode(FORMAT, &fields, &self.packs, origin, key)
    }

    /// Reads the manifest of key set `number`.
    ///
    /// # Errors
    /// [`BackupError::Untrusted`] when its signature, its list or its number is not right.
    pub fn decode(number: u64, bytes: &[u8], key: &VerifyingKey) -> Result<Self, BackupError> {
        let name = Name::keys(number);
        let (mut fields, packs) = manifest::decode(&name, FORMAT, bytes, key)?;
        let set = Self {
            repository: fields.value("repository")?,
            number: fields.value("number")?,
            at: fields.value("at")?,
            entries: fields.value("entries")?,
            root: fields.read("root", |text| STANDARD.decode(text).ok()?.try_into().ok())?,
            keys: fields.value("keys")?,
            archive_key: fields.read("archive-key", |text| STANDARD.decode(text).ok())?,
            packs: packs(&mut fields)?,
        };
        if set.number != number {
            return Err(BackupError::Untrusted { name, why: "it is the manifest of another key set".into() });
        }
        Ok(set)
    }

    /// Writes the packs and the manifest of a key set that has everything but its packs.
    ///
    /// `meta` are the keys of the rows that name and open the archive; they change with the KEK, so they go with it.
    ///
    /// # Errors
    /// What kept it from being written and read back.
    pub fn write(
        mut self,
        repository: &dyn Repository,
        view: &dyn View,
        meta: &[&[u8]],
        pack_key: &Dek,
        (origin, key): (&Origin, &SigningKey),
    ) -> Result<Self, BackupError> {
        let mut packer = Packer::new(repository, pack_key, Kind::Keys);
        for name in meta {
            if let Some(value) = view.get(Table::Meta, name)? {
                packer.add(Item { what: What::Row, name: Table::Meta.name(), key: name, value: &value })?;
            }
        }
        self.keys = 0;
        for row in view.scan(Table::Keys, &[], None, Direction::Forward) {
            let (id, wrapped) = row?;
            packer.add(Item { what: What::WrappedKey, name: "", key: &id, value: &wrapped })?;
            self.keys += 1;
        }
        self.packs = packer.finish()?;
        put_and_compare(repository, &Name::keys(self.number), &self.encode(origin, key))?;
        Ok(self)
    }
}

/// Which key sets have served their time: older than `days`, by what the archive's clock said when they were made; the
/// newest always stays. (A clock that was turned can only make them fewer, and one is all that a restore needs.)
pub fn expired(sets: &[KeySet], now: DateTime<Utc>, days: u32) -> Vec<u64> {
    let newest = sets.iter().map(|set| set.number).max();
    let limit = now.checked_sub_signed(TimeDelta::days(days.into()));
    let old =
        sets.iter().filter(|set| Some(set.number) != newest && limit.is_some_and(|limit| set.at < limit));
    old.map(|set| set.number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::repository::PackId;

    fn set(number: u64, day: &str) -> KeySet {
        KeySet {
            repository: Uuid::from_u128(7),
            number,
            at: format!("{day}T00:00:00Z").parse().unwrap(),
            entries: 5,
            root: [1; 32],
            keys: 2,
            archive_key: vec![3; 69],
            packs: vec![PackRef { kind: Kind::Keys, id: PackId([1; 16]), len: 9, items: 2 }],
        }
    }

    #[test]
    fn a_key_set_reads_back_under_its_own_number_only() {
        let (key, origin) = (SigningKey::from_seed(&[1; 32]), "shosoin.local/test".parse().unwrap());
        let (set, verifying) = (set(4, "2026-01-01"), key.verifying_key(&origin));
        let bytes = set.encode(&origin, &key);
        assert_eq!(KeySet::decode(4, &bytes, &verifying).unwrap(), set);
        assert!(KeySet::decode(5, &bytes, &verifying).is_err());
    }

    #[test]
    fn old_sets_expire_and_the_newest_never_does() {
        let sets = [set(1, "2026-01-01"), set(2, "2026-02-01"), set(3, "2026-02-10")];
        let now = |day: &str| format!("{day}T00:00:00Z").parse().unwrap();
        assert_eq!(expired(&sets, now("2026-02-10"), 35), [1]);
        assert_eq!(expired(&sets, now("2030-01-01"), 35), [1, 2]);
        assert_eq!(expired(&sets, now("2020-01-01"), 35), [0; 0]);
        assert_eq!(expired(&sets[..1], now("2030-01-01"), 0), [0; 0]);
    }
}
