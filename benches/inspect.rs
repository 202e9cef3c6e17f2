//! How many signed contracts are judged in a second of one processor: PAdES B-LTA files of 170 to 240 KB, each with two
//! signatures, their timestamps, a document timestamp, and all revocation data inside.
//!
//! The floor, in the same run and on the same files: SHA-256 of the bytes, once, and the bare signature checks (aws-lc) of
//! signers and timestamps with keys that were parsed before; no structure is read and no chain built. The second floor adds
//! the signatures of the certificates in the file. `warm` keeps one trust store, as bulk verification does (it remembers
//! signatures of authorities); `cold` begins each file with a new one.
//!
//! What was learned (2 cores, quiet machine, release profile, 2026-11-23): floor 5013 to 5138 files a second (3869 to 3977 with the
//! certificates' signatures), **warm 1806 to 1860, cold 785 to 812: 2.74 to 2.78 times the floor; the goal is 3.** Before, with the
//! C library's allocator, 3.17 and 3.32; with our own code optimised file by file and not across crates
//! (`--profile dev --config profile.dev.package.shosoin.opt-level=3`) 3.55. pyHanko judged 6.8 a second, pdfsig 83.
//!
//! What helped: certificates and CRLs that were read before are found by the digest of their bytes, with their parsed keys and
//! verified signatures (`pki/known.rs`; OCSP answers, which differ from contract to contract, are not kept); the beginning that
//! all byte ranges share is digested once; a token is checked once and not four times; sound files are read in the caller's
//! thread. Then, 13 percent together: objects are found in a sorted table and not by hashing, references are told from the text of
//! an object without building it, each revision's form is listed once and not for each signature, data of the security store
//! are unpacked once, hexadecimal is compared in blocks, certificates are found by their last bytes and not by a digest. Then
//! jemalloc (an eighth; mimalloc gives a twelfth and reserves a gigabyte of addresses, where an operator may allow 1.5), and
//! encryption told by the trailers instead of a search through the whole file (3 percent).
//! What is left, warm: 45 percent is reading the PDF (half of that holds signed revisions against later ones), a third the floor
//! itself, the rest CMS and the signatures of OCSP answers.
//! In deposits judging is a quarter of the processor's time (`benches/deposit.rs`).
//!
//! `cargo bench --bench inspect -- [--seconds N] [--rounds N] [--files DIR] [--pdfsig] [--pyhanko PYTHON]`
//!
//! `--pdfsig` and `--pyhanko` let these judge the same files (processor time without the start of the interpreter).

mod support;

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use chrono::{DateTime, TimeZone, Utc};
use cms::content_info::ContentInfo;
use cms::signed_data::SignedData;
use const_oid::ObjectIdentifier;
use der::{Decode, Encode};
use sha2::{Digest, Sha256};
use shosoin::panel::{Verdict, examine};
use shosoin::pki::revocation::Evidence;
use shosoin::pki::trust::TrustStore;
use support::Given;
use x509_cert::Certificate;

const SIGNED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/signed");
/// `id-aa-signatureTimeStampToken` (RFC 3161, appendix A).
const TOKEN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.14");

fn main() {
    let arguments = Arguments::read();
    let files = load(&arguments.files);
    let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
    let checks: usize = files.iter().map(|file| file.signers.len()).sum();
    let links: usize = files.iter().map(|file| file.links.len()).sum();
    println!(
        "workload  {} files of {} KB, {} signatures and timestamps, {} certificates, one thread",
        files.len(),
        bytes / files.len() / 1000,
        checks,
        links
    );
    let mut ratios = Vec::new();
    for round in 1..=arguments.rounds {
        let floor = rate(&files, arguments.each, |file| file.floor(false));
        let chains = rate(&files, arguments.each, |file| file.floor(true));
        let trust = trust();
        let warm = rate(&files, arguments.each, |file| judge(file, &trust));
        let cold = rate(&files, arguments.each, |file| judge(file, &self::trust()));
        ratios.push(floor / warm);
        println!(
            "round {round}   floor {floor:6.0}/s   with chains {chains:6.0}/s   warm {warm:6.0}/s   cold {cold:6.0}/s   \
             floor/warm {:.2}   floor/cold {:.2}",
            floor / warm,
            floor / cold
        );
        others(&arguments, warm);
    }
    ratios.sort_by(f64::total_cmp);
    println!("ratio     median {:.2} of {} rounds (goal: at most 3)", ratios[ratios.len() / 2], ratios.len());
}

struct Arguments {
    each: Duration,
    rounds: u32,
    files: PathBuf,
    pdfsig: bool,
    pyhanko: Option<String>,
}

impl Arguments {
    fn read() -> Self {
        let given = Given::read();
        Self {
            each: Duration::from_secs(given.number("--seconds", 3)),
            rounds: given.rounds(3),
            files: given.text("--files").map_or_else(|| Path::new(SIGNED).join("contracts"), PathBuf::from),
            pdfsig: given.has("--pdfsig"),
            pyhanko: given.text("--pyhanko").map(str::to_owned),
        }
    }
}

/// A contract, and what the floor needs of it.
struct File {
    bytes: Vec<u8>,
    /// Of signers and timestamps.
    signers: Vec<Check>,
    /// Of certificates.
    links: Vec<Check>,
}

/// One bare signature check.
struct Check {
    key: ParsedPublicKey,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl Check {
    fn new(issuer: &Certificate, message: Vec<u8>, signature: &[u8]) -> Option<Self> {
        let key = issuer.tbs_certificate().subject_public_key_info().to_der().ok()?;
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).ok()?;
        let check = Self { key, message, signature: signature.to_vec() };
        check.holds().then_some(check)
    }

    fn holds(&self) -> bool {
        self.key.verify_sig(&self.message, &self.signature).is_ok()
    }
}

impl File {
    fn floor(&self, chains: bool) {
        black_box(Sha256::digest(&self.bytes));
        let links = if chains { self.links.as_slice() } else { &[] };
        for check in self.signers.iter().chain(links) {
            assert!(check.holds());
        }
    }
}

fn load(folder: &Path) -> Vec<File> {
    let mut paths: Vec<_> =
        fs::read_dir(folder).expect("the folder").flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "pdf"));
    paths.sort();
    let files: Vec<File> = paths.iter().map(|path| read(fs::read(path).expect("a file"))).collect();
    assert!(!files.is_empty(), "no PDF in {}", folder.display());
    let trust = trust();
    for (file, path) in files.iter().zip(&paths) {
        let panel = examine(&file.bytes, &trust, judged_at(), &Evidence::new());
        assert_eq!(panel.verdict, Verdict::TotalPassed, "{} must be valid", path.display());
        let stamped = panel.signatures.iter().filter(|signature| signature.timestamp_time.is_some());
        assert!(file.signers.len() >= stamped.count(), "the floor checks fewer signatures than there are");
    }
    files
}

fn read(bytes: Vec<u8>) -> File {
    let mut parts = Parts::default();
    let mut rest = bytes.as_slice();
    while let Some(at) = rest.windows(11).position(|window| window == b"/Contents <") {
        rest = &rest[at + 11..];
        let digits: Vec<u8> =
            rest.iter().map_while(|byte| (*byte as char).to_digit(16)).map(|n| n as u8).collect();
        let content: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        parts.add(&content);
    }
    let links = parts.links();
    File { bytes, signers: parts.checks, links }
}

#[derive(Default)]
struct Parts {
    checks: Vec<Check>,
    certificates: Vec<Certificate>,
}

impl Parts {
    /// The signers of a structure with padding, and of the timestamps in it.
    fn add(&mut self, content: &[u8]) {
        let Some(length) = content.get(2..4) else { return };
        let whole = 4 + usize::from(length[0]) * 256 + usize::from(length[1]);
        let Some(exact) = content.get(..whole) else { return };
        let Ok(outer) = ContentInfo::from_der(exact) else { return };
        let Ok(signed) = outer.content.decode_as::<SignedData>() else { return };
        let certificates: Vec<Certificate> = signed
            .certificates
            .iter()
            .flat_map(|set| set.0.iter())
            .filter_map(|choice| match choice {
                cms::cert::CertificateChoices::Certificate(certificate) => Some(certificate.clone()),
                cms::cert::CertificateChoices::Other(_) => None,
            })
            .collect();
        for signer in signed.signer_infos.0.iter() {
            let message = signer.signed_attrs.to_der().expect("DER that was read");
            let signature = signer.signature.as_bytes();
            let found = certificates.iter().find_map(|one| Check::new(one, message.clone(), signature));
            self.checks.push(found.expect("an RSA signature that holds"));
            let tokens = signer.unsigned_attrs.iter().flat_map(|attributes| attributes.iter());
            for token in tokens.filter(|attribute| attribute.oid == TOKEN) {
                for value in token.values.iter() {
                    self.add(&value.to_der().expect("DER that was read"));
                }
            }
        }
        self.certificates.extend(certificates);
    }

    /// Signatures of all different certificates by each other.
    fn links(&self) -> Vec<Check> {
        let mut seen = Vec::new();
        let mut links = Vec::new();
        for certificate in &self.certificates {
            if seen.contains(&certificate) {
                continue;
            }
            seen.push(certificate);
            let message = certificate.tbs_certificate().to_der().expect("DER that was read");
            let signature = certificate.signature().raw_bytes();
            links.extend(
                self.certificates.iter().find_map(|issuer| Check::new(issuer, message.clone(), signature)),
            );
        }
        links
    }
}

fn judged_at() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 1, 0, 0, 0).single().expect("a moment")
}

fn trust() -> TrustStore {
    let mut trust = TrustStore::empty();
    trust.add_directory(&Path::new(SIGNED).join("trust")).expect("roots");
    trust
}

fn judge(file: &File, trust: &TrustStore) {
    let panel = examine(&file.bytes, trust, judged_at(), &Evidence::new());
    assert_eq!(panel.verdict, Verdict::TotalPassed);
}

/// Files a second of processor time, of all threads together: what is read in another thread is work too.
fn rate(files: &[File], each: Duration, work: impl Fn(&File)) -> f64 {
    files.iter().for_each(&work);
    let (began, cpu) = (Instant::now(), cpu_time());
    let mut done = 0u32;
    while began.elapsed() < each {
        files.iter().for_each(&work);
        done += u32::try_from(files.len()).expect("few files");
    }
    f64::from(done) / (cpu_time() - cpu).as_secs_f64()
}

/// Time that the threads of this process have spent on processors: the first number of each `schedstat`, in nanoseconds.
fn cpu_time() -> Duration {
    let threads = fs::read_dir("/proc/self/task").expect("Linux").flatten();
    let spent = threads.filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok());
    spent.filter_map(|text| text.split(' ').next()?.parse().ok()).map(Duration::from_nanos).sum()
}

fn others(arguments: &Arguments, warm: f64) {
    if arguments.pdfsig {
        let script = "n=0; for f in \"$0\"/*.pdf; do for i in 1 2 3 4 5; do pdfsig -no-ocsp \"$f\" >/dev/null 2>&1; \
                      n=$((n+1)); done; done; times; echo $n";
        report("pdfsig", Command::new("bash").args(["-c", script]).arg(&arguments.files), warm);
    }
    if let Some(python) = &arguments.pyhanko {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/inspect_pyhanko.py");
        report("pyHanko", Command::new(python).arg(script).arg(&arguments.files).arg(SIGNED), warm);
    }
}

/// Reads the last two lines: processor seconds, as a number or as bash's `times` prints them for children; files judged.
fn report(name: &str, command: &mut Command, warm: f64) {
    let output = command.stderr(Stdio::inherit()).output().unwrap_or_else(|error| panic!("{name}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = text.lines().rev();
    let judged: f64 = lines.next().and_then(|line| line.parse().ok()).unwrap_or(0.0);
    let spent: f64 = lines.next().unwrap_or_default().split(' ').filter_map(seconds).sum();
    if judged > 0.0 && spent > 0.0 {
        let rate = judged / spent;
        println!("          {name} {rate:.1}/s, {:.1} times slower than warm", warm / rate);
    } else {
        println!("          {name} could not be measured: {text}");
    }
}

/// `1.5`, or `0m1.5s` as bash says.
fn seconds(text: &str) -> Option<f64> {
    match text.trim_end_matches('s').split_once('m') {
        Some((minutes, rest)) => Some(minutes.parse::<f64>().ok()? * 60.0 + rest.parse::<f64>().ok()?),
        None => text.parse().ok(),
    }
}
