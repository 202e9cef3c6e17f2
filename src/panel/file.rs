//! The file to be examined, as the caller has it.

use crate::pki::Milestones;

/// The bytes of a file, and what is known of their digest.
#[derive(Clone, Copy)]
pub struct File<'a> {
    pub bytes: &'a [u8],
    /// Of the same bytes; saves digesting them again. Whoever gives others gets a wrong answer.
    pub milestones: Option<&'a Milestones>,
}

impl<'a> From<&'a [u8]> for File<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self { bytes, milestones: None }
    }
}

impl<'a> From<&'a Vec<u8>> for File<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        bytes.as_slice().into()
    }
}
