//! `demo`: placeholder until wired.

use std::process::ExitCode;

use super::CliError;
use super::arguments::DemoOptions;
use super::output::Output;

pub fn run(_: &DemoOptions, _: &Output) -> Result<ExitCode, CliError> {
    Ok(ExitCode::SUCCESS)
}
