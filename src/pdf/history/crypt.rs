//! Encrypted files that open without a password (ISO 32000-2, 7.6): RC4 and AES by lopdf, object by object.
//!
//! lopdf's own way to load an encrypted file knows no budget. Here only objects that are asked for are
//! decrypted, each within the budget of every other file; deriving the key is a fixed amount of work.

use std::rc::Rc;

use lopdf::{Document, EncryptionState, Object};

use super::{History, Unreadable, number_of};

/// The key of a file whose user password is empty.
pub(super) fn with_empty_password(history: &History) -> Result<EncryptionState, Unreadable> {
    let trailer = &history.newest().trailer;
    let mut doc = Document::new();
    doc.trailer = trailer.clone();
    if let Some(number) = number_of(trailer.get(b"Encrypt").ok()) {
        let parsed = history.get(history.last(), number).ok_or(Unreadable::Encrypted)?;
        let Object::Dictionary(dictionary) = &Rc::as_ref(&parsed).object else {
            return Err(Unreadable::Encrypted);
        };
        doc.objects.insert((number, 0), Object::Dictionary(dictionary.clone()));
        doc.trailer.set("Encrypt", (number, 0));
    }
    EncryptionState::decode(&doc, "").map_err(|_| Unreadable::Encrypted)
}
