//! What the end-to-end tests share: a temporary archive, the binary, a running server, and what they are fed.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod backups;
pub mod http;
pub mod pdf;
pub mod python;
pub mod routes;
pub mod server;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A new archive in a directory of its own, which goes away with it.
pub struct Archive {
    home: TempDir,
    pub admin_token: String,
}

impl Archive {
    pub fn new() -> Self {
        let home = TempDir::new().unwrap();
        fs::create_dir(home.path().join("tmp")).unwrap();
        let mut archive = Self { home, admin_token: String::new() };
        let made = archive.json(["init"]);
        archive.admin_token = made["admin_token"].as_str().unwrap().to_owned();
        archive
    }

    pub fn data(&self) -> PathBuf {
        self.home.path().join("archive")
    }

    /// The `TMPDIR` of every command.
    pub fn tmp(&self) -> PathBuf {
        self.home.path().join("tmp")
    }

    /// A path beside the archive, for contracts and exports.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file beside the archive.
    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        command(&self.data(), &self.tmp(), args)
    }

    /// Runs a command with `--json`.
    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        Ran::of(&mut self.command(args))
    }

    /// Runs a command that must succeed, and reads its JSON.
    pub fn json<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Value {
        self.run(args).success()
    }

    /// Deposits one file with the flags given; returns the receipt.
    pub fn deposit(&self, file: &Path, flags: &[&str]) -> Value {
        let mut args = vec![OsStr::new("deposit"), file.as_os_str()];
        args.extend(flags.iter().map(OsStr::new));
        let receipts = self.json(args);
        receipts[0].clone()
    }

    /// The ids that a search finds, in its order.
    pub fn ids(&self, conditions: &[&str]) -> Vec<String> {
        ids_of(&self.json([&["search"], conditions].concat()))
    }

    /// Everything re-derived and compared, with no difference.
    pub fn assert_sound(&self) {
        let fsck = self.json(["fsck"]);
        assert_eq!(fsck["sound"], true, "{fsck}");
        assert_eq!(self.json(["journal", "verify"])["verified"], true);
    }
}

pub fn ids_of(page: &Value) -> Vec<String> {
    page["hits"].as_array().unwrap().iter().map(|hit| text(&hit["id"]).to_owned()).collect()
}

/// The binary with `--json`, in a small and known environment.
pub fn command<S: AsRef<OsStr>>(data: &Path, tmp: &Path, args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shosoin"));
    command.env_clear().env("LC_ALL", "C.UTF-8").env("TMPDIR", tmp).env("PATH", "/usr/bin:/bin");
    command.arg("--data").arg(data).arg("--json").args(args).stdin(Stdio::null());
    command
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Ran {
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let ran = Self { code: output.status.code().unwrap_or(-1), stdout: output.stdout, stderr };
        ran.assert_no_panic(command);
        ran
    }

    /// A panic, or a death by signal, is never an answer.
    fn assert_no_panic(&self, command: &Command) {
        for word in ["panicked at", "RUST_BACKTRACE", "stack backtrace", "Segmentation"] {
            assert!(!self.stderr.contains(word), "{command:?}: {}", self.stderr);
        }
        assert_ne!(self.code, -1, "{command:?} was killed: {}", self.stderr);
    }

    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.shown()))
    }

    pub fn success(&self) -> Value {
        assert_eq!(self.code, 0, "{}", self.shown());
        self.value()
    }

    /// The error of a command that must fail with this exit code: it says what happened in words.
    pub fn failure(&self, exit: i32) -> Failure {
        assert_eq!(self.code, exit, "{}", self.shown());
        let value = self.value();
        let part = |name: &str| value["error"][name].as_str().unwrap_or_default().to_owned();
        let failure = Failure { code: part("code"), message: part("message"), hint: part("hint") };
        assert!(!failure.code.is_empty() && failure.message.len() > 5, "{}", self.shown());
        failure
    }

    fn shown(&self) -> String {
        let stderr: String = self.stderr.chars().take(2_000).collect();
        format!("exit {}: {}{stderr}", self.code, String::from_utf8_lossy(&self.stdout))
    }
}

/// `{"error":{...}}`.
#[derive(Clone, Debug)]
pub struct Failure {
    pub code: String,
    pub message: String,
    pub hint: String,
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// A second implementation must find everything in order.
pub fn accepted_by(script: &str, args: &[&str]) {
    let Some(output) = python::second_implementation(script, args) else { return };
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script} {args:?}: {said}");
}

/// All files below a directory. Files that vanish meanwhile are left out.
pub fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        let Ok(entries) = fs::read_dir(&directory) else { continue };
        for entry in entries.flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => waiting.push(entry.path()),
                Ok(kind) if kind.is_file() => found.push(entry.path()),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// Copies a directory with its permissions; sockets are left out.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (kind, target) = (entry.file_type().unwrap(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &target);
        } else if kind.is_file() {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Numbers that look random and are the same in every run (SplitMix64).
pub struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.below(256) as u8).collect()
    }
}
