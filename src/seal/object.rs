//! Sealing and opening whole objects; the format is drawn in `schema/sealed-object.md`.

use std::borrow::Cow;

use super::header::{Codec, HEADER_LEN, Header};
use super::secret::random;
use super::stream::{CHUNK_LEN, Stream, TAG_LEN, chunk_count, sealed_body_len};
use super::{Compression, Context, Dek, Purpose, SealError, compress};

/// The longest plaintext in bytes that [`seal`] takes and [`unseal`] gives: 16 GiB.
///
/// Far above any contract; it only keeps a mistaken length from asking the machine for everything it has.
pub const MAX_PLAIN_LEN: u64 = 16 << 30;

/// Seals `plaintext` under a key that only this DEK, purpose, context and a fresh random salt give.
///
/// Takes one pass and one allocation for the output (two when compressing). Sealing the same bytes twice
/// gives different objects.
///
/// # Errors
/// [`SealError::TooLarge`] above [`MAX_PLAIN_LEN`], [`SealError::Random`] without random bytes,
/// [`SealError::OutOfMemory`].
pub fn seal(
    dek: &Dek,
    purpose: Purpose,
    context: &Context,
    plaintext: &[u8],
    compression: Compression,
) -> Result<Vec<u8>, SealError> {
    seal_with_salt(dek, purpose, context, plaintext, compression, random()?)
}

/// [`seal`] with the salt given. A salt **must never** be used twice with one DEK, purpose and context.
pub(super) fn seal_with_salt(
    dek: &Dek,
    purpose: Purpose,
    context: &Context,
    plaintext: &[u8],
    compression: Compression,
    salt: [u8; 16],
) -> Result<Vec<u8>, SealError> {
    let mut out = Vec::new();
    seal_onto(dek, purpose, context, plaintext, compression, salt, &mut out)?;
    Ok(out)
}

/// Like [`seal`], into `out`, whose room is used again.
///
/// # Errors
/// As [`seal`]; `out` is then of no use.
pub fn seal_into(
    dek: &Dek,
    purpose: Purpose,
    context: &Context,
    plaintext: &[u8],
    compression: Compression,
    out: &mut Vec<u8>,
) -> Result<(), SealError> {
    seal_onto(dek, purpose, context, plaintext, compression, random()?, out)
}

fn seal_onto(
    dek: &Dek,
    purpose: Purpose,
    context: &Context,
    plaintext: &[u8],
    compression: Compression,
    salt: [u8; 16],
    out: &mut Vec<u8>,
) -> Result<(), SealError> {
    let plain_len = plaintext.len() as u64;
    let too_large = || SealError::TooLarge { len: plain_len, max: MAX_PLAIN_LEN };
    if plain_len > MAX_PLAIN_LEN {
        return Err(too_large());
    }
    let compressible = compression == Compression::IfItHelps && purpose != Purpose::Secret;
    let smaller = if compressible { compress::compress(plaintext) } else { None };
    let (codec, stored) = match smaller {
        Some(smaller) => (Codec::Zstd, Cow::Owned(smaller)),
        None => (Codec::Stored, Cow::Borrowed(plaintext)),
    };
    let stored_len = stored.len() as u64;
    let header = Header { purpose, codec, stored_len, plain_len, salt };
    let raw = header.encode();
    let stream = Stream::new(dek, context, &header, &raw);

    out.clear();
    reserve(out, sealed_len(stored_len).ok_or_else(too_large)?)?;
    out.extend_from_slice(&raw);
    let last = chunk_count(stored_len).ok_or_else(too_large)? - 1;
    let mut rest = &*stored;
    for number in 0..=last {
        let (chunk, after) = rest.split_at(rest.len().min(CHUNK_LEN));
        let start = out.len();
        out.extend_from_slice(chunk);
        let tag = stream.seal_chunk(number, number == last, &mut out[start..])?;
        out.extend_from_slice(&tag);
        rest = after;
    }
    Ok(())
}

/// Opens what [`seal`] gave for the same DEK, purpose and context.
///
/// # Errors
/// As [`unseal_limited`], with [`MAX_PLAIN_LEN`] as the limit.
pub fn unseal(dek: &Dek, purpose: Purpose, context: &Context, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    unseal_limited(dek, purpose, context, sealed, MAX_PLAIN_LEN)
}

/// Like [`unseal`], but refuses an object of more than `max` plaintext bytes before reserving memory for it.
///
/// All or nothing: unless every chunk is authentic, no byte is returned. Memory stays within the length of
/// `sealed` until the claimed plain length is authenticated, and within `max` thereafter.
///
/// # Errors
/// [`SealError::Tampered`] when bytes, DEK or context are not those that were sealed;
/// [`SealError::WrongPurpose`], [`SealError::TooLarge`]; [`SealError::NotSealed`], [`SealError::Truncated`],
/// [`SealError::TrailingBytes`], [`SealError::UnsupportedVersion`], [`SealError::BadHeader`] when it is no
/// sealed object of a known version in its full length.
pub fn unseal_limited(
    dek: &Dek,
    purpose: Purpose,
    context: &Context,
    sealed: &[u8],
    max: u64,
) -> Result<Vec<u8>, SealError> {
    let mut plain = Vec::new();
    unseal_into(dek, purpose, context, sealed, max, &mut plain)?;
    Ok(plain)
}

/// Like [`unseal_limited`], into `out`, whose room is used again: who opens many large objects spares the system handing
/// out and wiping as many pages. `out` is empty after an error.
///
/// # Errors
/// As [`unseal_limited`].
pub fn unseal_into(
    dek: &Dek,
    purpose: Purpose,
    context: &Context,
    sealed: &[u8],
    max: u64,
    out: &mut Vec<u8>,
) -> Result<(), SealError> {
    out.clear();
    let (header, raw, body) = parse_for(sealed, purpose)?;
    if header.plain_len > max {
        return Err(SealError::TooLarge { len: header.plain_len, max });
    }
    let stream = Stream::new(dek, context, &header, raw);
    reserve(out, header.stored_len)?;
    let mut chunks = body.chunks(CHUNK_LEN + TAG_LEN).zip(0..).peekable();
    while let Some((chunk, number)) = chunks.next() {
        if let Err(error) = stream.open_onto(number, chunks.peek().is_none(), chunk, out) {
            out.clear();
            return Err(error);
        }
    }
    if header.codec == Codec::Zstd {
        let stored = std::mem::take(out);
        *out = compress::decompress(&stored, header.plain_len)?;
    }
    Ok(())
}

/// Length in bytes of the sealed object that holds `stored_len` bytes after compression.
/// `None` when no sealed object can hold so many.
pub fn sealed_len(stored_len: u64) -> Option<u64> {
    sealed_body_len(stored_len)?.checked_add(HEADER_LEN as u64)
}

/// Reads the header and checks that the object is sealed for `purpose`.
pub(super) fn parse_for(
    sealed: &[u8],
    purpose: Purpose,
) -> Result<(Header, &[u8; HEADER_LEN], &[u8]), SealError> {
    let parsed = Header::parse(sealed)?;
    if parsed.0.purpose != purpose {
        return Err(SealError::WrongPurpose { expected: purpose, found: parsed.0.purpose });
    }
    Ok(parsed)
}

/// An empty buffer with room for exactly `len` bytes; an error, not an abort, when there is no memory.
pub(super) fn buffer(len: u64) -> Result<Vec<u8>, SealError> {
    let mut buffer = Vec::new();
    reserve(&mut buffer, len)?;
    Ok(buffer)
}

/// Makes room in an empty buffer.
fn reserve(buffer: &mut Vec<u8>, len: u64) -> Result<(), SealError> {
    let no_memory = || SealError::OutOfMemory { bytes: len };
    buffer.try_reserve_exact(usize::try_from(len).map_err(|_| no_memory())?).map_err(|_| no_memory())
}
