//! What a repository holds: whose it is, its generations and key sets, and what in it cannot be trusted.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::error::BackupError;
use super::key_set::KeySet;
use super::manifest::{self, Generation, Tier, time};
use super::repository::{Folder, Name, PackId, Repository, RepositoryError};
use super::statement;
use crate::journal::{Origin, SigningKey, VerifyingKey};

const FORMAT: &str = "shosoin-backup-repository/1";

/// Whose repository it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The archive's id, a UUID as text.
    pub archive: String,
    /// Random id of the repository.
    pub repository: Uuid,
    pub tier: Tier,
    pub created_at: DateTime<Utc>,
    /// The key that everything in it is signed with. Until the archive key has been opened, only claimed.
    pub vkey: VerifyingKey,
}

impl Identity {
    /// Makes an empty place into a repository.
    ///
    /// # Errors
    /// [`BackupError::NotEmpty`] when other files are there.
    pub fn create(
        repository: &dyn Repository,
        (archive, tier, now): (&str, Tier, DateTime<Utc>),
        origin: &Origin,
        key: &SigningKey,
    ) -> Result<Self, BackupError> {
        let ours: BTreeSet<_> = Folder::BELOW.iter().map(|folder| folder.name()).collect();
        if repository.list(Folder::Root)?.iter().any(|found| !ours.contains(found.file.as_str())) {
            return Err(BackupError::NotEmpty(repository.place()));
        }
        let identity = Self {
            archive: archive.to_owned(),
            repository: Uuid::from_bytes(random()?),
            tier,
            created_at: now,
            vkey: key.verifying_key(origin),
        };
        repository.put(&Name::identity(), identity.encode(origin, key).as_bytes())?;
        Ok(identity)
    }

    /// The signed statement.
    pub fn encode(&self, origin: &Origin, key: &SigningKey) -> String {
        let fields = [
            ("archive", self.archive.clone()),
            ("repository", self.repository.to_string()),
            ("tier", self.tier.to_string()),
            ("created", time(self.created_at)),
            ("vkey", self.vkey.to_string()),
        ];
        statement::sign(FORMAT, &fields, origin, key)
    }

    /// Reads the identity of a repository; `None` when there is none.
    ///
    /// The statement carries the key it is checked with: whether that is the archive's is for the caller to compare.
    ///
    /// # Errors
    /// [`BackupError::Untrusted`] when it does not verify.
    pub fn load(repository: &dyn Repository) -> Result<Option<Self>, BackupError> {
        let name = Name::identity();
        let Some(bytes) = repository.get(&name, 0..statement::MAX_BYTES)? else { return Ok(None) };
        let untrusted = |why: &str| BackupError::Untrusted { name: name.clone(), why: why.into() };
        let note = String::from_utf8(bytes).map_err(|_| untrusted("it is not text"))?;
        let vkey = statement::unverified(&note, "vkey").ok_or_else(|| untrusted("it names no key"))?;
        let vkey: VerifyingKey = vkey.parse().map_err(|_| untrusted("its key does not read"))?;
        let mut fields = statement::open(&name, &note, FORMAT, &vkey)?;
        Ok(Some(Self {
            archive: fields.text("archive")?.to_owned(),
            repository: fields.value("repository")?,
            tier: fields.value("tier")?,
            created_at: fields.value("created")?,
            vkey: fields.read("vkey", |text| text.parse().ok())?,
        }))
    }
}

/// Sixteen bytes from the operating system.
pub fn random() -> Result<[u8; 16], BackupError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| BackupError::Seal(crate::seal::SealError::Random(error)))?;
    Ok(bytes)
}

/// Everything in a repository that is signed.
#[derive(Debug, Default)]
pub struct Catalog {
    /// Oldest number first.
    pub generations: Vec<Generation>,
    /// Oldest number first.
    pub key_sets: Vec<KeySet>,
    /// Objects that should be manifests and cannot be believed, and why.
    pub untrusted: Vec<(Name, String)>,
    /// The highest number that any name claims, believed or not.
    highest: [u64; 2],
}

impl Catalog {
    /// Reads all manifests. What does not verify is listed, not fatal.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn load(repository: &dyn Repository, identity: &Identity) -> Result<Self, BackupError> {
        let mut catalog = Self::default();
        for number in catalog.numbers(repository, Folder::Generations)? {
            let name = Name::generation(number);
            let read = read(repository, &name)?.and_then(|bytes| {
                let generation = Generation::decode(number, &bytes, &identity.vkey)?;
                belongs(&name, generation.repository, identity)?;
                Ok(generation)
            });
            match read {
                Ok(generation) => catalog.generations.push(generation),
                Err(error) => catalog.untrusted.push((name, error.to_string())),
            }
        }
        for number in catalog.numbers(repository, Folder::Keys)? {
            let name = Name::keys(number);
            let read = read(repository, &name)?.and_then(|bytes| {
                let keys = KeySet::decode(number, &bytes, &identity.vkey)?;
                belongs(&name, keys.repository, identity)?;
                Ok(keys)
            });
            match read {
                Ok(keys) => catalog.key_sets.push(keys),
                Err(error) => catalog.untrusted.push((name, error.to_string())),
            }
        }
        Ok(catalog)
    }

    /// The numbers in a folder, ascending; what is named otherwise is noted.
    fn numbers(&mut self, repository: &dyn Repository, folder: Folder) -> Result<Vec<u64>, RepositoryError> {
        let mut numbers = Vec::new();
        for listed in repository.list(folder)? {
            match Name::number(&listed.file) {
                Some(number) => numbers.push(number),
                None => {
                    let why = format!("{:?} is no name of a manifest", listed.file);
                    let name = if folder == Folder::Keys { Name::keys(0) } else { Name::generation(0) };
                    self.untrusted.push((name, why));
                }
            }
        }
        self.highest[usize::from(folder == Folder::Keys)] = numbers.last().copied().unwrap_or(0);
        Ok(numbers)
    }

    /// The number of the next generation: above everything that was ever claimed here.
    pub fn next_generation(&self) -> u64 {
        self.highest[0].saturating_add(1)
    }

    /// The number of the next key set.
    pub fn next_keys(&self) -> u64 {
        self.highest[1].saturating_add(1)
    }

    /// The generation of a number, or the newest.
    ///
    /// # Errors
    /// [`BackupError::NoGeneration`]
    pub fn generation(&self, number: Option<u64>, place: &str) -> Result<&Generation, BackupError> {
        let found = match number {
            Some(number) => self.generations.iter().find(|generation| generation.number == number),
            None => self.generations.last(),
        };
        found.ok_or_else(|| {
            let numbers: Vec<_> =
                self.generations.iter().map(|generation| generation.number.to_string()).collect();
            BackupError::NoGeneration(match (number, numbers.is_empty()) {
                (_, true) => format!("{place} holds no generation that can be trusted. Run a backup first"),
                (Some(number), _) => {
                    format!("{place} holds no generation {number}; there are {}", numbers.join(", "))
                }
                (None, _) => format!("{place} holds no generation"),
            })
        })
    }

    /// Every pack that a manifest names.
    pub fn named(&self) -> BTreeSet<PackId> {
        let of_generations = self.generations.iter().flat_map(|generation| &generation.packs);
        let of_keys = self.key_sets.iter().flat_map(|keys| &keys.packs);
        of_generations.chain(of_keys).map(|pack| pack.id).collect()
    }
}

/// The bytes of a manifest; the inner error concerns this manifest only.
fn read(repository: &dyn Repository, name: &Name) -> Result<Result<Vec<u8>, BackupError>, RepositoryError> {
    let untrusted = |why: &str| BackupError::Untrusted { name: name.clone(), why: why.into() };
    Ok(match repository.get(name, 0..manifest::MAX_BYTES) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(untrusted("it went away while it was read")),
        // A bad sector under one manifest must not hide the others.
        Err(RepositoryError::Io { detail, .. }) => Err(untrusted(&detail)),
        Err(error) => return Err(error),
    })
}

fn belongs(name: &Name, repository: Uuid, identity: &Identity) -> Result<(), BackupError> {
    if repository == identity.repository {
        return Ok(());
    }
    Err(BackupError::Untrusted { name: name.clone(), why: "it belongs to another repository".into() })
}
