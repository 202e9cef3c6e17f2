//! The keys of an open archive, and the few things that are done with them directly.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use hmac::{Hmac, KeyInit, Mac};
use serde::{Serialize, de::DeserializeOwned};
use sha2::Sha256;

use super::error::ArchiveError;
use super::rows;
use crate::backup::{self, BackupError, Opened, Repository};
use crate::record::{Digest, RecordId};
use crate::seal::key_file::{KeyFile, Protection};
use crate::seal::{self, Compression, Dek, Kek, Keks, KeyId, Purpose, Unwrap};
use crate::store::{Table, View};

/// Context that binds what belongs to the archive as a whole; no UUIDv7 looks like this.
pub const ARCHIVE_CONTEXT: [u8; 16] = *b"shosoin-archive\0";

/// Upper bound of anything sealed that is not content, in bytes.
const MAX_SMALL_OBJECT: u64 = 16 << 20;

/// The KEKs and the archive-level DEK. Cheap to clone; wiped when the last clone goes.
#[derive(Clone)]
pub struct Keyring {
    inner: Arc<Inner>,
}

struct Inner {
    held: RwLock<Arc<Held>>,
    /// Held for reading from when a key is wrapped until its row is durable; whoever takes it for writing has waited for
    /// every key that was wrapped before.
    unwritten: RwLock<()>,
    archive: Dek,
}

/// The keys of the key file, and which of them wraps.
struct Held {
    active: Arc<Kek>,
    file: KeyFile,
}

impl Keyring {
    /// `active` wraps what is new; all keys of the file open what they wrapped.
    pub fn new(active: Arc<Kek>, file: KeyFile, archive: Dek) -> Self {
        let held = RwLock::new(Arc::new(Held { active, file }));
        Self { inner: Arc::new(Inner { held, unwritten: RwLock::default(), archive }) }
    }

    fn held(&self) -> Arc<Held> {
        // Values are swapped whole, so a poisoned lock holds a good one.
        self.inner.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on `active` wraps, and the keys of `file` open.
    pub fn take_over(&self, active: Arc<Kek>, file: KeyFile) {
        *self.inner.held.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Held { active, file });
    }

    /// The key that wraps what is new.
    pub fn active(&self) -> Arc<Kek> {
        self.held().active.clone()
    }

    pub fn key_id(&self) -> KeyId {
        self.held().active.id()
    }

    /// Every key at hand.
    pub fn keks(&self) -> Keks {
        self.held().file.keks.clone()
    }

    /// What protects the key file, as it was when it was opened.
    pub fn protection(&self) -> Protection {
        self.held().file.protection.clone()
    }

    /// The keys as they were read, for opening a copy of this archive.
    pub fn key_file(&self) -> KeyFile {
        self.held().file.clone()
    }

    /// To be held from [`wrap`](Self::wrap) until the wrapped key is durable, so that a rotation misses none.
    pub fn wrapping(&self) -> RwLockReadGuard<'_, ()> {
        self.inner.unwritten.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until every key that was wrapped before is durable, or given up.
    pub fn settled(&self) -> RwLockWriteGuard<'_, ()> {
        self.inner.unwritten.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wraps a record's DEK for the `Keys` table.
    pub fn wrap(&self, dek: &Dek, id: RecordId) -> Result<Vec<u8>, ArchiveError> {
        Ok(self.active().wrap(dek, id.as_bytes())?)
    }

    /// The archive-level DEK wrapped by `kek`, for the row that opens everything else.
    pub fn wrap_archive_key(&self, kek: &Kek) -> Result<Vec<u8>, ArchiveError> {
        Ok(kek.wrap(&self.inner.archive, &ARCHIVE_CONTEXT)?)
    }

    /// Fetches and unwraps a record's DEK.
    pub fn dek(&self, view: &dyn View, id: RecordId) -> Result<Dek, ArchiveError> {
        let wrapped = view.get(Table::Keys, id.as_bytes())?.ok_or_else(|| self.missing(view, id))?;
        Ok(self.held().file.keks.open(&wrapped, id.as_bytes())?)
    }

    /// Seals journal details that belong to no single record (searches, exports, sign-ins).
    pub fn seal_archive_details<T: Serialize>(&self, details: &T) -> Result<Vec<u8>, ArchiveError> {
        seal_json(&self.inner.archive, Purpose::JournalDetails, &ARCHIVE_CONTEXT, details)
    }

    /// Reads what [`seal_archive_details`](Self::seal_archive_details) wrote.
    pub fn unseal_archive_details(&self, sealed: &[u8]) -> Result<serde_json::Value, ArchiveError> {
        unseal_json(&self.inner.archive, Purpose::JournalDetails, &ARCHIVE_CONTEXT, sealed)
    }

    /// The key that index files are sealed under.
    pub fn index_key(&self) -> seal::DerivedKey {
        self.inner.archive.derive("search-index")
    }

    /// The key that packs of backups are sealed under.
    pub fn pack_key(&self) -> Dek {
        backup::pack_key(&self.inner.archive)
    }

    /// Opens a backup repository of this archive.
    pub fn open_backup<'a>(&self, repository: &'a dyn Repository) -> Result<Opened<'a>, BackupError> {
        Opened::open(repository, &self.keks(), &ARCHIVE_CONTEXT)
    }

    /// Row key under which identical content is recognised, without revealing its digest.
    pub fn dedup_key(&self, digest: &Digest) -> Vec<u8> {
        self.mac("dedup", &[&digest.0])
    }

    /// Row key of a bearer token: the token itself is never stored.
    pub fn token_key(&self, token: &str) -> Vec<u8> {
        [rows::meta::TOKEN_PREFIX, &self.mac("token", &[token.as_bytes()])].concat()
    }

    /// Row key of a user: names stand in no key, so that they are only where they are sealed.
    pub fn user_key(&self, folded_name: &str) -> Vec<u8> {
        [rows::meta::USER_PREFIX, &self.mac("user", &[folded_name.as_bytes()])].concat()
    }

    /// Seals a row that decides about rights, bound to its own key: moved to another key it does not open.
    pub fn seal_row<T: Serialize>(&self, key: &[u8], row: &T) -> Result<Vec<u8>, ArchiveError> {
        let context = self.row_context(key);
        Ok(seal::seal(
            &self.inner.archive,
            Purpose::Secret,
            &context,
            &rows::encode(row),
            Compression::Never,
        )?)
    }

    /// Reads what [`seal_row`](Self::seal_row) wrote under the same key.
    pub fn unseal_row<T: DeserializeOwned>(&self, key: &[u8], sealed: &[u8]) -> Result<T, ArchiveError> {
        unseal_json(&self.inner.archive, Purpose::Secret, &self.row_context(key), sealed)
    }

    fn row_context(&self, key: &[u8]) -> [u8; 16] {
        let mac = self.mac("row", &[key]);
        let mut context = [0; 16];
        context.iter_mut().zip(mac).for_each(|(to, from)| *to = from);
        context
    }

    /// HMAC-SHA256 over length-prefixed parts under a key of its own per label.
    pub fn mac(&self, label: &str, parts: &[&[u8]]) -> Vec<u8> {
        let key = self.inner.archive.derive(label);
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())
            .expect("HMAC takes keys of any length (RFC 2104, section 2)");
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().to_vec()
    }
}

/// Seals a value as JSON under `dek`.
pub fn seal_json<T: Serialize>(
    dek: &Dek,
    purpose: Purpose,
    context: &[u8; 16],
    value: &T,
) -> Result<Vec<u8>, ArchiveError> {
    Ok(seal::seal(dek, purpose, context, &rows::encode(value), Compression::IfItHelps)?)
}

/// Unseals a value that [`seal_json`] sealed.
pub fn unseal_json<T: DeserializeOwned>(
    dek: &Dek,
    purpose: Purpose,
    context: &[u8; 16],
    sealed: &[u8],
) -> Result<T, ArchiveError> {
    let json = seal::unseal_limited(dek, purpose, context, sealed, MAX_SMALL_OBJECT)?;
    rows::decode("sealed JSON", &json)
}
