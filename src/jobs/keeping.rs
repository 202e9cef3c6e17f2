//! The jobs about keeping: deciding again what was left over, and the monthly list of what may be destroyed.

use super::list::{Context, Finding};
use crate::archive::{Archive, ArchiveError, JobOutcome, Principal};

/// Goes on with deciding about every record, where a change of policies or fiscal years asked for it.
pub(super) fn reevaluate(
    archive: &Archive,
    _: &Principal,
    context: &Context,
) -> Result<Finding, ArchiveError> {
    let found = archive.finish_reevaluation(&|| context.must_stop())?;
    let (records, changed, failures) = (found.records, found.changed, found.failures);
    Ok(Finding {
        outcome: if found.done && failures == 0 { JobOutcome::Done } else { JobOutcome::Problems },
        ja: format!("{records} 件を計算し直しました。変更 {changed} 件、計算できないもの {failures} 件"),
        en: format!("{records} records decided again; {changed} changed, {failures} could not be decided"),
    })
}

/// Plans the destruction of what is eligible, for people to review; destroys nothing.
pub(super) fn plan(archive: &Archive, who: &Principal, _: &Context) -> Result<Finding, ArchiveError> {
    let (ja, en) = match archive.disposition_plan_if_due(who)? {
        Some(plan) => {
            let (number, count) = (plan.plan, plan.items.len());
            (
                format!("廃棄計画 {number}（{count} 件）の承認を待っています"),
                format!("plan {number} of {count} records waits for approval"),
            )
        }
        None => ("新しい廃棄計画はありません".to_owned(), "nothing new to plan".to_owned()),
    };
    Ok(Finding { outcome: JobOutcome::Done, ja, en })
}
