//! Keys as users meet them: passphrases, recovery kits, rotation; wrong, lost, killed in the middle.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::server::{Server, metadata, signal};
use support::{Archive, Ran, command, files, pdf, text};

const WORDS: &str = "五つの言葉を ならべたもの です";
const OTHER_WORDS: &str = "correct horse battery staple";
/// Contracts in an archive whose rotation is killed: enough for the kill to meet each part of it.
const CONTRACTS: usize = 300;
const KILLS: u32 = 12;

fn secret(archive: &Archive, name: &str, words: &str) -> PathBuf {
    let path = archive.file(name, format!("{words}\n").as_bytes());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

fn key_file(data: &Path) -> PathBuf {
    data.join("keys/kek.key")
}

fn with(archive: &Archive, args: &[&str], variables: &[(&str, &Path)]) -> Ran {
    Ran::of(archive.command(args).envs(variables.iter().copied()))
}

fn deposit(archive: &Archive, number: usize) -> String {
    let file = archive.file(&format!("{number}.pdf"), &pdf::contract(&format!("contract {number}"), 1_500));
    let flags = ["--date", "2026-02-01", "--counterparty", "株式会社国税商事", "--no-amount"];
    text(&archive.deposit(&file, &flags)["id"]).to_owned()
}

fn deposit_many(archive: &Archive, count: usize) {
    let mut csv = String::from("ファイル名,取引年月日,取引先,取引金額\n");
    for number in 0..count {
        archive.file(&format!("many/{number}.pdf"), &pdf::contract(&format!("one of many, {number}"), 1_200));
        csv.push_str(&format!("{number}.pdf,2026-02-01,株式会社国税商事,1000\n"));
    }
    let index = archive.file("many/index.csv", csv.as_bytes());
    archive.json(["import", index.to_str().unwrap()]);
}

fn make_kit(archive: &Archive, name: &str) -> Vec<PathBuf> {
    let directory = archive.path(name);
    let made = archive.json([
        "key",
        "recovery-kit",
        "--shares",
        "4",
        "--threshold",
        "2",
        "-o",
        directory.to_str().unwrap(),
    ]);
    let made = made["files"].as_array().unwrap().iter().map(|file| PathBuf::from(text(file)));
    made.filter(|file| file.extension().is_some_and(|ending| ending == "txt")).collect()
}

fn with_backup(archive: &Archive) -> PathBuf {
    let repository = archive.path("daily");
    fs::create_dir(&repository).unwrap();
    let settings = archive.data().join("shosoin.toml");
    let changed = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, changed.replace("[backup]\n", &format!("[backup]\ndaily = {repository:?}\n")))
        .unwrap();
    repository
}

fn restore(archive: &Archive, generation: &str, key: &Path, to: &str) -> Ran {
    let (repository, to) = (archive.path("daily"), archive.path(to));
    let mut restore = archive.command(["restore", "--generation", generation, "--from"]);
    Ran::of(restore.arg(repository).arg("--to").arg(to).arg("--key").arg(key))
}

#[test]
fn a_passphrase_is_set_changed_and_removed_and_nothing_opens_without_it() {
    let archive = Archive::new();
    let id = deposit(&archive, 1);
    let (words, others) = (secret(&archive, "words", WORDS), secret(&archive, "others", OTHER_WORDS));
    fn new(path: &Path) -> [(&str, &Path); 1] {
        [("SHOSOIN_NEW_PASSPHRASE_FILE", path)]
    }
    with(&archive, &["key", "passphrase"], &new(&words)).success();
    assert!(fs::read_to_string(key_file(&archive.data())).unwrap().contains("\nSHOSOIN-KEK-2-65536-3-4-"));
    for refused in [
        archive.run(["show", &id]),
        with(&archive, &["show", &id], &[("SHOSOIN_PASSPHRASE_FILE", &others)]),
        with(&archive, &["show", &id], &[("SHOSOIN_PASSPHRASE_FILE", Path::new("/none"))]),
    ] {
        assert_eq!(refused.failure(12).code, "key-refused");
    }
    let open = [("SHOSOIN_PASSPHRASE_FILE", words.as_path())];
    assert_eq!(text(&with(&archive, &["show", &id], &open).success()["id"]), id);
    assert_eq!(with(&archive, &["key", "status"], &open).success()["kind"], "passphrase");
    with(&archive, &["key", "passphrase"], &[open[0], new(&others)[0]]).success();
    with(&archive, &["show", &id], &open).failure(12);
    let open = [("SHOSOIN_PASSPHRASE_FILE", others.as_path())];
    fs::set_permissions(&others, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = with(&archive, &["show", &id], &open).failure(12);
    assert!(refused.message.contains("chmod 600"), "{}", refused.message);
    fs::set_permissions(&others, fs::Permissions::from_mode(0o600)).unwrap();
    with(&archive, &["key", "passphrase", "--remove"], &open).success();
    archive.json(["show", &id]);
    let said = archive.json(["journal", "list"]).to_string();
    assert_eq!(said.matches("key-protection").count(), 3);
    archive.assert_sound();
}

#[test]
fn an_archive_begins_with_a_passphrase_and_a_server_gets_it_from_a_credential() {
    let archive = Archive::new();
    let credentials = archive.path("credentials");
    fs::create_dir(&credentials).unwrap();
    let words = secret(&archive, "credentials/shosoin-passphrase", WORDS);
    let data = archive.path("second");
    let init = |words: Option<&Path>| {
        let mut init = command(&data, &archive.tmp(), ["init", "--passphrase"]);
        Ran::of(words.into_iter().fold(&mut init, |init, words| init.env("SHOSOIN_PASSPHRASE_FILE", words)))
    };
    assert!(init(None).failure(12).message.contains("nobody can be asked"));
    let short = secret(&archive, "short", "only fourteen!");
    assert!(init(Some(&short)).failure(12).message.contains("shorter than 15"));
    assert!(!data.exists(), "nothing was begun");
    init(Some(&words)).success();
    let mut serve = command(&data, &archive.tmp(), ["serve", "--listen", "127.0.0.1:0"]);
    let server = Server::start_with(&archive, serve.env("CREDENTIALS_DIRECTORY", &credentials));
    // The server has the key; a command that asks it needs none.
    let status = Ran::of(&mut command(&data, &archive.tmp(), ["key", "status"])).success();
    assert_eq!((&status["kind"], &status["kit"]["state"]), (&json!("passphrase"), &json!("missing")));
    assert!(server.stop().contains("there is no recovery kit"));
    for file in files(&archive.path("second")) {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(WORDS.len()).any(|window| window == WORDS.as_bytes()), "{file:?}");
    }
}

#[test]
fn a_lost_key_comes_back_from_a_kit_and_wrong_shares_are_named() {
    let archive = Archive::new();
    let id = deposit(&archive, 1);
    let kit = make_kit(&archive, "kit");
    assert_eq!(archive.json(["key", "status"])["kit"]["state"], "made");
    let recover = |shares: &[&Path]| {
        let mut recover = archive.command(["key", "recover"]);
        Ran::of(recover.args(shares.iter().flat_map(|share| [Path::new("--share"), share])))
    };
    for file in files(&archive.path("kit")) {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let key = fs::read(key_file(&archive.data())).unwrap();
    fs::write(key_file(&archive.data()), "scribbled over").unwrap();
    archive.run(["show", &id]).failure(12);

    assert!(recover(&[&kit[0]]).failure(12).message.contains("1 shares are not enough: this kit needs 2"));
    let mistyped = fs::read_to_string(&kit[2]).unwrap();
    let at = mistyped.find("\n4: ").unwrap() + 9;
    let digit = if mistyped.as_bytes()[at] == b'7' { "8" } else { "7" };
    let mistyped =
        archive.file("mistyped", format!("{}{digit}{}", &mistyped[..at], &mistyped[at + 1..]).as_bytes());
    let refused = recover(&[&kit[0], &mistyped]).failure(12);
    assert!(refused.message.contains("line 4: something is mistyped"), "{}", refused.message);
    let other = Archive::new();
    let foreign = make_kit(&other, "kit");
    let refused = recover(&[&kit[0], &kit[1], &foreign[2]]).failure(12);
    assert!(refused.message.contains("share 3 of kit"), "{}", refused.message);
    let refused = recover(&[&foreign[0], &foreign[1]]).failure(12);
    assert!(refused.message.contains("of another archive"), "{}", refused.message);
    assert_eq!(fs::read(key_file(&archive.data())).unwrap(), b"scribbled over", "nothing was written");

    let page = kit[3].with_extension("pdf");
    assert!(recover(&[&kit[1], &page]).failure(12).message.contains("is not text"));
    let recovered = recover(&[&kit[1], &kit[3]]).success();
    assert_eq!(fs::read(key_file(&archive.data())).unwrap(), key);
    assert_eq!(fs::read(text(&recovered["moved"])).unwrap(), b"scribbled over");
    archive.json(["show", &id]);
    archive.assert_sound();
}

#[test]
fn a_lost_machine_comes_back_from_a_backup_and_a_kit_on_paper() {
    let archive = Archive::new();
    let id = deposit(&archive, 1);
    let repository = with_backup(&archive);
    let kit = make_kit(&archive, "kit");
    archive.json(["backup", "run", "daily"]);
    fs::remove_dir_all(archive.data()).unwrap();
    let key = archive.path("new.key");
    let mut recover = archive.command(["key", "recover", "--backup"]);
    recover
        .arg(&repository)
        .arg("--output")
        .arg(&key)
        .arg("--share")
        .arg(&kit[0])
        .arg("--share")
        .arg(&kit[3]);
    Ran::of(&mut recover).success();
    assert_eq!(restore(&archive, "daily-1", &key, "archive").success()["verified"], true);
    archive.json(["show", &id]);
    assert_eq!(
        archive.json(["key", "status"])["kit"]["state"],
        "made",
        "the kit is still the one of this key"
    );
}

#[test]
fn a_kit_can_be_declined_and_is_stale_after_a_rotation() {
    let archive = Archive::new();
    archive.json(["key", "recovery-kit", "--decline"]);
    assert_eq!(archive.json(["key", "status"])["kit"]["state"], "declined");
    assert_eq!(archive.json(["key", "status"])["warnings"], json!([]));
    make_kit(&archive, "kit");
    archive.json(["key", "rotate"]);
    let status = archive.json(["key", "status"]);
    assert_eq!((&status["kit"]["state"], &status["warnings"]), (&json!("stale"), &json!(["kit-stale"])));
    assert!(
        archive
            .run(["key", "recovery-kit", "-o", archive.path("kit").to_str().unwrap()])
            .failure(1)
            .message
            .contains("exists already")
    );
    archive.run(["key", "recovery-kit"]).failure(2);
    archive.run(["key", "recovery-kit", "--threshold", "1", "-o", "x"]).failure(2);
}

#[test]
fn backups_from_before_and_after_a_rotation_restore() {
    let archive = Archive::new();
    let first = deposit(&archive, 1);
    with_backup(&archive);
    archive.json(["backup", "run", "daily"]);
    let old = archive.path("old.key");
    fs::copy(key_file(&archive.data()), &old).unwrap();
    let copy = archive.path("copy-of-the-repository");
    support::copy(&archive.path("daily"), &copy);
    archive.json(["key", "rotate"]);
    let second = deposit(&archive, 2);
    archive.json(["backup", "run", "daily"]);
    // Only the new key: what the file holds of the old one is taken out.
    let present = text(&archive.json(["key", "status"])["key_id"]).to_owned();
    let lines = fs::read_to_string(key_file(&archive.data())).unwrap();
    let line = lines.lines().find(|line| line.starts_with("SHOSOIN") && line.ends_with(&present)).unwrap();
    let new = archive.file("new.key", line.as_bytes());
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();

    for (generation, records) in [("daily-1", 1), ("daily-2", 2)] {
        let restored = restore(&archive, generation, &new, generation).success();
        assert_eq!(
            (&restored["verified"], &restored["records"]),
            (&json!(true), &json!(records)),
            "{restored}"
        );
        let open =
            |args: &[&str]| Ran::of(&mut command(&archive.path(generation), &archive.tmp(), args)).success();
        assert_eq!(open(&["show", &first])["id"], json!(first));
        assert_eq!(open(&["key", "status"])["key_id"], json!(present));
        assert_eq!(open(&["fsck"])["sound"], true);
    }
    Ran::of(&mut command(&archive.path("daily-2"), &archive.tmp(), ["show", &second])).success();
    let refused = restore(&archive, "daily-2", &old, "refused").failure(12);
    assert!(refused.message.contains(&present), "{}", refused.message);
    // A copy of the repository from before the rotation opens with the key of then.
    fs::rename(archive.path("daily"), archive.path("newer")).unwrap();
    fs::rename(&copy, archive.path("daily")).unwrap();
    assert_eq!(restore(&archive, "daily-1", &old, "then").success()["verified"], true);
}

#[test]
fn a_rotation_killed_at_any_moment_goes_on_and_nothing_is_lost() {
    let archive = Archive::new();
    deposit_many(&archive, CONTRACTS);
    let before = archive.path("before");
    support::copy(&archive.data(), &before);
    let begun = Instant::now();
    archive.json(["key", "rotate"]);
    let whole = begun.elapsed();
    let mut unfinished = 0;
    for kill in 0..KILLS {
        fs::remove_dir_all(archive.data()).unwrap();
        support::copy(&before, &archive.data());
        let mut rotate = archive.command(["key", "rotate"]);
        let mut child = rotate.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn().unwrap();
        std::thread::sleep(whole * kill / KILLS);
        signal(&child, "KILL");
        child.wait().unwrap();
        let status = archive.json(["key", "status"]);
        let cut = status["warnings"].to_string().contains("rotation-unfinished");
        unfinished += u32::from(cut);
        archive.assert_sound();
        let deposited = deposit(&archive, kill as usize);
        if cut {
            archive.run(["key", "recovery-kit", "-o", "half"]).failure(1);
        }
        let rotated = archive.json(["key", "rotate"]);
        assert_eq!((&rotated["complete"], &rotated["resumed"]), (&json!(true), &json!(cut)), "{rotated}");
        let status = archive.json(["key", "status"]);
        assert_eq!(status["wrapped"], json!([{ "key_id": status["key_id"], "count": CONTRACTS + 1 }]));
        archive.json(["show", &deposited]);
        archive.assert_sound();
    }
    println!("{unfinished} of {KILLS} kills met the rotation between its first batch and its last");
}

#[test]
fn a_server_serves_while_its_key_is_replaced_and_after_it_was_killed_doing_so() {
    let archive = Archive::new();
    deposit_many(&archive, CONTRACTS);
    let server = Server::start(&archive);
    let mut rotate = archive.command(["key", "rotate"]);
    let rotating = rotate.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let ended = wait_while(rotating, || {
        let bytes = pdf::contract(&format!("{:?}", Instant::now()), 1_500);
        let answer = server.deposit(&metadata(), "a.pdf", &bytes).unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(server.get("/api/v1/records?counterparty=%E5%9B%BD%E7%A8%8E").status, 200);
    });
    assert!(ended);
    let status = archive.json(["key", "status"]);
    assert_eq!(status["wrapped"].as_array().unwrap().len(), 1, "{status}");
    let second =
        archive.command(["key", "rotate"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(30));
    server.kill();
    drop(second.wait_with_output());
    archive.assert_sound();
    assert_eq!(archive.json(["key", "rotate"])["complete"], true);
    archive.assert_sound();
}

/// Does something again and again until a process has ended; whether it ended well.
fn wait_while(mut child: std::process::Child, mut again: impl FnMut()) -> bool {
    loop {
        again();
        if let Some(status) = child.try_wait().unwrap() {
            return status.success();
        }
    }
}

#[test]
fn the_journal_tells_of_a_rotation_and_only_an_administrator_may_ask_for_one() {
    let archive = Archive::new();
    deposit(&archive, 1);
    archive.json(["key", "rotate"]);
    let said = archive.json(["journal", "list"]).to_string();
    for step in ["key-rotation-begins", "key-rotation-step", "key-rotation-ends"] {
        assert_eq!(said.matches(step).count(), 1, "{step}");
    }
    archive.json(["user", "add", "tanaka", "--role", "clerk"]);
    let token = archive.json(["token", "create", "tanaka", "--name", "x"]);
    let mut rotate: Command = archive.command(["key", "rotate"]);
    let refused = Ran::of(rotate.env("SHOSOIN_TOKEN", text(&token["token"]))).failure(1);
    assert_eq!(refused.code, "forbidden");
    let _: Value = archive.json(["jobs", "run", "keys"]);
}
