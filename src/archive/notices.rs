//! What the notices need of the archive: contracts that end, and what was told already.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use super::Archive;
use super::error::ArchiveError;
use super::permit::{Action, permit};
use super::principal::Principal;
use super::records::Loaded;
use super::rows::{self, NoticesRow, RecordRow, V1, meta};
use crate::journal::Act;
use crate::record::{Metadata, RecordId, Span};
use crate::retention::terms;
use crate::store::{Batch, Direction, Table};

/// Contracts in one list; whoever has more that end in one quarter is told of the nearest.
const MAX_ENDS: usize = 20_000;
/// How far beyond the days asked for ends are looked at whose notice may be due: three years of notice.
const LONGEST_NOTICE: Days = Days::new(3 * 366);

/// Which day of a contract comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContractDay {
    /// The last day on which its renewal can be refused.
    RefuseBy,
    /// Its last day.
    End,
}

/// A contract that ends, or can soon be kept from going on no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractEnd {
    pub id: RecordId,
    /// The day that comes, and which one it is.
    pub on: NaiveDate,
    pub what: ContractDay,
    /// Last day of the term.
    pub ends_on: NaiveDate,
    /// It goes on by itself when nobody gives notice.
    pub renews: Option<Span>,
    pub counterparty: String,
    pub title: Option<String>,
}

/// What was told over each way, and when the last message went out.
pub type Channels = BTreeMap<String, Channel>;

/// One way of telling: `mail`, `webhook`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Day of the last message, in the archive's zone.
    pub last: Option<NaiveDate>,
    /// By item, the reminder that was the last one, in days before the date (-1: overdue).
    pub told: BTreeMap<String, i64>,
}

impl Archive {
    /// Contracts (neither withdrawn nor out of scope) whose last day, or last day to refuse their renewal, is in
    /// `from..=until`, the nearest first. What renews itself has no last day.
    ///
    /// Opens the newest metadata of every record, some 15 microseconds each. The caller journals the look.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`], or the store's. A record that does not open is left to `fsck`.
    pub fn contract_ends(
        &self,
        who: &Principal,
        from: NaiveDate,
        until: NaiveDate,
    ) -> Result<Vec<ContractEnd>, ArchiveError> {
        permit(who, Action::NoticesShow)?;
        let view = self.store.view();
        let mut ends = Vec::new();
        for row in view.scan(Table::Records, &[], None, Direction::Forward) {
            let (key, row_bytes) = row?;
            let Some(id) = key.try_into().ok().map(RecordId::from_bytes) else { continue };
            let Ok(row) = rows::decode("record row", &row_bytes) else { continue };
            let Ok(dek) = self.keyring.dek(&*view, id) else { continue };
            let Ok(newest) = (Loaded { id, row, row_bytes, dek }).latest(&*view) else { continue };
            if newest.withdrawn || !who.scope.covers(&newest.metadata.entity) {
                continue;
            }
            ends.extend(days_of(id, &newest.metadata, from, until));
            if ends.len() >= 2 * MAX_ENDS {
                keep_nearest(&mut ends);
            }
        }
        keep_nearest(&mut ends);
        Ok(ends)
    }

    /// How many records end their retention on each day in `from..=until`, as was decided when they were written last.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`], or the store's.
    pub fn retention_ends(
        &self,
        who: &Principal,
        from: NaiveDate,
        until: NaiveDate,
    ) -> Result<BTreeMap<NaiveDate, u64>, ArchiveError> {
        permit(who, Action::RetentionDue)?;
        let mut days = BTreeMap::new();
        let view = self.store.view();
        for row in view.scan(Table::Records, &[], None, Direction::Forward) {
            let (_, bytes) = row?;
            let Ok(RecordRow { retain_until: Some(day), .. }) = rows::decode("record row", &bytes) else {
                continue;
            };
            if (from..=until).contains(&day) {
                *days.entry(day).or_insert(0) += 1;
            }
        }
        Ok(days)
    }

    /// Today in the archive's zone, as its clock says.
    pub fn today(&self) -> NaiveDate {
        self.now().with_timezone(&self.config.archive.zone).date_naive()
    }

    /// Journals that somebody looked through what comes due.
    ///
    /// # Errors
    /// When the entry cannot be written.
    pub fn journal_notices_look(&self, who: &Principal, items: usize) -> Result<(), ArchiveError> {
        self.journal_note(who, Act::Search, &NoticesLook { what: "notices", items })
    }

    /// What was told, and when.
    ///
    /// # Errors
    /// The store's, or damage.
    pub fn notices_told(&self) -> Result<Channels, ArchiveError> {
        let Some(sealed) = self.store.view().get(Table::Meta, meta::NOTICES)? else {
            return Ok(Channels::new());
        };
        let row: NoticesRow = self.keyring.unseal_row(meta::NOTICES, &sealed)?;
        Ok(row.channels)
    }

    /// Remembers what one channel has told, with a journal entry.
    ///
    /// # Errors
    /// [`ArchiveError::Conflict`] when another run of the job was faster.
    pub fn notices_remember<T: Serialize>(
        &self,
        who: &Principal,
        channel: &str,
        state: Channel,
        details: &T,
    ) -> Result<(), ArchiveError> {
        permit(who, Action::NoticesSend)?;
        let before = self.store.view().get(Table::Meta, meta::NOTICES)?;
        let mut channels = self.notices_told()?;
        channels.insert(channel.to_owned(), state);
        let sealed = self.keyring.seal_row(meta::NOTICES, &NoticesRow { v: V1, channels })?;
        let mut batch = Batch::default();
        match before {
            Some(before) => batch.expect_value(Table::Meta, meta::NOTICES, before),
            None => batch.expect_absent(Table::Meta, meta::NOTICES),
        };
        batch.put(Table::Meta, meta::NOTICES, sealed);
        self.write_with_note(who, Act::Job, details, batch)
    }
}

/// Sealed into the journal entry of a look.
#[derive(Serialize)]
struct NoticesLook {
    what: &'static str,
    items: usize,
}

/// The days of one contract that lie in `from..=until`.
fn days_of(id: RecordId, metadata: &Metadata, from: NaiveDate, until: NaiveDate) -> Vec<ContractEnd> {
    let mut days = Vec::new();
    for term in terms(metadata, from, until.checked_add_days(LONGEST_NOTICE).unwrap_or(until)) {
        let end = term.renews.is_none().then_some((ContractDay::End, term.ends_on));
        let refuse = term.refuse_by.map(|day| (ContractDay::RefuseBy, day));
        let within = [refuse, end].into_iter().flatten().filter(|(_, on)| (from..=until).contains(on));
        days.extend(within.map(|(what, on)| ContractEnd {
            id,
            on,
            what,
            ends_on: term.ends_on,
            renews: term.renews,
            counterparty: metadata.counterparty.name.clone(),
            title: metadata.title.clone(),
        }));
    }
    days
}

fn keep_nearest(ends: &mut Vec<ContractEnd>) {
    ends.sort_by_key(|end| (end.on, end.id, end.what));
    ends.truncate(MAX_ENDS);
}
