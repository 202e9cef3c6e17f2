//! Splitting CSV bytes into cells with bounded memory, losing no more than one line to a stray quote.

use std::io::{self, Read};

/// Longest record, in bytes. Far above 100 custom fields of 1,000 characters that people really fill.
pub const MAX_RECORD_BYTES: usize = 256 << 10;
/// Most cells of a record.
pub const MAX_CELLS: usize = 256;
/// Bytes read at a time.
const READ_BYTES: usize = 64 << 10;

/// One record (RFC 4180) as raw bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct RawRecord {
    /// Line on which it begins, counted from 1.
    pub line: u64,
    pub cells: Result<Vec<Vec<u8>>, Broken>,
}

/// Why a line is not a record. Only that line is given up; the next record begins on the next line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub kind: BrokenKind,
    /// The line, cut at [`MAX_SHOWN_BYTES`].
    pub text: Vec<u8>,
}

/// See [`Broken`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokenKind {
    /// A quote is opened and never closed, or not within [`MAX_RECORD_BYTES`].
    QuoteNotClosed,
    /// Text follows a closing quote.
    TextAfterQuote,
    TooLong,
    TooManyCells,
}

/// Most bytes of a broken line that are shown again.
const MAX_SHOWN_BYTES: usize = 4 << 10;

/// Reads records one by one; holds at most [`MAX_RECORD_BYTES`] and one read of the input.
///
/// Separator `,`, quote `"` (doubled inside quotes), line ends CRLF, LF or CR. The bytes may be UTF-8 or CP932:
/// in neither does a part of a longer character look like one of these (CP932 second bytes begin at 0x40).
#[derive(Debug)]
pub struct CsvLines<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
    line: u64,
}

impl<R: Read> CsvLines<R> {
    pub fn new(input: R) -> Self {
        Self { input, buffer: Vec::new(), start: 0, ended: false, line: 1 }
    }

    /// The next record, blank lines included; `None` at the end.
    ///
    /// # Errors
    /// Those of the input.
    pub fn next_record(&mut self) -> io::Result<Option<RawRecord>> {
        loop {
            let pending = self.buffer.get(self.start..).unwrap_or_default();
            match split(pending, self.ended) {
                Split::Nothing => return Ok(None),
                Split::Record { cells, length, lines } => {
                    let line = self.line;
                    self.consume(length, lines);
                    return Ok(Some(RawRecord { line, cells: Ok(cells) }));
                }
                Split::Broken(kind) => return self.give_up_line(kind).map(Some),
                Split::More { in_quotes } if pending.len() >= MAX_RECORD_BYTES => {
                    let kind = if in_quotes { BrokenKind::QuoteNotClosed } else { BrokenKind::TooLong };
                    return self.give_up_line(kind).map(Some);
                }
                Split::More { .. } => self.fill()?,
            }
        }
    }

    fn consume(&mut self, length: usize, lines: u64) {
        self.start += length;
        self.line += lines;
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let read = self.input.by_ref().take(READ_BYTES as u64).read_to_end(&mut self.buffer)?;
        self.ended = read == 0;
        Ok(())
    }

    /// Steps over one line, however long, keeping the beginning of it.
    fn give_up_line(&mut self, kind: BrokenKind) -> io::Result<RawRecord> {
        let line = self.line;
        let mut text = Vec::new();
        loop {
            let pending = self.buffer.get(self.start..).unwrap_or_default();
            let end = pending.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let body = pending.get(..end.unwrap_or(pending.len())).unwrap_or_default();
            let room = MAX_SHOWN_BYTES.saturating_sub(text.len());
            text.extend(body.iter().take(room));
            // A CR at the end of what was read may be half of a CRLF.
            let end_known =
                end.is_some_and(|end| end + 1 < pending.len() || self.ended || pending[end] == b'\n');
            match end {
                Some(end) if end_known => {
                    let crlf = pending.get(end..end + 2) == Some(b"\r\n");
                    self.consume(end + if crlf { 2 } else { 1 }, 1);
                    break;
                }
                _ if self.ended => {
                    self.consume(pending.len(), 1);
                    break;
                }
                _ => {
                    self.consume(body.len(), 0);
                    self.fill()?;
                }
            }
        }
        Ok(RawRecord { line, cells: Err(Broken { kind, text }) })
    }
}

enum Split {
    Nothing,
    Record {
        cells: Vec<Vec<u8>>,
        length: usize,
        lines: u64,
    },
    Broken(BrokenKind),
    /// The record does not end within these bytes.
    More {
        in_quotes: bool,
    },
}

/// Splits off the first record of `bytes`; `ended` says that no bytes will follow.
fn split(bytes: &[u8], ended: bool) -> Split {
    if bytes.is_empty() {
        return if ended { Split::Nothing } else { Split::More { in_quotes: false } };
    }
    let mut state = Splitter::default();
    let mut rest = bytes.iter().copied().enumerate().peekable();
    while let Some((at, byte)) = rest.next() {
        let next = rest.peek().map(|(_, byte)| *byte);
        if next.is_none() && !ended && matches!(byte, b'\r' | b'"') {
            // What follows decides: CRLF or CR, a closing or a doubled quote.
            return Split::More { in_quotes: state.place == Place::Quoted };
        }
        match state.step(byte, next) {
            Step::Go => {}
            Step::SkipNext => drop(rest.next()),
            Step::End { skip } => {
                return Split::Record { cells: state.cells, length: at + 1 + skip, lines: state.lines + 1 };
            }
            Step::Broken(kind) => return Split::Broken(kind),
        }
    }
    match (ended, state.place) {
        (false, place) => Split::More { in_quotes: place == Place::Quoted },
        (true, Place::Quoted) => Split::Broken(BrokenKind::QuoteNotClosed),
        (true, _) => {
            state.end_cell();
            Split::Record { cells: state.cells, length: bytes.len(), lines: state.lines + 1 }
        }
    }
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    CellStart,
    Plain,
    Quoted,
    AfterQuote,
}

enum Step {
    Go,
    SkipNext,
    /// The record ends here and `skip` bytes further.
    End {
        skip: usize,
    },
    Broken(BrokenKind),
}

#[derive(Default)]
struct Splitter {
    place: Place,
    cell: Vec<u8>,
    cells: Vec<Vec<u8>>,
    /// Line ends inside quotes.
    lines: u64,
}

impl Splitter {
    fn step(&mut self, byte: u8, next: Option<u8>) -> Step {
        match (self.place, byte) {
            (Place::Quoted, b'"') if next == Some(b'"') => {
                self.cell.push(b'"');
                return Step::SkipNext;
            }
            (Place::Quoted, b'"') => self.place = Place::AfterQuote,
            (Place::Quoted, _) => {
                // A CRLF counts once, at its LF.
                self.lines += u64::from(byte == b'\n' || (byte == b'\r' && next != Some(b'\n')));
                self.cell.push(byte);
            }
            (Place::CellStart, b'"') => self.place = Place::Quoted,
            (_, b',') => {
                self.end_cell();
                if self.cells.len() >= MAX_CELLS {
                    return Step::Broken(BrokenKind::TooManyCells);
                }
            }
            (_, b'\n' | b'\r') => {
                self.end_cell();
                return Step::End { skip: usize::from(byte == b'\r' && next == Some(b'\n')) };
            }
            (Place::AfterQuote, _) => return Step::Broken(BrokenKind::TextAfterQuote),
            (Place::CellStart | Place::Plain, _) => {
                self.place = Place::Plain;
                self.cell.push(byte);
            }
        }
        Step::Go
    }

    fn end_cell(&mut self) {
        self.cells.push(std::mem::take(&mut self.cell));
        self.place = Place::CellStart;
    }
}

#[cfg(test)]
#[path = "csv_lines_tests.rs"]
mod tests;
