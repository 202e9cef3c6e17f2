//! The job that makes the renditions `[renditions]` asks for, and says what was left alone and why.

use super::list::{Context, Finding};
use crate::archive::{Archive, ArchiveError, JobOutcome, Principal, RenditionRun, RenditionSkipped};

/// Refusals that the history tells word by word; more are counted, and each stands in its record's journal.
const MAX_TOLD: usize = 10;

/// Makes what is due, the most urgent first.
pub(super) fn due(archive: &Archive, who: &Principal, context: &Context) -> Result<Finding, ArchiveError> {
    let done = |ja: &str, en: &str| Finding { outcome: JobOutcome::Done, ja: ja.into(), en: en.into() };
    if archive.config().timestamps.authorities.is_empty() {
        return Ok(done("タイムスタンプ局が設定されていません", "no timestamp authority is set"));
    }
    let Some(run) = archive.make_due_renditions(who, &|| context.must_stop())? else {
        return Ok(done(
            "自動では作りません（[renditions] when）",
            "made on demand only ([renditions] when)",
        ));
    };
    Ok(finding(&run))
}

fn finding(run: &RenditionRun) -> Finding {
    let mut ja = format!("対象 {} 件、作成 {} 件", run.looked_at, run.made);
    let mut en = format!("{} records, {} renditions made", run.looked_at, run.made);
    for (why, number) in &run.skipped {
        let (reason_ja, reason_en) = words(*why);
        ja.push_str(&format!("、{reason_ja} {number} 件"));
        en.push_str(&format!(", {number} {reason_en}"));
    }
    if run.waiting > 0 {
        ja.push_str(&format!("、次回へ {} 件", run.waiting));
        en.push_str(&format!(", {} left for the next run", run.waiting));
    }
    if let Some(why) = &run.stopped {
        ja.push_str(&format!("。中断の理由: {why}"));
        en.push_str(&format!("; stopped: {why}"));
    }
    if !run.refused.is_empty() {
        ja.push_str(&format!("。作成できないもの {} 件:", run.refused.len()));
        en.push_str(&format!("; not possible for {}:", run.refused.len()));
        for refused in run.refused.iter().take(MAX_TOLD) {
            let line = format!(" [{}] {}", refused.id, refused.reason);
            ja.push_str(&line);
            en.push_str(&line);
        }
    }
    let quiet = run.refused.is_empty() && run.stopped.is_none();
    Finding { outcome: if quiet { JobOutcome::Done } else { JobOutcome::Problems }, ja, en }
}

fn words(why: RenditionSkipped) -> (&'static str, &'static str) {
    match why {
        RenditionSkipped::Unsigned => ("署名なし", "without a signature"),
        RenditionSkipped::NotValid => ("署名が有効と確認できない", "whose signatures are not certain"),
        RenditionSkipped::Protected => ("期限がまだ先", "protected for longer"),
        RenditionSkipped::Lapsed => {
            ("ファイル内の保護が終わっている", "whose protection inside the file has ended")
        }
        RenditionSkipped::RefusedBefore => ("以前に作成できなかった", "that could not be made before"),
    }
}
