//! What auditors take away: BagIt packages with an index book (索引簿), and reading index books back.
//!
//! This folder knows records and journal lines, and nothing of the archive that holds them: a [`Package`] is
//! handed one [`Item`] at a time, and an [`IndexBook`] hands out one row at a time. `schema/export-package.md`
//! draws both formats.
//!
//! Memory: one item, one part of the journal extract, and about 1.5 KB for each record already written.

mod bagit;
mod cell;
mod columns;
mod csv_lines;
mod encoding;
mod header;
mod history;
mod index_book;
mod index_book_read;
mod item;
mod package;
mod readme;
mod reject;
mod row;
mod row_error;
mod sink;
mod verification_report;
mod zip_sink;

pub use columns::INDEX_HEADER;
pub use encoding::{Encoding, UnknownEncoding};
pub use header::HeaderError;
pub use history::{Change, HISTORY_HEADER, HistoryWriter, changes};
pub use index_book::{IndexRow, IndexWriter, write_index};
pub use index_book_read::{IndexBook, IndexBookError, IndexLine};
pub use item::{Item, PackageInfo, Summary};
pub use package::{Package, original_name};
pub use reject::{Reject, RejectsWriter};
pub use row::{Defaults, Row};
pub use sink::{DirSink, Sink};
pub use verification_report::{ReportRow, ReportWriter};
pub use zip_sink::ZipSink;

#[cfg(test)]
mod package_tests;
