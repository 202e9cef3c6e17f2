//! What `schema/` says is what the program does: generated files are current, pages speak of everything there is.
//!
//! `make schemas` (that is `SHOSOIN_WRITE_SCHEMAS=1`) writes the generated files again. A change of them is a change of a
//! format or of the API: read the difference before committing it.

#[path = "support/python.rs"]
mod python;

use std::fs;
use std::path::{Path, PathBuf};

use shosoin::journal::{Act, Entry};
use shosoin::record::{Metadata, Version};
use shosoin::store::Table;

#[test]
fn the_description_of_the_api_is_current() {
    current("openapi.json", &shosoin::web::api::description());
}

#[test]
fn the_schema_of_a_records_metadata_is_current() {
    current("record-metadata.schema.json", &json(schemars::schema_for!(Metadata)));
}

#[test]
fn the_schema_of_a_metadata_version_is_current() {
    current("record-version.schema.json", &json(schemars::schema_for!(Version)));
}

#[test]
fn the_schema_of_a_journal_entry_is_current() {
    current("journal-entry.schema.json", &json(schemars::schema_for!(Entry)));
}

#[test]
fn the_schema_of_a_retention_policy_is_current() {
    current("retention-policy.schema.json", &json(shosoin::retention::policy_schema()));
}

#[test]
fn a_file_that_is_not_current_is_noticed() {
    assert!(difference("a\nb\n", "a\nb\n").is_none());
    assert_eq!(difference("a\nb\n", "a\nc\n"), Some("line 2 is \"b\", the program says \"c\"".into()));
    assert_eq!(difference("a\n", "a\nc\n"), Some("line 2 is missing, the program says \"c\"".into()));
    assert!(difference("a\nb\n", "a\n").is_some() && difference("a", "a\n").is_some());
}

#[test]
fn every_schema_names_what_it_describes_and_every_member() {
    for name in ["record-metadata", "record-version", "journal-entry", "retention-policy"] {
        let schema: serde_json::Value = serde_json::from_str(&read(&format!("{name}.schema.json"))).unwrap();
        let members = schema["properties"].as_object().unwrap();
        assert!(schema["description"].is_string(), "{name} does not say what it describes");
        assert!(members.len() >= 5, "{name} describes {} members", members.len());
    }
}

#[test]
fn the_page_of_the_store_speaks_of_every_table() {
    let page = read("store.md");
    let missing: Vec<_> =
        Table::ALL.iter().filter(|table| !page.contains(&format!("| `{}` |", table.name()))).collect();
    assert!(missing.is_empty(), "schema/store.md has no line for {missing:?}");
    let page = read("rows.md");
    let missing: Vec<_> =
        Table::ALL.iter().filter(|table| !page.contains(&format!("`{}`", table.name()))).collect();
    assert!(missing.is_empty(), "schema/rows.md does not speak of {missing:?}");
}

#[test]
fn the_page_of_the_journal_names_every_act() {
    let page = read("journal.md");
    let missing: Vec<_> = Act::ALL.iter().filter(|act| !page.contains(&format!("`{act}`"))).collect();
    assert!(missing.is_empty(), "schema/journal.md does not name {missing:?}");
}

#[test]
fn the_index_of_formats_names_every_page() {
    let index = read("README.md");
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            name == "README.md" || index.contains(&format!("`{name}`")),
            "schema/README.md does not name {name}"
        );
    }
}

#[test]
fn a_stranger_accepts_a_complete_journal_and_a_selection_with_proofs() {
    for extract in ["complete.jsonl", "selection.jsonl"] {
        let Some((code, talk)) = verify(extract, "checkpoint.txt", "vkey.txt") else { return };
        assert_eq!(code, Some(0), "{extract}: {talk}");
    }
}

#[test]
fn a_stranger_refuses_a_journal_that_was_tampered_with() {
    let Some((code, talk)) = verify("tampered.jsonl", "checkpoint.txt", "vkey.txt") else { return };
    assert_eq!(code, Some(1), "{talk}");
}

#[test]
fn a_stranger_refuses_a_checkpoint_of_another_key() {
    let Some((code, talk)) = verify("complete.jsonl", "checkpoint.txt", "python-vkey.txt") else { return };
    assert_eq!(code, Some(1), "{talk}");
}

/// Exit code and words of `verify_journal.py`, which was written from `schema/journal.md` alone.
fn verify(extract: &str, checkpoint: &str, vkey: &str) -> Option<(Option<i32>, String)> {
    let fixture = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/journal").join(name);
        path.into_os_string().into_string().unwrap()
    };
    let (extract, checkpoint, vkey) = (fixture(extract), fixture(checkpoint), fixture(vkey));
    let arguments = [extract.as_str(), "--checkpoint", &checkpoint, "--vkey", &vkey];
    let output = python::second_implementation("verify_journal.py", &arguments)?;
    let talk = [output.stdout, output.stderr].concat();
    Some((output.status.code(), String::from_utf8_lossy(&talk).into_owned()))
}

/// Fails when the kept file differs from what the program says; writes it instead where that was asked for.
fn current(name: &str, generated: &str) {
    if std::env::var_os("SHOSOIN_WRITE_SCHEMAS").is_some() {
        return fs::write(folder().join(name), generated).unwrap();
    }
    if let Some(difference) = difference(&read(name), generated) {
        panic!("schema/{name}: {difference}; if the change is meant, run `make schemas`");
    }
}

/// The first line in which two texts differ.
fn difference(kept: &str, generated: &str) -> Option<String> {
    if kept == generated {
        return None;
    }
    let (mut kept, mut generated) = (kept.lines(), generated.lines());
    let say = |line: Option<&str>| line.map_or("missing".to_owned(), |line| format!("{line:?}"));
    for number in 1.. {
        match (kept.next(), generated.next()) {
            (None, None) => return Some("the end of the last line differs".into()),
            (a, b) if a != b => {
                return Some(format!("line {number} is {}, the program says {}", say(a), say(b)));
            }
            _ => {}
        }
    }
    None
}

fn json(schema: schemars::Schema) -> String {
    serde_json::to_string_pretty(&schema).unwrap() + "\n"
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schema")
}

fn read(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("schema/{name}: {error}"))
}
