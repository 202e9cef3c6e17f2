//! The result list of a verification (一括検証) as CSV: one line per record, one column per check.

use std::io::{self, Write};

use chrono::NaiveDate;

use super::cell::defuse;
use super::index_book::{begin, into_io};

/// Columns before the checks.
const HEAD: [&str; 6] = ["番号", "記録ID", "取引年月日", "取引先", "件名", "判定"];
/// The column after them.
const REASONS: &str = "理由";

/// What one line says.
#[derive(Clone, Copy, Debug)]
pub struct ReportRow<'a> {
    pub id: &'a str,
    /// `None` when the record cannot be read.
    pub date: Option<NaiveDate>,
    pub counterparty: &'a str,
    pub title: &'a str,
    pub verdict: &'a str,
    /// Verdict of each check, in the order of the columns; empty where it was not made.
    pub checks: &'a [&'a str],
    /// Why, in words, for every check.
    pub reasons: &'a str,
}

/// Writes lines as they come: UTF-8 with BOM, CRLF, formulas defused.
pub struct ReportWriter<W: Write> {
    csv: csv::Writer<W>,
    checks: usize,
    rows: u64,
}

impl<W: Write> ReportWriter<W> {
    /// Writes the header; `checks` are the labels of the columns in the middle.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(out: W, checks: &[&str]) -> io::Result<Self> {
        let header: Vec<&str> = HEAD.iter().chain(checks).chain([&REASONS]).copied().collect();
        Ok(Self { csv: begin(out, &header)?, checks: checks.len(), rows: 0 })
    }

    /// Writes one line; its number counts from 1.
    ///
    /// # Errors
    /// Those of the writer beneath.
    pub fn row(&mut self, row: &ReportRow<'_>) -> io::Result<()> {
        self.rows += 1;
        let head = [
            self.rows.to_string(),
            row.id.to_owned(),
            row.date.map(|day| day.to_string()).unwrap_or_default(),
            defuse(row.counterparty),
            defuse(row.title),
            row.verdict.to_owned(),
        ];
        let checks = (0..self.checks).map(|at| row.checks.get(at).copied().unwrap_or_default().to_owned());
        self.csv.write_record(head.into_iter().chain(checks).chain([defuse(row.reasons)])).map_err(into_io)
    }

    /// Flushes and gives the writer back.
    ///
    /// # Errors
    /// Those of the writer beneath.
    pub fn finish(self) -> io::Result<W> {
        self.csv.into_inner().map_err(|error| io::Error::other(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_every_check_and_no_cell_is_a_formula() {
        let mut report = ReportWriter::new(Vec::new(), &["原本", "電子署名"]).expect("memory");
        let row = ReportRow {
            id: "x",
            date: NaiveDate::from_ymd_opt(2026, 2, 1),
            counterparty: "=cmd()",
            title: "",
            verdict: "total-passed",
            checks: &["total-passed"],
            reasons: "よし",
        };
        report.row(&row).expect("memory");
        let text = String::from_utf8(report.finish().expect("memory")).expect("text");
        let lines: Vec<_> = text.trim_start_matches('\u{feff}').split("\r\n").collect();
        assert_eq!(lines[0], "番号,記録ID,取引年月日,取引先,件名,判定,原本,電子署名,理由");
        assert_eq!(lines[1], "1,x,2026-02-01,'=cmd(),,total-passed,total-passed,,よし");
    }
}
