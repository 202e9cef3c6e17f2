//! `disposition`: destroying what need not be kept any more, in steps that take two people.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use super::CliError;
use super::arguments::{DispositionCommand, DispositionOptions};
use super::client::Client;
use super::error::PARTLY_DONE;
use super::output::{Lang, Output};
use super::show::id;
use crate::archive::{Certificate, PlanRequest, PlanState, PlanView};
use crate::retention;
use crate::web::api::holds::ApprovalRequest;

const PATH: &str = "/api/v1/dispositions";

pub fn run(data: &Path, options: &DispositionOptions, output: &Output) -> Result<ExitCode, CliError> {
    match &options.command {
        DispositionCommand::Plan { ids, transfer_to } => {
            let ids = ids.iter().map(|text| id(text)).collect::<Result<_, _>>()?;
            let transfer_to = transfer_to.clone();
            let plan: PlanView = Client::open(data)?.post(PATH, &PlanRequest { ids, transfer_to })?;
            output.result(&plan, |out| print(&plan, output, out))?;
        }
        DispositionCommand::Approve { plan, digest } => {
            let digest = digest.as_deref().map(str::parse).transpose();
            let digest = digest.map_err(|_| CliError::usage("--digest: it has 64 hexadecimal digits"))?;
            let path = format!("{PATH}/{}/approval", number(plan)?);
            let plan: PlanView = Client::open(data)?.post(&path, &ApprovalRequest { digest })?;
            output.result(&plan, |out| print(&plan, output, out))?;
        }
        DispositionCommand::Perform { plan } => return perform(data, plan, output),
        DispositionCommand::List => {
            let plans: Vec<PlanView> = Client::open(data)?.get(PATH)?;
            output.result(&plans, |out| plans.iter().try_for_each(|plan| head(plan, output, out)))?;
        }
        DispositionCommand::Package { plan, output: target } => {
            super::disposition_files::package(data, number(plan)?, target, output)?;
        }
        DispositionCommand::Confirm { plan, receipt, archive } => {
            let receipt = super::disposition_files::receipt(receipt, archive.as_deref())?;
            let path = format!("{PATH}/{}/confirmation", number(plan)?);
            let plan: PlanView = Client::open(data)?.post(&path, &receipt)?;
            output.result(&plan, |out| print(&plan, output, out))?;
        }
        DispositionCommand::Certificate { id: text, output: Some(target) } => {
            super::disposition_files::certificate(data, id(text)?, target, output)?;
        }
        DispositionCommand::Certificate { id: text, output: None } => {
            let path = format!("/api/v1/records/{}/certificate", id(text)?);
            let certificate: Certificate = Client::open(data)?.get(&path)?;
            output.result(&certificate, |out| print_certificate(&certificate, output, out))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads the number of a plan before anything is sent, so that a typing error is a usage error.
fn number(text: &str) -> Result<uuid::Uuid, CliError> {
    uuid::Uuid::parse_str(text.trim())
        .map_err(|_| CliError::usage(format!("{text:?} is not the number of a plan")))
}

fn perform(data: &Path, plan: &str, output: &Output) -> Result<ExitCode, CliError> {
    let path = format!("{PATH}/{}/performance", number(plan)?);
    let client = Client::open(data)?;
    let spinner = output.spinner("廃棄しています", "destroying");
    let plan: PlanView = client.post(&path, &serde_json::json!({}))?;
    spinner.finish_and_clear();
    output.result(&plan, |out| {
        head(&plan, output, out)?;
        let Some(performed) = &plan.performed else { return Ok(()) };
        let ja = format!("廃棄 {} 件、廃棄しなかったもの {} 件", performed.destroyed, performed.kept.len());
        let en = format!("destroyed {}, kept {}", performed.destroyed, performed.kept.len());
        writeln!(out, "{}", output.text(&ja, &en))?;
        performed.kept.iter().try_for_each(|kept| writeln!(out, "  {}  {}", kept.id, kept.why))
    })?;
    let all = plan.performed.is_some_and(|performed| performed.kept.is_empty());
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::from(PARTLY_DONE) })
}

fn head(plan: &PlanView, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    let state = match plan.state {
        PlanState::Planned => output.text("計画", "planned"),
        PlanState::Approved => output.text("承認済み", "approved"),
        PlanState::Packaged => output.text("移管先の確認待ち", "waits for the receiving archive"),
        PlanState::Confirmed => output.text("移管先が確認済み", "confirmed by the receiving archive"),
        PlanState::Performed => output.text("実行済み", "performed"),
    };
    let count = format!("{} {}", plan.items.len(), output.text("件", "records"));
    writeln!(out, "{}  {state}  {}  {}  {count}", plan.plan, plan.as_of, plan.author)?;
    writeln!(out, "  SHA-256 {}", plan.digest)?;
    let Some(to) = &plan.transfer_to else { return Ok(()) };
    writeln!(out, "  {}: {to}", output.text("移管先", "transfer to"))
}

fn print(plan: &PlanView, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    head(plan, output, out)?;
    let lang = match output.lang {
        Lang::Ja => retention::Lang::Ja,
        Lang::En => retention::Lang::En,
    };
    plan.items.iter().try_for_each(|item| {
        let why = retention::sentence(&item.decision, lang);
        writeln!(out, "  {}  {}  {why}", item.id, item.class)
    })
}

fn print_certificate(certificate: &Certificate, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    let at = certificate.destroyed_at.format("%Y-%m-%d %H:%M:%S UTC");
    let trusted = certificate.trusted.time.format("%Y-%m-%d %H:%M:%S UTC");
    let approved = &certificate.approval.by;
    writeln!(out, "{}", output.text("廃棄証明書", "Certificate of destruction"))?;
    for (ja, en, value) in [
        ("文書", "record", certificate.record.to_string()),
        ("書類種別", "class", certificate.class.clone()),
        ("法人", "entity", certificate.entity.clone()),
        ("廃棄日時", "destroyed", at.to_string()),
        ("検証済みの時刻", "verified time", format!("{trusted} ({})", certificate.trusted.proof)),
        ("保存期限", "kept until", certificate.retain_until.to_string()),
        ("計画", "plan", format!("{} {}", certificate.plan, certificate.planned_by)),
        ("承認", "approved by", approved.clone()),
        ("実行", "performed by", certificate.performed_by.clone()),
        ("記録番号", "journal", format!("{} / {}", certificate.deposit_seq, certificate.journal_seq)),
    ] {
        writeln!(out, "  {}: {value}", output.text(ja, en))?;
    }
    if let Some(went) = &certificate.transfer {
        writeln!(out, "  {}: {} ({})", output.text("移管先", "transferred to"), went.to, went.archive)?;
    }
    if let Some(keys) = &certificate.backup_keys {
        let ja = "控えの中の鍵の消滅";
        let en = "keys in backups lapse on";
        writeln!(out, "  {}: {} ({})", output.text(ja, en), keys.on, keys.tiers.join(", "))?;
    }
    writeln!(out, "  {}", certificate.method)
}
