//! One object in its file: a header that says what follows, then the bytes.

use super::block::ALIGNED;
use crate::store::BlobId;

/// Length of the header in bytes.
pub(in crate::store::rocks) const HEADER: u64 = 36;

/// The first eight bytes of every frame: who wrote it, and the version of the format.
const MAGIC: [u8; 8] = *b"shosoin\x01";

/// No blob has this id: it is not a UUIDv7.
const FILLER: BlobId = BlobId([0; 16]);

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

/// A frame that no row names, from `end` to an offset where the next group may begin; nothing if `end` is one.
pub(super) fn filler(end: u64) -> Vec<u8> {
    let missing = end.next_multiple_of(ALIGNED) - end;
    let len = match missing {
        0 => return Vec::new(),
        1..HEADER => missing + ALIGNED,
        enough => enough,
    };
    // At most two blocks long.
    let mut frame = vec![0; len as usize];
    let (header, zeros) = frame.split_at_mut(HEADER as usize);
    header.copy_from_slice(&Header::of(FILLER, zeros).encode());
    frame
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
    fn a_filler_is_a_frame_that_ends_where_a_group_may_begin() {
        assert!(filler(0).is_empty() && filler(3 * ALIGNED).is_empty());
        for end in
            [1, 100, ALIGNED - HEADER, ALIGNED - HEADER + 1, ALIGNED - 1, ALIGNED + 1, 300 * ALIGNED - 7]
        {
            let frame = filler(end);
            assert_eq!((end + frame.len() as u64) % ALIGNED, 0, "{end}");
            let (header, zeros) = frame.split_first_chunk().unwrap();
            let header = Header::decode(header).unwrap();
            assert!(header.id == FILLER && header.fits(zeros), "{end}");
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
