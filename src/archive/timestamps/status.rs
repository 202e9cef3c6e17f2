//! What is protected until when, what is due, and what became of the requests.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::renew::Due;
use super::rows::{self, RequestRow};
use super::window::WaitingDeadlines;
use crate::archive::error::ArchiveError;
use crate::archive::permit::{Action, permit};
use crate::archive::rows::journal_key;
use crate::archive::{Archive, Principal};
use crate::evidence::{RenewalState, RenewalWindow};
use crate::journal::{Act, Entry};
use crate::store::{Direction, Table, View};

/// Requests told of in the status.
const REQUESTS_SHOWN: usize = 20;
/// Days of renewal told of.
const RENEWALS_SHOWN: usize = 40;
/// How far the clock may be behind a token's time before it is called wrong.
const CLOCK_SLACK: Duration = Duration::minutes(10);
/// How far the clock may be ahead of the newest token's time before that is said: an archive in use has a token more often.
const CLOCK_AHEAD: Duration = Duration::days(90);

/// The answer of `timestamp status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TimestampStatus {
    /// Records with a timestamp, and without one yet.
    pub protected: u64,
    pub waiting: u64,
    /// Records whose protection ends within the renewal window.
    pub due: u64,
    /// Records whose protection has ended.
    pub lapsed: u64,
    /// Timestamps kept.
    pub tokens: u64,
    /// Records by the year in which their protection ends.
    pub expires: Vec<ExpiryYear>,
    /// When they are renewed, by the day on which their protection ends: the nearest ones.
    #[serde(default)]
    pub renewals: Vec<PlannedRenewal>,
    /// The legal window of records that came without a trustworthy timestamp and have none yet.
    pub deadlines: WaitingDeadlines,
    /// Time of the newest token: the archive's proof of what time it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven_time: Option<DateTime<Utc>>,
    /// The machine's clock is behind a time that a token proves.
    pub clock_behind: bool,
    /// It is more than 90 days ahead of the newest proven time: either it is wrong, or no timestamp was obtained for so long.
    #[serde(default)]
    pub clock_ahead: bool,
    /// The newest requests, newest first.
    pub requests: Vec<RequestView>,
}

/// Records whose protection ends in one year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExpiryYear {
    pub year: i32,
    pub records: u64,
}

/// Records whose protection ends on one day, and when they are renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlannedRenewal {
    pub ends: DateTime<Utc>,
    pub records: u64,
    /// From then on they may be renewed: with the next request for others, or when somebody says so.
    pub opens: DateTime<Utc>,
    /// From then on it is tried every night.
    pub planned: DateTime<Utc>,
    pub state: RenewalState,
}

impl PlannedRenewal {
    fn of(due: &Due) -> Self {
        let RenewalWindow { ends, opens, planned } = due.window;
        Self { ends, records: 0, opens, planned, state: due.state }
    }
}

/// One request to an authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RequestView {
    pub asked_at: DateTime<Utc>,
    pub authority: String,
    /// `granted`, `refused`, or `unanswered` when the program ended before the answer.
    pub outcome: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl From<RequestRow> for RequestView {
    fn from(row: RequestRow) -> Self {
        let outcome = match (row.token, &row.refused) {
            (Some(_), _) => "granted",
            (None, Some(_)) => "refused",
            (None, None) => "unanswered",
        };
        Self {
            asked_at: row.asked_at,
            authority: row.authority,
            outcome: outcome.into(),
            reason: row.refused,
        }
    }
}

impl Archive {
    /// What is protected until when.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`], or damage.
    pub fn timestamp_status(&self, who: &Principal) -> Result<TimestampStatus, ArchiveError> {
        permit(who, Action::TimestampStatus)?;
        let view = self.store.view();
        let now = self.now();
        let tokens = rows::tokens(&*view)?;
        let rules =
            self.renewal_rules(self.revoked_tokens(&*view, &tokens.iter().collect::<Vec<_>>(), None)?);
        let mut renewals: BTreeMap<(NaiveDate, RenewalState), PlannedRenewal> = BTreeMap::new();
        let mut years: BTreeMap<i32, u64> = BTreeMap::new();
        let (mut protected, mut bare, mut due_soon, mut lapsed) = (0, 0, 0, 0);
        for tree in rows::trees(&*view)?.iter().filter(|tree| !tree.is_rehashed()) {
            let Some(stamp) = tree.stamps.last() else {
                bare += tree.leaves;
                continue;
            };
            let newest = tokens.iter().find(|token| token.id == stamp.token);
            let due = rules.due(tree, newest);
            let ends = due.window.ends;
            protected += tree.leaves;
            *years.entry(ends.year()).or_default() += tree.leaves;
            due_soon += if due.state == RenewalState::NotYet { 0 } else { tree.leaves };
            lapsed += if ends <= now { tree.leaves } else { 0 };
            let group = renewals.entry((ends.date_naive(), due.state));
            group.or_insert_with(|| PlannedRenewal::of(&due)).records += tree.leaves;
        }
        let mut shown = 0;
        let requests = rows::requests(&*view, &mut |_| {
            shown += 1;
            shown <= REQUESTS_SHOWN
        })?;
        let proven_time = tokens.iter().map(|token| token.gen_time).max();
        Ok(TimestampStatus {
            protected,
            waiting: bare + self.deposits_beyond(&*view, rows::cursor(&*view)?)?,
            due: due_soon,
            lapsed,
            tokens: tokens.len() as u64,
            deadlines: self.waiting_deadlines(who)?,
            renewals: renewals.into_values().take(RENEWALS_SHOWN).collect(),
            expires: years.into_iter().map(|(year, records)| ExpiryYear { year, records }).collect(),
            proven_time,
            clock_behind: proven_time.is_some_and(|proven| now + CLOCK_SLACK < proven),
            clock_ahead: proven_time.is_some_and(|proven| now - CLOCK_AHEAD > proven),
            requests: requests.into_iter().map(RequestView::from).collect(),
        })
    }

    /// Deposits in the journal from `from` on.
    fn deposits_beyond(&self, view: &dyn View, from: u64) -> Result<u64, ArchiveError> {
        let mut deposits = 0;
        for row in view.scan(Table::Journal, &journal_key(from), None, Direction::Forward) {
            let entry = Entry::decode(&row?.1)
                .map_err(|error| ArchiveError::Corrupt(format!("the journal after {from}: {error}")))?;
            deposits += u64::from(entry.act == Act::Deposit);
        }
        Ok(deposits)
    }
}
