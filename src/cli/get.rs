//! `get`: the original, byte for byte, or a rendition.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use axum::http::Method;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::CliError;
use super::arguments::GetOptions;
use super::client::Client;
use super::output::Output;
use super::show::id;
use crate::record::RecordId;

pub fn run(data: &Path, options: &GetOptions, output: &Output) -> Result<ExitCode, CliError> {
    let id = id(&options.id)?;
    let client = Client::open(data)?;
    let path = match options.rendition {
        None => format!("/api/v1/records/{id}/original"),
        Some(number) => format!("/api/v1/records/{id}/renditions/{number}"),
    };
    let found = fetch(&client, &path, options.output.as_deref())?;
    let Some(path) = &options.output else { return Ok(ExitCode::SUCCESS) };
    let got = Got { id, path, sha256: found };
    output.result(&got, |_| Ok(()))?;
    let (path, found) = (path.display(), &got.sha256);
    output.say(
        &format!("{path} に書き出しました（SHA-256 {found}）"),
        &format!("wrote {path} (SHA-256 {found})"),
    );
    Ok(ExitCode::SUCCESS)
}

/// Writes the document at `path` to a file, or to standard output; returns its SHA-256 as the archive knows it.
///
/// # Errors
/// Also when the bytes that arrived are others.
pub(super) fn fetch(client: &Client, path: &str, target: Option<&Path>) -> Result<String, CliError> {
    let mut sink = Sink::open(target)?;
    let mut digest = Sha256::new();
    let headers = client.download(Method::GET, path, Vec::new(), |_, bytes| {
        digest.update(bytes);
        sink.write(bytes)
    })?;
    let found = crate::record::Digest(digest.finalize().into()).to_string();
    let promised = headers.get("x-shosoin-sha256").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if found != promised {
        return Err(CliError::new(
            "corrupt",
            "the bytes that arrived are not those that were deposited",
            None,
        ));
    }
    sink.finish()?;
    Ok(found)
}

/// What was handed back. Without a file the bytes themselves are the result, also with `--json`.
#[derive(Serialize)]
struct Got<'a> {
    id: RecordId,
    path: &'a Path,
    sha256: String,
}

/// Where the bytes go. A file appears under its name only when it is complete, readable by its owner only.
enum Sink<'a> {
    Stdout(std::io::Stdout),
    File { target: &'a Path, file: NamedTempFile },
}

impl<'a> Sink<'a> {
    fn open(target: Option<&'a Path>) -> Result<Self, CliError> {
        let Some(target) = target else { return Ok(Self::Stdout(std::io::stdout())) };
        let file = beside(target).map_err(|error| CliError::file(target, &error))?;
        Ok(Self::File { target, file })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        match self {
            Self::Stdout(out) => out.write_all(bytes).map_err(|error| CliError::stdout(&error)),
            Self::File { target, file } => {
                file.write_all(bytes).map_err(|error| CliError::file(target, &error))
            }
        }
    }

    fn finish(self) -> Result<(), CliError> {
        match self {
            Self::Stdout(mut out) => out.flush().map_err(|error| CliError::stdout(&error)),
            Self::File { target, file } => keep(file, target),
        }
    }
}

/// A new file in the directory of `target`, under a name that nobody else uses; it goes when it is not kept.
pub(super) fn beside(target: &Path) -> std::io::Result<NamedTempFile> {
    let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    tempfile::Builder::new().prefix(".shosoin-").tempfile_in(directory)
}

/// Gives a complete file its name, durably.
pub(super) fn keep(file: NamedTempFile, target: &Path) -> Result<(), CliError> {
    let failed = |error: &std::io::Error| CliError::file(target, error);
    file.as_file().sync_all().map_err(|error| failed(&error))?;
    file.persist(target).map_err(|error| failed(&error.error)).map(drop)
}
