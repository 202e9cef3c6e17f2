//! `backup`: run, list, verify, drill.

use std::path::Path;
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand, ValueEnum};
use indicatif::DecimalBytes;

use super::CliError;
use super::client::Client;
use super::error::{PARTLY_DONE, VERIFICATION_FAILED};
use super::output::Output;
use crate::archive::{BackupReport, DrillReport, GenerationView, ShippingView, VerifiedGeneration};
use crate::web::api::backups::{BackupChoice, BackupRun};

#[derive(Debug, Args)]
pub struct BackupOptions {
    #[command(subcommand)]
    pub command: BackupCommand,
}

/// How often, and for how long it is kept.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum TierName {
    Daily,
    Monthly,
    Yearly,
}

impl TierName {
    fn name(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Monthly => "monthly",
            Self::Yearly => "yearly",
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Make the next generation
    #[command(after_help = "Example:\n  shosoin backup run daily")]
    Run {
        /// Which tier
        tier: TierName,
        /// Begin in an empty directory although there were backups of this tier before
        #[arg(long)]
        new: bool,
    },
    /// Every generation there is
    #[command(after_help = "Example:\n  shosoin backup list")]
    List,
    /// Read everything that a generation needs, and compare
    #[command(after_help = "Example:\n  shosoin backup verify daily-12")]
    Verify {
        /// `daily-12`, or `daily` for the newest; without it the newest of every tier
        generation: Option<String>,
    },
    /// Verify a generation and mend what is damaged, from this archive or from another tier; manifests that cannot be
    /// believed are removed
    #[command(after_help = "Example:\n  shosoin backup repair daily")]
    Repair {
        /// `daily-12`, or `daily` for the newest
        generation: String,
    },
    /// Restore a generation for practice, open it, and compare it with this archive
    #[command(after_help = "Example:\n  shosoin backup drill daily")]
    Drill {
        /// `daily-12`, or `daily` for the newest
        #[arg(default_value = "daily")]
        generation: String,
    },
}

pub fn run(data: &Path, options: &BackupOptions, output: &Output) -> Result<ExitCode, CliError> {
    let client = Client::open(data)?;
    match &options.command {
        BackupCommand::Run { tier, new } => make(&client, *tier, *new, output),
        BackupCommand::List => list(&client, output),
        BackupCommand::Verify { generation } => verify(&client, generation.clone(), output),
        BackupCommand::Repair { generation } => repair(&client, generation.clone(), output),
        BackupCommand::Drill { generation } => drill(&client, generation.clone(), output),
    }
}

fn make(client: &Client, tier: TierName, anew: bool, output: &Output) -> Result<ExitCode, CliError> {
    let spinner = output.spinner("控えを作っています", "making a backup");
    let wanted = BackupRun { tier: tier.name().into(), anew };
    let report: BackupReport = client.post("/api/v1/backups", &wanted)?;
    spinner.finish_and_clear();
    output.result(&report, |out| {
        let BackupReport { generation, records, new_objects, .. } = &report;
        let (new_bytes, bytes) = (DecimalBytes(report.new_bytes), DecimalBytes(report.bytes));
        let ja = format!(
            "{generation}: 記録 {records} 件（新しい原本 {new_objects} 件、{new_bytes}。全体 {bytes}）。書いたものはすべて読み直して照合しました"
        );
        let en = format!(
            "{generation}: {records} records ({new_objects} new objects, {new_bytes}; {bytes} in all); everything \
             written was read back and compared"
        );
        writeln!(out, "{}", output.text(&ja, &en))?;
        print_protection(&report, output, out)?;
        report.problems.iter().try_for_each(|problem| writeln!(out, "! {problem}"))
    })?;
    Ok(if report.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(PARTLY_DONE) })
}

/// Until when the generation is protected, and what stays beyond the number to keep.
fn print_protection(
    report: &BackupReport,
    output: &Output,
    out: &mut dyn std::io::Write,
) -> std::io::Result<()> {
    if let Some(until) = report.protected_until.map(day) {
        let ja = format!("  {until} まで、変更も削除もしません（鍵は除く）");
        let en = format!("  it is neither changed nor removed until {until} (keys excepted)");
        writeln!(out, "{}", output.text(&ja, &en))?;
    }
    if let Some(until) = report.held_until.map(day) {
        let held = report.held;
        let ja = format!("  残す数を超えた {held} 世代は、書き換え禁止のため {until} まで残ります");
        let en =
            format!("  {held} generations beyond the number to keep stay until {until}: they are protected");
        writeln!(out, "{}", output.text(&ja, &en))?;
    }
    Ok(())
}

fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d").to_string()
}

fn list(client: &Client, output: &Output) -> Result<ExitCode, CliError> {
    let views: Vec<GenerationView> = client.get("/api/v1/backups")?;
    let shipping: ShippingView = client.get("/api/v1/backups/shipping")?;
    let readable = views.iter().all(|view| view.problem.is_none());
    output.result(&views, |out| {
        if views.is_empty() {
            let (ja, en) = (
                "控えはまだありません（shosoin backup run daily）",
                "no backup yet (shosoin backup run daily)",
            );
            return writeln!(out, "{}", output.text(ja, en));
        }
        for view in &views {
            match (&view.generation, &view.problem) {
                (_, Some(problem)) => writeln!(out, "! {}: {problem}", view.tier)?,
                (generation, None) => {
                    let at =
                        view.at.map(|at| at.format("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default();
                    let generation = generation.as_deref().unwrap_or_default();
                    let (records, bytes) = (view.records, DecimalBytes(view.bytes));
                    let until = view.protected_until.map(day);
                    let protected = |words: &str| until.as_ref().map(|until| format!("  {words} {until}"));
                    let (ja, en) = (protected("書き換え禁止期限"), protected("protected until"));
                    let (ja, en) = (ja.unwrap_or_default(), en.unwrap_or_default());
                    let ja = format!("{generation:14} {at}  記録 {records} 件  {bytes}{ja}");
                    let en = format!("{generation:14} {at}  {records} records  {bytes}{en}");
                    writeln!(out, "{}", output.text(&ja, &en))?;
                }
            }
        }
        print_shipping(&shipping, output, out)
    })?;
    Ok(if readable { ExitCode::SUCCESS } else { ExitCode::from(PARTLY_DONE) })
}

/// What of the journal is in the daily backup beside its generations; nothing when no server ships.
fn print_shipping(view: &ShippingView, output: &Output, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    let (ja, en) = match (&view.failing, view.shipped, view.lag_seconds) {
        (Some(why), ..) => (
            format!("! 日次の控えへの送信に失敗しています: {why}"),
            format!("! shipping to the daily backup fails: {why}"),
        ),
        (None, Some(shipped), Some(lag)) => {
            let entries = view.entries;
            (
                format!("台帳 {entries} 件のうち {shipped} 件が日次の控えにあります（待ち時間 {lag} 秒）"),
                format!("{shipped} of {entries} journal entries are in the daily backup ({lag} s behind)"),
            )
        }
        _ => return Ok(()),
    };
    writeln!(out, "{}", output.text(&ja, &en))
}

fn verify(client: &Client, generation: Option<String>, output: &Output) -> Result<ExitCode, CliError> {
    let spinner = output.spinner("控えを読み直して照合しています", "reading backups and comparing");
    let found: Vec<VerifiedGeneration> =
        client.post("/api/v1/backups/verify", &BackupChoice { generation })?;
    spinner.finish_and_clear();
    output.result(&found, |out| found.iter().try_for_each(|verified| print(out, verified, output)))?;
    Ok(exit(found.iter().all(|verified| verified.verified)))
}

fn repair(client: &Client, generation: String, output: &Output) -> Result<ExitCode, CliError> {
    let spinner = output.spinner("控えを照合して直しています", "comparing a backup and mending it");
    let choice = BackupChoice { generation: Some(generation) };
    let found: VerifiedGeneration = client.post("/api/v1/backups/repair", &choice)?;
    spinner.finish_and_clear();
    output.result(&found, |out| {
        let ja = format!("{} 個のパックを直しました", found.repaired);
        writeln!(out, "{}", output.text(&ja, &format!("mended {} packs", found.repaired)))?;
        for name in &found.protected {
            let ja =
                format!("! {name} は壊れていますが書き換え禁止のため残ります。新しい世代はこれを使いません");
            let en =
                format!("! {name} is damaged and stays, being protected; the new generation does without it");
            writeln!(out, "{}", output.text(&ja, &en))?;
        }
        print(out, &found, output)
    })?;
    Ok(exit(found.verified))
}

fn print(
    out: &mut dyn std::io::Write,
    verified: &VerifiedGeneration,
    output: &Output,
) -> std::io::Result<()> {
    verified.problems.iter().try_for_each(|problem| writeln!(out, "! {problem}"))?;
    let VerifiedGeneration { generation, records, objects, problem_count, .. } = verified;
    let bytes = DecimalBytes(verified.bytes);
    let ja = format!(
        "{generation}: 記録 {records} 件、原本 {objects} 件、{bytes} を照合しました。異常 {problem_count} 件"
    );
    let en = format!(
        "{generation}: compared {records} records, {objects} objects, {bytes}; {problem_count} problems"
    );
    writeln!(out, "{}", output.text(&ja, &en))?;
    if verified.reclaimable > 0 {
        let bytes = DecimalBytes(verified.reclaimable);
        let ja =
            format!("  うち {bytes} は廃棄済みの契約書のもので、もう読めません（週次の照合で整理されます）");
        let en = format!(
            "  {bytes} of it belong to destroyed contracts and cannot be read (cleared away by the weekly job)"
        );
        writeln!(out, "{}", output.text(&ja, &en))?;
    }
    Ok(())
}

fn drill(client: &Client, generation: String, output: &Output) -> Result<ExitCode, CliError> {
    let spinner = output.spinner("練習として復元しています", "restoring for practice");
    let choice = BackupChoice { generation: Some(generation) };
    let report: DrillReport = client.post("/api/v1/backups/drill", &choice)?;
    spinner.finish_and_clear();
    output.result(&report, |out| {
        report.problems.iter().try_for_each(|problem| writeln!(out, "! {problem}"))?;
        let DrillReport { generation, records, compared, problems, .. } = &report;
        let problems = problems.len();
        let ja = format!(
            "{generation}: 復元して開き、記録 {records} 件と台帳の先頭、原本 {compared} 件を1バイトずつ照合しました。異常 {problems} 件"
        );
        let en = format!(
            "{generation}: restored, opened, and compared: tree head, {records} records, {compared} contracts byte for byte; \
             {problems} problems"
        );
        writeln!(out, "{}", output.text(&ja, &en))
    })?;
    Ok(exit(report.verified))
}

fn exit(verified: bool) -> ExitCode {
    if verified { ExitCode::SUCCESS } else { ExitCode::from(VERIFICATION_FAILED) }
}
