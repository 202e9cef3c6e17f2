//! A share as five lines that a person can read, type and scan; each line proves itself.

use std::fmt;

use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use super::{Kit, KitId, MAX_SHARES, MIN_THRESHOLD, Share};
use crate::seal::KeyId;
use crate::seal::secret::Secret;

/// Version of the form of a share.
const VERSION: u8 = 1;
/// Lines of a share.
pub const LINES: usize = 5;
/// Bytes that a line carries.
const LINE_BYTES: usize = 10;
/// Symbols of a line: 16 for its bytes, 4 for its checksum.
const SYMBOLS: usize = 20;
/// Symbols in a group.
const GROUP: usize = 4;
/// First bytes of what the checksum of a line is made of.
const LABEL: &[u8] = b"shosoin/v1/share-line";
/// Before the lines in a QR code.
const QR_PREFIX: &str = "SHOSOIN-SHARE-1/";
/// Longest text that is searched for a share, in bytes: a page of instructions in two languages is far below.
const MAX_TEXT: usize = 64 << 10;
/// Crockford's base 32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Why a line does not read. Says where, never what.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct LineError {
    /// From 1.
    pub line: usize,
    pub fault: LineFault,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineFault {
    /// So many symbols, where 20 belong.
    Length(usize),
    /// A symbol that no share has, in this group.
    Symbol { group: usize, found: char },
    /// The checksum does not fit; if only one group can be the cause, which.
    Check { group: Option<usize> },
    /// The line is missing.
    Missing,
    /// The line is sound, but a later release wrote it, or nobody.
    Version(u8),
}

impl fmt::Display for LineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(found) => write!(f, "it has {found} symbols, and five groups of four belong there"),
            Self::Symbol { group, found } => {
                write!(
                    f,
                    "group {group} has {found:?}, which no share has; letters are A to Z without I, L, O, U"
                )
            }
            Self::Check { group: Some(group) } => {
                write!(f, "something is mistyped, most likely in group {group}")
            }
            Self::Check { group: None } => {
                f.write_str("something is mistyped in it, or it is a line of another share")
            }
            Self::Missing => f.write_str("it is missing"),
            Self::Version(version) => {
                write!(f, "the share has format version {version}; use the release of shosoin that made it")
            }
        }
    }
}

impl Share {
    /// The five lines, each five groups of four symbols.
    pub fn lines(&self) -> [Zeroizing<String>; LINES] {
        let bytes = self.bytes();
        let head = bytes.first_chunk::<LINE_BYTES>().copied().unwrap_or_default();
        let mut lines = bytes.chunks_exact(LINE_BYTES).zip(1..);
        std::array::from_fn(|_| match lines.next() {
            Some((chunk, number)) => written(number, &head, chunk),
            None => Zeroizing::default(),
        })
    }

    /// What its QR code says: upper-case letters, digits, `-` and `/`, so that the code is small.
    pub fn qr_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(QR_PREFIX.len() + LINES * (SYMBOLS + 1)));
        text.push_str(QR_PREFIX);
        for (number, line) in self.lines().iter().enumerate() {
            if number > 0 {
                text.push('/');
            }
            line.chars().filter(|c| *c != '-').for_each(|c| text.push(c));
        }
        text
    }

    fn bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(LINES * LINE_BYTES));
        bytes.extend([VERSION, self.number, self.kit.threshold, self.kit.shares]);
        bytes.extend(self.kit.id.0);
        bytes.extend(self.kit.key.as_bytes());
        bytes.extend(self.value.bytes());
        bytes
    }

    /// Finds and reads a share in some text: the content of its QR code, or its five lines, each after its number and a
    /// colon, with whatever else stands around them.
    ///
    /// # Errors
    /// The first line that does not read.
    pub fn parse(text: &str) -> Result<Self, LineError> {
        let missing = LineError { line: 1, fault: LineFault::Missing };
        if text.len() > MAX_TEXT {
            return Err(missing);
        }
        let mut reader = ShareReader::default();
        match text.split_once(QR_PREFIX) {
            Some((_, lines)) => {
                let scanned = lines.split_whitespace().next().unwrap_or_default();
                scanned.split('/').take(LINES).try_for_each(|line| reader.line(line))?;
            }
            None => {
                for number in 1..=LINES {
                    let line = text.lines().find_map(|line| labelled(line, number));
                    reader.line(line.ok_or(LineError { line: number, fault: LineFault::Missing })?)?;
                }
            }
        }
        reader.finish()
    }
}

/// What follows the label `number:` in a line.
fn labelled(line: &str, number: usize) -> Option<&str> {
    let rest = line.trim_start().strip_prefix(char::from_digit(u32::try_from(number).ok()?, 10)?)?;
    rest.trim_start().strip_prefix([':', '：'])
}

/// Reads the lines of a share one after the other, as they are typed.
#[derive(Default)]
pub struct ShareReader {
    bytes: Zeroizing<Vec<u8>>,
}

impl ShareReader {
    /// Number of the next line, from 1.
    pub fn next(&self) -> usize {
        self.bytes.len() / LINE_BYTES + 1
    }

    /// Takes the next line. After an error the same line is expected again.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn line(&mut self, typed: &str) -> Result<(), LineError> {
        let line = self.next();
        let error = |fault| LineError { line, fault };
        let symbols = symbols(typed).map_err(error)?;
        let mut bytes = unpack(&symbols);
        let head = self.bytes.first_chunk::<LINE_BYTES>().copied().unwrap_or(*bytes);
        if symbols.last_chunk() != Some(&check(line, &head, bytes.as_slice())) {
            return Err(error(LineFault::Check { group: suspect(line, self.bytes.first_chunk(), &symbols) }));
        }
        if self.bytes.capacity() == 0 {
            // At once, so that growing leaves no unwiped copy behind.
            self.bytes.reserve_exact(LINES * LINE_BYTES);
        }
        if line == 1 && bytes.first() != Some(&VERSION) {
            return Err(error(LineFault::Version(bytes.first().copied().unwrap_or_default())));
        }
        self.bytes.extend_from_slice(bytes.as_slice());
        bytes.zeroize();
        Ok(())
    }

    /// The share, when all lines are read.
    ///
    /// # Errors
    /// [`LineFault::Missing`].
    pub fn finish(self) -> Result<Share, LineError> {
        let missing = LineError { line: self.next(), fault: LineFault::Missing };
        let Some((&[_, number, threshold, shares], rest)) = self.bytes.split_first_chunk::<4>() else {
            return Err(missing);
        };
        let (Some((id, rest)), version) = (rest.split_first_chunk::<6>(), VERSION) else {
            return Err(missing);
        };
        let Some((key, value)) = rest.split_first_chunk::<8>() else { return Err(missing) };
        let Ok(value) = <[u8; 32]>::try_from(value) else { return Err(missing) };
        let sensible = (MIN_THRESHOLD..=MAX_SHARES).contains(&threshold)
            && (threshold..=MAX_SHARES).contains(&shares)
            && (1..=shares).contains(&number);
        if !sensible {
            return Err(LineError { line: 1, fault: LineFault::Version(version) });
        }
        let kit = Kit { id: KitId(*id), key: KeyId::from_bytes(*key), shares, threshold };
        Ok(Share { kit, number, value: Secret::take(&mut Zeroizing::new(value)) })
    }
}

/// The 20 symbols of a line, as numbers below 32. Small letters, full-width forms, spaces and dashes of any kind are
/// taken; O is 0, I and L are 1.
fn symbols(typed: &str) -> Result<Zeroizing<[u8; SYMBOLS]>, LineFault> {
    let mut symbols = Zeroizing::new([0; SYMBOLS]);
    let mut count = 0;
    for c in typed.chars() {
        let plain = match c {
            '！'..='～' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
            other => other,
        };
        let plain = plain.to_ascii_uppercase();
        if plain.is_whitespace() || matches!(plain, '-' | '‐'..='―' | 'ー' | '－' | '−' | '_') {
            continue;
        }
        let plain = match plain {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let value = ALPHABET.iter().position(|symbol| char::from(*symbol) == plain);
        let value = value.ok_or(LineFault::Symbol { group: count / GROUP + 1, found: c })?;
        if let Some(place) = symbols.get_mut(count) {
            *place = value as u8;
        }
        count += 1;
    }
    if count == SYMBOLS { Ok(symbols) } else { Err(LineFault::Length(count)) }
}

/// The bytes of the first 16 symbols, 5 bits each, most significant first.
fn unpack(symbols: &[u8; SYMBOLS]) -> Zeroizing<[u8; LINE_BYTES]> {
    let mut bits: u128 = 0;
    for symbol in symbols.iter().take(SYMBOLS - GROUP) {
        bits = bits << 5 | u128::from(*symbol);
    }
    let mut bytes = Zeroizing::new([0; LINE_BYTES]);
    bytes.iter_mut().rev().zip(0..).for_each(|(byte, at)| *byte = (bits >> (8 * at)) as u8);
    bits.zeroize();
    bytes
}

fn written(number: usize, head: &[u8; LINE_BYTES], bytes: &[u8]) -> Zeroizing<String> {
    let mut bits = bytes.iter().fold(0u128, |bits, byte| bits << 8 | u128::from(*byte));
    let data = (0..SYMBOLS - GROUP).rev().map(|at| (bits >> (5 * at)) as u8 & 31);
    let mut line = Zeroizing::new(String::with_capacity(SYMBOLS + GROUP));
    for (at, symbol) in data.chain(check(number, head, bytes)).enumerate() {
        if at > 0 && at % GROUP == 0 {
            line.push('-');
        }
        line.push(ALPHABET.get(usize::from(symbol)).map_or('?', |symbol| char::from(*symbol)));
    }
    bits.zeroize();
    line
}

/// The checksum of a line: 20 bits of SHA-256. With the first line in it, so that a line of another share does not fit.
fn check(number: usize, head: &[u8; LINE_BYTES], bytes: &[u8]) -> [u8; GROUP] {
    let digest = Sha256::new()
        .chain_update(LABEL)
        .chain_update([number as u8])
        .chain_update(head)
        .chain_update(bytes)
        .finalize();
    let bits = digest.iter().take(3).fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) >> 4;
    std::array::from_fn(|at| (bits >> (5 * (GROUP - 1 - at))) as u8 & 31)
}

/// The only group in which one other symbol would make the line right, if there is just one.
fn suspect(line: usize, first: Option<&[u8; LINE_BYTES]>, typed: &[u8; SYMBOLS]) -> Option<usize> {
    let mut groups = Vec::new();
    let mut tried = Zeroizing::new(*typed);
    for at in 0..SYMBOLS {
        let was = *typed.get(at)?;
        for symbol in (0..32).filter(|symbol| *symbol != was) {
            *tried.get_mut(at)? = symbol;
            let bytes = unpack(&tried);
            let head = first.unwrap_or(&bytes);
            if tried.last_chunk() == Some(&check(line, head, bytes.as_slice())) {
                groups.push(at / GROUP + 1);
            }
        }
        *tried.get_mut(at)? = was;
    }
    groups.dedup();
    match groups.as_slice() {
        [group] => Some(*group),
        _ => None,
    }
}
