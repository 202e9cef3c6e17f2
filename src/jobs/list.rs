//! Every job there is, with its schedule unless `[jobs]` in `shosoin.toml` says otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{backups, keeping, keys, notices, renditions};
use crate::archive::{
    Archive, ArchiveError, Attested, ExportSelection, JobOutcome, Principal, SearchRequest,
};
use crate::panel::Verdict;

/// One kind of work that is done again and again.
pub struct Job {
    /// As in `shosoin jobs run NAME`.
    pub name: &'static str,
    pub title_ja: &'static str,
    pub title_en: &'static str,
    /// When it runs by default, in the archive's zone.
    pub schedule: &'static str,
    /// Longest it may take before it is asked to stop.
    pub budget: Duration,
    /// Does it. It looks at [`Context::must_stop`] at least once a second.
    pub run: fn(&Archive, &Principal, &Context) -> Result<Finding, ArchiveError>,
}

/// What a job found, for its history.
pub struct Finding {
    pub outcome: JobOutcome,
    pub ja: String,
    pub en: String,
}

/// What a job knows of the run it is in.
pub struct Context {
    until: Instant,
    stop: Arc<AtomicBool>,
}

impl Context {
    /// The run of a job begins now; `stop` is set when the server stops.
    pub(super) fn new(job: &Job, stop: Arc<AtomicBool>) -> Self {
        Self { until: Instant::now() + job.budget, stop }
    }

    /// The server stops, or the job's time is used up.
    pub fn must_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || Instant::now() >= self.until
    }
}

/// All jobs. The order is that in which they run when several are due.
pub static JOBS: [Job; 15] = [
    Job {
        name: "backup-daily",
        title_ja: "日次の控え",
        title_en: "daily backup",
        schedule: "15 2 * * *",
        budget: Duration::from_hours(12),
        run: backups::daily,
    },
    Job {
        name: "backup-monthly",
        title_ja: "月次の控え",
        title_en: "monthly backup",
        schedule: "45 2 1 * *",
        budget: Duration::from_hours(24),
        run: backups::monthly,
    },
    Job {
        name: "backup-yearly",
        title_ja: "年次の控え",
        title_en: "yearly backup",
        schedule: "15 3 1 2 *",
        budget: Duration::from_hours(24),
        run: backups::yearly,
    },
    Job {
        name: "backup-verify",
        title_ja: "控えの照合",
        title_en: "compare backups",
        schedule: "15 4 * * 0",
        budget: Duration::from_hours(24),
        run: backups::verify,
    },
    Job {
        name: "restore-drill",
        title_ja: "復元の練習",
        title_en: "restore for practice",
        schedule: "15 5 8 * *",
        budget: Duration::from_hours(24),
        run: backups::drill,
    },
    Job {
        name: "fixity",
        title_ja: "原本の読み直し",
        title_en: "read contracts again, a part each night",
        schedule: "30 0 * * *",
        budget: Duration::from_hours(4),
        run: backups::fixity,
    },
    Job {
        name: "keys",
        title_ja: "鍵の手入れ",
        title_en: "end rotations, take out keys that had their time",
        schedule: "50 0 * * *",
        budget: Duration::from_hours(4),
        run: keys::upkeep,
    },
    Job {
        name: "journal-verify",
        title_ja: "台帳の検証",
        title_en: "verify the journal",
        schedule: "30 3 * * 0",
        budget: Duration::from_hours(6),
        run: journal_verify,
    },
    Job {
        name: "verify",
        title_ja: "一括検証（原本・台帳・電子署名）",
        title_en: "verify every contract: bytes, journal, signatures",
        schedule: "0 4 1 * *",
        budget: Duration::from_hours(24),
        run: verify,
    },
    Job {
        name: "notices",
        title_ja: "期限のお知らせ",
        title_en: "tell what comes due",
        schedule: "0 8 * * *",
        budget: Duration::from_mins(30),
        run: tell,
    },
    Job {
        name: "attest",
        title_ja: "タイムスタンプの付与",
        title_en: "timestamp what has no timestamp",
        schedule: "30 1 * * *",
        budget: Duration::from_hours(6),
        run: attest,
    },
    Job {
        name: "renew-timestamps",
        title_ja: "タイムスタンプの延長",
        title_en: "renew timestamps that end soon",
        schedule: "0 2 * * *",
        budget: Duration::from_hours(24),
        run: renew_timestamps,
    },
    Job {
        name: "renditions",
        title_ja: "長期署名の作成",
        title_en: "make the renditions that are due",
        schedule: "30 2 * * *",
        budget: Duration::from_hours(6),
        run: renditions::due,
    },
    Job {
        name: "retention",
        title_ja: "保存期間の計算し直し",
        title_en: "decide again how long contracts are kept",
        schedule: "0 1 * * *",
        budget: Duration::from_hours(6),
        run: keeping::reevaluate,
    },
    Job {
        name: "disposition-plan",
        title_ja: "廃棄計画（月次の一覧）",
        title_en: "list what may be destroyed, for people to review",
        schedule: "0 6 1 * *",
        budget: Duration::from_hours(2),
        run: keeping::plan,
    },
];

/// Says before it stamps how many records are too late for the legal window: afterwards they look like all others.
fn attest(archive: &Archive, who: &Principal, _: &Context) -> Result<Finding, ArchiveError> {
    let missed = archive.waiting_deadlines(who)?.missed;
    let mut finding = timestamped(archive, || archive.timestamp_attest(who, &|_, _| {}))?;
    if missed > 0 {
        finding.outcome = JobOutcome::Problems;
        finding.ja = format!("{}。付与の期限を過ぎていたもの {missed} 件", finding.ja);
        finding.en = format!("{}; {missed} records were past their last day for a timestamp", finding.en);
    }
    Ok(finding)
}

fn renew_timestamps(archive: &Archive, who: &Principal, _: &Context) -> Result<Finding, ArchiveError> {
    timestamped(archive, || archive.timestamp_renew_planned(who, &|_, _| {}))
}

/// Both jobs may be interrupted at any point: run again, they go on where they were and buy nothing twice.
fn timestamped(
    archive: &Archive,
    work: impl FnOnce() -> Result<Attested, ArchiveError>,
) -> Result<Finding, ArchiveError> {
    if archive.config().timestamps.authorities.is_empty() {
        let (ja, en) = ("タイムスタンプ局が設定されていません", "no timestamp authority is set");
        return Ok(Finding { outcome: JobOutcome::Done, ja: ja.into(), en: en.into() });
    }
    let Attested { records, tokens, requests } = work()?;
    Ok(Finding {
        outcome: JobOutcome::Done,
        ja: format!("記録 {records} 件、タイムスタンプ {tokens} 個、要求 {requests} 回"),
        en: format!("{records} records, {tokens} timestamps, {requests} requests"),
    })
}

fn journal_verify(archive: &Archive, _: &Principal, _: &Context) -> Result<Finding, ArchiveError> {
    let report = archive.journal_verify(&|_, _| {})?;
    let (entries, problems) = (report.entries, report.problems.len());
    Ok(Finding {
        outcome: if report.verified { JobOutcome::Done } else { JobOutcome::Problems },
        ja: format!("{entries} 件の記録を検証しました。異常 {problems} 件"),
        en: format!("{entries} entries verified; {problems} problems"),
    })
}

fn tell(archive: &Archive, who: &Principal, _: &Context) -> Result<Finding, ArchiveError> {
    if !notices::is_configured(archive) {
        let (ja, en) = ("お知らせの送り先が設定されていません", "no way to tell is set");
        return Ok(Finding { outcome: JobOutcome::Done, ja: ja.into(), en: en.into() });
    }
    let deliveries = notices::send(archive, who)?;
    let failed: Vec<_> = deliveries.iter().filter_map(|delivery| delivery.error.clone()).collect();
    let told: usize = deliveries.iter().map(|delivery| delivery.items).sum();
    match failed.first() {
        Some(error) => Err(ArchiveError::Conflict(error.clone())),
        None => Ok(Finding {
            outcome: JobOutcome::Done,
            ja: format!("お知らせ {told} 件"),
            en: format!("{told} notices"),
        }),
    }
}

fn verify(archive: &Archive, who: &Principal, context: &Context) -> Result<Finding, ArchiveError> {
    let search = SearchRequest { withdrawn: Some("include".into()), ..SearchRequest::default() };
    let plan = archive.plan_verify(who, &ExportSelection { ids: Vec::new(), search })?;
    let (mut passed, mut unsure, mut failed) = (0_u64, 0_u64, Vec::new());
    let whole = archive.verify(&plan, |verified| {
        match verified.verdict {
            Verdict::TotalPassed => passed += 1,
            Verdict::TotalFailed => failed.push(verified.id.to_string()),
            _ => unsure += 1,
        }
        if context.must_stop() { Err(()) } else { Ok(()) }
    });
    let cut = if whole.is_err() { ("（途中まで）", " (not all: out of time)") } else { ("", "") };
    let (number, listed) = (failed.len(), failed.iter().take(20).cloned().collect::<Vec<_>>().join(" "));
    Ok(Finding {
        outcome: if number == 0 && whole.is_ok() { JobOutcome::Done } else { JobOutcome::Problems },
        ja: format!("有効 {passed} 件、確認できない点あり {unsure} 件、無効 {number} 件{} {listed}", cut.0),
        en: format!("{passed} passed, {unsure} indeterminate, {number} failed{} {listed}", cut.1),
    })
}
