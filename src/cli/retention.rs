//! `retention`: how long records are kept, and why.

use std::path::Path;
use std::process::ExitCode;

use super::CliError;
use super::arguments::{RetentionCommand, RetentionOptions};
use super::client::Client;
use super::output::{Lang, Output};
use super::show::id;
use crate::retention::{self, Decision};
use crate::web::api::index::PolicyView;

pub fn run(data: &Path, options: &RetentionOptions, output: &Output) -> Result<ExitCode, CliError> {
    match &options.command {
        RetentionCommand::Explain(options) => explain(data, &options.id, output),
        RetentionCommand::Policies => policies(data, output),
    }
}

fn explain(data: &Path, text: &str, output: &Output) -> Result<ExitCode, CliError> {
    let decision: Decision = Client::open(data)?.get(&format!("/api/v1/records/{}/retention", id(text)?))?;
    let lang = match output.lang {
        Lang::Ja => retention::Lang::Ja,
        Lang::En => retention::Lang::En,
    };
    output.result(&decision, |out| writeln!(out, "{}", retention::sentence(&decision, lang)))?;
    Ok(ExitCode::SUCCESS)
}

fn policies(data: &Path, output: &Output) -> Result<ExitCode, CliError> {
    let policies: Vec<PolicyView> = Client::open(data)?.get("/api/v1/retention/policies")?;
    output.result(&policies, |out| {
        policies.iter().try_for_each(|policy| {
            let title = output.text(&policy.title_ja, &policy.title_en);
            let law = output.text(&policy.law_ja, &policy.law_en);
            let article = output.text(&policy.article_ja, &policy.article_en);
            writeln!(out, "{}  {title}  ({law} {article})", policy.id)
        })
    })?;
    Ok(ExitCode::SUCCESS)
}
