//! `timestamp rendition`: contracts with their validation data and a document timestamp inside the file (PAdES-LTA).

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use super::CliError;
use super::client::Client;
use super::error::PARTLY_DONE;
use super::get;
use super::output::Output;
use super::show::id;
use super::timestamp_arguments::RenditionFlags;
use crate::archive::{ExportSelection, RenditionBatch, RenditionView, SearchRequest};

pub fn run(data: &Path, flags: &RenditionFlags, output: &Output) -> Result<ExitCode, CliError> {
    let ids = flags.ids.iter().map(|text| id(text)).collect::<Result<Vec<_>, _>>()?;
    let search = flags.conditions.request();
    let conditions = search != SearchRequest::default();
    match (ids.as_slice(), conditions) {
        ([], false) => Err(CliError::usage(
            "say which records: ids, or conditions such as --counterparty 国税 --date 2025-04-01..2026-03-31",
        )),
        ([_, ..], true) => Err(CliError::usage("give ids or conditions, not both")),
        ([one], false) => {
            let client = Client::open(data)?;
            let spinner = output.spinner("タイムスタンプを取得しています", "obtaining a timestamp");
            let made = client.post(&format!("/api/v1/records/{one}/renditions"), &serde_json::json!({}));
            spinner.finish_and_clear();
            let made: RenditionView = made?;
            if let Some(file) = &flags.output {
                fetch(&client, &made, file)?;
            }
            output.result(&made, |out| tell(&made, output, out))?;
            Ok(ExitCode::SUCCESS)
        }
        _ => many(data, &ExportSelection { ids, search }, flags.output.as_deref(), output),
    }
}

fn many(
    data: &Path,
    selection: &ExportSelection,
    directory: Option<&Path>,
    output: &Output,
) -> Result<ExitCode, CliError> {
    let client = Client::open(data)?;
    let spinner = output.spinner("タイムスタンプを取得しています", "obtaining timestamps");
    let batch = client.post("/api/v1/renditions", selection);
    spinner.finish_and_clear();
    let batch: RenditionBatch = batch?;
    if let Some(directory) = directory {
        std::fs::create_dir_all(directory).map_err(|error| CliError::file(directory, &error))?;
        for made in batch.made.iter().chain(&batch.kept) {
            fetch(&client, made, &directory.join(format!("{}-{}.pdf", made.id, made.rendition)))?;
        }
    }
    output.result(&batch, |out| {
        batch.made.iter().try_for_each(|made| tell(made, output, out))?;
        for refused in &batch.refused {
            writeln!(out, "{}  {}", refused.id, refused.reason)?;
        }
        let (made, kept, refused) = (batch.made.len(), batch.kept.len(), batch.refused.len());
        let waiting = batch.waiting;
        let ja = format!(
            "作成 {made} 件、有効なものがある {kept} 件、作成できない {refused} 件、未処理 {waiting} 件"
        );
        let en = format!("made {made}, still good {kept}, not possible {refused}, not tried {waiting}");
        writeln!(out, "{}", output.text(&ja, &en))?;
        batch.stopped.iter().try_for_each(|why| writeln!(out, "{why}"))
    })?;
    let whole = batch.refused.is_empty() && batch.waiting == 0;
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(PARTLY_DONE) })
}

fn fetch(client: &Client, made: &RenditionView, file: &Path) -> Result<(), CliError> {
    let path = format!("/api/v1/records/{}/renditions/{}", made.id, made.rendition);
    get::fetch(client, &path, Some(file)).map(drop)
}

fn tell(made: &RenditionView, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    let RenditionView { id, rendition, sha256, .. } = made;
    let (time, until) =
        (made.timestamp_time.format("%Y-%m-%d %H:%M:%S UTC"), made.protected_until.date_naive());
    let ja = format!(
        "{id} 長期署名 {rendition}（{time}、{} のタイムスタンプ、{until} まで有効、SHA-256 {sha256}）",
        made.authority
    );
    let en = format!(
        "{id} rendition {rendition} (timestamp of {time} by {}, good until {until}, SHA-256 {sha256})",
        made.authority
    );
    writeln!(out, "{}", output.text(&ja, &en))?;
    if made.complete {
        let (ja, en) =
            ("検証に必要な情報はすべてファイル内にあります。", "All that validates it is inside the file.");
        writeln!(out, "  {}", output.text(ja, en))?;
    }
    made.notes.iter().try_for_each(|note| writeln!(out, "  {}", output.text(&note.ja, &note.en)))
}
