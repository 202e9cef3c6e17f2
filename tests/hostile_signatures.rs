//! Broken and hostile signatures, timestamps and certificates: refused or read, never with a panic, a loop or much memory.

use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use shosoin::pki::cms::{check_detached, check_pkcs7_sha1, check_rsa_sha1};
use shosoin::pki::token::{TimeStampReq, TimeStampResp};
use shosoin::pki::{Certificate, SignedData, TimestampToken};

/// Every kept file of others, by name.
static SEEDS: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pki");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let seeds =
        files.into_iter().filter(|path| path.is_file() && path.extension().is_some_and(|end| end != "py"));
    seeds
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect()
});

/// Everything that reads bytes, and what follows from them.
fn read_all(bytes: &[u8]) {
    if let Ok(signed) = SignedData::parse(bytes) {
        let _ = check_detached(&signed, &[], |algorithm| algorithm.hash(b""));
        let _ = check_pkcs7_sha1(&signed, &signed.certificates, |algorithm| algorithm.hash(b""));
    }
    if let Ok(token) = TimestampToken::parse(bytes) {
        let _ = token.check();
        let _ = token.covers(|algorithm| algorithm.hash(b""));
    }
    let request = TimeStampReq::parse(bytes);
    if let (Ok(answer), Ok(request)) = (TimeStampResp::parse(bytes), &request) {
        let _ = answer.granted(request);
    }
    if let Ok(request) = request {
        let _ = request.encode();
    }
    if let Ok(certificate) = Certificate::from_der(bytes) {
        let _ =
            (certificate.subject(), certificate.issuer(), certificate.display_name(), certificate.serial());
        let _ = (certificate.key_usage(), certificate.extended_key_usage(), certificate.is_ca());
        let _ = check_rsa_sha1(bytes, &[certificate], |algorithm| algorithm.hash(b""));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn files_with_changed_bytes_are_read_or_refused(
        seed in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let mut bytes = seed.get(&SEEDS).1.clone();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        read_all(&bytes);
    }

    #[test]
    fn random_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        read_all(&bytes);
    }
}

#[test]
fn every_file_cut_at_every_place_is_read_or_refused() {
    for name in ["p256-sha256.p7", "segments.p7", "full.tst", "openssl-sha256.tsq", "ca.der"] {
        let bytes = &SEEDS.iter().find(|(known, _)| known == name).unwrap().1;
        for end in 0..bytes.len() {
            read_all(&bytes[..end]);
        }
    }
}

/// No byte of a signature can be changed without its being noticed, but for those that carry nothing: certificates other
/// than the signer's, unsigned attributes, versions, ways of writing.
#[test]
fn a_changed_byte_is_never_believed_with_other_content() {
    let bytes = &SEEDS.iter().find(|(known, _)| known == "cades-v2.p7").unwrap().1;
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x01;
        let Ok(signed) = SignedData::parse(&changed) else { continue };
        let check = check_detached(&signed, &[], |algorithm| algorithm.hash(b"another contract"));
        assert!(!check.passed(), "byte {at}");
    }
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag, 0x84];
    out.extend((content.len() as u32).to_be_bytes());
    out.extend(content);
    out
}

/// Signed data around fields after the content.
fn around(fields: &[u8]) -> Vec<u8> {
    let data_type = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01];
    let signed_type = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02];
    let before = [&[0x02, 0x01, 0x01][..], &element(0x31, &[]), &element(0x30, &data_type), fields].concat();
    element(0x30, &[&signed_type[..], &element(0xA0, &element(0x30, &before))].concat())
}

#[test]
fn four_megabytes_of_anything_are_read_or_refused() {
    const SIZE: usize = 4 << 20;
    let repeated = |pattern: &[u8]| pattern.iter().copied().cycle().take(SIZE).collect::<Vec<u8>>();
    for pattern in [
        &[0x30, 0x80][..],
        &[0x24, 0x80],
        &[0x30, 0x80, 0x00, 0x00],
        &[0x30, 0x00],
        &[0xFF],
        &[0x1F, 0x80],
        &[0x30, 0x83, 0x7F, 0xFF, 0xFF],
        &[0x01],
    ] {
        let bytes = repeated(pattern);
        read_all(&bytes);
        // As certificates, revocation lists, signers; closed, so that the walk goes to the end.
        for tag in [0xA0, 0xA1, 0x31] {
            read_all(&around(&[element(tag, &bytes), element(0x31, &[])].concat()));
        }
    }
}

#[test]
fn more_certificates_and_signers_than_anyone_needs_are_not_kept() {
    let certificate = &SEEDS.iter().find(|(name, _)| name == "ca.der").unwrap().1;
    let many = certificate.repeat(1200);
    let signed = SignedData::parse(&around(&[element(0xA0, &many), element(0x31, &[])].concat())).unwrap();
    assert_eq!(signed.certificates.len(), 1000);
    assert!(signed.problems.iter().any(|problem| problem.to_string().contains("more certificates")));
    let two = SignedData::parse(&SEEDS.iter().find(|(name, _)| name == "two-signers.p7").unwrap().1).unwrap();
    assert_eq!(two.signers.len(), 2);
}

#[test]
fn certificates_crowded_with_names_are_refused_before_they_take_memory() {
    let seed = &SEEDS.iter().find(|(name, _)| name == "ca.der").unwrap().1;
    let certificate = Certificate::from_der(seed).unwrap();
    let crowd = |parts: usize| {
        let part = [0x31, 0x0B, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0C, 0x02, b'C', b'A'];
        let mut tbs = vec![0x02, 0x01, 0x05];
        tbs.extend([0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02]);
        tbs.extend(certificate.issuer_der());
        let validity = [&[0x17, 0x0D][..], b"260101000000Z", &[0x17, 0x0D], b"360101000000Z"].concat();
        tbs.extend([&[0x30, validity.len() as u8], &validity[..]].concat());
        let name = part.repeat(parts);
        tbs.extend([&[0x30, 0x82, (name.len() >> 8) as u8, name.len() as u8], &name[..]].concat());
        tbs.extend(certificate.spki_der());
        let mut whole = [&[0x30, 0x82, (tbs.len() >> 8) as u8, tbs.len() as u8], &tbs[..]].concat();
        whole.extend([
            0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02, 0x03, 0x02, 0x00, 0x00,
        ]);
        [&[0x30, 0x82, (whole.len() >> 8) as u8, whole.len() as u8], &whole[..]].concat()
    };
    assert!(Certificate::from_der(&crowd(100)).is_ok());
    let error = Certificate::from_der(&crowd(129)).unwrap_err().to_string();
    assert!(error.contains("more names or extensions"), "{error}");
}
