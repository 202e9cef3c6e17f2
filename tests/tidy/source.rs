//! Reading source files for the house rules: which bytes of a Rust file are code, and which of those are tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// One file of the project.
pub struct Source {
    /// From the project's root, with `/`.
    pub path: String,
    pub text: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The file's folder below `src/`, or its name without ending: `search` for `src/search/mod.rs`.
    pub fn folder(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        Some(inside.split('/').next()?.trim_end_matches(".rs"))
    }
}

/// Every text file with one of `endings` below `folder`, in the order of their paths.
pub fn sources(root: &Path, folder: &str, endings: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    let mut open = vec![root.join(folder)];
    while let Some(directory) = open.pop() {
        for entry in
            fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted)) {
                let text =
                    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                let path = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.push(Source { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Number of the line, from 1, that holds byte `at`.
pub fn line(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The same text with every byte of comments, strings and characters made a space; line ends stay.
pub fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut masked = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = at + not_code(&text[at..], at.checked_sub(1).map(|before| bytes[before]));
        if end == at {
            // A whole character at a time: what follows is looked at as text.
            at += text[at..].chars().next().map_or(1, char::len_utf8);
            continue;
        }
        masked[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        at = end;
    }
    String::from_utf8(masked).expect("only whole characters are replaced, each by spaces")
}

/// Length of the comment, string or character that `rest` begins with; 0 when it begins with code.
fn not_code(rest: &str, before: Option<u8>) -> usize {
    let upto = |end: Option<usize>| end.unwrap_or(rest.len());
    let within_word = before.is_some_and(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
    if rest.starts_with("//") {
        return upto(rest.find('\n'));
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if rest.starts_with('"') {
        return string(rest);
    }
    if !within_word && (rest.starts_with("r\"") || rest.starts_with("r#") || rest.starts_with("br")) {
        let start = if rest.starts_with('b') { 2 } else { 1 };
        let hashes = rest[start..].bytes().take_while(|byte| *byte == b'#').count();
        if rest[start + hashes..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let body = start + hashes + 1;
            return upto(rest[body..].find(&close).map(|end| body + end + close.len()));
        }
    }
    if rest.starts_with('\'') {
        return character(rest);
    }
    0
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest.as_bytes()[at..rest.len().min(at + 2)] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A character such as `'a'` or `'\n'`; a lifetime is code.
fn character(rest: &str) -> usize {
    let mut after = rest.char_indices().skip(1);
    match after.next() {
        Some((_, '\\')) => rest[3..].find('\'').map_or(rest.len(), |end| 3 + end + 1),
        Some(_) => match after.next() {
            Some((at, '\'')) => at + 1,
            _ => 0,
        },
        None => 0,
    }
}

/// `code` with everything under `#[cfg(test)]` made spaces too.
pub fn without_tests(code: &str) -> String {
    let mut kept = code.as_bytes().to_vec();
    for (start, end) in test_items(code) {
        kept[start..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
    }
    String::from_utf8(kept).expect("items begin and end at ASCII characters")
}

/// Where each item under `#[cfg(test)]` begins and ends.
fn test_items(code: &str) -> Vec<(usize, usize)> {
    const MARK: &str = "#[cfg(test)]";
    let mut items = Vec::new();
    let mut from = 0;
    while let Some(start) = code[from..].find(MARK).map(|at| from + at) {
        let mut depth = 0usize;
        let mut end = code.len();
        for (at, byte) in code.bytes().enumerate().skip(start + MARK.len()) {
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' => depth = depth.saturating_sub(1),
                b'}' if depth == 1 => end = at + 1,
                b'}' => depth = depth.saturating_sub(1),
                b';' if depth == 0 => end = at + 1,
                _ => {}
            }
            if end < code.len() {
                break;
            }
        }
        items.push((start, end));
        from = end;
    }
    items
}

/// Paths of files that are compiled for tests only, as the files above them declare it; a folder ends in `/`.
pub fn test_files(files: &[Source]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let code = code(&file.text);
        for (start, end) in test_items(&code) {
            let Some(name) = module_name(&code[start..end]) else { continue };
            let (folder, stem) = file.path.rsplit_once('/').unwrap_or_default();
            match file.text[start..end].split_once("#[path = \"").and_then(|(_, rest)| rest.split_once('"')) {
                Some((path, _)) => drop(found.insert(format!("{folder}/{path}"))),
                None => {
                    let stem = stem.trim_end_matches(".rs");
                    let below = if ["mod", "lib"].contains(&stem) {
                        folder.into()
                    } else {
                        format!("{folder}/{stem}")
                    };
                    found.insert(format!("{below}/{name}.rs"));
                    found.insert(format!("{below}/{name}/"));
                }
            }
        }
    }
    found
}

/// The name in `mod name;`.
fn module_name(item: &str) -> Option<&str> {
    let name = item.strip_suffix(';')?.trim_end().rsplit_once("mod ")?.1;
    Some(name.trim())
}

/// Whether a file is one of `test_files` or lies below one.
pub fn is_test_file(path: &str, test_files: &BTreeSet<String>) -> bool {
    test_files.contains(path)
        || test_files.iter().any(|folder| folder.ends_with('/') && path.starts_with(folder))
}

#[test]
fn comments_strings_and_characters_are_no_code() {
    let text = "let a = \"x.unwrap() \\\" {\"; // panic!(\nlet b = r#\"todo! \"quoted\" \"#; /* a /* b */ c */ let c = '\"';";
    let masked = code(text);
    assert_eq!((masked.len(), masked.lines().count()), (text.len(), 2));
    assert!(!masked.contains("unwrap") && !masked.contains("panic") && !masked.contains("todo"), "{masked}");
    assert!(masked.contains("let b") && masked.contains("let c"), "{masked}");
    assert_eq!(code("fn f<'a>(x: &'a str) {}"), "fn f<'a>(x: &'a str) {}");
    assert_eq!(code("('\\'', '日', b'x')").replace(' ', ""), "(,,b)");
}

#[test]
fn what_is_under_cfg_test_is_left_out_and_nothing_else() {
    let code = "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { [1; 2]; } }\nfn c() {}\n#[cfg(test)]\nmod d;\nfn e() {}";
    let kept = without_tests(code);
    assert_eq!(kept.split_whitespace().collect::<Vec<_>>().join(" "), "fn a() {} fn c() {} fn e() {}");
}

#[test]
fn files_for_tests_only_are_found_where_they_are_declared() {
    let files = [
        Source::new("src/a/mod.rs", "#[cfg(test)]\nmod suite;\nmod real;"),
        Source::new("src/a/b.rs", "#[cfg(test)]\n#[path = \"b_tests.rs\"]\nmod tests;"),
        Source::new("src/a/c.rs", "#[cfg(test)]\nmod tests;"),
    ];
    let found = test_files(&files);
    for path in ["src/a/suite.rs", "src/a/suite/blobs.rs", "src/a/b_tests.rs", "src/a/c/tests.rs"] {
        assert!(is_test_file(path, &found), "{path}");
    }
    assert!(!is_test_file("src/a/real.rs", &found) && !is_test_file("src/a/c.rs", &found));
}
