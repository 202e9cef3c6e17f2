//! Chunks of AES-256-GCM in the STREAM construction, with a 32-bit big-endian counter and a last-chunk flag.
//!
//! Hoang, Reyhanitabar, Rogaway, Vizár: "Online Authenticated-Encryption and its Nonce-Reuse
//! Misuse-Resistance" (CRYPTO 2015, <https://eprint.iacr.org/2015/189>), section 7. The counter in the nonce
//! stops reordering, the flag stops truncation and extension. Beyond the paper, every chunk authenticates the
//! whole header and whom it belongs to, so each can be opened alone.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::header::{HEADER_LEN, Header};
use super::{Context, Dek, SealError, derive};

/// Plaintext bytes in every chunk but the last.
pub(super) const CHUNK_LEN: usize = 1 << 16;
/// Bytes of the authentication tag after each chunk.
pub(super) const TAG_LEN: usize = 16;

const AAD_LEN: usize = HEADER_LEN + 16 + 1 + 4 + 1;

/// How many chunks hold `stored_len` bytes: at least one, so that emptiness is authenticated too.
/// `None` when the 32-bit counter would not suffice.
pub(super) fn chunk_count(stored_len: u64) -> Option<u32> {
    u32::try_from(stored_len.div_ceil(CHUNK_LEN as u64).max(1)).ok()
}

/// Length of all chunks with their tags. `None` as in [`chunk_count`].
pub(super) fn sealed_body_len(stored_len: u64) -> Option<u64> {
    let tags = u64::from(chunk_count(stored_len)?) * TAG_LEN as u64;
    stored_len.checked_add(tags)
}

/// Seals and opens the chunks of one object.
///
/// AES-GCM is that of aws-lc-rs, which uses the widest instructions there are for both of its halves; it wipes the key
/// when it goes.
pub(super) struct Stream {
    cipher: LessSafeKey,
    prefix: Zeroizing<[u8; 7]>,
    /// Header, context, purpose; then room for chunk number and last flag.
    aad: [u8; AAD_LEN],
}

impl Stream {
    /// The stream of the object with this header. `raw` are the header's bytes.
    pub(super) fn new(dek: &Dek, context: &Context, header: &Header, raw: &[u8; HEADER_LEN]) -> Self {
        let okm = derive::object_key(dek.secret(), &header.salt, header.purpose, context);
        let mut key = Zeroizing::new([0; 32]);
        let mut prefix = Zeroizing::new([0; 7]);
        key.copy_from_slice(&okm[..32]);
        prefix.copy_from_slice(&okm[32..]);
        let mut aad = [0; AAD_LEN];
        aad[..HEADER_LEN].copy_from_slice(raw);
        aad[HEADER_LEN..HEADER_LEN + 16].copy_from_slice(context);
        aad[HEADER_LEN + 16] = header.purpose as u8;
        let unbound = UnboundKey::new(&AES_256_GCM, key.as_slice()).expect("the key above has 32 bytes");
        Self { cipher: LessSafeKey::new(unbound), prefix, aad }
    }

    /// Encrypts `chunk` in place and returns its tag.
    ///
    /// A `Stream` **must** seal each chunk number at most once: the number is the nonce.
    pub(super) fn seal_chunk(
        &self,
        number: u32,
        last: bool,
        chunk: &mut [u8],
    ) -> Result<[u8; TAG_LEN], SealError> {
        let too_large = SealError::TooLarge { len: chunk.len() as u64, max: CHUNK_LEN as u64 };
        let aad = Aad::from(self.aad(number, last));
        let tag = self.cipher.seal_in_place_separate_tag(self.nonce(number, last), aad, chunk);
        tag.ok().and_then(|tag| tag.as_ref().try_into().ok()).ok_or(too_large)
    }

    /// Opens the sealed chunk (ciphertext and tag) and appends its plaintext to `out`.
    pub(super) fn open_onto(
        &self,
        number: u32,
        last: bool,
        sealed: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        let (ciphertext, tag) = sealed.split_last_chunk::<TAG_LEN>().ok_or(SealError::Tampered)?;
        let start = out.len();
        out.resize(start + ciphertext.len(), 0);
        let aad = Aad::from(self.aad(number, last));
        let nonce = self.nonce(number, last);
        let opened = self.cipher.open_separate_gather(nonce, aad, ciphertext, tag, &mut out[start..]);
        opened.map_err(|_| {
            out.truncate(start);
            SealError::Tampered
        })
    }

    fn nonce(&self, number: u32, last: bool) -> Nonce {
        let mut nonce = [0; 12];
        nonce[..7].copy_from_slice(self.prefix.as_slice());
        nonce[7..11].copy_from_slice(&number.to_be_bytes());
        nonce[11] = last.into();
        Nonce::assume_unique_for_key(nonce)
    }

    fn aad(&self, number: u32, last: bool) -> [u8; AAD_LEN] {
        let mut aad = self.aad;
        aad[AAD_LEN - 5..AAD_LEN - 1].copy_from_slice(&number.to_be_bytes());
        aad[AAD_LEN - 1] = last.into();
        aad
    }
}

#[cfg(test)]
mod tests {
    use aead_stream::{NewStream as _, StreamBE32, StreamPrimitive as _};
    use aes_gcm::{Aes256Gcm, KeyInit as _};

    use super::super::Purpose;
    use super::super::header::Codec;
    use super::*;

    const SALT: [u8; 16] = [9; 16];

    fn dek() -> Dek {
        Dek::from_bytes(Zeroizing::new([1; 32]))
    }

    fn stream() -> Stream {
        let header = Header {
            purpose: Purpose::Content,
            codec: Codec::Stored,
            stored_len: 3,
            plain_len: 3,
            salt: SALT,
        };
        Stream::new(&dek(), &[2; 16], &header, &header.encode())
    }

    #[test]
    fn chunks_are_those_of_the_aead_stream_crate() {
        let stream = stream();
        let okm = derive::object_key(dek().secret(), &SALT, Purpose::Content, &[2; 16]);
        let key: [u8; 32] = okm[..32].try_into().unwrap();
        let oracle = StreamBE32::from_aead(Aes256Gcm::new(&key.into()), &(*stream.prefix).into());
        for (number, last, len) in [(0, false, 65_536), (1, false, 100), (u32::MAX, true, 7), (0, true, 0)] {
            let plain: Vec<u8> = (0..len).map(|i: usize| (i * 31 % 251) as u8).collect();
            let mut ours = plain.clone();
            let tag = stream.seal_chunk(number, last, &mut ours).unwrap();
            ours.extend_from_slice(&tag);
            let aad = stream.aad(number, last);
            let mut theirs = plain;
            oracle.encrypt_in_place(number, last, &aad, &mut theirs).unwrap();
            assert_eq!(ours, theirs, "chunk {number}, last {last}");
        }
    }

    #[test]
    fn a_chunk_opens_only_at_its_own_place() {
        let stream = stream();
        let mut sealed = b"abc".to_vec();
        let tag = stream.seal_chunk(3, false, &mut sealed).unwrap();
        sealed.extend_from_slice(&tag);
        let mut out = b"before".to_vec();
        for (number, last) in [(3, true), (2, false), (4, false), (0, false)] {
            assert_eq!(stream.open_onto(number, last, &sealed, &mut out), Err(SealError::Tampered));
            assert_eq!(out, b"before", "nothing of a chunk that does not fit may be handed on");
        }
        stream.open_onto(3, false, &sealed, &mut out).unwrap();
        assert_eq!(out, b"beforeabc");
    }

    #[test]
    fn the_number_of_chunks_fits_the_counter_or_is_refused() {
        assert_eq!(chunk_count(0), Some(1));
        assert_eq!(chunk_count(65_536), Some(1));
        assert_eq!(chunk_count(65_537), Some(2));
        assert_eq!(chunk_count(u64::from(u32::MAX) << 16), Some(u32::MAX));
        assert_eq!(chunk_count((u64::from(u32::MAX) << 16) + 1), None);
        assert_eq!(sealed_body_len(65_537), Some(65_537 + 32));
        assert_eq!(sealed_body_len(u64::MAX), None);
    }
}
