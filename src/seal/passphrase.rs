//! Passphrases: text that a person remembers, made into a key by Argon2id (RFC 9106).

use std::fmt;

use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit};
use argon2::{Algorithm, Argon2, Params, Version};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::secret::{Secret, random};
use super::{Kek, KeyId, SealError};

/// First bytes of the data authenticated with a KEK under a passphrase.
const LABEL: &[u8] = b"shosoin/v1/passphrase";

/// Fewest characters of a passphrase that is set. Whoever steals the file can try passphrases without end, so it must be
/// longer than a password (NIST SP 800-63B asks for 8 where tries are limited, and 15 where nothing else protects).
const MIN_CHARS: usize = 15;
/// Most bytes of a passphrase; longer text was named by mistake.
const MAX_BYTES: usize = 1024;

/// How hard it is to try one passphrase: parameters of Argon2id, version 0x13.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hardness {
    /// Memory, KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Hardness {
    /// The second recommended option of RFC 9106, section 4 (64 MiB, 3 passes, 4 lanes): above the minimum that OWASP's
    /// Password Storage Cheat Sheet names (19 MiB, 2 passes), and within the memory of any machine that runs an archive.
    pub const DEFAULT: Self = Self { memory_kib: 64 << 10, passes: 3, lanes: 4 };
    /// A key file is input like any other: it must not make its reader use more than 1 GiB, or minutes.
    pub const MAX: Self = Self { memory_kib: 1 << 20, passes: 16, lanes: 16 };

    /// Whether a file may ask for it.
    pub fn is_bearable(self) -> bool {
        self.memory_kib <= Self::MAX.memory_kib
            && (1..=Self::MAX.passes).contains(&self.passes)
            && (1..=Self::MAX.lanes).contains(&self.lanes)
            // RFC 9106, section 3.1: at least 8 KiB for each lane.
            && self.memory_kib >= 8 * self.lanes
    }
}

/// A passphrase as typed, in one spelling; wipes itself and does not print.
pub struct Passphrase(Zeroizing<String>);

/// Why some text is no passphrase. None repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPassphrase {
    #[error("the passphrase is empty; type it, or name a file that holds it")]
    Empty,
    #[error("the passphrase is longer than {MAX_BYTES} bytes; check that the right file was named")]
    TooLong,
    #[error(
        "the passphrase holds a control character or more than one line; check that the right file was named"
    )]
    Control,
    #[error(
        "the passphrase is shorter than {MIN_CHARS} characters; take a sentence, or five words chosen at random"
    )]
    TooShort,
}

impl Passphrase {
    /// Takes typed text in the spelling of RFC 8265, section 4.2 (OpaqueString): NFC, every kind of space as U+0020. So
    /// the same words typed on another system are the same passphrase.
    ///
    /// # Errors
    /// [`BadPassphrase`]
    pub fn new(typed: &str) -> Result<Self, BadPassphrase> {
        if typed.is_empty() {
            return Err(BadPassphrase::Empty);
        }
        if typed.len() > MAX_BYTES {
            return Err(BadPassphrase::TooLong);
        }
        if typed.chars().any(char::is_control) {
            return Err(BadPassphrase::Control);
        }
        // NFC lengthens no character more than threefold, so this never grows and leaves no copy behind.
        let mut text = Zeroizing::new(String::with_capacity(3 * typed.len()));
        text.extend(typed.nfc().map(|c| if c.is_whitespace() { ' ' } else { c }));
        Ok(Self(text))
    }

    /// The same for a passphrase that is being set: it must be long enough to withstand guessing.
    ///
    /// # Errors
    /// [`BadPassphrase`]
    pub fn to_set(typed: &str) -> Result<Self, BadPassphrase> {
        let passphrase = Self::new(typed)?;
        match passphrase.0.chars().count() {
            count if count < MIN_CHARS => Err(BadPassphrase::TooShort),
            _ => Ok(passphrase),
        }
    }

    /// Whether both are the same text; takes the same time wherever they differ.
    pub fn is(&self, other: &Self) -> bool {
        use subtle::ConstantTimeEq as _;
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// What a passphrase gives with one salt: it seals KEKs. Kept while an archive is open, so that a new KEK gets the same
/// protection without asking again.
pub struct PassKey {
    key: Secret,
    pub(super) salt: [u8; 16],
    pub(super) hardness: Hardness,
}

/// A KEK sealed under a [`PassKey`].
pub(super) struct SealedKek {
    pub nonce: [u8; 12],
    /// The key, then the tag.
    pub sealed: [u8; 48],
}

impl PassKey {
    /// Makes the key of a passphrase that is being set, with a fresh salt.
    ///
    /// # Errors
    /// [`SealError::Random`], [`SealError::OutOfMemory`].
    pub fn new(passphrase: &Passphrase, hardness: Hardness) -> Result<Self, SealError> {
        Self::derive(passphrase, random()?, hardness)
    }

    /// Makes the key again from the salt that a file states. The caller has made sure that the hardness is bearable.
    pub(super) fn derive(
        passphrase: &Passphrase,
        salt: [u8; 16],
        hardness: Hardness,
    ) -> Result<Self, SealError> {
        let Hardness { memory_kib, passes, lanes } = hardness;
        let out_of_memory = SealError::OutOfMemory { bytes: u64::from(memory_kib) << 10 };
        let params = Params::new(memory_kib, passes, lanes, Some(32)).map_err(|_| out_of_memory.clone())?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.0.as_bytes(), &salt, key.as_mut_slice())
            .map_err(|_| out_of_memory)?;
        Ok(Self { key: Secret::take(&mut key), salt, hardness })
    }

    /// Whether a file's lines were sealed under this key.
    pub(super) fn fits(&self, salt: &[u8; 16], hardness: Hardness) -> bool {
        self.salt == *salt && self.hardness == hardness
    }

    pub fn hardness(&self) -> Hardness {
        self.hardness
    }

    /// Seals a KEK. The salt, and so the key, is drawn for each passphrase; a file has a handful of KEKs, so random
    /// nonces do not repeat.
    pub(super) fn seal(&self, kek: &Kek) -> Result<SealedKek, SealError> {
        let nonce = random::<12>()?;
        let mut sealed = [0; 48];
        let (key, tag_at) = sealed.split_at_mut(32);
        key.copy_from_slice(kek.secret().bytes());
        let tag = self
            .cipher()
            .encrypt_inout_detached(&nonce.into(), &self.aad(kek.id()), InOutBuf::from(key))
            .expect("AES-GCM refuses only messages of more than 2^36 bytes; this one has 32");
        tag_at.copy_from_slice(&tag);
        Ok(SealedKek { nonce, sealed })
    }

    /// Opens a sealed KEK; `None` when passphrase or bytes are not right, which cannot be told apart.
    pub(super) fn open(&self, sealed: &SealedKek, id: KeyId) -> Option<Kek> {
        let (key, tag) = sealed.sealed.split_first_chunk::<32>()?;
        let tag = <[u8; 16]>::try_from(tag).ok()?;
        let mut key = Zeroizing::new(*key);
        self.cipher()
            .decrypt_inout_detached(
                &sealed.nonce.into(),
                &self.aad(id),
                InOutBuf::from(key.as_mut_slice()),
                &tag.into(),
            )
            .ok()?;
        let kek = Kek::from_bytes(key);
        (kek.id() == id).then_some(kek)
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(self.key.bytes().into())
    }

    fn aad(&self, id: KeyId) -> Vec<u8> {
        let Hardness { memory_kib, passes, lanes } = self.hardness;
        let numbers = [memory_kib, passes, lanes].map(u32::to_be_bytes).concat();
        [LABEL, &numbers, &self.salt, id.as_bytes()].concat()
    }
}

impl fmt::Debug for PassKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PassKey").field("hardness", &self.hardness).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Hardness = Hardness { memory_kib: 64, passes: 1, lanes: 1 };

    fn kek() -> Kek {
        Kek::from_bytes(Zeroizing::new([9; 32]))
    }

    /// The test vector of RFC 9106, section 5.3, has a secret and associated data, which we do not use; this one is that
    /// of the reference implementation (`test.c`): "password", "somesalt", 2 passes, 64 MiB, 1 lane.
    #[test]
    fn argon2id_gives_what_the_reference_implementation_gives() {
        let params = Params::new(1 << 16, 2, 1, Some(32)).unwrap();
        let mut out = [0; 32];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into(b"password", b"somesalt", &mut out).unwrap();
        let hex: String = out.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7");
    }

    #[test]
    fn a_kek_opens_under_the_same_passphrase_and_no_other() {
        let passphrase = Passphrase::to_set("correct horse battery staple").unwrap();
        let key = PassKey::new(&passphrase, QUICK).unwrap();
        let mut sealed = key.seal(&kek()).unwrap();
        assert!(!sealed.sealed.windows(32).any(|window| window == [9; 32]));
        let again = PassKey::derive(&passphrase, key.salt, QUICK).unwrap();
        assert_eq!(again.open(&sealed, kek().id()).unwrap().id(), kek().id());
        let other = Passphrase::new("correct horse battery stapler").unwrap();
        assert!(PassKey::derive(&other, key.salt, QUICK).unwrap().open(&sealed, kek().id()).is_none());
        let harder = Hardness { passes: 2, ..QUICK };
        assert!(PassKey::derive(&passphrase, key.salt, harder).unwrap().open(&sealed, kek().id()).is_none());
        sealed.sealed[40] ^= 1;
        assert!(key.open(&sealed, kek().id()).is_none());
    }

    #[test]
    fn the_same_words_typed_elsewhere_are_the_same_passphrase() {
        let same = |a: &str, b: &str| Passphrase::new(a).unwrap().is(&Passphrase::new(b).unwrap());
        assert!(same("が ぎ ぐ", "か\u{3099}\u{3000}き\u{3099}\u{a0}く\u{3099}"));
        assert!(!same("正倉院", "正倉院 "));
    }

    #[test]
    fn what_cannot_be_a_passphrase_is_refused_and_never_repeated() {
        assert_eq!(Passphrase::new("").unwrap_err(), BadPassphrase::Empty);
        assert_eq!(Passphrase::new("two\nlines").unwrap_err(), BadPassphrase::Control);
        assert_eq!(Passphrase::new(&"x".repeat(1025)).unwrap_err(), BadPassphrase::TooLong);
        assert_eq!(Passphrase::to_set("fourteen chars").unwrap_err(), BadPassphrase::TooShort);
        assert_eq!(format!("{:?}", Passphrase::new("hunter2").unwrap()), "Passphrase(..)");
        let key = PassKey::new(&Passphrase::new("hunter2").unwrap(), QUICK).unwrap();
        assert!(!format!("{key:?}").contains("salt"));
    }

    #[test]
    fn a_file_cannot_ask_for_more_than_the_machine_bears() {
        assert!(Hardness::DEFAULT.is_bearable() && Hardness::MAX.is_bearable());
        for hardness in [
            Hardness { memory_kib: (1 << 20) + 1, ..Hardness::MAX },
            Hardness { passes: 17, ..Hardness::MAX },
            Hardness { passes: 0, ..Hardness::MAX },
            Hardness { lanes: 17, ..Hardness::MAX },
            Hardness { memory_kib: 31, ..Hardness::DEFAULT },
        ] {
            assert!(!hardness.is_bearable(), "{hardness:?}");
        }
    }
}
