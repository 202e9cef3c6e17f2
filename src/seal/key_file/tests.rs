//! Key files: written once, read back, and refused by name when anything is wrong with them.

use super::*;

fn kek() -> Kek {
    Kek::from_bytes(Zeroizing::new(std::array::from_fn(|i| i as u8)))
}

fn second() -> Arc<Kek> {
    Arc::new(Kek::from_bytes(Zeroizing::new([7; 32])))
}

fn text() -> String {
    text::render(&Keks::new(kek()), &Protection::None).unwrap().to_string()
}

fn parse(text: &str) -> Result<Keks, KeyFileError> {
    match text::parse(Path::new("k"), text.as_bytes())? {
        text::Parsed::Plain(keks) => Ok(keks),
        text::Parsed::Sealed(_) => panic!("it has a passphrase"),
    }
}

fn error(text: &str) -> String {
    text::parse(Path::new("k"), text.as_bytes()).err().unwrap().to_string()
}

/// Quick to compute; a file may say so.
fn protection(words: &str) -> Protection {
    let hardness = Hardness { memory_kib: 64, passes: 1, lanes: 1 };
    Protection::Passphrase(Arc::new(PassKey::new(&Passphrase::new(words).unwrap(), hardness).unwrap()))
}

fn answer(words: &str) -> impl Fn(&Path) -> Result<Passphrase, String> {
    move |_| Passphrase::new(words).map_err(|error| error.to_string())
}

#[test]
fn a_created_key_file_loads_and_only_its_owner_can_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kek");
    create(&path, kek()).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(load(&path).unwrap().secret().bytes(), kek().secret().bytes());
}

#[test]
fn creating_never_overwrites() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kek");
    fs::write(&path, "precious").unwrap();
    assert!(matches!(create(&path, kek()), Err(KeyFileError::Exists(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn a_file_that_others_can_read_is_refused_with_the_command_that_helps() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kek");
    create(&path, kek()).unwrap();
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
    assert_eq!(parse(&upper).unwrap().first().id(), kek().id());
    let bare = text().lines().last().unwrap().to_owned();
    assert_eq!(parse(&bare).unwrap().first().id(), kek().id());
}

#[test]
fn each_wrong_shape_is_named() {
    let line = text().lines().last().unwrap().to_owned();
    assert!(error("# only comments\n").contains("has no key line"));
    assert!(error(&format!("{line}\n").repeat(9)).contains("more than eight lines"));
    assert!(error("hello").contains("does not begin with SHOSOIN-KEK-"));
    assert!(error("SHOSOIN-KEK-1").contains("incomplete"));
    assert!(error(&line.replace("KEK-1-", "KEK-3-")).contains("format version 3"));
    assert!(error(&line.replace("KEK-1-", "KEK-2-")).contains("incomplete"));
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

#[test]
fn a_file_holds_the_key_before_a_rotation_beside_the_one_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kek");
    for protection in [Protection::None, protection("open sesame")] {
        let keks = Keks::of([Arc::new(kek()), second()]).unwrap();
        KeyFile { keks, protection }.create(&path).unwrap();
        let back = KeyFile::open(&path, &answer("open sesame")).unwrap();
        assert_eq!(back.keks.ids(), [kek().id(), second().id()]);
        assert_eq!(back.keks.first().secret().bytes(), kek().secret().bytes());
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_key_under_a_passphrase_is_not_in_the_file_and_opens_with_these_words_only() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kek");
    let keks = Keks::new(kek());
    KeyFile { keks, protection: protection("open sesame") }.create(&path).unwrap();
    let written = fs::read_to_string(&path).unwrap();
    assert!(!written.contains("0001020304050607"), "{written}");
    assert!(written.contains("復旧キット") && written.contains("forgets the passphrase"));
    let wrong = KeyFile::open(&path, &answer("open, sesame")).unwrap_err();
    assert!(matches!(wrong, KeyFileError::WrongPassphrase(_)));
    assert!(wrong.to_string().contains("type it again"));
    assert!(matches!(load(&path), Err(KeyFileError::NoPassphrase { .. })));
    assert!(written.len() < 4096 / 2);
}

#[test]
fn every_changed_character_of_a_protected_key_line_is_noticed() {
    let keks = Keks::new(kek());
    let protection = protection("open sesame");
    let line = text::render(&keks, &protection).unwrap().lines().last().unwrap().to_owned();
    let dir = tempfile::tempdir().unwrap();
    for at in 0..line.len() {
        let digit = if line.as_bytes()[at] == b'2' { '3' } else { '2' };
        let path = dir.path().join(format!("{at}"));
        fs::write(&path, format!("{}{digit}{}", &line[..at], &line[at + 1..])).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(KeyFile::open(&path, &answer("open sesame")).is_err(), "character {at}");
    }
}

#[test]
fn a_hostile_file_cannot_ask_for_memory_or_time_without_end() {
    let tail = format!("{}-{}-{}-{}", "0".repeat(32), "0".repeat(24), "0".repeat(96), kek().id());
    let line = |hardness: &str| format!("SHOSOIN-KEK-2-{hardness}-{tail}");
    for hardness in ["1048577-3-4", "65536-17-4", "65536-3-17", "65536-0-4", "7-1-1", "999999999-1-1"] {
        assert!(error(&line(hardness)).contains("more than any release wrote"), "{hardness}");
    }
    for hardness in ["9999999999-1-1", "+64-1-1", "-1-1-1", "64-1"] {
        assert!(error(&line(hardness)).contains("is not a key file"), "{hardness}");
    }
    let other = line("64-1-1").replacen("-0000", "-1000", 1);
    assert!(error(&format!("{}\n{other}", line("64-1-1"))).contains("different passphrases"));
    assert!(error(&format!("{}\n{}", line("64-1-1"), text())).contains("some have none"));
}

#[test]
fn replacing_is_whole_keeps_links_and_refuses_what_changed_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let (path, link) = (dir.path().join("kek"), dir.path().join("link"));
    create(&path, kek()).unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    fs::write(dir.path().join("kek.new"), "left by somebody who was killed").unwrap();
    let more = |keks: Keks| Keks::of(keks.iter().cloned().chain([second()])).unwrap();
    let new = protection("open sesame");
    KeyFile::replace(&link, &Protection::None, &new, more).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(inspect(&path).unwrap().0, 0o600);
    assert!(!dir.path().join("kek.new").exists());
    let open = || KeyFile::open(&path, &answer("open sesame")).unwrap();
    assert_eq!(open().keks.ids(), [kek().id(), second().id()]);
    for stale in [Protection::None, protection("open sesame")] {
        let refused = KeyFile::replace(&path, &stale, &stale, |keks| keks).unwrap_err();
        assert!(matches!(refused, KeyFileError::Changed(_)));
    }
    KeyFile::replace(&path, &open().protection, &Protection::None, |keks| keks).unwrap();
    assert_eq!(load(&path).unwrap().id(), kek().id());
}

#[test]
fn two_cannot_replace_it_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kek");
    create(&path, kek()).unwrap();
    let busy = File::open(dir.path()).unwrap();
    busy.lock().unwrap();
    let refused = KeyFile::replace(&path, &Protection::None, &Protection::None, |keks| keks);
    assert!(matches!(refused.unwrap_err(), KeyFileError::Busy(_)));
}
