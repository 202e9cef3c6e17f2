//! Reading an index book (索引簿): rows one by one, in either encoding, bad rows aside.

use std::io::{self, Read, Seek};

use super::cell::recall;
use super::columns::Column;
use super::csv_lines::{Broken, BrokenKind, CsvLines, MAX_CELLS, MAX_RECORD_BYTES};
use super::encoding::{self, Detected, Encoding};
use super::header::{Header, HeaderError};
use super::reject::Reject;
use super::row::{self, Defaults, Row};

/// Why an index book cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexBookError {
    #[error("the index book is empty; its first line must name the columns")]
    Empty,
    #[error("this is a spreadsheet workbook, not CSV; open it and save it as \"CSV UTF-8\"")]
    Workbook,
    #[error("the index book is in UTF-16 (\"Unicode text\"); save it as \"CSV UTF-8\"")]
    Utf16,
    #[error(
        "the index book is neither UTF-8 (wrong on line {utf8_line}) nor CP932 (wrong on line {cp932_line}); \
         save it as \"CSV UTF-8\", or give the encoding to have only the wrong rows rejected"
    )]
    NeitherEncoding { utf8_line: u64, cp932_line: u64 },
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error("the index book cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// An index book being read. Holds one row at a time, however long the book.
///
/// Iterates over rows in the order of the file; `Err` ends the reading.
pub struct IndexBook<R> {
    lines: CsvLines<R>,
    header: Header,
    encoding: Encoding,
    defaults: Defaults,
    failed: bool,
}

/// One row, taken or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexLine {
    Row(Box<Row>),
    Reject(Reject),
}

impl<R: Read + Seek> IndexBook<R> {
    /// Settles the encoding (which may read `input` through once), reads the header, and stops before the first
    /// row. `defaults` fill blank cells.
    ///
    /// # Errors
    /// When `input` is no CSV in a known encoding, or its header lacks a column; see [`IndexBookError`].
    pub fn open(mut input: R, encoding: Encoding, defaults: Defaults) -> Result<Self, IndexBookError> {
        let encoding = match encoding::settle(&mut input, encoding)? {
            Detected::Encoding(encoding) => encoding,
            Detected::Neither { utf8_line, cp932_line } => {
                return Err(IndexBookError::NeitherEncoding { utf8_line, cp932_line });
            }
            Detected::Workbook => return Err(IndexBookError::Workbook),
            Detected::Utf16 => return Err(IndexBookError::Utf16),
        };
        let mut lines = CsvLines::new(input);
        let header = loop {
            let record = lines.next_record()?.ok_or(IndexBookError::Empty)?;
            let cells = record.cells.map_err(|_| HeaderError::Unreadable { encoding })?;
            let cells = decode(&cells, encoding).ok_or(HeaderError::Unreadable { encoding })?;
            if !is_blank(&cells) {
                break Header::read(cells)?;
            }
        };
        Ok(Self { lines, header, encoding, defaults, failed: false })
    }
}

impl<R> IndexBook<R> {
    /// The header as written, for [`RejectsWriter`](super::RejectsWriter).
    pub fn header(&self) -> &[String] {
        &self.header.cells
    }

    /// The encoding that is used: never `Auto`.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Whether the book has a column of amounts; without one, every contract is taken as stating none.
    pub fn has_amounts(&self) -> bool {
        self.header.position(Column::Amount).is_some()
    }
}

impl<R: Read> IndexBook<R> {
    fn next_line(&mut self) -> io::Result<Option<IndexLine>> {
        loop {
            let Some(record) = self.lines.next_record()? else { return Ok(None) };
            let raw = match record.cells {
                Ok(raw) => raw,
                Err(broken) => return Ok(Some(IndexLine::Reject(self.reject_broken(record.line, &broken)))),
            };
            let Some(cells) = decode(&raw, self.encoding) else {
                return Ok(Some(IndexLine::Reject(self.reject_undecoded(record.line, &raw))));
            };
            if is_blank(&cells) {
                continue;
            }
            return Ok(Some(match row::read(&self.header, &self.defaults, record.line, cells) {
                Ok(row) => IndexLine::Row(Box::new(row)),
                Err(reject) => IndexLine::Reject(reject),
            }));
        }
    }

    fn reject_broken(&self, line: u64, broken: &Broken) -> Reject {
        let reason = match broken.kind {
            BrokenKind::QuoteNotClosed => {
                "引用符 \" が閉じていません (a quote \" is opened and never closed)".to_owned()
            }
            BrokenKind::TextAfterQuote => {
                "閉じた引用符 \" の後に文字があります (text follows a closing quote; double the quotes inside a cell)"
                    .to_owned()
            }
            BrokenKind::TooLong => format!("行が長すぎます (longer than {MAX_RECORD_BYTES} bytes)"),
            BrokenKind::TooManyCells => format!("セルが多すぎます (more than {MAX_CELLS} cells)"),
        };
        Reject { line, reason, cells: vec![encoding::decode_lossily(&broken.text, self.encoding)] }
    }

    fn reject_undecoded(&self, line: u64, raw: &[Vec<u8>]) -> Reject {
        let reason = format!("{} として読めない文字があります (not valid {})", self.encoding, self.encoding);
        let lossily = |cell: &Vec<u8>| recall(&encoding::decode_lossily(cell, self.encoding)).to_owned();
        Reject { line, reason, cells: raw.iter().map(lossily).collect() }
    }
}

impl<R: Read> Iterator for IndexBook<R> {
    type Item = Result<IndexLine, IndexBookError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.next_line();
        self.failed = next.is_err();
        next.map_err(IndexBookError::from).transpose()
    }
}

/// Cells as text, as they were before anyone defused them; `None` when one is not in `encoding`.
fn decode(raw: &[Vec<u8>], encoding: Encoding) -> Option<Vec<String>> {
    raw.iter().map(|cell| encoding::decode(cell, encoding).map(|text| recall(&text).to_owned())).collect()
}

/// Spreadsheets leave lines of nothing but commas.
fn is_blank(cells: &[String]) -> bool {
    cells.iter().all(|cell| cell.trim().is_empty())
}

#[cfg(test)]
#[path = "index_book_read_tests.rs"]
mod tests;
