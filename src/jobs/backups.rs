//! Backups, the proof that they restore, and the slow re-reading of everything, as the schedule runs them.

use std::ops::ControlFlow;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::list::{Context, Finding};
use crate::archive::{Archive, ArchiveError, Cleared, JobOutcome, Principal};
use crate::backup::Tier;

/// Findings named in a history; the rest is counted.
const MAX_NAMED: usize = 10;

pub fn daily(archive: &Archive, who: &Principal, context: &Context) -> Result<Finding, ArchiveError> {
    run(archive, who, Tier::Daily, context)
}

pub fn monthly(archive: &Archive, who: &Principal, context: &Context) -> Result<Finding, ArchiveError> {
    run(archive, who, Tier::Monthly, context)
}

pub fn yearly(archive: &Archive, who: &Principal, context: &Context) -> Result<Finding, ArchiveError> {
    run(archive, who, Tier::Yearly, context)
}

fn run(archive: &Archive, who: &Principal, tier: Tier, context: &Context) -> Result<Finding, ArchiveError> {
    if !is_set(archive, tier) {
        return Ok(not_set());
    }
    let report = archive.backup_run_until(who, tier, &|| context.must_stop())?;
    let (generation, bytes) = (report.generation, report.bytes);
    let (held_ja, held_en) = held(report.held, report.held_until);
    Ok(finding(
        report.problems,
        format!("世代 {generation} を作りました（{bytes} バイト）{held_ja}"),
        format!("made generation {generation}, {bytes} bytes{held_en}"),
    ))
}

/// What is said of generations that stay beyond the keep rule because they are protected.
fn held(generations: u64, until: Option<DateTime<Utc>>) -> (String, String) {
    let Some(until) = until.map(|until| until.format("%Y-%m-%d")) else { return Default::default() };
    (
        format!("。残す数を超えた {generations} 世代は書き換え禁止のため {until} まで残ります"),
        format!(
            "; {generations} generations beyond the number to keep stay until {until}, protected (write_once)"
        ),
    )
}

/// Reads everything that the newest generation of every tier needs, and clears away what destroyed contracts left.
pub fn verify(archive: &Archive, who: &Principal, context: &Context) -> Result<Finding, ArchiveError> {
    let (generations, cleared) = match archive.backup_verify_and_repack(who, &|| context.must_stop()) {
        Err(ArchiveError::NotFound(_)) => return Ok(not_set()),
        other => other?,
    };
    let names: Vec<_> = generations.iter().map(|one| one.generation.clone()).collect();
    let problems = generations.into_iter().flat_map(|one| one.problems).collect();
    let names = names.join(" ");
    let (cleared_ja, cleared_en) = told(cleared);
    Ok(finding(
        problems,
        format!("照合した世代: {names}{cleared_ja}"),
        format!("compared {names}{cleared_en}"),
    ))
}

/// What became of what destroyed contracts left.
fn told(Cleared { freed, protected_until }: Cleared) -> (String, String) {
    let (mut ja, mut en) = (String::new(), String::new());
    if freed > 0 {
        ja.push_str(&format!("。廃棄済みの契約書が占めていた {freed} バイトを空けました"));
        en.push_str(&format!("; freed {freed} bytes that destroyed contracts had left"));
    }
    if let Some(until) = protected_until.map(|until| until.format("%Y-%m-%d")) {
        ja.push_str(&format!(
            "。書き換え禁止の世代があるため、廃棄済みの契約書の分は {until} より前には空きません"
        ));
        en.push_str(&format!(
            "; what destroyed contracts left in protected generations (write_once) stays until {until} at least"
        ));
    }
    (ja, en)
}

/// Restores the newest daily backup for practice.
pub fn drill(archive: &Archive, who: &Principal, context: &Context) -> Result<Finding, ArchiveError> {
    if !is_set(archive, Tier::Daily) {
        return Ok(not_set());
    }
    let report = archive.backup_drill_until(who, Tier::Daily.name(), &|| context.must_stop(), &|_, _| {})?;
    let (generation, records) = (report.generation, report.records);
    Ok(finding(
        report.problems,
        format!("世代 {generation} から {records} 件を復元して照合しました"),
        format!("restored and compared {records} records of {generation}"),
    ))
}

/// Reads a part of all contracts, slowly, and mends what is damaged from a backup.
pub fn fixity(archive: &Archive, who: &Principal, context: &Context) -> Result<Finding, ArchiveError> {
    let settings = &archive.config().fixity;
    let pace = |bytes: u64| {
        let micros = bytes.saturating_mul(1_000_000) / settings.bytes_per_second.max(1);
        std::thread::sleep(Duration::from_micros(micros));
        if context.must_stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let report = archive.fixity(who, settings.days, &pace)?;
    let (read, damaged, repaired) = (report.read, report.damaged, report.repaired);
    Ok(finding(
        report.problems,
        format!("{read} 件を読み直しました。破損 {damaged} 件、うち修復 {repaired} 件"),
        format!("{read} contracts read again; {damaged} damaged, {repaired} of them mended"),
    ))
}

fn is_set(archive: &Archive, tier: Tier) -> bool {
    let config = &archive.config().backup;
    match tier {
        Tier::Daily => config.daily.is_some(),
        Tier::Monthly => config.monthly.is_some(),
        Tier::Yearly => config.yearly.is_some(),
    }
}

fn not_set() -> Finding {
    Finding {
        outcome: JobOutcome::Done,
        ja: "控えの置き場所が設定されていません（[backup]）".into(),
        en: "no place for these backups is set ([backup])".into(),
    }
}

fn finding(problems: Vec<String>, ja: String, en: String) -> Finding {
    if problems.is_empty() {
        return Finding { outcome: JobOutcome::Done, ja, en };
    }
    let named = problems.iter().take(MAX_NAMED).cloned().collect::<Vec<_>>().join("; ");
    let count = problems.len();
    Finding {
        outcome: JobOutcome::Problems,
        ja: format!("{ja}。要確認 {count} 件: {named}"),
        en: format!("{en}; {count} findings: {named}"),
    }
}
