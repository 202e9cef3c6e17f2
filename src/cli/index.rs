//! `index` and `fsck`: upkeep.

use std::path::Path;
use std::process::ExitCode;

use super::CliError;
use super::arguments::{IndexCommand, IndexOptions};
use super::client::Client;
use super::error::VERIFICATION_FAILED;
use super::output::Output;
use crate::archive::{FsckReport, IndexStatus};

pub fn run(data: &Path, options: &IndexOptions, output: &Output) -> Result<ExitCode, CliError> {
    let client = Client::open(data)?;
    let status: IndexStatus = match options.command {
        IndexCommand::Status => client.get("/api/v1/index")?,
        IndexCommand::Rebuild => {
            let spinner = output.spinner("索引を作り直しています", "rebuilding the index");
            let status = client.post("/api/v1/index/rebuild", &serde_json::json!({}))?;
            spinner.finish_and_clear();
            status
        }
    };
    output.result(&status, |out| {
        let (through, size) = (status.indexed_through, status.journal_size);
        writeln!(out, "{} {through}/{size}", output.text("索引済みの記録番号", "indexed through"))?;
        writeln!(out, "{} {}", output.text("索引の文書数", "documents"), status.documents)?;
        writeln!(out, "{} {} bytes", output.text("大きさ", "size"), status.bytes)
    })?;
    Ok(ExitCode::SUCCESS)
}

pub fn fsck(data: &Path, output: &Output) -> Result<ExitCode, CliError> {
    let client = Client::open(data)?;
    let spinner = output.spinner("すべてを読み直して照合しています", "reading and comparing everything");
    let report: FsckReport = client.post("/api/v1/fsck", &serde_json::json!({}))?;
    spinner.finish_and_clear();
    output.result(&report, |out| {
        for problem in &report.problems {
            let record = problem.record.map(|id| format!("{id}: ")).unwrap_or_default();
            writeln!(out, "{record}{}", problem.what)?;
        }
        let (records, problems) = (report.records, report.problem_count);
        let ja = format!(
            "記録 {records} 件、版 {}、原本 {} バイトを照合しました。異常 {problems} 件",
            report.versions, report.bytes
        );
        let en = format!(
            "compared {records} records, {} versions, {} bytes; {problems} problems",
            report.versions, report.bytes
        );
        writeln!(out, "{}", output.text(&ja, &en))
    })?;
    Ok(if report.sound { ExitCode::SUCCESS } else { ExitCode::from(VERIFICATION_FAILED) })
}
