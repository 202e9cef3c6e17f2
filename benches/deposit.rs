//! How fast contracts are acknowledged: 150 KB signed PDFs, 8 clients at once, each answer after its fsync.
//!
//! The floor, in the same run: 8 threads that only encrypt the same bytes (AES-256-GCM) and wait for the same kind
//! of group commit, which appends them to one file and fsyncs. Rounds alternate, so that both see the same machine.
//!
//! What was learned (2 cores, 2026-11-23, nothing else at work, release profile; profile with `perf record -p PID` in the second half
//! of a round, and see who waits for whom in the kernel's traces of `fdatasync`, `sched_switch` and `block_rq_*`). 15 rounds of
//! three seconds: 1,927 to 2,782 contracts a second (294 to 425 MB/s), signatures judged, at 0.54 to 0.73 ms of processor each; floor
//! 3,424 to 5,005: 0.45 to 0.64 of the floor, **median 0.52** (goal 0.5). In turn with the same build without standing back, 14 rounds
//! each: median 0.52 and 0.49; that one in turn with the build before direct writes, 8 rounds each: 0.50 and 0.45. Nine rounds on
//! the same machine an hour before had a median of 0.48. Rounds differ by a quarter, so it takes more than ten to tell. Eight
//! clients never keep two processors busy: some of them always wait for the disk, and throughput follows from how much processor
//! each deposit takes and how long a commit lasts.
//!
//! - A commit's objects are written past the system's cache, at once (`store/rocks/objects/block.rs`). Copying them to
//!   the system was 7 % of the processors' time, and the fsync waited for a worker of the system that marked the space as
//!   written, which in turn waited for a processor.
//! - Clients stand back (`archive/stand_back.rs`). Traces showed the committer ready, but without a processor, for up to half of the time
//!   between two commits. (The floor's clients do not. When they did, in a build that is not optimised across crates, its rate was a
//!   twentieth higher and the ratio 0.51: 7 rounds.)
//!
//! Tried without a gain: objects appended by the clients, with an fsync of each client (slower) or of the group (the
//! same); whoever comes first commits for all that wait, without a thread (the same); no more clients preparing at a time than there
//! are processors (the same); a pool of threads for preparing that stand back (its threads look for work before they sleep, which
//! takes what is gained); half of those that wait in a group (the same); a thread that writes the objects of the next group while
//! the committer is at the one before (a twentieth); space that is allocated ahead (slower, in a model of the writes alone).
//! A thread of its own for the answers was worth a twentieth.
//!
//! What helped, in shares of a deposit's processor time when it was done: reading the text later (`archive/texts.rs`, more than
//! everything else together), no token count (25 %), checksums by instruction (`.cargo/config.toml`, 15 %), zstd level -1 (14 %),
//! table and blob files past the system's cache (1.7 to 1.2 ms on a busy machine), judging signatures with what is known already
//! (`pki/known.rs`), one digest for the file and its signature (8 % saved), zstd level -5 (12 % to 7 %). Other allocators
//! changed nothing here. Now judging is 26 %, sealing 17 (zstd 12), the file's digest 10.
//!
//! `cargo bench --bench deposit -- [--seconds N] [--rounds N] [--data DIR]`

mod support;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use shosoin::archive::{Archive, Deposit, Options, Principal, create, stand_back};
use support::{Given, metadata, processor_seconds};

const CLIENTS: u64 = 8;
const CONTRACT: &[u8] = include_bytes!("../samples/20250512_和泉設計事務所株式会社_660000.pdf");

fn main() {
    let arguments = Arguments::read();
    println!(
        "workload  {} byte signed PDF, each different, {CLIENTS} clients, fsync before every answer",
        CONTRACT.len()
    );
    println!("place     {}", arguments.data.display());
    let mut ratios = Vec::new();
    for round in 1..=arguments.rounds {
        let floor = floor(&arguments.data, arguments.each);
        let ours = ours(&arguments.data, arguments.each);
        ratios.push(ours.rate / floor.rate);
        println!("round {round}   floor {floor}   deposit {ours}   ratio {:.2}", ours.rate / floor.rate);
    }
    ratios.sort_by(f64::total_cmp);
    println!("ratio     median {:.2} of {} rounds (goal 0.5)", ratios[ratios.len() / 2], ratios.len());
}

struct Arguments {
    each: Duration,
    rounds: u32,
    data: PathBuf,
}

impl Arguments {
    fn read() -> Self {
        let given = Given::read();
        Self {
            each: Duration::from_secs(given.number("--seconds", 5)),
            rounds: given.rounds(5),
            data: given.data(),
        }
    }
}

/// What one round showed. The processors' time says the same on a busy machine as on a quiet one.
struct Speed {
    /// Contracts a second.
    rate: f64,
    /// Milliseconds of all processors for each contract, the clients' own work included.
    cpu: f64,
}

impl std::fmt::Display for Speed {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let megabytes = self.rate * CONTRACT.len() as f64 / 1e6;
        write!(to, "{:7.0}/s {megabytes:6.1} MB/s {:5.2} CPU ms", self.rate, self.cpu)
    }
}

/// The contract with a number written into the padding of its signature: as large, as signed, but different.
fn contract(number: u64) -> Vec<u8> {
    let mut bytes = CONTRACT.to_vec();
    let padding = b"0000000000000000000000000000000000000000";
    let at = bytes.windows(padding.len()).rposition(|window| window == padding).expect("signature padding");
    bytes[at..at + 16].copy_from_slice(format!("{number:016x}").as_bytes());
    bytes
}

/// Runs `work(contract, its number)` in all clients for `each`; a client begins with `begin`.
fn measure(each: Duration, begin: impl Fn() + Sync, work: impl Fn(Vec<u8>, u64) + Sync) -> Speed {
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let (started, worked) = (Instant::now(), processor_seconds());
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (stop, done, begin, work) = (&stop, &done, &begin, &work);
            scope.spawn(move || {
                begin();
                let mut number = client;
                while !stop.load(Ordering::Relaxed) {
                    work(contract(number), number);
                    done.fetch_add(1, Ordering::Relaxed);
                    number += CLIENTS;
                }
            });
        }
        thread::sleep(each);
        stop.store(true, Ordering::Relaxed);
    });
    let done = done.load(Ordering::Relaxed) as f64;
    Speed { rate: done / started.elapsed().as_secs_f64(), cpu: (processor_seconds() - worked) * 1e3 / done }
}

fn ours(place: &Path, each: Duration) -> Speed {
    let data = place.join(format!("shosoin-bench-{}", std::process::id()));
    create(&data).expect("a new archive");
    let archive = Archive::open(&data, Options::default()).expect("the archive opens");
    // The clients stand back, as the server's threads for deposits do.
    let who = Principal::built_in("bench");
    let speed = measure(each, stand_back, |bytes, number| {
        let metadata = metadata(number);
        archive.deposit(&who, Deposit { bytes, metadata }).expect("a deposit");
    });
    drop(archive);
    std::fs::remove_dir_all(&data).expect("the archive can be removed");
    speed
}

type Waiting = (Vec<u8>, Sender<()>);

/// Encrypts and appends, nothing else; one thread groups and fsyncs.
fn floor(place: &Path, each: Duration) -> Speed {
    let path = place.join(format!("shosoin-floor-{}", std::process::id()));
    let (queue, waiting) = channel::<Waiting>();
    let file = File::create(&path).expect("a file");
    let writer = thread::spawn(move || append(file, &waiting));
    let cipher = Aes256Gcm::new(&[7; 32].into());
    let queue = std::sync::Mutex::new(queue);
    let deposit = |mut bytes: Vec<u8>, number: u64| {
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&number.to_be_bytes());
        let tag = cipher
            .encrypt_inout_detached(&Nonce::from(nonce), b"", bytes.as_mut_slice().into())
            .expect("AES");
        bytes.extend_from_slice(&tag);
        let (reply, durable) = channel();
        queue.lock().expect("no panic").send((bytes, reply)).expect("the writer runs");
        durable.recv().expect("the writer answers");
    };
    let speed = measure(each, || (), deposit);
    drop(queue);
    writer.join().expect("the writer ends");
    std::fs::remove_file(&path).expect("the file can be removed");
    speed
}

fn append(mut file: File, waiting: &Receiver<Waiting>) {
    while let Ok(first) = waiting.recv() {
        let group: Vec<Waiting> = std::iter::once(first).chain(waiting.try_iter()).collect();
        for (bytes, _) in &group {
            file.write_all(bytes).expect("the disk takes it");
        }
        file.sync_data().expect("fsync");
        for (_, reply) in group {
            reply.send(()).expect("the client waits");
        }
    }
}
