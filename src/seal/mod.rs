//! Envelope encryption: every contract has its own key, and the archive's key wraps them all.
//!
//! ```text
//! Kek (one per archive, two while one replaces the other)  keks.rs; in a key file, under a passphrase or not: key_file.rs
//!  └─ wraps Dek (one per contract, destroyed with it)        kek.rs, dek.rs
//!      ├─ salt, purpose, context -> key of one sealed object  derive.rs
//!      │    └─ 64 KiB chunks of AES-256-GCM                   header.rs, stream.rs, object.rs, view.rs
//!      └─ label -> DerivedKey for other uses                  dek.rs
//! ```
//!
//! The bytes are drawn in `schema/sealed-object.md` and `schema/key-file.md`;
//! `tests/second_implementation/unseal.py` reads them from those pages alone. This folder knows keys and
//! bytes: no records, no stores, no clock.

mod compress;
mod dek;
mod derive;
mod error;
mod header;
mod kek;
mod keks;
pub mod key_file;
mod key_id;
mod object;
mod passphrase;
mod secret;
pub mod share;
mod stream;
mod view;

pub use compress::Compression;
pub use dek::{Dek, DerivedKey};
pub use error::SealError;
pub use header::Purpose;
pub use kek::{Kek, WRAPPED_LEN, kek_of};
pub use keks::{Keks, Unwrap};
pub use key_id::{InvalidKeyId, KeyId};
pub use object::{MAX_PLAIN_LEN, seal, seal_into, sealed_len, unseal, unseal_into, unseal_limited};
pub use passphrase::{BadPassphrase, Hardness, PassKey, Passphrase};
pub use view::SealedView;

/// What a key or an object belongs to: the 16 bytes of a `RecordId`, or a constant for archive-level keys.
///
/// Never stored in what it protects: the reader must already know it, so a sealed object or a wrapped key
/// moved to another record does not open there.
pub type Context = [u8; 16];

#[cfg(test)]
mod tests;
