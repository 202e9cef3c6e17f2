//! The sealed format outlives the code: old files stay readable, and a second implementation reads new ones.
//!
//! The second implementation is Python (`tests/support/python.rs`).

#[path = "support/python.rs"]
mod python;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use shosoin::seal::{
    self, Compression, Dek, Hardness, Kek, Keks, PassKey, Passphrase, Purpose, SealError, SealedView,
    key_file, share,
};
use zeroize::Zeroizing;

const PURPOSES: [Purpose; 5] =
    [Purpose::Content, Purpose::Metadata, Purpose::JournalDetails, Purpose::IndexFile, Purpose::Secret];

#[test]
fn the_oldest_sealed_objects_still_open() {
    let index = index();
    let objects = index["objects"].as_array().unwrap();
    assert!(objects.len() >= 5);
    for object in objects {
        let name = text(&object["name"]);
        let (dek, context) = (Dek::from_bytes(Zeroizing::new(hex(&object["dek"]))), hex(&object["context"]));
        let purpose = purpose(&object["purpose"]);
        let sealed = fs::read(fixture(&format!("{name}.sealed"))).unwrap();
        let plain = fs::read(fixture(text(&object["plaintext"]))).unwrap();
        assert_eq!(seal::unseal(&dek, purpose, &context, &sealed).unwrap(), plain, "{name}");
        match SealedView::open(&dek, purpose, &context, &sealed) {
            Ok(view) => assert_eq!(view.read_range(0..plain.len() as u64).unwrap(), plain, "{name}"),
            Err(error) => assert_eq!((error, name), (SealError::Compressed, "v1-zstd")),
        }
    }
}

#[test]
fn the_oldest_key_file_still_opens_the_oldest_wrapped_keys() {
    let index = index();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kek");
    fs::copy(fixture("v1.key"), &path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let kek = key_file::load(&path).unwrap();
    for wrapped in index["wrapped"].as_array().unwrap() {
        let bytes = hex::<69>(&wrapped["wrapped"]);
        assert_eq!(seal::kek_of(&bytes).unwrap(), kek.id());
        let dek = kek.unwrap(&bytes, &hex(&wrapped["context"])).unwrap();
        let expected = Dek::from_bytes(Zeroizing::new(hex(&wrapped["dek"])));
        assert_eq!(dek.derive("compare").as_bytes(), expected.derive("compare").as_bytes());
    }
}

#[test]
fn a_key_file_under_a_passphrase_opens_however_the_words_are_typed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kek");
    fs::copy(fixture("v2.key"), &path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    // As a keyboard that composes its characters (が of か and a mark) and an ideographic space would give it.
    let decomposed = "正倉院の鍵は\u{3000}古い蔵にあります今も";
    for words in ["正倉院の鍵は 古い蔵にあります今も", decomposed] {
        let ask = |_: &Path| Passphrase::new(words).map_err(|error| error.to_string());
        let keys = key_file::KeyFile::open(&path, &ask).unwrap().keks;
        let oldest = fixture("v1.key");
        let v1 = dir.path().join("v1");
        fs::copy(oldest, &v1).unwrap();
        fs::set_permissions(&v1, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(keys.first().id(), key_file::load(&v1).unwrap().id());
        assert_eq!(keys.ids().len(), 2);
    }
    let wrong = |_: &Path| Ok(Passphrase::new("正倉院の鍵は古い蔵にあります今も").unwrap());
    let refused = key_file::KeyFile::open(&path, &wrong).unwrap_err();
    assert!(matches!(refused, key_file::KeyFileError::WrongPassphrase(_)), "{refused}");
}

#[test]
fn the_second_implementation_opens_a_key_file_under_a_passphrase() {
    let dir = tempfile::tempdir().unwrap();
    let (path, words) = (dir.path().join("kek"), dir.path().join("words"));
    fs::write(&words, "五つの言葉を ならべたもの です\n").unwrap();
    let passphrase = Passphrase::to_set("五つの言葉を ならべたもの です").unwrap();
    let key = PassKey::new(&passphrase, Hardness::DEFAULT).unwrap();
    let (kek, dek, context) = (Kek::generate().unwrap(), Dek::generate().unwrap(), *b"any sixteen byte");
    let wrapped = to_hex(&kek.wrap(&dek, &context).unwrap());
    let protection = key_file::Protection::Passphrase(std::sync::Arc::new(key));
    let keks = Keks::of([Kek::generate().unwrap(), kek].map(std::sync::Arc::new)).unwrap();
    key_file::KeyFile { keks, protection }.create(&path).unwrap();
    let context = to_hex(&context);
    let files = ["--key-file", path_text(&path), "--passphrase-file", path_text(&words)];
    let Some(output) = unseal_py(&[&files[..], &["--wrapped", &wrapped, "--context", &context]].concat())
    else {
        return;
    };
    let printed = String::from_utf8(success(output)).unwrap();
    let found = Dek::from_bytes(Zeroizing::new(hex(&Value::from(printed.trim()))));
    assert_eq!(found.derive("x").as_bytes(), dek.derive("x").as_bytes());
}

#[test]
fn the_oldest_shares_on_paper_still_restore_their_key() {
    let read = |name: &str| share::Share::parse(&fs::read_to_string(fixture(name)).unwrap()).unwrap();
    let shares = ["kit-v1/share-1.txt", "kit-v1/share-3.qr.txt"].map(read);
    assert_eq!(share::combine(&shares).unwrap().kek.id().to_string(), "16cf5a550cc4c3e6");
}

#[test]
fn the_second_implementation_restores_a_key_from_paper() {
    let dir = tempfile::tempdir().unwrap();
    let kek = Kek::from_bytes(Zeroizing::new([0x5a; 32]));
    let shares = share::split(&kek, 7, 4).unwrap();
    let mut files = Vec::new();
    for (share, scanned) in [(&shares[6], true), (&shares[0], false), (&shares[3], false), (&shares[2], true)]
    {
        let lines: String =
            share.lines().iter().zip(1..).map(|(line, number)| format!("{number}: {}\n", **line)).collect();
        let path = dir.path().join(share.number.to_string());
        fs::write(&path, if scanned { share.qr_text().to_string() } else { lines }).unwrap();
        files.push(path);
    }
    let recover = |files: &[PathBuf]| {
        let files: Vec<_> = files.iter().map(|file| path_text(file)).collect();
        python::second_implementation("recover.py", &files)
    };
    let Some(output) = recover(&files) else { return };
    assert_eq!(String::from_utf8(success(output)).unwrap().trim(), "5a".repeat(32));
    assert!(!recover(&files[..3]).unwrap().status.success());
}

#[test]
fn the_second_implementation_reads_the_oldest_files() {
    let index = index();
    for object in index["objects"].as_array().unwrap() {
        let name = text(&object["name"]);
        let number = object["purpose"].to_string();
        let (dek, context) = (text(&object["dek"]), text(&object["context"]));
        let file = fixture(&format!("{name}.sealed"));
        let arguments = ["--dek", dek, "--context", context, "--purpose", &number, path_text(&file)];
        let plain = fs::read(fixture(text(&object["plaintext"]))).unwrap();
        let Some(output) = unseal_py(&arguments) else { return };
        assert_eq!(success(output), plain, "{name}");
    }
    for wrapped in index["wrapped"].as_array().unwrap() {
        let key_file = fixture("v1.key");
        let (bytes, context) = (text(&wrapped["wrapped"]), text(&wrapped["context"]));
        let arguments = ["--key-file", path_text(&key_file), "--wrapped", bytes, "--context", context];
        let Some(output) = unseal_py(&arguments) else { return };
        let printed = String::from_utf8(success(output)).unwrap();
        assert_eq!(printed.trim(), text(&wrapped["dek"]));
    }
}

#[test]
fn the_second_implementation_reads_what_is_sealed_today() {
    let dir = tempfile::tempdir().unwrap();
    let (key_path, path) = (dir.path().join("kek"), dir.path().join("object"));
    let (kek, dek, context) = (Kek::generate().unwrap(), Dek::generate().unwrap(), *b"any sixteen byte");
    let wrapped = to_hex(&kek.wrap(&dek, &context).unwrap());
    key_file::create(&key_path, kek).unwrap();
    let context_hex = to_hex(&context);
    let common = ["--key-file", path_text(&key_path), "--wrapped", &wrapped, "--context", &context_hex];
    for purpose in PURPOSES {
        let number = (purpose as u8).to_string();
        let object = ["--purpose", &number, path_text(&path)];
        for len in [0, 1, 65_536, 65_537, 300_000] {
            let plain: Vec<u8> = (0..len).map(|i: u32| (i / 7 % 251) as u8).collect();
            let sealed = seal::seal(&dek, purpose, &context, &plain, Compression::IfItHelps).unwrap();
            fs::write(&path, sealed).unwrap();
            let Some(output) = unseal_py(&[&common[..], &object].concat()) else { return };
            assert!(success(output) == plain, "{purpose:?}, {len} bytes");
        }
    }
}

#[test]
fn the_second_implementation_refuses_what_was_altered() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("object");
    let (dek, context) = ([1; 32], [2; 16]);
    let key = Dek::from_bytes(Zeroizing::new(dek));
    let sealed = seal::seal(&key, Purpose::Content, &context, b"abc", Compression::Never).unwrap();
    let (dek, context) = (to_hex(&dek), to_hex(&context));
    // One byte of each field: purpose, codec, reserved, both lengths, salt, ciphertext, tag.
    for at in [5, 6, 8, 23, 31, 40, 48, 60] {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        fs::write(&path, altered).unwrap();
        let arguments = ["--dek", &dek, "--context", &context, "--purpose", "1", path_text(&path)];
        let Some(output) = unseal_py(&arguments) else { return };
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), b"".as_slice()), "byte {at}");
    }
}

fn index() -> Value {
    serde_json::from_slice(&fs::read(fixture("index.json")).unwrap()).unwrap()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/seal").join(name)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn path_text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn purpose(value: &Value) -> Purpose {
    PURPOSES.into_iter().find(|purpose| value == *purpose as u8).unwrap()
}

fn hex<const N: usize>(value: &Value) -> [u8; N] {
    let text = text(value);
    assert_eq!(text.len(), 2 * N);
    std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unseal_py(arguments: &[&str]) -> Option<Output> {
    python::second_implementation("unseal.py", arguments)
}

fn success(output: Output) -> Vec<u8> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
