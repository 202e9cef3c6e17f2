//! `verify`: whole selections of records at once (一括検証), with a list of results.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use axum::http::Method;
use serde::Serialize;

use super::CliError;
use super::arguments::VerifyOptions;
use super::client::Client;
use super::error::VERIFICATION_FAILED;
use super::output::Output;
use super::show::id;
use super::verify_pdf::{Head, PdfReport};
use crate::archive::{Check, CheckName, Clock, ExportSelection, SearchRequest, SystemClock, Verified};
use crate::export::{ReportRow, ReportWriter};
use crate::panel::Verdict;
use crate::web::api::Status;

/// Columns of the report, in this order.
const CHECKS: [CheckName; 4] =
    [CheckName::Fixity, CheckName::Journal, CheckName::Signatures, CheckName::Evidence];
/// Longest line of the answer, in bytes.
const MAX_LINE_BYTES: usize = 16 << 20;

/// What was found in all, and about each record.
#[derive(Default, Serialize)]
struct Report {
    verified: u64,
    passed: u64,
    indeterminate: u64,
    failed: u64,
    results: Vec<Verified>,
}

impl Report {
    /// Counts a result. All of them are kept for JSON; for people only those that need a look.
    fn add(&mut self, verified: Verified, keep_all: bool) {
        self.verified += 1;
        match verified.verdict {
            Verdict::TotalPassed => self.passed += 1,
            Verdict::TotalFailed => self.failed += 1,
            _ => self.indeterminate += 1,
        }
        if keep_all || (verified.verdict != Verdict::TotalPassed && self.results.len() < MAX_SHOWN) {
            self.results.push(verified);
        }
    }
}

/// Results shown to people when there is no `--report`; the rest is counted.
const MAX_SHOWN: usize = 100;

pub fn run(data: &Path, options: &VerifyOptions, output: &Output) -> Result<ExitCode, CliError> {
    let selection = selection(options)?;
    let client = Client::open(data)?;
    let mut list = options.report.as_deref().map(|path| open_report(path, output)).transpose()?;
    let mut report = Report::default();
    let body = serde_json::to_vec(&selection).map_err(|error| CliError::usage(error.to_string()))?;
    let (mut bar, mut rest) = (None, Vec::new());
    client.download(Method::POST, "/api/v1/verifications", body, |headers, bytes| {
        let bar = bar.get_or_insert_with(|| {
            let total = headers.get("x-shosoin-records").and_then(|value| value.to_str().ok()?.parse().ok());
            output.progress(total.unwrap_or_default(), "records")
        });
        rest.extend_from_slice(bytes);
        while let Some(end) = memchr::memchr(b'\n', &rest) {
            let line: Vec<u8> = rest.drain(..=end).collect();
            let verified: Verified = serde_json::from_slice(&line).map_err(|error| {
                CliError::new("unreachable", format!("a line of the answer: {error}"), None)
            })?;
            match (&mut list, &options.report) {
                (Some(List::Csv(csv)), Some(path)) => {
                    write_row(csv, &verified, output).map_err(|error| CliError::file(path, &error))?;
                }
                (Some(List::Pdf(pdf, _)), _) => pdf.add(&verified, &CHECKS, output),
                _ => {}
            }
            report.add(verified, output.json);
            bar.inc(1);
        }
        if rest.len() > MAX_LINE_BYTES {
            return Err(CliError::new("unreachable", "a line of the answer is too long", None));
        }
        Ok(())
    })?;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    if let (Some(list), Some(path)) = (list, &options.report) {
        let written = match list {
            List::Csv(csv) => {
                csv.finish().and_then(|mut file| file.flush().and_then(|()| file.get_ref().sync_all()))
            }
            List::Pdf(pdf, mut file) => {
                let bytes = paper(pdf, &client, options, &report, output)?;
                file.write_all(&bytes).and_then(|()| file.sync_all())
            }
        };
        written.map_err(|error| CliError::file(path, &error))?;
    }
    output.result(&report, |out| print(&report, output, out))?;
    Ok(if report.failed > 0 { ExitCode::from(VERIFICATION_FAILED) } else { ExitCode::SUCCESS })
}

fn selection(options: &VerifyOptions) -> Result<ExportSelection, CliError> {
    let ids = options.ids.iter().map(|text| id(text)).collect::<Result<Vec<_>, _>>()?;
    if ids.is_empty() && options.period.is_none() && !options.all {
        return Err(CliError::usage("say which records: ids, --period A..B, or --all"));
    }
    // What is hidden from searches is kept all the same, so it is verified too.
    let search = SearchRequest {
        date: options.period.clone(),
        withdrawn: Some("include".into()),
        ..SearchRequest::default()
    };
    Ok(ExportSelection { ids, search })
}

/// The result list being written: lines as they come, or a document at the end.
enum List {
    Csv(Box<ReportWriter<BufWriter<File>>>),
    Pdf(PdfReport, File),
}

fn open_report(path: &Path, output: &Output) -> Result<List, CliError> {
    let is = |kind: &str| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(kind));
    if !is("csv") && !is("pdf") {
        let shown = path.display();
        return Err(CliError::usage(format!("--report {shown}: name a file ending in .csv or .pdf")));
    }
    let file = File::create_new(path).map_err(|error| CliError::file(path, &error))?;
    if is("pdf") {
        return Ok(List::Pdf(PdfReport::new(), file));
    }
    let labels = CHECKS.map(|check| label(check, output));
    let csv = ReportWriter::new(BufWriter::new(file), &labels);
    csv.map(|csv| List::Csv(Box::new(csv))).map_err(|error| CliError::file(path, &error))
}

/// The document to print.
fn paper(
    pdf: PdfReport,
    client: &Client,
    options: &VerifyOptions,
    report: &Report,
    output: &Output,
) -> Result<Vec<u8>, CliError> {
    let status: Status = client.get("/api/v1/status")?;
    let selection = match (&options.period, options.all) {
        (Some(period), _) => format!("{} {period}", output.text("取引年月日", "transaction dates")),
        (None, true) => output.text("すべての文書", "every record").to_owned(),
        (None, false) => options.ids.join(", "),
    };
    let note = output.text(
        "原本が預入れ時のまま変わっていないこと、預入れの記録が署名済みの台帳に含まれること、電子署名とタイムスタンプを、検証した日時の時点で判定した結果です。",
        "Whether each original is as deposited, its deposit is in the signed journal, and what signatures and timestamps prove, judged \
         for the moment of the verification.",
    );
    let head = Head {
        origin: &status.origin,
        selection: &selection,
        made_at: SystemClock.now(),
        note,
        verified: report.verified,
        passed: report.passed,
        indeterminate: report.indeterminate,
        failed: report.failed,
    };
    let labels = CHECKS.map(|check| label(check, output));
    pdf.finish(&head, &labels, output).map_err(|error| CliError::new("failed", error.to_string(), None))
}

fn write_row(
    csv: &mut ReportWriter<BufWriter<File>>,
    verified: &Verified,
    output: &Output,
) -> std::io::Result<()> {
    let of = |name: CheckName| verified.checks.iter().find(|check| check.check == name);
    let checks = CHECKS.map(|name| of(name).map_or("", |check| check.verdict.word()));
    csv.row(&ReportRow {
        id: &verified.id.to_string(),
        date: verified.date,
        counterparty: verified.counterparty.as_deref().unwrap_or_default(),
        title: verified.title.as_deref().unwrap_or_default(),
        verdict: verified.verdict.word(),
        checks: &checks,
        reasons: &reasons(&verified.checks, output),
    })
}

fn reasons(checks: &[Check], output: &Output) -> String {
    checks.iter().map(|c| output.text(&c.reason.ja, &c.reason.en)).collect::<Vec<_>>().join(" / ")
}

fn label(check: CheckName, output: &Output) -> &str {
    match check {
        CheckName::Fixity => output.text("原本", "fixity"),
        CheckName::Journal => output.text("台帳", "journal"),
        CheckName::Signatures => output.text("電子署名", "signatures"),
        CheckName::Evidence => output.text("タイムスタンプ", "timestamps"),
    }
}

fn print(report: &Report, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    for verified in &report.results {
        writeln!(
            out,
            "{}  {}  {}",
            verified.id,
            verified.verdict.word(),
            verified.counterparty.as_deref().unwrap_or_default()
        )?;
        for check in verified.checks.iter().filter(|check| check.verdict != Verdict::TotalPassed) {
            let reason = output.text(&check.reason.ja, &check.reason.en);
            writeln!(out, "  {}: {reason}", label(check.check, output))?;
        }
    }
    let Report { verified, passed, indeterminate, failed, .. } = report;
    let ja = format!(
        "検証 {verified} 件: 有効 {passed} 件、確認できない点あり {indeterminate} 件、無効 {failed} 件"
    );
    let en = format!("{verified} verified: {passed} passed, {indeterminate} indeterminate, {failed} failed");
    writeln!(out, "{}", output.text(&ja, &en))
}
