//! The key file: KEKs as a small text file that says what it is. Drawn in `schema/key-file.md`.

mod error;
mod text;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

pub use error::KeyFileError;

use super::passphrase::{Hardness, PassKey, Passphrase};
use super::{Kek, Keks};
use text::{MAX_LEN, Sealed};

/// Asks for the passphrase of the file at a path; the error says why there is none.
pub type Ask<'a> = &'a dyn Fn(&Path) -> Result<Passphrase, String>;

/// What protects the keys in a file beside its permissions.
#[derive(Debug, Clone, Default)]
pub enum Protection {
    /// Nothing: whoever reads the file has the keys.
    #[default]
    None,
    /// They are sealed under a passphrase.
    Passphrase(Arc<PassKey>),
}

impl Protection {
    /// How hard a passphrase is to try; `None` without one.
    pub fn hardness(&self) -> Option<Hardness> {
        match self {
            Self::None => None,
            Self::Passphrase(key) => Some(key.hardness()),
        }
    }
}

/// The contents of a key file, opened.
#[derive(Debug, Clone)]
pub struct KeyFile {
    pub keks: Keks,
    pub protection: Protection,
}

/// Writes `kek` to a new, unprotected file at `path`; see [`KeyFile::create`].
///
/// # Errors
/// As [`KeyFile::create`].
pub fn create(path: &Path, kek: Kek) -> Result<(), KeyFileError> {
    KeyFile { keks: Keks::new(kek), protection: Protection::None }.create(path)
}

/// Reads the first key of the file at `path`, which must not need a passphrase.
///
/// # Errors
/// As [`KeyFile::open`].
pub fn load(path: &Path) -> Result<Arc<Kek>, KeyFileError> {
    let nobody = |_: &Path| Err("nobody can be asked for it here".to_owned());
    KeyFile::open(path, &nobody).map(|file| file.keks.first().clone())
}

impl KeyFile {
    /// Writes a new file at `path`, readable by its owner only; durable on return.
    ///
    /// The directory must exist. When writing fails the unfinished file is removed again.
    ///
    /// # Errors
    /// [`KeyFileError::Exists`] when anything is at `path`; [`KeyFileError::Io`].
    pub fn create(&self, path: &Path) -> Result<(), KeyFileError> {
        let text = text::render(&self.keks, &self.protection)?;
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.to_owned()),
            _ => KeyFileError::Io { verb: "write", path: path.to_owned(), source },
        };
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
        let written = write_durably(&mut file, &text).and_then(|()| directory_of(path)?.sync_all());
        if written.is_err() {
            // A file that holds half a key would only be mistaken for one. The first error is the one to tell.
            let _ = fs::remove_file(path);
        }
        written.map_err(failed)
    }

    /// Reads the key file at `path`; `ask` is called only when it has a passphrase.
    ///
    /// # Errors
    /// [`KeyFileError::TooOpen`] when group or others have any permission on it; [`KeyFileError::WrongPassphrase`]; the
    /// other variants when it cannot be read or is no key file.
    pub fn open(path: &Path, ask: Ask<'_>) -> Result<Self, KeyFileError> {
        let bytes = read(path)?;
        let sealed = match text::parse(path, &bytes)? {
            text::Parsed::Plain(keks) => return Ok(Self { keks, protection: Protection::None }),
            text::Parsed::Sealed(sealed) => sealed,
        };
        let no_passphrase = |why| KeyFileError::NoPassphrase { path: path.to_owned(), why };
        let passphrase = ask(path).map_err(no_passphrase)?;
        let key = PassKey::derive(&passphrase, sealed.salt, sealed.hardness)?;
        let keks = unseal(path, &key, &sealed)?;
        Ok(Self { keks, protection: Protection::Passphrase(Arc::new(key)) })
    }

    /// Replaces the contents of the file at `path`: whole or not at all, whatever happens meanwhile. It is read again first
    /// with the `old` protection, and `edit` gets the keys that it holds now.
    ///
    /// # Errors
    /// [`KeyFileError::Changed`] when somebody gave it another protection meanwhile, [`KeyFileError::Busy`] when somebody
    /// else is replacing it, [`KeyFileError::Io`] when its directory cannot be written.
    pub fn replace(
        path: &Path,
        old: &Protection,
        new: &Protection,
        edit: impl FnOnce(Keks) -> Keks,
    ) -> Result<Self, KeyFileError> {
        // A link stays a link: what it leads to is replaced.
        let path = &fs::canonicalize(path).map_err(|source| failed_to("read", path, source))?;
        let directory = directory_of(path).map_err(|source| failed_to("replace", path, source))?;
        directory.try_lock().map_err(|_| KeyFileError::Busy(path.clone()))?;
        let file = Self { keks: edit(reopen(path, old)?), protection: new.clone() };
        file.put_in_place(path, &directory).map_err(|error| match error {
            PutError::Io(source) => failed_to("replace", path, source),
            PutError::File(error) => error,
        })?;
        Ok(file)
    }

    /// Whether the file at `path` is a copy of this one: the same keys, under the same protection.
    pub fn is_at(&self, path: &Path) -> bool {
        reopen(path, &self.protection).is_ok_and(|keks| keks.ids() == self.keks.ids())
    }

    fn put_in_place(&self, path: &Path, directory: &File) -> Result<(), PutError> {
        let text = text::render(&self.keks, &self.protection).map_err(PutError::File)?;
        let new = beside(path);
        // What a killed process left is half a key at best; nothing refers to it.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        let written = write_durably(&mut file, &text).and_then(|()| fs::rename(&new, path));
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written?;
        Ok(directory.sync_all()?)
    }
}

enum PutError {
    Io(io::Error),
    File(KeyFileError),
}

impl From<io::Error> for PutError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn failed_to(verb: &'static str, path: &Path, source: io::Error) -> KeyFileError {
    KeyFileError::Io { verb, path: path.to_owned(), source }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

fn directory_of(path: &Path) -> io::Result<File> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))
}

fn write_durably(file: &mut File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Reads the file again, with the protection that it is known to have.
fn reopen(path: &Path, protection: &Protection) -> Result<Keks, KeyFileError> {
    match (text::parse(path, &read(path)?)?, protection) {
        (text::Parsed::Plain(keks), Protection::None) => Ok(keks),
        (text::Parsed::Sealed(sealed), Protection::Passphrase(key))
            if key.fits(&sealed.salt, sealed.hardness) =>
        {
            unseal(path, key, &sealed)
        }
        _ => Err(KeyFileError::Changed(path.to_owned())),
    }
}

fn unseal(path: &Path, key: &PassKey, sealed: &Sealed) -> Result<Keks, KeyFileError> {
    let keks = sealed.keys.iter().map(|(id, kek)| key.open(kek, *id).map(Arc::new));
    let wrong = || KeyFileError::WrongPassphrase(path.to_owned());
    let keks = keks.collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
    Keks::of(keks).ok_or_else(wrong)
}

/// The mode of the file at `path`, and when it was last written; without opening it.
///
/// # Errors
/// [`KeyFileError::Io`]
pub fn inspect(path: &Path) -> Result<(u32, std::time::SystemTime), KeyFileError> {
    let metadata = fs::metadata(path).map_err(|source| failed_to("read", path, source))?;
    let modified = metadata.modified().map_err(|source| failed_to("read", path, source))?;
    Ok((metadata.permissions().mode() & 0o7777, modified))
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let failed = |source| failed_to("read", path, source);
    // Asked before opening, because opening a named pipe would wait for a writer.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(KeyFileError::NotAFile(path.to_owned()));
    }
    let file = File::open(path).map_err(failed)?;
    // Asked of the open file, because the one at `path` may be another by now.
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::TooOpen { path: path.to_owned(), mode });
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_LEN as usize + 1));
    file.take(MAX_LEN + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
