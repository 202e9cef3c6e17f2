//! `retention`: how long records are kept, and why.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::CliError;
use super::arguments::{FiscalYearsCommand, RetentionCommand, RetentionOptions};
use super::client::{Client, with_query};
use super::output::{Lang, Output};
use super::show::id;
use crate::archive::{
    CalendarApproval, DueList, FiscalYearsChange, FiscalYearsView, LossDeclaration, Reevaluation,
};
use crate::record::date;
use crate::retention::{self, CalendarSettings, Decision, FiscalYear, Policy};
use crate::web::api::retention::PolicyView;

pub fn run(data: &Path, options: &RetentionOptions, output: &Output) -> Result<ExitCode, CliError> {
    match &options.command {
        RetentionCommand::Explain(options) => explain(data, &options.id, output),
        RetentionCommand::Due { before } => due(data, before.as_deref(), output),
        RetentionCommand::Policies => policies(data, output),
        RetentionCommand::Check { files } => check(files, output),
        RetentionCommand::FiscalYears { command } => fiscal_years(data, command.as_ref(), output),
        RetentionCommand::Shorten { command } => super::shorten::run(data, command, output),
        RetentionCommand::Reevaluate => reevaluate(data, output),
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

fn due(data: &Path, before: Option<&str>, output: &Output) -> Result<ExitCode, CliError> {
    #[derive(Serialize)]
    struct Params<'a> {
        before: Option<&'a str>,
    }
    let list: DueList = Client::open(data)?.get(&with_query("/api/v1/retention/due", &Params { before })?)?;
    output.result(&list, |out| {
        for record in &list.records {
            let holds = if record.holds.is_empty() { String::new() } else { record.holds.join(", ") };
            let hold = if holds.is_empty() { "" } else { output.text("保全: ", "hold: ") };
            let title = record.title.as_deref().unwrap_or_default();
            writeln!(
                out,
                "{}  {}  {}  {}  {title}  {hold}{holds}",
                record.retain_until, record.id, record.class, record.counterparty
            )?;
        }
        writeln!(out, "{} {}", list.total, output.text("件", "records"))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn policies(data: &Path, output: &Output) -> Result<ExitCode, CliError> {
    let policies: Vec<PolicyView> = Client::open(data)?.get("/api/v1/retention/policies")?;
    output.result(&policies, |out| {
        policies.iter().try_for_each(|policy| {
            let title = output.text(&policy.title_ja, &policy.title_en);
            let law = output.text(&policy.law_ja, &policy.law_en);
            let article = output.text(&policy.article_ja, &policy.article_en);
            let former = output.text("（変更・削除前）", " (before it was changed or removed)");
            let former = if policy.former { former } else { "" };
            writeln!(out, "{}  {title}  ({law} {article}, {}){former}", policy.id, policy.as_of)
        })
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A policy file that was checked.
#[derive(Serialize)]
struct Checked {
    file: String,
    id: String,
    examples: usize,
}

fn check(files: &[PathBuf], output: &Output) -> Result<ExitCode, CliError> {
    let mut checked = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(path).map_err(|error| CliError::file(path, &error))?;
        let file = path.display().to_string();
        let policy = Policy::parse(&file, &text).map_err(|error| {
            CliError::new("config", error.to_string(), Some("correct the file at the line that is named"))
        })?;
        checked.push(Checked { file, id: policy.id, examples: policy.examples.len() });
    }
    output.result(&checked, |out| {
        checked.iter().try_for_each(|policy| {
            let words = output.text("件の計算例がすべて一致", "examples come out");
            writeln!(out, "{}  {}  {} {words}", policy.file, policy.id, policy.examples)
        })
    })?;
    Ok(ExitCode::SUCCESS)
}

fn fiscal_years(
    data: &Path,
    command: Option<&FiscalYearsCommand>,
    output: &Output,
) -> Result<ExitCode, CliError> {
    const PATH: &str = "/api/v1/retention/fiscal-years";
    match command {
        None | Some(FiscalYearsCommand::List) => {
            let views: Vec<FiscalYearsView> = Client::open(data)?.get(PATH)?;
            output.result(&views, |out| views.iter().try_for_each(|view| print_years(view, output, out)))?;
        }
        Some(FiscalYearsCommand::Set { entity, year_ends, extension, years, reason }) => {
            let year_ends = year_ends.as_deref().map(str::parse).transpose();
            let calendar = CalendarSettings {
                fiscal_year_ends: year_ends
                    .map_err(|error| CliError::usage(format!("--year-ends: {error}")))?,
                filing_extension_months: *extension,
                fiscal_years: years.iter().map(|text| year(text)).collect::<Result<_, _>>()?,
            };
            let change = FiscalYearsChange { entity: entity.clone(), calendar, reason: reason.clone() };
            let view: FiscalYearsView = Client::open(data)?.post(PATH, &change)?;
            output.result(&view, |out| print_years(&view, output, out))?;
        }
        Some(FiscalYearsCommand::Approve { entity }) => {
            let approval = CalendarApproval { entity: entity.clone() };
            let path = format!("{PATH}/approval");
            let view: FiscalYearsView = Client::open(data)?.post(&path, &approval)?;
            output.result(&view, |out| print_years(&view, output, out))?;
        }
        Some(FiscalYearsCommand::DeclareLoss { entity, year, reason }) => {
            let (entity, year, reason) = (entity.clone(), year.clone(), reason.clone());
            let declaration = LossDeclaration { entity, year, reason };
            let view: FiscalYearsView = Client::open(data)?.post("/api/v1/retention/losses", &declaration)?;
            output.result(&view, |out| print_years(&view, output, out))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `2025-04-01..2026-03-31,extension=1,loss`
fn year(text: &str) -> Result<FiscalYear, CliError> {
    let bad = |why: String| CliError::usage(format!("--year {text:?}: {why}"));
    let mut parts = text.split(',').map(str::trim);
    let range = parts.next().unwrap_or_default();
    let (start, end) =
        range.split_once("..").ok_or_else(|| bad("write it as 2025-04-01..2026-03-31".into()))?;
    let day = |text: &str| date::parse_date(text).map_err(|error| bad(error.to_string()));
    let mut year = FiscalYear { start: day(start)?, end: day(end)?, filing_extension_months: 0, loss: false };
    for part in parts {
        match part.split_once('=') {
            None if part == "loss" => year.loss = true,
            Some(("extension", months)) => {
                year.filing_extension_months =
                    months.parse().map_err(|_| bad(format!("{months:?} is not a number of months")))?;
            }
            _ => return Err(bad(format!("{part:?} is not known; use extension=N and loss"))),
        }
    }
    Ok(year)
}

fn print_years(view: &FiscalYearsView, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "{}", view.entity)?;
    for year in &view.years {
        let loss = if year.loss { output.text("  欠損金あり", "  loss") } else { "" };
        let extension = match year.filing_extension_months {
            0 => String::new(),
            months => {
                format!("  {} {months}", output.text("申告期限の延長（月）", "filing extension in months"))
            }
        };
        writeln!(out, "  {}..{}{extension}{loss}", year.start, year.end)?;
    }
    if let Some(proposed) = &view.proposed {
        let (by, at, reason) = (&proposed.proposed_by, proposed.proposed_at, &proposed.reason);
        writeln!(
            out,
            "  {}: {by}, {} ({reason})",
            output.text(
                "過ぎた年度の保存期間が短くなる変更案があり、ほかの人の同意を待っています（retention fiscal-years approve）",
                "a change that shortens periods of past years waits for a second person (retention fiscal-years approve)"
            ),
            at.format("%Y-%m-%d %H:%M UTC")
        )?;
    }
    for gap in &view.gaps {
        writeln!(
            out,
            "  {} {}..{}",
            output.text("事業年度のない期間", "no fiscal year"),
            gap.start,
            gap.end
        )?;
    }
    Ok(())
}

fn reevaluate(data: &Path, output: &Output) -> Result<ExitCode, CliError> {
    let client = Client::open(data)?;
    let spinner = output.spinner("保存期間を計算し直しています", "deciding about every record again");
    let done: Reevaluation = client.post("/api/v1/retention/reevaluation", &serde_json::json!({}))?;
    spinner.finish_and_clear();
    output.result(&done, |out| {
        let (records, changed, failures) = (done.records, done.changed, done.failures);
        let ja =
            format!("{records} 件を計算し直しました（変更 {changed} 件、計算できないもの {failures} 件）");
        let en =
            format!("decided {records} records again: {changed} changed, {failures} could not be decided");
        writeln!(out, "{}", output.text(&ja, &en))
    })?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_is_read_with_its_extension_and_loss() {
        let found = year("2025-04-01..R8.3.31, extension=1, loss").expect("a year");
        assert_eq!(
            (found.start.to_string(), found.end.to_string()),
            ("2025-04-01".into(), "2026-03-31".into())
        );
        assert_eq!((found.filing_extension_months, found.loss), (1, true));
        for wrong in [
            "2025-04-01",
            "2025..2026",
            "2025-04-01..2026-03-31,profit",
            "2025-04-01..2026-03-31,extension=x",
        ] {
            assert_eq!(year(wrong).expect_err(wrong).code, "usage");
        }
    }
}
