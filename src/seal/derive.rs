//! Every key derivation of the archive, in one place: HKDF-SHA256 (RFC 5869).
//!
//! The labels keep the uses of one key apart. A label **must never** be given a second meaning; a changed
//! derivation gets a new label.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::secret::Secret;
use super::{Context, KeyId, Purpose};

const KEY_ID: &[u8] = b"shosoin/v1/key-id";
const WRAP: &[u8] = b"shosoin/v1/wrap";
const SEAL: &[u8] = b"shosoin/v1/seal";
const DERIVE: &[u8] = b"shosoin/v1/derive/";

/// The public name of a KEK.
pub(super) fn key_id(kek: &Secret) -> KeyId {
    let mut id = [0; 8];
    expand(None, kek, &[KEY_ID], &mut id);
    KeyId::from_bytes(id)
}

/// The key under which a KEK wraps data keys.
pub(super) fn wrapping_key(kek: &Secret) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    expand(None, kek, &[WRAP], key.as_mut_slice());
    key
}

/// The AES-256 key (32 bytes) and nonce prefix (7 bytes) of one sealed object.
///
/// The salt is random for each object, so no two objects share a key even under one DEK, purpose and
/// context; the nonces of [`super::stream`] may therefore start from zero in each.
pub(super) fn object_key(
    dek: &Secret,
    salt: &[u8; 16],
    purpose: Purpose,
    context: &Context,
) -> Zeroizing<[u8; 39]> {
    let mut key = Zeroizing::new([0; 39]);
    expand(Some(salt), dek, &[SEAL, &[purpose as u8], context], key.as_mut_slice());
    key
}

/// A key for a use outside sealed objects, named by `label`.
pub(super) fn labelled_key(dek: &Secret, label: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    expand(None, dek, &[DERIVE, label.as_bytes()], key.as_mut_slice());
    key
}

fn expand(salt: Option<&[u8]>, key: &Secret, info: &[&[u8]], out: &mut [u8]) {
    debug_assert!(out.len() <= 255 * 32);
    Hkdf::<Sha256>::new(salt, key.bytes())
        .expand_multi_info(info, out)
        .expect("every caller above asks for at most 39 bytes; HKDF-SHA256 gives up to 8,160");
}
