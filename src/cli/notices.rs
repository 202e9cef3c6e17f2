//! `notices`: what comes due; tell it by mail and webhook.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::CliError;
use super::client::Client;
use super::error::{FAILED, PARTLY_DONE};
use super::output::Output;
use crate::jobs::notices::{Delivery, Outcome, Way};
use crate::web::api::notices::{Deliveries, Due};

#[derive(Debug, Args)]
pub struct NoticesOptions {
    #[command(subcommand)]
    pub command: NoticesCommand,
}

#[derive(Debug, Subcommand)]
pub enum NoticesCommand {
    /// What comes due
    #[command(after_help = "Example:\n  shosoin notices list")]
    List,
    /// Tell what is new, at most one message a day
    #[command(after_help = "Example:\n  shosoin notices send --dry-run")]
    Send {
        /// Only show what comes due; send nothing
        #[arg(long)]
        dry_run: bool,
    },
}

pub fn run(data: &Path, options: &NoticesOptions, output: &Output) -> Result<ExitCode, CliError> {
    let client = Client::open(data)?;
    match &options.command {
        NoticesCommand::List | NoticesCommand::Send { dry_run: true } => list(&client, output),
        NoticesCommand::Send { dry_run: false } => send(&client, output),
    }
}

fn list(client: &Client, output: &Output) -> Result<ExitCode, CliError> {
    let due: Due = client.get("/api/v1/notices")?;
    output.result(&due, |out| {
        if due.items.is_empty() {
            return writeln!(out, "{}", output.text("近づいている期限はありません。", "Nothing comes due."));
        }
        due.items.iter().try_for_each(|item| {
            let (ja, en) = item.kind.heading();
            let name = item.name.as_deref().unwrap_or_default();
            writeln!(out, "{}  {}  {name}  {}", item.due, output.text(ja, en), item.subject)
        })
    })?;
    Ok(ExitCode::SUCCESS)
}

fn send(client: &Client, output: &Output) -> Result<ExitCode, CliError> {
    let sent: Deliveries = client.post("/api/v1/notices/deliveries", &serde_json::json!({}))?;
    output
        .result(&sent, |out| sent.deliveries.iter().try_for_each(|delivery| line(delivery, output, out)))?;
    let failed = sent.deliveries.iter().filter(|delivery| delivery.outcome == Outcome::Failed).count();
    Ok(match failed {
        0 => ExitCode::SUCCESS,
        some if some < sent.deliveries.len() => ExitCode::from(PARTLY_DONE),
        _ => ExitCode::from(FAILED),
    })
}

fn line(delivery: &Delivery, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    let way = match delivery.way {
        Way::Mail => output.text("メール", "mail"),
        Way::Webhook => "webhook",
    };
    let outcome = match delivery.outcome {
        Outcome::Sent => output.text("送りました", "sent"),
        Outcome::Nothing => output.text("新しい期限はありません", "nothing new"),
        Outcome::AlreadyToday => output
            .text("今日は送信済みです。続きは明日送れます", "sent today already; the rest can go tomorrow"),
        Outcome::Failed => output.text("送れませんでした", "failed"),
    };
    write!(out, "{way}: {outcome}")?;
    if delivery.items > 0 {
        write!(out, " ({})", delivery.items)?;
    }
    match &delivery.error {
        Some(error) => writeln!(out, ": {error}"),
        None => writeln!(out),
    }
}
