//! Signatures made by other software (`tests/fixtures/pki`): each is believed or refused for the reason it was made with.

use std::path::Path;

use shosoin::pki::cms::{CmsError, CmsProblem, check_detached, check_pkcs7_sha1, check_rsa_sha1};
use shosoin::pki::{Certificate, DigestAlgorithm, SignatureProblem, SignedData, SignerCheck, Weakness};

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pki").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn content() -> Vec<u8> {
    fixture("content.bin")
}

fn certificate(name: &str) -> Certificate {
    Certificate::from_der(&fixture(name)).unwrap()
}

fn parse(name: &str) -> SignedData {
    SignedData::parse(&fixture(&format!("{name}.p7"))).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn check(name: &str) -> SignerCheck {
    let content = content();
    check_detached(&parse(name), &[], |algorithm| algorithm.hash(&content))
}

/// The failures among the problems.
fn failures(check: &SignerCheck) -> Vec<&CmsProblem> {
    check.problems.iter().filter(|problem| problem.is_failure()).collect()
}

/// Passes, and is refused as soon as the content, the attributes or the signature value are others.
fn holds(name: &str) -> SignerCheck {
    let good = check(name);
    assert!(good.passed(), "{name}: {:?}", good.problems);
    let signed = parse(name);
    let other = check_detached(&signed, &[], |algorithm| algorithm.hash(b"another contract"));
    assert!(!other.digest_matches && !other.passed(), "{name}: other content is believed");
    let mut tampered = signed.clone();
    tampered.signers[0].signature_value[7] ^= 1;
    let content = content();
    let tampered = check_detached(&tampered, &[], |algorithm| algorithm.hash(&content));
    assert!(!tampered.signature_valid && !tampered.passed(), "{name}: another signature value is believed");
    good
}

/// Fails for this one reason.
fn fails(name: &str, expected: CmsProblem) {
    let check = check(name);
    assert!(!check.passed(), "{name} is believed");
    assert_eq!(failures(&check), [&expected], "{name}");
}

#[test]
fn every_algorithm_is_verified() {
    for name in ["rsa-sha224", "rsa-sha256", "rsa-sha384", "rsa-sha512", "rsa3072-sha512"] {
        assert!(holds(name).weak.is_empty(), "{name}");
    }
    for name in ["rsa-sha3_256", "rsa-sha3_384", "rsa-sha3_512", "rsa-encryption", "rsa-without-null"] {
        assert!(holds(name).weak.is_empty(), "{name}");
    }
    for name in [
        "pss-sha224",
        "pss-sha256",
        "pss-sha384",
        "pss-sha512",
        "pss-sha256-salt20",
        "pss-sha256-saltmax",
        "pss-sha256-mgf-sha1",
        "pss-sha3_256",
        "pss-sha3_384",
        "pss-sha3_512",
        "pss-key",
    ] {
        assert!(holds(name).weak.is_empty(), "{name}");
    }
    for curve in ["p256", "p384", "p521"] {
        for digest in ["sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"] {
            assert!(holds(&format!("{curve}-{digest}")).weak.is_empty(), "{curve}-{digest}");
        }
    }
    for name in
        ["ed25519-sha512", "mldsa44", "mldsa65", "mldsa87", "pyhanko-rsa", "pyhanko-p256", "pyhanko-ed25519"]
    {
        assert!(holds(name).weak.is_empty(), "{name}");
    }
}

#[test]
fn weak_algorithms_hold_and_are_reported() {
    let sha1 = Weakness::Digest { algorithm: DigestAlgorithm::Sha1 };
    for name in ["rsa-sha1", "pss-sha1", "p256-sha1", "p384-sha1", "p521-sha1", "cades-v1"] {
        assert_eq!(holds(name).weak, std::slice::from_ref(&sha1), "{name}");
    }
    for name in ["rsa1024-sha256", "rsa1024-sha384"] {
        assert_eq!(holds(name).weak, [Weakness::RsaKey { bits: 1024 }], "{name}");
    }
}

#[test]
fn a_signature_may_be_written_in_many_ways() {
    for name in [
        "ber-detached",
        "sid-key-id",
        "sid-key-id-rsa",
        "sid-other-strings",
        "cades-v2",
        "with-chain",
        "no-attributes-rsa",
        "no-attributes-p256",
        "protected",
        "ess-v2-sha512",
        "unsorted",
        "generalized-time",
        "empty-inside",
    ] {
        holds(name);
    }
    assert!(parse("ber-detached").indefinite_lengths && !parse("rsa-sha256").indefinite_lengths);
    let signed = parse("with-chain");
    assert_eq!(signed.certificates.len(), 2);
    assert!(["rsa.der", "ca.der"].iter().all(|name| signed.certificates.contains(&certificate(name))));
    assert_eq!(check("generalized-time").signer, Some(certificate("rsa.der")));
    let times: Vec<_> =
        ["unsorted", "generalized-time"].iter().map(|name| parse(name).signers[0].signing_time).collect();
    assert_eq!(times[0].unwrap().to_rfc3339(), "2026-11-22T14:02:21+00:00");
    assert_eq!(times[0], times[1]);
}

#[test]
fn padding_changes_nothing_and_other_bytes_after_the_end_are_noticed() {
    let content = content();
    for name in ["rsa-sha256.p7", "ber-detached.p7"] {
        let mut padded = fixture(name);
        padded.resize(padded.len() + 9000, 0);
        let signed = SignedData::parse(&padded).unwrap();
        assert_eq!(signed.padding, 9000);
        assert!(check_detached(&signed, &[], |algorithm| algorithm.hash(&content)).passed());
        padded.push(1);
        assert_eq!(SignedData::parse(&padded).unwrap().problems, [CmsProblem::TrailingData]);
    }
    assert_eq!(SignedData::parse(&[0; 8192]).unwrap_err(), CmsError::Empty);
    assert_eq!(SignedData::parse(&[]).unwrap_err(), CmsError::Empty);
}

#[test]
fn content_inside_is_verified_as_such_and_never_passes_for_a_detached_signature() {
    for name in ["attached", "ber-attached", "segments", "ed25519-bare-attached"] {
        let signed = parse(name);
        let inside = signed.content().expect("attached").to_vec();
        assert!(inside.starts_with(&content()), "{name}");
        let check = signed.signers[0].verify(&signed, |algorithm| algorithm.hash(&inside));
        assert!(check.passed(), "{name}: {:?}", check.problems);
        let detached = check_detached(&signed, &[], |algorithm| algorithm.hash(&inside));
        assert_eq!(failures(&detached), [&CmsProblem::ContentNotDetached], "{name}");
    }
    assert!(parse("rsa-sha256").content().is_none());
    let empty = parse("empty-content");
    assert!(empty.signers[0].verify(&empty, |algorithm| algorithm.hash(b"")).passed());
}

#[test]
fn a_digest_inside_is_compared_with_the_document() {
    let content = content();
    let good = check_pkcs7_sha1(&parse("pkcs7-sha1"), &[], |algorithm| algorithm.hash(&content));
    assert!(good.passed(), "{:?}", good.problems);
    assert_eq!(good.weak, [Weakness::Digest { algorithm: DigestAlgorithm::Sha1 }]);
    let other = check_pkcs7_sha1(&parse("pkcs7-sha1-other"), &[], |algorithm| algorithm.hash(&content));
    assert!(other.signature_valid && !other.digest_matches);
    assert_eq!(failures(&other), [&CmsProblem::DigestMismatch]);
    let bare = check_pkcs7_sha1(&parse("rsa-sha256"), &[], |algorithm| algorithm.hash(&content));
    assert_eq!(bare.problems, [CmsProblem::ContentMissing]);
}

#[test]
fn signatures_without_cms_are_verified_under_any_of_their_digests() {
    let (content, signer) = (content(), certificate("rsa.der"));
    for (name, digest) in
        [("rsa-sha1.raw", DigestAlgorithm::Sha1), ("rsa-sha256.raw", DigestAlgorithm::Sha256)]
    {
        let mut bytes = fixture(name);
        bytes.extend([0; 300]);
        let found =
            check_rsa_sha1(&bytes, std::slice::from_ref(&signer), |algorithm| algorithm.hash(&content))
                .unwrap();
        assert!(found.check.passed() && found.digest_algorithm == Some(digest), "{name}");
        assert_eq!(found.check.weak.is_empty(), digest == DigestAlgorithm::Sha256);
        let other =
            check_rsa_sha1(&bytes, std::slice::from_ref(&signer), |algorithm| algorithm.hash(b"x")).unwrap();
        assert!(!other.check.passed() && !other.check.digest_matches);
        let nobody = check_rsa_sha1(&bytes, &[], |algorithm| algorithm.hash(&content)).unwrap();
        assert_eq!(nobody.check.problems, [CmsProblem::SignerCertificateMissing]);
    }
    assert!(
        check_rsa_sha1(&fixture("rsa-sha256.p7"), &[signer], |algorithm| algorithm.hash(&content)).is_err()
    );
}

#[test]
fn each_way_of_being_wrong_has_its_reason() {
    let name = |name: &str| name.to_owned();
    fails("no-message-digest", CmsProblem::NoMessageDigest);
    fails("no-content-type", CmsProblem::NoContentType);
    fails("other-content-type", CmsProblem::ContentTypeMismatch);
    fails("digest-twice", CmsProblem::RepeatedAttribute { name: name("messageDigest"), count: 2 });
    fails("time-twice", CmsProblem::RepeatedAttribute { name: name("signingTime"), count: 2 });
    fails("two-digests", CmsProblem::ValueCount { name: name("messageDigest"), count: 2 });
    fails("time-unreadable", CmsProblem::UnreadableAttribute { name: name("signingTime") });
    fails("ess-unreadable", CmsProblem::UnreadableAttribute { name: name("signingCertificateV2") });
    for wrong in ["ess-v2-wrong", "ess-v1-wrong", "ess-one-right-one-wrong", "ess-wrong-serial"] {
        fails(wrong, CmsProblem::SigningCertificateMismatch);
    }
    fails("protected-wrongly", CmsProblem::AlgorithmProtectionMismatch);
    fails("two-signers", CmsProblem::SignedTogether { count: 2 });
    let mismatch = CmsProblem::Signature { why: SignatureProblem::Mismatch };
    for forged in ["time-changed", "wrong-digest-info", "signer-of-another-key"] {
        fails(forged, mismatch.clone());
    }
    fails("ed25519-bare-detached", CmsProblem::Signature { why: SignatureProblem::NeedsContent });
    fails("pss-key-without-pss", CmsProblem::Signature { why: SignatureProblem::KeyMismatch });
    fails("certificate-missing", CmsProblem::SignerCertificateMissing);
    fails("no-certificates", CmsProblem::SignerCertificateMissing);
    fails("md5", CmsProblem::UnsupportedDigest { oid: name("1.2.840.113549.2.5") });
    for (fixture, value) in [
        ("empty-digest", CmsProblem::ValueCount { name: name("messageDigest"), count: 0 }),
        ("digest-of-no-octets", CmsProblem::UnreadableAttribute { name: name("messageDigest") }),
    ] {
        let check = check(fixture);
        assert_eq!(failures(&check), [&value, &CmsProblem::NoMessageDigest], "{fixture}");
        assert!(!check.passed());
    }
    let bare = parse("bare-other-type");
    let check = bare.signers[0].verify(&bare, |algorithm| algorithm.hash(&content()));
    assert_eq!(failures(&check), [&CmsProblem::SignedAttributesMissing]);
}

#[test]
fn of_several_signers_every_one_must_hold() {
    let content = content();
    let look = |signed: &SignedData| check_detached(signed, &[], |algorithm| algorithm.hash(&content));
    let two = parse("two-signers");
    assert_eq!((look(&two).holds(), look(&two).passed()), (Some(true), false), "two people, and both hold");
    for index in 0..2 {
        let mut forged = two.clone();
        forged.signers[index].signature_value[7] ^= 1;
        assert!(look(&forged).problems.contains(&CmsProblem::SeveralSigners { count: 2 }));
        assert_eq!(look(&forged).holds(), Some(false));
    }
    // A library that adds its only signer twice breaks nothing.
    let mut same = parse("rsa-sha256");
    same.signers.push(same.signers[0].clone());
    same.problems.push(CmsProblem::SeveralSigners { count: 2 });
    assert!(look(&same).passed(), "{:?}", look(&same).problems);
    assert!(look(&same).problems.contains(&CmsProblem::SignedRepeatedly { count: 2 }));
    let unknown = check("md5");
    assert_eq!((unknown.holds(), unknown.passed()), (None, false), "it cannot be told");
}

#[test]
fn what_is_odd_but_harmless_is_only_noted() {
    for (name, expected) in [
        ("digests-differ", CmsProblem::DigestAlgorithmsDiffer),
        ("rsa-sha256", CmsProblem::NoSigningCertificate),
    ] {
        assert!(holds(name).problems.contains(&expected), "{name}");
    }
    holds("unknown-twice");
    let broken = holds("certificate-broken");
    assert!(
        broken.problems.iter().any(|problem| matches!(problem, CmsProblem::UnreadableCertificate { .. }))
    );
    assert!(!holds("cades-v2").problems.contains(&CmsProblem::NoSigningCertificate));
}

#[test]
fn the_certificate_may_come_from_elsewhere() {
    let (content, pool) = (content(), [certificate("ca.der"), certificate("rsa.der")]);
    for name in ["no-certificates", "certificate-missing"] {
        let check = check_detached(&parse(name), &pool, |algorithm| algorithm.hash(&content));
        assert!(check.passed(), "{name}: {:?}", check.problems);
        assert_eq!(check.signer.unwrap().common_name().as_deref(), Some("rsa"));
    }
}

#[test]
fn revocation_data_is_found_wherever_it_travels() {
    let (crl, ocsp) = (fixture("crl.der"), fixture("ocsp.der"));
    for (name, crls) in [
        ("revocation-field", 1),
        ("revocation-adobe-signed", 2),
        ("revocation-adobe-unsigned", 2),
        ("revocation-cades", 1),
    ] {
        holds(name);
        let signed = parse(name);
        assert_eq!(signed.crls, vec![crl.clone(); crls], "{name}");
        assert_eq!(signed.ocsp, std::slice::from_ref(&ocsp), "{name}");
    }
    assert_eq!(parse("revocation-cades").certificates.len(), 2);
    let broken = holds("revocation-broken");
    assert!(broken.problems.iter().any(|problem| matches!(problem, CmsProblem::UnreadableRevocation { .. })));
}

#[test]
fn certificates_say_who_and_when() {
    let one = certificate("rsa.der");
    assert_eq!(one.subject(), "CN=rsa,O=正倉院 試験,C=JP");
    assert_eq!((one.issuer(), one.display_name()), ("CN=ca,O=正倉院 試験,C=JP".into(), "rsa".into()));
    assert_eq!(one.not_before().to_rfc3339(), "2026-01-01T00:00:00+00:00");
    assert_eq!(one.not_after().to_rfc3339(), "2036-01-01T00:00:00+00:00");
    assert!(
        one.is_valid_at(one.not_after()) && !one.is_valid_at(one.not_after() + chrono::Duration::seconds(1))
    );
    assert!(!one.is_ca() && certificate("ca.der").is_ca() && certificate("ca.der").is_self_issued());
    assert_eq!(one.fingerprint().to_vec(), DigestAlgorithm::Sha256.hash(&fixture("rsa.der")));
    let usage = certificate("tsa.der").extended_key_usage().unwrap();
    assert!(usage.critical && usage.oids.len() == 1 && one.extended_key_usage().is_none());
    assert!(one.key_usage().unwrap().digital_signature());
    let issuer = certificate("ca.der");
    assert_eq!(one.issuer_der(), issuer.subject_der());
    let message = shosoin::pki::signature::Message::Bytes(one.tbs_der());
    let verify = |key: &Certificate| {
        shosoin::pki::signature::verify(
            key.spki_der(),
            one.signature_algorithm(),
            None,
            message,
            one.signature(),
        )
    };
    assert_eq!(verify(&issuer), Ok(()));
    assert_eq!(verify(&certificate("p256.der")), Err(SignatureProblem::Mismatch));
    assert_eq!(verify(&certificate("rsa.der")), Err(SignatureProblem::KeyMismatch));
}
