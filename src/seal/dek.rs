//! The data-encryption key: one per contract, and its destruction is the contract's destruction.

use std::fmt;

use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::secret::Secret;
use super::{SealError, derive};

/// A data-encryption key.
///
/// It exists in memory only while something is sealed or opened; at rest it is only ever wrapped by a
/// [`Kek`](super::Kek). Not `Clone`, not comparable, not serialisable; wipes itself.
pub struct Dek(Secret);

impl Dek {
    /// Draws a new key from the operating system.
    ///
    /// # Errors
    /// [`SealError::Random`] when the operating system gives no random bytes.
    pub fn generate() -> Result<Self, SealError> {
        Secret::generate().map(Self)
    }

    /// Takes over key bytes that were kept elsewhere (an unwrapped key, a test vector); wipes the original.
    pub fn from_bytes(mut bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(Secret::take(&mut bytes))
    }

    /// A key for a use other than sealing, e.g. an HMAC that recognises duplicates.
    ///
    /// `label` names the use, is a constant of the program, and must never be given a second meaning.
    /// The same key and label always give the same bytes.
    pub fn derive(&self, label: &str) -> DerivedKey {
        DerivedKey(Secret::take(&mut derive::labelled_key(&self.0, label)))
    }

    /// The key itself, so that a test can look for it in every file.
    #[cfg(test)]
    pub(crate) fn bytes_for_tests(&self) -> [u8; 32] {
        *self.0.bytes()
    }

    pub(super) fn secret(&self) -> &Secret {
        &self.0
    }
}

impl ZeroizeOnDrop for Dek {}

impl fmt::Debug for Dek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dek(..)")
    }
}

/// 32 bytes derived from a [`Dek`] for one named use; wipes itself and does not print.
pub struct DerivedKey(Secret);

impl DerivedKey {
    /// The key, for the primitive that needs it; do not copy it anywhere that outlives `self`.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.bytes()
    }
}

impl ZeroizeOnDrop for DerivedKey {}

impl fmt::Debug for DerivedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DerivedKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_do_not_print_their_bytes() {
        let dek = Dek::from_bytes(Zeroizing::new([0x41; 32]));
        assert_eq!(format!("{dek:?}"), "Dek(..)");
        assert_eq!(format!("{:?}", dek.derive("test")), "DerivedKey(..)");
        assert_eq!(format!("{:?}", dek.secret()), "..");
    }

    #[test]
    fn a_derived_key_depends_on_key_and_label_only() {
        let dek = || Dek::from_bytes(Zeroizing::new([1; 32]));
        let other = Dek::from_bytes(Zeroizing::new([2; 32]));
        assert_eq!(dek().derive("a").as_bytes(), dek().derive("a").as_bytes());
        assert_ne!(dek().derive("a").as_bytes(), dek().derive("b").as_bytes());
        assert_ne!(dek().derive("a").as_bytes(), other.derive("a").as_bytes());
        assert_ne!(dek().derive("a").as_bytes(), &[1; 32]);
    }

    #[test]
    fn generated_keys_differ() {
        let (a, b) = (Dek::generate().unwrap(), Dek::generate().unwrap());
        assert_ne!(a.secret().bytes(), b.secret().bytes());
        assert_ne!(a.secret().bytes(), &[0; 32]);
    }
}
