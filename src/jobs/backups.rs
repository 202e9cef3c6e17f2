//! Backups, the proof that they restore, and the slow re-reading of everything, as the schedule runs them.

use std::ops::ControlFlow;
use std::time::Duration;

use super::list::{Context, Finding};
use crate::archive::{Archive, ArchiveError, JobOutcome, Principal};
use crate::backup::Tier;

/// Findings named in a history; the rest is counted.
const MAX_NAMED: usize = 10;

pub fn daily(archive: &Archive, who: &Principal, _: &Context) -> Result<Finding, ArchiveError> {
    run(archive, who, Tier::Daily)
}

pub fn monthly(archive: &Archive, who: &Principal, _: &Context) -> Result<Finding, ArchiveError> {
    run(archive, who, Tier::Monthly)
}

pub fn yearly(archive: &Archive, who: &Principal, _: &Context) -> Result<Finding, ArchiveError> {
    run(archive, who, Tier::Yearly)
}

fn run(archive: &Archive, who: &Principal, tier: Tier) -> Result<Finding, ArchiveError> {
    if !is_set(archive, tier) {
        return Ok(not_set());
    }
    let report = archive.backup_run(who, tier, false, &|_, _| {})?;
    let (generation, bytes) = (report.generation, report.bytes);
    Ok(finding(
        report.problems,
        format!("世代 {generation} を作りました（{bytes} バイト）"),
        format!("made generation {generation}, {bytes} bytes"),
    ))
}

/// Reads everything that the newest generation of every tier needs, and clears away what destroyed contracts left.
pub fn verify(archive: &Archive, who: &Principal, _: &Context) -> Result<Finding, ArchiveError> {
    let (generations, freed) = match archive.backup_verify_and_repack(who, &|_, _| {}) {
        Err(ArchiveError::NotFound(_)) => return Ok(not_set()),
        other => other?,
    };
    let names: Vec<_> = generations.iter().map(|one| one.generation.clone()).collect();
    let problems = generations.into_iter().flat_map(|one| one.problems).collect();
    let names = names.join(" ");
    let (cleared_ja, cleared_en) = match freed {
        0 => (String::new(), String::new()),
        _ => (
            format!("。廃棄済みの契約書が占めていた {freed} バイトを空けました"),
            format!("; freed {freed} bytes that destroyed contracts had left"),
        ),
    };
    Ok(finding(
        problems,
        format!("照合した世代: {names}{cleared_ja}"),
        format!("compared {names}{cleared_en}"),
    ))
}

/// Restores the newest daily backup for practice.
pub fn drill(archive: &Archive, who: &Principal, _: &Context) -> Result<Finding, ArchiveError> {
    if !is_set(archive, Tier::Daily) {
        return Ok(not_set());
    }
    let report = archive.backup_drill(who, Tier::Daily.name(), &|_, _| {})?;
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
