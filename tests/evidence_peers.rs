//! Evidence records checked with programs by somebody else: OpenSSL for the tokens, BouncyCastle for the whole record.

#[path = "support/authority.rs"]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod authority;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use authority::Authority;
use chrono::{DateTime, Datelike, TimeZone, Utc};
use shosoin::evidence::{
    ArchiveTimeStampChain, EvidenceRecord, Flaw, HashTree, ObjectHash, PkiJudge, Verdict, Verification,
    first_stamp, node_of, renewal_first_list, renewed_object_hash, sequence_der, verify,
};
use shosoin::pki::DigestAlgorithm::{self, Sha256, Sha512};
use shosoin::pki::{revocation::Evidence, trust::TrustStore};
use tempfile::TempDir;

/// The records of one batch, and the authorities of three ages.
struct Batch {
    home: TempDir,
    objects: Vec<Vec<u8>>,
    trust: TrustStore,
}

const OBJECTS: usize = 5;

impl Batch {
    fn new() -> Self {
        let objects: Vec<Vec<u8>> = (0..OBJECTS).map(|i| format!("contract {i}").into_bytes()).collect();
        let home = TempDir::new().unwrap();
        for (i, object) in objects.iter().enumerate() {
            fs::write(home.path().join(format!("data-{i}")), object).unwrap();
        }
        Self { home, objects, trust: TrustStore::empty() }
    }

    fn authority(&mut self, name: &str, moment: &str) -> Authority {
        let authority = Authority::new(name, Some(moment));
        self.trust.add_pem(&fs::read(authority.root()).unwrap()).unwrap();
        authority
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn check(&self, record: &EvidenceRecord, objects: &[usize], at: DateTime<Utc>) -> Verification {
        let hashes: Vec<_> = objects.iter().map(|i| |a: DigestAlgorithm| a.hash(&self.objects[*i])).collect();
        let hashes: Vec<&ObjectHash<'_>> = hashes.iter().map(|hash| hash as &ObjectHash<'_>).collect();
        let judge = PkiJudge { trust: &self.trust, revocation: &Evidence::default(), at };
        verify(record, &hashes, &judge, at)
    }

    /// BouncyCastle's opinion, if it is there.
    fn bouncy_castle(&self, record: &EvidenceRecord, objects: &[usize], at: &str) -> Option<Output> {
        let jars = authority::bouncy_castle()?;
        let file = self.file("record.ers");
        fs::write(&file, record.to_der().unwrap()).unwrap();
        let mut command = Command::new("java");
        command.args(["-cp", &jars]).arg(program()).args(["check", at]).arg(file);
        command.args(objects.iter().map(|i| self.file(&format!("data-{i}"))));
        Some(command.output().unwrap())
    }
}

fn program() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/second_implementation/EvidenceCheck.java")
}

fn day(year: i32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(year, 6, 1, 0, 0, 0).unwrap()
}

fn digest_flag(algorithm: DigestAlgorithm) -> &'static str {
    if algorithm == Sha512 { "sha512" } else { "sha256" }
}

/// A chain over `leaves` for leaf `index`, each leaf with a blinding value beside it as the archive does it.
fn chain(
    algorithm: DigestAlgorithm,
    leaves: &[Vec<u8>],
    index: usize,
    authority: &Authority,
) -> ArchiveTimeStampChain {
    let blind = |i: usize| algorithm.hash(&[b"random ".as_slice(), &i.to_be_bytes()].concat());
    let nodes: Vec<_> =
        leaves.iter().enumerate().map(|(i, leaf)| node_of(algorithm, &[leaf, &blind(i)])).collect();
    let tree = HashTree::build(algorithm, nodes.concat()).unwrap();
    let token = authority.token(digest_flag(algorithm), tree.root());
    assert!(authority.verifies(&token, tree.root()), "OpenSSL does not verify its own token");
    let first = vec![leaves[index].clone(), blind(index)];
    let stamp = first_stamp(algorithm, first, &tree.path(index as u64).unwrap(), &token);
    ArchiveTimeStampChain::new(vec![stamp]).unwrap()
}

/// Timestamp renewal together with another batch.
fn renew(
    algorithm: DigestAlgorithm,
    chain: &ArchiveTimeStampChain,
    authority: &Authority,
) -> ArchiveTimeStampChain {
    let tokens: Vec<&[u8]> = chain.stamps.iter().map(|stamp| stamp.time_stamp.bytes()).collect();
    let ours = renewal_first_list(algorithm, &tokens);
    let leaves = [algorithm.hash(b"another batch"), node_of(algorithm, &ours)].concat();
    let tree = HashTree::build(algorithm, leaves).unwrap();
    let token = authority.token(digest_flag(algorithm), tree.root());
    assert!(authority.verifies(&token, tree.root()));
    let mut stamps = chain.stamps.clone();
    stamps.push(first_stamp(algorithm, ours, &tree.path(1).unwrap(), &token));
    ArchiveTimeStampChain::new(stamps).unwrap()
}

fn accepted(output: Option<Output>, chains: usize) {
    let Some(output) = output else { return };
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.lines().filter(|line| line.starts_with("chain ")).count(), chains, "{said}");
}

fn refused(output: Option<Output>) {
    let Some(output) = output else { return };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("ArchiveTimeStampValidationException"), "{said}");
}

/// (OpenSSL 3.0 writes a signing time after 2049 that is no ASN.1 time.) Stamped in 2026, renewed in 2035, rehashed in 2046, renewed in 2049: valid throughout, for others too.
#[test]
fn a_record_is_verified_by_openssl_and_bouncycastle_through_both_renewals() {
    if !authority::available() {
        return;
    }
    let mut batch = Batch::new();
    let [first, second, third, fourth] = [2026, 2035, 2046, 2049]
        .map(|year| batch.authority(&format!("Authority of {year}"), &format!("{year}-04-01 00:00:00")));
    let valid = |batch: &Batch, record: &EvidenceRecord, year: i32| {
        let found = batch.check(record, &[3], day(year));
        assert_eq!(found.verdict, Verdict::Valid, "{year}: {found:?}");
        assert_eq!(found.proven_at.unwrap().year(), 2026);
        assert_eq!(batch.check(record, &[1], day(year)).verdict, Verdict::Invalid);
        let moment = format!("{year}-06-01T00:00:00Z");
        accepted(batch.bouncy_castle(record, &[3], &moment), record.chains.len());
        refused(batch.bouncy_castle(record, &[1], &moment));
    };

    let hashes =
        |algorithm: DigestAlgorithm| batch.objects.iter().map(move |o| algorithm.hash(o)).collect::<Vec<_>>();
    let stamped = chain(Sha256, &hashes(Sha256), 3, &first);
    let record = EvidenceRecord::new(vec![stamped.clone()]);
    valid(&batch, &record, 2027);
    let lapsed = batch.check(&record, &[3], day(2040));
    assert!(matches!(lapsed.flaws().next(), Some((1, 1, Flaw::Bad { .. }))), "{lapsed:?}");

    let renewed = renew(Sha256, &stamped, &second);
    valid(&batch, &EvidenceRecord::new(vec![renewed.clone()]), 2036);

    let sequence = sequence_der(std::slice::from_ref(&renewed));
    let leaves: Vec<_> =
        hashes(Sha512).iter().map(|hash| renewed_object_hash(Sha512, hash, &sequence)).collect();
    let rehashed = chain(Sha512, &leaves, 3, &third);
    let record = EvidenceRecord::new(vec![renewed.clone(), rehashed.clone()]);
    valid(&batch, &record, 2047);

    let whole = EvidenceRecord::new(vec![renewed, renew(Sha512, &rehashed, &fourth)]);
    valid(&batch, &EvidenceRecord::parse(&whole.to_der().unwrap()).unwrap(), 2056);
}

/// BouncyCastle's own records: objects and a group, stamped, renewed, rehashed.
#[test]
fn records_that_bouncycastle_made_are_verified() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/evidence/bouncycastle");
    let mut batch = Batch::new();
    let read = |name: String| fs::read(dir.join(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    batch.trust.add_der(&read("authority.crt".into())).unwrap();
    batch.objects = (0..OBJECTS).map(|i| read(format!("data-{i}"))).collect();
    let at = Utc.with_ymd_and_hms(2027, 1, 1, 0, 0, 0).unwrap();
    for (number, members) in [(0, &[0][..]), (1, &[1]), (2, &[2]), (3, &[3, 4])] {
        for (kind, chains) in [("first", 1), ("renewed", 1), ("rehashed", 2)] {
            let bytes = read(format!("{kind}-{number}.ers"));
            let record = EvidenceRecord::parse(&bytes).unwrap();
            assert_eq!(record.chains.len(), chains);
            assert_eq!(record.to_der().unwrap(), bytes);
            let found = batch.check(&record, members, at);
            assert_eq!(found.verdict, Verdict::Valid, "{kind}-{number}: {found:?}");
            assert!(found.chains.iter().all(|chain| members.len() == 1 || chain.stamps[0].whole_group));
            let wrong = if number == 0 { 2 } else { 0 };
            assert_eq!(batch.check(&record, &[wrong], at).verdict, Verdict::Invalid, "{kind}-{number}");
        }
    }
}
