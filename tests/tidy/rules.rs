//! One function for each rule: it is given a file and returns what is wrong, with the line.

use std::fmt;

use super::source::{Source, code, line};

/// The folders of `src/`, each allowed to know those before it. Folders of later releases keep their place.
const ORDER: [&str; 19] = [
    "record",
    "seal",
    "journal",
    "store",
    "pdf",
    "pki",
    "panel",
    "evidence",
    "retention",
    "search",
    "backup",
    "report",
    "export",
    "config",
    "archive",
    "jobs",
    "web",
    "cli",
    "telemetry",
];

/// What is used in some folders only, so that it can be replaced there and is read there.
const HOMES: [(&str, &[&str]); 16] = [
    ("rocksdb::", &["store"]),
    ("tantivy::", &["search"]),
    ("lopdf::", &["pdf"]),
    ("krilla::", &["report"]),
    ("aes_gcm::", &["seal", "search"]),
    ("ed25519_dalek::", &["journal"]),
    ("zip::", &["export", "cli"]),
    ("axum::", &["web", "cli"]),
    ("tokio::", &["web", "cli"]),
    ("async fn", &["web", "cli"]),
    ("clap::", &["cli"]),
    ("lettre::", &["jobs"]),
    ("Utc::now", &["archive"]),
    ("SystemTime::now", &["archive"]),
    ("Local::now", &["archive"]),
    // Plain data and pure rules have no files: contents are never written anywhere but sealed (I8).
    ("fs::", &["seal", "store", "pki", "search", "backup", "export", "config", "archive", "web", "cli"]),
];

const FORBIDDEN: [&str; 9] = [
    ".unwrap()",
    "panic!(",
    "todo!(",
    "unimplemented!(",
    "unreachable!(",
    "dbg!(",
    "unwrap_unchecked(",
    "process::exit(",
    "mem::forget(",
];

/// Shortest reason in an `expect`, in characters: a name is no proof.
const MIN_REASON: usize = 15;
/// Shortest purpose of a file, in characters.
const MIN_PURPOSE: usize = 12;

/// Something that is against a rule, and where.
pub struct Violation {
    path: String,
    line: usize,
    what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

fn violation(file: &Source, line: usize, what: impl Into<String>) -> Violation {
    Violation { path: file.path.clone(), line, what: what.into() }
}

/// Every place of `needle` in `text` that does not continue a longer word.
fn words<'a>(text: &'a str, needle: &'a str) -> impl Iterator<Item = usize> + 'a {
    let begins_word = needle.starts_with(|c: char| c.is_ascii_alphanumeric());
    text.match_indices(needle).map(|(at, _)| at).filter(move |at| {
        let before = text[..*at].chars().next_back();
        !(begins_word && before.is_some_and(|c| c == '_' || c.is_ascii_alphanumeric()))
    })
}

/// A folder uses only folders before it.
pub fn directions(file: &Source) -> Vec<Violation> {
    let Some(own) = file.folder().filter(|name| !["lib", "main"].contains(name)) else { return Vec::new() };
    let Some(rank) = ORDER.iter().position(|name| *name == own) else {
        return vec![violation(file, 1, format!("the folder {own} has no place in the order of folders"))];
    };
    let code = code(&file.text);
    let mut found = Vec::new();
    for at in words(&code, "crate::") {
        for name in first_names(&code[at + "crate::".len()..]) {
            let other = ORDER.iter().position(|folder| *folder == name);
            if other.is_none_or(|other| other > rank) {
                found.push(violation(file, line(&code, at), format!("{own} must not know {name}")));
            }
        }
    }
    found
}

/// `super` does not lead out of a folder, past the rule above. Takes shipped code.
pub fn escapes(file: &Source) -> Vec<Violation> {
    let depth = file.path.split('/').count() - if file.path.ends_with("/mod.rs") { 2 } else { 1 };
    let leads_out = words(&file.text, "super::").filter(|at| {
        let rest = &file.text[*at..];
        let supers = (0..).take_while(|n| rest[n * "super::".len()..].starts_with("super::")).count();
        supers >= depth
    });
    leads_out
        .map(|at| violation(file, line(&file.text, at), "super leads out of the folder; say crate::"))
        .collect()
}

/// The first names of a path or of a group of paths: `a` of `a::b`, `a` and `c` of `{a::b, c}`.
fn first_names(rest: &str) -> Vec<&str> {
    let name = |text: &str| text.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    let Some(group) = rest.strip_prefix('{') else { return vec![&rest[..name(rest)]] };
    let (mut depth, mut names, mut start) = (1, Vec::new(), 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && c == ',') {
            let item = group[start..at].trim();
            names.push(&item[..name(item)]);
            start = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// Libraries, clocks and files are used only in the folders named for them. Takes shipped code.
pub fn homes(file: &Source) -> Vec<Violation> {
    let own = file.folder().unwrap_or_default();
    let strays = HOMES.iter().filter(|(_, folders)| !folders.contains(&own));
    let in_code = strays.flat_map(|(name, folders)| {
        let what = format!("{name} belongs to {} only", folders.join(", "));
        words(&file.text, name).map(move |at| violation(file, line(&file.text, at), what.clone()))
    });
    in_code.filter(|_| !["lib", "main"].contains(&own)).collect()
}

/// Calls that end the process on bad input or were meant for a moment only. Takes shipped code.
pub fn forbidden_calls(file: &Source) -> Vec<Violation> {
    let calls = FORBIDDEN.iter().flat_map(|name| words(&file.text, name).map(move |at| (at, name)));
    calls
        .map(|(at, name)| violation(file, line(&file.text, at), format!("{name} in code that ships")))
        .collect()
}

/// `.expect(` carries the reason why it cannot fail. Takes shipped code, and the text it was made from.
pub fn expects_without_reason(file: &Source, text: &str) -> Vec<Violation> {
    let unproven = words(&file.text, ".expect(").filter(|at| {
        let argument = text[at + ".expect(".len()..].trim_start();
        let reason =
            argument.strip_prefix('"').and_then(|rest| rest.split_once('"')).map(|(reason, _)| reason);
        reason.is_none_or(|reason| reason.chars().count() < MIN_REASON)
    });
    unproven
        .map(|at| violation(file, line(&file.text, at), "expect without a reason why it cannot fail"))
        .collect()
}

pub fn unsafe_code(file: &Source) -> Vec<Violation> {
    let code = code(&file.text);
    let keyword = |at: &usize| code[at + "unsafe".len()..].starts_with([' ', '{']);
    let found: Vec<_> = words(&code, "unsafe").filter(keyword).collect();
    found
        .into_iter()
        .map(|at| violation(file, line(&code, at), "unsafe code in a file that is not listed"))
        .collect()
}

/// The compiler forbids `unsafe`: for the whole package in its manifest, or at the root of each crate.
pub fn forbids_unsafe(manifest: &Source, roots: &[String]) -> Vec<Violation> {
    let in_manifest =
        manifest.text.lines().any(|line| line.replace(' ', "").starts_with("unsafe_code=\"forbid\""));
    if in_manifest || roots.iter().all(|root| root.contains("#![forbid(unsafe_code)]")) {
        return Vec::new();
    }
    vec![violation(manifest, 1, "unsafe code is not forbidden: [lints.rust] unsafe_code = \"forbid\"")]
}

/// The first line says what the file is for (the second, where the first is `#!`).
pub fn purpose(file: &Source) -> Vec<Violation> {
    let mut lines = file.text.lines().skip_while(|line| line.starts_with("#!/"));
    let first = lines.next().unwrap_or_default();
    let marks: &[&str] = match file.path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("rs") => &["//! "],
        Some("html") => &["{# ", "{#- ", "<!-- "],
        Some("css") => &["/* "],
        Some("js") => &["// ", "/* "],
        Some("py") => &["\"\"\"", "# "],
        _ => &["# "],
    };
    let said = marks.iter().find_map(|mark| first.strip_prefix(mark)).unwrap_or_default();
    if said.trim().chars().count() >= MIN_PURPOSE {
        return Vec::new();
    }
    vec![violation(file, 1, "the first line does not say what the file is for")]
}

pub fn length(file: &Source, max: usize) -> Vec<Violation> {
    let lines = file.text.lines().count();
    if lines <= max {
        Vec::new()
    } else {
        vec![violation(file, lines, format!("{lines} lines; split it by idea"))]
    }
}

pub fn leftovers(file: &Source) -> Vec<Violation> {
    // Written in two halves, so that this line does not find itself.
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:"), concat!("HA", "CK:")];
    let lines =
        file.text.lines().enumerate().filter(|(_, text)| marks.iter().any(|mark| text.contains(mark)));
    lines
        .map(|(i, _)| violation(file, i + 1, "do it now, or write it into the plan; not into a comment"))
        .collect()
}

/// Files named with a path from the root are there. Names with wildcards or placeholders are left alone.
pub fn dead_pointers(file: &Source, exists: &dyn Fn(&str) -> bool) -> Vec<Violation> {
    const ROOTS: [&str; 7] =
        ["schema/", "src/", "tests/", "benches/", "samples/", "scripts/", "retention-policies/"];
    let path_char = |c: char| c.is_alphanumeric() || "/._-*<>{}㈱".contains(c);
    let mut found = Vec::new();
    for (i, text) in file.text.lines().enumerate() {
        for word in
            text.split(|c| !path_char(c)).filter(|word| ROOTS.iter().any(|root| word.starts_with(root)))
        {
            let path = word.trim_end_matches(['.', '/', ':']);
            let is_file = path.rsplit_once('/').is_some_and(|(_, name)| name.contains('.'));
            if is_file && !path.contains(['*', '<', '{']) && !path.contains("..") && !exists(path) {
                found.push(violation(file, i + 1, format!("{path} is not there")));
            }
        }
    }
    found
}

/// Headings that finance staff and administrators look for are there in both languages.
pub fn both_languages(readme: &Source) -> Vec<Violation> {
    const WANTED: [&str; 8] =
        ["試してみる", "Try it", "運用する", "Run it for real", "控え", "Back up", "法令", "Law"];
    let headings: Vec<_> = readme.text.lines().filter(|line| line.starts_with('#')).collect();
    let missing = WANTED.iter().filter(|word| !headings.iter().any(|heading| heading.contains(*word)));
    missing.map(|word| violation(readme, 1, format!("no heading speaks of {word}"))).collect()
}

/// What nobody may say of this program: no authority has examined it.
pub fn claims(file: &Source) -> Vec<Violation> {
    const CLAIMS: [&str; 6] = [
        "JIIMA認証",
        "法的に有効です",
        "完全準拠",
        "guarantees compliance",
        "certified by",
        "fully compliant",
    ];
    let lines = file.text.lines().enumerate();
    let said = lines
        .filter_map(|(i, text)| CLAIMS.iter().find(|claim| text.contains(*claim)).map(|claim| (i, claim)));
    said.map(|(i, claim)| violation(file, i + 1, format!("claims {claim:?}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rust(path: &str, text: &str) -> Source {
        Source::new(path, text)
    }

    #[test]
    fn looking_down_the_order_is_found_in_every_spelling() {
        for text in [
            "use crate::web::App;",
            "use crate::{record, web::App};",
            "fn f() { crate::cli::main() }",
            "use crate::nowhere::X;",
        ] {
            assert_eq!(directions(&rust("src/store/rocks/mod.rs", text)).len(), 1, "{text}");
        }
        for text in [
            "use crate::record::RecordId;",
            "use crate::store::Batch;",
            "// crate::web::App",
            "use super::super::store::X;",
        ] {
            assert_eq!(directions(&rust("src/store/rocks/view.rs", text)).len(), 0, "{text}");
        }
        assert_eq!(escapes(&rust("src/store/batch.rs", "use super::super::web::App;")).len(), 1);
        assert_eq!(escapes(&rust("src/store/mod.rs", "use super::web::App;")).len(), 1);
        assert_eq!(escapes(&rust("src/store/rocks/view.rs", "use super::super::Batch;")).len(), 0);
        assert_eq!(directions(&rust("src/shed/mod.rs", "")).len(), 1, "a folder without a place");
    }

    #[test]
    fn the_line_of_a_violation_is_told() {
        let found = directions(&rust("src/store/mod.rs", "\n\nuse crate::web::App;\n"));
        assert_eq!(found[0].to_string(), "src/store/mod.rs:3: store must not know web");
    }

    #[test]
    fn strays_are_found() {
        assert_eq!(homes(&rust("src/record/id.rs", "let now = Utc::now();")).len(), 1);
        assert_eq!(homes(&rust("src/archive/mod.rs", "async fn f() {}")).len(), 1);
        assert_eq!(homes(&rust("src/store/rocks/mod.rs", "use rocksdb::DB; use my_tokio::x;")).len(), 0);
    }

    #[test]
    fn calls_that_panic_are_found() {
        assert_eq!(forbidden_calls(&rust("a.rs", "x.unwrap(); panic!(); todo!(); y.unwrap_or(1);")).len(), 3);
        let text = "a.expect(\"short\"); b.expect(reason); c.expect(\n \"the loop above has put one in\");";
        assert_eq!(expects_without_reason(&rust("a.rs", &code(text)), text).len(), 2);
    }

    #[test]
    fn unsafe_code_is_found_and_the_lint_is_asked_for() {
        assert_eq!(
            unsafe_code(&rust("a.rs", "unsafe { f() } // unsafe {\n#![forbid(unsafe_code)]")).len(),
            1
        );
        let manifest = |text| Source::new("Cargo.toml", text);
        assert_eq!(forbids_unsafe(&manifest(""), &["".into()]).len(), 1);
        assert_eq!(forbids_unsafe(&manifest("unsafe_code = \"forbid\""), &["".into()]).len(), 0);
        assert_eq!(forbids_unsafe(&manifest(""), &["#![forbid(unsafe_code)]".into()]).len(), 0);
    }

    #[test]
    fn a_file_without_a_purpose_is_found() {
        assert_eq!(purpose(&rust("a.rs", "use x;\n//! Late.")).len(), 1);
        assert_eq!(purpose(&rust("a.rs", "//! Ids.")).len(), 1, "says nothing");
        assert_eq!(purpose(&rust("a.rs", "//! Ids of records.")).len(), 0);
        assert_eq!(purpose(&rust("a.py", "#!/usr/bin/env python3\n\"\"\"Opens sealed objects.")).len(), 0);
        assert_eq!(purpose(&rust("a.html", "<html>")).len(), 1);
        assert_eq!(purpose(&rust("a.html", "{# The page of one record. #}")).len(), 0);
    }

    #[test]
    fn long_files_and_leftovers_are_found() {
        assert_eq!(length(&rust("a.rs", "\n\n\n"), 2).len(), 1);
        assert_eq!(length(&rust("a.rs", "\n\n"), 2).len(), 0);
        assert_eq!(leftovers(&rust("a.rs", concat!("// TO", "DO: later"))).len(), 1);
    }

    #[test]
    fn pointers_to_nowhere_are_found() {
        let there = |path: &str| path == "schema/store.md";
        let check = |text| dead_pointers(&rust("a.md", text), &there).len();
        assert_eq!(check("See `schema/store.md`, and schema/*.json, and schema/."), 0);
        assert_eq!(check("See `schema/shed.md`."), 1);
    }

    #[test]
    fn a_missing_language_and_a_claim_are_found() {
        assert!(!both_languages(&rust("README.md", "# Try it\n")).is_empty());
        assert_eq!(claims(&rust("README.md", "It is certified by nobody.")).len(), 1);
    }
}
