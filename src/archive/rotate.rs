//! Rotation: another key-encryption key takes the place of the present one, while everything goes on.
//!
//! Order, and what a crash leaves at each step:
//!
//! 1. The new key is in the key file, beside the old one. Cut short here: nothing refers to it; the next rotation takes it.
//! 2. One batch names the new key in the archive's row and wraps the archive key with it. From here on both are needed,
//!    and whatever is new is wrapped with the new one.
//! 3. Steps of a thousand wrapped keys, each one batch that expects the rows unchanged. Which keys are left is seen from
//!    the rows themselves, so there is no cursor to lose.
//! 4. What the old key wrapped is erased from the store's files, then a batch says that the rotation is done.
//! 5. The repositories get key sets under the new key. The old key stays in the key file as long as older key sets live.

use std::sync::{Arc, MutexGuard, TryLockError};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::error::ArchiveError;
use super::permit::{Action, permit};
use super::principal::Principal;
use super::rows::{self, ArchiveRow, FormerRow, RotationRow, meta};
use super::{Archive, Progress};
use crate::journal::Act;
use crate::record::RecordId;
use crate::seal::key_file::KeyFile;
use crate::seal::{Kek, Keks, KeyId, Unwrap as _, kek_of};
use crate::store::{Batch, Direction, StoreError, Table};

/// Keys wrapped anew in one batch: some 200 KiB, so that deposits wait for it no longer than for each other.
const STEP: usize = 1_000;
/// Damaged keys told by name.
const MAX_TOLD: usize = 100;
/// Most keys that a rotation leaves in the key file; the file has room for eight.
const MAX_IN_FILE: usize = 7;

/// What a rotation did.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rotated {
    /// Id of the key that had its time.
    pub from: String,
    /// Id of the key that wraps from now on.
    pub to: String,
    /// It had been cut short, and was brought to its end.
    pub resumed: bool,
    /// Data keys that this run wrapped anew.
    pub rewrapped: u64,
    /// Nothing is wrapped with the old key any more.
    pub complete: bool,
    /// What somebody should look at.
    pub problems: Vec<String>,
}

/// How far a rotation is.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RotationState {
    pub from: String,
    pub to: String,
    pub by: String,
    pub started_at: DateTime<Utc>,
    /// Absent: it is under way, or was cut short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
}

impl From<&RotationRow> for RotationState {
    fn from(row: &RotationRow) -> Self {
        Self {
            from: row.from.to_string(),
            to: row.to.to_string(),
            by: row.by.clone(),
            started_at: row.started_at,
            finished_at: row.finished_at,
        }
    }
}

/// Sealed into the journal entries of a rotation.
#[derive(Serialize)]
struct RotationDetails {
    what: &'static str,
    from: KeyId,
    to: KeyId,
    /// Data keys wrapped anew by this entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<usize>,
}

impl RotationDetails {
    fn new(what: &'static str, row: &RotationRow) -> Self {
        Self { what, from: row.from, to: row.to, keys: None }
    }
}

impl Archive {
    /// Replaces the key-encryption key, or brings a replacement to its end that was cut short. Deposits and searches go
    /// on meanwhile. `progress` is told how many data keys have been looked at, of how many.
    ///
    /// # Errors
    /// [`ArchiveError::Conflict`] when a rotation is under way or something old is still being read;
    /// [`ArchiveError::KeyRefused`] and [`ArchiveError::Io`] when the key file cannot be replaced. Repeat it then: it goes
    /// on where it ended.
    pub fn rotate_key(&self, who: &Principal, progress: Progress<'_>) -> Result<Rotated, ArchiveError> {
        permit(who, Action::KeysChange)?;
        let _one_at_a_time = self.begin_rotating()?;
        let (row, resumed) = match self.unfinished_rotation()? {
            Some(row) => (row, true),
            None => (self.begin_rotation(who)?, false),
        };
        self.carry_on(who, row, resumed, progress)
    }

    /// Brings a rotation to its end that was cut short, if there is one.
    ///
    /// # Errors
    /// As [`rotate_key`](Self::rotate_key).
    pub(super) fn finish_rotation(&self, who: &Principal) -> Result<Option<Rotated>, ArchiveError> {
        let _one_at_a_time = self.begin_rotating()?;
        let Some(row) = self.unfinished_rotation()? else { return Ok(None) };
        self.carry_on(who, row, true, &|_, _| {}).map(Some)
    }

    /// Wraps anew what another key than the present one wraps although no rotation is under way: a restore that followed
    /// shipped entries can bring such keys back.
    ///
    /// # Errors
    /// As [`rotate_key`](Self::rotate_key).
    pub(super) fn rewrap_left_keys(&self, who: &Principal) -> Result<Option<Rotated>, ArchiveError> {
        let _one_at_a_time = self.begin_rotating()?;
        let to = self.keyring.key_id();
        let left = self.keys_in_use()?.into_iter().map(|(key, _)| key).find(|key| *key != to);
        let Some(from) = left.filter(|from| self.keyring.keks().get(*from).is_some()) else {
            return Ok(None);
        };
        let (by, started_at) = (who.name.clone(), self.now());
        let row = RotationRow { from, to, by, started_at, finished_at: None, former: Vec::new() };
        let mut rotated =
            Rotated { from: from.to_string(), to: to.to_string(), resumed: true, ..Rotated::default() };
        drop(self.keyring.settled());
        self.rewrap_all(who, &row, &mut rotated, &|_, _| {})?;
        self.erase_old_wrappings()?;
        rotated.complete = rotated.problems.is_empty();
        Ok(Some(rotated))
    }

    fn begin_rotating(&self) -> Result<MutexGuard<'_, ()>, ArchiveError> {
        match self.rotating.try_lock() {
            Ok(guard) => Ok(guard),
            // It guards no data.
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => Err(ArchiveError::Conflict(
                "a rotation of the key is under way; see how far with `shosoin key status`".into(),
            )),
        }
    }

    /// The row that names the archive and its key, and its bytes.
    pub(super) fn archive_row(&self) -> Result<(ArchiveRow, Vec<u8>), ArchiveError> {
        let bytes = self.store.view().get(Table::Meta, meta::ARCHIVE)?;
        let bytes = bytes.ok_or_else(|| ArchiveError::Corrupt("the row of the archive is gone".into()))?;
        Ok((rows::decode("archive row", &bytes)?, bytes))
    }

    pub(super) fn unfinished_rotation(&self) -> Result<Option<RotationRow>, ArchiveError> {
        Ok(self.archive_row()?.0.rotation.filter(|rotation| rotation.finished_at.is_none()))
    }

    /// Steps 1 and 2.
    fn begin_rotation(&self, who: &Principal) -> Result<RotationRow, ArchiveError> {
        let (row, bytes) = self.archive_row()?;
        let former = row.rotation.as_ref().map(|rotation| rotation.former.clone()).unwrap_or_default();
        let old = self.keyring.active();
        let new = self.put_next_key(&old, &former)?;
        let rotation = RotationRow {
            from: old.id(),
            to: new.id(),
            by: who.name.clone(),
            started_at: self.now(),
            finished_at: None,
            former: former.into_iter().filter(|former| former.key != new.id()).collect(),
        };
        let after =
            ArchiveRow { key_id: new.id().to_string(), rotation: Some(rotation.clone()), ..row.clone() };
        let mut batch = Batch::new();
        batch.expect_value(Table::Meta, meta::ARCHIVE, bytes);
        batch.put(Table::Meta, meta::ARCHIVE, rows::encode(&after));
        batch.put(Table::Meta, meta::ARCHIVE_DEK, self.keyring.wrap_archive_key(&new)?);
        let details = RotationDetails::new("key-rotation-begins", &rotation);
        self.write_with_note(who, Act::Config, &details, batch)?;
        self.keyring.take_over(new, self.keyring.key_file());
        Ok(rotation)
    }

    /// Makes sure that the key file holds the next key: the one that a rotation cut short left there, or a new one.
    fn put_next_key(&self, old: &Kek, former: &[FormerRow]) -> Result<Arc<Kek>, ArchiveError> {
        let had_its_time = |id: KeyId| id == old.id() || former.iter().any(|row| row.key == id);
        let held = self.keyring.keks();
        if let Some(left) = held.iter().find(|kek| !had_its_time(kek.id())) {
            return Ok(left.clone());
        }
        if held.iter().count() >= MAX_IN_FILE {
            return Err(ArchiveError::Conflict(format!(
                "the key file holds {} keys, of which old key sets in backups still need some; rotate again in some weeks",
                held.iter().count()
            )));
        }
        let (new, protection) = (Arc::new(Kek::generate()?), self.keyring.protection());
        let path = self.key_path();
        let file = KeyFile::replace(&path, &protection, &protection, |keks| {
            Keks::of(keks.iter().cloned().chain([new.clone()])).unwrap_or(keks)
        })?;
        if file.keks.get(old.id()).is_none() {
            return Err(ArchiveError::KeyRefused(format!("{} lost key {}", path.display(), old.id())));
        }
        self.keyring.take_over(self.keyring.active(), file);
        Ok(new)
    }

    pub(super) fn key_path(&self) -> std::path::PathBuf {
        self.layout.root().join(&self.config.key.file)
    }

    /// Steps 3 to 5.
    fn carry_on(
        &self,
        who: &Principal,
        row: RotationRow,
        resumed: bool,
        progress: Progress<'_>,
    ) -> Result<Rotated, ArchiveError> {
        // Deposits that wrapped their key before step 2 are durable now: the rows are all there is.
        drop(self.keyring.settled());
        let mut rotated =
            Rotated { from: row.from.to_string(), to: row.to.to_string(), resumed, ..Rotated::default() };
        self.rewrap_all(who, &row, &mut rotated, progress)?;
        self.erase_old_wrappings()?;
        self.conclude_rotation(who, row)?;
        rotated.complete = rotated.problems.is_empty();
        match self.begin_backup() {
            Ok(_alone) => self.refresh_key_sets(None, &mut rotated.problems),
            Err(_) => rotated.problems.push(
                "a backup is under way; its key set may still need the old key. Run `shosoin backup run daily` when it \
                 has ended"
                    .into(),
            ),
        }
        if let Err(error) = self.tidy_key_file() {
            rotated.problems.push(format!("the key file was not tidied up: {error}"));
        }
        Ok(rotated)
    }

    fn rewrap_all(
        &self,
        who: &Principal,
        row: &RotationRow,
        rotated: &mut Rotated,
        progress: Progress<'_>,
    ) -> Result<(), ArchiveError> {
        let to = self.keyring.active();
        let total = self.store.view().scan(Table::Keys, &[], None, Direction::Forward).count() as u64;
        let (mut from, mut seen) = (Vec::new(), 0);
        loop {
            let step = self.rewrap_step(who, row, (&to, STEP), &from)?;
            rotated.rewrapped += step.rewrapped;
            seen += step.seen;
            progress(seen, Some(total.max(seen)));
            let room = MAX_TOLD.saturating_sub(rotated.problems.len());
            rotated.problems.extend(step.problems.into_iter().take(room));
            match step.next {
                Some(next) => from = next,
                None => return Ok(()),
            }
        }
    }

    /// Wraps at most `limit` keys anew that another key than `to` wrapped.
    fn rewrap_step(
        &self,
        who: &Principal,
        row: &RotationRow,
        (to, limit): (&Kek, usize),
        from: &[u8],
    ) -> Result<Step, ArchiveError> {
        // Nobody destroys a key between the look at it and the batch, which would bring it back.
        let _nobody_destroys = self.destruction_lock();
        let view = self.store.view();
        let keks = self.keyring.keks();
        let (mut step, mut batch, mut last) = (Step::default(), Batch::new(), None);
        for found in view.scan(Table::Keys, from, None, Direction::Forward) {
            let (key, wrapped) = found?;
            step.seen += 1;
            if kek_of(&wrapped).is_ok_and(|kek| kek == to.id()) {
                continue;
            }
            match rewrap(&keks, to, &key, &wrapped) {
                Ok(anew) => {
                    batch.expect_value(Table::Keys, key.clone(), wrapped);
                    batch.put(Table::Keys, key.clone(), anew);
                    step.rewrapped += 1;
                }
                Err(problem) => step.problems.push(problem),
            }
            if step.rewrapped + step.problems.len() as u64 >= limit as u64 {
                last = Some(key);
                break;
            }
        }
        drop(view);
        // The first key after the one seen last.
        step.next = last.map(|last| [last.as_slice(), &[0]].concat());
        if step.rewrapped > 0 {
            let keys = Some(step.rewrapped as usize);
            let details = RotationDetails { keys, ..RotationDetails::new("key-rotation-step", row) };
            self.write_with_note(who, Act::Config, &details, batch)?;
        }
        Ok(step)
    }

    /// What the old key wrapped must not be found in files that readers do not see any more.
    fn erase_old_wrappings(&self) -> Result<(), ArchiveError> {
        let erased = self.store.erase_traces(Table::Keys, &[], None);
        // The table of the archive key is small: rewriting all of it leaves no file that merely touches the row.
        let erased = erased.and_then(|()| self.store.erase_traces(Table::Meta, &[], None));
        erased.map_err(|error| match error {
            StoreError::Busy { detail } => ArchiveError::Conflict(format!(
                "every key is wrapped anew, but what the old key wrapped cannot be erased yet: {detail}. Repeat \
                 `shosoin key rotate` in a while"
            )),
            other => other.into(),
        })
    }

    fn conclude_rotation(&self, who: &Principal, rotation: RotationRow) -> Result<(), ArchiveError> {
        let (row, bytes) = self.archive_row()?;
        let now = self.now();
        let mut rotation = RotationRow { finished_at: Some(now), ..rotation };
        rotation.former.push(FormerRow { key: rotation.from, retired_at: now });
        let details = RotationDetails::new("key-rotation-ends", &rotation);
        let after = ArchiveRow { rotation: Some(rotation), ..row };
        let mut batch = Batch::new();
        batch.expect_value(Table::Meta, meta::ARCHIVE, bytes);
        batch.put(Table::Meta, meta::ARCHIVE, rows::encode(&after));
        self.write_with_note(who, Act::Config, &details, batch)
    }

    /// Puts the present key first in the key file, and takes out those whose key sets have all expired. Returns how many.
    ///
    /// # Errors
    /// When the file cannot be replaced; its keys are all there then.
    pub(super) fn tidy_key_file(&self) -> Result<usize, ArchiveError> {
        let (row, _) = self.archive_row()?;
        let Some(rotation) = row.rotation.filter(|rotation| rotation.finished_at.is_some()) else {
            return Ok(0);
        };
        let (active, held) = (self.keyring.active(), self.keyring.keks());
        let limit = self.now().checked_sub_signed(TimeDelta::days(self.config.backup.key_set_days.into()));
        let mut expired = Vec::new();
        for former in &rotation.former {
            let old = limit.is_some_and(|limit| former.retired_at < limit);
            if old && former.key != active.id() && held.get(former.key).is_some() {
                expired.push(former.key);
            }
        }
        // A damaged row may be the last that needs it: it goes on to be told by `fsck`, with its key.
        if !expired.is_empty() {
            let used = self.keys_in_use()?;
            expired.retain(|key| !used.iter().any(|(other, _)| other == key));
        }
        if expired.is_empty() && held.first().id() == active.id() {
            return Ok(0);
        }
        let protection = self.keyring.protection();
        let file = KeyFile::replace(&self.key_path(), &protection, &protection, |keks| {
            let others = keks.iter().filter(|kek| !expired.contains(&kek.id())).cloned();
            Keks::of([active.clone()].into_iter().chain(others)).unwrap_or(keks)
        })?;
        self.keyring.take_over(active, file);
        Ok(expired.len())
    }

    /// How many data keys each key wraps.
    pub(super) fn keys_in_use(&self) -> Result<Vec<(KeyId, u64)>, ArchiveError> {
        let mut counts: Vec<(KeyId, u64)> = Vec::new();
        let view = self.store.view();
        for found in view.scan(Table::Keys, &[], None, Direction::Forward) {
            let Ok(kek) = kek_of(&found?.1) else { continue };
            match counts.iter_mut().find(|(id, _)| *id == kek) {
                Some((_, count)) => *count += 1,
                None => counts.push((kek, 1)),
            }
        }
        Ok(counts)
    }
}

/// What a step did.
#[derive(Default)]
struct Step {
    seen: u64,
    rewrapped: u64,
    problems: Vec<String>,
    /// Where the next step begins; `None` at the end.
    next: Option<Vec<u8>>,
}

/// Opens a wrapped key and wraps it with `to`; the error says which cannot be opened, and why.
fn rewrap(keks: &Keks, to: &Kek, key: &[u8], wrapped: &[u8]) -> Result<Vec<u8>, String> {
    let context = <[u8; 16]>::try_from(key).map_err(|_| "a row of keys is not of a record".to_owned())?;
    let anew = keks.open(wrapped, &context).and_then(|dek| to.wrap(&dek, &context));
    anew.map_err(|error| format!("{}: its key was left as it is: {error}", RecordId::from_bytes(context)))
}

#[cfg(test)]
#[path = "rotate_tests.rs"]
mod tests;
