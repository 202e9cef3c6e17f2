//! `correct`, `withdraw`, `reinstate`: a new metadata version with a reason.

use std::path::Path;
use std::process::ExitCode;

use super::CliError;
use super::arguments::{CorrectOptions, ReasonOptions};
use super::client::Client;
use super::output::Output;
use super::show::id;
use crate::archive::Changed;
use crate::web::api::records::{CorrectionRequest, ReasonRequest};

pub fn run(data: &Path, options: &CorrectOptions, output: &Output) -> Result<ExitCode, CliError> {
    let request = CorrectionRequest { changes: options.metadata.input(), reason: options.reason.clone() };
    change(data, &options.id, "corrections", &request, output)
}

pub fn withdraw(data: &Path, options: &ReasonOptions, output: &Output) -> Result<ExitCode, CliError> {
    change(data, &options.id, "withdrawal", &ReasonRequest { reason: options.reason.clone() }, output)
}

pub fn reinstate(data: &Path, options: &ReasonOptions, output: &Output) -> Result<ExitCode, CliError> {
    change(data, &options.id, "reinstatement", &ReasonRequest { reason: options.reason.clone() }, output)
}

fn change(
    data: &Path,
    text: &str,
    what: &str,
    request: &impl serde::Serialize,
    output: &Output,
) -> Result<ExitCode, CliError> {
    let id = id(text)?;
    let changed: Changed = Client::open(data)?.post(&format!("/api/v1/records/{id}/{what}"), request)?;
    output.result(&changed, |out| {
        writeln!(out, "{}  {} {}", changed.id, output.text("版", "version"), changed.version)
    })?;
    Ok(ExitCode::SUCCESS)
}
