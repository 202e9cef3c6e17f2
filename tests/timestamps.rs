//! Timestamps made by other software (`tests/fixtures/pki`): what they state, and whether their authority said it.

use std::path::Path;

use shosoin::pki::cms::{CmsError, CmsProblem};
use shosoin::pki::token::{TimeStampReq, TimeStampResp};
use shosoin::pki::{Certificate, DigestAlgorithm, SignedData, TimestampToken};

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pki").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn token(name: &str) -> TimestampToken {
    TimestampToken::parse(&fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

const OPENSSL: [(&str, DigestAlgorithm); 4] = [
    ("openssl-sha256", DigestAlgorithm::Sha256),
    ("openssl-ess-v1", DigestAlgorithm::Sha256),
    ("openssl-sha512-p384", DigestAlgorithm::Sha512),
    ("openssl-sha1", DigestAlgorithm::Sha1),
];

#[test]
fn tokens_of_openssl_cover_what_was_stamped_and_nothing_else() {
    let content = fixture("content.bin");
    for (name, digest) in OPENSSL {
        let token = token(&format!("{name}.tst"));
        let check = token.check();
        assert!(check.passed(), "{name}: {:?}", check.problems);
        assert!(check.problems.is_empty(), "{name}: {:?}", check.problems);
        assert_eq!(check.weak.is_empty(), digest != DigestAlgorithm::Sha1, "{name}");
        assert_eq!(token.info().digest_algorithm, digest);
        assert!(
            token.covers(|algorithm| algorithm.hash(&content))
                && !token.covers(|algorithm| algorithm.hash(b"x"))
        );
        let accuracy = token.info().accuracy.unwrap();
        assert_eq!((accuracy.seconds, accuracy.millis, accuracy.micros), (1, 500, 100));
        assert_eq!(token.info().policy.to_string(), "1.2.3.4.1");
        assert_eq!(token.info().ordering, name == "openssl-sha256");
        assert!(token.info().tsa.as_ref().unwrap().starts_with("CN=tsa"), "{:?}", token.info().tsa);
    }
    assert_eq!(
        token("openssl-sha256.tst").info().serial,
        [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0x02]
    );
}

#[test]
fn every_field_is_read() {
    let fraction = token("fraction.tst");
    assert!(fraction.check().passed());
    assert_eq!(fraction.info().gen_time.to_rfc3339(), "2026-11-22T14:02:21.250+00:00");
    assert_eq!(
        (fraction.info().ordering, &fraction.info().nonce, &fraction.info().tsa),
        (false, &None, &None)
    );
    let full = token("full.tst");
    assert!(full.check().passed());
    assert!(full.info().ordering);
    assert_eq!(full.info().nonce.as_deref(), Some(&[1, 0, 0, 0, 0, 0, 0, 0, 1][..]));
    assert_eq!(full.info().tsa.as_deref(), Some("CN=tsa,O=正倉院 試験,C=JP"));
    assert_eq!(full.info().accuracy.map(|accuracy| accuracy.millis), Some(500));
    assert_eq!(full.info().serial.len(), 19);
}

#[test]
fn a_token_that_is_not_as_signed_is_refused() {
    let forged = token("forged.tst");
    assert_eq!(forged.info().gen_time.to_rfc3339(), "2025-11-22T14:02:21.250+00:00");
    let check = forged.check();
    assert!(!check.digest_matches && check.signature_valid && !check.passed());
    let wrong = token("wrong-ess.tst").check();
    assert!(wrong.problems.contains(&CmsProblem::SigningCertificateMismatch) && !wrong.passed());
    assert!(token("no-ess.tst").check().problems.contains(&CmsProblem::NoSigningCertificate));
    for name in ["version-2.tst", "bad-time.tst"] {
        assert!(matches!(TimestampToken::parse(&fixture(name)), Err(CmsError::Field { .. })), "{name}");
    }
    assert!(matches!(TimestampToken::parse(&fixture("rsa-sha256.p7")), Err(CmsError::NotTimestamp(_))));
}

#[test]
fn the_authoritys_certificate_may_come_from_elsewhere() {
    let token = token("no-certificate.tst");
    assert_eq!(token.check().signer, None);
    assert!(!token.check().passed());
    let pool = [Certificate::from_der(&fixture("tsa.der")).unwrap()];
    assert!(token.check_among(&pool).passed());
}

#[test]
fn all_timestamps_of_a_signature_are_found_and_cover_its_value() {
    for (name, count) in
        [("timestamped.p7", 2), ("timestamped-values.p7", 2), ("pyhanko-rsa.p7", 1), ("rsa-sha256.p7", 0)]
    {
        let signed = SignedData::parse(&fixture(name)).unwrap();
        let signer = &signed.signers[0];
        assert_eq!(signer.timestamp_tokens.len(), count, "{name}");
        for bytes in &signer.timestamp_tokens {
            let token = TimestampToken::parse(bytes).unwrap();
            assert!(token.check().passed(), "{name}: {:?}", token.check().problems);
            assert!(token.covers(|algorithm| algorithm.hash(&signer.signature_value)), "{name}");
        }
    }
}

#[test]
fn requests_of_openssl_are_read_and_written_to_the_byte() {
    let content = fixture("content.bin");
    for (name, digest) in OPENSSL {
        let bytes = fixture(&format!("{name}.tsq"));
        let request = TimeStampReq::parse(&bytes).unwrap();
        assert_eq!((request.digest_algorithm, &request.imprint), (digest, &digest.hash(&content)));
        assert!(request.certificate && request.nonce.is_some() && request.policy.is_none());
        assert_eq!(request.encode().unwrap(), bytes, "{name}");
    }
    for nonce in [vec![], vec![0], vec![0x80], vec![1, 2, 3], vec![0xFF; 8]] {
        let request = TimeStampReq::new(DigestAlgorithm::Sha256, vec![7; 32], Some(nonce.clone()));
        let read = TimeStampReq::parse(&request.encode().unwrap()).unwrap();
        assert_eq!(read.nonce, Some(if nonce.is_empty() { vec![0] } else { nonce }));
    }
}

#[test]
fn an_answer_is_taken_only_for_its_own_request() {
    for (name, _) in OPENSSL {
        let request = TimeStampReq::parse(&fixture(&format!("{name}.tsq"))).unwrap();
        let answer = TimeStampResp::parse(&fixture(&format!("{name}.tsr"))).unwrap();
        assert_eq!(answer.status, 0);
        assert!(answer.granted(&request).unwrap().check().passed(), "{name}");
        assert_eq!(TimeStampResp::parse(&answer.encode()).unwrap().token, answer.token);
        let mut other = request.clone();
        other.nonce = Some(vec![1]);
        assert!(matches!(answer.granted(&other), Err(CmsError::Answer(_))));
        let mut other = request.clone();
        other.imprint[0] ^= 1;
        assert!(matches!(answer.granted(&other), Err(CmsError::Answer(_))));
    }
}

#[test]
fn a_refusal_says_why() {
    let request = TimeStampReq::parse(&fixture("refused.tsq")).unwrap();
    let answer = TimeStampResp::parse(&fixture("refused.tsr")).unwrap();
    assert_eq!((answer.status, &answer.token), (2, &None));
    let error = answer.granted(&request).unwrap_err().to_string();
    assert!(error.contains("does not know the digest algorithm"), "{error}");
    let again = TimeStampResp::parse(&answer.encode()).unwrap();
    assert_eq!((again.text, again.failures), (answer.text, answer.failures));
}
