//! `export`: a BagIt package as a ZIP or a directory.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use axum::http::{HeaderMap, Method};
use indicatif::ProgressBar;
use serde::Serialize;
use tempfile::NamedTempFile;

use super::CliError;
use super::arguments::ExportOptions;
use super::client::Client;
use super::error::PARTLY_DONE;
use super::get::{beside, keep};
use super::output::{Output, counted};
use super::show::id;
use crate::archive::ExportSelection;

/// What was exported.
#[derive(Serialize)]
struct Exported<'a> {
    records: u64,
    /// Bytes of the originals.
    bytes: u64,
    path: &'a Path,
    /// Records that could not be exported, as `data/problems.csv` lists them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<LeftOut>,
}

/// A record that is not in the package.
#[derive(Serialize)]
struct LeftOut {
    id: String,
    reason: String,
}

pub fn run(data: &Path, options: &ExportOptions, output: &Output) -> Result<ExitCode, CliError> {
    let ids = options.ids.iter().map(|text| id(text)).collect::<Result<_, _>>()?;
    let selection = ExportSelection { ids, search: options.conditions.request() };
    let target = &options.output;
    if target.exists() && !target.read_dir().is_ok_and(|mut entries| entries.next().is_none()) {
        let message = format!("{} exists already", target.display());
        return Err(CliError::new(
            "usage",
            message,
            Some("name a new file ending in .zip, or a new directory"),
        ));
    }
    let client = Client::open(data)?;
    let mut zip = beside(target).map_err(|error| CliError::file(target, &error))?;
    let headers = download(&client, &selection, &mut zip, output)?;
    let (bytes, problems) = look_inside(zip.as_file()).map_err(|error| unreadable(target, &error))?;
    if is_zip(target) {
        keep(zip, target)?;
    } else {
        unpack(zip.as_file(), target)?;
    }
    let records = number(&headers, "x-shosoin-records").saturating_sub(problems.len() as u64);
    let exported = Exported { records, bytes, path: target, problems };
    output.result(&exported, |out| {
        let (records, path) = (exported.records, target.display());
        let ja = format!("{records} 件を {path} に書き出しました");
        let en = format!("exported {} to {path}", counted(records, "record"));
        writeln!(out, "{}", output.text(&ja, &en))
    })?;
    for LeftOut { id, reason } in &exported.problems {
        output.say(
            &format!("書き出せませんでした: {id}: {reason}"),
            &format!("could not be exported: {id}: {reason}"),
        );
    }
    Ok(if exported.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(PARTLY_DONE) })
}

/// Bytes of the originals in a package, and what could not be put into it.
fn look_inside(zip: &File) -> Result<(u64, Vec<LeftOut>), zip::result::ZipError> {
    let mut package = zip::ZipArchive::new(zip)?;
    let (mut bytes, mut problems) = (0, Vec::new());
    for index in 0..package.len() {
        let mut file = package.by_index(index)?;
        let name = file.name()?.into_owned();
        if name.contains("/data/originals/") {
            bytes += file.size();
        } else if name.ends_with("/data/problems.csv") {
            let mut text = String::new();
            file.read_to_string(&mut text)?;
            let text = text.trim_start_matches('\u{feff}').as_bytes();
            let rows = csv::Reader::from_reader(text).into_records().filter_map(Result::ok);
            let cell = |row: &csv::StringRecord, at: usize| row.get(at).unwrap_or_default().to_owned();
            problems = rows.map(|row| LeftOut { id: cell(&row, 0), reason: cell(&row, 1) }).collect();
        }
    }
    Ok((bytes, problems))
}

/// A package that cannot be read back, or not be written out.
fn unreadable(target: &Path, error: &dyn std::fmt::Display) -> CliError {
    CliError::new("file", format!("{}: {error}", target.display()), Some("free some space and repeat"))
}

fn is_zip(target: &Path) -> bool {
    target.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"))
}

fn download(
    client: &Client,
    selection: &ExportSelection,
    zip: &mut NamedTempFile,
    output: &Output,
) -> Result<HeaderMap, CliError> {
    let body = serde_json::to_vec(selection).map_err(|error| CliError::usage(error.to_string()))?;
    let path = zip.path().to_owned();
    let failed = |error: io::Error| CliError::file(&path, &error);
    let mut bar: Option<ProgressBar> = None;
    let headers = client.download(Method::POST, "/api/v1/exports", body, |headers, bytes| {
        let bar = bar.get_or_insert_with(|| output.progress(number(headers, "x-shosoin-bytes"), "bytes"));
        bar.inc(bytes.len() as u64);
        zip.write_all(bytes).map_err(failed)
    })?;
    bar.inspect(ProgressBar::finish_and_clear);
    Ok(headers)
}

/// Unpacks a package into a new directory. Every name was checked when the package was made; the ZIP
/// library refuses names that lead out all the same.
fn unpack(zip: &File, target: &Path) -> Result<(), CliError> {
    let failed = |error: &dyn std::fmt::Display| unreadable(target, error);
    let mut package = zip::ZipArchive::new(zip).map_err(|error| failed(&error))?;
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let scratch =
        tempfile::Builder::new().prefix(".shosoin-").tempdir_in(parent).map_err(|error| failed(&error))?;
    package.extract(scratch.path()).map_err(|error| failed(&error))?;
    // A package has one directory at its top, named after the moment of the export.
    let inner = std::fs::read_dir(scratch.path()).and_then(|mut entries| entries.next().transpose());
    let inner = inner.map_err(|error| failed(&error))?.ok_or_else(|| failed(&"the package is empty"))?;
    if target.exists() {
        std::fs::remove_dir(target).map_err(|error| failed(&error))?;
    }
    std::fs::rename(inner.path(), target).map_err(|error| failed(&error))
}

fn number(headers: &HeaderMap, name: &str) -> u64 {
    headers.get(name).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or_default()
}
