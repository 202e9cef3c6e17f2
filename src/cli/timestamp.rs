//! `timestamp`: give timestamps, renew them, what ends when, verify anybody's.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use super::CliError;
use super::arguments::TimestampOptions;
use super::client::Client;
use super::evidence::{self, Judging};
use super::inspect::read;
use super::output::Output;
use super::rendition;
use super::timestamp_arguments::TimestampCommand;
use crate::archive::{Attested, PlannedRenewal, TimestampStatus};
use crate::evidence::{ForeignReport, RenewalState};
use crate::web::api::timestamps::RenewalRequest;

pub fn run(data: &Path, options: &TimestampOptions, output: &Output) -> Result<ExitCode, CliError> {
    match &options.command {
        TimestampCommand::Attest => {
            let done: Attested =
                asked(data, output, "/api/v1/timestamps/attestations", &serde_json::json!({}))?;
            tell(&done, output)
        }
        TimestampCommand::Renew { within } => {
            let request = RenewalRequest { within_days: *within };
            tell(&asked(data, output, "/api/v1/timestamps/renewals", &request)?, output)
        }
        TimestampCommand::Status => status(data, output),
        TimestampCommand::Rendition(flags) => rendition::run(data, flags, output),
        TimestampCommand::Verify { token, data: file, trust } => {
            let judging = Judging::new(trust)?;
            let (token, file) = (read(token)?, read(file)?);
            let report =
                ForeignReport::of_token(&token, &file, &judging.trust, &judging.revocation, judging.at);
            evidence::tell(&report, output)
        }
    }
}

fn asked(
    data: &Path,
    output: &Output,
    path: &str,
    request: &impl serde::Serialize,
) -> Result<Attested, CliError> {
    let client = Client::open(data)?;
    let spinner = output.spinner("タイムスタンプを取得しています", "obtaining timestamps");
    let done = client.post(path, request);
    spinner.finish_and_clear();
    done
}

fn tell(done: &Attested, output: &Output) -> Result<ExitCode, CliError> {
    let Attested { records, tokens, requests } = done;
    output.result(done, |out| {
        let ja = format!("記録 {records} 件を保護しました（タイムスタンプ {tokens} 個、要求 {requests} 回）");
        let en = format!("{records} records protected with {tokens} timestamps, {requests} requests");
        let none = output.text("対象の記録はありません", "nothing to do");
        writeln!(out, "{}", if *records == 0 { none } else { output.text(&ja, &en) })
    })?;
    Ok(ExitCode::SUCCESS)
}

fn status(data: &Path, output: &Output) -> Result<ExitCode, CliError> {
    let status: TimestampStatus = Client::open(data)?.get("/api/v1/timestamps")?;
    output.result(&status, |out| print(&status, output, out))?;
    Ok(ExitCode::SUCCESS)
}

/// The legal window, when something waits for a timestamp.
fn deadlines(status: &TimestampStatus, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    let deadlines = &status.deadlines;
    let Some(first) = deadlines.days.first() else { return Ok(()) };
    let (day, missed, window) = (first.day, deadlines.missed, deadlines.window.word());
    let ja = format!("付与の期限（{window}）: 最も早いもの {day}、期限を過ぎたもの {missed} 件");
    let en = format!("legal window ({window}): the first ends on {day}, {missed} records are too late");
    writeln!(out, "{}", output.text(&ja, &en))
}

/// When what ends is renewed, where that is within sight: windows that are open, and the next one.
fn renewals(status: &TimestampStatus, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    let is_open = |renewal: &&PlannedRenewal| renewal.state != RenewalState::NotYet;
    let next = status.renewals.iter().find(|renewal| !is_open(renewal));
    for renewal in status.renewals.iter().filter(is_open).chain(next) {
        let PlannedRenewal { ends, records, opens, planned, state } = renewal;
        let (ends, opens, planned) = (ends.date_naive(), opens.date_naive(), planned.date_naive());
        let (ja, en) = state.words();
        let ja = format!("  {ends} に期限の {records} 件: {opens} から延長可能、予定日 {planned}（{ja}）");
        let en =
            format!("  {records} ending on {ends}: renewable from {opens}, planned for {planned} ({en})");
        writeln!(out, "{}", output.text(&ja, &en))?;
    }
    Ok(())
}

/// The time that is proven, and whether this machine's clock agrees with it.
fn clock(status: &TimestampStatus, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    let Some(time) = status.proven_time else { return Ok(()) };
    let time = time.format("%Y-%m-%d %H:%M:%S UTC");
    writeln!(out, "{} {time}", output.text("証明済みの時刻", "proven time"))?;
    if status.clock_behind {
        let ja = "この機械の時計は、タイムスタンプが証明する時刻より遅れています";
        let en = "this machine's clock is behind the time that a timestamp proves";
        writeln!(out, "{}", output.text(ja, en))?;
    }
    if status.clock_ahead {
        let ja = "この機械の時計は、証明済みの時刻より90日以上進んでいます。時計が正しければ、その間タイムスタンプを取得していません";
        let en = "this machine's clock is more than 90 days ahead of the proven time; if it is right, no timestamp came since";
        writeln!(out, "{}", output.text(ja, en))?;
    }
    Ok(())
}

fn print(status: &TimestampStatus, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    let TimestampStatus { protected, waiting, due, lapsed, tokens, .. } = status;
    let ja = format!(
        "保護 {protected} 件、未付与 {waiting} 件、延長時期 {due} 件、期限切れ {lapsed} 件、タイムスタンプ {tokens} 個"
    );
    let en = format!(
        "protected {protected}, without a timestamp {waiting}, due for renewal {due}, lapsed {lapsed}, timestamps {tokens}"
    );
    writeln!(out, "{}", output.text(&ja, &en))?;
    for year in &status.expires {
        writeln!(out, "  {}: {} {}", year.year, year.records, output.text("件が期限", "records end"))?;
    }
    renewals(status, output, out)?;
    deadlines(status, output, out)?;
    clock(status, output, out)?;
    for request in &status.requests {
        let reason = request.reason.as_deref().unwrap_or_default();
        let at = request.asked_at.format("%Y-%m-%d %H:%M:%S UTC");
        writeln!(out, "  {at}  {}  {}  {reason}", request.authority, request.outcome)?;
    }
    Ok(())
}
