//! What evidence costs: attest N records, renew them, verify their evidence records, and how many bytes each takes.
//!
//! One round goes through the engine with contracts of a few bytes (so that deposits do not take the time), asking an authority
//! that OpenSSL plays on this machine. CPU seconds are the process's own, user and system, from `/proc/self/stat`; OpenSSL's are
//! not in them. Goals for a million: 1 request each, 60 CPU seconds attested, 5 renewed, below 1,536 bytes a record.
//!
//! Measured with 1,000,000 records on two cores, own code optimised (`cargo bench --profile dev
//! --config profile.dev.package.shosoin.opt-level=3 --bench evidence -- --records 1000000`): attest 19.8 CPU seconds, renew 0.02,
//! 1 request each; an evidence record alone has 3,584 bytes with its two tokens, in the store 72 bytes a record beside the
//! shared tokens; 4,167 records verified per CPU second. Not optimised, as tests build it, attesting takes five times as long.
//!
//! `cargo bench --bench evidence -- [--records N]`

#[path = "../tests/support/authority.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod authority;
mod support;

use std::sync::{Arc, atomic::AtomicU64, atomic::Ordering};
use std::time::Instant;

use authority::{Authority, Server};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{Duration, Utc};
use shosoin::archive::{Archive, Deposit, Options, Principal, create};
use shosoin::evidence::{ForeignReport, ForeignVerdict};
use shosoin::pki::{revocation::Evidence, trust::TrustStore};
use shosoin::record::{Metadata, RecordId};
use support::{Given, processor_seconds};

/// Records whose evidence is taken out and verified.
const VERIFIED: usize = 500;
/// Threads that deposit, so that many go with one fsync.
const CLIENTS: usize = 64;

fn main() {
    let records = Given::read().number("--records", 20_000);
    let home = tempfile::tempdir().expect("a place for the archive");
    let data = home.path().join("archive");
    let openssl = Arc::new(Authority::new("Bench", None));
    let server = Server::of(openssl.clone());
    create(&data).expect("a new archive");
    std::fs::copy(openssl.root(), data.join("root.pem")).expect("the root");
    let template = shosoin::config::TEMPLATE.replace("trust = []", "trust = [\"root.pem\"]");
    let settings =
        format!("{template}\n[[timestamps.authority]]\nname = \"bench\"\nurl = \"{}\"\n", server.url());
    std::fs::write(data.join("shosoin.toml"), settings).expect("the settings");
    let archive = Archive::open(&data, Options::default()).expect("the archive");
    let ids = deposit(&archive, records);
    let who = Principal::built_in("admin");

    let measured = Measured::start();
    let attested = archive.timestamp_attest(&who, &|_, _| {}).expect("attested");
    let cpu = measured.end("attest", attested.records);
    println!(
        "          {} requests, {} tokens; a million would take {:.0} CPU s",
        attested.requests,
        attested.tokens,
        cpu * 1e6 / records as f64
    );
    let measured = Measured::start();
    let renewed = archive.timestamp_renew(&who, Some(Duration::days(36_500)), &|_, _| {}).expect("renewed");
    let cpu = measured.end("renew", renewed.records);
    println!(
        "          {} requests, {} tokens; a million would take the same {cpu:.2} CPU s: no record is touched",
        renewed.requests, renewed.tokens
    );
    assert_eq!((attested.records, renewed.records), (records, records));

    let mut trust = TrustStore::empty();
    trust.add_pem(&std::fs::read(openssl.root()).expect("the root")).expect("a certificate");
    let step = (ids.len() / VERIFIED).max(1);
    let chosen: Vec<_> = ids.iter().step_by(step).collect();
    let measured = Measured::start();
    let evidence: Vec<(Vec<u8>, Vec<u8>)> = chosen
        .iter()
        .map(|(id, bytes)| {
            let files = archive.evidence_files(&who, *id).expect("its evidence");
            (STANDARD.decode(&files[0].content).expect("base64"), bytes.clone())
        })
        .collect();
    measured.end("take out", chosen.len() as u64);
    let measured = Measured::start();
    for (er, bytes) in &evidence {
        let report =
            ForeignReport::of_record(er, std::slice::from_ref(bytes), &trust, &Evidence::new(), Utc::now());
        assert_eq!(report.verdict, ForeignVerdict::Valid, "{report:?}");
    }
    measured.end("verify", evidence.len() as u64);
    let size: usize = evidence.iter().map(|(er, _)| er.len()).sum();
    println!("size      {} bytes an evidence record on its own, tokens included", size / evidence.len());
    println!(
        "          {} bytes a record in the store: two hash values and a number; tokens are shared",
        2 * 32 + 8
    );
}

/// Contracts of a few bytes, from many threads.
fn deposit(archive: &Archive, records: u64) -> Vec<(RecordId, Vec<u8>)> {
    let started = Instant::now();
    let next = AtomicU64::new(0);
    let metadata: Metadata = serde_json::from_value(serde_json::json!({
        "transaction_date": "2026-02-01", "counterparty": {"name": "株式会社国税商事"}, "entity": "本社", "class": "contract"
    }))
    .expect("metadata");
    let who = Principal::built_in("admin");
    let all = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= records {
                        return;
                    }
                    let bytes = format!("contract {number}").into_bytes();
                    let deposit = Deposit { bytes: bytes.clone(), metadata: metadata.clone() };
                    let receipt = archive.deposit(&who, deposit).expect("a deposit");
                    all.lock().expect("no thread panics").push((receipt.id, bytes));
                }
            });
        }
    });
    println!("deposited {records} contracts in {:.1} s", started.elapsed().as_secs_f64());
    all.into_inner().expect("no thread panics")
}

/// Wall and CPU time of one step.
struct Measured {
    wall: Instant,
    cpu: f64,
}

impl Measured {
    fn start() -> Self {
        Self { wall: Instant::now(), cpu: processor_seconds() }
    }

    fn end(self, what: &str, records: u64) -> f64 {
        let (wall, cpu) = (self.wall.elapsed().as_secs_f64(), processor_seconds() - self.cpu);
        println!(
            "{what:9} {records} records: {cpu:.2} CPU s, {wall:.2} s, {:.0} a CPU second",
            records as f64 / cpu
        );
        cpu
    }
}
