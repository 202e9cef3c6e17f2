//! Files of `disposition`: the package of a transfer, the receipt for it, certificates on paper.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;

use axum::http::Method;
use serde::Serialize;

use super::CliError;
use super::client::Client;
use super::get::{beside, keep};
use super::output::{Lang, Output};
use crate::archive::{Certificate, ReceivedRecord, TransferReceipt};
use crate::record::RecordId;

/// Longest receipt, in bytes: a line for each of 100,000 records, with their signatures.
const MAX_RECEIPT: u64 = 256 << 20;

/// What was written.
#[derive(Serialize)]
struct WrittenFile<'a> {
    path: &'a Path,
    bytes: u64,
}

/// Writes the package of an approved transfer.
pub fn package(data: &Path, plan: uuid::Uuid, target: &Path, output: &Output) -> Result<(), CliError> {
    new_file(target)?;
    fetch(data, Method::POST, &format!("/api/v1/dispositions/{plan}/package"), target, output)
}

/// Writes a certificate: PDF, or JSON where the name says so.
pub fn certificate(data: &Path, id: RecordId, target: &Path, output: &Output) -> Result<(), CliError> {
    new_file(target)?;
    let is_json = target.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if !is_json {
        let lang = match output.lang {
            Lang::Ja => "ja",
            Lang::En => "en",
        };
        let path = format!("/api/v1/records/{id}/certificate.pdf?lang={lang}");
        return fetch(data, Method::GET, &path, target, output);
    }
    let certificate: Certificate = Client::open(data)?.get(&format!("/api/v1/records/{id}/certificate"))?;
    let failed = |error: &std::io::Error| CliError::file(target, error);
    let mut text = serde_json::to_vec_pretty(&certificate)
        .map_err(|error| CliError::new("internal", error.to_string(), None))?;
    text.push(b'\n');
    let mut file = beside(target).map_err(|error| failed(&error))?;
    file.write_all(&text).map_err(|error| failed(&error))?;
    keep(file, target)?;
    told(target, text.len() as u64, output)
}

/// Reads a receipt: one JSON object with `archive` and `received`, or one JSON line for each contract that was taken.
pub fn receipt(path: &Path, archive: Option<&str>) -> Result<TransferReceipt, CliError> {
    let failed = |error: &std::io::Error| CliError::file(path, error);
    let file = File::open(path).map_err(|error| failed(&error))?;
    let mut text = String::new();
    let mut bounded = BufReader::new(file).take(MAX_RECEIPT);
    bounded.read_to_string(&mut text).map_err(|error| failed(&error))?;
    let mut receipt = match serde_json::from_str::<TransferReceipt>(&text) {
        Ok(receipt) => receipt,
        Err(_) => TransferReceipt { archive: String::new(), received: lines(path, &text)? },
    };
    if let Some(archive) = archive {
        receipt.archive = archive.to_owned();
    }
    if receipt.archive.trim().is_empty() {
        return Err(CliError::usage("the receipt does not say who took the records; add --archive NAME"));
    }
    Ok(receipt)
}

fn lines(path: &Path, text: &str) -> Result<Vec<ReceivedRecord>, CliError> {
    let mut received = Vec::new();
    for (number, line) in (1..).zip(text.as_bytes().lines().map_while(Result::ok)) {
        if line.trim().is_empty() {
            continue;
        }
        received.push(serde_json::from_str(&line).map_err(|error| {
            let message = format!("{}, line {number}: {error}", path.display());
            let hint = "a receipt is a file of `import --receipts`, or JSON with archive and received";
            CliError::new("invalid", message, Some(hint))
        })?);
    }
    Ok(received)
}

fn new_file(target: &Path) -> Result<(), CliError> {
    if target.exists() {
        return Err(CliError::usage(format!("{} exists already; name a new file", target.display())));
    }
    Ok(())
}

fn fetch(data: &Path, method: Method, path: &str, target: &Path, output: &Output) -> Result<(), CliError> {
    let failed = |error: &std::io::Error| CliError::file(target, error);
    let mut file = beside(target).map_err(|error| failed(&error))?;
    let mut written = 0;
    Client::open(data)?.download(method, path, Vec::new(), |_, bytes| {
        written += bytes.len() as u64;
        file.write_all(bytes).map_err(|error| failed(&error))
    })?;
    keep(file, target)?;
    told(target, written, output)
}

fn told(path: &Path, bytes: u64, output: &Output) -> Result<(), CliError> {
    output.result(&WrittenFile { path, bytes }, |out| {
        let path = path.display();
        writeln!(out, "{}", output.text(&format!("{path} に書き出しました"), &format!("wrote {path}")))
    })
}
