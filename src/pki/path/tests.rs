//! Paths over certificates of an invented authority: what holds, and each way not to.

use super::*;
use crate::pki::test_past::{certificate, noon, pool, trust};
use crate::pki::trust::Roles;

fn built(target: &str, day: &str, purpose: Purpose) -> Result<Path, PathProblem> {
    build(&certificate(target), &pool(), &trust(), noon(day), purpose)
}

fn broken(target: &str, purpose: Purpose) -> Rule {
    match built(target, "2021-06-01", purpose) {
        Err(PathProblem::Rule { rule, .. }) => rule,
        other => panic!("expected a broken rule, got {other:?}"),
    }
}

#[test]
fn a_signer_leads_over_its_authority_to_the_root() {
    let path = built("signer", "2021-06-01", Purpose::Signing).unwrap();
    let names: Vec<String> = path.certificates.iter().map(Certificate::display_name).collect();
    assert_eq!(names, ["Signer", "Past Issuing CA", "Past Root"]);
    assert_eq!(path.ends(), Some(certificate("signer").not_after()));
    let issued: Vec<String> = path.issued().map(|(certificate, _)| certificate.display_name()).collect();
    assert_eq!(issued, ["Past Issuing CA", "Signer"]);
}

#[test]
fn an_expired_chain_is_still_known_to_be_the_right_chain() {
    let Err(PathProblem::NotValidAt { path, certificate: ended }) =
        built("expired", "2021-06-01", Purpose::Signing)
    else {
        panic!("it is expired")
    };
    assert_eq!(path.certificates.len(), 3);
    assert_eq!(*ended, certificate("expired"));
    assert!(built("expired", "2019-06-01", Purpose::Signing).is_ok());
}

#[test]
fn the_missing_issuer_is_named() {
    let missing = |problem| match problem {
        Err(PathProblem::NoChain { missing }) => missing,
        other => panic!("expected no chain, got {other:?}"),
    };
    assert!(missing(built("unknown", "2021-06-01", Purpose::Signing)).contains("Other Root"));
    let alone = build(&certificate("signer"), &[], &trust(), noon("2021-06-01"), Purpose::Signing);
    assert!(missing(alone).contains("Past Issuing CA"));
    let own_root = certificate("other_root");
    let pool = [own_root.clone(), certificate("unknown")];
    assert!(build(&own_root, &pool, &trust(), noon("2021-06-01"), Purpose::Signing).is_err());
}

#[test]
fn broken_rules_are_told_apart() {
    assert_eq!(broken("forged", Purpose::Signing), Rule::Signature);
    assert_eq!(broken("encipher_only", Purpose::Signing), Rule::KeyUsage);
    assert_eq!(broken("nc_outside", Purpose::Signing), Rule::NameConstraints);
    assert!(built("nc_inside", "2021-06-01", Purpose::Signing).is_ok());
    // A leaf is no authority: it is not even looked at as an issuer.
    assert!(matches!(
        built("under_not_ca", "2021-06-01", Purpose::Signing),
        Err(PathProblem::NoChain { .. })
    ));
}

#[test]
fn a_timestamp_unit_needs_its_usage_critical_and_alone() {
    assert!(built("tsa", "2021-06-01", Purpose::Timestamping).is_ok());
    assert_eq!(broken("tsa_not_critical", Purpose::Timestamping), Rule::ExtendedKeyUsage);
    assert_eq!(broken("tsa_two_uses", Purpose::Timestamping), Rule::ExtendedKeyUsage);
    assert_eq!(broken("signer", Purpose::Timestamping), Rule::ExtendedKeyUsage);
}

#[test]
fn an_anchor_counts_for_its_role_and_its_time_only() {
    let anchor = |roles, from: &str, until: &str| {
        let mut store = TrustStore::empty();
        store.add_anchor(Anchor {
            certificate: certificate("root"),
            roles,
            from: Some(noon(from)),
            until: Some(noon(until)),
            origin: Origin::EuList,
        });
        store
    };
    let build =
        |store: &TrustStore, day| build(&certificate("signer"), &pool(), store, noon(day), Purpose::Signing);
    let store = anchor(Roles::Signing, "2020-06-01", "2022-06-01");
    assert!(build(&store, "2021-01-01").is_ok());
    assert!(matches!(build(&store, "2023-01-01"), Err(PathProblem::NotTrustedThen { .. })));
    assert!(matches!(build(&store, "2020-02-01"), Err(PathProblem::NotTrustedThen { .. })));
    let stamps = anchor(Roles::Timestamping, "2020-06-01", "2022-06-01");
    assert!(matches!(build(&stamps, "2021-01-01"), Err(PathProblem::NoChain { .. })));
}

#[test]
fn a_target_that_is_an_anchor_needs_no_issuer() {
    let mut store = TrustStore::empty();
    store.add(certificate("tsa"), Roles::Timestamping, Origin::EuList);
    let path = build(&certificate("tsa"), &[], &store, noon("2021-06-01"), Purpose::Timestamping).unwrap();
    assert_eq!(path.certificates.len(), 1);
    let late = build(&certificate("tsa"), &[], &store, noon("2036-06-01"), Purpose::Timestamping);
    assert!(matches!(late, Err(PathProblem::NotValidAt { .. })));
}

#[test]
fn many_certificates_of_one_name_do_not_blow_up_the_search() {
    let mut pool = pool();
    for _ in 0..200 {
        pool.extend(["ica", "nc_ica", "root", "other_root"].map(certificate));
    }
    assert!(build(&certificate("signer"), &pool, &trust(), noon("2021-06-01"), Purpose::Signing).is_ok());
}
