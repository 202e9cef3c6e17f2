//! Random access into a sealed object: opens only the chunks that a read touches.

use std::ops::Range;

use super::header::{Codec, Header};
use super::object::{buffer, parse_for};
use super::stream::{CHUNK_LEN, Stream, TAG_LEN, chunk_count};
use super::{Context, Dek, Purpose, SealError};

/// A sealed, uncompressed object of which any part can be read alone.
///
/// `B` is anything that holds the bytes: `&[u8]`, `Vec<u8>`, `Arc<[u8]>`, a memory map.
pub struct SealedView<B: AsRef<[u8]>> {
    sealed: B,
    stream: Stream,
    plain_len: u64,
    last_chunk: u32,
}

impl<B: AsRef<[u8]>> SealedView<B> {
    /// Opens `sealed` and authenticates its last chunk: that proves the header, hence the length, and that
    /// the object ends where it should. Other chunks are authenticated as they are read.
    ///
    /// # Errors
    /// [`SealError::Compressed`] when the object is compressed; otherwise as [`unseal`](super::unseal).
    pub fn open(dek: &Dek, purpose: Purpose, context: &Context, sealed: B) -> Result<Self, SealError> {
        let view = Self::open_damaged(dek, purpose, context, sealed)?;
        view.open_onto(view.last_chunk, &mut Vec::new())?;
        Ok(view)
    }

    /// Like [`open`](Self::open), but for what is known to be damaged: the last chunk is not asked for. Each chunk that
    /// is read still proves itself, the header and its place; the length is proven by none that is not read.
    ///
    /// # Errors
    /// As [`open`](Self::open), but for the last chunk.
    pub fn open_damaged(
        dek: &Dek,
        purpose: Purpose,
        context: &Context,
        sealed: B,
    ) -> Result<Self, SealError> {
        let (header, raw, _) = parse_for(sealed.as_ref(), purpose)?;
        let Header { codec: Codec::Stored, plain_len, .. } = header else {
            return Err(SealError::Compressed);
        };
        let too_large = SealError::BadHeader { field: "stored length", found: header.stored_len };
        let last_chunk = chunk_count(header.stored_len).ok_or(too_large)? - 1;
        let stream = Stream::new(dek, context, &header, raw);
        Ok(Self { sealed, stream, plain_len, last_chunk })
    }

    /// Length of the plaintext in bytes.
    pub fn plain_len(&self) -> u64 {
        self.plain_len
    }

    /// The plaintext bytes `range`, opened chunk by chunk.
    ///
    /// # Errors
    /// [`SealError::OutOfRange`] when the range is reversed or reaches past the end;
    /// [`SealError::Tampered`] when a chunk that it touches is not authentic.
    pub fn read_range(&self, range: Range<u64>) -> Result<Vec<u8>, SealError> {
        let Range { start, end } = range;
        if start > end || end > self.plain_len {
            return Err(SealError::OutOfRange { start, end, len: self.plain_len });
        }
        if start == end {
            return Ok(Vec::new());
        }
        let chunk_len = CHUNK_LEN as u64;
        let (first, last) = (start / chunk_len, (end - 1) / chunk_len);
        // Room for the whole of both outer chunks, which are then cut to the range.
        let mut out = buffer(((last - first + 1) * chunk_len).min(self.plain_len - first * chunk_len))?;
        for chunk in first..=last {
            let number = u32::try_from(chunk).map_err(|_| SealError::Tampered)?;
            self.open_onto(number, &mut out)?;
        }
        let before = (start - first * chunk_len) as usize;
        out.drain(..before.min(out.len()));
        out.truncate((end - start) as usize);
        Ok(out)
    }

    fn open_onto(&self, number: u32, out: &mut Vec<u8>) -> Result<(), SealError> {
        let sealed_chunk = CHUNK_LEN + TAG_LEN;
        let body = self.sealed.as_ref().get(super::header::HEADER_LEN..);
        // `chunks().nth()` skips by arithmetic and cannot overflow or run past the end.
        let chunk = body.and_then(|body| body.chunks(sealed_chunk).nth(number as usize));
        self.stream.open_onto(number, number == self.last_chunk, chunk.ok_or(SealError::Tampered)?, out)
    }
}

impl<B: AsRef<[u8]>> std::fmt::Debug for SealedView<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedView").field("plain_len", &self.plain_len).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::super::{Compression, seal};
    use super::*;

    const CONTEXT: Context = [4; 16];

    fn dek() -> Dek {
        Dek::from_bytes(Zeroizing::new([3; 32]))
    }

    fn plain(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i % 251) as u8).collect()
    }

    fn sealed(plain: &[u8]) -> Vec<u8> {
        seal(&dek(), Purpose::IndexFile, &CONTEXT, plain, Compression::Never).unwrap()
    }

    fn open(sealed: &[u8]) -> Result<SealedView<&[u8]>, SealError> {
        SealedView::open(&dek(), Purpose::IndexFile, &CONTEXT, sealed)
    }

    #[test]
    fn what_is_damaged_opens_in_its_sound_parts_only() {
        let plain = plain(3 * CHUNK_LEN);
        let mut bytes = sealed(&plain);
        *bytes.last_mut().unwrap() ^= 1;
        assert!(open(&bytes).is_err());
        let view = SealedView::open_damaged(&dek(), Purpose::IndexFile, &CONTEXT, bytes.as_slice()).unwrap();
        let sound = 2 * CHUNK_LEN as u64;
        assert_eq!(view.read_range(0..sound).unwrap(), plain[..2 * CHUNK_LEN]);
        assert_eq!(view.read_range(sound - 1..sound + 1).unwrap_err(), SealError::Tampered);
    }

    #[test]
    fn every_kind_of_range_reads_the_bytes_that_were_sealed() {
        let plain = plain(200_000);
        let sealed = sealed(&plain);
        let view = open(&sealed).unwrap();
        assert_eq!(view.plain_len(), 200_000);
        let edges = [0, 1, 65_535, 65_536, 65_537, 131_072, 196_608, 199_999, 200_000];
        for start in edges {
            for end in edges.into_iter().filter(|end| *end >= start) {
                let bytes = view.read_range(start..end).unwrap();
                assert_eq!(bytes, plain[start as usize..end as usize], "{start}..{end}");
            }
        }
    }

    #[test]
    #[expect(clippy::reversed_empty_ranges, reason = "that is what must be refused")]
    fn a_range_outside_the_object_is_refused() {
        let sealed = sealed(b"abc");
        let view = open(&sealed).unwrap();
        for range in [0..4, 3..5, 2..1, u64::MAX - 1..u64::MAX, u64::MAX..0] {
            let (start, end) = (range.start, range.end);
            assert_eq!(view.read_range(range), Err(SealError::OutOfRange { start, end, len: 3 }));
        }
        assert_eq!(view.read_range(3..3), Ok(Vec::new()));
        assert_eq!(open(&self::sealed(b"")).unwrap().read_range(0..0), Ok(Vec::new()));
    }

    #[test]
    fn a_damaged_chunk_fails_only_the_reads_that_touch_it() {
        let mut sealed = sealed(&plain(200_000));
        sealed[48 + 65_552 + 10] ^= 1;
        let view = open(&sealed).unwrap();
        assert!(view.read_range(0..65_536).is_ok());
        assert_eq!(view.read_range(65_535..65_537), Err(SealError::Tampered));
        assert!(view.read_range(131_072..200_000).is_ok());
    }

    #[test]
    fn opening_notices_a_damaged_header_or_last_chunk() {
        let sealed = sealed(&plain(100_000));
        for at in (0..48).chain(48 + 65_552..sealed.len()) {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(open(&altered).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_compressed_object_is_refused() {
        let zeros = seal(&dek(), Purpose::IndexFile, &CONTEXT, &[0; 1000], Compression::IfItHelps).unwrap();
        assert_eq!(open(&zeros).unwrap_err(), SealError::Compressed);
    }

    #[test]
    fn a_view_can_own_its_bytes_and_does_not_print_them() {
        let view = SealedView::open(&dek(), Purpose::IndexFile, &CONTEXT, sealed(b"abc")).unwrap();
        assert_eq!(view.read_range(1..3).unwrap(), b"bc");
        assert_eq!(format!("{view:?}"), "SealedView { plain_len: 3, .. }");
    }
}
