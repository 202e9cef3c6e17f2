//! `jobs`: the schedule, its history, and running a job by hand.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use axum::http::Method;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::json;

use super::CliError;
use super::arguments::{JobsCommand, JobsOptions};
use super::client::{Client, with_query};
use super::error::{FAILED, PARTLY_DONE};
use super::output::Output;
use crate::archive::{JobOutcome, JobRun, JobTrigger};
use crate::jobs::JobView;

pub fn run(data: &Path, options: &JobsOptions, output: &Output) -> Result<ExitCode, CliError> {
    let client = Client::open(data)?;
    match &options.command {
        JobsCommand::List => list(&client, output),
        JobsCommand::Run { name } => run_now(&client, name, output),
        JobsCommand::History { name } => history(&client, name.as_deref(), output),
        JobsCommand::Pause { name } => pause(&client, name, true, output),
        JobsCommand::Resume { name } => pause(&client, name, false, output),
    }
}

fn list(client: &Client, output: &Output) -> Result<ExitCode, CliError> {
    let jobs: Vec<JobView> = client.get("/api/v1/jobs")?;
    output.result(&jobs, |out| jobs.iter().try_for_each(|job| print_job(job, output, out)))?;
    Ok(ExitCode::SUCCESS)
}

fn run_now(client: &Client, name: &str, output: &Output) -> Result<ExitCode, CliError> {
    let spinner = output.spinner("実行しています", "running");
    let run: Result<JobRun, CliError> = client.post(&format!("/api/v1/jobs/{name}/runs"), &json!({}));
    spinner.finish_and_clear();
    let run = run?;
    output.result(&run, |out| print_run(&run, output, out))?;
    Ok(match run.outcome {
        JobOutcome::Problems => ExitCode::from(PARTLY_DONE),
        JobOutcome::Failed | JobOutcome::Interrupted => ExitCode::from(FAILED),
        JobOutcome::Done | JobOutcome::Running => ExitCode::SUCCESS,
    })
}

fn history(client: &Client, name: Option<&str>, output: &Output) -> Result<ExitCode, CliError> {
    let runs: Vec<JobRun> = client.get(&with_query("/api/v1/jobs/history", &json!({ "job": name }))?)?;
    output.result(&runs, |out| runs.iter().try_for_each(|run| print_run(run, output, out)))?;
    Ok(ExitCode::SUCCESS)
}

fn pause(client: &Client, name: &str, paused: bool, output: &Output) -> Result<ExitCode, CliError> {
    let job: JobView =
        client.send(Method::PUT, &format!("/api/v1/jobs/{name}/pause"), &json!({ "paused": paused }))?;
    output.result(&job, |out| print_job(&job, output, out))?;
    Ok(ExitCode::SUCCESS)
}

fn print_job(job: &JobView, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    let schedule = job.schedule.as_deref().unwrap_or_else(|| output.text("停止", "off"));
    writeln!(out, "{:<16} {schedule:<12} {}", job.name, output.text(&job.title_ja, &job.title_en))?;
    let next = match (job.paused, job.next) {
        (true, _) => output.text("一時停止中", "paused").to_owned(),
        (false, Some(at)) => local(at, &job.zone),
        (false, None) => "-".to_owned(),
    };
    writeln!(out, "  {}: {next}", output.text("次回", "next"))?;
    match &job.last {
        Some(last) => print_run(last, output, out),
        None => writeln!(out, "  {}", output.text("まだ実行していません", "has not run yet")),
    }
}

fn print_run(run: &JobRun, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    let took = run.ended_at.map(|end| (end - run.started_at).num_seconds().max(0));
    let took = took.map(|seconds| format!("{seconds} s")).unwrap_or_default();
    let message = output.text(&run.message_ja, &run.message_en);
    let at = run.started_at.format("%Y-%m-%d %H:%M:%S UTC");
    let (job, why, ended) = (&run.job, why(run.why, output), outcome(run.outcome, output));
    writeln!(out, "  #{} {job} {at} ({why}) {ended} {took} {message}", run.number)
}

/// A moment in the zone that schedules are in.
fn local(at: DateTime<Utc>, zone: &str) -> String {
    match zone.parse::<Tz>() {
        Ok(tz) => format!("{} {zone}", at.with_timezone(&tz).format("%Y-%m-%d %H:%M")),
        Err(_) => at.format("%Y-%m-%d %H:%M UTC").to_string(),
    }
}

fn why(why: JobTrigger, output: &Output) -> &str {
    match why {
        JobTrigger::Schedule => output.text("定刻", "on time"),
        JobTrigger::CatchUp => output.text("停止中の分", "made up for"),
        JobTrigger::Retry => output.text("再試行", "tried again"),
        JobTrigger::Manual => output.text("手動", "by hand"),
    }
}

fn outcome(outcome: JobOutcome, output: &Output) -> &str {
    match outcome {
        JobOutcome::Running => output.text("実行中", "running"),
        JobOutcome::Done => output.text("完了", "done"),
        JobOutcome::Problems => output.text("要確認", "problems found"),
        JobOutcome::Failed => output.text("失敗", "failed"),
        JobOutcome::Interrupted => output.text("中断", "interrupted"),
    }
}
