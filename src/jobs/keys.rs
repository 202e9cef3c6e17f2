//! Looking after the archive's keys: ends a rotation that was cut short, takes out keys that had their time.

use super::list::{Context, Finding};
use crate::archive::{Archive, ArchiveError, JobOutcome, Principal};

/// Does what is due; says when there is no recovery kit.
pub fn upkeep(archive: &Archive, who: &Principal, _: &Context) -> Result<Finding, ArchiveError> {
    let upkeep = archive.key_upkeep(who)?;
    let (removed, problems) = (upkeep.removed, upkeep.rotated.iter().flat_map(|rotated| &rotated.problems));
    let problems: Vec<_> = problems.cloned().collect();
    let rewrapped = upkeep.rotated.as_ref().map_or(0, |rotated| rotated.rewrapped);
    let mut ja = format!("包み直した鍵 {rewrapped} 個、鍵ファイルから外した旧い鍵 {removed} 個");
    let mut en = format!("{rewrapped} keys wrapped anew, {removed} former keys taken out of the key file");
    if upkeep.kit_missing {
        ja.push_str("。復旧キットがまだありません");
        en.push_str("; there is no recovery kit yet");
    }
    for problem in &problems {
        ja.push_str(&format!("。要確認: {problem}"));
        en.push_str(&format!("; {problem}"));
    }
    let outcome = if problems.is_empty() { JobOutcome::Done } else { JobOutcome::Problems };
    Ok(Finding { outcome, ja, en })
}
