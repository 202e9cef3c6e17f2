//! The key-encryption key: wraps the data key of every contract, and can be replaced without touching one.

use std::fmt;

use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::secret::{Secret, random};
use super::{Context, Dek, KeyId, SealError, derive};

/// Version of the wrapped form written by this release.
const VERSION: u8 = 1;
/// First bytes of the data authenticated with a wrapped key.
const LABEL: &[u8; 14] = b"shosoin/v1/dek";
const WHAT: &str = "a wrapped data key";

/// Length of a wrapped data key in bytes: version 1, key id 8, nonce 12, key 32, tag 16.
pub const WRAPPED_LEN: usize = 69;

/// A key-encryption key: whoever has it can open every contract of the archive.
///
/// Wrapping uses random 96-bit nonces, so one KEK may wrap at most 2^32 data keys (NIST SP 800-38D,
/// section 8.3); an archive of 4 billion contracts must have rotated it by then (`archive/rotate.rs`). Wipes itself, prints only
/// its id, not `Clone`, not comparable.
pub struct Kek {
    key: Secret,
    id: KeyId,
}

impl Kek {
    /// Draws a new key from the operating system.
    ///
    /// # Errors
    /// [`SealError::Random`] when the operating system gives no random bytes.
    pub fn generate() -> Result<Self, SealError> {
        Secret::generate().map(Self::new)
    }

    /// Takes over key bytes that a key provider kept; wipes the original.
    pub fn from_bytes(mut bytes: Zeroizing<[u8; 32]>) -> Self {
        Self::new(Secret::take(&mut bytes))
    }

    fn new(key: Secret) -> Self {
        let id = derive::key_id(&key);
        Self { key, id }
    }

    /// The key's public name.
    pub fn id(&self) -> KeyId {
        self.id
    }

    pub(super) fn secret(&self) -> &Secret {
        &self.key
    }

    /// Wraps `dek` for the record named by `context`: [`WRAPPED_LEN`] bytes, as drawn in
    /// `schema/sealed-object.md`, section 5. Each call gives other bytes.
    ///
    /// # Errors
    /// [`SealError::Random`] when the operating system gives no random bytes.
    pub fn wrap(&self, dek: &Dek, context: &Context) -> Result<Vec<u8>, SealError> {
        let nonce = random::<12>()?;
        let mut key = Zeroizing::new(*dek.secret().bytes());
        let tag = self
            .cipher()
            .encrypt_inout_detached(&nonce.into(), &aad(self.id, context), InOutBuf::from(key.as_mut_slice()))
            .expect("AES-GCM refuses only messages of more than 2^36 bytes; this one has 32");
        let mut wrapped = Vec::with_capacity(WRAPPED_LEN);
        wrapped.push(VERSION);
        wrapped.extend_from_slice(self.id.as_bytes());
        wrapped.extend_from_slice(&nonce);
        wrapped.extend_from_slice(key.as_slice());
        wrapped.extend_from_slice(&tag);
        Ok(wrapped)
    }

    /// Opens what [`wrap`](Self::wrap) gave for the same `context`.
    ///
    /// # Errors
    /// [`SealError::WrongKek`] when another KEK wrapped it, [`SealError::Tampered`] when the bytes or the
    /// context are not those that were wrapped; the errors of [`kek_of`] when it is no wrapped key at all.
    pub fn unwrap(&self, wrapped: &[u8], context: &Context) -> Result<Dek, SealError> {
        let parts = Wrapped::parse(wrapped)?;
        if parts.kek != self.id {
            return Err(SealError::WrongKek { expected: parts.kek, found: self.id });
        }
        let mut key = Zeroizing::new(*parts.key);
        self.cipher()
            .decrypt_inout_detached(
                &(*parts.nonce).into(),
                &aad(self.id, context),
                InOutBuf::from(key.as_mut_slice()),
                &(*parts.tag).into(),
            )
            .map_err(|_| SealError::Tampered)?;
        Ok(Dek::from_bytes(key))
    }

    fn cipher(&self) -> Aes256Gcm {
        let key = derive::wrapping_key(&self.key);
        Aes256Gcm::new((&*key).into())
    }
}

/// Which KEK opens `wrapped`; lets rotation find the keys that still need the old one, without any key.
///
/// # Errors
/// [`SealError::UnsupportedVersion`], [`SealError::Truncated`] or [`SealError::TrailingBytes`] when
/// `wrapped` is not a wrapped data key of this format.
pub fn kek_of(wrapped: &[u8]) -> Result<KeyId, SealError> {
    Wrapped::parse(wrapped).map(|parts| parts.kek)
}

/// The fields of a wrapped key, not yet authenticated.
struct Wrapped<'a> {
    kek: KeyId,
    nonce: &'a [u8; 12],
    key: &'a [u8; 32],
    tag: &'a [u8; 16],
}

impl<'a> Wrapped<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, SealError> {
        let (expected, found) = (WRAPPED_LEN as u64, bytes.len() as u64);
        let truncated = || SealError::Truncated { expected, found };
        let (&version, rest) = bytes.split_first().ok_or_else(truncated)?;
        if version != VERSION {
            return Err(SealError::UnsupportedVersion { what: WHAT, found: version });
        }
        let (kek, rest) = rest.split_first_chunk::<8>().ok_or_else(truncated)?;
        let (nonce, rest) = rest.split_first_chunk::<12>().ok_or_else(truncated)?;
        let (key, rest) = rest.split_first_chunk::<32>().ok_or_else(truncated)?;
        let (tag, rest) = rest.split_first_chunk::<16>().ok_or_else(truncated)?;
        if !rest.is_empty() {
            return Err(SealError::TrailingBytes { expected, found });
        }
        Ok(Self { kek: KeyId::from_bytes(*kek), nonce, key, tag })
    }
}

fn aad(id: KeyId, context: &Context) -> [u8; 38] {
    let mut aad = [0; 38];
    aad[..14].copy_from_slice(LABEL);
    aad[14..22].copy_from_slice(id.as_bytes());
    aad[22..].copy_from_slice(context);
    aad
}

impl ZeroizeOnDrop for Kek {}

impl fmt::Debug for Kek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kek({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: Context = [7; 16];

    fn kek(byte: u8) -> Kek {
        Kek::from_bytes(Zeroizing::new([byte; 32]))
    }

    #[test]
    fn a_wrapped_key_unwraps_to_itself() {
        let dek = Dek::generate().unwrap();
        let wrapped = kek(1).wrap(&dek, &CONTEXT).unwrap();
        assert_eq!(wrapped.len(), WRAPPED_LEN);
        assert_eq!(kek_of(&wrapped), Ok(kek(1).id()));
        let back = kek(1).unwrap(&wrapped, &CONTEXT).unwrap();
        assert_eq!(back.secret().bytes(), dek.secret().bytes());
    }

    #[test]
    fn the_key_itself_is_not_in_its_wrapped_form_and_two_wraps_differ() {
        let dek = Dek::generate().unwrap();
        let (a, b) = (kek(1).wrap(&dek, &CONTEXT).unwrap(), kek(1).wrap(&dek, &CONTEXT).unwrap());
        assert_ne!(a, b);
        assert!(!a.windows(32).any(|window| window == dek.secret().bytes()));
    }

    #[test]
    fn another_kek_is_named_in_the_error() {
        let wrapped = kek(1).wrap(&Dek::generate().unwrap(), &CONTEXT).unwrap();
        let error = kek(2).unwrap(&wrapped, &CONTEXT).unwrap_err();
        assert_eq!(error, SealError::WrongKek { expected: kek(1).id(), found: kek(2).id() });
        assert!(error.to_string().contains(&format!("load the key file whose key id is {}", kek(1).id())));
    }

    #[test]
    fn a_wrapped_key_does_not_open_for_another_record() {
        let wrapped = kek(1).wrap(&Dek::generate().unwrap(), &CONTEXT).unwrap();
        assert_eq!(kek(1).unwrap(&wrapped, &[8; 16]).unwrap_err(), SealError::Tampered);
    }

    #[test]
    fn every_flipped_bit_of_a_wrapped_key_is_noticed() {
        let wrapped = kek(1).wrap(&Dek::generate().unwrap(), &CONTEXT).unwrap();
        for bit in 0..wrapped.len() * 8 {
            let mut altered = wrapped.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(kek(1).unwrap(&altered, &CONTEXT).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_wrapped_key_of_another_length_is_refused() {
        let wrapped = kek(1).wrap(&Dek::generate().unwrap(), &CONTEXT).unwrap();
        for len in 0..wrapped.len() {
            let error = SealError::Truncated { expected: 69, found: len as u64 };
            assert_eq!(kek(1).unwrap(&wrapped[..len], &CONTEXT).unwrap_err(), error);
        }
        let longer = [wrapped.as_slice(), &[0]].concat();
        let error = SealError::TrailingBytes { expected: 69, found: 70 };
        assert_eq!(kek(1).unwrap(&longer, &CONTEXT).unwrap_err(), error);
    }

    #[test]
    fn a_kek_prints_only_its_id() {
        let kek = kek(0xee);
        assert_eq!(format!("{kek:?}"), format!("Kek({})", kek.id()));
        assert!(!format!("{kek:?}").contains("eeee"));
        assert!(!format!("{kek:?}").contains("238, 238"));
    }
}
