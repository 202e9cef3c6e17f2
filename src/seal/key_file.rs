//! The key file: a KEK as a small text file that says what it is. Drawn in `schema/key-file.md`.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::{Zeroize as _, Zeroizing};

use super::{Kek, KeyId};

const PREFIX: &str = "SHOSOIN-KEK-";
const VERSION: &str = "1";
/// No key file is longer; what is longer was named by mistake and is not read into memory.
const MAX_LEN: u64 = 4096;

const EXPLANATION: &str = "\
# Shosoin key file (key-encryption key).
# Whoever has this file and the archive, or one of its backups, can read every contract in it.
# Without this file no contract can be read again, by anyone. No backup of the archive contains it.
# Keep a copy on paper or on other media, away from the archive and its backups.
#
# 正倉院の鍵ファイル(鍵暗号化鍵)です。
# このファイルと、アーカイブまたはそのバックアップを併せ持つ者は、すべての契約書を読むことができます。
# このファイルを失うと、誰もどの契約書も二度と読めません。バックアップにもこの鍵は含まれません。
# 写しを紙または別の媒体に取り、アーカイブやバックアップとは別の場所に保管してください。
#
";

/// Why a key file could not be written or read. No variant carries key bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// [`create`] never overwrites: the file there may be the only copy of a key.
    #[error("{} already exists and was left as it is; choose another path, or move that file away first", .0.display())]
    Exists(PathBuf),

    #[error("could not {verb} the key file {}: {source}", path.display())]
    Io { verb: &'static str, path: PathBuf, source: io::Error },

    /// Others than the owner may read or write the file.
    #[error("the key file {} can be read or changed by others (mode {mode:03o}); run: chmod 600 '{}'",
            path.display(), path.display())]
    TooOpen { path: PathBuf, mode: u32 },

    #[error("{} is not a regular file; give the path of a key file", .0.display())]
    NotAFile(PathBuf),

    /// Written by a later release.
    #[error("the key file {} has format version {version}, which this release cannot read; \
             use a newer release of shosoin", path.display())]
    UnsupportedVersion { path: PathBuf, version: String },

    /// Not the shape of a key file.
    #[error("{} is not a key file: {why}; check the path, or restore the file from its copy", path.display())]
    Malformed { path: PathBuf, why: &'static str },

    /// The key does not have the id written beside it.
    #[error("the key in {} does not match its key id {stated}: a character was changed or lost; \
             restore the file from its copy", path.display())]
    WrongId { path: PathBuf, stated: KeyId },
}

/// Writes `kek` to a new file at `path`, readable by its owner only; durable on return.
///
/// The directory must exist. When writing fails the unfinished file is removed again.
///
/// # Errors
/// [`KeyFileError::Exists`] when anything is at `path`; [`KeyFileError::Io`].
pub fn create(path: &Path, kek: &Kek) -> Result<(), KeyFileError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.to_owned()),
        _ => KeyFileError::Io { verb: "write", path: path.to_owned(), source },
    };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    let written = write_durably(&mut file, path, kek);
    if written.is_err() {
        // A file that holds half a key would only be mistaken for one. The first error is the one to tell.
        let _ = fs::remove_file(path);
    }
    written.map_err(failed)
}

fn write_durably(file: &mut File, path: &Path, kek: &Kek) -> io::Result<()> {
    file.write_all(render(kek).as_bytes())?;
    file.sync_all()?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

/// The text of the file; allocated once at its full size, so that growing leaves no unwiped copy behind.
fn render(kek: &Kek) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(MAX_LEN as usize));
    text.push_str(EXPLANATION);
    // Writing to a String cannot fail.
    let _ = writeln!(text, "# key id: {}", kek.id());
    let _ = write!(text, "{PREFIX}{VERSION}-");
    for byte in kek.secret().bytes() {
        let _ = write!(text, "{byte:02x}");
    }
    let _ = writeln!(text, "-{}", kek.id());
    text
}

/// Reads the key file at `path`.
///
/// # Errors
/// [`KeyFileError::TooOpen`] when group or others have any permission on it; the other variants when it
/// cannot be read or is no key file.
pub fn load(path: &Path) -> Result<Kek, KeyFileError> {
    let failed = |source| KeyFileError::Io { verb: "read", path: path.to_owned(), source };
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
    parse(path, &bytes)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Kek, KeyFileError> {
    let malformed = |why| KeyFileError::Malformed { path: path.to_owned(), why };
    if bytes.len() as u64 > MAX_LEN {
        return Err(malformed("it is longer than 4096 bytes"));
    }
    let text = str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8 text"))?;
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let line = lines.next().ok_or_else(|| malformed("it has no key line"))?;
    if lines.next().is_some() {
        return Err(malformed("it has more than one line that is not a comment"));
    }
    let rest = line
        .strip_prefix(PREFIX)
        .ok_or_else(|| malformed("its key line does not begin with SHOSOIN-KEK-"))?;
    let (version, rest) = rest.split_once('-').ok_or_else(|| malformed("its key line is incomplete"))?;
    if version != VERSION {
        // Only a short number is repeated in the message: in a mangled file this could be the key.
        return match version.parse::<u16>() {
            Ok(number) => {
                Err(KeyFileError::UnsupportedVersion { path: path.into(), version: number.to_string() })
            }
            Err(_) => Err(malformed("its key line has no version number")),
        };
    }
    let (key, id) = rest.split_once('-').ok_or_else(|| malformed("its key line is incomplete"))?;
    let stated: KeyId = id.parse().map_err(|_| malformed("its key line does not end in a key id"))?;
    let kek = Kek::from_bytes(decode(key).ok_or_else(|| malformed("its key is not 64 hex digits"))?);
    match kek.id() == stated {
        true => Ok(kek),
        false => Err(KeyFileError::WrongId { path: path.to_owned(), stated }),
    }
}

fn decode(hex: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    if hex.len() != 64 {
        return None;
    }
    for (byte, pair) in key.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        let mut nibbles = pair.iter().map(|digit| char::from(*digit).to_digit(16));
        let (mut high, mut low) = (nibbles.next()??, nibbles.next()??);
        *byte = (high << 4 | low) as u8;
        high.zeroize();
        low.zeroize();
    }
    Some(key)
}

#[cfg(test)]
mod tests;
