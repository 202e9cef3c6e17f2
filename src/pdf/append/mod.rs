//! Appending to a signed PDF (ISO 32000-2, 7.5.6): validation data and a document timestamp (12.8.4.3, 12.8.5).
//!
//! The bytes that are there stay as they are; what comes after them is written by hand, not by a library: objects that
//! change are their own text with a piece put in, so that no number and no string is spelt anew, which a validator would
//! take for a change. Files that other readers would have to repair first, or that are encrypted, are refused.

mod splice;
mod tail;
#[cfg(test)]
mod tests;
mod update;

use std::ops::Range;

use super::guard;
use super::history::{History, Unreadable};
use super::limits::{MAX_INPUT_BYTES, PATIENCE};
use super::load;

/// Room for the token, in bytes: with its chain and an answer about each certificate a token has 4 to 12 KiB.
pub const TOKEN_ROOM: usize = 24 << 10;

/// Validation data of one signature, each item in DER.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignatureData {
    /// The value of `/Contents`, padding included, which names it in the store.
    pub contents: Vec<u8>,
    pub certificates: Vec<Vec<u8>>,
    pub crls: Vec<Vec<u8>>,
    pub ocsps: Vec<Vec<u8>>,
}

impl SignatureData {
    fn is_empty(&self) -> bool {
        self.certificates.is_empty() && self.crls.is_empty() && self.ocsps.is_empty()
    }
}

/// What is to be appended.
#[derive(Clone, Debug, Default)]
pub struct Addition {
    /// Goes into the document security store, as far as it is not there.
    pub data: Vec<SignatureData>,
    /// Name of the new field of a document timestamp; `None`: no timestamp.
    pub timestamp: Option<String>,
}

/// What to write behind the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Length of the file before.
    pub start: usize,
    pub tail: Vec<u8>,
    /// Where the value of `/Contents` stands in `tail`, its brackets included, when there is a timestamp.
    hole: Option<Range<usize>>,
}

/// Why nothing can be appended to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAppendable {
    #[error("it is not a PDF")]
    NotPdf,
    #[error(
        "bytes stand before its header, so that offsets in it mean different things to different readers"
    )]
    BytesBeforeHeader,
    #[error("it is encrypted")]
    Encrypted,
    #[error("its cross-reference table is damaged; readers repair it, each in its own way")]
    CrossReference,
    #[error("bytes stand behind its end")]
    BytesAfterEnd,
    #[error("its catalog, form or first page is not as it must be")]
    Structure,
    #[error("its form is an XFA form, which knows nothing of fields that are added")]
    Xfa,
    #[error("it is larger or more complex than this release reads")]
    TooComplex,
    #[error("the token is longer than the {TOKEN_ROOM} bytes kept for it")]
    TokenTooLong,
}

/// Makes what has to be written behind `file`; the token of a timestamp is still missing. Nothing to add: an empty tail.
///
/// # Errors
/// Why the file cannot be appended to. Bounded in time and memory like everything that reads a PDF.
pub fn append(file: &[u8], addition: Addition) -> Result<Appended, NotAppendable> {
    let Some((offset, _)) = load::header(file) else { return Err(NotAppendable::NotPdf) };
    if offset > 0 {
        return Err(NotAppendable::BytesBeforeHeader);
    }
    if file.len() > MAX_INPUT_BYTES || load::has_too_many_tokens(file) {
        return Err(NotAppendable::TooComplex);
    }
    let work = move |file: &[u8]| {
        let history = History::read(file).map_err(|why| match why {
            Unreadable::CrossReference => NotAppendable::CrossReference,
            Unreadable::Encrypted => NotAppendable::Encrypted,
            Unreadable::TooMuch => NotAppendable::TooComplex,
        })?;
        if history.encrypted {
            return Err(NotAppendable::Encrypted);
        }
        let after = file.get(history.newest().end..).unwrap_or_default();
        if !after.trim_ascii().is_empty() {
            return Err(NotAppendable::BytesAfterEnd);
        }
        update::write(&history, &addition)
    };
    guard::run(file, PATIENCE, work).map_err(|_| NotAppendable::TooComplex)?
}

impl Appended {
    /// The two parts of the whole file that the token is about, as offset and length.
    pub fn signed(&self) -> Option<[Range<usize>; 2]> {
        let hole = self.hole.as_ref()?;
        let end = self.start + self.tail.len();
        Some([0..self.start + hole.start, self.start + hole.end..end])
    }

    /// Puts the token into its place.
    ///
    /// # Errors
    /// [`NotAppendable::TokenTooLong`]
    pub fn fill(mut self, token: &[u8]) -> Result<Vec<u8>, NotAppendable> {
        let hole = self.hole.clone().ok_or(NotAppendable::Structure)?;
        let room = self.tail.get_mut(hole).ok_or(NotAppendable::Structure)?;
        if token.len() > TOKEN_ROOM {
            return Err(NotAppendable::TokenTooLong);
        }
        let digits = token.iter().flat_map(|byte| hex(*byte));
        // The first byte of the room is the bracket; what the token does not fill stays zeros.
        room.iter_mut().skip(1).zip(digits).for_each(|(place, digit)| *place = digit);
        Ok(self.tail)
    }
}

fn hex(byte: u8) -> [u8; 2] {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    [digit(byte >> 4), digit(byte & 15)]
}
