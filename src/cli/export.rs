//! `export`: a BagIt package as a ZIP or a directory.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use axum::http::{HeaderMap, Method};
use indicatif::ProgressBar;
use serde::Serialize;

use super::CliError;
use super::arguments::ExportOptions;
use super::client::Client;
use super::output::Output;
use super::show::id;
use crate::archive::ExportSelection;

/// What was exported.
#[derive(Serialize)]
struct Exported<'a> {
    records: u64,
    /// Bytes of the originals.
    bytes: u64,
    path: &'a Path,
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
    let zip = partial(target);
    let exported = download(&client, &selection, &zip, output).and_then(|headers| {
        if is_zip(target) {
            std::fs::rename(&zip, target).map_err(|error| CliError::file(target, &error))?;
        } else {
            unpack(&zip, target)?;
        }
        Ok(Exported {
            records: number(&headers, "x-shosoin-records"),
            bytes: number(&headers, "x-shosoin-bytes"),
            path: target,
        })
    });
    // Gone already when it became the target; what is left of a failure is removed.
    let _ = std::fs::remove_file(&zip);
    let exported = exported?;
    output.result(&exported, |out| {
        let (records, path) = (exported.records, target.display());
        let ja = format!("{records} 件を {path} に書き出しました");
        let en = format!("exported {records} records to {path}");
        writeln!(out, "{}", output.text(&ja, &en))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn is_zip(target: &Path) -> bool {
    target.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"))
}

/// Where the package arrives before it is complete.
fn partial(target: &Path) -> std::path::PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    target.with_file_name(name)
}

fn download(
    client: &Client,
    selection: &ExportSelection,
    zip: &Path,
    output: &Output,
) -> Result<HeaderMap, CliError> {
    let body = serde_json::to_vec(selection).map_err(|error| CliError::usage(error.to_string()))?;
    let failed = |error: io::Error| CliError::file(zip, &error);
    let mut file = BufWriter::new(File::create(zip).map_err(failed)?);
    let mut bar: Option<ProgressBar> = None;
    let headers = client.download(Method::POST, "/api/v1/exports", body, |headers, bytes| {
        let bar = bar.get_or_insert_with(|| output.progress(number(headers, "x-shosoin-bytes"), "bytes"));
        bar.inc(bytes.len() as u64);
        file.write_all(bytes).map_err(failed)
    })?;
    let file = file.into_inner().map_err(|error| CliError::file(zip, error.error()))?;
    file.sync_all().map_err(failed)?;
    bar.inspect(ProgressBar::finish_and_clear);
    Ok(headers)
}

/// Unpacks a package into a new directory. Every name was checked when the package was made; the ZIP
/// library refuses names that lead out all the same.
fn unpack(zip: &Path, target: &Path) -> Result<(), CliError> {
    let failed = |error: &dyn std::fmt::Display| {
        CliError::new("io", format!("{}: {error}", target.display()), Some("free some space and repeat"))
    };
    let file = File::open(zip).map_err(|error| CliError::file(zip, &error))?;
    let mut package = zip::ZipArchive::new(file).map_err(|error| failed(&error))?;
    let scratch = target.with_file_name(format!(".shosoin-export-{}", uuid::Uuid::new_v4()));
    package.extract(&scratch).map_err(|error| failed(&error))?;
    // A package has one directory at its top, named after the moment of the export.
    let inner = std::fs::read_dir(&scratch).and_then(|mut entries| entries.next().transpose());
    let inner = inner.map_err(|error| failed(&error))?.map_or(scratch.clone(), |entry| entry.path());
    if target.exists() {
        std::fs::remove_dir(target).map_err(|error| failed(&error))?;
    }
    std::fs::rename(inner, target).map_err(|error| failed(&error))?;
    let _ = std::fs::remove_dir(&scratch);
    Ok(())
}

fn number(headers: &HeaderMap, name: &str) -> u64 {
    headers.get(name).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or_default()
}
