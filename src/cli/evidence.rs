//! `evidence`: one record's evidence as files, and the verification of anybody's.

use std::path::Path;
use std::process::ExitCode;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::CliError;
use super::arguments::EvidenceOptions;
use super::client::Client;
use super::error::VERIFICATION_FAILED;
use super::inspect::{self, read};
use super::output::Output;
use super::show::id;
use super::timestamp_arguments::{EvidenceCommand, TrustFlags};
use crate::archive::{Clock, EvidenceFile, SystemClock};
use crate::evidence::{ForeignReport, ForeignVerdict};
use crate::pki::revocation::Evidence;
use crate::pki::trust::TrustStore;

pub fn run(data: &Path, options: &EvidenceOptions, output: &Output) -> Result<ExitCode, CliError> {
    if let Some(EvidenceCommand::Verify { er, data: files, trust }) = &options.command {
        let judging = Judging::new(trust)?;
        let files: Result<Vec<_>, _> = files.iter().map(|file| read(file)).collect();
        let record = read(er)?;
        let report =
            ForeignReport::of_record(&record, &files?, &judging.trust, &judging.revocation, judging.at);
        return tell(&report, output);
    }
    match (&options.id, &options.output) {
        (Some(record), Some(directory)) => take_out(data, record, directory, output),
        _ => Err(CliError::usage("give the id of a record, and a directory with -o")),
    }
}

/// The names of the files that were written.
#[derive(Serialize)]
struct Written {
    files: Vec<String>,
}

fn take_out(data: &Path, record: &str, directory: &Path, output: &Output) -> Result<ExitCode, CliError> {
    let record = id(record)?;
    let files: Vec<EvidenceFile> = Client::open(data)?.get(&format!("/api/v1/records/{record}/evidence"))?;
    std::fs::create_dir_all(directory).map_err(|error| CliError::file(directory, &error))?;
    let mut written = Written { files: Vec::with_capacity(files.len()) };
    for file in files {
        let plain = Path::new(&file.name).file_name().is_some_and(|name| name == file.name.as_str());
        let content = STANDARD.decode(&file.content).ok().filter(|_| plain);
        let content = content.ok_or_else(|| CliError::new("internal", "the server sent no file", None))?;
        let path = directory.join(&file.name);
        std::fs::write(&path, content).map_err(|error| CliError::file(&path, &error))?;
        written.files.push(path.display().to_string());
    }
    output.result(&written, |out| written.files.iter().try_for_each(|file| writeln!(out, "{file}")))?;
    Ok(ExitCode::SUCCESS)
}

/// What judgements about other people's evidence rest on.
pub struct Judging {
    pub trust: TrustStore,
    pub revocation: Evidence,
    pub at: DateTime<Utc>,
}

impl Judging {
    /// The roots of the flags, or the system's.
    pub fn new(flags: &TrustFlags) -> Result<Self, CliError> {
        let trust = inspect::trust(&flags.trust)?;
        Ok(Self { trust, revocation: Evidence::new(), at: flags.at.unwrap_or_else(|| SystemClock.now()) })
    }
}

/// A report with its reasons in one sentence, for scripts that want to show one.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    report: &'a ForeignReport,
    /// `null` when there is nothing to say.
    reason: Option<String>,
}

/// Prints a report; what is not valid ends with the exit code of a failed verification.
pub fn tell(report: &ForeignReport, output: &Output) -> Result<ExitCode, CliError> {
    let reason = Some(report.reasons.join("; ")).filter(|reason| !reason.is_empty());
    output.result(&Told { report, reason }, |out| {
        let verdict = match report.verdict {
            ForeignVerdict::Valid => output.text("有効", "valid"),
            ForeignVerdict::Indeterminate => output.text("判断できません", "indeterminate"),
            ForeignVerdict::Invalid => output.text("無効", "invalid"),
            ForeignVerdict::Malformed => output.text("形式が正しくありません", "malformed"),
        };
        writeln!(out, "{verdict}")?;
        for time in &report.times {
            writeln!(out, "  {}", time.format("%Y-%m-%d %H:%M:%S UTC"))?;
        }
        report.reasons.iter().try_for_each(|reason| writeln!(out, "  {reason}"))
    })?;
    let valid = report.verdict == ForeignVerdict::Valid;
    Ok(if valid { ExitCode::SUCCESS } else { ExitCode::from(VERIFICATION_FAILED) })
}
