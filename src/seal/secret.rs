//! Thirty-two secret bytes that wipe themselves and refuse to print.

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::SealError;

/// A 256-bit secret.
///
/// It lives on the heap so that moving the value moves a pointer: a move of an array would leave an
/// unwiped copy behind. Not `Clone`, not `PartialEq` (which would not be constant-time), not serialisable.
pub(super) struct Secret(Box<[u8; 32]>);

impl Secret {
    /// Draws a secret from the operating system.
    pub(super) fn generate() -> Result<Self, SealError> {
        let mut secret = Self(Box::new([0; 32]));
        getrandom::fill(secret.0.as_mut_slice()).map_err(SealError::Random)?;
        Ok(secret)
    }

    /// Takes over `bytes` and wipes the original.
    pub(super) fn take(bytes: &mut Zeroizing<[u8; 32]>) -> Self {
        let secret = Self(Box::new(**bytes));
        bytes.zeroize();
        secret
    }

    /// Whether both are the same; takes the same time wherever they differ.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

impl ZeroizeOnDrop for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

/// Fills an array that need not stay secret (a salt, a nonce).
pub(super) fn random<const N: usize>() -> Result<[u8; N], SealError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(SealError::Random)?;
    Ok(bytes)
}
