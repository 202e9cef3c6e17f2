//! The text of a key file: comments for people, then one line for each key.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use zeroize::{Zeroize as _, Zeroizing};

use super::{KeyFileError, Protection};
use crate::seal::passphrase::{Hardness, SealedKek};
use crate::seal::{Kek, Keks, KeyId};

const PREFIX: &str = "SHOSOIN-KEK-";
/// Keys as they are.
const PLAIN: u16 = 1;
/// Keys under a passphrase.
const SEALED: u16 = 2;
/// No key file is longer; what is longer was named by mistake and is not read into memory.
pub(super) const MAX_LEN: u64 = 4096;
/// Most keys in a file: the present one, the next, and those that have had their time within some weeks.
pub(super) const MAX_KEYS: usize = 8;

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

const WITH_PASSPHRASE: &str = "\
# It needs a passphrase as well. Who forgets the passphrase can only use a recovery kit.
# 使うには合言葉(パスフレーズ)も必要です。忘れたときは、復旧キットでしか開けません。
#
";

/// What stands in a file.
pub(super) enum Parsed {
    Plain(Keks),
    Sealed(Sealed),
}

/// Keys under one passphrase.
pub(super) struct Sealed {
    pub salt: [u8; 16],
    pub hardness: Hardness,
    pub keys: Vec<(KeyId, SealedKek)>,
}

/// The text of the file; allocated once at its full size, so that growing leaves no unwiped copy behind.
pub(super) fn render(keks: &Keks, protection: &Protection) -> Result<Zeroizing<String>, KeyFileError> {
    let mut text = Zeroizing::new(String::with_capacity(MAX_LEN as usize));
    text.push_str(EXPLANATION);
    if let Protection::Passphrase(_) = protection {
        text.push_str(WITH_PASSPHRASE);
    }
    // Writing to a String cannot fail.
    for (number, kek) in keks.iter().enumerate() {
        let _ = match number {
            0 => writeln!(text, "# key id: {}", kek.id()),
            _ => writeln!(text, "# another key, before or after a rotation: {}", kek.id()),
        };
        match protection {
            Protection::None => {
                let _ = write!(text, "{PREFIX}{PLAIN}-");
                push_hex(&mut text, kek.secret().bytes());
            }
            Protection::Passphrase(key) => {
                let (sealed, Hardness { memory_kib, passes, lanes }) = (key.seal(kek)?, key.hardness);
                let _ = write!(text, "{PREFIX}{SEALED}-{memory_kib}-{passes}-{lanes}");
                for bytes in [key.salt.as_slice(), &sealed.nonce, &sealed.sealed] {
                    text.push('-');
                    push_hex(&mut text, bytes);
                }
            }
        }
        let _ = writeln!(text, "-{}", kek.id());
    }
    Ok(text)
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
}

/// Reads the text of a file; `path` is for messages.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Parsed, KeyFileError> {
    let malformed = |why| KeyFileError::Malformed { path: path.to_owned(), why };
    if bytes.len() as u64 > MAX_LEN {
        return Err(malformed("it is longer than 4096 bytes"));
    }
    let text = str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8 text"))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (mut plain, mut sealed) = (Vec::new(), None::<Sealed>);
    for (number, line) in lines.enumerate() {
        if number >= MAX_KEYS {
            return Err(malformed("it has more than eight lines that are not comments"));
        }
        match parse_line(path, line)? {
            Line::Plain(kek) => plain.push(Arc::new(kek)),
            Line::Sealed(mut one) => match &mut sealed {
                // Each salt costs a computation that is meant to be slow.
                Some(all) if all.salt != one.salt || all.hardness != one.hardness => {
                    return Err(malformed("its keys are protected by different passphrases"));
                }
                Some(all) => all.keys.append(&mut one.keys),
                None => sealed = Some(one),
            },
        }
    }
    match (Keks::of(plain), sealed) {
        (Some(_), Some(_)) => Err(malformed("some of its keys have a passphrase and some have none")),
        (Some(keks), None) => Ok(Parsed::Plain(keks)),
        (None, Some(sealed)) => Ok(Parsed::Sealed(sealed)),
        (None, None) => Err(malformed("it has no key line")),
    }
}

enum Line {
    Plain(Kek),
    Sealed(Sealed),
}

fn parse_line(path: &Path, line: &str) -> Result<Line, KeyFileError> {
    let malformed = |why| KeyFileError::Malformed { path: path.to_owned(), why };
    let rest = line
        .strip_prefix(PREFIX)
        .ok_or_else(|| malformed("its key line does not begin with SHOSOIN-KEK-"))?;
    let (version, rest) = rest.split_once('-').ok_or_else(|| malformed("its key line is incomplete"))?;
    let (key, id) = rest.rsplit_once('-').ok_or_else(|| malformed("its key line is incomplete"))?;
    let stated = || id.parse::<KeyId>().map_err(|_| malformed("its key line does not end in a key id"));
    // Only a short number is repeated in the message: in a mangled file this could be the key.
    match version.parse::<u16>() {
        Ok(PLAIN) => {
            let stated = stated()?;
            let bytes = decode::<32>(key).ok_or_else(|| malformed("its key is not 64 hex digits"))?;
            let kek = Kek::from_bytes(bytes);
            match kek.id() == stated {
                true => Ok(Line::Plain(kek)),
                false => Err(KeyFileError::WrongId { path: path.to_owned(), stated }),
            }
        }
        Ok(SEALED) => parse_sealed(path, key, stated()?).map(Line::Sealed),
        Ok(number) => {
            Err(KeyFileError::UnsupportedVersion { path: path.into(), version: number.to_string() })
        }
        Err(_) => Err(malformed("its key line has no version number")),
    }
}

/// `memory-passes-lanes-salt-nonce-sealed`
fn parse_sealed(path: &Path, fields: &str, id: KeyId) -> Result<Sealed, KeyFileError> {
    let malformed = |why| KeyFileError::Malformed { path: path.to_owned(), why };
    let fields: Vec<_> = fields.split('-').collect();
    let [memory, passes, lanes, salt, nonce, sealed] = fields.as_slice() else {
        return Err(malformed("its key line is incomplete"));
    };
    let number = |text: &str| {
        let digits = !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u32>().ok().filter(|_| digits).ok_or_else(|| malformed("a parameter is not a number"))
    };
    let (memory_kib, passes, lanes) = (number(memory)?, number(passes)?, number(lanes)?);
    let hardness = Hardness { memory_kib, passes, lanes };
    if !hardness.is_bearable() {
        return Err(KeyFileError::Unbearable { path: path.to_owned(), memory_kib, passes, lanes });
    }
    let salt = *decode::<16>(salt).ok_or_else(|| malformed("its salt is not 32 hex digits"))?;
    let nonce = *decode::<12>(nonce).ok_or_else(|| malformed("its nonce is not 24 hex digits"))?;
    let sealed = *decode::<48>(sealed).ok_or_else(|| malformed("its sealed key is not 96 hex digits"))?;
    Ok(Sealed { salt, hardness, keys: vec![(id, SealedKek { nonce, sealed })] })
}

fn decode<const N: usize>(hex: &str) -> Option<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    if hex.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        let mut nibbles = pair.iter().map(|digit| char::from(*digit).to_digit(16));
        let (mut high, mut low) = (nibbles.next()??, nibbles.next()??);
        *byte = (high << 4 | low) as u8;
        high.zeroize();
        low.zeroize();
    }
    Some(bytes)
}
