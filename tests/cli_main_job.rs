//! The main job, as a clerk and an auditor do it: deposit, find, correct, withdraw, hand over, prove.

mod support;

use std::fs;

use serde_json::{Value, json};
use support::server::Server;
use support::{Archive, Ran, accepted_by, pdf, text};

/// Date, counterparty, amount, title, class, number.
type Contract = (&'static str, &'static str, Option<&'static str>, &'static str, &'static str, &'static str);

/// The contracts of the story.
const CONTRACTS: [Contract; 6] = [
    ("2026-02-01", "株式会社国税商事", Some("1,100,000円"), "業務委託契約書", "contract", "K-001"),
    ("2026-02-15", "㈱国税商事", Some("0"), "秘密保持契約書", "contract", "K-002"),
    ("2026-03-01", "国税商事株式会社", None, "覚書", "contract", "K-003"),
    ("2026-03-31", "有限会社青葉工務店", Some("13,200,000円"), "工事請負契約書", "contract", "K-004"),
    ("2025-12-31", "髙﨑商店", Some("-50,000"), "値引合意書", "contract", "K-005"),
    ("2026-04-01", "Kuon Trading LLC", Some("3581.60"), "Sales agreement", "invoice", "K-006"),
];

fn original(number: usize) -> Vec<u8> {
    pdf::contract(&format!("agreement number {number}\nunderthesealofword{number}"), 2_500 + number * 500)
}

/// Deposits the contracts; returns their ids.
fn deposit_all(archive: &Archive) -> Vec<String> {
    let mut ids = Vec::new();
    for (number, (date, party, amount, title, class, management)) in CONTRACTS.into_iter().enumerate() {
        let bytes = original(number);
        let file = archive.file(&format!("in/{number}.pdf"), &bytes);
        let mut flags = vec!["--date", date, "--counterparty", party, "--title", title];
        flags.extend(["--class", class, "--number", management]);
        match amount {
            Some(amount) => flags.extend(["--amount", amount]),
            None => flags.push("--no-amount"),
        }
        if party.starts_with("Kuon") {
            flags.extend(["--currency", "USD"]);
        }
        let receipt = archive.deposit(&file, &flags);
        assert_eq!(receipt["duplicate"], false, "{receipt}");
        assert_eq!(receipt["size"], bytes.len());
        assert_eq!(receipt["signatures"], json!([]));
        ids.push(text(&receipt["id"]).to_owned());
    }
    ids
}

/// A search and the contracts (by number) that it has to find, in this order.
type Case = (&'static [&'static str], &'static [usize]);

const SEARCHES: [Case; 26] = [
    // Newest transaction date first.
    (&[], &[5, 3, 2, 1, 0, 4]),
    (&["--date", "2026-02-01"], &[0]),
    (&["--date", "2026-02-01..2026-03-01"], &[2, 1, 0]),
    (&["--date", "2026-03-31.."], &[5, 3]),
    (&["--date", "..令和7年12月31日"], &[4]),
    (&["--date", "2026-02"], &[1, 0]),
    (&["--amount", "1100000"], &[0]),
    (&["--amount", "0"], &[1]),
    (&["--amount", "0.."], &[3, 1, 0]),
    (&["--amount", "..-1"], &[4]),
    (&["--amount", "-50000..110万円"], &[1, 0, 4]),
    (&["--no-amount"], &[2]),
    (&["--amount", "3581.60", "--currency", "USD"], &[5]),
    (&["--counterparty", "国税商事"], &[2, 1, 0]),
    (&["--counterparty", "（株）国税商事"], &[2, 1, 0]),
    (&["--counterparty", "ｋｕｏｎ"], &[5]),
    (&["--counterparty", "高崎商店"], &[4]),
    (&["--date", "2026-02-01..", "--counterparty", "国税", "--amount", "1.."], &[0]),
    (&["--date", "..2026-02-28", "--counterparty", "国税"], &[1, 0]),
    (&["--date", "2026-03-01..", "--amount", "1.."], &[3]),
    (&["--counterparty", "国税", "--no-amount"], &[2]),
    (&["--text", "underthesealofword3"], &[3]),
    (&["--text", "契約書"], &[3, 1, 0]),
    (&["--class", "invoice"], &[5]),
    (&["--number", "K-004"], &[3]),
    (&["--counterparty", "国税", "--class", "invoice"], &[]),
];

fn check_searches(archive: &Archive, ids: &[String]) {
    for (conditions, expected) in SEARCHES {
        let mut expected: Vec<_> = expected.iter().map(|number| ids[*number].clone()).collect();
        let mut found = archive.ids(conditions);
        if conditions.contains(&"--counterparty") {
            // Exact names come first; among the others only who is found matters here.
            found.sort();
            expected.sort();
        }
        assert_eq!(found, expected, "{conditions:?}");
    }
    let hit = &archive.json(["search", "--number", "K-003"])["hits"][0];
    assert_eq!(hit["amount"], Value::Null, "no amount is not zero: {hit}");
    let hit = &archive.json(["search", "--number", "K-002"])["hits"][0];
    assert_eq!(hit["amount"], 0);
    let hit = &archive.json(["search", "--number", "K-006"])["hits"][0];
    assert_eq!(json!([hit["amount"], hit["currency"]]), json!([358_160, "USD"]));
}

fn check_pages(archive: &Archive) {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let mut args = vec!["search", "--limit", "4"];
        if !after.is_empty() {
            args.extend(["--after", &after]);
        }
        let page = archive.json(args);
        assert_eq!(page["total"], CONTRACTS.len());
        all.extend(support::ids_of(&page));
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(all, archive.ids(&[]));
}

fn check_corrections(archive: &Archive, id: &str) {
    let corrected = archive.json(["correct", id, "--amount", "1,210,000円", "--reason", "税込に訂正"]);
    assert_eq!(json!([corrected["id"], corrected["version"]]), json!([id, 2]));
    let dated =
        archive.json(["correct", id, "--date", "2026-02-03", "--title", "", "--reason", "日付の誤記"]);
    assert_eq!(dated["version"], 3);
    let shown = archive.json(["show", id]);
    let versions = shown["versions"].as_array().unwrap();
    let amounts: Vec<_> =
        versions.iter().map(|version| version["metadata"]["amount"]["minor"].clone()).collect();
    assert_eq!(amounts, [1_100_000, 1_210_000, 1_210_000]);
    assert_eq!(versions[0]["metadata"]["title"], "業務委託契約書");
    assert!(versions[2]["metadata"].get("title").is_none());
    assert_eq!(json!([versions[1]["reason"], versions[2]["reason"]]), json!(["税込に訂正", "日付の誤記"]));
    assert!(versions.iter().all(|version| !text(&version["by"]).is_empty()));
    // What counts is found; what was superseded only when it is asked for.
    assert_eq!(archive.ids(&["--amount", "1210000"]), [id]);
    assert_eq!(archive.ids(&["--amount", "1100000"]), Vec::<String>::new());
    assert_eq!(archive.ids(&["--amount", "1100000", "--versions", "all"]), [id]);
    assert_eq!(archive.ids(&["--date", "2026-02-01"]), Vec::<String>::new());
    // Conditions hold for one and the same version, never for a mixture of two.
    let mixed = ["--date", "2026-02-03", "--amount", "1100000", "--versions", "all"];
    assert_eq!(archive.ids(&mixed), Vec::<String>::new());
    assert_eq!(archive.run(["get", id]).stdout, original(0), "the original never changes");
}

fn check_withdrawal(archive: &Archive, id: &str) {
    let count = archive.ids(&[]).len();
    let withdrawn = archive.json(["withdraw", id, "--reason", "二重登録"]);
    assert_eq!(archive.ids(&[]).len(), count - 1);
    assert_eq!(archive.ids(&["--withdrawn", "only"]), [id]);
    assert_eq!(archive.ids(&["--withdrawn", "include"]).len(), count);
    assert_eq!(archive.run(["get", id]).code, 0, "still kept");
    assert_eq!(archive.json(["show", id])["withdrawn"], true);
    let back = archive.json(["reinstate", id, "--reason", "正本であった"]);
    assert_eq!(back["version"], withdrawn["version"].as_u64().unwrap() + 1);
    assert_eq!(archive.ids(&[]).len(), count);
    assert_eq!(archive.ids(&["--withdrawn", "only"]), Vec::<String>::new());
}

fn check_duplicate(archive: &Archive, id: &str) {
    let file = archive.file("again.pdf", &original(3));
    let flags = ["--date", "2020-01-01", "--counterparty", "別の名前", "--amount", "1"];
    let receipt = archive.deposit(&file, &flags);
    assert_eq!(json!([receipt["id"], receipt["duplicate"]]), json!([id, true]));
    assert_eq!(
        archive.json(["show", id])["versions"].as_array().unwrap().len(),
        1,
        "metadata stays as it was"
    );
    assert_eq!(archive.ids(&["--counterparty", "別の名前"]), Vec::<String>::new());
}

fn check_retention(archive: &Archive, id: &str) {
    let decision = archive.json(["retention", "explain", id]);
    assert_eq!(decision["decision"], "retain", "{decision}");
    // Transaction 2026-02-01 to 03: fiscal year to 2026-03-31, ten years under the Companies Act.
    assert_eq!(decision["retain_until"], "2036-03-31");
    let reasons = decision["reasons"].as_array().unwrap();
    assert!(reasons.iter().any(|reason| text(&reason["law"]).contains("法人税")), "{decision}");
    assert!(archive.json(["retention", "policies"]).as_array().unwrap().len() >= 3);
}

fn check_export(archive: &Archive, ids: &[String]) {
    let (zip, directory, some) = (archive.path("audit.zip"), archive.path("audit"), archive.path("some.zip"));
    let [zip_text, directory_text, some_text] = [&zip, &directory, &some].map(|path| path.to_str().unwrap());
    let exported = archive.json(["export", "-o", zip_text]);
    assert_eq!(exported["records"], ids.len());
    let bytes: usize = (0..ids.len()).map(|number| original(number).len()).sum();
    assert_eq!(exported["bytes"], bytes);
    assert_eq!(archive.json(["export", "-o", directory_text])["records"], ids.len());
    assert_eq!(archive.json(["export", "-o", some_text, &ids[1], &ids[4]])["records"], 2);
    for package in [zip_text, directory_text, some_text] {
        accepted_by("check_bag.py", &[package]);
    }
    let mut originals: Vec<_> = support::files(&directory.join("data/originals"))
        .iter()
        .map(|path| fs::read(path).unwrap())
        .collect();
    let mut expected: Vec<_> = (0..ids.len()).map(original).collect();
    originals.sort();
    expected.sort();
    assert!(originals == expected, "the originals in the package");
    archive.run(["export", "-o", zip_text]).failure(2);
    let none = archive.path("none.zip");
    let empty = archive.run(["export", "-o", none.to_str().unwrap(), "--counterparty", "だれも知らない"]);
    assert!(empty.code == 0 && empty.value()["records"] == 0 && none.exists() || !none.exists(), "{empty:?}");
    let left: Vec<_> =
        fs::read_dir(archive.path("")).unwrap().flatten().map(|entry| entry.file_name()).collect();
    let clutter = |name: &&std::ffi::OsString| {
        name.to_string_lossy().contains("partial") || name.to_string_lossy().starts_with(".shosoin")
    };
    assert_eq!(left.iter().find(clutter), None);
}

fn check_journal(archive: &Archive, id: &str) {
    let about = archive.json(["journal", "list", "--record", id, "--limit", "1000"]);
    let acts: Vec<_> = about["entries"].as_array().unwrap().iter().map(|entry| text(&entry["act"])).collect();
    for act in ["deposit", "correct", "withdraw", "reinstate", "view", "download"] {
        assert!(acts.contains(&act), "{act}: {acts:?}");
    }
    let correction =
        about["entries"].as_array().unwrap().iter().find(|entry| entry["act"] == "correct").unwrap();
    assert_eq!(correction["details"]["before"]["amount"]["minor"], 1_100_000, "{correction}");
    assert_eq!(correction["details"]["after"]["amount"]["minor"], 1_210_000);
    assert_eq!(correction["details"]["reason"], "税込に訂正");
    let all = archive.json(["journal", "list", "--limit", "1000"]);
    let searched = |entry: &&Value| entry["act"] == "search" && entry.to_string().contains("高崎商店");
    assert!(
        all["entries"].as_array().unwrap().iter().any(|entry| searched(&entry)),
        "searches are journaled"
    );
    assert_eq!(archive.json(["journal", "proof", "0"])["verified"], true);
    let out = archive.path("journal");
    archive.json(["journal", "export", "--output", out.to_str().unwrap()]);
    let file = |name: &str| out.join(name).to_str().unwrap().to_owned();
    let arguments =
        [&file("extract.jsonl"), "--checkpoint", &file("checkpoint.txt"), "--vkey", &file("vkey.txt")];
    accepted_by("verify_journal.py", &arguments);
}

fn check_index_book(archive: &Archive) {
    let csv = String::from_utf8(archive.run(["search", "--csv"]).stdout).unwrap();
    assert!(csv.starts_with('\u{feff}'), "spreadsheets need the mark");
    assert!(
        csv.lines().next().unwrap().contains("取引年月日") && csv.lines().count() == CONTRACTS.len() + 1,
        "{csv}"
    );
    assert!(csv.contains("1210000") && csv.contains("3581.60") && csv.contains("-50000"), "{csv}");
}

fn the_main_job(archive: &Archive) {
    let ids = deposit_all(archive);
    check_searches(archive, &ids);
    check_pages(archive);
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(archive.run(["get", id]).stdout, original(number));
    }
    check_duplicate(archive, &ids[3]);
    check_corrections(archive, &ids[0]);
    check_withdrawal(archive, &ids[0]);
    check_retention(archive, &ids[0]);
    check_index_book(archive);
    check_export(archive, &ids);
    check_journal(archive, &ids[0]);
    archive.assert_sound();
    let before = archive.ids(&["--versions", "all", "--withdrawn", "include"]);
    let rebuilt = archive.json(["index", "rebuild"]);
    assert_eq!(rebuilt["documents"], 6 + 4, "six contracts and four further versions: {rebuilt}");
    assert_eq!(archive.ids(&["--versions", "all", "--withdrawn", "include"]), before);
}

#[test]
fn the_main_job_on_an_archive_that_nobody_serves() {
    the_main_job(&Archive::new());
}

#[test]
fn the_main_job_through_a_running_server() {
    let archive = Archive::new();
    let server = Server::start(&archive);
    the_main_job(&archive);
    server.stop();
    assert!(!archive.data().join("shosoin.sock").exists());
    archive.assert_sound();
}

#[test]
fn a_file_taken_away_appears_only_when_it_is_complete() {
    let archive = Archive::new();
    let ids = deposit_all(&archive);
    let target = archive.path("copy.pdf");
    assert_eq!(archive.run(["get", &ids[0], "-o", target.to_str().unwrap()]).code, 0);
    assert_eq!(fs::read(&target).unwrap(), original(0));
    let unreachable = archive.path("nowhere/copy.pdf");
    assert_ne!(archive.run(["get", &ids[0], "-o", unreachable.to_str().unwrap()]).code, 0);
    let missing = archive.path("missing.pdf");
    archive.run(["get", "01a20000-0000-7000-8000-000000000000", "-o", missing.to_str().unwrap()]).failure(10);
    assert!(!missing.exists() && !archive.path("missing.pdf.partial").exists());
}

#[test]
fn a_neighbouring_file_named_partial_survives() {
    let archive = Archive::new();
    let ids = deposit_all(&archive);
    let mine = archive.file("copy.pdf.partial", b"my own notes");
    archive.run(["get", &ids[0], "-o", archive.path("copy.pdf").to_str().unwrap()]);
    assert_eq!(fs::read(&mine).unwrap_or_default(), b"my own notes", "after get");
    let mine = archive.file("audit.zip.partial", b"my own notes");
    archive.run(["export", "-o", archive.path("audit.zip").to_str().unwrap()]);
    assert_eq!(fs::read(&mine).unwrap_or_default(), b"my own notes", "after export");
}

#[test]
fn metadata_that_only_the_file_suggests_is_not_stored_unconfirmed() {
    let archive = Archive::new();
    let file = archive.file("20260201_株式会社国税商事_1100000.pdf", &original(0));
    let failure = archive.run(["deposit", file.to_str().unwrap()]).failure(1);
    assert!(
        failure.message.contains("国税商事") && failure.hint.contains("--accept-suggestions"),
        "{failure:?}"
    );
    assert_eq!(archive.json(["search"])["total"], 0);
    archive.deposit(&file, &["--accept-suggestions"]);
    let hit = &archive.json(["search"])["hits"][0];
    assert_eq!(json!([hit["date"], hit["amount"]]), json!(["2026-02-01", 1_100_000]));
}

#[test]
fn the_samples_import_twice_without_becoming_more() {
    let archive = Archive::new();
    let index = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/index.csv");
    let first = archive.json(["import", index]);
    assert_eq!(json!([first["deposited"], first["rejected"]]), json!([7, 0]), "{first}");
    let second = archive.json(["import", index]);
    assert_eq!(json!([second["deposited"], second["duplicates"]]), json!([0, 7]), "{second}");
    assert_eq!(archive.ids(&[]).len(), 7);
    archive.assert_sound();
}

#[test]
fn an_import_whose_server_dies_says_so_instead_of_rejecting_the_rows() {
    let archive = Archive::new();
    let mut csv = String::from("file,date,counterparty,amount\n");
    for number in 0..1_500 {
        archive.file(&format!("in/{number}.pdf"), &pdf::contract(&format!("{number}"), 3_000));
        csv.push_str(&format!("{number}.pdf,2026-02-01,A,{number}\n"));
    }
    let index = archive.file("in/index.csv", csv.as_bytes());
    let server = Server::start(&archive);
    let receipts = archive.path("receipts.jsonl");
    let args = ["import", index.to_str().unwrap(), "--receipts", receipts.to_str().unwrap()];
    let ran = std::thread::scope(|scope| {
        let import = scope.spawn(|| archive.run(args));
        while fs::metadata(&receipts).map_or(0, |metadata| metadata.len()) < 20_000 {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        server.signal("KILL");
        import.join().unwrap()
    });
    server.kill();
    let failure = ran.failure(1);
    assert!(!failure.hint.is_empty(), "{failure:?}");
    let again = archive.json(args);
    assert_eq!(again["deposited"].as_u64().unwrap() + again["duplicates"].as_u64().unwrap(), 1_500);
}

#[test]
fn every_command_has_help_with_an_example_in_it() {
    let archive = Archive::new();
    for command in [
        "init",
        "serve",
        "deposit",
        "import",
        "search",
        "show",
        "get",
        "correct",
        "withdraw",
        "reinstate",
        "retention",
        "export",
        "journal",
        "index",
        "fsck",
        "demo",
        "completions",
    ] {
        let ran = Ran::of(&mut archive.command([command, "--help"]));
        let help = String::from_utf8(ran.stdout).unwrap();
        assert!(ran.code == 0 && help.contains("Example"), "{command}: {help}");
    }
}

#[test]
fn the_demo_ends_well() {
    let archive = Archive::new();
    let kept = archive.path("demo");
    let ran = archive.run(["demo", "--keep", kept.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(support::files(&archive.tmp()), Vec::<std::path::PathBuf>::new());
}
