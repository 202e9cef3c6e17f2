//! `journal`: list, prove, verify, export.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use axum::http::Method;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;

use super::CliError;
use super::arguments::{JournalCommand, JournalOptions};
use super::client::Client;
use super::error::VERIFICATION_FAILED;
use super::output::Output;
use super::show::id;
use crate::archive::{JournalPage, JournalReport, ProofOfEntry};
use crate::web::api::Status;

pub fn run(data: &Path, options: &JournalOptions, output: &Output) -> Result<ExitCode, CliError> {
    let client = Client::open(data)?;
    match &options.command {
        JournalCommand::List { from, limit, record } => {
            list(&client, *from, *limit, record.as_deref(), output)
        }
        JournalCommand::Proof { seq } => proof(&client, *seq, output),
        JournalCommand::Verify => verify(&client, output),
        JournalCommand::Export { output: directory } => export(&client, directory, output),
    }
}

fn list(
    client: &Client,
    from: Option<u64>,
    limit: usize,
    record: Option<&str>,
    output: &Output,
) -> Result<ExitCode, CliError> {
    let path = match record {
        Some(record) => {
            format!("/api/v1/records/{}/journal?from={}&limit={limit}", id(record)?, from.unwrap_or(0))
        }
        None => {
            let newest = || -> Result<u64, CliError> {
                Ok(client.get::<Status>("/api/v1/status")?.journal_size.saturating_sub(limit as u64))
            };
            format!("/api/v1/journal?from={}&limit={limit}", from.map_or_else(newest, Ok)?)
        }
    };
    let page: JournalPage = client.get(&path)?;
    output.result(&page, |out| {
        for entry in &page.entries {
            let at = entry.at.format("%Y-%m-%d %H:%M:%S UTC");
            let record = entry.record.map(|id| id.to_string()).unwrap_or_default();
            writeln!(out, "{:>8}  {at}  {}  {}  {record}", entry.seq, entry.actor, entry.act)?;
        }
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

fn proof(client: &Client, seq: u64, output: &Output) -> Result<ExitCode, CliError> {
    let proof: ProofOfEntry = client.get(&format!("/api/v1/journal/{seq}/proof"))?;
    output.result(&proof, |out| {
        writeln!(out, "{} {} / {}", output.text("記録番号", "entry"), proof.seq, proof.tree_size)?;
        writeln!(out, "{} {}", output.text("葉のハッシュ", "leaf hash"), proof.leaf_hash)?;
        proof.proof.iter().try_for_each(|hash| writeln!(out, "  {hash}"))?;
        writeln!(out, "{} {}", output.text("木の根", "root hash"), proof.root_hash)?;
        write!(out, "{}", proof.checkpoint)
    })?;
    Ok(if proof.verified { ExitCode::SUCCESS } else { ExitCode::from(VERIFICATION_FAILED) })
}

fn verify(client: &Client, output: &Output) -> Result<ExitCode, CliError> {
    let spinner = output.spinner("ジャーナルを照合しています", "verifying the journal");
    let report: JournalReport = client.post("/api/v1/journal/verification", &serde_json::json!({}))?;
    spinner.finish_and_clear();
    output.result(&report, |out| {
        report.problems.iter().try_for_each(|problem| writeln!(out, "{problem}"))?;
        let (entries, problems) = (report.entries, report.problem_count);
        let ja = format!("記録 {entries} 件を照合しました。異常 {problems} 件（根 {}）", report.root_hash);
        let en = format!("verified {entries} entries; {problems} problems (root {})", report.root_hash);
        writeln!(out, "{}", output.text(&ja, &en))
    })?;
    Ok(if report.verified { ExitCode::SUCCESS } else { ExitCode::from(VERIFICATION_FAILED) })
}

/// What `journal export` wrote.
#[derive(Serialize)]
struct Exported<'a> {
    path: &'a Path,
    bytes: u64,
}

fn export(client: &Client, directory: &Path, output: &Output) -> Result<ExitCode, CliError> {
    let file_error = |path: &Path| {
        let path = path.to_owned();
        move |error: std::io::Error| CliError::file(&path, &error)
    };
    let vkey = client.get::<Status>("/api/v1/status")?.vkey;
    std::fs::create_dir(directory).map_err(file_error(directory))?;
    let extract = directory.join("extract.jsonl");
    let mut file = BufWriter::new(File::create_new(&extract).map_err(file_error(&extract))?);
    let mut bytes = 0;
    let headers = client.download(Method::GET, "/api/v1/journal/extract", Vec::new(), |_, piece| {
        bytes += piece.len() as u64;
        file.write_all(piece).map_err(file_error(&extract))
    })?;
    let file = file.into_inner().map_err(|error| CliError::file(&extract, error.error()))?;
    file.sync_all().map_err(file_error(&extract))?;
    let checkpoint = headers.get("x-shosoin-checkpoint").map(|value| STANDARD.decode(value.as_bytes()));
    let checkpoint = checkpoint.and_then(Result::ok).unwrap_or_default();
    for (name, content) in [("checkpoint.txt", checkpoint), ("vkey.txt", format!("{vkey}\n").into_bytes())] {
        let path = directory.join(name);
        std::fs::write(&path, content).map_err(file_error(&path))?;
    }
    output.result(&Exported { path: directory, bytes }, |out| {
        writeln!(out, "{} {}", output.text("書き出し先", "wrote"), directory.display())
    })?;
    Ok(ExitCode::SUCCESS)
}
