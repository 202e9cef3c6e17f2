//! Damage at rest: a byte that flips in any stored file is noticed or does not matter; it never changes an answer.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use support::server::Server;
use support::{Archive, Ran, copy, files, ids_of, pdf, text};
use tempfile::TempDir;

/// Exit codes that an answer to damage may have: failed, verification failed, key refused.
const REFUSALS: [i32; 3] = [1, 4, 12];

/// Where in a file a bit flips, in 63rds of its length. The log of recent writes is looked at more closely.
fn places(name: &str) -> &'static [usize] {
    if name.ends_with(".log") { &[0, 8, 16, 24, 32, 40, 48, 56, 63] } else { &[1, 25, 60] }
}

/// An archive at rest, and the answers that it gave when it was whole.
struct Whole {
    archive: Archive,
    search: Value,
    records: BTreeMap<String, (Value, Vec<u8>)>,
    journal: Vec<Value>,
}

/// How the archive came to rest.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Closed,
    Killed,
}

impl Whole {
    fn new(end: End) -> Self {
        let archive = Archive::new();
        let server = Server::start(&archive);
        let mut ids = Vec::new();
        for (number, size) in [(1, 3_000), (2, 5_000), (3, 40_000)] {
            let bytes = pdf::contract(&format!("contract number {number}"), size);
            let file = archive.file(&format!("{number}.pdf"), &bytes);
            let flags = [
                ("--date", format!("2026-02-0{number}")),
                ("--counterparty", format!("株式会社取引{number}")),
                ("--amount", format!("{number}000")),
                ("--title", format!("業務委託契約書{number}")),
            ];
            let flags: Vec<_> = flags.iter().flat_map(|(name, value)| [*name, value]).collect();
            ids.push(text(&archive.deposit(&file, &flags)["id"]).to_owned());
        }
        archive.json(["correct", &ids[0], "--amount", "1500", "--reason", "誤記"]);
        let search = found(&archive.json(["search", "--versions", "all"]));
        let records = ids.iter().map(|id| (id.clone(), record(&archive, id))).collect();
        let journal = archive.json(["journal", "list", "--from", "0", "--limit", "1000"])["entries"].clone();
        match end {
            End::Closed => {
                server.stop();
                // Opening writes the log of recent writes into tables.
                archive.json(["search"]);
            }
            End::Killed => drop(server.kill()),
        }
        Self { archive, search, records, journal: journal.as_array().unwrap().clone() }
    }

    /// A copy to damage.
    fn copy(&self) -> Damaged<'_> {
        let home = TempDir::new().unwrap();
        copy(&self.archive.data(), &home.path().join("archive"));
        Damaged { whole: self, home }
    }
}

fn record(archive: &Archive, id: &str) -> (Value, Vec<u8>) {
    let got = archive.run(["get", id]);
    assert_eq!(got.code, 0, "{}", got.stderr);
    (archive.json(["show", id]), got.stdout)
}

/// A search's answer without what grows with every look.
fn found(page: &Value) -> Value {
    assert_eq!(page["total"].as_u64(), Some(page["hits"].as_array().unwrap().len() as u64), "{page}");
    page["hits"].clone()
}

struct Damaged<'a> {
    whole: &'a Whole,
    home: TempDir,
}

impl Damaged<'_> {
    fn data(&self) -> PathBuf {
        self.home.path().join("archive")
    }

    fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&mut support::command(&self.data(), self.home.path(), args))
    }

    /// Asks everything. Whatever answers must answer as before; what refuses must do so in words.
    fn examine(&self) -> Findings {
        let mut findings = Findings::default();
        self.asked(&["fsck"], &mut findings);
        self.asked(&["journal", "verify"], &mut findings);
        if let Some(search) = self.asked(&["search", "--versions", "all"], &mut findings)
            && found(&search.value()) != self.whole.search
        {
            findings.wrong.push("a search gives another answer".into());
        }
        self.check_journal(&mut findings);
        for (id, (shown, original)) in &self.whole.records {
            if self.asked(&["get", id], &mut findings).is_some_and(|got| got.stdout != *original) {
                findings.wrong.push(format!("get {id} gives other bytes"));
            }
            if let Some(show) = self.asked(&["show", id], &mut findings)
                && told(&show.value()) != told(shown)
            {
                findings.lost.push(format!("show {id} tells less or other things"));
            }
        }
        findings
    }

    fn check_journal(&self, findings: &mut Findings) {
        let list = self.asked(&["journal", "list", "--from", "0", "--limit", "1000"], findings);
        let entries = list.map(|list| list.value()["entries"].as_array().unwrap().clone());
        let known = &self.whole.journal;
        if entries.is_some_and(|now| now.len() < known.len() || now[..known.len()] != known[..]) {
            findings.lost.push(format!("not all of the first {} journal entries are there", known.len()));
        }
    }

    /// Runs a command; `None` when it refused. A refusal must have a fitting exit code, and words.
    fn asked(&self, args: &[&str], findings: &mut Findings) -> Option<Ran> {
        let ran = self.run(args);
        match ran.code {
            0 => return Some(ran),
            // What was acknowledged cannot be "not found": it is lost, and something else has to say so.
            10 => findings.lost.push(format!("{args:?} finds nothing")),
            code => {
                findings.reported = true;
                let value = ran.value();
                let told = value["error"]["message"].is_string() || value["problem_count"].as_u64() > Some(0);
                if !told || !REFUSALS.contains(&code) {
                    findings.wrong.push(format!("{args:?} ends with exit code {code}: {value}"));
                }
            }
        }
        None
    }
}

/// What `show` tells, without the reasons for the end of retention: policies are the owner's to write, and
/// what they say is not checked against anything. The end itself may never come nearer, which a missing end is.
fn told(shown: &Value) -> Value {
    let mut told = shown.clone();
    told["retention"] = shown["retention"]["retain_until"].clone();
    told
}

#[derive(Default)]
struct Findings {
    /// A command said that something is wrong.
    reported: bool,
    /// What was acknowledged and is gone: allowed only when it is reported.
    lost: Vec<String>,
    /// What may never be, reported or not.
    wrong: Vec<String>,
}

impl Findings {
    fn verdict(self, what: &str) -> Option<String> {
        let lost = if self.reported { Vec::new() } else { self.lost };
        let silently = lost.into_iter().map(|lost| format!("{lost}, and nothing reports it"));
        let all: Vec<_> = self.wrong.into_iter().chain(silently).collect();
        (!all.is_empty()).then(|| format!("{what}: {}", all.join("; ")))
    }
}

fn flip(path: &Path, place: usize) -> usize {
    let mut bytes = fs::read(path).unwrap();
    let at = ((bytes.len() - 1) * place / 63).min(bytes.len() - 1);
    bytes[at] ^= 0x10;
    fs::write(path, bytes).unwrap();
    at
}

/// Flips a bit in every file that `chosen` picks, one after the other, and examines each archive so made.
/// Returns how many there were.
fn flip_each(whole: &Whole, chosen: impl Fn(&str) -> bool) -> usize {
    let root = whole.archive.data();
    let cases: Vec<(String, usize)> = files(&root)
        .iter()
        .filter(|path| fs::metadata(path).unwrap().len() > 0)
        .map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned())
        .filter(|name| chosen(name))
        .flat_map(|name| places(&name).iter().map(move |place| (name.clone(), *place)))
        .collect();
    let (next, verdicts) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((name, place)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdict = flip_one(whole, name, *place);
                    verdicts.lock().unwrap().extend(verdict);
                }
            });
        }
    });
    let verdicts = verdicts.into_inner().unwrap();
    assert!(verdicts.is_empty(), "{} of {} cases:\n{}", verdicts.len(), cases.len(), verdicts.join("\n"));
    cases.len()
}

fn flip_one(whole: &Whole, name: &str, place: usize) -> Option<String> {
    let damaged = whole.copy();
    let at = flip(&damaged.data().join(name), place);
    let mut findings = damaged.examine();
    // The index is only a view: nothing is lost with it, and it can be made again.
    if name.starts_with("index/") {
        findings.wrong.append(&mut findings.lost);
        let rebuilt = damaged.run(&["index", "rebuild"]);
        let search = damaged.run(&["search", "--versions", "all"]);
        if rebuilt.code != 0 || search.code != 0 || found(&search.value()) != whole.search {
            findings.wrong.push(format!("a rebuild does not help: {rebuilt:?} {search:?}"));
        }
    }
    findings.verdict(&format!("{name}, byte {at}"))
}

#[test]
fn a_flipped_bit_in_the_store_of_a_closed_archive_is_noticed_or_harmless() {
    let whole = Whole::new(End::Closed);
    assert!(flip_each(&whole, |name| name.starts_with("store/")) > 20);
}

#[test]
fn a_flipped_bit_in_the_store_of_a_killed_server_is_noticed_or_harmless() {
    let whole = Whole::new(End::Killed);
    assert!(flip_each(&whole, |name| name.starts_with("store/")) > 20);
}

/// Contracts that were acknowledged and never looked at again: nothing but the log of recent writes knows them.
fn killed_after_three_deposits() -> (Archive, Vec<String>, PathBuf) {
    let archive = Archive::new();
    let server = Server::start(&archive);
    let mut ids = Vec::new();
    for number in 0..3 {
        let metadata = serde_json::json!({"date": "2026-02-01", "counterparty": "A", "amount": "1"});
        let bytes = pdf::contract(&format!("contract number {number}"), 3_000);
        let receipt = server.deposit(&metadata, "a.pdf", &bytes).unwrap();
        assert_eq!(receipt.status, 201, "{}", receipt.text());
        ids.push(text(&receipt.json()["id"]).to_owned());
    }
    server.kill();
    let logs = files(&archive.data().join("store"));
    let logs = logs.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "log"));
    let log = logs.max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap();
    assert!(fs::metadata(&log).unwrap().len() > 3_000, "the contracts are in {}", log.display());
    (archive, ids, log)
}

#[test]
fn a_flipped_bit_in_the_log_never_loses_an_acknowledged_contract_in_silence() {
    let (archive, ids, log) = killed_after_three_deposits();
    let home = TempDir::new().unwrap();
    let mut silent = Vec::new();
    for place in (1..63).step_by(6) {
        let data = home.path().join(format!("{place}"));
        copy(&archive.data(), &data);
        let at = flip(&data.join(log.strip_prefix(archive.data()).unwrap()), place);
        let run = |args: &[&str]| Ran::of(&mut support::command(&data, home.path(), args));
        let told = run(&["fsck"]).code != 0 || run(&["journal", "verify"]).code != 0;
        let lost = ids.iter().filter(|id| run(&["get", id]).code != 0).count();
        if lost > 0 && !told {
            silent.push(format!(
                "byte {at}: {lost} of {} contracts are gone, fsck and journal verify pass",
                ids.len()
            ));
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

/// What a crash in the middle of a write leaves is no damage: nobody was told that it was stored.
#[test]
fn a_torn_write_at_the_end_of_the_log_is_passed_over() {
    let (archive, ids, log) = killed_after_three_deposits();
    let mut bytes = fs::read(&log).unwrap();
    // The head of a record (checksum, length 2,000, whole) and only its first bytes.
    bytes.extend([0x12, 0x34, 0x56, 0x78, 0xd0, 0x07, 1]);
    bytes.extend([0xab; 60]);
    fs::write(&log, bytes).unwrap();
    archive.assert_sound();
    for id in &ids {
        assert_eq!(archive.run(["get", id]).code, 0);
    }
    assert_eq!(archive.ids(&[]).len(), ids.len());
}

#[test]
fn a_flipped_bit_in_the_index_never_changes_an_answer() {
    let whole = Whole::new(End::Closed);
    assert!(flip_each(&whole, |name| name.starts_with("index/")) > 10);
}

/// Searches refuse a damaged index where they meet the damage; the check reads all of it.
#[test]
fn a_damaged_index_is_told_by_fsck() {
    let whole = Whole::new(End::Closed);
    let folder = whole.archive.data().join("index");
    for path in files(&folder).into_iter().filter(|path| fs::metadata(path).unwrap().len() > 0) {
        let damaged = whole.copy();
        let name = path.strip_prefix(whole.archive.data()).unwrap();
        flip(&damaged.data().join(name), 31);
        let fsck = damaged.run(&["fsck"]);
        assert_eq!(fsck.code, 4, "{}: {fsck:?}", name.display());
        assert!(fsck.value()["problems"].to_string().contains("shosoin index rebuild"), "{fsck:?}");
        assert_eq!(damaged.run(&["index", "rebuild"]).code, 0);
        assert_eq!(damaged.run(&["fsck"]).code, 0);
    }
}

#[test]
fn a_damaged_checkpoint_beside_the_store_is_told_and_written_anew() {
    let whole = Whole::new(End::Closed);
    let damaged = whole.copy();
    flip(&damaged.data().join("checkpoint.txt"), 20);
    let first = damaged.run(&["search"]);
    assert!(first.code == 0 && first.stderr.contains("checkpoint.txt"), "{first:?}");
    let second = damaged.run(&["search"]);
    assert!(second.code == 0 && !second.stderr.contains("checkpoint.txt"), "{second:?}");
}

#[test]
fn a_flipped_bit_in_key_settings_or_policies_is_noticed_or_harmless() {
    let whole = Whole::new(End::Closed);
    // Policies that nobody has chosen decide nothing; there are many of them.
    let others = ["index/", "store/", "retention-policies/available/"];
    assert!(flip_each(&whole, |name| !others.iter().any(|folder| name.starts_with(folder))) >= 10);
}

#[test]
fn a_key_file_with_a_flipped_digit_is_refused_as_a_key() {
    let whole = Whole::new(End::Closed);
    let damaged = whole.copy();
    let path = damaged.data().join("keys/kek.key");
    let key = fs::read_to_string(&path).unwrap();
    let at = key.find("SHOSOIN-KEK-1-").unwrap() + 20;
    let digit = if &key[at..=at] == "0" { "1" } else { "0" };
    fs::write(&path, [&key[..at], digit, &key[at + 1..]].concat()).unwrap();
    let failure = damaged.run(&["search"]).failure(12);
    assert!(!failure.hint.is_empty(), "{failure:?}");
}

#[test]
fn a_stored_file_that_vanished_is_noticed() {
    let whole = Whole::new(End::Killed);
    let root = whole.archive.data();
    for path in files(&root.join("store")) {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
        // RocksDB's own talk, its lock and its old settings carry nothing.
        if ["LOG", "LOCK", "OPTIONS", "IDENTITY"].iter().any(|word| name.contains(word)) {
            continue;
        }
        let damaged = whole.copy();
        fs::remove_file(damaged.data().join(name)).unwrap();
        let what = format!("{name} removed");
        assert_eq!(damaged.examine().verdict(&what), None);
    }
}

/// A store restored from a copy beside an index that saw more: the index must not be believed.
#[test]
fn an_index_that_is_ahead_of_its_store_is_made_again() {
    let archive = Archive::new();
    let deposit = |number: u32, party: &str| {
        let bytes = pdf::contract(&format!("contract number {number}"), 2_000);
        let file = archive.file(&format!("{number}.pdf"), &bytes);
        archive.deposit(&file, &["--date", "2026-02-01", "--counterparty", party, "--no-amount"])
    };
    deposit(1, "Aoba");
    let saved = archive.path("saved");
    copy(&archive.data().join("store"), &saved);
    deposit(2, "Bunkyo");
    deposit(3, "Chiyoda");
    assert_eq!(archive.ids(&[]).len(), 3);
    fs::remove_dir_all(archive.data().join("store")).unwrap();
    copy(&saved, &archive.data().join("store"));

    // The signed checkpoint beside the store knows of more: nothing is answered before somebody decides.
    assert_eq!(archive.run(["search"]).failure(4).code, "corrupt");
    fs::remove_file(archive.data().join("checkpoint.txt")).unwrap();

    let new = deposit(4, "Daito");
    let newer = deposit(5, "Edogawa");
    assert_eq!(archive.ids(&["--counterparty", "Daito"]), [text(&new["id"])]);
    assert_eq!(archive.ids(&["--counterparty", "Edogawa"]), [text(&newer["id"])]);
    assert!(archive.ids(&["--counterparty", "Bunkyo"]).is_empty(), "a contract that this store never saw");
    assert_eq!(archive.ids(&[]).len(), 3);
    archive.assert_sound();
}

#[test]
fn a_lost_index_is_made_again_with_the_same_answers() {
    let whole = Whole::new(End::Closed);
    let damaged = whole.copy();
    fs::remove_dir_all(damaged.data().join("index")).unwrap();
    let search = damaged.run(&["search", "--versions", "all"]);
    assert_eq!(found(&search.success()), whole.search);
    let all = damaged.run(&["search"]).success();
    assert_eq!(ids_of(&all).len(), whole.records.len());
}

/// One damaged contract stops nothing: the others come out, and whoever asked is told which one did not.
#[test]
fn an_export_without_a_damaged_contract_says_so() {
    let whole = Whole::new(End::Closed);
    let damaged = whole.copy();
    let objects = files(&damaged.data().join("store/objects"));
    let objects = objects.iter().max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap();
    // In the first contract; further on may be a filler, which nobody misses.
    flip(objects, 2);
    let target = damaged.home.path().join("package");
    let export = damaged.run(&["export", "-o", target.to_str().unwrap()]);
    assert_eq!(export.code, 3, "{export:?}");
    let (value, originals) = (export.value(), files(&target.join("data/originals")));
    assert_eq!((&value["records"], originals.len()), (&2.into(), 2));
    let bytes: u64 = originals.iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    assert_eq!(value["bytes"], bytes);
    let [left_out] = value["problems"].as_array().unwrap().as_slice() else { panic!("{value}") };
    assert!(whole.records.contains_key(text(&left_out["id"])), "{value}");
    assert!(export.stderr.contains(text(&left_out["id"])) && !text(&left_out["reason"]).is_empty());
}
