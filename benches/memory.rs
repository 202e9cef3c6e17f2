//! How much memory `serve` takes with a million records, after searches of every kind have warmed its caches.
//!
//! The archive is filled through the engine with small contracts (their size does not matter to the server's
//! memory), then the real program serves it and is asked as a user would ask. Goal: under 500 MB.
//!
//! What was learned (2 cores, 2026-11-23, 1,000,000 records): 346 MB resident once the index was made from nothing, 370 MB at most;
//! 379 MB at most after searches. A server that found its index made took 211 MB at most, then with the C library's allocator.
//!
//! `cargo bench --bench memory -- [--records N] [--data DIR]`

mod support;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use shosoin::archive::{Archive, Deposit, Options, Principal, create};
use shosoin::record::{Counterparty, Currency, Metadata, Money, TaxBasis};
use support::Given;

/// Enough to fill every group commit.
const CLIENTS: u64 = 64;
const PARTIES: u64 = 20_000;
const PROGRAM: &str = env!("CARGO_BIN_EXE_shosoin");

fn main() {
    let given = Given::read();
    let records = given.number("--records", 1_000_000);
    let data = given.data().join(format!("shosoin-memory-{}", std::process::id()));
    fill(&data, records);

    let mut server = serve(&data);
    println!("serve, started       {}", memory(&server));
    let searches: [&[&str]; 5] = [
        &["--date", "2024-01-01..2024-03-31", "--amount", "100000..", "--counterparty", "見本1"],
        &["--counterparty", "見本123"],
        &["--no-amount"],
        &["--text", "本文"],
        &["--sort", "-amount", "--limit", "1000"],
    ];
    for conditions in searches {
        let started = Instant::now();
        let mut search = Command::new(PROGRAM);
        search.arg("--data").arg(&data).args(["--json", "search"]).args(conditions);
        let output = search.output().expect("the program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        println!("search {conditions:?}  {} ms with start of the command", started.elapsed().as_millis());
    }
    println!("serve, after these   {}   (goal: under 500 MB)", memory(&server));
    server.kill().and_then(|()| server.wait()).expect("the server ends");
    std::fs::remove_dir_all(&data).expect("the archive can be removed");
}

fn fill(data: &Path, records: u64) {
    create(data).expect("a new archive");
    let archive = Archive::open(data, Options::default()).expect("the archive opens");
    let (next, started) = (AtomicU64::new(0), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let who = Principal::built_in("bench");
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= records {
                        return;
                    }
                    let bytes = format!("contract number {number} 本文\n").into_bytes();
                    archive.deposit(&who, Deposit { bytes, metadata: metadata(number) }).expect("a deposit");
                }
            });
        }
    });
    let rate = records as f64 / started.elapsed().as_secs_f64();
    println!("filled with {records} records at {rate:.0}/s, each acknowledged after fsync");
}

fn metadata(number: u64) -> Metadata {
    let day = chrono::NaiveDate::from_ymd_opt(2016, 1, 1).expect("a date");
    let minor = ((number * 7_919) % 100_000_000) as i64;
    Metadata {
        transaction_date: day + chrono::Days::new((number * 31) % 3_650),
        counterparty: Counterparty::named(format!("株式会社見本{}商事", (number * 613) % PARTIES)),
        amount: (!number.is_multiple_of(20)).then_some(Money {
            minor,
            currency: Currency::JPY,
            tax: TaxBasis::Unknown,
        }),
        title: Some(format!("業務委託契約書 {number}")),
        ..support::metadata(number)
    }
}

/// Starts the server and waits until it answers and has indexed everything.
fn serve(data: &Path) -> Child {
    let mut serve = Command::new(PROGRAM);
    serve.arg("--data").arg(data).args(["serve", "--listen", "127.0.0.1:0"]).stderr(Stdio::null());
    let server = serve.spawn().expect("the server starts");
    while !data.join("shosoin.sock").exists() {
        std::thread::sleep(Duration::from_millis(100));
    }
    let started = Instant::now();
    let search = Command::new(PROGRAM).arg("--data").arg(data).args(["search", "--limit", "1"]).output();
    assert!(search.expect("the program runs").status.success());
    println!("indexed from nothing in {:.0} s", started.elapsed().as_secs_f64());
    server
}

/// Resident memory now, and at its highest (`/proc/PID/status`).
fn memory(server: &Child) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).expect("the server lives");
    let megabytes = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).expect("Linux tells it");
        let kilobytes: u64 = line.split_whitespace().nth(1).expect("a number").parse().expect("a number");
        kilobytes / 1_024
    };
    format!("{} MB resident, {} MB at most", megabytes("VmRSS:"), megabytes("VmHWM:"))
}
