//! Shortening a period: one person proposes, another consents, and never for what a policy in compliance mode keeps.
//!
//! A period is otherwise only ever lengthened: what was decided once, policies of before and classes of before go on to
//! hold. A shortening that two people agreed to ends that for single records: from its entry on, only the present class,
//! the policies in force then and the present facts count. The row of a record only points to the sealed row that says
//! so, and a pointer to nothing decides nothing.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Archive;
use super::committer::{Draft, Written};
use super::correct::checked_reason;
use super::disposition::Approval;
use super::error::ArchiveError;
use super::permit::{Action, permit, permit_second};
use super::policies::former_classes;
use super::principal::Principal;
use super::records::Loaded;
use super::rows::{self, RecordRow, V1, meta};
use crate::journal::Act;
use crate::record::{RecordId, Version};
use crate::retention::{Facts, Lang, Mode, mode, sentence};
use crate::store::{Batch, Direction, Table, View};

/// Records of one proposal: more than one person can review.
const MAX_ITEMS: usize = 1_000;

/// `Meta/shortening/<number>`: one proposal and what became of it. Sealed; never removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShorteningRow {
    pub v: V1,
    pub number: Uuid,
    pub proposed_by: String,
    pub proposed_at: DateTime<Utc>,
    pub reason: String,
    pub items: Vec<ShortenedItem>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// Journal entry of the approval: policies that ended before it do not count for these records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
}

/// One record of a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShortenedItem {
    pub id: RecordId,
    /// The metadata version that counts from then on; classes of earlier ones do not.
    pub version: u32,
    /// Last day before and after; `before` is absent when no end was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<NaiveDate>,
    pub after: NaiveDate,
}

/// What to shorten.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShortenRequest {
    pub ids: Vec<RecordId>,
    pub reason: String,
}

/// A proposal as people see it.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ShorteningView {
    pub number: String,
    pub proposed_by: String,
    pub proposed_at: DateTime<Utc>,
    pub reason: String,
    pub items: Vec<ShortenedItem>,
    /// Without it nothing is shortened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
}

impl From<ShorteningRow> for ShorteningView {
    fn from(row: ShorteningRow) -> Self {
        let ShorteningRow { number, proposed_by, proposed_at, reason, items, approval, .. } = row;
        Self { number: number.to_string(), proposed_by, proposed_at, reason, items, approval }
    }
}

/// From where on policies and classes count for a record.
pub(super) struct Basis {
    /// Policies that ended by an entry after this one count.
    pub seq: u64,
    pub former_classes: Vec<String>,
}

fn key_of(number: Uuid) -> Vec<u8> {
    [meta::SHORTENING_PREFIX, number.as_bytes()].concat()
}

impl Archive {
    /// Proposes that records be kept only as long as their present class, policies and facts ask.
    ///
    /// # Errors
    /// [`ArchiveError::Refused`] for a record in compliance mode; [`ArchiveError::Invalid`] when nothing would be shorter.
    pub fn retention_shorten(
        &self,
        who: &Principal,
        request: &ShortenRequest,
    ) -> Result<ShorteningView, ArchiveError> {
        permit(who, Action::RetentionShorten)?;
        let reason = checked_reason(&request.reason)?;
        if request.ids.is_empty() || request.ids.len() > MAX_ITEMS {
            return Err(ArchiveError::Invalid(format!("a proposal names 1 to {MAX_ITEMS} records")));
        }
        let mut ids = request.ids.clone();
        ids.sort_unstable();
        ids.dedup();
        let items =
            ids.into_iter().map(|id| Ok(self.shorter(id)?.0)).collect::<Result<Vec<_>, ArchiveError>>()?;
        let number = Uuid::now_v7();
        let (proposed_by, proposed_at) = (who.name.clone(), self.clock.now());
        let (approval, seq) = (None, None);
        let row = ShorteningRow { v: V1, number, proposed_by, proposed_at, reason, items, approval, seq };
        self.write_sealed_row(who, Act::Config, (key_of(number), &row), None, &row)?;
        Ok(row.into())
    }

    /// Consents to a proposal as the second person. Every record is looked at again: what is another one than was proposed
    /// is refused as a whole.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`] for the author; [`ArchiveError::Conflict`] when a record has changed since.
    pub fn retention_shorten_approve(
        &self,
        who: &Principal,
        number: &str,
    ) -> Result<ShorteningView, ArchiveError> {
        permit(who, Action::RetentionShorten)?;
        let missing = || ArchiveError::NotFound(format!("proposal {number:?} to shorten periods"));
        let key = key_of(Uuid::parse_str(number.trim()).map_err(|_| missing())?);
        let before = self.store.view().get(Table::Meta, &key)?.ok_or_else(missing)?;
        let row: ShorteningRow = self.keyring.unseal_row(&key, &before)?;
        permit_second(who, Action::RetentionShorten, &row.proposed_by)?;
        if row.approval.is_some() {
            return Err(ArchiveError::Conflict(format!("proposal {number} is approved already")));
        }
        // Nothing is destroyed while dates move, and no policy or calendar changes.
        let _one = self.destruction_lock();
        let mut changed = Batch::default();
        for item in &row.items {
            let (now, record) = self.shorter(item.id)?;
            if now != *item {
                return Err(ArchiveError::Conflict(format!(
                    "record {} has changed since it was proposed; propose it again",
                    item.id
                )));
            }
            let after = RecordRow {
                retain_until: Some(item.after),
                floor: None,
                shortened: Some(row.number),
                ..record.row
            };
            changed.expect_value(Table::Records, *item.id.as_bytes(), record.row_bytes);
            changed.put(Table::Records, *item.id.as_bytes(), rows::encode(&after));
        }
        let approval = Some(Approval { by: who.name.clone(), at: self.clock.now() });
        let row = ShorteningRow { approval, ..row };
        self.commit_shortening(who, (key, before), row.clone(), changed)?;
        Ok(row.into())
    }

    /// All proposals, newest first.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`], or damage.
    pub fn retention_shortenings(&self, who: &Principal) -> Result<Vec<ShorteningView>, ArchiveError> {
        permit(who, Action::RetentionShorten)?;
        let end = meta::end_of(meta::SHORTENING_PREFIX);
        let view = self.store.view();
        view.scan(Table::Meta, meta::SHORTENING_PREFIX, Some(&end), Direction::Reverse)
            .map(|stored| {
                let (key, sealed) = stored?;
                Ok(self.keyring.unseal_row::<ShorteningRow>(&key, &sealed)?.into())
            })
            .collect()
    }

    /// From where on policies and classes count for a record: its deposit, or an agreed shortening.
    ///
    /// # Errors
    /// Damage: a record that points to a shortening that is not there, or was never agreed to.
    pub(super) fn basis(&self, record: &Loaded, versions: &[Version]) -> Result<Basis, ArchiveError> {
        let Some(number) = record.row.shortened else {
            return Ok(Basis { seq: record.row.deposit_seq, former_classes: former_classes(versions) });
        };
        let (seq, item) = self.agreed(&*self.store.view(), number, record.id)?;
        let from = usize::try_from(item.version).unwrap_or(usize::MAX).saturating_sub(1);
        let counting = versions.get(from..).unwrap_or(versions);
        Ok(Basis { seq, former_classes: former_classes(counting) })
    }

    /// The same for the version that a record is about to get, with the class `next`.
    pub(super) fn basis_of_next(&self, record: &Loaded, next: &str) -> Result<Basis, ArchiveError> {
        let versions = record.versions(&*self.store.view())?;
        let mut basis = self.basis(record, &versions)?;
        basis.former_classes.extend(versions.into_iter().last().map(|version| version.metadata.class));
        basis.former_classes.sort_unstable();
        basis.former_classes.dedup();
        basis.former_classes.retain(|class| class != next);
        Ok(basis)
    }

    fn agreed(
        &self,
        view: &dyn View,
        number: Uuid,
        id: RecordId,
    ) -> Result<(u64, ShortenedItem), ArchiveError> {
        let damaged =
            || ArchiveError::Corrupt(format!("record {id} was shortened, but nobody has agreed to it"));
        let key = key_of(number);
        let sealed = view.get(Table::Meta, &key)?.ok_or_else(damaged)?;
        let row: ShorteningRow = self.keyring.unseal_row(&key, &sealed)?;
        let item = row.items.into_iter().find(|item| item.id == id);
        row.seq.zip(item).ok_or_else(damaged)
    }

    /// What shortening one record would give.
    fn shorter(&self, id: RecordId) -> Result<(ShortenedItem, Loaded), ArchiveError> {
        let view = self.store.view();
        let record = self.load(&*view, id)?;
        let versions = record.versions(&*view)?;
        let (decision, _) = self.decision(&record, &versions)?;
        let newest =
            versions.last().ok_or_else(|| ArchiveError::Corrupt(format!("record {id} has no version")))?;
        let basis = self.basis(&record, &versions)?;
        let facts = Facts { former_classes: &basis.former_classes, ..Facts::from(&newest.metadata) };
        let calendar = self.calendar(&newest.metadata.entity)?;
        let schedule = self.policies.schedule();
        if mode(&facts, &calendar, schedule.applying(Some(basis.seq))) == Mode::Compliance {
            return Err(ArchiveError::Refused(format!(
                "record {id} is in compliance mode and nobody can shorten its period: {}",
                sentence(&decision, Lang::En)
            )));
        }
        let (after, _) = self.period_for(&newest.metadata, &[], None)?;
        let shorter = after.filter(|after| decision.retain_until.is_none_or(|before| *after < before));
        let after = shorter.ok_or_else(|| {
            ArchiveError::Invalid(format!(
                "record {id} would not be kept for a shorter time; correct its class or days first"
            ))
        })?;
        let item =
            ShortenedItem { id, version: record.row.latest_version, before: decision.retain_until, after };
        Ok((item, record))
    }

    fn commit_shortening(
        &self,
        who: &Principal,
        (key, before): (Vec<u8>, Vec<u8>),
        row: ShorteningRow,
        changed: Batch,
    ) -> Result<(), ArchiveError> {
        let keyring = self.keyring.clone();
        let draft = Draft {
            actor: who.clone(),
            act: Act::Config,
            record: None,
            blob_bytes: 0,
            write: Box::new(move |stamp| {
                let row = ShorteningRow { seq: Some(stamp.seq), ..row };
                // Names, reason and dates: both people are in it.
                let details = Some(keyring.seal_archive_details(&row)?);
                let mut batch = changed;
                batch.expect_value(Table::Meta, key.clone(), before);
                let sealed = keyring.seal_row(&key, &row)?;
                batch.put(Table::Meta, key, sealed);
                Ok(Written { details, batch })
            }),
        };
        self.committer.commit(draft).map(drop)
    }
}
