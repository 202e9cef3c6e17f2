//! `retention shorten`: keeping records for a shorter time than was decided once, by two people.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use super::CliError;
use super::arguments::ShortenCommand;
use super::client::Client;
use super::output::Output;
use super::show::id;
use crate::archive::{ShortenRequest, ShorteningView};

const PATH: &str = "/api/v1/retention/shortenings";

pub fn run(data: &Path, command: &ShortenCommand, output: &Output) -> Result<ExitCode, CliError> {
    match command {
        ShortenCommand::Propose { ids, reason } => {
            let ids = ids.iter().map(|text| id(text)).collect::<Result<_, _>>()?;
            let request = ShortenRequest { ids, reason: reason.clone() };
            let proposed: ShorteningView = Client::open(data)?.post(PATH, &request)?;
            output.result(&proposed, |out| print(&proposed, output, out))?;
        }
        ShortenCommand::Approve { number } => {
            let number = uuid::Uuid::parse_str(number.trim())
                .map_err(|_| CliError::usage(format!("{number:?} is not the number of a proposal")))?;
            let path = format!("{PATH}/{number}/approval");
            let approved: ShorteningView = Client::open(data)?.post(&path, &serde_json::json!({}))?;
            output.result(&approved, |out| print(&approved, output, out))?;
        }
        ShortenCommand::List => {
            let all: Vec<ShorteningView> = Client::open(data)?.get(PATH)?;
            output.result(&all, |out| all.iter().try_for_each(|one| print(one, output, out)))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print(proposal: &ShorteningView, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    let state = match &proposal.approval {
        Some(approval) => format!("{} {}", output.text("承認", "approved by"), approval.by),
        None => output.text("承認待ち", "waits for a second person").to_owned(),
    };
    writeln!(out, "{}  {}  {state}  {}", proposal.number, proposal.proposed_by, proposal.reason)?;
    proposal.items.iter().try_for_each(|item| {
        let before =
            item.before.map_or_else(|| output.text("無期限", "no end").to_owned(), |day| day.to_string());
        writeln!(out, "  {}  {before} -> {}", item.id, item.after)
    })
}
