//! `restore`: an archive from a backup repository, into an empty directory.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};

use clap::Args;
use indicatif::ProgressBar;

use super::CliError;
use super::error::PARTLY_DONE;
use super::output::Output;
use super::passphrase;
use crate::archive::{self, Checking, RestoreReport, RestoreRequest, Stage};
use crate::backup::Part;
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
    let bars = Bars { output, shown: Mutex::default() };
    let progress = |stage, done, total| bars.show(stage, done, total);
    let report = archive::restore(&request, passphrase::options(), &progress)?;
    bars.clear();
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
        writeln!(out, "{}", output.text(&ja, &en))?;
        if report.holds > 0 {
            let holds = report.holds;
            let ja = format!("  この世代より後に設定された保全 {holds} 件も引き継ぎました");
            let en = format!("  {holds} holds placed after this generation was made hold here too");
            writeln!(out, "{}", output.text(&ja, &en))?;
        }
        Ok(())
    })?;
    output.say(
        "この復元で動かし始めたら、失った方のアーカイブは二度と使わないでください。",
        "Once you go on with this archive, never use the lost one again.",
    );
    Ok(if report.verified { ExitCode::SUCCESS } else { ExitCode::from(PARTLY_DONE) })
}

/// One bar after the other, a stage each: reading is a part of the work only, and nobody should wait before a full bar.
struct Bars<'a> {
    output: &'a Output,
    shown: Mutex<Option<(Stage, ProgressBar)>>,
}

impl Bars<'_> {
    fn show(&self, stage: Stage, done: u64, total: Option<u64>) {
        let mut shown = self.shown();
        if shown.as_ref().is_none_or(|(of, _)| *of != stage) {
            if let Some((_, bar)) = shown.take() {
                bar.finish_and_clear();
            }
            *shown = Some((stage, self.bar(stage, total)));
        }
        if let Some((_, bar)) = &*shown {
            bar.set_position(done);
        }
    }

    fn bar(&self, stage: Stage, total: Option<u64>) -> ProgressBar {
        let (ja, en) = words(stage);
        match (stage, total) {
            (Stage::Reading(Part::Packs), Some(bytes)) => self.output.progress(bytes, "bytes"),
            (_, Some(total)) => self.output.progress(total, "pieces"),
            (_, None) => self.output.spinner("", ""),
        }
        .with_message(self.output.text(ja, en).to_owned())
    }

    fn clear(&self) {
        if let Some((_, bar)) = self.shown().take() {
            bar.finish_and_clear();
        }
    }

    // What it guards is replaced whole, so a poisoned lock is as good as any.
    fn shown(&self) -> MutexGuard<'_, Option<(Stage, ProgressBar)>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn words(stage: Stage) -> (&'static str, &'static str) {
    match stage {
        Stage::Reading(Part::Packs) => ("控えを読み込んでいます", "reading the backup"),
        Stage::Reading(Part::Tails) => {
            ("その後に送られた記録を読み込んでいます", "reading what was shipped since")
        }
        Stage::Reading(Part::Entries) => ("原本がそろっているか数えています", "counting what came back"),
        Stage::Opening => ("開いています", "opening the archive"),
        Stage::Checking(Checking::Rows) => ("保存された行を検査しています", "checking stored rows"),
        Stage::Checking(Checking::Journal) => ("台帳を検証しています", "verifying the journal"),
        Stage::Checking(Checking::Contracts) => ("原本を1件ずつ照合しています", "comparing every contract"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cli::output::Lang;

    #[test]
    fn every_stage_has_its_own_words_in_both_languages_and_a_bar_of_its_own() {
        let stages = [Part::Packs, Part::Tails, Part::Entries].map(Stage::Reading);
        let checks = [Checking::Rows, Checking::Journal, Checking::Contracts].map(Stage::Checking);
        let stages: Vec<_> = stages.into_iter().chain([Stage::Opening]).chain(checks).collect();
        let said: BTreeSet<_> = stages.iter().flat_map(|stage| <[_; 2]>::from(words(*stage))).collect();
        assert_eq!(said.len(), 14);
        let output = Output::new(true, Lang::Ja);
        let bars = Bars { output: &output, shown: Mutex::default() };
        for stage in stages {
            bars.show(stage, 1, Some(7));
            bars.show(stage, 2, Some(7));
            let shown = bars.shown();
            let (of, bar) = shown.as_ref().unwrap();
            assert_eq!((*of, bar.position(), bar.is_hidden()), (stage, 2, true), "silent for a script");
        }
        bars.clear();
        assert!(bars.shown().is_none());
    }
}
