//! `fixity`: read contracts again, compare them with their digests, mend what is damaged.

use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::CliError;
use super::client::Client;
use super::error::VERIFICATION_FAILED;
use super::output::Output;
use crate::archive::{FixityReport, FixityStatus};
use crate::web::api::backups::FixityRun;

#[derive(Debug, Args)]
pub struct FixityOptions {
    #[command(subcommand)]
    pub command: FixityCommand,
}

#[derive(Debug, Subcommand)]
pub enum FixityCommand {
    /// Read all contracts now, or the next part of them
    #[command(after_help = "Example:\n  shosoin fixity run --parts 90")]
    Run {
        /// Read one of so many parts, going on where the last run ended
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        parts: u32,
    },
    /// How far the nightly reading has come, and what it found
    #[command(after_help = "Example:\n  shosoin fixity status")]
    Status,
}

pub fn run(data: &Path, options: &FixityOptions, output: &Output) -> Result<ExitCode, CliError> {
    let client = Client::open(data)?;
    match options.command {
        FixityCommand::Run { parts } => read(&client, parts, output),
        FixityCommand::Status => status(&client, output),
    }
}

fn read(client: &Client, parts: u32, output: &Output) -> Result<ExitCode, CliError> {
    let spinner = output.spinner("原本を読み直して照合しています", "reading contracts and comparing");
    let report: Result<FixityReport, CliError> = client.post("/api/v1/fixity", &FixityRun { parts });
    spinner.finish_and_clear();
    let report = report?;
    output.result(&report, |out| {
        report.problems.iter().try_for_each(|problem| writeln!(out, "! {problem}"))?;
        let FixityReport { read, bytes, damaged, repaired, .. } = &report;
        let ja =
            format!("{read} 件、{bytes} バイトを読み直しました。破損 {damaged} 件、うち修復 {repaired} 件");
        let en =
            format!("read {read} contracts, {bytes} bytes; {damaged} damaged, {repaired} of them mended");
        writeln!(out, "{}", output.text(&ja, &en))
    })?;
    Ok(if report.sound { ExitCode::SUCCESS } else { ExitCode::from(VERIFICATION_FAILED) })
}

fn status(client: &Client, output: &Output) -> Result<ExitCode, CliError> {
    let status: FixityStatus = client.get("/api/v1/fixity")?;
    output.result(&status, |out| {
        let FixityStatus { days, contracts, read, damaged, repaired, .. } = &status;
        let day = |at: Option<chrono::DateTime<chrono::Utc>>| {
            at.map_or_else(|| "-".to_owned(), |at| at.format("%Y-%m-%d %H:%M UTC").to_string())
        };
        let (last, whole) = (day(status.last_run), day(status.completed_at));
        let ja = format!(
            "{days} 日で全件を読み直します。今回は {contracts} 件中 {read} 件（破損 {damaged} 件、うち修復 {repaired} 件）\n\
             最後の実行 {last}、最後に全件を終えたのは {whole}"
        );
        let en = format!(
            "every contract is read once in {days} days; this round {read} of {contracts} ({damaged} damaged, {repaired} of \
             them mended)\nlast run {last}, last whole round ended {whole}"
        );
        writeln!(out, "{}", output.text(&ja, &en))
    })?;
    Ok(ExitCode::SUCCESS)
}
