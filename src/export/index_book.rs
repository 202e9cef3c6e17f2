//! Writing the index book (索引簿): one line per record, readable by spreadsheets and by our own import.

use std::io::{self, Write};

use chrono::NaiveDate;
use csv::{QuoteStyle, Terminator, WriterBuilder};

use super::cell::defuse;
use super::columns::INDEX_HEADER;
use crate::record::amount::format_minor;
use crate::record::{Digest, Metadata, Money, RecordId, Span, TaxBasis};

/// UTF-8's byte order mark; without it Japanese spreadsheets read the file as CP932.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// What one line of the index book says.
#[derive(Clone, Copy, Debug)]
pub struct IndexRow<'a> {
    /// Name of the file this line describes; empty when no file accompanies the book.
    pub file: &'a str,
    pub metadata: &'a Metadata,
    /// Version of the metadata shown.
    pub version: u32,
    pub withdrawn: bool,
    pub retain_until: Option<NaiveDate>,
    pub sha256: Option<Digest>,
    pub id: RecordId,
    /// 備考.
    pub note: Option<&'a str>,
}

/// Writes lines as they come: UTF-8 with BOM, CRLF, quoted where needed (RFC 4180), formulas defused.
pub struct IndexWriter<W: Write> {
    csv: csv::Writer<W>,
    rows: u64,
}

impl<W: Write> IndexWriter<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(out: W) -> io::Result<Self> {
        Ok(Self { csv: begin(out, &INDEX_HEADER)?, rows: 0 })
    }

    /// Writes one line; its number counts from 1.
    ///
    /// # Errors
    /// Those of the writer beneath.
    pub fn row(&mut self, row: &IndexRow<'_>) -> io::Result<()> {
        self.rows += 1;
        let m = row.metadata;
        let party = &m.counterparty;
        let text = |text: Option<&str>| defuse(text.unwrap_or_default());
        let cells: [String; INDEX_HEADER.len()] = [
            self.rows.to_string(),
            defuse(row.file),
            day(Some(m.transaction_date)),
            defuse(&party.name),
            m.amount.map(plain_amount).unwrap_or_default(),
            m.amount.map(|money| money.currency.to_string()).unwrap_or_default(),
            m.amount.map(|money| tax_label(money.tax).to_owned()).unwrap_or_default(),
            defuse(&m.class),
            text(m.title.as_deref()),
            text(m.number.as_deref()),
            text(party.invoice_number.as_deref()),
            text(party.corporate_number.as_deref()),
            day(m.signed_on),
            day(m.effective_from),
            day(m.ends_on),
            m.notice_period.map(Span::ja).unwrap_or_default(),
            m.renews_every.map(Span::ja).unwrap_or_default(),
            day(m.received_on),
            defuse(&m.entity),
            row.version.to_string(),
            if row.withdrawn { "取下げ".to_owned() } else { String::new() },
            day(row.retain_until),
            row.sha256.map(|digest| digest.to_string()).unwrap_or_default(),
            row.id.to_string(),
            text(row.note),
        ];
        self.csv.write_record(&cells).map_err(into_io)
    }

    /// Flushes and gives the writer back.
    ///
    /// # Errors
    /// Those of the writer beneath.
    pub fn finish(self) -> io::Result<W> {
        self.csv.into_inner().map_err(|error| error.into_error())
    }
}

/// Writes a whole index book.
///
/// # Errors
/// Those of `out`.
pub fn write_index<'a, W: Write>(out: W, rows: impl IntoIterator<Item = IndexRow<'a>>) -> io::Result<W> {
    let mut writer = IndexWriter::new(out)?;
    rows.into_iter().try_for_each(|row| writer.row(&row))?;
    writer.finish()
}

/// A CSV file as we write them all: BOM, CRLF, header.
pub(super) fn begin<W: Write, H: AsRef<[u8]>>(mut out: W, header: &[H]) -> io::Result<csv::Writer<W>> {
    out.write_all(BOM)?;
    let mut csv =
        WriterBuilder::new().terminator(Terminator::CRLF).quote_style(QuoteStyle::Necessary).from_writer(out);
    csv.write_record(header).map_err(into_io)?;
    Ok(csv)
}

pub(super) fn into_io(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// A number that spreadsheets add up: no separators, `-` for negative. Never defused: it holds digits only.
pub(super) fn plain_amount(money: Money) -> String {
    format_minor(money.minor, money.currency).replace(',', "")
}

pub(super) fn day(date: Option<NaiveDate>) -> String {
    date.map(|date| date.to_string()).unwrap_or_default()
}

/// What 税区分 says; blank when nobody knows.
pub(super) fn tax_label(tax: TaxBasis) -> &'static str {
    match tax {
        TaxBasis::Included => "税込",
        TaxBasis::Excluded => "税抜",
        TaxBasis::None => "対象外",
        TaxBasis::Unknown => "",
    }
}

#[cfg(test)]
#[path = "index_book_tests.rs"]
mod tests;
