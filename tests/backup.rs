//! Backups as users meet them: made, verified, damaged, repaired, killed, and restored.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::server::{Server, signal};
use support::{Archive, Numbers, Ran, command, files, pdf, text};

const TIERS: [&str; 3] = ["daily", "monthly", "yearly"];

/// An archive with a repository for each tier, and contracts of which we know the bytes.
struct Kept {
    archive: Archive,
    contracts: BTreeMap<String, Vec<u8>>,
}

impl Kept {
    fn new(contracts: usize) -> Self {
        let archive = Archive::new();
        let mut lines = String::from("[backup]\n");
        for tier in TIERS {
            fs::create_dir(archive.path(tier)).unwrap();
            lines.push_str(&format!("{tier} = {:?}\n", archive.path(tier)));
        }
        let settings = archive.data().join("shosoin.toml");
        let changed = fs::read_to_string(&settings).unwrap().replace("[backup]\n", &lines);
        fs::write(&settings, changed).unwrap();
        let mut kept = Self { archive, contracts: BTreeMap::new() };
        (0..contracts).for_each(|number| kept.deposit(number, 3_000));
        kept
    }

    /// Deposits a contract with `len` bytes of noise at its end, which no compression makes smaller.
    fn deposit(&mut self, number: usize, len: usize) {
        let mut bytes = pdf::contract(&format!("contract number {number}"), 1_500);
        bytes.extend(Numbers(number as u64).bytes(len));
        let file = self.archive.file(&format!("{number}.pdf"), &bytes);
        let flags = ["--date", "2026-02-01", "--counterparty", "株式会社国税商事", "--no-amount"];
        let receipt = self.archive.deposit(&file, &flags);
        self.contracts.insert(text(&receipt["id"]).to_owned(), bytes);
    }

    fn backup(&self, tier: &str) -> Value {
        self.archive.json(["backup", "run", tier])
    }

    fn key(&self) -> PathBuf {
        self.archive.data().join("keys/kek.key")
    }

    fn restore_command(&self, tier: &str, to: &str) -> Command {
        let mut restore = self.archive.command(["restore"]);
        restore.arg("--from").arg(self.archive.path(tier)).arg("--to").arg(self.archive.path(to));
        restore.arg("--key").arg(self.key());
        restore
    }

    fn restore(&self, tier: &str, to: &str) -> Ran {
        Ran::of(&mut self.restore_command(tier, to))
    }

    /// A command on an archive beside ours.
    fn on(&self, name: &str, args: &[&str]) -> Ran {
        Ran::of(&mut command(&self.archive.path(name), &self.archive.tmp(), args))
    }

    /// The restored archive gives every contract back, byte for byte, and finds it.
    fn assert_restored(&self, name: &str) {
        let found = self.on(name, &["search", "--limit", "1"]).success();
        assert_eq!(found["total"], self.contracts.len());
        for (id, expected) in &self.contracts {
            let out = self.archive.path(&format!("{name}-{id}.pdf"));
            self.on(name, &["get", id, "-o", out.to_str().unwrap()]).success();
            assert!(fs::read(out).unwrap() == *expected, "{id} differs");
        }
        let fsck = self.on(name, &["fsck"]).success();
        assert_eq!(fsck["sound"], true, "{fsck}");
    }

    /// The only file of a folder that is as large as the packs of objects are.
    fn largest_pack(&self, tier: &str) -> PathBuf {
        let packs = files(&self.archive.path(tier).join("packs"));
        packs.into_iter().max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap()
    }
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

#[test]
fn each_tier_restores_to_an_archive_that_works_and_goes_on() {
    let mut kept = Kept::new(5);
    for tier in TIERS {
        let made = kept.backup(tier);
        assert_eq!(made["generation"], format!("{tier}-1"));
        assert_eq!(
            (&made["tier"], &made["objects"], &made["verified"]),
            (&tier.into(), &5.into(), &true.into())
        );
        assert!(made["entries"].as_u64() >= Some(6) && made["bytes"].as_u64() > Some(10_000), "{made}");
    }
    for tier in TIERS {
        let restored = kept.restore(tier, tier.to_uppercase().as_str()).success();
        assert_eq!((&restored["records"], &restored["verified"]), (&5.into(), &true.into()), "{restored}");
        kept.assert_restored(&tier.to_uppercase());
    }
    kept.deposit(99, 2_000);
    let made = kept.backup("daily");
    assert_eq!((&made["generation"], &made["new_objects"]), (&"daily-2".into(), &1.into()));
    let listed = kept.archive.json(["backup", "list"]);
    assert_eq!(listed.as_array().unwrap().len(), 4, "{listed}");
    let verified = kept.archive.json(["backup", "verify"]);
    assert!(verified.as_array().unwrap().iter().all(|one| one["verified"] == true), "{verified}");
    let drill = kept.archive.json(["backup", "drill"]);
    assert_eq!(
        (&drill["generation"], &drill["compared"], &drill["verified"]),
        (&"daily-2".into(), &6.into(), &true.into())
    );
    let left = fs::read_dir(kept.archive.data()).unwrap().flatten();
    assert!(left.into_iter().all(|entry| !entry.file_name().to_string_lossy().starts_with("drill-")));
    // The restored archive takes deposits, and its journal tells where it came from.
    let again = kept.restore("daily", "again").success();
    assert_eq!(again["records"], 6);
    let journal = kept.on("again", &["journal", "list", "--limit", "200"]).success();
    let acts: Vec<_> =
        journal["entries"].as_array().unwrap().iter().map(|entry| text(&entry["act"])).collect();
    assert!(acts.contains(&"restore") && acts.contains(&"backup"), "{acts:?}");
    kept.archive.assert_sound();
}

#[test]
fn an_older_generation_restores_as_the_archive_was_then() {
    let mut kept = Kept::new(2);
    kept.backup("daily");
    kept.deposit(7, 2_000);
    kept.backup("daily");
    let mut restore = kept.restore_command("daily", "older");
    let restored = Ran::of(restore.args(["--generation", "daily-1"])).success();
    assert_eq!((&restored["generation"], &restored["records"]), (&"daily-1".into(), &2.into()));
    assert_eq!(kept.on("older", &["fsck"]).success()["sound"], true);
    let mut wrong = kept.restore_command("daily", "none");
    Ran::of(wrong.args(["--generation", "9"])).failure(10);
    assert!(!kept.archive.path("none").exists());
}

#[test]
fn a_backup_is_made_while_the_server_serves() {
    let kept = Kept::new(3);
    let server = Server::start(&kept.archive);
    let made = kept.backup("daily");
    assert_eq!(made["objects"], 3);
    assert_eq!(kept.archive.json(["backup", "verify", "daily"])[0]["verified"], true);
    server.stop();
}

#[test]
fn what_a_server_took_since_the_backup_survives_the_machine() {
    let kept = Kept::new(1);
    let settings = kept.archive.data().join("shosoin.toml");
    let quick = fs::read_to_string(&settings).unwrap().replace("ship_seconds = 10", "ship_seconds = 1");
    fs::write(&settings, quick).unwrap();
    kept.backup("daily");
    let server = Server::start(&kept.archive);
    let answer =
        server.deposit(&support::server::metadata(), "new.pdf", &pdf::contract("new", 2_000)).unwrap();
    let id = text(&answer.json()["id"]).to_owned();
    let started = Instant::now();
    let shipped = || {
        let metrics = server.get("/metrics").text();
        let value = |name: &str| {
            let line = metrics.lines().find_map(|line| line.strip_prefix(&format!("shosoin_{name} ")));
            line.and_then(|value| value.parse::<u64>().ok())
        };
        value("backup_shipped_entries").is_some_and(|entries| Some(entries) == value("journal_entries"))
    };
    while !shipped() {
        assert!(started.elapsed() < Duration::from_secs(60), "{}", server.said());
        std::thread::sleep(Duration::from_millis(100));
    }
    server.kill();
    let restored = kept.restore("daily", "saved").success();
    assert_eq!((&restored["records"], &restored["verified"]), (&2.into(), &true.into()), "{restored}");
    let out = kept.archive.path("saved.pdf");
    kept.on("saved", &["get", &id, "-o", out.to_str().unwrap()]).success();
    assert_eq!(fs::read(out).unwrap(), pdf::contract("new", 2_000));
}

#[test]
fn wrong_places_and_wrong_keys_are_told_apart() {
    let kept = Kept::new(1);
    kept.backup("daily");
    // A key of another archive.
    let other = Archive::new();
    let mut wrong = kept.archive.command(["restore", "--from"]);
    wrong.arg(kept.archive.path("daily")).arg("--to").arg(kept.archive.path("x")).arg("--key");
    let refused = Ran::of(wrong.arg(other.data().join("keys/kek.key"))).failure(12);
    assert!(refused.message.contains("key"), "{refused:?}");
    // A directory with something in it.
    fs::create_dir(kept.archive.path("full")).unwrap();
    fs::write(kept.archive.path("full/file"), b"mine").unwrap();
    kept.restore("daily", "full").failure(1);
    assert_eq!(fs::read_dir(kept.archive.path("full")).unwrap().count(), 1);
    // No repository at all, or one that went away, or whose disk is not mounted.
    let empty = kept.restore("yearly", "x").failure(1);
    assert!(empty.message.contains("no backup repository"), "{empty:?}");
    fs::rename(kept.archive.path("daily"), kept.archive.path("gone")).unwrap();
    let gone = kept.archive.run(["backup", "run", "daily"]).failure(1);
    assert!(gone.message.contains("mounted"), "{gone:?}");
    fs::create_dir(kept.archive.path("daily")).unwrap();
    let vanished = kept.archive.run(["backup", "run", "daily"]).failure(1);
    assert!(vanished.message.contains("--new"), "{vanished:?}");
    assert_eq!(fs::read_dir(kept.archive.path("daily")).unwrap().count(), 0, "nothing was written there");
    let anew = kept.archive.json(["backup", "run", "daily", "--new"]);
    assert_eq!(anew["generation"], "daily-1");
    // The repository of another tier, or with other files.
    fs::remove_dir_all(kept.archive.path("yearly")).unwrap();
    fs::rename(kept.archive.path("gone"), kept.archive.path("yearly")).unwrap();
    let other = kept.archive.run(["backup", "run", "yearly"]).failure(1);
    assert!(other.message.contains("daily"), "{other:?}");
    fs::write(kept.archive.path("monthly/holiday.jpg"), b"jpeg").unwrap();
    let strange = kept.archive.run(["backup", "run", "monthly"]).failure(1);
    assert!(strange.message.contains("other files"), "{strange:?}");
}

#[test]
fn without_a_directory_the_command_says_what_to_set() {
    let archive = Archive::new();
    let refused = archive.run(["backup", "run", "daily"]).failure(1);
    assert!(refused.message.contains("[backup] daily"), "{refused:?}");
    assert_eq!(archive.json(["backup", "list"]).as_array().unwrap().len(), 0);
    archive.run(["backup", "verify"]).failure(10);
}

#[test]
fn a_flipped_bit_in_any_file_is_found_and_restores_and_repairs_say_what_they_do() {
    let mut kept = Kept::new(2);
    kept.deposit(50, 300_000);
    kept.deposit(51, 300_000);
    TIERS.iter().for_each(|tier| drop(kept.backup(tier)));
    let daily = kept.archive.path("daily");
    for path in files(&daily).into_iter().filter(|path| fs::metadata(path).unwrap().len() > 0) {
        let whole = fs::read(&path).unwrap();
        flip(&path, whole.len() / 2);
        let ran = kept.archive.run(["backup", "verify", "daily"]);
        assert!([4, 10].contains(&ran.code), "{}: exit {}", path.display(), ran.code);
        fs::write(&path, whole).unwrap();
    }
    // One object is damaged: it is named, the others restore, and a repair mends it.
    flip(&kept.largest_pack("daily"), 450_000);
    let found = kept.archive.run(["backup", "verify", "daily"]);
    assert_eq!(found.code, 4);
    let problems = found.value()[0]["problems"].to_string();
    let named = kept.contracts.keys().filter(|id| problems.contains(&id.replace('-', ""))).count();
    assert_eq!(named, 1, "{problems}");
    let partly = kept.restore("daily", "partly");
    assert_eq!((partly.code, &partly.value()["objects"]), (3, &3.into()));
    let repaired = kept.archive.json(["backup", "repair", "daily"]);
    assert_eq!((&repaired["repaired"], &repaired["verified"]), (&1.into(), &true.into()), "{repaired}");
    assert_eq!(kept.restore("daily", "whole").success()["records"], 4);
    kept.assert_restored("whole");
}

#[test]
fn damage_beyond_mending_in_place_leads_to_a_new_complete_generation() {
    let kept = Kept::new(2);
    kept.backup("daily");
    let manifest = fs::read_to_string(kept.archive.path("daily/generations/0000000001")).unwrap();
    let journal = manifest.lines().find(|line| line.starts_with("journal ")).unwrap();
    let pack = kept.archive.path("daily/packs").join(journal.split(' ').nth(1).unwrap());
    flip(&pack, 100);
    kept.restore("daily", "x").failure(4);
    let repaired = kept.archive.json(["backup", "repair", "daily"]);
    assert_eq!((&repaired["generation"], &repaired["verified"]), (&"daily-2".into(), &true.into()));
    fs::remove_dir_all(kept.archive.path("x")).unwrap();
    assert_eq!(kept.restore("daily", "x").success()["verified"], true);
}

#[test]
fn a_damaged_contract_in_the_archive_does_not_stop_a_backup_and_fixity_mends_it_from_one() {
    let mut kept = Kept::new(0);
    kept.deposit(1, 400_000);
    kept.backup("daily");
    // Everything goes into blob files, and one of them is damaged.
    kept.archive.json(["fsck"]);
    let blobs: Vec<_> = files(&kept.archive.data().join("store"))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "blob"))
        .collect();
    let largest = blobs.iter().max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap();
    flip(largest, 200_000);
    let run = kept.archive.run(["backup", "run", "monthly"]);
    assert_eq!(run.code, 3, "{:?}", run.value());
    assert!(run.value()["problems"][0].as_str().unwrap().contains("not in this backup"));
    let server = Server::start(&kept.archive);
    let answer = server.post("/api/v1/fixity", &serde_json::json!({}), &[]).json();
    assert_eq!((&answer["damaged"], &answer["repaired"]), (&1.into(), &1.into()), "{answer}");
    let clean = server.post("/api/v1/fixity", &serde_json::json!({"parts": 1}), &[]).json();
    assert_eq!((&clean["read"], &clean["damaged"]), (&1.into(), &0.into()), "{clean}");
    server.stop();
    let run = kept.backup("monthly");
    assert_eq!(run["problems"].as_array().unwrap().len(), 0, "taken when it is back");
    assert_eq!(kept.restore("monthly", "whole").success()["records"], 1);
    kept.assert_restored("whole");
}

#[test]
fn a_repository_that_cannot_be_written_is_told_and_the_last_generation_restores() {
    let mut kept = Kept::new(2);
    kept.backup("daily");
    kept.deposit(9, 2_000);
    let packs = kept.archive.path("daily/packs");
    fs::set_permissions(&packs, fs::Permissions::from_mode(0o500)).unwrap();
    // Root may write everywhere; then there is nothing to refuse.
    let root = fs::write(packs.join("probe"), b"").is_ok();
    let _ = fs::remove_file(packs.join("probe"));
    if !root {
        let refused = kept.archive.run(["backup", "run", "daily"]).failure(1);
        assert!(refused.message.contains("read-only"), "{refused:?}");
    }
    fs::set_permissions(&packs, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(kept.restore("daily", "last").success()["verified"], true);
}

#[test]
fn a_full_disk_is_told_and_the_last_generation_restores() {
    let mut kept = Kept::new(1);
    kept.backup("daily");
    kept.deposit(9, 300_000);
    // No file may grow beyond 200 KiB: to a program that ignores the signal, a write past it fails.
    let program = env!("CARGO_BIN_EXE_shosoin");
    let script = format!("ulimit -f 400; trap '' XFSZ; exec {program} \"$@\"");
    let mut limited = Command::new("sh");
    limited.args(["-c", &script, "sh", "--data"]).arg(kept.archive.data());
    limited.args(["--json", "backup", "run", "daily"]).env_clear().env("PATH", "/usr/bin:/bin");
    let ran = Ran::of(limited.stdin(Stdio::null()));
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(kept.restore("daily", "last").success()["records"], 1);
    assert_eq!(kept.backup("daily")["problems"].as_array().unwrap().len(), 0);
    kept.restore("daily", "after").success();
    kept.assert_restored("after");
}

#[test]
fn a_backup_killed_at_any_moment_leaves_the_last_generation_and_the_next_run_goes_on() {
    let mut kept = Kept::new(3);
    for number in 100..112 {
        kept.deposit(number, 200_000);
    }
    kept.backup("daily");
    kept.deposit(200, 200_000);
    let mut numbers = Numbers(5);
    let mut killed = 0;
    for _ in 0..12 {
        // A complete run each time, so that there is something to be killed in.
        fs::remove_dir_all(kept.archive.path("monthly")).unwrap();
        fs::create_dir(kept.archive.path("monthly")).unwrap();
        let mut run = kept.archive.command(["backup", "run", "monthly", "--new"]);
        run.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        killed += usize::from(kill_within(run, Duration::from_millis(numbers.below(400))));
        // Killed before its first write, there is no repository yet.
        kept.archive.json(["backup", "run", "monthly", "--new"]);
        assert_eq!(kept.archive.json(["backup", "verify", "monthly"])[0]["verified"], true);
    }
    assert!(killed >= 3, "only {killed} runs were killed");
    assert_eq!(kept.archive.json(["backup", "verify", "daily"])[0]["verified"], true);
    kept.archive.assert_sound();
}

#[test]
fn a_restore_killed_at_any_moment_goes_on_with_the_same_command() {
    let mut kept = Kept::new(3);
    for number in 100..112 {
        kept.deposit(number, 200_000);
    }
    kept.backup("daily");
    let mut numbers = Numbers(6);
    let mut killed = 0;
    for round in 0..12 {
        let name = format!("restored-{round}");
        let mut restore = kept.restore_command("daily", &name);
        restore.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        if kill_within(restore, Duration::from_millis(numbers.below(700))) {
            killed += 1;
            if kept.archive.path(&name).join("restore.json").exists() {
                let half = kept.on(&name, &["search"]);
                assert_eq!(half.code, 1, "a half restored archive does not open");
            }
            let ran = kept.restore("daily", &name);
            // Killed after its very end, there is nothing left to do.
            if ran.code != 0 {
                ran.failure(1);
            }
        }
        let found = kept.on(&name, &["fsck"]).success();
        assert_eq!((&found["sound"], &found["records"]), (&true.into(), &15.into()));
    }
    assert!(killed >= 3, "only {killed} restores were killed");
    kept.assert_restored("restored-11");
}

/// Runs a command and kills it after `patience`; false when it had ended by itself.
fn kill_within(mut command: Command, patience: Duration) -> bool {
    let mut child = command.spawn().unwrap();
    let started = Instant::now();
    while started.elapsed() < patience {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    if child.try_wait().unwrap().is_some() {
        return false;
    }
    signal(&child, "KILL");
    child.wait().unwrap();
    true
}

#[test]
fn nothing_of_a_contract_and_no_key_is_in_any_file_of_a_repository() {
    let kept = Kept::new(2);
    kept.backup("daily");
    let key = fs::read_to_string(kept.key()).unwrap();
    let key = key.lines().find(|line| line.starts_with("SHOSOIN-KEK-")).unwrap().to_owned();
    let mut needles = vec![key.into_bytes(), "国税商事".as_bytes().to_vec(), b"contract number".to_vec()];
    needles.push(b"os:".to_vec());
    for id in kept.contracts.keys() {
        needles.push(id.clone().into_bytes());
        needles.push(id.replace('-', "").into_bytes());
    }
    for path in files(&kept.archive.path("daily")) {
        let bytes = fs::read(&path).unwrap();
        for needle in &needles {
            let found = bytes.windows(needle.len()).any(|window| window == needle);
            assert!(!found, "{} holds {}", path.display(), String::from_utf8_lossy(needle));
        }
    }
}
