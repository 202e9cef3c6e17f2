//! The legal window: by when a contract that came without a trustworthy timestamp must have one, and what was too late.

use chrono::{NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::rows;
use super::stored_tree::StoredTree;
use crate::archive::error::ArchiveError;
use crate::archive::permit::{Action, permit};
use crate::archive::records::Loaded;
use crate::archive::rows::journal_key;
use crate::archive::{Archive, Principal};
use crate::journal::{Act, Entry};
use crate::panel::{Panel, Verdict};
use crate::record::date;
use crate::retention::{StampWindow, stamp_by};
use crate::store::{Direction, Table, View};

/// Waiting records whose last day is looked at, oldest deposits first: some 30 microseconds each.
const MAX_LOOKED_AT: u64 = 20_000;

/// Where one record stands in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StampState {
    /// It came with a timestamp that can be trusted.
    NotNeeded,
    /// Timestamped in time.
    InTime,
    /// Timestamped after the last day.
    Late,
    /// Not timestamped yet.
    Waiting,
    /// Not timestamped, and the last day is over.
    Missed,
}

/// A record's legal window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StampDue {
    pub state: StampState,
    /// Last day for the timestamp; absent where none is needed, or the holidays of its year are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_day: Option<NaiveDate>,
}

/// The last days of records that wait for a timestamp.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WaitingDeadlines {
    /// Which window counts: `7-business-days` or `2-months-and-7-business-days`.
    pub window: StampWindow,
    /// Days and how many records have to be timestamped by them, nearest first.
    pub days: Vec<DeadlineDay>,
    /// Records whose last day is over.
    pub missed: u64,
    /// Waiting records that were not looked at, because there are so many.
    pub not_looked_at: u64,
}

/// Records with one last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeadlineDay {
    pub day: NaiveDate,
    pub records: u64,
}

impl Archive {
    /// The window of one record whose first timestamp, if any, is of `proven`.
    pub(super) fn stamp_due(
        &self,
        record: &Loaded,
        view: &dyn View,
        proven: Option<chrono::DateTime<Utc>>,
    ) -> Result<StampDue, ArchiveError> {
        if has_trusted_timestamp(&record.facts()?.panel) {
            return Ok(StampDue { state: StampState::NotNeeded, last_day: None });
        }
        let first = record.version(view, 1)?;
        let newest = record.latest(view)?;
        let zone = self.config.archive.zone;
        let deposited = date::in_zone(first.at, zone);
        // A later correction may say that it was received earlier; nothing makes it later than the deposit.
        let received = newest.metadata.received_on.map_or(deposited, |day| day.min(deposited));
        let settings = &self.config.timestamps;
        let last_day = stamp_by(received, settings.window, &settings.calendar());
        let late = |day: NaiveDate| last_day.is_some_and(|last| day > last);
        let state = match proven {
            Some(time) if late(date::in_zone(time, zone)) => StampState::Late,
            Some(_) => StampState::InTime,
            None if late(self.today()) => StampState::Missed,
            None => StampState::Waiting,
        };
        Ok(StampDue { state, last_day })
    }

    /// The last days of all records that wait for a timestamp.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`], or damage.
    pub fn waiting_deadlines(&self, who: &Principal) -> Result<WaitingDeadlines, ArchiveError> {
        permit(who, Action::TimestampStatus)?;
        let view = self.store.view();
        let mut found =
            WaitingDeadlines { window: self.config.timestamps.window, ..WaitingDeadlines::default() };
        let mut days = std::collections::BTreeMap::<NaiveDate, u64>::new();
        let mut looked_at = 0;
        self.each_waiting(&*view, &mut |seq| {
            looked_at += 1;
            if looked_at > MAX_LOOKED_AT {
                found.not_looked_at += 1;
                return Ok(());
            }
            let record = match self.load(&*view, self.deposited_at(&*view, seq)?) {
                Err(ArchiveError::NoSuchRecord(_) | ArchiveError::Destroyed { .. }) => return Ok(()),
                other => other?,
            };
            let due = self.stamp_due(&record, &*view, None)?;
            found.missed += u64::from(due.state == StampState::Missed);
            if let Some(day) = due.last_day {
                *days.entry(day).or_default() += 1;
            }
            Ok(())
        })?;
        found.days = days.into_iter().map(|(day, records)| DeadlineDay { day, records }).collect();
        Ok(found)
    }

    /// Calls `each` for every deposit without a timestamp, oldest first.
    fn each_waiting(
        &self,
        view: &dyn View,
        each: &mut dyn FnMut(u64) -> Result<(), ArchiveError>,
    ) -> Result<(), ArchiveError> {
        // A tree made anew under another algorithm holds records that have timestamps; only first trees count.
        let trees = rows::trees(view)?;
        for tree in trees.iter().filter(|tree| tree.stamps.is_empty()) {
            for seq in StoredTree::new(view, tree).members()? {
                let stamped = trees.iter().filter(|other| !other.stamps.is_empty() && other.id < tree.id);
                let mut known = false;
                for other in stamped {
                    known |= StoredTree::new(view, other).leaf(seq)?.is_some();
                }
                if !known {
                    each(seq)?;
                }
            }
        }
        let from = rows::cursor(view)?;
        for row in view.scan(Table::Journal, &journal_key(from), None, Direction::Forward) {
            let entry = Entry::decode(&row?.1)
                .map_err(|error| ArchiveError::Corrupt(format!("the journal after {from}: {error}")))?;
            if entry.act == Act::Deposit {
                each(entry.seq)?;
            }
        }
        Ok(())
    }
}

/// Whether some signature or document timestamp in the file has a time that can be trusted. A signature may well be valid with
/// a timestamp that is not: that one proves nothing.
fn has_trusted_timestamp(panel: &Panel) -> bool {
    panel
        .signatures
        .iter()
        .any(|signature| signature.verdict == Verdict::TotalPassed && signature.time_is_proven())
}
