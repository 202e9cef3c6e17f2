//! `restore`: an archive from a backup repository, into an empty directory.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::CliError;
use super::error::PARTLY_DONE;
use super::output::Output;
use super::passphrase;
use crate::archive::{self, RestoreReport, RestoreRequest};
use crate::config::KeyConfig;

#[derive(Debug, Args)]
pub struct RestoreOptions {
    /// Directory of the backup repository
    #[arg(long, value_name = "REPO")]
    pub from: PathBuf,
    /// Which generation, as `backup list` calls it; the newest when absent
    #[arg(long, value_name = "GEN")]
    pub generation: Option<String>,
    /// An empty directory for the archive; after an interruption, the same one again
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// File of the key-encryption key; that of the archive in --data when absent
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
}

pub fn run(data: &Path, options: &RestoreOptions, output: &Output) -> Result<ExitCode, CliError> {
    let key = options.key.clone().unwrap_or_else(|| data.join(KeyConfig::default().file));
    let request = RestoreRequest {
        from: options.from.clone(),
        generation: options.generation.clone(),
        to: options.to.clone(),
        key,
    };
    let bar = output.progress(0, "bytes");
    let progress = |done: u64, total: Option<u64>| {
        bar.set_length(total.unwrap_or_default());
        bar.set_position(done);
    };
    let report = archive::restore(&request, passphrase::options(), &progress)?;
    bar.finish_and_clear();
    output.result(&report, |out| {
        report.problems.iter().try_for_each(|problem| writeln!(out, "! {problem}"))?;
        let RestoreReport { generation, records, journal_seq, problems, .. } = &report;
        let (problems, data) = (problems.len(), report.data.display());
        let ja = format!(
            "{generation} をディレクトリ {data} に復元しました。記録 {records} 件、台帳 {journal_seq} 件をすべて照合しました。異常 {problems} 件"
        );
        let en = format!(
            "restored {generation} into the directory {data}: {records} records, {journal_seq} journal entries, everything compared; \
             {problems} problems"
        );
        writeln!(out, "{}", output.text(&ja, &en))
    })?;
    output.say(
        "この復元で動かし始めたら、失った方のアーカイブは二度と使わないでください。",
        "Once you go on with this archive, never use the lost one again.",
    );
    Ok(if report.verified { ExitCode::SUCCESS } else { ExitCode::from(PARTLY_DONE) })
}
