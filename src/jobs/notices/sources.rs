//! Where notices come from: each part of the archive that knows a date, as one function that makes items of it.

use chrono::{Datelike, NaiveDate};

use super::item::{Item, Kind};
use crate::archive::{
    Action, Archive, ArchiveError, ContractDay, ContractEnd, DeadlineDay, JobOutcome, Principal, permit,
};
use crate::jobs::JOBS;

/// Items whose days lie in `from..=until` (both included), as far as `who` may see them.
pub type Source = fn(&Archive, &Principal, NaiveDate, NaiveDate) -> Result<Vec<Item>, ArchiveError>;

/// Days before the last day of the legal window on which the alarm begins; the job that stamps runs every night.
const STAMP_ALARM_DAYS: u64 = 5;

/// Every source. What knows another date is added here.
pub const SOURCES: [Source; 5] =
    [contract_ends, retention_ends, stamp_deadlines, unrenewed_timestamps, failed_jobs];

/// Contracts whose metadata say when they end.
fn contract_ends(
    archive: &Archive,
    who: &Principal,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<Vec<Item>, ArchiveError> {
    Ok(archive.contract_ends(who, from, until)?.into_iter().map(contract_end).collect())
}

/// Days on which retention is over, with how many records: fiscal years end for many of them at once.
fn retention_ends(
    archive: &Archive,
    who: &Principal,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<Vec<Item>, ArchiveError> {
    let days = archive.retention_ends(who, from, until)?.into_iter();
    let item = |(due, records): (NaiveDate, u64)| Item {
        kind: Kind::RetentionDue,
        due,
        subject: "retention".into(),
        record: false,
        text_ja: format!("{records} 件の保存期間が終わります。廃棄を計画するか、保留してください"),
        text_en: format!("{records} records end their retention: plan their disposition, or place a hold"),
        name: None,
    };
    Ok(days.map(item).collect())
}

/// Last days of the legal window, with how many records still wait: told before, and once more when they are missed.
/// A day still ahead of the next two runs of the job is no news: they stamp it.
fn stamp_deadlines(
    archive: &Archive,
    who: &Principal,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<Vec<Item>, ArchiveError> {
    let today = archive.today();
    let near = today.checked_add_days(chrono::Days::new(STAMP_ALARM_DAYS)).unwrap_or(until).min(until);
    let days = archive.waiting_deadlines(who)?.days;
    let near = days.into_iter().filter(|one| (from..=near).contains(&one.day));
    let item = |one: DeadlineDay| {
        let (records, missed) = (one.records, one.day < today);
        let (ja, en) = match missed {
            false => ("タイムスタンプの付与が必要です", "need a timestamp by then"),
            true => {
                ("期限までにタイムスタンプを付与できませんでした", "missed their last day for a timestamp")
            }
        };
        Item {
            kind: Kind::StampDeadline,
            due: one.day,
            subject: "timestamps".into(),
            record: false,
            text_ja: format!("{records} 件: {ja}"),
            text_en: format!("{records} records {en}"),
            name: None,
        }
    };
    Ok(near.map(item).collect())
}

/// Timestamps within their renewal window: the job that renews them has not done so. Told once a month.
fn unrenewed_timestamps(
    archive: &Archive,
    who: &Principal,
    _: NaiveDate,
    _: NaiveDate,
) -> Result<Vec<Item>, ArchiveError> {
    let status = archive.timestamp_status(who)?;
    if status.due == 0 {
        return Ok(Vec::new());
    }
    let today = archive.today();
    let (due, lapsed) = (status.due, status.lapsed);
    Ok(vec![Item {
        kind: Kind::TimestampExpiry,
        due: today.with_day(1).unwrap_or(today),
        subject: "timestamps".into(),
        record: false,
        text_ja: format!("{due} 件のタイムスタンプの更新が必要です（期限切れ {lapsed} 件）"),
        text_en: format!("{due} records need their timestamps renewed ({lapsed} of them are too late)"),
        name: None,
    }])
}

/// Jobs whose last run did not end well, by the day of that run.
fn failed_jobs(
    archive: &Archive,
    who: &Principal,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<Vec<Item>, ArchiveError> {
    permit(who, Action::JobsList)?;
    let zone = archive.config().archive.zone;
    let mut items = Vec::new();
    // A failure to tell cannot be told; it stands in the list of jobs.
    for job in JOBS.iter().filter(|job| job.name != "notices") {
        let Some(run) = archive.job_runs(job.name)?.into_iter().next() else { continue };
        let due = run.started_at.with_timezone(&zone).date_naive();
        if matches!(run.outcome, JobOutcome::Done | JobOutcome::Running) || !(from..=until).contains(&due) {
            continue;
        }
        items.push(Item {
            kind: Kind::Job,
            due,
            subject: job.name.into(),
            record: false,
            text_ja: format!("{}: {}", job.title_ja, run.message_ja),
            text_en: format!("{}: {}", job.title_en, run.message_en),
            name: None,
        });
    }
    Ok(items)
}

fn contract_end(end: ContractEnd) -> Item {
    let (kind, text_ja, text_en) = match (end.what, end.renews) {
        (ContractDay::End, _) => {
            (Kind::ContractEnd, "契約が終わります".to_owned(), "the contract ends".to_owned())
        }
        (ContractDay::RefuseBy, Some(every)) => (
            Kind::RenewalNotice,
            format!(
                "更新しないときは、この日までに通知してください（{} 満了、以後 {} 自動更新）",
                end.ends_on,
                every.ja()
            ),
            format!(
                "to let it end on {}, give notice by this day; else it goes on for {}",
                end.ends_on,
                every.en()
            ),
        ),
        (ContractDay::RefuseBy, None) => (
            Kind::RenewalNotice,
            format!("通知の期限です（{} 満了）", end.ends_on),
            format!("the last day for a notice before it ends on {}", end.ends_on),
        ),
    };
    let name = match end.title {
        Some(title) => format!("{} {title}", end.counterparty),
        None => end.counterparty,
    };
    Item { kind, due: end.on, subject: end.id.to_string(), record: true, text_ja, text_en, name: Some(name) }
}
