//! One object in its file: a header that says what follows, then the bytes.

use crate::store::BlobId;

/// Length of the header in bytes.
pub(in crate::store::rocks) const HEADER: u64 = 36;

/// The first eight bytes of every frame: who wrote it, and the version of the format.
const MAGIC: [u8; 8] = *b"shosoin\x01";

/// What stands before the bytes of an object. Numbers are big-endian.
///
/// | bytes | what |
/// |---|---|
/// | 0-7 | `shosoin`, then the version of the format, 1 |
/// | 8-23 | id of the blob |
/// | 24-31 | length of the object in bytes |
/// | 32-35 | CRC-32 (ISO-HDLC, as in ZIP and PNG) of bytes 0-31 and of the object |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store::rocks) struct Header {
    pub id: BlobId,
    pub len: u64,
    checksum: u32,
}

impl Header {
    pub(super) fn of(id: BlobId, bytes: &[u8]) -> Self {
        let len = bytes.len() as u64;
        Self { id, len, checksum: checksum(&id, len, bytes) }
    }

    pub(super) fn encode(&self) -> [u8; HEADER as usize] {
        let mut header = [0; HEADER as usize];
        header[..32].copy_from_slice(&guarded(&self.id, self.len));
        header[32..].copy_from_slice(&self.checksum.to_be_bytes());
        header
    }

    /// `None` when these are not the first bytes of a frame.
    pub(super) fn decode(bytes: &[u8; HEADER as usize]) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk::<8>()?;
        let (id, rest) = rest.split_first_chunk::<16>()?;
        let (len, checksum) = rest.split_first_chunk::<8>()?;
        let checksum = u32::from_be_bytes(checksum.try_into().ok()?);
        (*magic == MAGIC).then_some(Self { id: BlobId(*id), len: u64::from_be_bytes(*len), checksum })
    }

    /// True when `bytes` are the object that was written with this header.
    pub(super) fn fits(&self, bytes: &[u8]) -> bool {
        bytes.len() as u64 == self.len && checksum(&self.id, self.len, bytes) == self.checksum
    }
}

fn guarded(id: &BlobId, len: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..24].copy_from_slice(id.as_bytes());
    bytes[24..].copy_from_slice(&len.to_be_bytes());
    bytes
}

fn checksum(id: &BlobId, len: u64, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&guarded(id, len));
    hasher.update(bytes);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_reads_back_and_fits_its_object_only() {
        let header = Header::of(BlobId([7; 16]), b"sealed");
        assert_eq!(Header::decode(&header.encode()), Some(header));
        assert!(header.fits(b"sealed"));
        assert!(!header.fits(b"Sealed") && !header.fits(b"seale") && !header.fits(b"sealed "));
    }

    #[test]
    fn every_flipped_bit_of_a_header_is_found() {
        let header = Header::of(BlobId([7; 16]), b"sealed");
        for bit in 0..HEADER as usize * 8 {
            let mut bytes = header.encode();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::decode(&bytes).is_none_or(|read| !read.fits(b"sealed")), "bit {bit}");
        }
    }

    #[test]
    fn the_format_is_what_the_page_says() {
        let bytes = Header::of(BlobId([0xab; 16]), b"123456789").encode();
        assert_eq!(bytes[..8], *b"shosoin\x01");
        assert_eq!(bytes[24..32], [0, 0, 0, 0, 0, 0, 0, 9]);
        // From Python: zlib.crc32(b"shosoin\x01" + b"\xab" * 16 + (9).to_bytes(8, "big") + b"123456789")
        assert_eq!(bytes[32..], 0xe5be_5fdf_u32.to_be_bytes());
    }
}
