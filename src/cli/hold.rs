//! `hold`: what is kept whatever the dates say.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use super::CliError;
use super::arguments::{HoldCommand, HoldOptions, HoldPlaceOptions};
use super::client::Client;
use super::output::Output;
use super::show::id;
use crate::archive::{HoldRequest, HoldView, SearchRequest};
use crate::web::api::holds::ReleaseRequest;

pub fn run(data: &Path, options: &HoldOptions, output: &Output) -> Result<ExitCode, CliError> {
    match &options.command {
        HoldCommand::Place(options) => {
            let request = request(options)?;
            let hold: HoldView = Client::open(data)?.post("/api/v1/holds", &request)?;
            output.result(&hold, |out| print(&hold, output, out))?;
        }
        HoldCommand::Release { name, reason } => {
            let request = ReleaseRequest { name: name.clone(), reason: reason.clone() };
            let hold: HoldView = Client::open(data)?.post("/api/v1/holds/releases", &request)?;
            output.result(&hold, |out| print(&hold, output, out))?;
        }
        HoldCommand::List => {
            let holds: Vec<HoldView> = Client::open(data)?.get("/api/v1/holds")?;
            output.result(&holds, |out| holds.iter().try_for_each(|hold| print(hold, output, out)))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn request(options: &HoldPlaceOptions) -> Result<HoldRequest, CliError> {
    let search = options.conditions.request();
    let search = (search != SearchRequest::default()).then_some(search);
    if options.ids.is_empty() && search.is_none() {
        return Err(CliError::usage(
            "the hold names nothing; give ids of records, or conditions of a search",
        ));
    }
    Ok(HoldRequest {
        name: options.name.clone(),
        reason: options.reason.clone(),
        custodian: options.custodian.clone(),
        ids: options.ids.iter().map(|text| id(text)).collect::<Result<_, _>>()?,
        search,
    })
}

fn print(hold: &HoldView, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    let at = hold.placed_at.format("%Y-%m-%d");
    let count = format!("{} {}", hold.records, output.text("件", "records"));
    writeln!(out, "{}  {count}  {} {at}  {}", hold.hold, hold.placed_by, hold.reason)?;
    if let Some(search) = &hold.search {
        let conditions = serde_json::to_string(search).unwrap_or_default();
        writeln!(out, "  {} {conditions}", output.text("条件", "conditions"))?;
    }
    if let Some(release) = &hold.released {
        let at = release.at.format("%Y-%m-%d");
        writeln!(out, "  {} {} {at}  {}", output.text("解除", "released"), release.by, release.reason)?;
    }
    Ok(())
}
