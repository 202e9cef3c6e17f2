//! Where a passphrase comes from: a file, what systemd hands over, or the terminal. Never the command line, which
//! everybody on the machine can read.

use std::fs::File;
use std::io::{IsTerminal as _, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::CliError;
use crate::archive::{KeySource, Options};
use crate::seal::{BadPassphrase, Passphrase};

/// Names a file that holds the passphrase; `/dev/fd/3` is one that the caller left open.
const FILE_VARIABLE: &str = "SHOSOIN_PASSPHRASE_FILE";
/// The same for a passphrase that is being set.
const NEW_FILE_VARIABLE: &str = "SHOSOIN_NEW_PASSPHRASE_FILE";
/// Directory of what systemd hands over (`LoadCredential=`), and our name in it.
const CREDENTIALS_VARIABLE: &str = "CREDENTIALS_DIRECTORY";
const CREDENTIAL: &str = "shosoin-passphrase";

/// Longest file that is read for a passphrase, in bytes: the longest passphrase and its line end.
const MAX_FILE: u64 = 1026;

/// How a command opens the archive.
pub fn options() -> Options {
    Options { key: source(), ..Options::default() }
}

/// Asks for the passphrase of a key file, if it has one.
pub fn source() -> KeySource {
    KeySource::File(Arc::new(present))
}

/// The passphrase that a key file has.
fn present(key_file: &Path) -> Result<Passphrase, String> {
    match file_of(FILE_VARIABLE) {
        Some(path) => read(&path, Passphrase::new),
        None => {
            let prompt = format!("合言葉 / passphrase ({}): ", key_file.display());
            Passphrase::new(&typed(&prompt)?).map_err(|error| error.to_string())
        }
    }
}

/// A passphrase that is being set: from a file, or typed twice. `first` says that no key file is there yet, so that the
/// same file serves for setting and for opening.
///
/// # Errors
/// Words for the person; exit code 12.
pub fn to_set(first: bool) -> Result<Passphrase, CliError> {
    let file = file_of(NEW_FILE_VARIABLE).or_else(|| file_of(FILE_VARIABLE).filter(|_| first));
    let set = match file {
        Some(path) => read(&path, Passphrase::to_set),
        None => twice(),
    };
    set.map_err(|why| {
        let hint = format!("type it at a terminal, or name a file that holds it in {NEW_FILE_VARIABLE}");
        CliError::new("key-refused", why, Some(&hint))
    })
}

fn twice() -> Result<Passphrase, String> {
    let first = typed("新しい合言葉 / new passphrase: ")?;
    let first = Passphrase::to_set(&first).map_err(|error| error.to_string())?;
    let second = typed("もう一度 / once more: ")?;
    match Passphrase::new(&second).is_ok_and(|second| second.is(&first)) {
        true => Ok(first),
        false => Err("the two are not the same; nothing was changed, begin again".into()),
    }
}

/// Asks at the terminal, without showing what is typed.
fn typed(prompt: &str) -> Result<Zeroizing<String>, String> {
    if !std::io::stdin().is_terminal() {
        return Err(format!("nobody can be asked here; name a file that holds it in {FILE_VARIABLE}"));
    }
    rpassword::prompt_password(prompt)
        .map(Zeroizing::new)
        .map_err(|error| format!("the terminal cannot be read: {error}"))
}

/// The file that a variable names, or systemd's credential.
fn file_of(variable: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let credential = || {
        let directory = std::env::var_os(CREDENTIALS_VARIABLE).filter(|_| variable == FILE_VARIABLE)?;
        Some(Path::new(&directory).join(CREDENTIAL)).filter(|path| path.exists())
    };
    named.or_else(credential)
}

/// Reads a passphrase from a file: its only line.
fn read(path: &Path, make: fn(&str) -> Result<Passphrase, BadPassphrase>) -> Result<Passphrase, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let mode = metadata.permissions().mode() & 0o777;
    if metadata.is_file() && mode & 0o077 != 0 {
        let path = path.display();
        return Err(format!(
            "{path} can be read or changed by others (mode {mode:03o}); run: chmod 600 '{path}'"
        ));
    }
    let mut text = Zeroizing::new(String::with_capacity(MAX_FILE as usize + 1));
    file.take(MAX_FILE + 1).read_to_string(&mut text).map_err(failed)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    make(line.strip_suffix('\r').unwrap_or(line)).map_err(|error| format!("{}: {error}", path.display()))
}
