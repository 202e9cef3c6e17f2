//! Signatures and timestamps of an invented authority, judged years later.

use super::*;
use crate::pki::DigestAlgorithm;
use crate::pki::cms::SignedData;
use crate::pki::test_past::{DOCUMENT, evidence, noon, pool, read, trust};
use crate::pki::token::TimestampToken;

/// All revocation data of 2021 that a good document of that year would hold.
const OF_2021: [&str; 2] = ["root_2021.crl", "2021.crl"];
const JUDGED: &str = "2026-11-01";

fn signature(file: &str) -> Layer {
    let signed = SignedData::parse(&read(&format!("{file}.cms"))).unwrap();
    let signer = &signed.signers[0];
    let tokens = signer.timestamp_tokens.iter().map(|der| {
        let token = TimestampToken::parse(der).unwrap();
        let covers = token.covers(|digest| digest.hash(&signer.signature_value));
        (token, covers)
    });
    let subject = Subject::Signature {
        check: signer.verify(&signed, |digest| digest.hash(DOCUMENT)),
        certificates: signed.certificates.clone(),
        digests: vec![DigestAlgorithm::Sha256],
        tokens: tokens.collect(),
    };
    Layer { subject, format_problem: None, covers_before: true }
}

fn stamp(file: &str) -> Layer {
    let token = Box::new(TimestampToken::parse(&read(&format!("{file}.tst"))).unwrap());
    let covers = token.covers(|digest| digest.hash(DOCUMENT));
    Layer { subject: Subject::Timestamp { token, covers }, format_problem: None, covers_before: true }
}

fn judged_at(layers: &[Layer], files: &[&str], policy: RevocationPolicy, day: &str) -> Vec<Conclusion> {
    let (trust, evidence, pool) = (trust(), evidence(files), pool());
    let judge =
        Judge { trust: &trust, evidence: &evidence, pool: &pool, policy, at: noon(day), existed: None };
    document(layers, &judge)
}

fn judged(layers: &[Layer], files: &[&str]) -> Vec<Conclusion> {
    judged_at(layers, files, RevocationPolicy::IfAvailable, JUDGED)
}

fn one(file: &str, files: &[&str]) -> Conclusion {
    judged(&[signature(file)], files).remove(0)
}

fn indication(conclusion: &Conclusion) -> (Verdict, Option<&'static str>, ChainStatus) {
    (conclusion.verdict, conclusion.sub_indication.map(SubIndication::name), conclusion.chain)
}

use ChainStatus::{Expired, Revoked, Trusted, Unknown, Untrusted};
use Verdict::{Indeterminate, TotalFailed, TotalPassed};

#[test]
fn a_plain_signature_counts_while_its_certificate_does() {
    let plain = one("plain", &[]);
    assert_eq!(indication(&plain), (TotalPassed, None, Trusted), "{:?}", plain.reasons);
    assert!(!plain.ltv && plain.best_time.is_none());
    assert_eq!(plain.protected_until, Some(noon("2027-01-01") - chrono::Duration::hours(12)));
    assert!(plain.reasons.contains(&Reason::NoTimestamp));
    let later = judged_at(&[signature("plain")], &[], RevocationPolicy::IfAvailable, "2027-02-01").remove(0);
    assert_eq!(indication(&later), (Indeterminate, Some("OUT_OF_BOUNDS_NO_POE"), Expired));
}

#[test]
fn without_revocation_data_the_policy_decides() {
    let strict =
        |files: &[&str]| judged_at(&[signature("plain")], files, RevocationPolicy::Require, JUDGED).remove(0);
    assert_eq!(indication(&strict(&[])), (Indeterminate, Some("TRY_LATER"), Unknown));
    assert_eq!(indication(&strict(&["root_2026.crl", "2026.crl"])), (TotalPassed, None, Trusted));
    assert_eq!(indication(&strict(&OF_2021)), (Indeterminate, Some("TRY_LATER"), Unknown), "stale");
}

#[test]
fn a_timestamp_carries_a_signature_over_the_end_of_its_certificate() {
    let early = one("expired_stamped_2019", &[]);
    assert_eq!(indication(&early), (TotalPassed, None, Trusted), "{:?}", early.reasons);
    assert_eq!(early.best_time, Some(noon("2019-06-03") - chrono::Duration::hours(12)));
    assert_eq!(early.protected_until, Some(noon("2035-01-01") - chrono::Duration::hours(12)));
    for file in ["expired_plain", "expired_stamped_2022"] {
        let late = one(file, &[]);
        assert_eq!(indication(&late), (Indeterminate, Some("OUT_OF_BOUNDS_NO_POE"), Expired), "{file}");
    }
}

#[test]
fn a_timestamp_carries_a_signature_over_a_later_revocation() {
    let files = ["2025.crl"];
    let before = one("revoked_stamped_2021", &files);
    assert_eq!(indication(&before), (TotalPassed, None, Trusted), "{:?}", before.reasons);
    assert!(before.reasons.iter().any(|reason| reason.code() == "revoked_later"));
    for file in ["revoked_plain", "revoked_stamped_2023"] {
        let revoked = one(file, &files);
        assert_eq!(indication(&revoked), (Indeterminate, Some("REVOKED_NO_POE"), Revoked), "{file}");
    }
}

#[test]
fn a_signature_over_a_timestamp_from_after_the_revocation_has_failed() {
    let layers = [stamp("document_2022"), signature("revoked_stamped_2023")];
    let revoked = judged(&layers, &["2025.crl"]).remove(1);
    assert_eq!(indication(&revoked), (TotalFailed, Some("REVOKED"), Revoked));
    let older = [stamp("document_2021"), signature("revoked_stamped_2023")];
    assert_eq!(indication(&judged(&older, &["2025.crl"])[1]).1, Some("REVOKED_NO_POE"));
}

#[test]
fn an_authority_that_was_revoked_takes_everything_with_it() {
    let files = ["root_revokes_ica.crl"];
    assert_eq!(indication(&one("plain", &files)), (Indeterminate, Some("REVOKED_CA_NO_POE"), Revoked));
    // The unit that stamped hangs on the same authority, so its time is no proof either.
    let stamped = one("stamped_2021", &files);
    assert_eq!(indication(&stamped), (Indeterminate, Some("REVOKED_CA_NO_POE"), Revoked));
    assert!(stamped.best_time.is_none() && !stamped.timestamps[0].passed());
}

#[test]
fn an_unknown_root_is_no_failure() {
    let unknown = one("unknown_stamped_2021", &[]);
    assert_eq!(indication(&unknown), (Indeterminate, Some("NO_CERTIFICATE_CHAIN_FOUND"), Untrusted));
    assert!(unknown.best_time.is_some(), "the timestamp is trusted all the same");
}

#[test]
fn a_document_timestamp_protects_what_is_before_it_and_nothing_after() {
    let layers = [signature("expired_plain"), stamp("document_2021"), signature("revoked_plain")];
    let judged = judged(&layers, &["2025.crl"]);
    // The stamp of 2021 came too late for a certificate that ended in 2020.
    assert_eq!(indication(&judged[0]).1, Some("OUT_OF_BOUNDS_NO_POE"));
    assert_eq!(indication(&judged[1]).0, TotalPassed);
    assert_eq!(indication(&judged[2]).1, Some("REVOKED_NO_POE"));
    let covered = super::tests::judged(&[signature("revoked_plain"), stamp("document_2021")], &["2025.crl"]);
    assert_eq!(indication(&covered[0]).0, TotalPassed);
    assert_eq!(covered[0].best_time, Some(noon("2021-06-04") - chrono::Duration::hours(12)));
}

#[test]
fn a_timestamp_whose_certificate_ended_must_have_been_renewed_in_time() {
    let missed = judged(&[signature("stamped_2021_old_unit"), stamp("document_2021_old_unit")], &OF_2021);
    assert_eq!(indication(&missed[1]), (Indeterminate, Some("OUT_OF_BOUNDS_NO_POE"), Expired));
    assert!(missed[0].best_time.is_none());
    assert_eq!(missed[0].protected_until, Some(noon("2025-07-01") - chrono::Duration::hours(12)));
    let layers =
        [signature("stamped_2021_old_unit"), stamp("document_2021_old_unit"), stamp("document_2025")];
    let renewed = judged(&layers, &["root_2021.crl", "2021.crl", "2025.crl"]);
    assert!(renewed.iter().all(Conclusion::passed), "{:?}", renewed[1].reasons);
    assert_eq!(renewed[0].best_time, Some(noon("2021-06-03") - chrono::Duration::hours(12)));
    assert_eq!(renewed[0].protected_until, Some(noon("2035-01-01") - chrono::Duration::hours(12)));
}

#[test]
fn a_proof_from_outside_the_document_counts_like_a_newer_timestamp() {
    let layers = [signature("stamped_2021_old_unit"), stamp("document_2021_old_unit")];
    let (trust, evidence, pool) = (trust(), evidence(&OF_2021), pool());
    let policy = RevocationPolicy::IfAvailable;
    let judge = |existed| Judge {
        trust: &trust,
        evidence: &evidence,
        pool: &pool,
        policy,
        at: noon(JUDGED),
        existed,
    };
    assert!(document(&layers, &judge(Some(noon("2025-01-15")))).iter().all(Conclusion::passed));
    let late = document(&layers, &judge(Some(noon("2025-08-15"))));
    assert!(!late[1].passed(), "the unit had ended when the proof was made");
    assert_eq!(late[0].best_time, Some(noon("2025-08-15")));
}

#[test]
fn long_term_means_that_all_data_is_inside() {
    let layers = || [signature("stamped_2021"), stamp("document_2021")];
    let inside = judged_at(&layers(), &OF_2021, RevocationPolicy::Require, "2021-06-05");
    assert!(inside.iter().all(|conclusion| conclusion.passed() && conclusion.ltv), "{:?}", inside[0].reasons);
    let without = judged(&layers(), &[]);
    assert!(without.iter().all(|conclusion| conclusion.passed() && !conclusion.ltv));
}

#[test]
fn careless_units_do_not_prove_a_time() {
    for file in ["careless", "busy"] {
        let stamp = judged(&[stamp(file)], &[]).remove(0);
        assert_eq!(
            indication(&stamp),
            (Indeterminate, Some("CHAIN_CONSTRAINTS_FAILURE"), Untrusted),
            "{file}"
        );
    }
}

#[test]
fn changed_content_and_wrong_structure_fail() {
    let mut changed = signature("stamped_2021");
    if let Subject::Signature { check, .. } = &mut changed.subject {
        check.digest_matches = false;
    }
    assert_eq!(indication(&judged(&[changed], &[])[0]), (TotalFailed, Some("HASH_FAILURE"), Unknown));
    let mut other = stamp("document_2021");
    if let Subject::Timestamp { covers, .. } = &mut other.subject {
        *covers = false;
    }
    let both = judged(&[signature("revoked_plain"), other], &["2025.crl"]);
    assert_eq!(indication(&both[1]), (TotalFailed, Some("HASH_FAILURE"), Unknown));
    assert!(both[0].best_time.is_none(), "a stamp over other bytes proves nothing");
    let broken = Layer { format_problem: Some("the byte range overlaps".into()), ..signature("plain") };
    assert_eq!(indication(&judged(&[broken], &[])[0]), (TotalFailed, Some("FORMAT_FAILURE"), Unknown));
    let unread = Layer { subject: Subject::Unreadable, format_problem: None, covers_before: false };
    assert_eq!(indication(&judged(&[unread], &[])[0]), (TotalFailed, Some("FORMAT_FAILURE"), Unknown));
}

#[test]
fn a_timestamp_from_after_the_time_of_judging_proves_nothing_yet() {
    let layers = [signature("plain"), stamp("document_2025")];
    let then = judged_at(&layers, &[], RevocationPolicy::IfAvailable, "2022-01-01");
    assert_eq!(indication(&then[1]).1, Some("TIMESTAMP_ORDER_FAILURE"));
    assert!(then[0].best_time.is_none());
}

#[test]
fn every_reason_has_words_in_both_languages() {
    let all = judged(&[signature("expired_stamped_2022"), stamp("document_2025")], &["2025.crl"]);
    for reason in all.iter().flat_map(|conclusion| &conclusion.reasons) {
        assert!(reason.ja().ends_with('。') && reason.en().ends_with('.'), "{reason:?}");
        let json = serde_json::to_value(reason).unwrap();
        assert_eq!(json["code"], reason.code());
    }
}
