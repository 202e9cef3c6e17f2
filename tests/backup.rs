//! Backups as users meet them: made, listed, verified, practised and restored.

mod support;

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use support::backups::{Kept, TIERS};
use support::server::Server;
use support::{Archive, Ran, files, pdf, text};

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

#[test]
fn a_protected_generation_is_neither_removed_nor_changed_and_everything_says_until_when() {
    let mut kept = Kept::new(1);
    kept.deposit(8, 300_000);
    let settings = kept.archive.data().join("shosoin.toml");
    let set = |from: &str, to: &str| {
        let text = fs::read_to_string(&settings).unwrap();
        assert!(text.contains(from));
        fs::write(&settings, text.replace(from, to)).unwrap();
    };
    set("write_once_daily = 0", "write_once_daily = 30");
    set("keep_daily = 35", "keep_daily = 1");
    let first = kept.backup("daily");
    let day = text(&first["protected_until"])[..10].to_owned();
    kept.deposit(9, 2_000);
    let second = kept.backup("daily");
    assert_eq!((&second["removed"], &second["held"]), (&0.into(), &1.into()), "{second}");
    // What was promised holds although nothing is asked for any more.
    set("write_once_daily = 30", "write_once_daily = 0");
    let third = kept.backup("daily");
    assert_eq!((&third["removed"], &third["held"]), (&0.into(), &2.into()), "{third}");
    assert!(text(&third["held_until"]).starts_with(&day), "{third}");
    let listed = kept.archive.json(["backup", "list"]);
    let until: Vec<_> =
        listed.as_array().unwrap().iter().map(|one| one["protected_until"].as_str()).collect();
    assert_eq!((until.len(), until[0]), (3, None));
    assert!(until[1..].iter().all(|until| until.is_some_and(|until| until.starts_with(&day))), "{listed}");
    for (lang, words) in [("ja", "書き換え禁止期限"), ("en", "protected until")] {
        let mut list = Command::new(env!("CARGO_BIN_EXE_shosoin"));
        list.arg("--data").arg(kept.archive.data()).args(["--lang", lang, "backup", "list"]);
        let said = String::from_utf8(list.output().unwrap().stdout).unwrap();
        assert!(said.contains(&format!("{words} {day}")), "{said}");
    }
    // Damage to it is not replaced: a new generation does without it.
    let pack = kept.largest_pack("daily");
    let mut bytes = fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::remove_file(&pack).unwrap();
    fs::write(&pack, bytes).unwrap();
    let repaired = kept.archive.json(["backup", "repair", "daily"]);
    assert_eq!(
        (&repaired["generation"], &repaired["verified"]),
        (&"daily-4".into(), &true.into()),
        "{repaired}"
    );
    assert_eq!(repaired["protected"].as_array().unwrap().len(), 1, "{repaired}");
    kept.restore("daily", "whole").success();
    kept.assert_restored("whole");
}

#[test]
fn a_hold_that_is_newer_than_the_generation_holds_in_what_is_restored_too() {
    let mut kept = Kept::new(1);
    let id = kept.contracts.keys().next().unwrap().clone();
    kept.backup("daily");
    kept.archive.json(["hold", "place", "early", "--reason", "x", &id]);
    kept.backup("daily");
    kept.deposit(7, 2_000);
    kept.archive.json(["hold", "place", "late", "--reason", "x", "--counterparty", "国税"]);
    let later = kept.contracts.keys().find(|other| **other != id).unwrap().clone();
    kept.archive.json(["hold", "place", "unknown", "--reason", "x", &later]);
    kept.backup("daily");
    for (number, taken) in [("daily-1", 3), ("daily-2", 2), ("daily-3", 0)] {
        let mut restore = kept.restore_command("daily", number);
        let restored = Ran::of(restore.args(["--generation", number])).success();
        assert_eq!((&restored["holds"], &restored["verified"]), (&taken.into(), &true.into()), "{restored}");
        let holds = kept.on(number, &["hold", "list"]).success();
        let mut names: Vec<_> = holds.as_array().unwrap().iter().map(|hold| text(&hold["hold"])).collect();
        names.sort_unstable();
        assert_eq!(names, ["early", "late", "unknown"], "{number}");
        assert_eq!(kept.on(number, &["fsck"]).success()["sound"], true);
    }
}
