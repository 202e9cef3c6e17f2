//! Compression before sealing, and decompression that cannot be made to fill the memory.

use super::SealError;

/// Whether to try to make the plaintext smaller first.
///
/// The length of a sealed object can be seen by anybody who sees the store, and compression makes it depend
/// on the content. That is harmless for contracts at rest; it is not where an attacker can add text next to
/// a secret and watch the length, so [`Purpose::Secret`](super::Purpose::Secret) is never compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Keep the bytes as they are; what [`SealedView`](super::SealedView) needs.
    Never,
    /// zstd (RFC 8878), if it saves at least one byte in twenty.
    IfItHelps,
}

/// zstd's level, chosen by measurement on the signed sample contracts (`zstd -b1`, `zstd -b --fast=5`): level 1
/// compresses 0.26-0.69 GB/s to 75-92 % of the size; level -1 a contract of 150 KB at 2.1 GB/s, all samples to 80 %; level -5
/// the same at 3.2 GB/s, all to 82 %. What is large in a PDF is compressed already, so better levels find next to nothing, and
/// level -1 was an eighth of the processors' time in a deposit (`benches/deposit.rs`). Plain text would gain more from level 3,
/// but is rare.
const LEVEL: i32 = -5;

/// Below this many bytes a frame saves a hundred bytes at most, and setting zstd up costs more than sealing.
const MIN_LEN: usize = 512;
/// Inputs above this many bytes are judged by their first [`SAMPLE_LEN`] bytes before the rest is tried.
const SAMPLE_ABOVE: usize = 512 * 1024;
const SAMPLE_LEN: usize = 128 * 1024;

/// Compresses `plain` into one zstd frame, or says that it is not worth it.
pub(super) fn compress(plain: &[u8]) -> Option<Vec<u8>> {
    if plain.len() < MIN_LEN {
        return None;
    }
    if plain.len() > SAMPLE_ABOVE {
        frame(plain.get(..SAMPLE_LEN)?)?;
    }
    frame(plain)
}

/// One zstd frame of at most 95 % of the input. The buffer is no longer than that, so zstd itself gives up
/// as soon as the gain is out of reach.
fn frame(plain: &[u8]) -> Option<Vec<u8>> {
    let mut out = super::object::buffer((plain.len() - plain.len() / 20) as u64).ok()?;
    COMPRESSOR.with_borrow_mut(|compressor| {
        let compressor = match compressor {
            Some(made) => made,
            None => compressor.insert(zstd::bulk::Compressor::new(LEVEL).ok()?),
        };
        compressor.compress_to_buffer(plain, &mut out).ok()
    })?;
    Some(out)
}

thread_local! {
    /// Making one costs as much as compressing 30 KB. It keeps tables of positions, not the text itself.
    static COMPRESSOR: std::cell::RefCell<Option<zstd::bulk::Compressor<'static>>> = const { std::cell::RefCell::new(None) };
}

/// Decompresses to exactly `plain_len` bytes. The caller has authenticated and bounded `plain_len`.
pub(super) fn decompress(frame: &[u8], plain_len: u64) -> Result<Vec<u8>, SealError> {
    let failed = SealError::Decompression { expected: plain_len };
    let mut plain = super::object::buffer(plain_len)?;
    let mut decompressor = zstd::bulk::Decompressor::new().map_err(|_| failed.clone())?;
    match decompressor.decompress_to_buffer(frame, &mut plain) {
        Ok(len) if len as u64 == plain_len => Ok(plain),
        _ => Err(failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that do not compress: a xorshift generator.
    fn noise(len: usize) -> Vec<u8> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .take(len)
        .collect()
    }

    #[test]
    fn text_shrinks_and_noise_is_left_alone() {
        let text = "甲は乙に対し、本契約に基づき".repeat(500).into_bytes();
        let small = compress(&text).unwrap();
        assert!(small.len() < text.len() / 10);
        assert_eq!(decompress(&small, text.len() as u64).unwrap(), text);
        assert_eq!(compress(&noise(200_000)), None);
    }

    #[test]
    fn a_gain_of_less_than_five_per_cent_is_not_worth_it() {
        let mixed = |zeros: usize| [vec![0; zeros], noise(100_000 - zeros)].concat();
        assert_eq!(compress(&mixed(4_000)), None);
        assert!(compress(&mixed(7_000)).is_some());
    }

    #[test]
    fn a_large_input_is_judged_by_its_beginning() {
        let misleading = [noise(SAMPLE_LEN), vec![0; SAMPLE_ABOVE]].concat();
        assert_eq!(compress(&misleading), None);
        let honest = [vec![0; SAMPLE_LEN], noise(SAMPLE_ABOVE)].concat();
        assert!(compress(&honest).is_some());
    }

    #[test]
    fn short_inputs_are_not_tried() {
        assert_eq!(compress(&[0; MIN_LEN - 1]), None);
        assert!(compress(&[0; MIN_LEN]).is_some());
    }

    #[test]
    fn a_frame_that_gives_another_length_is_an_error() {
        let small = compress(&[7; 1000]).unwrap();
        for wrong in [0, 999, 1001] {
            assert_eq!(decompress(&small, wrong), Err(SealError::Decompression { expected: wrong }));
        }
        assert_eq!(decompress(b"not zstd", 10), Err(SealError::Decompression { expected: 10 }));
    }
}
