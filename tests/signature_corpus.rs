//! `shosoin inspect` on more than two hundred signed files, field by field against what is true about them.
//!
//! `tests/fixtures/signed/README.md` says what the fields mean, how the files were made, and what other programs say.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Map, Value};
use support::Ran;
use tempfile::TempDir;

/// In an expectation: not compared.
const ANY: &str = "*";
/// An expected verdict other than passed.
const NOT_PASSED: &str = "!total-passed";
/// Fields of a signature that the fixtures speak of.
const FIELDS: [&str; 12] = [
    "field",
    "kind",
    "subfilter",
    "byte_range",
    "covers_whole_file",
    "intact",
    "chain",
    "modified_after",
    "signer",
    "time",
    "claimed_time",
    "timestamp_time",
];
/// How many commands run at once.
const WORKERS: usize = 4;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/signed")
}

fn expectations() -> Value {
    let text = fs::read(folder().join("expected.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn files(expected: &Value) -> &Map<String, Value> {
    expected["files"].as_object().unwrap()
}

#[test]
fn inspect_says_what_is_true_about_every_signed_file() {
    let expected = expectations();
    let cases: Vec<_> = files(&expected).iter().collect();
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some((path, facts)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let differences = judge(path, facts, &expected);
                    found
                        .lock()
                        .unwrap()
                        .extend(differences.into_iter().map(|line| format!("{path}: {line}")));
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap();
    found.sort();
    let wrong: BTreeSet<_> = found.iter().filter_map(|line| line.split(':').next()).collect();
    let (bad, all) = (wrong.len(), cases.len());
    assert!(found.is_empty(), "{bad} of {all} files differ:\n{}", found.join("\n"));
}

#[test]
fn every_file_of_the_corpus_has_an_expectation_and_every_kind_of_case_is_there() {
    let expected = expectations();
    let files = files(&expected);
    let there: BTreeSet<String> = support::files(&folder())
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "pdf"))
        .map(|path| path.strip_prefix(folder()).unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(there, files.keys().cloned().collect(), "files and expectations");
    let signatures: Vec<_> =
        files.values().filter_map(|facts| facts["signatures"].as_array()).flatten().collect();
    let subfilters =
        "adbe.pkcs7.detached adbe.pkcs7.sha1 adbe.x509.rsa_sha1 ETSI.CAdES.detached ETSI.RFC3161";
    for (key, values) in [
        ("subfilter", subfilters),
        ("chain", "trusted untrusted expired revoked unknown"),
        ("kind", "signature timestamp"),
    ] {
        for value in values.split(' ') {
            assert!(signatures.iter().any(|facts| facts[key] == value), "no signature has {key} {value}");
        }
    }
    for verdict in ["total-passed", "indeterminate", "total-failed"] {
        let count = files.values().filter(|facts| facts["verdict"] == verdict).count();
        assert!(count >= 20, "{count} files are {verdict}");
    }
}

#[test]
fn nothing_is_trusted_without_a_trust_directory() {
    let empty = TempDir::new().unwrap();
    let expected = expectations();
    let ran = inspect("cases/cades_lta.pdf", &expected, empty.path());
    let value = ran.success();
    assert_eq!(value["verdict"], "indeterminate", "{value}");
    assert_eq!(value["signatures"][0]["intact"], true, "{value}");
    assert_eq!(value["signatures"][0]["chain"], "untrusted", "{value}");
}

fn inspect(path: &str, expected: &Value, trust: &Path) -> Ran {
    let home = TempDir::new().unwrap();
    let file = folder().join(path);
    let judged_at = expected["judged_at"].as_str().unwrap();
    let args = ["inspect", file.to_str().unwrap(), "--trust", trust.to_str().unwrap(), "--at", judged_at];
    Ran::of(&mut support::command(&home.path().join("archive"), home.path(), args))
}

/// What differs for one file, in words.
fn judge(path: &str, facts: &Value, expected: &Value) -> Vec<String> {
    let ran = inspect(path, expected, &folder().join(expected["trust"].as_str().unwrap()));
    let Ok(got) = serde_json::from_slice::<Value>(&ran.stdout) else {
        return vec![format!(
            "exit {}, no JSON: {}",
            ran.code,
            ran.stderr.lines().next().unwrap_or_default()
        )];
    };
    let verdict = got["verdict"].as_str().unwrap_or("none");
    let mut found = Vec::new();
    if differs_in_verdict(&facts["verdict"], verdict) {
        found.push(format!("verdict: {} expected, {verdict} said", facts["verdict"]));
    }
    // A file that is no PDF may be an error instead of a verdict.
    let code = if verdict == "total-failed" { 4 } else { 0 };
    if got.get("error").is_none() && ran.code != code {
        found.push(format!("exit {} with verdict {verdict}", ran.code));
    }
    let Some(wanted) = facts["signatures"].as_array() else { return found };
    let none = Vec::new();
    let said = got["signatures"].as_array().unwrap_or(&none);
    if wanted.len() != said.len() {
        found.push(format!("{} signatures expected, {} said", wanted.len(), said.len()));
        return found;
    }
    for (index, want) in wanted.iter().enumerate() {
        let named = said.iter().find(|got| got["field"] == want["field"]);
        found.extend(differences(want, named.unwrap_or(&said[index])));
    }
    found
}

fn differs_in_verdict(wanted: &Value, verdict: &str) -> bool {
    if wanted == NOT_PASSED { verdict == "total-passed" } else { wanted != ANY && wanted != verdict }
}

fn differences(want: &Value, got: &Value) -> Vec<String> {
    let name = want["field"].as_str().filter(|name| *name != ANY).or(got["field"].as_str()).unwrap_or("?");
    let mut found = Vec::new();
    for key in FIELDS {
        // What no expectation speaks of is not compared either.
        let Some(wanted) = want.get(key) else { continue };
        let said = &got[key];
        let same = if key.ends_with("time") { same_moment(wanted, said) } else { wanted == said };
        if wanted != ANY && !same {
            let why = reasons(got);
            found.push(format!("{name}.{key}: {wanted} expected, {said} said{why}"));
        }
    }
    found
}

/// Two moments in RFC 3339, whatever their zone; or both absent.
fn same_moment(wanted: &Value, said: &Value) -> bool {
    let moment = |value: &Value| chrono::DateTime::parse_from_rfc3339(value.as_str()?).ok();
    match (moment(wanted), moment(said)) {
        (Some(wanted), Some(said)) => wanted == said,
        (None, None) => wanted.is_null() && said.is_null(),
        _ => false,
    }
}

/// What the program itself gave as reasons, if it did: helps whoever reads the failure.
fn reasons(got: &Value) -> String {
    match &got["sub_indication"] {
        Value::String(word) => format!(" ({word})"),
        _ => String::new(),
    }
}
