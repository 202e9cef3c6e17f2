//! Bad input: refused with a clear error, a hint and the right exit code, or kept exactly as it is.

mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::server::Server;
use support::{Archive, pdf, text};

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
        assert_eq!(
            receipt["signatures_readable"], readable,
            "{name}: cannot tell is not unsigned: {receipt}"
        );
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
    for date in ["2026-02-30", "2026-13-01", "令和0年1月1日", "R0.1.1", "昨日", "", "2026", "99999-01-01"]
    {
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
    for amount in [
        "-",
        "",
        "1e9",
        "9223372036854775808",
        "99999999999999999999",
        "1,00,00円",
        "0x10",
        "NaN",
        "1.5",
        "百円十",
    ] {
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
        let receipt =
            archive.deposit(&file, &["--date", "R8.2.1", "--counterparty", "A", "--amount", written]);
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
    let names =
        ["𠮷野家商店", "葛\u{e0100}飾工業", "カ\u{3099}ス機器", "Müller & Söhne \u{202e}gmbh", "=1+1"];
    for (number, name) in names.iter().enumerate() {
        let file = archive.file("a.pdf", &pdf::contract(&format!("{number}"), 1_000));
        archive.deposit(&file, &["--date", "2026-02-01", "--counterparty", name, "--no-amount"]);
        let found = archive.json(["search", "--counterparty", name]);
        assert_eq!(found["hits"][0]["counterparty"], *name);
    }
    assert_eq!(archive.json(["search", "--counterparty", "吉野家"])["total"], 1, "𠮷 is found as 吉");
    assert_eq!(archive.json(["search", "--counterparty", "ガス機器"])["total"], 1, "composed");
    assert_eq!(
        archive.json(["search", "--counterparty", "葛飾"])["total"],
        1,
        "without the variation selector"
    );
    let csv = archive.run(["search", "--csv"]);
    let csv = String::from_utf8(csv.stdout).unwrap();
    assert!(csv.starts_with('\u{feff}') && !csv.contains(",=1+1") && csv.contains("=1+1"), "{csv}");
}

#[test]
fn texts_that_are_too_long_or_not_text_are_refused() {
    let archive = Archive::new();
    let long = "あ".repeat(1_001);
    for flags in
        [["--counterparty", long.as_str()], ["--counterparty", " "], ["--counterparty", "a\u{1b}[2Jb"]]
    {
        refuse(&archive, &[&["--date", "2026-02-01", "--no-amount"], &flags[..]].concat(), 1);
    }
    for flags in [["--title", &long], ["--number", "a\u{7}"], ["--class", " "], ["--entity", "よその会社"]]
    {
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
        let answer =
            server.deposit(&metadata, name, &pdf::contract(&format!("{}", name.len()), 1_000)).unwrap();
        assert!([200, 201].contains(&answer.status), "{}", answer.text());
        let shown = server.get(&format!("/api/v1/records/{}", text(&answer.json()["id"]))).json();
        let kept = shown["versions"][0]["metadata"]["file_name"].as_str().unwrap_or_default().to_owned();
        assert!(!kept.contains('/') && !kept.contains('\\'), "{name} is kept as {kept}");
    }
    let out = archive.path("deep/er/package");
    fs::create_dir_all(out.parent().unwrap()).unwrap();
    archive.json(["export", "-o", out.to_str().unwrap()]);
    support::accepted_by("check_bag.py", &[out.to_str().unwrap()]);
    let outside: Vec<_> =
        support::files(&archive.path("deep")).into_iter().filter(|file| !file.starts_with(&out)).collect();
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
    let cp932 =
        b"\x83\x74\x83\x40\x83\x43\x83\x8b\x96\xbc,\x8e\xe6\x88\xf8\x90\xe6\r\na.pdf,\x93\x8c\x8b\x9e\r\n";
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
    assert_eq!(
        json!([imported["deposited"], imported["duplicates"], imported["rejected"]]),
        json!([3, 57, 0])
    );
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

/// What somebody reads who asks for no JSON: stdout and stderr, in that order.
fn said(archive: &Archive, lang: &str, args: &[&str]) -> String {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_shosoin"));
    command.args(["--data", archive.data().to_str().unwrap(), "--lang", lang]).args(args);
    let ran = command.stdin(std::process::Stdio::null()).output().unwrap();
    String::from_utf8([ran.stdout, ran.stderr].concat()).unwrap()
}

#[test]
fn refusals_are_told_in_japanese_down_to_the_field() {
    let archive = Archive::new();
    let file = archive.file("a.pdf", &pdf::contract("a", 1_000));
    let file = file.to_str().unwrap();
    let folder = archive.tmp();
    let folder = folder.to_str().unwrap();
    let rest = ["--counterparty", "A", "--no-amount"];
    for (args, expected) in [
        (
            [&["deposit", file, "--date", "2026-02-30"], rest.as_slice()].concat(),
            "取引年月日：2026年2月30日は暦にありません",
        ),
        (
            [&["deposit", file, "--date", "令和0年1月1日"], rest.as_slice()].concat(),
            "令和は1年（元年）から始まります",
        ),
        (
            vec!["deposit", file, "--date", "2026-02-01", "--counterparty", "A", "--amount", "1e9"],
            "取引金額：「1e9」は指数表示",
        ),
        (vec!["deposit", file, "--date", "2026-02-01", "--counterparty", "", "--no-amount"], "取引先"),
        (vec!["deposit", file, "--date", "2026-02-01"], "--no-amount"),
        (
            vec!["deposit", folder, "--date", "2026-02-01", "--counterparty", "A", "--no-amount"],
            "ディレクトリです",
        ),
        (vec!["search", "--date", "2026-03-01..2026-02-01"], "順序をご確認ください"),
        (vec!["search", "--amount", "百円ぐらい"], "「百円ぐらい」は金額として読み取れません"),
        (vec!["search", "--limit", "0"], "表示件数"),
        (vec!["show", "xyz"], "「xyz」は文書の番号"),
        (vec!["frobnicate"], "コマンドの書き方が違います"),
    ] {
        let said = said(&archive, "ja", &args);
        assert!(said.contains("エラー: ") && said.contains("対処: "), "{args:?}: {said}");
        assert!(said.contains(expected), "{args:?}: {said}");
        assert!(!said.contains("\u{1b}["), "no colours where nobody sees them: {said}");
    }
}

#[test]
fn a_file_that_is_no_sound_pdf_is_called_so_in_words() {
    let archive = Archive::new();
    let headless = pdf::contract("a", 4_000).split_off(100);
    for (name, bytes, ja, en) in [
        ("empty.pdf", Vec::new(), "空のファイル", "The file is empty"),
        ("text.txt", b"hello".to_vec(), "PDFではありません", "This is not a PDF"),
        ("headless.pdf", headless, "PDFが壊れています", "The PDF is damaged"),
        ("encrypted.pdf", fixture("encrypted_user.pdf"), "暗号化されたPDF", "The PDF is encrypted"),
    ] {
        let file = archive.file(name, &bytes);
        let args = [&["deposit", file.to_str().unwrap()], FLAGS.as_slice()].concat();
        let first = said(&archive, "ja", &args);
        assert!(first.contains(ja), "{name}: {first}");
        let again = said(&archive, "en", &args);
        assert!(again.contains(en) && again.contains("was deposited before"), "{name}: {again}");
    }
}

#[test]
fn one_file_that_cannot_be_read_does_not_keep_the_others_from_being_inspected() {
    let archive = Archive::new();
    let sound = archive.file("sound.pdf", &pdf::contract("a", 4_000));
    let sound = sound.to_str().unwrap();
    let ran = archive.run(["inspect", "/nowhere/a.pdf", sound]);
    let files: Vec<Value> = ran.value().as_array().unwrap().iter().map(|one| one["file"].clone()).collect();
    assert_eq!((ran.code, files), (3, vec![json!(sound)]));
    assert!(ran.stderr.contains("/nowhere/a.pdf"), "{}", ran.stderr);
    assert_eq!(archive.run(["inspect", "/nowhere/a.pdf", "/nowhere/b.pdf"]).failure(10).code, "not-found");
}

#[test]
fn rejected_rows_come_back_and_never_over_the_index_book() {
    let archive = Archive::new();
    let rows = "file,date,counterparty,amount\nnone.pdf,2026-02-01,A,1\n";
    let book = archive.file("index.csv", rows.as_bytes());
    let book = book.to_str().unwrap();
    for flag in ["--rejects", "--receipts"] {
        let failure = archive.run(["import", book, flag, book]).failure(2);
        assert!(!failure.hint.is_empty());
        assert_eq!(fs::read_to_string(book).unwrap(), rows, "{flag}");
    }
    let done = archive.run(["import", book]);
    assert_eq!(done.code, 3);
    assert_eq!(done.value()["rejects"][0]["line"], 2);
    assert!(text(&done.value()["rejects"][0]["reason"]).contains("none.pdf"));
    let rejects = archive.path("rejects.csv");
    let done = archive.run(["import", book, "--rejects", rejects.to_str().unwrap()]);
    assert!(
        done.value().get("rejects").is_none() && fs::read_to_string(rejects).unwrap().contains("none.pdf")
    );
}
