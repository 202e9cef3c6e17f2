//! `show`: everything about one record.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use super::CliError;
use super::arguments::IdOptions;
use super::client::Client;
use super::deposit::amount_text;
use super::output::{Output, inline};
use crate::archive::{RecordView, StampDue, StampState};
use crate::record::{RecordId, Version};

/// Reads an id before anything is sent, so that a typing error is a usage error.
pub(super) fn id(text: &str) -> Result<RecordId, CliError> {
    text.parse().map_err(|error: crate::record::id::InvalidRecordId| {
        CliError::usage(error.to_string()).ja(format!("「{text}」は文書の番号（ID）ではありません"))
    })
}

pub fn run(data: &Path, options: &IdOptions, output: &Output) -> Result<ExitCode, CliError> {
    let id = id(&options.id)?;
    let record: RecordView = Client::open(data)?.get(&format!("/api/v1/records/{id}"))?;
    output.result(&record, |out| print(&record, output, out))?;
    Ok(ExitCode::SUCCESS)
}

fn print(record: &RecordView, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "{}", record.id)?;
    writeln!(out, "  SHA-256 {}  {} bytes  journal {}", record.sha256, record.size, record.journal_seq)?;
    let retention = &record.retention;
    writeln!(out, "  {}", output.text(&retention.sentence_ja, &retention.sentence_en))?;
    if let Some(term) = &record.term {
        writeln!(out, "  {}", output.text(&term.sentence_ja, &term.sentence_en))?;
    }
    let evidence = &record.evidence.timestamps;
    if let (Some(proven), Some(until)) = (evidence.proven_at, evidence.protected_until) {
        let authority = evidence.authority.as_deref().unwrap_or_default();
        let (proven, until) = (proven.format("%Y-%m-%d %H:%M:%S UTC"), until.format("%Y-%m-%d"));
        let ja = format!("タイムスタンプ {proven}（{authority}）、{until} までに延長");
        let en = format!("timestamp {proven} ({authority}), to be renewed before {until}");
        writeln!(out, "  {}", output.text(&ja, &en))?;
    }
    evidence_lines(record, output, out)?;
    for hold in &record.holds {
        writeln!(out, "  {}: {hold}", output.text("保全", "hold"))?;
    }
    super::inspect::print(&record.panel, "  ", output, out)?;
    for warning in &record.warnings {
        writeln!(out, "  {}: {warning}", output.text("注意", "note"))?;
    }
    record.versions.iter().rev().try_for_each(|version| print_version(version, output, out))
}

/// The legal window while it is open or was missed, and the renditions.
fn evidence_lines(record: &RecordView, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    let window = record.evidence.timestamps.window;
    if let Some(StampDue { state, last_day: Some(day) }) = window {
        let said = match state {
            StampState::Waiting => Some(("タイムスタンプ付与の期限", "a timestamp is due by")),
            StampState::Missed => Some(("付与の期限を過ぎています", "its last day for a timestamp is over:")),
            StampState::Late => Some(("期限後に付与されました。期限", "timestamped after its last day,")),
            StampState::InTime | StampState::NotNeeded => None,
        };
        if let Some((ja, en)) = said {
            writeln!(out, "  {} {day}", output.text(ja, en))?;
        }
    }
    for made in &record.evidence.renditions {
        let (number, until) = (made.rendition, made.protected_until.date_naive());
        let ja = format!("長期署名 {number}（{until} まで有効）");
        let en = format!("rendition {number}, good until {until}");
        writeln!(out, "  {}  SHA-256 {}", output.text(&ja, &en), made.sha256)?;
    }
    Ok(())
}

fn print_version(version: &Version, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    let metadata = &version.metadata;
    let money = metadata.amount;
    let amount = amount_text(money.map(|m| m.minor), money.map(|m| m.currency.code()), output);
    let label = output.text("版", "version");
    writeln!(
        out,
        "  {label} {}  {}  {}",
        version.version,
        version.at.format("%Y-%m-%d %H:%M:%S UTC"),
        version.by
    )?;
    if let Some(reason) = &version.reason {
        writeln!(out, "    {}: {reason}", output.text("理由", "reason"))?;
    }
    writeln!(out, "    {}  {}  {amount}", metadata.transaction_date, inline(&metadata.counterparty.name))?;
    let optional = [&metadata.title, &metadata.number];
    let texts: Vec<_> = optional.iter().filter_map(|text| text.as_deref().map(inline)).collect();
    writeln!(out, "    {}", [vec![metadata.class.clone()], texts].concat().join("  "))?;
    if version.withdrawn {
        writeln!(out, "    {}", output.text("取下げ", "withdrawn"))?;
    }
    Ok(())
}
