//! Importing anchors: PEM, DER, directories, Adobe's list, a European list with its history.

use super::*;
use crate::pki::test_past::{certificate, noon, read};

fn base64(name: &str) -> String {
    STANDARD.encode(read(&format!("{name}.der")))
}

fn pem(name: &str) -> String {
    format!("subject=…\n-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", base64(name))
}

#[test]
fn pem_and_der_are_told_apart_by_their_bytes() {
    let mut store = TrustStore::empty();
    let both = pem("root") + &pem("other_root");
    assert_eq!(store.add_bytes(both.as_bytes()).unwrap().anchors, 2);
    assert_eq!(store.add_bytes(&read("root.der")).unwrap().anchors, 0, "it is there already");
    assert_eq!(store.add_bytes(&read("ica.der")).unwrap().anchors, 1);
    assert!(matches!(store.add_bytes(b"hello"), Err(TrustError::Unknown)));
    assert!(matches!(store.add_bytes(b"%PDF-1.7 ..."), Err(TrustError::WrappedList)));
    assert!(matches!(store.add_bytes(b"<a/>"), Err(TrustError::Unknown)));
}

#[test]
fn a_damaged_certificate_in_a_pem_file_is_counted() {
    let mut store = TrustStore::empty();
    let damaged = pem("root") + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(store.add_bytes(damaged.as_bytes()).unwrap(), Imported { anchors: 1, unreadable: 1 });
}

#[test]
fn a_directory_is_read_whole_and_a_stray_file_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a.pem"), pem("root")).unwrap();
    std::fs::write(directory.path().join("b.cer"), read("other_root.der")).unwrap();
    std::fs::write(directory.path().join(".hidden"), "not read").unwrap();
    assert_eq!(TrustStore::from_directory(directory.path()).unwrap().anchors().len(), 2);
    std::fs::write(directory.path().join("c.txt"), "no certificate").unwrap();
    let error = TrustStore::from_directory(directory.path()).unwrap_err();
    assert!(error.to_string().contains("c.txt"), "{error}");
}

fn identity(name: &str, action: u8, root: u8) -> String {
    format!(
        "<Identity><ImportAction>{action}</ImportAction><Certificate>{}</Certificate>\
         <Trust><Root>{root}</Root></Trust></Identity>",
        base64(name)
    )
}

#[test]
fn adobes_list_gives_roots_that_are_not_to_be_removed() {
    let identities = identity("root", 1, 1) + &identity("other_root", 3, 1) + &identity("ica", 2, 0);
    let list = format!(
        "<?xml version=\"1.0\"?><SecuritySettings><TrustedIdentities>{identities}</TrustedIdentities></SecuritySettings>"
    );
    let mut store = TrustStore::empty();
    assert_eq!(store.add_bytes(list.as_bytes()).unwrap(), Imported { anchors: 1, unreadable: 0 });
    assert_eq!(store.anchors()[0].origin, Origin::Aatl);
    assert_eq!(store.anchors()[0].certificate, certificate("root"));
}

fn service(kind: &str, status: &str, since: &str, history: &str) -> String {
    let base = "http://uri.etsi.org/TrstSvc";
    format!(
        "<tsl:TSPService><tsl:ServiceInformation><tsl:ServiceTypeIdentifier>{base}/Svctype/{kind}</tsl:ServiceTypeIdentifier>\
         <tsl:ServiceDigitalIdentity><tsl:DigitalId><tsl:X509Certificate>{}</tsl:X509Certificate></tsl:DigitalId></tsl:ServiceDigitalIdentity>\
         <tsl:ServiceStatus>{base}/TrustedList/Svcstatus/{status}</tsl:ServiceStatus>\
         <tsl:StatusStartingTime>{since}</tsl:StatusStartingTime></tsl:ServiceInformation>\
         <tsl:ServiceHistory>{history}</tsl:ServiceHistory></tsl:TSPService>",
        base64("root")
    )
}

fn instance(kind: &str, status: &str, since: &str) -> String {
    let base = "http://uri.etsi.org/TrstSvc";
    format!(
        "<tsl:ServiceHistoryInstance><tsl:ServiceTypeIdentifier>{base}/Svctype/{kind}</tsl:ServiceTypeIdentifier>\
         <tsl:ServiceStatus>{base}/TrustedList/Svcstatus/{status}</tsl:ServiceStatus>\
         <tsl:StatusStartingTime>{since}</tsl:StatusStartingTime></tsl:ServiceHistoryInstance>"
    )
}

fn imported(services: &str) -> Vec<Anchor> {
    let list = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?><tsl:TrustServiceStatusList xmlns:tsl=\"http://uri.etsi.org/02231/v2#\">\
         {services}</tsl:TrustServiceStatusList>"
    );
    let mut store = TrustStore::empty();
    store.add_bytes(list.as_bytes()).unwrap();
    store.anchors().to_vec()
}

#[test]
fn a_european_service_counts_while_it_was_granted() {
    let history = instance("CA/QC", "granted", "2016-07-01T00:00:00Z")
        + &instance("CA/QC", "undersupervision", "2012-01-01T00:00:00Z");
    let anchors = imported(&service("CA/QC", "withdrawn", "2020-01-01T00:00:00Z", &history));
    assert_eq!(anchors.len(), 1, "neighbouring good states are one stretch");
    assert_eq!(anchors[0].roles, Roles::Signing);
    assert!(!anchors[0].counts_at(noon("2011-12-31")));
    assert!(anchors[0].counts_at(noon("2015-01-01")) && anchors[0].counts_at(noon("2019-12-31")));
    assert!(!anchors[0].counts_at(noon("2020-01-01")));
}

#[test]
fn a_service_that_was_withdrawn_and_granted_again_has_two_stretches() {
    let history = instance("TSA/QTST", "withdrawn", "2018-01-01T00:00:00Z")
        + &instance("TSA/QTST", "granted", "2017-01-01T00:00:00Z");
    let anchors = imported(&service("TSA/QTST", "granted", "2019-01-01T00:00:00Z", &history));
    assert_eq!(anchors.len(), 2);
    let counts = |day| anchors.iter().any(|anchor| anchor.counts_at(noon(day)));
    assert!(counts("2017-06-01") && !counts("2018-06-01") && counts("2026-01-01"));
    assert!(anchors.iter().all(|anchor| anchor.roles == Roles::Timestamping));
}

#[test]
fn other_services_of_a_list_are_passed_over() {
    let other = service("TSA", "recognisedatnationallevel", "2019-01-01T00:00:00Z", "");
    assert!(imported(&(other + &service("CA/PKC", "granted", "2019-01-01T00:00:00Z", ""))).is_empty());
}

#[test]
fn a_list_with_entities_is_refused() {
    let bomb =
        "<!DOCTYPE a [<!ENTITY b \"bbbbbbbbbb\">]><TrustServiceStatusList>&b;</TrustServiceStatusList>";
    assert!(matches!(TrustStore::empty().add_bytes(bomb.as_bytes()), Err(TrustError::Xml(_))));
}
