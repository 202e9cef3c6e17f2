//! The result of a verification (一括検証) as a document to print: what was verified, the totals, and a line for each contract
//! with the result of each check.

use chrono::{DateTime, Utc};

use super::output::{Lang, Output};
use crate::archive::{CheckName, Verified};
use crate::panel::Verdict;
use crate::report::{Column, Report, ReportError};
use crate::retention;

/// Contracts listed: some 4,000 pages. All that need a look come before the limit counts; the rest is counted, and CSV has
/// no limit.
const MAX_ROWS: usize = 50_000;

/// A report being collected; the totals stand before the table, so that lines wait in memory (under 1 kB each).
pub struct PdfReport {
    rows: Vec<Vec<String>>,
    left_out: u64,
    number: u64,
}

/// What stands above the table.
pub struct Head<'a> {
    pub origin: &'a str,
    pub selection: &'a str,
    pub made_at: DateTime<Utc>,
    /// What the checks are, in a sentence.
    pub note: &'a str,
    pub verified: u64,
    pub passed: u64,
    pub indeterminate: u64,
    pub failed: u64,
}

impl PdfReport {
    pub fn new() -> Self {
        Self { rows: Vec::new(), left_out: 0, number: 0 }
    }

    /// Takes one result. Beyond the limit only what did not pass is still listed, up to twice the limit.
    pub fn add(&mut self, verified: &Verified, checks: &[CheckName], output: &Output) {
        self.number += 1;
        let good = verified.verdict == Verdict::TotalPassed;
        let room = if good { MAX_ROWS } else { 2 * MAX_ROWS };
        if self.rows.len() >= room {
            self.left_out += 1;
            return;
        }
        let title = verified.title.as_deref().unwrap_or_default();
        let party = verified.counterparty.as_deref().unwrap_or_default();
        let mut row = vec![
            self.number.to_string(),
            verified.date.map(|day| day.to_string()).unwrap_or_default(),
            format!("{party} {title}\n{}", verified.id),
            word(verified.verdict, output).to_owned(),
        ];
        for name in checks {
            let check = verified.checks.iter().find(|check| check.check == *name);
            row.push(check.map_or("–", |check| word(check.verdict, output)).to_owned());
        }
        let odd = verified.checks.iter().filter(|check| check.verdict != Verdict::TotalPassed);
        let reasons: Vec<&str> = odd.map(|check| output.text(&check.reason.ja, &check.reason.en)).collect();
        row.push(reasons.join("\n"));
        self.rows.push(row);
    }

    /// The document.
    ///
    /// # Errors
    /// Those of [`Report::finish`].
    pub fn finish(self, head: &Head<'_>, labels: &[&str], output: &Output) -> Result<Vec<u8>, ReportError> {
        let lang = match output.lang {
            Lang::Ja => retention::Lang::Ja,
            Lang::En => retention::Lang::En,
        };
        let title = output.text("一括検証の結果", "Results of a verification");
        let mut report = Report::new(title, lang, head.made_at, &format!("{title}  {}", head.origin))?;
        let made_at = head.made_at.format("%Y-%m-%d %H:%M:%S UTC").to_string();
        let counts =
            [head.verified, head.passed, head.indeterminate, head.failed].map(|count| count.to_string());
        report.facts(&[
            (output.text("アーカイブ", "Archive"), head.origin),
            (output.text("対象", "Selection"), head.selection),
            (output.text("検証した日時", "Verified at"), &made_at),
            (output.text("検証した件数", "Verified"), &counts[0]),
            (output.text("有効", "Passed"), &counts[1]),
            (output.text("確認できない点あり", "Indeterminate"), &counts[2]),
            (output.text("無効", "Failed"), &counts[3]),
        ]);
        report.paragraph(head.note);
        if self.left_out > 0 {
            let ja = format!(
                "件数が多いため {} 件を省きました。全件の一覧は CSV で作成してください。",
                self.left_out
            );
            let en =
                format!("{} contracts are left out because there are so many; CSV lists all.", self.left_out);
            report.paragraph(output.text(&ja, &en));
        }
        report.table(&columns(labels, output), self.rows);
        report.finish()
    }
}

fn columns(labels: &[&str], output: &Output) -> Vec<Column> {
    let mut columns = vec![
        Column::new(output.text("番号", "No."), 0.05).right(),
        Column::new(output.text("取引年月日", "Date"), 0.115),
        Column::new(output.text("取引先・件名・記録ID", "Counterparty, title, record"), 0.235),
        Column::new(output.text("判定", "Verdict"), 0.09),
    ];
    columns.extend(labels.iter().map(|label| Column::new(*label, 0.085)));
    columns.push(Column::new(output.text("理由", "Reasons"), 0.17));
    columns
}

fn word(verdict: Verdict, output: &Output) -> &str {
    match verdict {
        Verdict::TotalPassed => output.text("有効", "passed"),
        Verdict::Indeterminate => output.text("確認不可", "unclear"),
        Verdict::TotalFailed => output.text("無効", "FAILED"),
        Verdict::Unsigned => output.text("署名なし", "unsigned"),
        Verdict::CannotTell => output.text("判定不可", "cannot tell"),
    }
}
