//! Bad input: refused with a clear error, a hint and the right exit code, or kept exactly as it is.

mod support;

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use support::server::Server;
use support::{Archive, Ran, pdf, text};

const FLAGS: [&str; 5] = ["--date", "2026-02-01", "--counterparty", "株式会社国税商事", "--no-amount"];

fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pdf").join(name)).unwrap()
}

/// Deposits `flags`, which must be refused; nothing may be stored.
fn refuse(archive: &Archive, flags: &[&str], exit: i32) -> support::Failure {
    let file = archive.file("a.pdf", &pdf::contract("a", 1_000));
    archive.run([&["deposit", file.to_str().unwrap()], flags].concat()).failure(exit)
}

#[test]
fn what_is_no_sound_pdf_is_kept_as_it_is_and_marked() {
    let archive = Archive::new();
    let whole = pdf::contract("cut short", 4_000);
    let long_line = vec![b'('; 300_000];
    for (name, bytes, kind) in [
        ("empty.pdf", Vec::new(), "empty"),
        ("not_a_pdf.txt", fixture("not_a_pdf.txt"), "not_pdf"),
        ("zeros.bin", vec![0; 70_000], "not_pdf"),
        ("cut.pdf", whole[..600].to_vec(), "damaged_pdf"),
        ("nested.pdf", [b"%PDF-1.7\n".as_slice(), &long_line].concat(), "damaged_pdf"),
        ("encrypted.pdf", fixture("encrypted_user.pdf"), "encrypted_pdf"),
        ("sound.pdf", whole.clone(), "pdf"),
    ] {
        let file = archive.file(name, &bytes);
        let receipt = archive.deposit(&file, &FLAGS);
        assert_eq!(receipt["format"]["kind"], kind, "{name}: {receipt}");
        assert_eq!(receipt["size"], bytes.len(), "{name}");
        let readable = matches!(kind, "pdf" | "not_pdf" | "empty");
        assert_eq!(receipt["signatures_readable"], readable, "{name}: cannot tell is not unsigned: {receipt}");
        let got = archive.run(["get", text(&receipt["id"])]);
        assert!(got.code == 0 && got.stdout == bytes, "{name} comes back with other bytes");
        let shown = archive.json(["show", text(&receipt["id"])]);
        assert_eq!(shown["format"]["kind"], kind, "{name}");
    }
    archive.assert_sound();
}

#[test]
fn dates_that_are_none_are_refused() {
    let archive = Archive::new();
    for date in ["2026-02-30", "2026-13-01", "令和0年1月1日", "R0.1.1", "平成32年1月1日", "昨日", "", "2026", "99999-01-01"] {
        let failure = refuse(&archive, &["--date", date, "--counterparty", "A", "--no-amount"], 1);
        assert!(failure.code == "invalid" && failure.message.contains("date"), "{date}: {failure:?}");
    }
    let failure = archive.run(["search", "--date", "2026-02-30.."]).failure(1);
    assert!(failure.message.contains("date"), "{failure:?}");
    assert_eq!(archive.json(["search"])["total"], 0);
}

#[test]
fn amounts_that_are_none_are_refused() {
    let archive = Archive::new();
    for amount in ["-", "", "1e9", "9223372036854775808", "99999999999999999999", "1,00,00円", "0x10", "NaN", "1.5", "百円十"] {
        let flags = ["--date", "2026-02-01", "--counterparty", "A", "--amount", amount];
        let failure = refuse(&archive, &flags, 1);
        assert!(failure.code == "invalid" && failure.message.contains("amount"), "{amount}: {failure:?}");
    }
    for amount in ["-1..1e9", "500..100", "x"] {
        archive.run(["search", "--amount", amount]).failure(1);
    }
    let both = ["--date", "2026-02-01", "--counterparty", "A", "--amount", "1", "--no-amount"];
    refuse(&archive, &both, 2);
    assert_eq!(archive.json(["search"])["total"], 0);
}

#[test]
fn amounts_as_people_write_them_are_understood() {
    let archive = Archive::new();
    for (number, (written, minor)) in [
        ("１，１００，０００円", 1_100_000),
        ("￥1,100,000-", 1_100_000),
        ("110万円", 1_100_000),
        ("金壱百拾万円也", 1_100_000),
        ("0", 0),
        ("９２２３３７２０３６８５４７７５８０７", i64::MAX),
    ]
    .into_iter()
    .enumerate()
    {
        let file = archive.file("a.pdf", &pdf::contract(&format!("{number}"), 1_000));
        let receipt = archive.deposit(&file, &["--date", "R8.2.1", "--counterparty", "A", "--amount", written]);
        let shown = archive.json(["show", text(&receipt["id"])]);
        assert_eq!(shown["versions"][0]["metadata"]["amount"]["minor"], minor, "{written}");
    }
    let range = format!("{}..", i64::MAX);
    assert_eq!(archive.json(["search", "--amount", &range])["total"], 1);
}

#[test]
fn names_are_kept_as_they_were_written_and_found_all_the_same() {
    let archive = Archive::new();
    // A character beyond the BMP, an ideographic variation sequence, a decomposed kana.
    let names = ["𠮷野家商店", "葛\u{e0100}飾工業", "カ\u{3099}ス機器", "Müller & Söhne \u{202e}gmbh", "=1+1"];
    for (number, name) in names.iter().enumerate() {
        let file = archive.file("a.pdf", &pdf::contract(&format!("{number}"), 1_000));
        archive.deposit(&file, &["--date", "2026-02-01", "--counterparty", name, "--no-amount"]);
        let found = archive.json(["search", "--counterparty", name]);
        assert_eq!(found["hits"][0]["counterparty"], *name);
    }
    assert_eq!(archive.json(["search", "--counterparty", "吉野家"])["total"], 1, "𠮷 is found as 吉");
    assert_eq!(archive.json(["search", "--counterparty", "ガス機器"])["total"], 1, "composed");
    assert_eq!(archive.json(["search", "--counterparty", "葛飾"])["total"], 1, "without the variation selector");
    let csv = archive.run(["search", "--csv"]);
    let csv = String::from_utf8(csv.stdout).unwrap();
    assert!(csv.starts_with('\u{feff}') && !csv.contains(",=1+1") && csv.contains("=1+1"), "{csv}");
}

#[test]
fn texts_that_are_too_long_or_not_text_are_refused() {
    let archive = Archive::new();
    let long = "あ".repeat(1_001);
    for flags in [["--counterparty", long.as_str()], ["--counterparty", " "], ["--counterparty", "a\u{1b}[2Jb"]] {
        refuse(&archive, &[&["--date", "2026-02-01", "--no-amount"], &flags[..]].concat(), 1);
    }
    for flags in [["--title", &long], ["--number", "a\u{7}"], ["--class", " "], ["--entity", "よその会社"]] {
        refuse(&archive, &[&FLAGS[..], &flags[..]].concat(), 1);
    }
    for number in ["1234567890123", "T1", "あ"] {
        refuse(&archive, &[&FLAGS[..], &["--corporate-number", number]].concat(), 1);
    }
}

#[test]
fn a_file_name_cannot_lead_anywhere() {
    let archive = Archive::new();
    let server = Server::start(&archive);
    let metadata = json!({"date": "2026-02-01", "counterparty": "../../etc/夜間\\..\\x", "no_amount": true});
    for name in ["../../../etc/passwd", "..\\..\\boot.ini", "/abs.pdf", "CON", "...", "a/b/../c.pdf"] {
        let answer = server.deposit(&metadata, name, &pdf::contract(&format!("{}", name.len()), 1_000)).unwrap();
        assert!([200, 201].contains(&answer.status), "{}", answer.text());
        let shown = server.get(&format!("/api/v1/records/{}", text(&answer.json()["id"]))).json();
        let kept = shown["versions"][0]["metadata"]["file_name"].as_str().unwrap_or_default().to_owned();
        assert!(!kept.contains('/') && !kept.contains('\\'), "{name} is kept as {kept}");
    }
    let out = archive.path("deep/er/package");
    fs::create_dir_all(out.parent().unwrap()).unwrap();
    archive.json(["export", "-o", out.to_str().unwrap()]);
    support::accepted_by("check_bag.py", &[out.to_str().unwrap()]);
    let outside: Vec<_> = support::files(&archive.path("deep")).into_iter().filter(|file| !file.starts_with(&out)).collect();
    assert!(outside.is_empty(), "{outside:?}");
}

#[test]
fn an_index_book_cannot_name_files_outside_its_directory() {
    let archive = Archive::new();
    archive.file("secret.pdf", &pdf::contract("secret", 1_000));
    std::os::unix::fs::symlink(archive.path("secret.pdf"), archive.path("link.pdf")).unwrap();
    let absolute = archive.path("secret.pdf");
    let csv = format!(
        "file,date,counterparty,amount\n../secret.pdf,2026-02-01,A,1\n{},2026-02-01,A,1\nx/../../secret.pdf,2026-02-01,A,1\n",
        absolute.display()
    );
    let index = archive.file("in/index.csv", csv.as_bytes());
    let ran = archive.run(["import", index.to_str().unwrap()]);
    assert_eq!(ran.code, 3);
    assert_eq!(ran.value()["rejected"], 3, "{:?}", ran.value());
}

#[test]
fn rows_of_an_index_book_are_rejected_one_by_one_with_reasons() {
    let archive = Archive::new();
    for number in 0..4 {
        archive.file(&format!("in/{number}.pdf"), &pdf::contract(&format!("{number}"), 1_000));
    }
    let csv = "ファイル名,取引年月日,取引先,取引金額\n0.pdf,2026-02-01,株式会社髙﨑,1000\n\
               1.pdf,2026-02-30,B,1000\n2.pdf,令和8年2月1日,C,1e9\n3.pdf,2026-02-01,=HYPERLINK(1),\n\
               missing.pdf,2026-02-01,E,1\n,2026-02-01,F,1\n0.pdf,2026-02-01\n";
    let index = archive.file("in/index.csv", csv.as_bytes());
    let rejects = archive.path("rejects.csv");
    let ran = archive.run(["import", index.to_str().unwrap(), "--rejects", rejects.to_str().unwrap()]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(ran.value()["deposited"], 2, "{:?}", ran.value());
    assert_eq!(ran.value()["rejected"], 5);
    let told = fs::read_to_string(rejects).unwrap();
    for word in ["1.pdf", "2.pdf", "missing.pdf"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    let formula = archive.json(["search", "--counterparty", "=HYPERLINK"]);
    assert_eq!(formula["hits"][0]["counterparty"], "=HYPERLINK(1)", "kept as it is");
    assert_eq!(formula["hits"][0]["amount"], Value::Null, "blank is no amount, not zero");
}

#[test]
fn an_index_book_without_its_columns_is_refused_whole() {
    let archive = Archive::new();
    // "ファイル名,取引先" in CP932: dates are missing.
    let cp932 = b"\x83\x74\x83\x40\x83\x43\x83\x8b\x96\xbc,\x8e\xe6\x88\xf8\x90\xe6\r\na.pdf,\x93\x8c\x8b\x9e\r\n";
    for (name, bytes) in [
        ("cp932.csv", &cp932[..]),
        ("empty.csv", b""),
        ("binary.csv", b"\x00\x01\x02\xff\xfe\xfd"),
        ("pdf.csv", b"%PDF-1.7\n1 0 obj\n"),
        ("twice.csv", b"file,date,date,counterparty,amount\n"),
    ] {
        let index = archive.file(name, bytes);
        let failure = archive.run(["import", index.to_str().unwrap()]).failure(1);
        assert!(failure.message.contains(name), "{name}: {failure:?}");
    }
    let failure = archive.run(["import", "nowhere.csv"]).failure(10);
    assert!(!failure.hint.is_empty());
}

#[test]
fn an_index_book_in_cp932_is_read_as_what_it_is() {
    let archive = Archive::new();
    archive.file("in/a.pdf", &pdf::contract("a", 1_000));
    // ファイル名,取引年月日,取引先,取引金額 / a.pdf,2026-02-01,東京,1000
    let cp932 = b"\x83\x74\x83\x40\x83\x43\x83\x8b\x96\xbc,\x8e\xe6\x88\xf8\x94\x4e\x8c\x8e\x93\xfa,\x8e\xe6\x88\xf8\x90\xe6,\
                  \x8e\xe6\x88\xf8\x8b\xe0\x8a\x7a\r\na.pdf,2026-02-01,\x93\x8c\x8b\x9e,1000\r\n";
    let index = archive.file("in/index.csv", cp932);
    assert_eq!(archive.json(["import", index.to_str().unwrap()])["deposited"], 1);
    assert_eq!(archive.json(["search", "--counterparty", "東京"])["total"], 1);
}

#[test]
fn equal_files_in_one_index_book_are_one_contract() {
    let archive = Archive::new();
    let mut csv = String::from("file,date,counterparty,amount\n");
    for number in 0..60 {
        archive.file(&format!("in/{number}.pdf"), &pdf::contract(&format!("{}", number / 20), 1_000));
        csv.push_str(&format!("{number}.pdf,2026-02-01,A,1\n"));
    }
    let index = archive.file("in/index.csv", csv.as_bytes());
    let imported = archive.run(["import", index.to_str().unwrap()]).value();
    assert_eq!(json!([imported["deposited"], imported["duplicates"], imported["rejected"]]), json!([3, 57, 0]));
}

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
    shell.args(["-c", "ulimit -v 1500000; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_shosoin"), "--json", "--data"]);
    Ran::of(shell.arg(archive.data()).args(args))
}

#[test]
fn files_that_are_not_there_or_no_files_are_said_to_be_so() {
    let archive = Archive::new();
    let ask = |path: &str| archive.run([&["deposit", path], &FLAGS[..]].concat());
    assert_eq!(ask("/nowhere/a.pdf").failure(10).code, "not-found");
    assert!(!ask("/tmp").failure(1).hint.is_empty());
    let missing = "01a20000-0000-7000-8000-000000000000";
    for command in [&["show", missing][..], &["get", missing], &["retention", "explain", missing]] {
        assert!(!archive.run(command).failure(10).hint.is_empty(), "{command:?}");
    }
    assert_eq!(archive.run(["show", "not-an-id"]).failure(2).code, "usage");
    assert_eq!(archive.run(["frobnicate"]).failure(2).code, "usage");
    assert_eq!(archive.run(["deposit"]).failure(2).code, "usage");
    assert_eq!(archive.run(["journal", "proof", "999"]).failure(10).code, "not-found");
}

#[test]
fn corrections_that_say_or_change_nothing_are_refused() {
    let archive = Archive::new();
    let id = archive.deposit(&archive.file("a.pdf", &pdf::contract("a", 1_000)), &FLAGS)["id"].clone();
    let id = text(&id);
    for args in [
        &["correct", id, "--reason", "r"][..],
        &["correct", id, "--no-amount", "--reason", "r"],
        &["correct", id, "--amount", "5", "--reason", "  "],
        &["correct", id, "--date", "2026-02-30", "--reason", "r"],
        &["correct", id, "--counterparty", "", "--reason", "r"],
        &["reinstate", id, "--reason", "r"],
        &["withdraw", id, "--reason", ""],
    ] {
        let failure = archive.run(args).failure(1);
        assert_eq!(failure.code, "invalid", "{args:?}: {failure:?}");
    }
    archive.run(["correct", id, "--amount", "5"]).failure(2);
    assert_eq!(archive.json(["show", id])["versions"].as_array().unwrap().len(), 1);
}

/// `{"error":{"code","message","hint"}}`: the hint says what to do next, so it is never left out.
#[test]
fn every_refusal_carries_a_hint() {
    let archive = Archive::new();
    let file = archive.file("a.pdf", &pdf::contract("a", 1_000));
    let file = file.to_str().unwrap();
    let index = archive.file("index.csv", b"file,counterparty\n");
    let settings = archive.data().join("shosoin.toml");
    let ask = |args: &[&str]| {
        let error = archive.run(args).value()["error"].clone();
        let hint = error["hint"].as_str().is_some_and(|hint| !hint.is_empty());
        (!hint).then(|| format!("{args:?}: {error}"))
    };
    let mut without: Vec<String> = [
        &["deposit", file, "--date", "2026-02-30", "--counterparty", "A", "--no-amount"][..],
        &["deposit", file, "--date", "2026-02-01", "--counterparty", "A", "--amount", "-"],
        &["deposit", file, "--date", "2026-02-01", "--counterparty", " ", "--no-amount"],
        &["search", "--date", "令和0年"],
        &["search", "--limit", "0"],
        &["journal", "proof", "999"],
        &["import", index.to_str().unwrap()],
    ]
    .into_iter()
    .filter_map(ask)
    .collect();
    fs::write(&settings, "[[").unwrap();
    without.extend(ask(&["search"]));
    assert!(without.is_empty(), "no hint:\n{}", without.join("\n"));
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
        let secret = digits.lines().find(|line| line.starts_with("SHOSOIN-KEK")).unwrap().split('-').nth(3).unwrap();
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
    assert_eq!(run(&[&["deposit", file.to_str().unwrap()], &FLAGS[..]].concat()).success()[0]["duplicate"], false);
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
