//! Bad surroundings: a full or read-only disk, no permission, endless input, a missing key. What was kept stays kept.

mod support;

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use support::server::Server;
use support::{Archive, Ran, pdf, text};

const FLAGS: [&str; 5] = ["--date", "2026-02-01", "--counterparty", "株式会社国税商事", "--no-amount"];

#[test]
fn a_contract_of_two_gigabytes_is_refused_before_it_is_read() {
    let archive = Archive::new();
    let path = archive.path("huge.pdf");
    fs::File::create(&path).unwrap().set_len(2 << 30).unwrap();
    let mut args = vec!["deposit", path.to_str().unwrap()];
    args.extend(FLAGS);
    let failure = limited(&archive, &args).failure(1);
    assert_eq!(failure.code, "too-large");
    assert!(!failure.hint.is_empty());
    let index = archive.file("index.csv", b"file,date,counterparty,amount\nhuge.pdf,2026-02-01,A,1\n");
    let ran = limited(&archive, &["import", index.to_str().unwrap()]);
    assert_eq!((ran.code, ran.value()["rejected"].as_u64()), (3, Some(1)));
}

#[test]
fn an_input_without_end_is_refused() {
    let archive = Archive::new();
    let mut args = vec!["deposit", "/dev/zero"];
    args.extend(FLAGS);
    let failure = limited(&archive, &args).failure(1);
    assert_eq!(failure.code, "too-large", "{failure:?}");
}

/// Runs with at most 1.5 GB of address space, far less than 2 GB in memory.
fn limited(archive: &Archive, args: &[&str]) -> Ran {
    let mut shell = Command::new("/bin/sh");
    shell.env_clear().env("TMPDIR", archive.tmp()).env("LC_ALL", "C.UTF-8");
    shell.args([
        "-c",
        "ulimit -v 1500000; exec \"$@\"",
        "sh",
        env!("CARGO_BIN_EXE_shosoin"),
        "--json",
        "--data",
    ]);
    Ran::of(shell.arg(archive.data()).args(args))
}

#[test]
fn directories_that_are_no_archive_or_not_empty_are_left_alone() {
    let archive = Archive::new();
    let elsewhere = archive.path("elsewhere");
    let at = |path: &Path, args: &[&str]| Ran::of(&mut support::command(path, &archive.tmp(), args));
    let failure = at(&elsewhere, &["search"]).failure(1);
    assert_eq!(failure.code, "not-an-archive");
    assert!(!failure.hint.is_empty() && !elsewhere.exists());
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("holiday.jpg"), b"jpeg").unwrap();
    assert_eq!(at(&elsewhere, &["init"]).failure(1).code, "not-empty");
    assert_eq!(at(&archive.data(), &["init"]).failure(1).code, "not-empty");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 1);
    archive.assert_sound();
}

#[test]
fn a_missing_wrong_or_readable_key_is_refused_as_a_key() {
    let (archive, other) = (Archive::new(), Archive::new());
    let key = archive.data().join("keys/kek.key");
    let own = fs::read(&key).unwrap();
    let refused = |what: &str| {
        let failure = archive.run(["search"]).failure(12);
        assert!(failure.code == "key-refused" && !failure.hint.is_empty(), "{what}: {failure:?}");
        let digits = String::from_utf8(own.clone()).unwrap();
        let secret =
            digits.lines().find(|line| line.starts_with("SHOSOIN-KEK")).unwrap().split('-').nth(3).unwrap();
        assert!(!failure.message.contains(&secret[..16]), "{what}: the key is in the message");
    };
    for (what, bytes) in [
        ("empty", Vec::new()),
        ("text", b"hello".to_vec()),
        ("cut", own[..own.len() - 20].to_vec()),
        ("long", vec![b'a'; 1 << 20]),
        ("another archive's", fs::read(other.data().join("keys/kek.key")).unwrap()),
    ] {
        fs::write(&key, bytes).unwrap();
        refused(what);
    }
    fs::remove_file(&key).unwrap();
    refused("missing");
    fs::create_dir(&key).unwrap();
    refused("a directory");
    fs::remove_dir(&key).unwrap();
    fs::write(&key, &own).unwrap();
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    refused("readable by all");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    archive.assert_sound();
}

#[test]
fn a_second_process_on_the_same_directory_is_told_so() {
    let archive = Archive::new();
    let lock = fs::File::options().write(true).open(archive.data().join("lock")).unwrap();
    lock.lock().unwrap();
    let failure = archive.run(["search"]).failure(11);
    assert!(failure.code == "locked" && !failure.hint.is_empty(), "{failure:?}");
    drop(lock);
    let _server = Server::start(&archive);
    archive.run(["serve", "--listen", "127.0.0.1:0"]).failure(11);
    assert_eq!(archive.json(["search"])["total"], 0, "other commands go through the server");
}

#[test]
fn settings_that_make_no_sense_stop_every_command_with_their_name() {
    let archive = Archive::new();
    let path = archive.data().join("shosoin.toml");
    let whole = fs::read_to_string(&path).unwrap();
    for (settings, word) in [
        (format!("{whole}\n[servre]\nx = 1\n"), "servre"),
        (whole.replace("Asia/Tokyo", "Asia/Tokio"), "Tokio"),
        (whole.replace("127.0.0.1", "0.0.0.0"), "TLS"),
        (whole.replace("\"03-31\"", "\"02-30\""), "02-30"),
        ("[[".into(), "shosoin.toml"),
        (String::new(), "entity"),
    ] {
        fs::write(&path, settings).unwrap();
        let failure = archive.run(["search"]).failure(1);
        assert!(failure.code == "config" && failure.message.contains(word), "{word}: {failure:?}");
    }
    fs::write(&path, whole).unwrap();
    archive.assert_sound();
}

#[test]
fn an_archive_in_a_very_deep_directory_can_be_served() {
    let archive = Archive::new();
    let deep = archive.path(&"d".repeat(120)).join("archive");
    fs::create_dir(deep.parent().unwrap()).unwrap();
    support::copy(&archive.data(), &deep);
    // The path of a Unix socket is limited to some hundred bytes; that is not the user's fault.
    let mut serve = support::command(&deep, &archive.tmp(), ["serve", "--listen", "127.0.0.1:0"]);
    let _server = Server::start_with(&archive, &mut serve);
    let ran = Ran::of(&mut support::command(&deep, &archive.tmp(), ["search"]));
    assert_eq!(ran.success()["total"], 0);
}

/// A file system of 64 MB for the archive, or `None` with a reason. Ended by `Mounted`.
struct Mounted(std::path::PathBuf);

impl Mounted {
    fn new(path: &Path, megabytes: u32) -> Option<Self> {
        fs::create_dir_all(path).unwrap();
        let options = format!("size={megabytes}m,mode=700");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(path).output();
        match mount {
            Ok(output) if output.status.success() => Some(Self(path.to_owned())),
            other => {
                eprintln!("SKIPPED: a small file system cannot be mounted here: {other:?}");
                None
            }
        }
    }

    fn read_only(&self, on: bool) -> bool {
        let option = if on { "remount,ro" } else { "remount,rw" };
        Command::new("mount").args(["-o", option]).arg(&self.0).status().is_ok_and(|status| status.success())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    let archive = Archive::new();
    let Some(disk) = Mounted::new(&archive.path("disk"), 64) else { return };
    let data = disk.0.join("archive");
    support::copy(&archive.data(), &data);
    let run = |args: &[&str]| Ran::of(&mut support::command(&data, &archive.tmp(), args));
    let mut stored = Vec::new();
    let mut numbers = support::Numbers(7);
    let refused = (0..60).find_map(|number| {
        let bytes = numbers.bytes(2 << 20);
        let file = archive.file(&format!("{number}.bin"), &bytes);
        let ran = run(&[&["deposit", file.to_str().unwrap()], &FLAGS[..]].concat());
        if ran.code != 0 {
            return Some((ran, file));
        }
        stored.push((text(&ran.value()[0]["id"]).to_owned(), bytes));
        None
    });
    let (refused, file) = refused.expect("the disk gets full");
    let failure = refused.failure(1);
    assert!(failure.code == "disk-full" && !failure.hint.is_empty(), "{failure:?}");
    assert!(stored.len() >= 5, "{} contracts of 2 MB on 64 MB", stored.len());
    assert!(Command::new("mount").args(["-o", "remount,size=256m"]).arg(&disk.0).status().unwrap().success());
    for (id, bytes) in &stored {
        let got = run(&["get", id]);
        assert!(got.code == 0 && got.stdout == *bytes, "{id}: {}", got.stderr);
    }
    assert_eq!(run(&["search"]).success()["total"], stored.len(), "nothing half-written appears");
    assert_eq!(
        run(&[&["deposit", file.to_str().unwrap()], &FLAGS[..]].concat()).success()[0]["duplicate"],
        false
    );
    assert_eq!(run(&["fsck"]).success()["sound"], true);
    assert_eq!(run(&["journal", "verify"]).success()["verified"], true);
}

#[test]
fn a_server_whose_disk_was_full_goes_on_once_there_is_room() {
    let archive = Archive::new();
    let Some(disk) = Mounted::new(&archive.path("disk"), 48) else { return };
    let data = disk.0.join("archive");
    support::copy(&archive.data(), &data);
    let mut serve = support::command(&data, &archive.tmp(), ["serve", "--listen", "127.0.0.1:0"]);
    let server = Server::start_with(&archive, &mut serve);
    let metadata = json!({"date": "2026-02-01", "counterparty": "A", "no_amount": true});
    let mut numbers = support::Numbers(8);
    let mut stored = Vec::new();
    let refused = (0..60).find_map(|_| {
        let bytes = numbers.bytes(2 << 20);
        let answer = server.deposit(&metadata, "a.bin", &bytes).unwrap();
        if answer.status != 201 {
            return Some((answer, bytes));
        }
        stored.push((text(&answer.json()["id"]).to_owned(), bytes));
        None
    });
    let (refused, bytes) = refused.expect("the disk gets full");
    assert_eq!(refused.problem(507), "disk-full");
    assert!(Command::new("mount").args(["-o", "remount,size=256m"]).arg(&disk.0).status().unwrap().success());
    // The refusal says that the archive may need a minute to notice.
    let again = (0..75).find_map(|_| {
        let answer = server.deposit(&metadata, "a.bin", &bytes).unwrap();
        let refused = answer.status != 201;
        refused.then(|| std::thread::sleep(Duration::from_secs(1)));
        (!refused).then_some(answer)
    });
    assert!(again.is_some(), "it still refuses long after room was made");
    for (id, bytes) in &stored {
        assert!(server.get(&format!("/api/v1/records/{id}/original")).body == *bytes, "{id}");
    }
    assert_eq!(server.get("/api/v1/records").json()["total"], stored.len() + 1);
    server.stop();
}

#[test]
fn a_disk_that_cannot_be_written_is_said_to_be_so() {
    let archive = Archive::new();
    let Some(disk) = Mounted::new(&archive.path("disk"), 64) else { return };
    let data = disk.0.join("archive");
    support::copy(&archive.data(), &data);
    assert!(disk.read_only(true));
    let file = archive.file("a.pdf", &pdf::contract("a", 1_000));
    let run = |args: &[&str]| Ran::of(&mut support::command(&data, &archive.tmp(), args));
    let deposit = run(&[&["deposit", file.to_str().unwrap()], &FLAGS[..]].concat());
    let init = Ran::of(&mut support::command(&disk.0.join("new"), &archive.tmp(), ["init"]));
    let target = disk.0.join("out.zip");
    let export = archive.run(["export", "-o", target.to_str().unwrap()]);
    for ran in [deposit, init, export] {
        let failure = ran.failure(1);
        assert!(failure.message.contains("Read-only"), "{failure:?}");
    }
    assert!(disk.read_only(false));
    assert_eq!(run(&["fsck"]).success()["sound"], true);
}

#[test]
fn an_archive_of_somebody_else_is_refused_with_a_hint() {
    let archive = Archive::new();
    if fs::metadata("/proc/self").map(|me| std::os::unix::fs::MetadataExt::uid(&me)).unwrap() != 0 {
        eprintln!("SKIPPED: only root can become somebody else");
        return;
    }
    // The directories above are opened up; the archive itself stays its owner's. The binary has to be reachable too.
    use std::os::unix::fs::PermissionsExt;
    let home = archive.path("");
    fs::set_permissions(&home, fs::Permissions::from_mode(0o755)).unwrap();
    let binary = archive.path("shosoin");
    fs::copy(env!("CARGO_BIN_EXE_shosoin"), &binary).unwrap();
    let mut command = Command::new(&binary);
    command.env_clear().arg("--json").arg("--data").arg(archive.data()).arg("search").uid(65_534).gid(65_534);
    let failure = Ran::of(&mut command).failure(1);
    assert!(failure.message.to_lowercase().contains("permission"), "{failure:?}");
}
