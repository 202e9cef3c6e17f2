//! The rules of the house, as tests: who may know whom, what code must not do, what documents must say.
//!
//! Each rule is a function from text to violations (`tidy/rules.rs`) with tests that show that it can fail. A rule that is
//! in the way is discussed and changed here; there is no way around it in the code.

#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/source.rs"]
mod source;

use std::collections::BTreeSet;
use std::path::Path;

use rules::Violation;
use source::{Source, code, is_test_file, sources, test_files, without_tests};

/// Longest file, in lines.
const MAX_LINES: usize = 450;
/// Files that may be longer, each with the reason.
const LONG_FILES: [(&str, &str); 0] = [];
/// Files that may hold `unsafe` code, each with the reason.
const UNSAFE_FILES: [(&str, &str); 0] = [];

#[test]
fn folders_know_only_those_above_them() {
    none(source_code().iter().flat_map(rules::directions));
    none(shipped_code().iter().flat_map(rules::escapes));
}

#[test]
fn libraries_stay_in_the_folders_that_wrap_them() {
    none(shipped_code().iter().flat_map(rules::homes));
}

#[test]
fn code_that_ships_neither_panics_nor_leaves_traces() {
    let whole = source_code();
    none(shipped_code().iter().flat_map(|file| {
        let text = &whole.iter().find(|other| other.path == file.path).expect("the same files").text;
        let mut found = rules::forbidden_calls(file);
        found.extend(rules::expects_without_reason(file, text));
        found
    }));
}

#[test]
fn unsafe_code_is_only_where_it_is_listed_and_forbidden_elsewhere() {
    none(source_code().iter().filter(|file| !listed(&file.path, &UNSAFE_FILES)).flat_map(rules::unsafe_code));
    let manifest = Source::new("Cargo.toml", &read("Cargo.toml"));
    none(rules::forbids_unsafe(&manifest, &[read("src/lib.rs"), read("src/main.rs")]));
}

#[test]
fn every_file_says_first_what_it_is_for() {
    none(all(&["rs", "html", "css", "toml", "py", "js"]).iter().flat_map(rules::purpose));
}

#[test]
fn no_file_grows_beyond_what_one_can_read() {
    let files = all(&["rs", "html", "css", "py", "js"]);
    none(
        files
            .iter()
            .filter(|file| !listed(&file.path, &LONG_FILES))
            .flat_map(|file| rules::length(file, MAX_LINES)),
    );
    let stale = LONG_FILES.iter().filter(|(path, _)| files.iter().all(|file| file.path != *path));
    assert_eq!(stale.count(), 0, "LONG_FILES names a file that is gone");
}

#[test]
fn nothing_is_left_to_be_done_later_in_a_comment() {
    none(all(&["rs", "html", "css", "toml", "py", "js", "md"]).iter().flat_map(rules::leftovers));
}

#[test]
fn files_that_text_points_to_exist() {
    let mut files = all(&["rs", "html", "toml", "py", "md"]);
    files.extend(sources(root(), "schema", &["md"]));
    // The rules' own tests speak of files that are nowhere.
    files.retain(|file| !file.path.starts_with("tests/tidy"));
    for path in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "THREATS.md", "Makefile", "deny.toml"] {
        files.push(Source::new(path, &read(path)));
    }
    let exists = |path: &str| root().join(path).exists();
    none(files.iter().flat_map(|file| rules::dead_pointers(file, &exists)));
}

#[test]
fn the_readme_speaks_japanese_and_english_and_never_claims_compliance() {
    let readme = Source::new("README.md", &read("README.md"));
    none(rules::both_languages(&readme));
    let mut texts = all(&["rs", "html"]);
    texts.extend([readme, Source::new("CHANGELOG.md", &read("CHANGELOG.md"))]);
    // This file and its rules have to name what they look for.
    texts.retain(|file| !file.path.starts_with("tests/tidy"));
    none(texts.iter().flat_map(rules::claims));
}

#[test]
fn every_folder_is_on_the_map() {
    let map = read("ARCHITECTURE.md");
    let folders: BTreeSet<_> =
        source_code().iter().filter_map(|file| file.folder().map(str::to_owned)).collect();
    let missing: Vec<_> = folders.iter().filter(|name| !map.contains(&format!("`{name}"))).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md does not speak of {missing:?}");
}

fn none(violations: impl IntoIterator<Item = Violation>) {
    let found: Vec<String> = violations.into_iter().map(|violation| violation.to_string()).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn listed(path: &str, list: &[(&str, &str)]) -> bool {
    list.iter().any(|(name, _)| *name == path)
}

fn all(endings: &[&str]) -> Vec<Source> {
    ["src", "tests", "benches"].iter().flat_map(|folder| sources(root(), folder, endings)).collect()
}

/// Every Rust file of the program, as written.
fn source_code() -> Vec<Source> {
    sources(root(), "src", &["rs"])
}

/// The program without its tests, comments and strings made spaces.
fn shipped_code() -> Vec<Source> {
    let files = source_code();
    let tests = test_files(&files);
    let shipped = files.iter().filter(|file| !is_test_file(&file.path, &tests));
    shipped.map(|file| Source::new(&file.path, &without_tests(&code(&file.text)))).collect()
}

#[test]
fn what_ships_is_told_from_what_tests() {
    let (files, shipped) = (source_code(), shipped_code());
    assert!(shipped.len() > 100 && shipped.len() < files.len(), "{} of {}", shipped.len(), files.len());
    assert!(shipped.iter().any(|file| file.path == "src/store/memory.rs"));
    assert!(!shipped.iter().any(|file| file.path == "src/store/suite.rs"));
}
