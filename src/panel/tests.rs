//! Panels of the bundled samples: what anybody gets without asking a network.

use chrono::{DateTime, Utc};

use super::*;
use crate::pki::revocation::Evidence;
use crate::pki::trust::TrustStore;

const BLTA: &[u8] = include_bytes!("../../samples/20260201_株式会社国税商事_1100000.pdf");
const NO_STAMP: &[u8] = include_bytes!("../../samples/20241108_Kuon Trading LLC_3581.60USD.pdf");
const UNSIGNED: &[u8] = include_bytes!("../../samples/20260121_株式会社蔵王水産_2233940.pdf");
const ROOTS: &[u8] = include_bytes!("../../samples/trust/sample-roots.pem");

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

fn trusting() -> TrustStore {
    let mut trust = TrustStore::empty();
    trust.add_bytes(ROOTS).expect("the samples' root");
    trust
}

fn panel(file: &[u8], trust: &TrustStore) -> Panel {
    examine(file, trust, at("2026-11-22T00:00:00Z"), &Evidence::default())
}

#[test]
fn a_contract_with_timestamps_and_revocation_data_is_valid_as_a_whole() {
    let panel = panel(BLTA, &trusting());
    assert_eq!(panel.verdict, Verdict::TotalPassed, "{panel:#?}");
    assert_eq!(panel.headline.ja, "署名済みであり、すべての署名が有効です。");
    assert!(panel.signatures.iter().all(|signature| signature.intact == Some(true)
        && signature.modified_after == Some(false)
        && signature.chain == Chain::Trusted
        && signature.timestamp_time.is_some()));
    assert!(panel.protected_until.is_some());
}

#[test]
fn the_same_contract_under_unknown_roots_is_intact_and_not_certain() {
    let panel = panel(BLTA, &TrustStore::empty());
    assert_eq!(panel.verdict, Verdict::Indeterminate);
    let why = panel.signatures.iter().map(|signature| signature.sub_indication.as_deref());
    assert!(why.into_iter().all(|why| why == Some("NO_CERTIFICATE_CHAIN_FOUND")), "{panel:#?}");
    assert!(panel.signatures.iter().all(|signature| signature.intact == Some(true)));
}

#[test]
fn one_changed_byte_fails_every_signature() {
    let mut forged = BLTA.to_vec();
    let at = forged.windows(6).position(|window| window == b"stream").expect("a stream") + 60;
    forged[at] ^= 1;
    let panel = panel(&forged, &trusting());
    assert_eq!(panel.verdict, Verdict::TotalFailed);
    assert!(panel.signatures.iter().all(|signature| signature.intact == Some(false)), "{panel:#?}");
}

#[test]
fn without_a_timestamp_there_is_only_the_signers_word() {
    let panel = panel(NO_STAMP, &trusting());
    let signature = &panel.signatures[0];
    assert_eq!(signature.timestamp_time, None);
    assert!(signature.claimed_time.is_some() && signature.time == signature.claimed_time);
    assert!(!signature.ltv);
}

#[test]
fn no_signature_and_no_pdf_are_told_from_a_bad_signature() {
    assert_eq!(panel(UNSIGNED, &trusting()).verdict, Verdict::Unsigned);
    assert_eq!(panel(b"a letter", &trusting()).verdict, Verdict::Unsigned);
    let encrypted = [b"%PDF-1.7\n".as_slice(), b"trailer << /Encrypt 5 0 R >>"].concat();
    assert_eq!(panel(&encrypted, &trusting()).verdict, Verdict::CannotTell);
}
