//! Key files: written once, read back, and refused by name when anything is wrong with them.

use super::*;

fn kek() -> Kek {
    Kek::from_bytes(Zeroizing::new(std::array::from_fn(|i| i as u8)))
}

fn text() -> String {
    render(&kek()).to_string()
}

fn error(text: &str) -> String {
    parse(Path::new("k"), text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn a_created_key_file_loads_and_only_its_owner_can_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kek");
    create(&path, &kek()).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(load(&path).unwrap().secret().bytes(), kek().secret().bytes());
}

#[test]
fn creating_never_overwrites() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kek");
    fs::write(&path, "precious").unwrap();
    assert!(matches!(create(&path, &kek()), Err(KeyFileError::Exists(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn a_file_that_others_can_read_is_refused_with_the_command_that_helps() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kek");
    create(&path, &kek()).unwrap();
    for mode in [0o640, 0o604, 0o620, 0o601, 0o777] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let message = load(&path).unwrap_err().to_string();
        assert!(
            message.contains(&format!("(mode {mode:o}); run: chmod 600 '{}'", path.display())),
            "{message}"
        );
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    assert!(load(&path).is_ok());
}

#[test]
fn what_is_not_a_small_regular_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(load(dir.path()), Err(KeyFileError::NotAFile(_))));
    assert!(matches!(load(&dir.path().join("none")), Err(KeyFileError::Io { .. })));
    let path = dir.path().join("big");
    fs::write(&path, format!("{}{}", text(), "#".repeat(4096))).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(load(&path).unwrap_err().to_string().contains("longer than 4096 bytes"));
}

#[test]
fn the_file_explains_itself_in_both_languages() {
    let text = text();
    assert!(text.contains("can read every contract"));
    assert!(text.contains("二度と読めません"));
    assert!(text.contains(&format!("# key id: {}", kek().id())));
    assert!(text.len() < 4096 / 2);
}

#[test]
fn a_copy_typed_from_paper_may_differ_in_case_and_line_ends() {
    let upper = text().replace('\n', "\r\n").to_uppercase();
    assert_eq!(parse(Path::new("k"), upper.as_bytes()).unwrap().id(), kek().id());
    let bare = text().lines().last().unwrap().to_owned();
    assert_eq!(parse(Path::new("k"), bare.as_bytes()).unwrap().id(), kek().id());
}

#[test]
fn each_wrong_shape_is_named() {
    let line = text().lines().last().unwrap().to_owned();
    assert!(error("# only comments\n").contains("has no key line"));
    assert!(error(&format!("{line}\n{line}\n")).contains("more than one line"));
    assert!(error("hello").contains("does not begin with SHOSOIN-KEK-"));
    assert!(error("SHOSOIN-KEK-1").contains("incomplete"));
    assert!(error(&line.replace("KEK-1-", "KEK-2-")).contains("format version 2"));
    assert!(error(&line.replace("KEK-1-", "KEK-x-")).contains("no version number"));
    assert!(error(&line.replace("KEK-1-00", "KEK-1-")).contains("not 64 hex digits"));
    assert!(error(&line.replace("KEK-1-00", "KEK-1-+0")).contains("not 64 hex digits"));
    assert!(error(&line[..line.len() - 1]).contains("does not end in a key id"));
}

#[test]
fn every_changed_digit_is_noticed_and_no_message_repeats_the_key() {
    let line = text().lines().last().unwrap().to_owned();
    for at in "SHOSOIN-KEK-1-".len()..line.len() {
        let digit = if line.as_bytes()[at] == b'7' { "8" } else { "7" };
        let message = error(&format!("{}{digit}{}", &line[..at], &line[at + 1..]));
        assert!(!message.contains("0405060708"), "{message}");
    }
}
