//! No plaintext on disk: what a contract says and what is said about it stays sealed, while it works and afterwards.

mod support;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use support::server::Server;
use support::{Archive, files, pdf, text};

/// Words that are put into every place where people write. They are searched for in any case.
const MARKERS: [&str; 9] = [
    "qzmarkertextqz",
    "qzmarkertitleqz",
    "qzmarkerpartyqz",
    "qzmarkerfileqz",
    "qzmarkernumberqz",
    "qzmarkercustomqz",
    "qzmarkerreasonqz",
    "qzmarkerqueryqz",
    "秘匿印影文言",
];

/// Byte strings that may not be anywhere, each with its name.
struct Forbidden(Vec<(String, Vec<u8>)>);

impl Forbidden {
    fn new(archive: &Archive) -> Self {
        let mut list = Vec::new();
        for marker in MARKERS {
            list.push((format!("{marker} in UTF-8"), marker.as_bytes().to_vec()));
            let units: Vec<u16> = marker.encode_utf16().collect();
            list.push((
                format!("{marker} in UTF-16LE"),
                units.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
            ));
            list.push((
                format!("{marker} in UTF-16BE"),
                units.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
            ));
        }
        list.push(("the admin token".into(), archive.admin_token.to_lowercase().into_bytes()));
        let key = key_hex(archive);
        let raw: Vec<u8> =
            (0..key.len()).step_by(2).map(|at| u8::from_str_radix(&key[at..at + 2], 16).unwrap()).collect();
        assert_eq!(raw.len(), 32);
        // Files are compared in lower case, so the raw key is as well.
        list.push(("the raw key".into(), raw.to_ascii_lowercase()));
        list.push(("the key in hex".into(), key.to_lowercase().into_bytes()));
        Self(list)
    }

    /// What is found in any file below these directories, but for the key in the key file.
    fn found(&self, directories: &[PathBuf]) -> Vec<String> {
        let mut found = Vec::new();
        for path in directories.iter().flat_map(|directory| files(directory)) {
            // A file may be gone by the time it is read.
            let Ok(bytes) = fs::read(&path) else { continue };
            let name = path.to_string_lossy().to_lowercase();
            let lower = bytes.to_ascii_lowercase();
            for (what, needle) in &self.0 {
                let own = path.ends_with("keys/kek.key") && what == "the key in hex";
                if (contains(&lower, needle) && !own) || contains(name.as_bytes(), needle) {
                    found.push(format!("{what} is in {}", path.display()));
                }
            }
        }
        found.sort();
        found.dedup();
        found
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// The 64 hex digits in the key file.
fn key_hex(archive: &Archive) -> String {
    let file = fs::read_to_string(archive.data().join("keys/kek.key")).unwrap();
    let line = file.lines().find(|line| line.starts_with("SHOSOIN-KEK-1-")).unwrap();
    line.split('-').nth(3).unwrap().to_owned()
}

/// Everything a user does with one contract whose every word is secret.
fn work(archive: &Archive) -> String {
    let bytes = pdf::contract("QZmarkerTEXTqz and more words\nQZmarkerTEXTqz", 30_000);
    archive.file("in/20260201_QZmarkerPARTYqz_1000.pdf", &bytes);
    let csv = "ファイル名,取引年月日,取引先,取引金額,件名,管理番号,備考,QZmarkerCUSTOMqz\n\
               20260201_QZmarkerPARTYqz_1000.pdf,2026-02-01,QZmarkerPARTYqz秘匿印影文言,1000,\
               QZmarkerTITLEqz,QZmarkerNUMBERqz,QZmarkerCUSTOMqz,QZmarkerCUSTOMqz\n";
    let index = archive.file("in/index.csv", csv.as_bytes());
    let receipts = archive.path("receipts.jsonl");
    let import = archive.json(["import", index.to_str().unwrap(), "--receipts", receipts.to_str().unwrap()]);
    assert_eq!(import["deposited"], 1, "{import}");
    let receipt: serde_json::Value = serde_json::from_slice(&fs::read(receipts).unwrap()).unwrap();
    let id = text(&receipt["id"]).to_owned();
    let not_pdf = archive.file("in/QZmarkerFILEqz.txt", "qzmarkertextqz 秘匿印影文言 ".repeat(50).as_bytes());
    archive.deposit(
        &not_pdf,
        &[
            "--date",
            "2026-02-02",
            "--counterparty",
            "QZmarkerPARTYqz",
            "--no-amount",
            "--title",
            "QZmarkerTITLEqz",
        ],
    );
    for condition in ["--counterparty", "--text"] {
        archive.json(["search", condition, "QZmarkerQUERYqz 秘匿印影文言"]);
    }
    assert_eq!(archive.ids(&["--counterparty", "qzmarkerparty"]).len(), 2);
    assert_eq!(archive.ids(&["--text", "qzmarkertextqz"]), [id.as_str()], "the text is searchable");
    archive.json([
        "correct",
        &id,
        "--title",
        "QZmarkerTITLEqz2",
        "--reason",
        "QZmarkerREASONqz 秘匿印影文言",
    ]);
    archive.json(["withdraw", &id, "--reason", "QZmarkerREASONqz"]);
    archive.json(["reinstate", &id, "--reason", "QZmarkerREASONqz"]);
    assert_eq!(archive.run(["get", &id]).stdout, bytes);
    let zip = archive.path("out/package.zip");
    fs::create_dir_all(zip.parent().unwrap()).unwrap();
    archive.json(["export", "-o", zip.to_str().unwrap()]);
    archive.json(["journal", "list"]);
    archive.run(["search", "--csv", "--text", "QZmarkerQUERYqz"]);
    id
}

/// Looks at the files again and again while `work` goes on.
fn watch<T>(forbidden: &Forbidden, directories: &[PathBuf], work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut rounds = 0;
            loop {
                let last = done.load(Ordering::Relaxed);
                assert_eq!(forbidden.found(directories), Vec::<String>::new());
                rounds += 1;
                if last {
                    return rounds;
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        done.store(true, Ordering::Relaxed);
        assert!(watcher.join().unwrap() >= 3, "the files were not looked at while something happened");
        result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

#[test]
fn the_search_for_plaintext_would_find_it() {
    let archive = Archive::new();
    let forbidden = Forbidden::new(&archive);
    let utf16: Vec<u8> = "QZmarkerTITLEqz".encode_utf16().flat_map(u16::to_be_bytes).collect();
    for (name, bytes) in [
        ("tmp/a", b"xx QZmarkerTextqz".to_vec()),
        ("tmp/b", [b"x", utf16.as_slice()].concat()),
        ("tmp/c", key_hex(&archive).into_bytes()),
        ("tmp/d", archive.admin_token.clone().into_bytes()),
        ("tmp/qzmarkerfileqz", Vec::new()),
    ] {
        let path = archive.file(name, &bytes);
        assert_eq!(forbidden.found(&[archive.tmp()]).len(), 1, "{name}");
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn commands_leave_no_plaintext() {
    let archive = Archive::new();
    let forbidden = Forbidden::new(&archive);
    let directories = [archive.data(), archive.tmp()];
    watch(&forbidden, &directories, || work(&archive));
    archive.json(["index", "rebuild"]);
    archive.assert_sound();
    assert_eq!(forbidden.found(&directories), Vec::<String>::new());
    assert_eq!(files(&archive.tmp()), Vec::<PathBuf>::new(), "temporary files are left");
}

#[test]
fn a_server_leaves_no_plaintext_even_when_it_logs_everything_and_is_killed() {
    let archive = Archive::new();
    let forbidden = Forbidden::new(&archive);
    let directories = [archive.data(), archive.tmp()];
    let mut command = archive.command(["serve", "--listen", "127.0.0.1:0"]);
    let server = Server::start_with(&archive, command.env("SHOSOIN_LOG", "trace"));
    watch(&forbidden, &directories, || {
        let id = work(&archive);
        // Over TCP too, where the words of a search are in the request line.
        server.get("/api/v1/records?counterparty=qzmarkerqueryqz&text=qzmarkerqueryqz");
        server.get(&format!("/api/v1/records/{id}/original?inline=true"));
        let reason = json!({"changes": {"number": "qzmarkernumberqz2"}, "reason": "qzmarkerreasonqz"});
        assert_eq!(server.post(&format!("/api/v1/records/{id}/corrections"), &reason, &[]).status, 200);
        let bad = json!({"date": "qzmarkerqueryqz", "counterparty": "qzmarkerpartyqz", "amount": "1"});
        server.deposit(&bad, "qzmarkerfileqz.pdf", b"qzmarkertextqz").unwrap().problem(422);
        // Time for the index to follow on its own.
        std::thread::sleep(Duration::from_millis(1_200));
    });
    let said = server.kill().to_lowercase();
    for (what, needle) in &forbidden.0 {
        assert!(!contains(said.as_bytes(), needle), "{what} is in the log");
    }
    assert_eq!(forbidden.found(&directories), Vec::<String>::new(), "after kill -9");
    archive.assert_sound();
    assert_eq!(forbidden.found(&directories), Vec::<String>::new(), "after the next start");
}

#[test]
fn files_of_an_archive_are_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let archive = Archive::new();
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(archive.data()), 0o700);
    assert_eq!(mode(archive.data().join("keys")), 0o700);
    assert_eq!(mode(archive.data().join("keys/kek.key")), 0o600);
    assert_eq!(mode(archive.data().join("store")), 0o700);
    let _server = Server::start(&archive);
    assert_eq!(mode(archive.data().join("shosoin.sock")), 0o600);
}
