//! Archives of every release must open in all later ones: `tests/fixtures/archive-v*` are kept for ever.
//!
//! `archive-v1`: two deposits (a text, a PDF), one correction, one search, made by 0.1.0. Its key protects nothing.
//! `archive-v2`: the same, and a third deposit when sealed objects had files of their own.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;
use support::{Ran, copy, python};
use tempfile::TempDir;

/// A copy of a fixture to work on; the fixture itself is never opened, because opening writes.
fn archive(name: &str) -> TempDir {
    let place = TempDir::new().unwrap();
    let data = place.path().join("archive");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name), &data);
    // Version control does not keep that only the owner may read the key.
    fs::set_permissions(data.join("keys/kek.key"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::create_dir(place.path().join("tmp")).unwrap();
    place
}

fn run(place: &TempDir, args: &[&str]) -> Ran {
    Ran::of(&mut support::command(&place.path().join("archive"), &place.path().join("tmp"), args))
}

fn the_first_archive_is_whole(place: &TempDir) {
    the_archive_is_whole(place, (2, 3));
}

/// Holds the two contracts of the first release, and `records` with `versions` all in all.
fn the_archive_is_whole(place: &TempDir, (records, versions): (u64, u64)) {
    let found = run(place, &["search", "--counterparty", "(株)高崎", "--text", "業務"]).success();
    assert_eq!(found["total"], 1);
    assert_eq!(found["hits"][0]["amount"], 1_210_000);
    let id = found["hits"][0]["id"].as_str().unwrap();
    let shown = run(place, &["show", id]).success();
    assert_eq!(shown["versions"][0]["metadata"]["amount"]["minor"], 1_100_000);
    assert_eq!(shown["versions"][1]["reason"], "読み違い");
    let target = place.path().join("original");
    run(place, &["get", id, "-o", target.to_str().unwrap()]).success();
    assert_eq!(fs::read(target).unwrap(), b"contract of the first release\n");
    let fsck = run(place, &["fsck"]).success();
    assert_eq!(
        (&fsck["sound"], &fsck["records"], &fsck["versions"]),
        (&Value::Bool(true), &records.into(), &versions.into())
    );
    assert_eq!(run(place, &["journal", "verify"]).success()["verified"], true);
}

#[test]
fn the_archive_of_the_first_release_opens_and_is_whole() {
    the_first_archive_is_whole(&archive("archive-v1"));
}

#[test]
fn its_index_may_be_of_any_release_because_it_is_made_again() {
    let place = archive("archive-v1");
    fs::remove_dir_all(place.path().join("archive/index")).unwrap();
    the_first_archive_is_whole(&place);
}

#[test]
fn the_archive_whose_objects_have_files_of_their_own_opens_and_is_whole() {
    let place = archive("archive-v2");
    the_archive_is_whole(&place, (3, 4));
    let found = run(&place, &["search", "--counterparty", "第二書式"]).success();
    let id = found["hits"][0]["id"].as_str().unwrap();
    let target = place.path().join("original");
    run(&place, &["get", id, "-o", target.to_str().unwrap()]).success();
    assert_eq!(fs::read(target).unwrap(), b"contract of the second format\n");
    // An implementation made from the page alone finds the same object,
    let Some(listed) = objects(&place) else { return };
    assert!(listed.starts_with(&id.replace('-', "")) && listed.lines().count() == 1, "{listed}");
    // and those that this release adds: behind it, with fillers between them.
    for text in ["first", "second"] {
        let file = place.path().join(format!("{text}.txt"));
        fs::write(&file, text).unwrap();
        let given = ["--date", "2026-11-23", "--counterparty", "Kuon", "--no-amount"];
        run(&place, &[&["deposit", file.to_str().unwrap()], &given[..]].concat()).success();
    }
    let now = objects(&place).unwrap();
    assert!(now.starts_with(&listed) && now.lines().count() == 3, "{now}");
}

/// What the second implementation finds in the first object file; nothing where there is no Python.
fn objects(place: &TempDir) -> Option<String> {
    let file = place.path().join("archive/store/objects/0000000001.objects");
    let read = python::second_implementation("object_files.py", &[file.to_str().unwrap()])?;
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    Some(String::from_utf8(read.stdout).unwrap())
}
