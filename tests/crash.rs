//! `kill -9` at any moment: what was acknowledged is there, and nothing is half there.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::server::{Server, signal};
use support::{Archive, Numbers, pdf, text};

const CONTRACTS: usize = 2_000;
const KILLS: usize = 20;

/// Contracts to import, and what must be found again.
struct Book {
    index: PathBuf,
    receipts: PathBuf,
    /// SHA-256 of a contract's bytes to its number.
    by_digest: BTreeMap<String, usize>,
}

fn party(number: usize) -> String {
    format!("株式会社取引{:03}", number % 211)
}

fn hex_digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Book {
    fn write(archive: &Archive) -> Self {
        let mut csv = String::from("ファイル名,取引年月日,取引先,取引金額,件名,管理番号\n");
        let mut by_digest = BTreeMap::new();
        let mut numbers = Numbers(1);
        for number in 0..CONTRACTS {
            let text = format!("contract number {number}\nconfidential");
            let bytes = pdf::contract(&text, 2_000 + numbers.below(3_000) as usize);
            archive.file(&format!("contracts/{number}.pdf"), &bytes);
            by_digest.insert(hex_digest(&bytes), number);
            let (day, amount) = (number % 28 + 1, 10_000 + number);
            csv.push_str(&format!("{number}.pdf,2026-02-{day:02},{},{amount},", party(number)));
            csv.push_str(&format!("契約{number},NO-{number}\n"));
        }
        assert_eq!(by_digest.len(), CONTRACTS, "all contracts differ");
        let index = archive.file("contracts/index.csv", csv.as_bytes());
        Self { index, receipts: archive.path("receipts.jsonl"), by_digest }
    }

    fn import(&self, archive: &Archive) -> std::process::Command {
        let mut command = archive.command(["import"]);
        command.arg(&self.index).arg("--receipts").arg(&self.receipts);
        command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        command
    }

    /// Complete receipts written so far: number to id.
    fn acknowledged(&self) -> BTreeMap<usize, String> {
        let written = fs::read_to_string(&self.receipts).unwrap_or_default();
        // A kill may cut the last line short, and the next import goes on behind it.
        let lines = written.split('\n').flat_map(|line| {
            serde_json::Deserializer::from_str(line)
                .into_iter::<Value>()
                .map_while(Result::ok)
                .collect::<Vec<_>>()
        });
        let mut found = BTreeMap::new();
        for receipt in lines {
            let number = self.by_digest[text(&receipt["sha256"])];
            let id = text(&receipt["id"]).to_owned();
            let before = found.insert(number, id.clone());
            assert!(before.is_none_or(|before| before == id), "contract {number} was given a second id");
        }
        found
    }

    /// Bytes by which the receipts grow until the next kill: past what is stored already, and not to the end.
    fn next_target(&self, numbers: &mut Numbers, kills_left: usize) -> u64 {
        let lines =
            fs::read(&self.receipts).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count() as u64;
        let receipt = self.written().checked_div(lines).unwrap_or(300);
        let stored = self.acknowledged().len() as u64;
        let share = (CONTRACTS as u64 - stored) / kills_left as u64;
        match share {
            0..2 => receipt * numbers.below(stored * 3 / 4),
            _ => receipt * (stored + numbers.below(share)),
        }
    }

    fn written(&self) -> u64 {
        fs::metadata(&self.receipts).map_or(0, |metadata| metadata.len())
    }
}

/// Kills the import once the receipts have grown by `bytes`, or after `patience`; false if it had ended.
fn kill_during(book: &Book, mut import: Child, bytes: u64, patience: Duration) -> bool {
    let (started, target) = (Instant::now(), book.written() + bytes);
    loop {
        if import.try_wait().unwrap().is_some() {
            return false;
        }
        if book.written() >= target || started.elapsed() >= patience {
            signal(&import, "KILL");
            import.wait().unwrap();
            return true;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

#[test]
fn an_import_killed_twenty_times_loses_nothing_that_it_acknowledged() {
    let archive = Archive::new();
    let book = Book::write(&archive);
    let mut numbers = Numbers(2);
    let mut kills = 0;
    for round in 0..KILLS {
        let import = book.import(&archive).spawn().unwrap();
        let (bytes, patience) = match round % 5 {
            // Perhaps before the archive is open.
            0 => (u64::MAX >> 1, Duration::from_millis(numbers.below(60))),
            _ => (book.next_target(&mut numbers, KILLS - round), Duration::from_secs(30)),
        };
        kills += usize::from(kill_during(&book, import, bytes, patience));
        check_after_kill(&archive, &book, round);
    }
    assert!(
        kills >= KILLS * 3 / 4,
        "only {kills} of {KILLS} imports were still running when they were killed"
    );
    assert!(book.import(&archive).status().unwrap().success());
    check_all(&archive, &book);
}

/// What has to hold after every single kill; the complete check comes at the end.
fn check_after_kill(archive: &Archive, book: &Book, round: usize) {
    let acknowledged = book.acknowledged();
    let fsck = archive.json(["fsck"]);
    assert_eq!(fsck["sound"], true, "after kill {round}: {fsck}");
    let records = fsck["records"].as_u64().unwrap() as usize;
    assert!(records >= acknowledged.len(), "after kill {round}: {records} of {}", acknowledged.len());
    let found = archive.json(["search", "--limit", "1"]);
    assert_eq!(found["total"], records, "after kill {round}: search and store differ");
    if let Some((number, id)) = acknowledged.last_key_value() {
        let hits = archive.ids(&["--number", &format!("NO-{number}")]);
        assert_eq!(hits, [id.as_str()], "after kill {round}");
    }
}

/// Every contract: readable byte for byte, with its own metadata, found by all three items.
fn check_all(archive: &Archive, book: &Book) {
    let acknowledged = book.acknowledged();
    assert_eq!(acknowledged.len(), CONTRACTS);
    let digests: BTreeMap<_, _> = book.by_digest.iter().map(|(digest, number)| (*number, digest)).collect();
    let server = Server::start(archive);
    let hits = all_hits(&server);
    assert_eq!(hits.len(), CONTRACTS);
    for (number, id) in &acknowledged {
        let original = server.get(&format!("/api/v1/records/{id}/original"));
        assert_eq!(original.status, 200, "{number}: {}", original.text());
        assert_eq!(&hex_digest(&original.body), digests[number], "{number}");
        let hit = &hits[id];
        let expected = json!([format!("2026-02-{:02}", number % 28 + 1), party(*number), 10_000 + number]);
        assert_eq!(json!([hit["date"], hit["counterparty"], hit["amount"]]), expected);
    }
    for number in (0..CONTRACTS).step_by(97) {
        let path = format!(
            "/api/v1/records?date=2026-02-{day:02}&amount={amount}..{amount}&counterparty={party:03}",
            day = number % 28 + 1,
            amount = 10_000 + number,
            party = number % 211
        );
        let found = support::ids_of(&server.get(&path).json());
        assert_eq!(found, [acknowledged[&number].as_str()]);
    }
    server.stop();
    archive.assert_sound();
}

/// All hits of an open search, page by page, by id.
fn all_hits(server: &Server) -> BTreeMap<String, Value> {
    let (mut hits, mut after) = (BTreeMap::new(), String::new());
    loop {
        let page = server.get(&format!("/api/v1/records?limit=300&after={after}")).json();
        for hit in page["hits"].as_array().unwrap() {
            let twice = hits.insert(text(&hit["id"]).to_owned(), hit.clone());
            assert!(twice.is_none(), "a hit is on two pages");
        }
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => return hits,
        }
    }
}

#[test]
fn a_server_killed_under_concurrent_deposits_keeps_what_it_acknowledged() {
    let archive = Archive::new();
    let acknowledged = Mutex::new(BTreeMap::new());
    for round in 0..4 {
        let server = Server::start(&archive);
        deposit_until_killed(server, round, &acknowledged);
        archive.assert_sound();
    }
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() >= 4 * 40, "{}", acknowledged.len());
    let server = Server::start(&archive);
    let hits = all_hits(&server);
    for (id, bytes) in &acknowledged {
        let original = server.get(&format!("/api/v1/records/{id}/original"));
        assert!(original.status == 200 && original.body == *bytes, "{id}: {}", original.status);
        assert!(hits.contains_key(id), "{id} is not found");
    }
    let fsck = server.post("/api/v1/fsck", &json!({}), &[]).json();
    assert_eq!(fsck["records"], hits.len(), "{fsck}");
    server.stop();
}

type Acknowledged = Mutex<BTreeMap<String, Vec<u8>>>;

/// Four clients deposit as fast as they can until the server is killed under them.
fn deposit_until_killed(server: Server, round: usize, acknowledged: &Acknowledged) {
    let before = acknowledged.lock().unwrap().len();
    std::thread::scope(|scope| {
        let server = &server;
        for client in 0..4 {
            scope.spawn(move || {
                for turn in 0.. {
                    let bytes = pdf::contract(&format!("round {round} client {client} turn {turn}"), 3_000);
                    let metadata = json!({"date": "2026-02-01", "counterparty": "同時", "amount": "1"});
                    // The connection breaks when the server is killed: nothing was promised then.
                    let Ok(answer) = server.deposit(&metadata, "c.pdf", &bytes) else { break };
                    assert_eq!(answer.status, 201, "{}", answer.text());
                    let id = text(&answer.json()["id"]).to_owned();
                    acknowledged.lock().unwrap().insert(id, bytes);
                }
            });
        }
        let deadline = Instant::now() + Duration::from_secs(30);
        while acknowledged.lock().unwrap().len() < before + 40 + round && Instant::now() < deadline {
            std::thread::sleep(Duration::from_micros(500));
        }
        server.signal("KILL");
    });
    server.kill();
}

#[test]
fn an_init_killed_at_any_moment_leaves_an_archive_or_none() {
    let archive = Archive::new();
    let mut numbers = Numbers(3);
    for round in 0..12 {
        let data = archive.path(&format!("new-{round}"));
        let mut command = support::command(&data, &archive.tmp(), ["init"]);
        let mut init = command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(numbers.below(250)));
        if init.try_wait().unwrap().is_none() {
            signal(&init, "KILL");
            init.wait().unwrap();
        }
        assert!(!data.exists() || usable(&data, &archive.tmp()), "round {round}");
    }
}

fn usable(data: &Path, tmp: &Path) -> bool {
    let fsck = support::Ran::of(&mut support::command(data, tmp, ["fsck"]));
    fsck.code == 0 && fsck.value()["sound"] == true
}
