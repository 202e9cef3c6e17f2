//! The header of a sealed object: 48 bytes, drawn in `schema/sealed-object.md`.

use std::fmt;

use super::{SealError, stream};

/// Length of the header in bytes.
pub(super) const HEADER_LEN: usize = 48;

const MAGIC: &[u8; 4] = b"SHOS";
const VERSION: u8 = 1;
/// Chunks of 2^16 bytes: the only size that version 1 allows.
const CHUNK_SIZE_LOG2: u8 = 16;
const WHAT: &str = "a sealed object";

/// What a sealed object holds. Each purpose has its own keys, so one cannot be passed off as another.
///
/// The numbers are part of the format: never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Purpose {
    /// The bytes of a contract, exactly as deposited.
    Content = 1,
    /// One version of a record's metadata.
    Metadata = 2,
    /// The details of one journal entry.
    JournalDetails = 3,
    /// One file of the search index.
    IndexFile = 4,
    /// A key or a credential; never compressed.
    Secret = 5,
    /// One pack of a backup repository.
    Backup = 6,
}

impl Purpose {
    fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Content,
            2 => Self::Metadata,
            3 => Self::JournalDetails,
            4 => Self::IndexFile,
            5 => Self::Secret,
            6 => Self::Backup,
            _ => return None,
        })
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Content => "a contract's content",
            Self::Metadata => "a record's metadata",
            Self::JournalDetails => "details of a journal entry",
            Self::IndexFile => "a file of the search index",
            Self::Secret => "a secret",
            Self::Backup => "a pack of a backup",
        })
    }
}

/// How the stored bytes stand for the plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Codec {
    /// As they are.
    Stored = 0,
    /// One zstd frame (RFC 8878).
    Zstd = 1,
}

/// What a header says; nothing of it is proven until a chunk has been opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub purpose: Purpose,
    pub codec: Codec,
    /// Length after compression, in bytes, without tags.
    pub stored_len: u64,
    /// Length of the plaintext in bytes.
    pub plain_len: u64,
    pub salt: [u8; 16],
}

impl Header {
    pub(super) fn encode(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..4].copy_from_slice(MAGIC);
        bytes[4] = VERSION;
        bytes[5] = self.purpose as u8;
        bytes[6] = self.codec as u8;
        bytes[7] = CHUNK_SIZE_LOG2;
        // 8..16 is reserved and stays zero.
        bytes[16..24].copy_from_slice(&self.stored_len.to_be_bytes());
        bytes[24..32].copy_from_slice(&self.plain_len.to_be_bytes());
        bytes[32..].copy_from_slice(&self.salt);
        bytes
    }

    /// Reads the header at the start of `sealed` and checks that exactly as many bytes follow it as it
    /// claims, so that nothing later needs to trust a length.
    pub(super) fn parse(sealed: &[u8]) -> Result<(Self, &[u8; HEADER_LEN], &[u8]), SealError> {
        let found = sealed.len() as u64;
        if !sealed.iter().zip(MAGIC).all(|(a, b)| a == b) {
            return Err(SealError::NotSealed { what: WHAT });
        }
        let Some((raw, body)) = sealed.split_first_chunk::<HEADER_LEN>() else {
            return Err(SealError::Truncated { expected: HEADER_LEN as u64, found });
        };
        let header = Self::decode(raw)?;
        let bad_len = SealError::BadHeader { field: "stored length", found: header.stored_len };
        let expected = stream::sealed_body_len(header.stored_len)
            .and_then(|len| len.checked_add(HEADER_LEN as u64))
            .ok_or(bad_len)?;
        match found {
            _ if found < expected => Err(SealError::Truncated { expected, found }),
            _ if found > expected => Err(SealError::TrailingBytes { expected, found }),
            _ => Ok((header, raw, body)),
        }
    }

    fn decode(raw: &[u8; HEADER_LEN]) -> Result<Self, SealError> {
        let [_, _, _, _, version, purpose, codec, chunk_size, ..] = *raw;
        if version != VERSION {
            return Err(SealError::UnsupportedVersion { what: WHAT, found: version });
        }
        let bad = |field, found: u64| SealError::BadHeader { field, found };
        let purpose = Purpose::from_number(purpose).ok_or_else(|| bad("purpose", purpose.into()))?;
        let codec = match codec {
            0 => Codec::Stored,
            1 => Codec::Zstd,
            _ => return Err(bad("codec", codec.into())),
        };
        if chunk_size != CHUNK_SIZE_LOG2 {
            return Err(bad("chunk size log2", chunk_size.into()));
        }
        let reserved = u64::from_be_bytes(field(raw, 8));
        if reserved != 0 {
            return Err(bad("reserved bytes", reserved));
        }
        let (stored_len, plain_len) =
            (u64::from_be_bytes(field(raw, 16)), u64::from_be_bytes(field(raw, 24)));
        if codec == Codec::Stored && stored_len != plain_len {
            return Err(bad("plain length", plain_len));
        }
        Ok(Self { purpose, codec, stored_len, plain_len, salt: field(raw, 32) })
    }
}

/// The `N` bytes at `start`; every caller above stays within the 48 bytes.
fn field<const N: usize>(raw: &[u8; HEADER_LEN], start: usize) -> [u8; N] {
    std::array::from_fn(|i| raw[start + i])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header { purpose: Purpose::Metadata, codec: Codec::Zstd, stored_len: 3, plain_len: 9, salt: [5; 16] }
    }

    fn sealed(alter: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
        let mut bytes = header().encode().to_vec();
        bytes.extend_from_slice(&[0; 3 + 16]);
        alter(&mut bytes);
        bytes
    }

    fn error(alter: impl Fn(&mut Vec<u8>)) -> SealError {
        Header::parse(&sealed(alter)).unwrap_err()
    }

    #[test]
    fn a_header_reads_back_what_it_wrote() {
        let bytes = sealed(|_| ());
        let (parsed, raw, body) = Header::parse(&bytes).unwrap();
        assert_eq!((parsed, raw, body.len()), (header(), &header().encode(), 19));
    }

    #[test]
    fn fields_that_version_1_does_not_know_are_refused_by_name() {
        assert_eq!(error(|b| b[0] = b'T'), SealError::NotSealed { what: WHAT });
        assert_eq!(error(|b| b[4] = 2), SealError::UnsupportedVersion { what: WHAT, found: 2 });
        assert_eq!(error(|b| b[5] = 9), SealError::BadHeader { field: "purpose", found: 9 });
        assert_eq!(error(|b| b[6] = 2), SealError::BadHeader { field: "codec", found: 2 });
        assert_eq!(error(|b| b[7] = 17), SealError::BadHeader { field: "chunk size log2", found: 17 });
        assert_eq!(error(|b| b[15] = 1), SealError::BadHeader { field: "reserved bytes", found: 1 });
        assert_eq!(error(|b| b[6] = 0), SealError::BadHeader { field: "plain length", found: 9 });
    }

    #[test]
    fn lengths_are_checked_against_the_bytes_that_are_there() {
        assert_eq!(error(|b| b.truncate(66)), SealError::Truncated { expected: 67, found: 66 });
        assert_eq!(error(|b| b.push(0)), SealError::TrailingBytes { expected: 67, found: 68 });
        assert_eq!(error(|b| b.truncate(47)), SealError::Truncated { expected: 48, found: 47 });
        assert_eq!(Header::parse(b""), Err(SealError::Truncated { expected: 48, found: 0 }));
        for huge in [u64::MAX, 1 << 63, (1 << 48) + 1] {
            let refused = error(|b| b[16..24].copy_from_slice(&huge.to_be_bytes()));
            assert_eq!(refused, SealError::BadHeader { field: "stored length", found: huge });
        }
        let most = error(|b| b[16..24].copy_from_slice(&((1u64 << 48) - (1 << 16)).to_be_bytes()));
        assert!(matches!(most, SealError::Truncated { found: 67, .. }), "{most:?}");
    }

    #[test]
    fn every_purpose_keeps_its_number() {
        for (number, purpose) in [
            (1, Purpose::Content),
            (2, Purpose::Metadata),
            (3, Purpose::JournalDetails),
            (4, Purpose::IndexFile),
            (5, Purpose::Secret),
        ] {
            assert_eq!((purpose as u8, Purpose::from_number(number)), (number, Some(purpose)));
        }
    }
}
