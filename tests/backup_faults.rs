//! What happens to backups in the world: damage, full and forbidden disks, and programs killed at any moment.
//! `src/backup/fault_tests.rs` lists every fault and where it is shown.

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::backups::{Kept, TIERS};
use support::server::{Server, signal};
use support::{Numbers, Ran, files};

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 0x10;
    fs::write(path, bytes).unwrap();
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
    // One of the files with sealed objects is damaged.
    kept.archive.json(["fsck"]);
    flip(&largest_blob_file(&kept), 200_000);
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
fn an_object_damaged_in_the_archive_and_in_a_backup_is_mended_from_another_tier() {
    let mut kept = Kept::new(0);
    kept.deposit(1, 400_000);
    TIERS.iter().for_each(|tier| drop(kept.backup(tier)));
    kept.archive.json(["fsck"]);
    flip(&largest_blob_file(&kept), 200_000);
    flip(&kept.largest_pack("daily"), 200_000);
    flip(&kept.largest_pack("monthly"), 100_000);
    for tier in ["daily", "monthly"] {
        let repaired = kept.archive.json(["backup", "repair", tier]);
        assert_eq!((&repaired["repaired"], &repaired["verified"]), (&1.into(), &true.into()), "{repaired}");
        kept.restore(tier, &format!("from-{tier}")).success();
        kept.assert_restored(&format!("from-{tier}"));
    }
}

#[test]
fn a_damaged_identity_and_a_lost_key_set_are_written_again_by_a_repair() {
    let kept = Kept::new(2);
    kept.backup("daily");
    let daily = kept.archive.path("daily");
    flip(&daily.join("repository"), 100);
    let refused = kept.archive.run(["backup", "run", "daily"]);
    assert_ne!(refused.code, 0, "{}", refused.stderr);
    for set in files(&daily.join("keys")) {
        fs::remove_file(set).unwrap();
    }
    let repaired = kept.archive.json(["backup", "repair", "daily"]);
    assert_eq!(repaired["verified"], true, "{repaired}");
    kept.restore("daily", "whole").success();
    kept.assert_restored("whole");
}

/// The file in which the archive keeps its contracts.
fn largest_blob_file(kept: &Kept) -> PathBuf {
    let blobs = files(&kept.archive.data().join("store")).into_iter();
    let blobs = blobs.filter(|path| path.extension().is_some_and(|ending| ending == "objects"));
    blobs.max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap()
}

#[test]
fn a_repository_that_cannot_be_written_is_told_and_the_last_generation_restores() {
    let mut kept = Kept::new(2);
    kept.backup("daily");
    kept.deposit(9, 2_000);
    let someone = Someone::who_obeys_permissions(&kept);
    for folder in ["packs", "keys", "generations"] {
        let folder = kept.archive.path("daily").join(folder);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).unwrap();
        let refused = Ran::of(&mut someone.command(["backup", "run", "daily"])).failure(1);
        assert!(refused.message.contains("read-only"), "{}: {refused:?}", folder.display());
        let verified = Ran::of(&mut someone.command(["backup", "verify", "daily"])).success();
        assert_eq!((&verified[0]["generation"], &verified[0]["verified"]), (&"daily-1".into(), &true.into()));
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    }
    assert_eq!(kept.restore("daily", "last").success()["records"], 2);
    let made = Ran::of(&mut someone.command(["backup", "run", "daily"])).success();
    assert_eq!((&made["generation"], &made["objects"]), (&"daily-2".into(), &3.into()), "{made}");
}

/// Somebody to whom permissions mean something. Root may write everywhere, so where the tests run as root it is the user
/// `nobody`, who gets the archive, its backups, and a copy of the program.
struct Someone {
    data: PathBuf,
    program: PathBuf,
    nobody: bool,
    _home: tempfile::TempDir,
}

/// The user that owns nothing, by the number that Linux gives it.
const NOBODY: u32 = 65_534;

impl Someone {
    fn who_obeys_permissions(kept: &Kept) -> Self {
        let nobody = fs::metadata("/proc/self").unwrap().uid() == 0;
        // The target directory may be below a home that others cannot enter.
        let home = if nobody { tempfile::tempdir_in("/tmp") } else { tempfile::tempdir() }.unwrap();
        let program = home.path().join("shosoin");
        fs::copy(env!("CARGO_BIN_EXE_shosoin"), &program).unwrap();
        if nobody {
            give(home.path());
            give(kept.archive.data().parent().unwrap());
        }
        Self { data: kept.archive.data(), program, nobody, _home: home }
    }

    fn command<const N: usize>(&self, args: [&str; N]) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().env("LC_ALL", "C.UTF-8").current_dir("/");
        command.arg("--data").arg(&self.data).arg("--json").args(args).stdin(Stdio::null());
        if self.nobody {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }
}

/// Makes a directory and everything in it nobody's.
fn give(directory: &Path) {
    chown(directory, Some(NOBODY), Some(NOBODY)).unwrap();
    for entry in fs::read_dir(directory).unwrap().flatten() {
        match entry.path().is_dir() {
            true => give(&entry.path()),
            false => chown(entry.path(), Some(NOBODY), Some(NOBODY)).unwrap(),
        }
    }
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
    assert_eq!(ran.failure(1).code, "disk-full");
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
    let began = std::time::Instant::now();
    kept.archive.json(["backup", "run", "monthly", "--new"]);
    let whole = u64::try_from(began.elapsed().as_millis()).unwrap();
    for _ in 0..12 {
        // A complete run each time, so that there is something to be killed in.
        fs::remove_dir_all(kept.archive.path("monthly")).unwrap();
        fs::create_dir(kept.archive.path("monthly")).unwrap();
        let mut run = kept.archive.command(["backup", "run", "monthly", "--new"]);
        run.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        killed += usize::from(kill_within(run, Duration::from_millis(numbers.below(whole))));
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
