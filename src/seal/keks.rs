//! Several key-encryption keys at once: while one takes the other's place, both open what they wrapped.

use std::fmt;
use std::sync::Arc;

use super::{Context, Dek, Kek, KeyId, SealError, kek_of};

/// Whatever opens wrapped keys: one KEK, or several of which the right one is taken.
pub trait Unwrap {
    /// Opens a wrapped key for `context`.
    ///
    /// # Errors
    /// As [`Kek::unwrap`].
    fn open(&self, wrapped: &[u8], context: &Context) -> Result<Dek, SealError>;
}

impl Unwrap for Kek {
    fn open(&self, wrapped: &[u8], context: &Context) -> Result<Dek, SealError> {
        self.unwrap(wrapped, context)
    }
}

/// The KEKs of a key file, in its order. Never empty. Cheap to clone; wiped when the last clone goes.
#[derive(Clone)]
pub struct Keks {
    first: Arc<Kek>,
    others: Vec<Arc<Kek>>,
}

impl Keks {
    /// One key.
    pub fn new(first: Kek) -> Self {
        Self { first: Arc::new(first), others: Vec::new() }
    }

    /// Several; `None` when there is none. A key that is given twice counts once.
    pub fn of(keys: impl IntoIterator<Item = Arc<Kek>>) -> Option<Self> {
        let mut keys = keys.into_iter();
        let mut keks = Self { first: keys.next()?, others: Vec::new() };
        for key in keys {
            if keks.get(key.id()).is_none() {
                keks.others.push(key);
            }
        }
        Some(keks)
    }

    /// The key that the file names first.
    pub fn first(&self) -> &Arc<Kek> {
        &self.first
    }

    /// The key with this id.
    pub fn get(&self, id: KeyId) -> Option<&Arc<Kek>> {
        self.iter().find(|kek| kek.id() == id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<Kek>> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Ids of all keys, in order.
    pub fn ids(&self) -> Vec<KeyId> {
        self.iter().map(|kek| kek.id()).collect()
    }
}

impl Unwrap for Keks {
    /// Takes the key that the wrapped one names.
    fn open(&self, wrapped: &[u8], context: &Context) -> Result<Dek, SealError> {
        let needed = kek_of(wrapped)?;
        self.get(needed).unwrap_or(&self.first).unwrap(wrapped, context)
    }
}

impl fmt::Debug for Keks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    const CONTEXT: Context = [7; 16];

    fn kek(byte: u8) -> Arc<Kek> {
        Arc::new(Kek::from_bytes(Zeroizing::new([byte; 32])))
    }

    #[test]
    fn each_wrapped_key_opens_with_the_kek_that_it_names() {
        let keks = Keks::of([kek(1), kek(2), kek(1)]).unwrap();
        assert_eq!(keks.ids(), [kek(1).id(), kek(2).id()]);
        for byte in [1, 2] {
            let dek = Dek::generate().unwrap();
            let wrapped = kek(byte).wrap(&dek, &CONTEXT).unwrap();
            let back = keks.open(&wrapped, &CONTEXT).unwrap();
            assert_eq!(back.derive("x").as_bytes(), dek.derive("x").as_bytes());
        }
    }

    #[test]
    fn a_key_that_is_not_there_is_named() {
        let wrapped = kek(3).wrap(&Dek::generate().unwrap(), &CONTEXT).unwrap();
        let error = Keks::of([kek(1), kek(2)]).unwrap().open(&wrapped, &CONTEXT).unwrap_err();
        assert_eq!(error, SealError::WrongKek { expected: kek(3).id(), found: kek(1).id() });
        assert!(Keks::of([]).is_none());
    }
}
