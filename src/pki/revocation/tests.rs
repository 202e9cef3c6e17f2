//! The status of a certificate at times before, between and after what is at hand.

use super::*;
use crate::pki::Certificate;
use crate::pki::test_past::{certificate, evidence, noon, pool, read};

fn at(name: &str, files: &[&str], day: &str) -> RevocationStatus {
    status(&certificate(name), &certificate("ica"), &evidence(files), &pool(), noon(day))
}

fn why(name: &str, files: &[&str], day: &str) -> Vec<Unusable> {
    match at(name, files, day) {
        RevocationStatus::Unknown { why } => why,
        other => panic!("expected unknown, got {other:?}"),
    }
}

fn is_good(status: &RevocationStatus) -> bool {
    matches!(status, RevocationStatus::Good { .. })
}

#[test]
fn a_list_is_good_for_its_own_days_and_for_times_before_it() {
    assert!(is_good(&at("signer", &["2021.crl"], "2021-06-03")));
    assert!(is_good(&at("signer", &["2021.crl"], "2021-02-01")));
    assert_eq!(why("signer", &["2021.crl"], "2021-07-01"), [Unusable::Stale]);
}

#[test]
fn a_later_list_says_nothing_about_a_certificate_that_had_ended() {
    assert_eq!(why("expired", &["2021.crl"], "2019-06-01"), [Unusable::AfterExpiry]);
}

#[test]
fn what_counts_is_the_date_of_the_revocation() {
    let before = at("revoked", &["2025.crl"], "2021-06-03");
    let RevocationStatus::Good { revoked_later, .. } = before else { panic!("it was good then: {before:?}") };
    assert_eq!(revoked_later, Some(noon("2022-03-15") - chrono::Duration::hours(12)));
    for day in ["2022-03-15", "2023-01-01", "2030-01-01"] {
        let RevocationStatus::Revoked { at, reason, .. } = at("revoked", &["2025.crl", "2021.crl"], day)
        else {
            panic!("it was revoked by {day}")
        };
        assert_eq!(reason, RevocationReason::KeyCompromise);
        assert_eq!(at, noon("2022-03-15") - chrono::Duration::hours(12));
    }
}

#[test]
fn a_hold_ends_with_a_later_list_without_it() {
    let held = |files: &[&str], day| matches!(at("revoked", files, day), RevocationStatus::OnHold { .. });
    assert!(!held(&["hold_2021.crl", "2021.crl"], "2021-02-20"));
    assert!(held(&["hold_2021.crl"], "2021-03-05"));
    assert!(held(&["hold_2021.crl", "2021.crl"], "2021-05-01"), "lifted only on 1 June");
    assert!(is_good(&at("revoked", &["hold_2021.crl", "2021.crl"], "2021-06-03")));
}

#[test]
fn the_scope_of_a_list_is_obeyed() {
    let signer = |file: &str| why("signer", &[file], "2021-06-03");
    assert!(is_good(&at("signer", &["users_2021.crl"], "2021-06-03")));
    assert_eq!(signer("authorities_2021.crl"), [Unusable::Scope]);
    assert!(is_good(&at("signer", &["indirect_2021.crl"], "2021-06-03")), "it is the issuer's own");
    assert_eq!(signer("some_reasons_2021.crl"), [Unusable::Partial]);
    assert_eq!(signer("delta_2021.crl"), [Unusable::Partial]);
    assert_eq!(signer("elsewhere_2021.crl"), [Unusable::Scope]);
    assert!(is_good(&at("signer", &["here_2021.crl"], "2021-06-03")));
}

/// The status, on 3 June 2021, of a certificate of tests/fixtures/pki/indirect, by one list.
fn indirect(name: &str, list: &str) -> RevocationStatus {
    let read = |file: String| {
        std::fs::read(format!("{}/tests/fixtures/pki/indirect/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    };
    let certificate = |name: &str| Certificate::from_der(&read(format!("{name}.der"))).unwrap();
    let mut evidence = Evidence::new();
    evidence.add_crl(&read(format!("{list}.crl")), Provenance::Embedded).unwrap();
    let pool = ["ca", "other_ca", "lists", "stranger"].map(certificate);
    status(&certificate(name), &certificate("ca"), &evidence, &pool, noon("2021-06-03"))
}

#[test]
fn an_indirect_list_speaks_about_the_issuer_that_its_entries_name() {
    for list in ["empty", "of_other", "of_other_inherited", "of_itself"] {
        assert!(is_good(&indirect("signer", list)), "{list}");
    }
    for list in ["revoked", "inherited"] {
        assert!(matches!(indirect("signer", list), RevocationStatus::Revoked { .. }), "{list}");
    }
    assert!(matches!(indirect("plain_signer", "by_ca"), RevocationStatus::Revoked { .. }));
    assert!(is_good(&indirect("plain_signer", "by_ca_of_other")));
}

#[test]
fn a_list_of_another_authority_counts_only_where_certificate_and_issuer_leave_it_to_that() {
    let unknown = |name, list| match indirect(name, list) {
        RevocationStatus::Unknown { why } => why,
        other => panic!("{name} by {list}: {other:?}"),
    };
    assert_eq!(unknown("signer", "by_stranger"), [Unusable::Signature]);
    assert_eq!(unknown("signer", "not_indirect"), [Unusable::Indirect]);
    assert!(unknown("plain_signer", "empty").is_empty(), "its certificate does not name that authority");
}

#[test]
fn a_list_signed_by_somebody_else_is_not_believed() {
    assert_eq!(why("signer", &["forged_2021.crl"], "2021-06-03"), [Unusable::Signature]);
    let ours = evidence(&["root_2021.crl"]);
    let signer = certificate("signer");
    let unknown = status(&signer, &certificate("ica"), &ours, &[], noon("2021-02-01"));
    assert_eq!(unknown, RevocationStatus::Unknown { why: Vec::new() });
}

#[test]
fn a_responder_needs_the_issuers_signature_and_the_usage() {
    assert!(is_good(&at("signer", &["good_2021.ocsp"], "2021-06-03")));
    assert!(is_good(&at("signer", &["good_2021_by_ca.ocsp"], "2021-06-03")));
    assert_eq!(why("signer", &["good_2021_false.ocsp"], "2021-06-03"), [Unusable::Signature]);
    assert_eq!(why("signer", &["unknown_2021.ocsp"], "2021-06-03"), [Unusable::ResponderUnknown]);
    assert!(why("revoked", &["good_2021.ocsp"], "2021-06-03").is_empty(), "it is about another certificate");
}

#[test]
fn an_answer_of_revoked_counts_from_its_date() {
    assert!(is_good(&at("revoked", &["revoked_2023.ocsp"], "2022-03-14")));
    let status = at("revoked", &["revoked_2023.ocsp"], "2022-03-16");
    let RevocationStatus::Revoked { reason, source, .. } = status else { panic!("{status:?}") };
    assert_eq!((reason, source), (RevocationReason::Superseded, SourceKind::Ocsp));
}

#[test]
fn evidence_keeps_each_piece_once_and_counts_what_it_cannot_read() {
    let mut all = evidence(&["2021.crl", "2021.crl", "good_2021.ocsp"]);
    all.extend(&evidence(&["2021.crl", "2025.crl"]));
    assert_eq!((all.crls.len(), all.ocsps.len()), (2, 1));
    assert!(all.add_crl(b"no list", Provenance::Supplied).is_err());
    assert!(all.add_ocsp(&[0x30, 3, 0x0A, 1, 3], Provenance::Supplied).is_err());
    assert_eq!(all.unreadable(), 2);
}

#[test]
fn damaged_data_is_refused_or_proves_nothing() {
    let signer = certificate("signer");
    for file in ["2021.crl", "good_2021.ocsp"] {
        let good = read(file);
        for place in 0..good.len() {
            let mut bytes = good.clone();
            bytes[place] ^= 0x41;
            assert!(!proves(&signer, &bytes), "{file}: byte {place}");
            assert!(!proves(&signer, &good[..place]), "{file} cut at {place}");
        }
        assert!(proves(&signer, &good));
    }
}

fn proves(signer: &Certificate, bytes: &[u8]) -> bool {
    let mut evidence = Evidence::new();
    let _ = evidence.add_crl(bytes, Provenance::Embedded);
    let mut other = Evidence::new();
    let _ = other.add_ocsp(bytes, Provenance::Embedded);
    evidence.extend(&other);
    is_good(&status(signer, &certificate("ica"), &evidence, &[], noon("2021-06-03")))
}
