//! A Python for the second implementations: the system's if it has their packages, else a virtual environment.
//!
//! Where there is no Python, say so with `SHOSOIN_NO_PYTHON=1`; without that variable its absence is a failure, so
//! that the checks cannot vanish unnoticed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// Runs a script of `tests/second_implementation/`; `None` only when the caller said that there is no Python.
pub fn second_implementation(script: &str, arguments: &[&str]) -> Option<Output> {
    let script = folder().join(script);
    let mut command = Command::new(python()?);
    Some(command.arg(script).args(arguments).output().expect("a Python that ran before runs again"))
}

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
    let venv = temp.join("second-implementation");
    let own = venv.join("bin/python");
    // Several test programs may come here at once; they must not install over each other.
    let lock =
        File::create(temp.join("second-implementation.lock")).expect("the folder for test files is writable");
    lock.lock().expect("the lock of the virtual environment");
    if let Some(ready) = [&system, &own].into_iter().find(|python| has_packages(python)) {
        return ready.clone();
    }
    let help = "run scripts/setup-debian.sh, or install Python 3 with its venv module, \
                or set SHOSOIN_NO_PYTHON=1 to go without";
    let run = |command: &mut Command| {
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; {help}"));
        assert!(output.status.success(), "{command:?}: {}; {help}", String::from_utf8_lossy(&output.stderr));
    };
    run(Command::new(&system).args(["-m", "venv", "--clear"]).arg(&venv));
    let requirements = folder().join("requirements.txt");
    run(Command::new(&own).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(requirements));
    assert!(has_packages(&own), "the packages were installed but cannot be imported; {help}");
    own
}

fn has_packages(python: &Path) -> bool {
    let output = Command::new(python).args(["-c", "import cryptography, zstandard"]).output();
    output.is_ok_and(|output| output.status.success())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/second_implementation")
}
