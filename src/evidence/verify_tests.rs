//! Records made, renewed, damaged and verified, with tokens of a toy authority (real ones: `tests/evidence_peers.rs`).

use chrono::{DateTime, Datelike, TimeZone, Utc};

use super::asn1::{ArchiveTimeStamp, ArchiveTimeStampChain, EvidenceRecord, PartialHashtree};
use super::exact::tlv;
use super::*;
use crate::pki::DigestAlgorithm;

const SHA256: DigestAlgorithm = DigestAlgorithm::Sha256;
const SHA512: DigestAlgorithm = DigestAlgorithm::Sha512;

fn year(year: i32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(year, 4, 1, 0, 0, 0).unwrap()
}

/// A toy token: it says algorithm, imprint and year, and is good for ten years.
fn token(algorithm: DigestAlgorithm, imprint: &[u8], year: i32) -> Vec<u8> {
    tlv(0x30, &[tlv(2, &year.to_be_bytes()), tlv(6, &[algorithm as u8]), tlv(4, imprint)].concat())
}

struct Toy;

impl TokenJudge for Toy {
    fn read(&self, token: &[u8]) -> Result<TokenFacts, String> {
        let token = exact::der_form(token).ok_or("no token")?;
        let body = token.get(2..).filter(|body| body.len() > 11).ok_or("short")?;
        let year_of = i32::from_be_bytes(body[2..6].try_into().expect("four bytes"));
        let algorithm = [SHA256, SHA512, DigestAlgorithm::Sha3_256, DigestAlgorithm::Sha384]
            .into_iter()
            .find(|algorithm| *algorithm as u8 == body[8])
            .ok_or("algorithm")?;
        let time = Utc.with_ymd_and_hms(year_of, 4, 1, 0, 0, 0).single().ok_or("year")?;
        Ok(TokenFacts { algorithm, imprint: body[11..].to_vec(), time })
    }

    fn standing(&self, token: &[u8], at: DateTime<Utc>) -> Standing {
        match self.read(token) {
            Ok(facts) if at.year() > facts.time.year() + 10 => Standing::Bad("expired".into()),
            Ok(facts) if facts.imprint[0] == 0xEE => Standing::Unknown("nobody knows".into()),
            Ok(_) => Standing::Good,
            Err(why) => Standing::Bad(why),
        }
    }

    fn is_safe(&self, algorithm: DigestAlgorithm, at: DateTime<Utc>) -> bool {
        algorithm != SHA256 || at < year(2046)
    }
}

/// A record for object `index` of `objects`, stamped in `at`, renewed in `renewals`.
fn chain(
    algorithm: DigestAlgorithm,
    leaves: &[Vec<u8>],
    index: usize,
    years: &[i32],
) -> ArchiveTimeStampChain {
    let tree = HashTree::build(algorithm, leaves.concat()).unwrap();
    let first = token(algorithm, tree.root(), years[0]);
    let path = tree.path(index as u64).unwrap();
    let mut stamps = vec![first_stamp(algorithm, vec![leaves[index].clone()], &path, &first)];
    let mut tokens = vec![first];
    for renewal in &years[1..] {
        // Another batch is renewed by the same token.
        let ours = renewal_first_list(algorithm, &tokens);
        let tree = HashTree::build(
            algorithm,
            [node_of(algorithm, &ours), algorithm.hash(b"another batch")].concat(),
        );
        let tree = tree.unwrap();
        let token = token(algorithm, tree.root(), *renewal);
        stamps.push(first_stamp(algorithm, ours, &tree.path(0).unwrap(), &token));
        tokens.push(token);
    }
    ArchiveTimeStampChain::new(stamps).unwrap()
}

fn objects(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|i| format!("contract {i}").into_bytes()).collect()
}

fn hashes(algorithm: DigestAlgorithm, objects: &[Vec<u8>]) -> Vec<Vec<u8>> {
    objects.iter().map(|object| algorithm.hash(object)).collect()
}

fn check(record: &EvidenceRecord, objects: &[&[u8]], at: i32) -> Verification {
    let hash: Vec<_> =
        objects.iter().map(|object| move |algorithm: DigestAlgorithm| algorithm.hash(object)).collect();
    let hash: Vec<&ObjectHash<'_>> = hash.iter().map(|hash| hash as &ObjectHash<'_>).collect();
    verify(record, &hash, &Toy, year(at))
}

fn round_trip(record: &EvidenceRecord) -> EvidenceRecord {
    let der = record.to_der().unwrap();
    let read = EvidenceRecord::parse(&der).unwrap();
    assert_eq!(read.to_der().unwrap(), der);
    assert_eq!(&read, record);
    read
}

/// Stamped 2026, renewed 2035, rehashed 2045 under SHA-512, renewed 2054.
fn long_record(objects: &[Vec<u8>], index: usize) -> EvidenceRecord {
    let old = chain(SHA256, &hashes(SHA256, objects), index, &[2026, 2035]);
    let sequence = sequence_der(std::slice::from_ref(&old));
    let rehashed: Vec<_> =
        hashes(SHA512, objects).iter().map(|hash| renewed_object_hash(SHA512, hash, &sequence)).collect();
    round_trip(&EvidenceRecord::new(vec![old, chain(SHA512, &rehashed, index, &[2045, 2054])]))
}

#[test]
fn every_object_of_every_small_batch_is_proven_by_its_own_record() {
    for count in 1..=9 {
        let objects = objects(count);
        for index in 0..count {
            let chain = chain(SHA256, &hashes(SHA256, &objects), index, &[2026]);
            let record = round_trip(&EvidenceRecord::new(vec![chain]));
            let found = check(&record, &[&objects[index]], 2030);
            assert_eq!((found.verdict, found.proven_at), (Verdict::Valid, Some(year(2026))), "{found:?}");
            let other = check(&record, &[b"another contract"], 2030);
            assert_eq!(other.verdict, Verdict::Invalid);
            assert_eq!(other.flaws().next(), Some((1, 1, &Flaw::ObjectNotCovered(1))));
        }
    }
}

#[test]
fn renewals_carry_a_record_over_thirty_years() {
    let objects = objects(5);
    let record = long_record(&objects, 3);
    let found = check(&record, &[&objects[3]], 2060);
    assert_eq!((found.verdict, found.proven_at), (Verdict::Valid, Some(year(2026))), "{found:?}");
    assert_eq!(found.chains.iter().map(|chain| chain.stamps.len()).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(check(&record, &[&objects[0]], 2060).verdict, Verdict::Invalid);

    let lapsed = check(&record, &[&objects[3]], 2066);
    let [(2, 2, Flaw::Bad { .. })] = lapsed.flaws().collect::<Vec<_>>()[..] else { panic!("{lapsed:?}") };
}

#[test]
fn what_was_renewed_too_late_is_not_valid() {
    let objects = objects(2);
    let late = EvidenceRecord::new(vec![chain(SHA256, &hashes(SHA256, &objects), 0, &[2026, 2038])]);
    let found = check(&late, &[&objects[0]], 2040);
    assert!(matches!(found.flaws().next(), Some((1, 1, Flaw::Bad { .. }))), "{found:?}");

    let broken = EvidenceRecord::new(vec![chain(SHA256, &hashes(SHA256, &objects), 0, &[2026, 2035, 2044])]);
    assert_eq!(check(&broken, &[&objects[0]], 2045).verdict, Verdict::Valid);
    let found = check(&broken, &[&objects[0]], 2047);
    assert!(matches!(found.flaws().next(), Some((1, 3, Flaw::AlgorithmBroken { .. }))), "{found:?}");
}

#[test]
fn a_group_is_proven_whole_or_by_its_members() {
    let group = objects(3);
    let other = SHA256.hash(b"another record");
    let first = hashes(SHA256, &group);
    let tree = HashTree::build(SHA256, [node_of(SHA256, &first), other].concat()).unwrap();
    let stamp = first_stamp(SHA256, first, &tree.path(0).unwrap(), &token(SHA256, tree.root(), 2026));
    let record = round_trip(&EvidenceRecord::new(vec![ArchiveTimeStampChain::new(vec![stamp]).unwrap()]));
    let all: Vec<&[u8]> = group.iter().map(Vec::as_slice).collect();

    let whole = check(&record, &all, 2030);
    assert!(whole.verdict == Verdict::Valid && whole.chains[0].stamps[0].whole_group);
    let part = check(&record, &all[..2], 2030);
    assert!(part.verdict == Verdict::Valid && !part.chains[0].stamps[0].whole_group);
    let stranger = check(&record, &[all[0], b"slipped in"], 2030);
    assert_eq!(stranger.flaws().collect::<Vec<_>>(), [(1, 1, &Flaw::ObjectNotCovered(2))]);
    assert_eq!(check(&record, &[], 2030).verdict, Verdict::Invalid, "nothing is not proven");
}

#[test]
fn other_shapes_that_the_rfc_allows_are_verified() {
    let h = |text: &str| SHA256.hash(text.as_bytes());
    // Three values under a node (not binary), and no algorithm named: that of the token holds.
    let lower = node_of(SHA256, &[h("a"), h("b"), h("c")]);
    let root = node_of(SHA256, &[lower, h("d"), h("e")]);
    let lists = vec![PartialHashtree(vec![h("c"), h("a"), h("b")]), PartialHashtree(vec![h("d"), h("e")])];
    let stamp = ArchiveTimeStamp {
        digest_algorithm: None,
        attributes: Some(exact::Exact::new(tlv(0xA1, &tlv(0x30, &[5, 0])))),
        reduced_hashtree: Some(lists),
        time_stamp: exact::Exact::new(token(SHA256, &root, 2026)),
    };
    let record = round_trip(&EvidenceRecord::new(vec![ArchiveTimeStampChain::new(vec![stamp]).unwrap()]));
    assert_eq!(check(&record, &[b"a"], 2030).verdict, Verdict::Valid);
    assert_eq!(check(&record, &[b"d"], 2030).verdict, Verdict::Invalid, "only the first list proves objects");

    // Four objects as one group without any tree.
    let group = node_of(SHA256, &[h("a"), h("b")]);
    let stamp = first_stamp(SHA256, vec![group.clone()], &[], &token(SHA256, &group, 2026));
    assert_eq!(stamp.reduced_hashtree, None);
    let record = EvidenceRecord::new(vec![ArchiveTimeStampChain::new(vec![stamp]).unwrap()]);
    assert_eq!(check(&record, &[b"a", b"b"], 2030).verdict, Verdict::Valid);
    assert_eq!(check(&record, &[b"a"], 2030).verdict, Verdict::Invalid);
}

#[test]
fn a_token_in_ber_is_covered_as_it_stands_and_in_its_der_form() {
    let der = token(SHA256, &SHA256.hash(b"x"), 2026);
    let ber = [&[0x30, 0x80][..], &der[2..], &[0, 0]].concat();
    for covered in [&ber, &der] {
        let renewal = SHA256.hash(covered);
        let stamps = vec![
            first_stamp(SHA256, vec![SHA256.hash(b"x")], &[], &ber),
            first_stamp(SHA256, vec![renewal.clone()], &[], &token(SHA256, &renewal, 2030)),
        ];
        let record = round_trip(&EvidenceRecord::new(vec![ArchiveTimeStampChain::new(stamps).unwrap()]));
        assert_eq!(record.chains[0].stamps[0].time_stamp.bytes(), ber, "kept byte by byte");
        assert_eq!(check(&record, &[b"x"], 2031).verdict, Verdict::Valid);
    }
}

#[test]
fn a_token_that_cannot_be_judged_leaves_the_verdict_open() {
    let unlucky = (0..10_000).map(|i| format!("{i}")).find(|text| SHA256.hash(text.as_bytes())[0] == 0xEE);
    let unlucky = unlucky.unwrap().into_bytes();
    let imprint = SHA256.hash(&unlucky);
    let stamp = first_stamp(SHA256, vec![imprint.clone()], &[], &token(SHA256, &imprint, 2026));
    let record = EvidenceRecord::new(vec![ArchiveTimeStampChain::new(vec![stamp]).unwrap()]);
    let found = check(&record, &[&unlucky], 2030);
    assert_eq!((found.verdict, found.proven_at), (Verdict::Indeterminate, None));
}

/// I7: whatever bit of a record is flipped, it is noticed.
#[test]
fn every_flipped_bit_is_noticed() {
    let objects = objects(3);
    let record = long_record(&objects, 1);
    let der = record.to_der().unwrap();
    assert_eq!(check(&record, &[&objects[1]], 2060).verdict, Verdict::Valid);
    // The list of algorithms only repeats what the stamps say.
    let listed = 4 + 3 + record.digest_algorithms.len() * 13 + 2;
    // The newest token is whole as long as its signature is, which the toy has none of.
    let newest = der.len() - record.chains[1].stamps[1].time_stamp.bytes().len();
    for bit in (0..newest * 8).filter(|bit| !(7 * 8..listed * 8).contains(bit)) {
        let mut damaged = der.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        if let Ok(read) = EvidenceRecord::parse(&damaged) {
            let found = check(&read, &[&objects[1]], 2060);
            // In the newest chain the tag before an algorithm may change: that of the token, the same, holds then.
            let means = |record: &EvidenceRecord| -> Vec<_> {
                let stamps = record.chains.iter().flat_map(|chain| &chain.stamps);
                stamps.map(|stamp| (stamp.reduced_hashtree.clone(), stamp.time_stamp.clone())).collect()
            };
            assert!(
                found.verdict != Verdict::Valid || means(&read) == means(&record),
                "bit {bit}: {found:?}"
            );
        }
    }
}

#[test]
fn bytes_that_are_no_record_are_refused_in_words() {
    let objects = objects(1);
    let der = long_record(&objects, 0).to_der().unwrap();
    for cut in 0..der.len() {
        assert!(EvidenceRecord::parse(&der[..cut]).is_err(), "cut at {cut}");
    }
    assert!(EvidenceRecord::parse(&[der.as_slice(), &[0]].concat()).is_err(), "something follows");
    let empty = tlv(0x30, &[tlv(2, &[1]), tlv(0x30, &[]), tlv(0x30, &[])].concat());
    let error = EvidenceRecord::parse(&empty).unwrap_err().to_string();
    assert!(error.contains("no timestamp"), "{error}");
    let second = tlv(0x30, &[tlv(2, &[2]), tlv(0x30, &[]), tlv(0x30, &[])].concat());
    assert_eq!(EvidenceRecord::parse(&second).unwrap_err(), EvidenceError::Version(2));
    assert!(EvidenceRecord::parse(&[0x30, 0x80].repeat(1_000_000)).is_err());
}
