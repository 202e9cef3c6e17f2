//! Rows that were not taken, and the file in which they go back to whoever wrote them.

use std::io::{self, Write};

use super::cell::defuse;
use super::columns::Column;
use super::index_book::{begin, into_io};

/// A row that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Line of the index book on which the row begins; the header is line 1.
    pub line: u64,
    /// What is wrong and what to do, naming the column.
    pub reason: String,
    /// The cells as they were; a line that is not CSV is one cell.
    pub cells: Vec<String>,
}

/// Writes rejected rows under the columns they came in, with the reason in the last one.
///
/// When mended, the file can be imported as it is: the column of reasons is ignored.
pub struct RejectsWriter<W: Write> {
    csv: csv::Writer<W>,
    width: usize,
    amount_at: Option<usize>,
    reason_at: Option<usize>,
    rows: u64,
}

impl<W: Write> RejectsWriter<W> {
    /// Writes the header; `header` is that of the index book ([`IndexBook::header`](super::IndexBook::header)).
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(out: W, header: &[String]) -> io::Result<Self> {
        let at = |wanted| header.iter().position(|cell| Column::of_header(cell) == Some(wanted));
        let (amount_at, reason_at) = (at(Column::Amount), at(Column::RejectReason));
        let mut cells: Vec<String> = header.iter().map(|cell| defuse(cell)).collect();
        if reason_at.is_none() {
            let english = header.iter().any(|cell| cell.trim().eq_ignore_ascii_case(Column::File.english()));
            let reason = Column::RejectReason;
            cells.push(if english { reason.english() } else { reason.japanese() }.to_owned());
        }
        Ok(Self { csv: begin(out, &cells)?, width: cells.len(), amount_at, reason_at, rows: 0 })
    }

    /// Writes one row. Cells beyond the header, which no column could take, are joined to the reason.
    ///
    /// # Errors
    /// Those of the writer beneath.
    pub fn write(&mut self, reject: &Reject) -> io::Result<()> {
        let reason_at = self.reason_at.unwrap_or(self.width.saturating_sub(1));
        // A reason read from an earlier file is replaced, not repeated.
        let data_width = if self.reason_at.is_some() { self.width } else { self.width.saturating_sub(1) };
        let mut row = vec![String::new(); self.width];
        for (at, (slot, cell)) in row.iter_mut().zip(reject.cells.iter().take(data_width)).enumerate() {
            *slot =
                if self.amount_at == Some(at) && is_plain_number(cell) { cell.clone() } else { defuse(cell) };
        }
        let mut reason = format!("{}行目 (line {}): {}", reject.line, reject.line, reject.reason);
        if let Some(extra) = reject.cells.get(data_width..).filter(|extra| !extra.is_empty()) {
            reason.push_str(&format!(" [{}]", extra.join(",")));
        }
        if let Some(slot) = row.get_mut(reason_at) {
            *slot = defuse(&reason);
        }
        self.rows += 1;
        self.csv.write_record(&row).map_err(into_io)
    }

    /// Rows written so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Flushes and gives the writer back.
    ///
    /// # Errors
    /// Those of the writer beneath.
    pub fn finish(self) -> io::Result<W> {
        self.csv.into_inner().map_err(|error| error.into_error())
    }
}

/// Digits with an optional `-`, `,` and `.`: no formula, and spreadsheets should see a number.
fn is_plain_number(cell: &str) -> bool {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.'))
}
