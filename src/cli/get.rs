//! `get`: the original, byte for byte.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use axum::http::Method;
use sha2::{Digest, Sha256};

use super::CliError;
use super::arguments::GetOptions;
use super::client::Client;
use super::output::Output;
use super::show::id;

pub fn run(data: &Path, options: &GetOptions, output: &Output) -> Result<ExitCode, CliError> {
    let id = id(&options.id)?;
    let client = Client::open(data)?;
    let mut sink = Sink::open(options.output.as_deref())?;
    let mut digest = Sha256::new();
    let path = format!("/api/v1/records/{id}/original");
    let headers = client.download(Method::GET, &path, Vec::new(), |_, bytes| {
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
    if let Some(path) = &options.output {
        let path = path.display();
        output.say(
            &format!("{path} に書き出しました（SHA-256 {found}）"),
            &format!("wrote {path} (SHA-256 {found})"),
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Where the bytes go. A file appears under its name only when it is complete.
enum Sink<'a> {
    Stdout(std::io::Stdout),
    File { target: &'a Path, partial: std::path::PathBuf, file: File },
}

impl<'a> Sink<'a> {
    fn open(target: Option<&'a Path>) -> Result<Self, CliError> {
        let Some(target) = target else { return Ok(Self::Stdout(std::io::stdout())) };
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = target.with_file_name(name);
        let file = File::create(&partial).map_err(|error| CliError::file(target, &error))?;
        Ok(Self::File { target, partial, file })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        match self {
            Self::Stdout(out) => {
                out.write_all(bytes).map_err(|error| CliError::new("io", format!("stdout: {error}"), None))
            }
            Self::File { target, file, .. } => {
                file.write_all(bytes).map_err(|error| CliError::file(target, &error))
            }
        }
    }

    fn finish(mut self) -> Result<(), CliError> {
        match &mut self {
            Self::Stdout(out) => {
                out.flush().map_err(|error| CliError::new("io", format!("stdout: {error}"), None))
            }
            Self::File { target, partial, file } => {
                let moved = file.sync_all().and_then(|()| std::fs::rename(&*partial, &*target));
                moved.map_err(|error| CliError::file(target, &error))
            }
        }
    }
}

impl Drop for Sink<'_> {
    fn drop(&mut self) {
        if let Self::File { partial, .. } = self {
            // Gone already when the file was completed; a leftover after a failure is removed.
            let _ = std::fs::remove_file(partial);
        }
    }
}
