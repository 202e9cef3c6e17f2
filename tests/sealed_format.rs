//! The sealed format outlives the code: old files stay readable, and a second implementation reads new ones.
//!
//! The second implementation is Python. Where there is none, say so with `SHOSOIN_NO_PYTHON=1`; without
//! that variable its absence is a failure, so that the check cannot vanish unnoticed.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;
use shosoin::seal::{self, Compression, Dek, Kek, Purpose, SealError, SealedView, key_file};
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
fn the_second_implementation_reads_the_oldest_files() {
    let Some(python) = python() else { return };
    let index = index();
    for object in index["objects"].as_array().unwrap() {
        let name = text(&object["name"]);
        let number = object["purpose"].to_string();
        let (dek, context) = (text(&object["dek"]), text(&object["context"]));
        let file = fixture(&format!("{name}.sealed"));
        let arguments = ["--dek", dek, "--context", context, "--purpose", &number, path_text(&file)];
        let plain = fs::read(fixture(text(&object["plaintext"]))).unwrap();
        assert_eq!(success(unseal_py(python, &arguments)), plain, "{name}");
    }
    for wrapped in index["wrapped"].as_array().unwrap() {
        let key_file = fixture("v1.key");
        let (bytes, context) = (text(&wrapped["wrapped"]), text(&wrapped["context"]));
        let arguments = ["--key-file", path_text(&key_file), "--wrapped", bytes, "--context", context];
        let printed = String::from_utf8(success(unseal_py(python, &arguments))).unwrap();
        assert_eq!(printed.trim(), text(&wrapped["dek"]));
    }
}

#[test]
fn the_second_implementation_reads_what_is_sealed_today() {
    let Some(python) = python() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (key_path, path) = (dir.path().join("kek"), dir.path().join("object"));
    let (kek, dek, context) = (Kek::generate().unwrap(), Dek::generate().unwrap(), *b"any sixteen byte");
    key_file::create(&key_path, &kek).unwrap();
    let wrapped = to_hex(&kek.wrap(&dek, &context).unwrap());
    let context_hex = to_hex(&context);
    let common = ["--key-file", path_text(&key_path), "--wrapped", &wrapped, "--context", &context_hex];
    for purpose in PURPOSES {
        let number = (purpose as u8).to_string();
        let object = ["--purpose", &number, path_text(&path)];
        for len in [0, 1, 65_536, 65_537, 300_000] {
            let plain: Vec<u8> = (0..len).map(|i: u32| (i / 7 % 251) as u8).collect();
            let sealed = seal::seal(&dek, purpose, &context, &plain, Compression::IfItHelps).unwrap();
            fs::write(&path, sealed).unwrap();
            let output = success(unseal_py(python, &[&common[..], &object].concat()));
            assert!(output == plain, "{purpose:?}, {len} bytes");
        }
    }
}

#[test]
fn the_second_implementation_refuses_what_was_altered() {
    let Some(python) = python() else { return };
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
        let output = unseal_py(python, &arguments);
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

fn unseal_py(python: &Path, arguments: &[&str]) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/second_implementation/unseal.py");
    Command::new(python).arg(script).args(arguments).output().unwrap()
}

fn success(output: Output) -> Vec<u8> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A Python that has what `unseal.py` needs; `None` only when the caller said that there is none.
fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    if std::env::var_os("SHOSOIN_NO_PYTHON").is_some() {
        eprintln!("SHOSOIN_NO_PYTHON is set: the second implementation was not run");
        return None;
    }
    Some(PYTHON.get_or_init(find_or_install))
}

fn find_or_install() -> PathBuf {
    let system = PathBuf::from("python3");
    let temp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let venv = temp.join("unseal-venv");
    let own = venv.join("bin/python");
    // Test runners that start one process per test must not install over each other.
    let lock = File::create(temp.join("unseal-venv.lock")).unwrap();
    lock.lock().unwrap();
    if let Some(ready) = [&system, &own].into_iter().find(|python| has_packages(python)) {
        return ready.clone();
    }
    let help = "install Python 3 with its venv module, or set SHOSOIN_NO_PYTHON=1 to go without";
    let run = |command: &mut Command| {
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; {help}"));
        assert!(output.status.success(), "{command:?}: {}; {help}", String::from_utf8_lossy(&output.stderr));
    };
    let requirements =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/second_implementation/requirements.txt");
    run(Command::new(&system).args(["-m", "venv", "--clear"]).arg(&venv));
    run(Command::new(&own).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(requirements));
    assert!(has_packages(&own), "the packages of unseal.py were installed but cannot be imported; {help}");
    own
}

fn has_packages(python: &Path) -> bool {
    let output = Command::new(python).args(["-c", "import cryptography, zstandard"]).output();
    output.is_ok_and(|output| output.status.success())
}
