//! Hostile signed files: whatever is done to a file, the panel answers, and never calls passed what was altered.
//!
//! Changes come from fixed seeds, so that every run does the same. `fuzz/` goes further, with the same entry points.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{DateTime, Utc};
use serde_json::Value;
use shosoin::panel::{Panel, Verdict, examine};
use shosoin::pki::revocation::Evidence;
use shosoin::pki::trust::TrustStore;
use shosoin::pki::{DigestAlgorithm, SignedData, TimestampToken};
use support::{Numbers, Ran};
use tempfile::TempDir;

/// Files that are changed in every way.
const SEEDS: [&str; 14] = [
    "cases/cades_lta.pdf",
    "cases/adbe_revocation_archival.pdf",
    "cases/adbe_sha1_2012.pdf",
    "cases/x509_rsa_sha1.pdf",
    "cases/ber_token.pdf",
    "cases/container_stream.pdf",
    "cases/container_hybrid.pdf",
    "cases/dss_vri.pdf",
    "cases/ecdsa_p521_sha3_512.pdf",
    "cases/ed25519.pdf",
    "cases/encrypted_aes_256.pdf",
    "cases/fieldmdp_second_signer.pdf",
    "cases/revoked_after_lta.pdf",
    "cases/two_signers.pdf",
];
/// Changes of each kind to each file.
const ROUNDS: u64 = 24;
/// Address space of a command that is fed hostile input, in KiB: input, its objects and the runtime's own reserve.
const MEMORY_KIB: u64 = 4 << 20;
/// After this many seconds a command is stuck, not slow.
const STUCK_SECONDS: u32 = 300;

struct Bench {
    trust: TrustStore,
    at: DateTime<Utc>,
}

impl Bench {
    fn new() -> Self {
        let expected: Value =
            serde_json::from_slice(&fs::read(folder().join("expected.json")).unwrap()).unwrap();
        let at = expected["judged_at"].as_str().unwrap();
        let at = DateTime::parse_from_rfc3339(at).unwrap().to_utc();
        let mut trust = TrustStore::empty();
        trust.add_directory(&folder().join("trust")).unwrap();
        Self { trust, at }
    }

    fn judge(&self, file: &[u8]) -> Panel {
        examine(file, &self.trust, self.at, &Evidence::new())
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/signed")
}

fn seed(path: &str) -> Vec<u8> {
    fs::read(folder().join(path)).unwrap()
}

fn place(numbers: &mut Numbers, len: usize) -> usize {
    usize::try_from(numbers.below(len as u64)).unwrap()
}

#[test]
fn a_bit_flipped_in_what_was_signed_is_never_passed() {
    let (bench, mut numbers) = (Bench::new(), Numbers(1));
    for path in SEEDS {
        let file = seed(path);
        let panel = bench.judge(&file);
        for signature in panel.signatures.iter().filter(|signature| signature.intact == Some(true)) {
            let [_, first, second, rest] = signature.byte_range.unwrap().map(|n| usize::try_from(n).unwrap());
            for _ in 0..ROUNDS {
                let mut at = place(&mut numbers, first + rest);
                if at >= first {
                    at += second - first;
                }
                let mut changed = file.clone();
                changed[at] ^= 1 << numbers.below(8);
                let judged = bench.judge(&changed);
                let passed = judged.verdict == Verdict::TotalPassed;
                assert!(!passed, "{path}: byte {at} of {} changed, and the file passes", signature.field);
            }
        }
    }
}

#[test]
fn files_changed_in_every_way_get_an_answer() {
    let (bench, mut numbers) = (Bench::new(), Numbers(2));
    for path in SEEDS {
        let file = seed(path);
        for round in 0..ROUNDS {
            let other = seed(SEEDS[place(&mut numbers, SEEDS.len())]);
            for changed in [
                cut(&file, &mut numbers),
                scattered(&file, &mut numbers),
                spliced(&file, &other, &mut numbers),
                renumbered(&file, &mut numbers),
                repeated(&file, &mut numbers),
            ] {
                let panel = bench.judge(&changed);
                assert!(panel.signatures.len() <= 512, "{path}, round {round}: {}", panel.signatures.len());
                // What is stored and shown must always be writable.
                serde_json::to_string(&panel).unwrap();
            }
        }
    }
}

fn cut(file: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    file[..place(numbers, file.len())].to_vec()
}

fn scattered(file: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut changed = file.to_vec();
    for _ in 0..=numbers.below(40) {
        let at = place(numbers, changed.len());
        changed[at] = numbers.below(256) as u8;
    }
    changed
}

fn spliced(file: &[u8], other: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    [&file[..place(numbers, file.len())], &other[place(numbers, other.len())..]].concat()
}

/// Digits become other digits: object numbers, offsets, lengths, byte ranges.
fn renumbered(file: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut changed = file.to_vec();
    let digits: Vec<usize> = (0..file.len()).filter(|at| file[*at].is_ascii_digit()).collect();
    for _ in 0..=numbers.below(12) {
        changed[digits[place(numbers, digits.len())]] = b'0' + numbers.below(10) as u8;
    }
    changed
}

fn repeated(file: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let at = place(numbers, file.len());
    let len = place(numbers, 4096).min(file.len() - at);
    let times = place(numbers, 64);
    [&file[..at], &file[at..at + len].repeat(times), &file[at..]].concat()
}

#[test]
fn changed_signature_structures_are_refused_or_checked() {
    let mut numbers = Numbers(3);
    let mut seen = 0;
    for path in SEEDS.iter().filter(|path| !path.contains("x509")) {
        for contents in contents(&seed(path)) {
            for _ in 0..ROUNDS * 4 {
                let mut changed = contents.clone();
                for _ in 0..=numbers.below(6) {
                    let at = place(&mut numbers, changed.len());
                    changed[at] = numbers.below(256) as u8;
                }
                changed.truncate(changed.len() - place(&mut numbers, 64).min(changed.len()));
                seen += usize::from(look_at(&changed));
                if let Ok(token) = TimestampToken::parse(&changed) {
                    token.check();
                    token.covers(|algorithm| algorithm.hash(b""));
                }
            }
        }
    }
    assert!(seen > 100, "only {seen} changed structures could still be read: the test looks at nothing");
}

/// Reads a structure and checks its signers; whether it could be read.
fn look_at(bytes: &[u8]) -> bool {
    let Ok(signed) = SignedData::parse(bytes) else { return false };
    for signer in &signed.signers {
        signer.verify(&signed, |algorithm: DigestAlgorithm| algorithm.hash(b"something"));
        for token in &signer.timestamp_tokens {
            let _ = TimestampToken::parse(token);
        }
    }
    true
}

/// The bytes of every `/Contents <...>` of a file.
fn contents(file: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut rest = file;
    while let Some(at) = memchr(rest, b"/Contents <") {
        rest = &rest[at + 11..];
        let end = rest.iter().position(|byte| *byte == b'>').unwrap_or(0);
        let digits: Vec<u8> =
            rest[..end].iter().filter_map(|byte| (*byte as char).to_digit(16)).map(|n| n as u8).collect();
        found.push(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect());
    }
    found
}

fn memchr(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[test]
fn a_hundred_megabytes_of_hostile_input_are_answered_in_bounded_memory() {
    let home = TempDir::new().unwrap();
    let signed = seed("cases/cades_lta.pdf");
    let file = home.path().join("hostile.pdf");
    for megabytes in [47, 100] {
        let size = megabytes << 20;
        for (name, bytes) in hostile(&signed, size) {
            fs::write(&file, &bytes).unwrap();
            drop(bytes);
            let ran = Ran::of(&mut inspect_in_bounds(&file, home.path()));
            let stuck = ran.code == 124 || ran.code == 137;
            assert!(!stuck, "{name}, {megabytes} MB: killed with {}: {}", ran.code, ran.stderr);
            let value = ran.value();
            assert_ne!(value["verdict"], "total-passed", "{name}, {megabytes} MB");
            assert!(value["verdict"].is_string() || value["error"].is_object(), "{name}: {value}");
        }
    }
}

/// Large files that aim at nesting, counting, searching, unpacking and hashing.
fn hostile(signed: &[u8], size: usize) -> Vec<(&'static str, Vec<u8>)> {
    let fill = |head: &[u8], unit: &[u8]| {
        let mut bytes = head.to_vec();
        bytes.extend(unit.iter().copied().cycle().take(size.saturating_sub(head.len())));
        bytes
    };
    let field = b"9 0 obj\n<< /FT /Sig /T (S) /V << /Type /Sig /SubFilter /ETSI.CAdES.detached /ByteRange [0 9 99 9] \
                  /Contents <3080> >> >>\nendobj\n";
    let contents = [signed, b"\n9 0 obj\n<< /Type /Sig /Contents <".as_slice()].concat();
    vec![
        ("open brackets", fill(b"%PDF-1.7\n1 0 obj\n", b"[")),
        ("open dictionaries", fill(b"%PDF-1.7\n1 0 obj\n", b"<< /A ")),
        ("endless xrefs", fill(signed, b"\nstartxref\n9\n%%EOF")),
        ("signature fields", fill(b"%PDF-1.7\n", field)),
        ("nested indefinite lengths", fill(&contents, b"3080")),
        ("copies of the file", fill(b"", signed)),
        ("junk behind a signed file", fill(signed, &Numbers(4).bytes(65_521))),
    ]
}

/// `inspect` with an end to its memory and to its patience.
fn inspect_in_bounds(file: &Path, home: &Path) -> Command {
    let trust = folder().join("trust");
    let args = ["inspect", file.to_str().unwrap(), "--trust", trust.to_str().unwrap()];
    let plain = support::command(&home.join("archive"), home, args);
    let mut bounded = Command::new("/bin/sh");
    let script = format!("ulimit -v {MEMORY_KIB}; exec timeout {STUCK_SECONDS} \"$0\" \"$@\"");
    bounded.env_clear().args(["-c", &script]).arg(plain.get_program()).args(plain.get_args());
    for (name, value) in plain.get_envs() {
        bounded.env(name, value.unwrap_or_default());
    }
    bounded
}
