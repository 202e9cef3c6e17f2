//! Verify (一括検証): whether contracts are the bytes that came in, and what their signatures and timestamps prove today.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::error::ArchiveError;
use super::keyring::unseal_json;
use super::permit::{Action, permit};
use super::records::Loaded;
use super::retrieve::unseal_original;
use super::timestamps::KeptEvidence;
use super::{Archive, ExportSelection, Principal};
use crate::evidence;
use crate::journal::Act;
use crate::panel::{Panel, Verdict, Words};
use crate::record::{Digest, RecordId};
use crate::seal::Purpose;
use crate::store::View;

/// Records judged at the same time; more than the processors help with would only hold memory.
const MAX_WORKERS: usize = 8;

/// What was found about one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Verified {
    pub id: RecordId,
    /// 取引年月日; absent when the record cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<NaiveDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterparty: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// `total-passed`, `indeterminate` or `total-failed`: the weakest of the checks.
    pub verdict: Verdict,
    pub checks: Vec<Check>,
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Check {
    pub check: CheckName,
    pub verdict: Verdict,
    pub reason: Words,
}

/// What matters here in the details of a deposit's entry.
#[derive(Deserialize)]
struct Deposited {
    sha256: Digest,
}

/// What is checked about a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckName {
    /// The content can be unsealed and has the digest taken at the deposit.
    Fixity,
    /// The journal entry of the deposit is in the signed tree.
    Journal,
    /// Signatures and timestamps inside the document, judged today.
    Signatures,
    /// The archive's own timestamps over the document: every hash, token and renewal.
    Evidence,
}

/// A verification that is journaled and about to run.
pub struct VerifyPlan {
    ids: Vec<RecordId>,
    at: DateTime<Utc>,
    evidence: KeptEvidence,
}

impl VerifyPlan {
    pub fn records(&self) -> u64 {
        self.ids.len() as u64
    }
}

impl Archive {
    /// Settles which records are verified, and journals it.
    ///
    /// # Errors
    /// [`ArchiveError::NoSuchRecord`] for an id that is not there; a search that cannot be read.
    pub fn plan_verify(
        &self,
        who: &Principal,
        selection: &ExportSelection,
    ) -> Result<VerifyPlan, ArchiveError> {
        permit(who, Action::Verify)?;
        let ids = self.selected(who, Action::Verify, selection)?;
        for id in &selection.ids {
            // A damaged record is a result; only one that never was, or is not for these eyes, is an error.
            if let Err(error @ ArchiveError::NoSuchRecord(_)) =
                self.load_for(&*self.store.view(), who, Action::Verify, *id)
            {
                return Err(error);
            }
        }
        self.journal_note(who, Act::Verify, &selection)?;
        Ok(VerifyPlan { ids, at: self.now(), evidence: self.kept_evidence(&*self.store.view())? })
    }

    /// Judges every record of the plan, several at a time, and hands each result to `sink` in the order of the plan.
    ///
    /// # Errors
    /// Those of `sink`, which end the work. What is wrong with a record is in its result.
    pub fn verify<E: Send>(
        &self,
        plan: &VerifyPlan,
        sink: impl FnMut(Verified) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_WORKERS);
        let sink = Mutex::new(sink);
        // One chunk is judged before the next begins, so that results come in order and few are held.
        for chunk in plan.ids.chunks(workers * 16) {
            let results: Vec<_> = chunk.iter().map(|_| Mutex::new(None)).collect();
            let next = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for _ in 0..workers {
                    scope.spawn(|| {
                        loop {
                            let at = next.fetch_add(1, Ordering::Relaxed);
                            let (Some(id), Some(result)) = (chunk.get(at), results.get(at)) else { return };
                            let verified = self.verify_one(*id, plan);
                            *result.lock().unwrap_or_else(std::sync::PoisonError::into_inner) =
                                Some(verified);
                        }
                    });
                }
            });
            let mut sink = sink.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            for result in results {
                let result = result.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
                result.map_or(Ok(()), &mut *sink)?;
            }
        }
        Ok(())
    }

    fn verify_one(&self, id: RecordId, plan: &VerifyPlan) -> Verified {
        self.verify_record(id, plan).unwrap_or_else(|error| {
            let reason =
                Words::new(format!("記録を読み出せません（{error}）"), format!("cannot be read: {error}"));
            let check = Check { check: CheckName::Fixity, verdict: Verdict::TotalFailed, reason };
            Verified {
                id,
                date: None,
                counterparty: None,
                title: None,
                verdict: Verdict::TotalFailed,
                checks: vec![check],
            }
        })
    }

    fn verify_record(&self, id: RecordId, plan: &VerifyPlan) -> Result<Verified, ArchiveError> {
        let at = plan.at;
        let view = self.store.view();
        let record = self.load(&*view, id)?;
        let facts = record.facts()?;
        let metadata = record.latest(&*view)?.metadata;
        let mut checks = Vec::new();
        match unseal_original(&*self.store, &record, &facts) {
            Ok(bytes) => {
                checks.push(fixity(&facts.sha256));
                checks.push(signatures(&self.judge_at(&bytes, at)));
                checks.extend(self.check_evidence(&*view, &plan.evidence, &record, &bytes, at)?);
            }
            Err(error) => checks.push(Check {
                check: CheckName::Fixity,
                verdict: Verdict::TotalFailed,
                reason: Words::new(
                    format!("原本が預けたときの内容と一致しません（{error}）"),
                    format!("the original is not what was deposited: {error}"),
                ),
            }),
        }
        checks.push(self.check_journal(&record, &facts.sha256)?);
        Ok(Verified {
            id,
            date: Some(metadata.transaction_date),
            counterparty: Some(metadata.counterparty.name),
            title: metadata.title,
            verdict: overall(&checks),
            checks,
        })
    }

    /// Whether the archive's own timestamps over the record hold, renewals included; `None` while there are none.
    fn check_evidence(
        &self,
        view: &dyn View,
        kept: &KeptEvidence,
        record: &Loaded,
        bytes: &[u8],
        at: DateTime<Utc>,
    ) -> Result<Option<Check>, ArchiveError> {
        let Some(found) = self.verify_evidence(view, kept, record, bytes, at)? else { return Ok(None) };
        let flaws: Vec<String> = found.flaws().map(|(c, s, flaw)| format!("{c}-{s}: {flaw}")).collect();
        let why = flaws.join("; ");
        let (verdict, reason) = match (found.verdict, found.proven_at) {
            (evidence::Verdict::Valid, Some(time)) => {
                let time = time.format("%Y-%m-%d %H:%M:%S UTC");
                let ja = format!("タイムスタンプにより {time} に存在していたことを確認しました");
                (
                    Verdict::TotalPassed,
                    Words::new(ja, format!("a timestamp proves that it existed at {time}")),
                )
            }
            (evidence::Verdict::Invalid, _) => {
                let ja = format!("タイムスタンプの検証に失敗しました（{why}）");
                (Verdict::TotalFailed, Words::new(ja, format!("its timestamps do not hold: {why}")))
            }
            _ => {
                let ja = format!("タイムスタンプを判断できません（{why}）");
                (Verdict::Indeterminate, Words::new(ja, format!("its timestamps cannot be judged: {why}")))
            }
        };
        Ok(Some(Check { check: CheckName::Evidence, verdict, reason }))
    }

    /// Whether the entry of the deposit names this digest, and is included in the tree under the signed head.
    fn check_journal(&self, record: &Loaded, sha256: &Digest) -> Result<Check, ArchiveError> {
        let seq = record.row.deposit_seq;
        let view = self.store.view();
        let (bytes, entry) = self.entry(&*view, seq)?;
        let named = match &entry.details {
            Some(sealed) if entry.record == Some(record.id) => {
                let context = record.id.as_bytes();
                let details: Deposited = unseal_json(&record.dek, Purpose::JournalDetails, context, sealed)?;
                details.sha256 == *sha256
            }
            _ => false,
        };
        let sound = named && self.proof(&*view, seq, &bytes)?.verified;
        let reason = if sound {
            Words::new("預入れの記録が署名済みの台帳に含まれています", "the deposit is in the signed journal")
        } else {
            Words::new(
                "預入れの記録が台帳と一致しません",
                "the deposit does not agree with the signed journal",
            )
        };
        let verdict = if sound { Verdict::TotalPassed } else { Verdict::TotalFailed };
        Ok(Check { check: CheckName::Journal, verdict, reason })
    }
}

fn fixity(sha256: &Digest) -> Check {
    Check {
        check: CheckName::Fixity,
        verdict: Verdict::TotalPassed,
        reason: Words::new(
            format!("原本は預けたときのままです（SHA-256 {sha256}）"),
            format!("the original is as deposited (SHA-256 {sha256})"),
        ),
    }
}

fn signatures(panel: &Panel) -> Check {
    Check { check: CheckName::Signatures, verdict: panel.verdict, reason: panel.headline.clone() }
}

/// The weakest check. A document without signatures has passed when everything else did.
fn overall(checks: &[Check]) -> Verdict {
    let counted = checks.iter().map(|check| match check.verdict {
        Verdict::Unsigned => Verdict::TotalPassed,
        Verdict::CannotTell => Verdict::Indeterminate,
        verdict => verdict,
    });
    Verdict::weakest(counted).unwrap_or(Verdict::Indeterminate)
}
