//! Sealing and opening as a whole: round trips, every kind of tampering, and hostile lengths.

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::object::seal_with_salt;
use super::*;

const CONTEXT: Context = *b"record number 01";
const CHUNK: usize = 65_536;
const HEADER: usize = 48;
const TAG: usize = 16;

fn dek(byte: u8) -> Dek {
    Dek::from_bytes(Zeroizing::new([byte; 32]))
}

fn plain(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * i % 251) as u8).collect()
}

fn sealed(plain: &[u8]) -> Vec<u8> {
    seal(&dek(1), Purpose::Content, &CONTEXT, plain, Compression::Never).unwrap()
}

fn open(sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    unseal(&dek(1), Purpose::Content, &CONTEXT, sealed)
}

#[test]
fn every_size_around_a_chunk_comes_back_as_it_was() {
    for len in [0, 1, 15, 16, 17, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1, 1 << 20] {
        let plain = plain(len);
        for compression in [Compression::Never, Compression::IfItHelps] {
            let sealed = seal(&dek(1), Purpose::Content, &CONTEXT, &plain, compression).unwrap();
            assert_eq!(open(&sealed).unwrap(), plain, "{len} bytes, {compression:?}");
        }
        assert_eq!(Some(sealed(&plain).len() as u64), sealed_len(len as u64));
    }
}

#[test]
fn compression_is_used_when_it_helps_and_never_for_secrets() {
    let zeros = vec![0; 300_000];
    let len = |purpose, compression| seal(&dek(1), purpose, &CONTEXT, &zeros, compression).unwrap().len();
    assert!(len(Purpose::Content, Compression::IfItHelps) < 1000);
    assert!(len(Purpose::Content, Compression::Never) > 300_000);
    assert!(len(Purpose::Secret, Compression::IfItHelps) > 300_000);
}

#[test]
fn the_plaintext_is_not_in_the_sealed_object_and_two_seals_differ() {
    let plain = b"the parties agree as follows: ten million yen".repeat(3);
    let (a, b) = (sealed(&plain), sealed(&plain));
    assert_ne!(a, b);
    assert_ne!(a[HEADER..], b[HEADER..]);
    assert!(!a.windows(16).any(|window| window == &plain[..16]));
}

#[test]
fn one_output_allocation_is_exactly_as_long_as_needed() {
    let sealed = sealed(&plain(150_000));
    assert_eq!(sealed.capacity(), sealed.len());
}

#[test]
fn every_flipped_bit_is_noticed() {
    for sealed in [sealed(b"a small contract"), sealed(b"")] {
        for bit in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&altered).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn every_flipped_byte_of_a_compressed_object_is_noticed() {
    let sealed = seal(&dek(1), Purpose::Content, &CONTEXT, &[9; 2000], Compression::IfItHelps).unwrap();
    for at in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[at] ^= 0xff;
        assert!(open(&altered).is_err(), "byte {at}");
    }
}

#[test]
fn another_key_record_or_purpose_does_not_open_it() {
    let sealed = sealed(b"abc");
    assert_eq!(unseal(&dek(2), Purpose::Content, &CONTEXT, &sealed), Err(SealError::Tampered));
    assert_eq!(unseal(&dek(1), Purpose::Content, &[0; 16], &sealed), Err(SealError::Tampered));
    let wrong = SealError::WrongPurpose { expected: Purpose::Metadata, found: Purpose::Content };
    assert_eq!(unseal(&dek(1), Purpose::Metadata, &CONTEXT, &sealed), Err(wrong));
    let mut relabelled = sealed;
    relabelled[5] = Purpose::Metadata as u8;
    assert_eq!(unseal(&dek(1), Purpose::Metadata, &CONTEXT, &relabelled), Err(SealError::Tampered));
}

#[test]
fn truncation_anywhere_is_noticed() {
    let whole = sealed(&plain(CHUNK + 100));
    for len in (0..200).chain(HEADER + CHUNK - 2..HEADER + CHUNK + 40).chain(whole.len() - 40..whole.len()) {
        assert!(matches!(open(&whole[..len]), Err(SealError::Truncated { .. })), "{len}");
    }
}

/// Cuts off whole chunks and makes the header agree: only the last flag and the header in the AAD notice.
#[test]
fn truncation_with_a_header_that_agrees_is_noticed() {
    let mut sealed = sealed(&plain(3 * CHUNK));
    sealed.truncate(HEADER + 2 * (CHUNK + TAG));
    for at in [16, 24] {
        sealed[at..at + 8].copy_from_slice(&(2 * CHUNK as u64).to_be_bytes());
    }
    assert_eq!(open(&sealed), Err(SealError::Tampered));
}

#[test]
fn extension_is_noticed() {
    let sealed = sealed(&plain(CHUNK));
    let longer = [sealed.as_slice(), &[0]].concat();
    assert!(matches!(open(&longer), Err(SealError::TrailingBytes { .. })));
    let mut doubled = [&sealed[..], &sealed[HEADER..]].concat();
    for at in [16, 24] {
        doubled[at..at + 8].copy_from_slice(&(2 * CHUNK as u64).to_be_bytes());
    }
    assert_eq!(open(&doubled), Err(SealError::Tampered));
}

#[test]
fn reordered_and_repeated_chunks_are_noticed() {
    let sealed = sealed(&plain(3 * CHUNK));
    let chunk = |n: usize| sealed[HEADER + n * (CHUNK + TAG)..HEADER + (n + 1) * (CHUNK + TAG)].to_vec();
    for order in [[1, 0, 2], [0, 2, 1], [0, 0, 2], [2, 1, 0], [0, 1, 1]] {
        let mut mixed = sealed[..HEADER].to_vec();
        order.into_iter().for_each(|n| mixed.extend(chunk(n)));
        assert_eq!(open(&mixed), Err(SealError::Tampered), "{order:?}");
    }
}

#[test]
fn chunks_of_another_object_of_the_same_record_are_noticed() {
    let (a, b) = (sealed(&plain(2 * CHUNK)), sealed(&plain(2 * CHUNK)));
    let spliced = [&a[..HEADER + CHUNK + TAG], &b[HEADER + CHUNK + TAG..]].concat();
    assert_eq!(open(&spliced), Err(SealError::Tampered));
    let other_header = [&b[..HEADER], &a[HEADER..]].concat();
    assert_eq!(open(&other_header), Err(SealError::Tampered));
}

#[test]
fn a_claimed_length_is_refused_before_memory_is_reserved_for_it() {
    let mut sealed = seal(&dek(1), Purpose::Content, &CONTEXT, &[0; 1000], Compression::IfItHelps).unwrap();
    let huge = u64::MAX;
    sealed[24..32].copy_from_slice(&huge.to_be_bytes());
    assert_eq!(open(&sealed), Err(SealError::TooLarge { len: huge, max: MAX_PLAIN_LEN }));
    // Within the limit, but not what was sealed: authentication comes before the allocation.
    sealed[24..32].copy_from_slice(&MAX_PLAIN_LEN.to_be_bytes());
    assert_eq!(open(&sealed), Err(SealError::Tampered));
}

#[test]
fn the_limit_is_inclusive_and_holds_for_both_codecs() {
    for compression in [Compression::Never, Compression::IfItHelps] {
        let sealed = seal(&dek(1), Purpose::Content, &CONTEXT, &[0; 1000], compression).unwrap();
        let limited = |max| unseal_limited(&dek(1), Purpose::Content, &CONTEXT, &sealed, max);
        assert_eq!(limited(1000).unwrap(), [0; 1000]);
        assert_eq!(limited(999), Err(SealError::TooLarge { len: 1000, max: 999 }));
    }
}

#[test]
fn stored_objects_keep_their_bytes_from_release_to_release() {
    let salt = std::array::from_fn(|i| 0xa0 + i as u8);
    let fixture = include_bytes!("../../tests/fixtures/seal/v1-known-salt.sealed");
    let key = Dek::from_bytes(Zeroizing::new(std::array::from_fn(|i| i as u8)));
    let context = std::array::from_fn(|i| 0x10 + i as u8);
    let plain = b"Shosoin keeps what was sealed.\n";
    let sealed = seal_with_salt(&key, Purpose::Metadata, &context, plain, Compression::Never, salt).unwrap();
    assert_eq!(sealed, fixture);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn anything_comes_back_as_it_was(plain: Vec<u8>, key: [u8; 32], context: Context, compress: bool) {
        let dek = Dek::from_bytes(Zeroizing::new(key));
        let compression = if compress { Compression::IfItHelps } else { Compression::Never };
        let sealed = seal(&dek, Purpose::Metadata, &context, &plain, compression).unwrap();
        prop_assert_eq!(unseal(&dek, Purpose::Metadata, &context, &sealed).unwrap(), plain);
    }

    #[test]
    fn hostile_bytes_are_refused_without_a_panic(bytes: Vec<u8>) {
        prop_assert!(open(&bytes).is_err());
        prop_assert!(SealedView::open(&dek(1), Purpose::Content, &CONTEXT, &bytes).is_err());
        prop_assert!(Kek::from_bytes(Zeroizing::new([1; 32])).unwrap(&bytes, &CONTEXT).is_err());
    }

    #[test]
    fn hostile_headers_are_refused_without_a_panic(tail: [u8; 43], mut body: Vec<u8>) {
        let mut bytes = [b"SHOS\x01".as_slice(), &tail].concat();
        bytes[5..16].copy_from_slice(&[1, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes.append(&mut body);
        prop_assert!(open(&bytes).is_err());
    }

    #[test]
    fn any_other_byte_anywhere_is_noticed(at: prop::sample::Index, change in 1..=255u8, len in 0..140_000usize) {
        let mut sealed = sealed(&plain(len));
        let at = at.index(sealed.len());
        sealed[at] ^= change;
        prop_assert!(open(&sealed).is_err());
    }
}
