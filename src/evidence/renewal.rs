//! On which day evidence is renewed: a pure rule with its reason.
//!
//! What ends on the same day is one *group*, renewed with one request. Its window opens some time before its end. Its day lies in
//! the first half of that window, at a place that the group and the archive give: neither the groups of one archive nor all
//! archives of an authority fall on one night. From that day on it is tried every night until it has succeeded, so half the
//! window is left for an authority that is down, or a budget that is used up. What is urgent waits for no day of its own.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// When what ends at `ends` is renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewalWindow {
    pub ends: DateTime<Utc>,
    /// From then on it may be renewed.
    pub opens: DateTime<Utc>,
    /// From then on it is tried every night; never after the middle of the window.
    pub planned: DateTime<Utc>,
}

/// What else bears on the day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pressure {
    /// The settings give its digest algorithm up.
    pub algorithm_given_up: bool,
    /// The authority's certificate was revoked.
    pub authority_revoked: bool,
}

/// Whether it is renewed now, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RenewalState {
    /// Its protection has ended; renewing it now proves less than before the end.
    Lapsed,
    /// The authority's certificate was revoked: due whatever the date.
    AuthorityRevoked,
    /// Its digest algorithm is given up: due whatever the date.
    AlgorithmGivenUp,
    /// Its day has come.
    Due,
    /// The window is open, its day is still to come.
    Planned,
    /// The window opens later.
    NotYet,
}

impl RenewalState {
    /// Whether it is renewed in this run.
    pub fn is_due(self) -> bool {
        !matches!(self, Self::Planned | Self::NotYet)
    }

    /// Whether something else than its end makes it due.
    pub fn is_due_whatever_the_date(self) -> bool {
        matches!(self, Self::AuthorityRevoked | Self::AlgorithmGivenUp)
    }
}

impl RenewalState {
    /// In a few words, Japanese and English.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Lapsed => ("期限切れ", "lapsed"),
            Self::AuthorityRevoked => ("発行局の証明書が失効・直ちに", "at once: the authority was revoked"),
            Self::AlgorithmGivenUp => {
                ("ハッシュ関数の使用中止・直ちに", "at once: its algorithm is given up")
            }
            Self::Due => ("毎晩試行", "tried every night"),
            Self::Planned => ("予定日待ち", "waits for its day"),
            Self::NotYet => ("時期の前", "not yet"),
        }
    }
}

impl RenewalWindow {
    /// The window of what ends at `ends` and opens `within` before. `place`: whose it is, such as the archive's name, so that
    /// not everybody has the same day. Everything that ends on one day has one day.
    pub fn new(ends: DateTime<Utc>, within: Duration, place: &[u8]) -> Self {
        let within = within.clamp(Duration::zero(), Duration::days(36_500));
        let opens = ends.checked_sub_signed(within).unwrap_or(DateTime::<Utc>::MIN_UTC);
        let days = offset(ends.date_naive(), place, within.num_days() / 2);
        let planned = opens.checked_add_signed(Duration::days(days)).unwrap_or(ends).min(ends);
        Self { ends, opens, planned }
    }

    /// Where it stands at `now`.
    pub fn state(&self, pressure: Pressure, now: DateTime<Utc>) -> RenewalState {
        match pressure {
            _ if self.ends <= now => RenewalState::Lapsed,
            Pressure { authority_revoked: true, .. } => RenewalState::AuthorityRevoked,
            Pressure { algorithm_given_up: true, .. } => RenewalState::AlgorithmGivenUp,
            _ if self.planned <= now => RenewalState::Due,
            _ if self.opens <= now => RenewalState::Planned,
            _ => RenewalState::NotYet,
        }
    }
}

/// Days after the opening, from 0 to `most`: by a hash, so that ends that lie close together have days that do not.
fn offset(ends: NaiveDate, place: &[u8], most: i64) -> i64 {
    let digest =
        Sha256::digest([b"renewal day ".as_slice(), ends.to_string().as_bytes(), b" ", place].concat());
    let number = digest.iter().take(7).fold(0_i64, |number, byte| number << 8 | i64::from(*byte));
    number % (most.max(0) + 1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn at(day: i64) -> DateTime<Utc> {
        "2026-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + Duration::days(day)
    }

    const YEAR: Duration = Duration::days(365);

    #[test]
    fn a_thousand_archives_of_one_authority_come_on_many_nights() {
        let mut nights = BTreeMap::<i64, u32>::new();
        for archive in 0..1_000 {
            let window = RenewalWindow::new(at(4_000), YEAR, format!("archive {archive}").as_bytes());
            *nights.entry((window.planned - window.opens).num_days()).or_default() += 1;
        }
        assert!(nights.len() > 170 && nights.values().all(|number| *number < 25), "{nights:?}");
    }

    #[test]
    fn urgency_waits_for_no_day() {
        let window = RenewalWindow::new(at(4_000), YEAR, b"an archive");
        let state = |pressure, day| window.state(pressure, at(day));
        let revoked = Pressure { authority_revoked: true, ..Pressure::default() };
        let given_up = Pressure { algorithm_given_up: true, ..Pressure::default() };
        assert_eq!(state(Pressure::default(), 10), RenewalState::NotYet);
        assert_eq!(state(revoked, 10), RenewalState::AuthorityRevoked);
        assert_eq!(state(given_up, 10), RenewalState::AlgorithmGivenUp);
        // The middle of the window at the latest, half a year before the end.
        assert_eq!(state(Pressure::default(), 4_000 - 183), RenewalState::Due);
        assert_eq!(state(revoked, 4_000), RenewalState::Lapsed);
        assert!(!RenewalState::Planned.is_due() && RenewalState::Lapsed.is_due());
    }

    proptest! {
        #[test]
        fn a_day_lies_in_the_first_half_and_what_is_due_stays_due(
            end in 400i64..40_000, seconds in 0i64..86_400, within in 0i64..4_000, place in any::<[u8; 8]>(), asked in 0i64..45_000,
        ) {
            let (ends, within) = (at(end) + Duration::seconds(seconds), Duration::days(within));
            let window = RenewalWindow::new(ends, within, &place);
            prop_assert!(window.opens <= window.planned && window.planned <= ends);
            prop_assert!(window.planned - window.opens <= within / 2);
            prop_assert_eq!(window, RenewalWindow::new(ends, within, &place));
            let state = |day| window.state(Pressure::default(), at(day));
            if state(asked).is_due() {
                prop_assert!(state(asked + 1).is_due());
            }
            prop_assert_eq!(state(asked).is_due(), window.planned <= at(asked));
        }

        /// Spreading costs nothing: a night for each day on which something ends, at most, as without it.
        #[test]
        fn there_are_no_more_nights_than_days_on_which_something_ends(ends in prop::collection::vec(0i64..2_000_000, 1..200)) {
            let ends: Vec<_> = ends.iter().map(|hour| at(0) + Duration::hours(*hour)).collect();
            let mut days: Vec<_> = ends.iter().map(|end| end.date_naive()).collect();
            let night = |end: &DateTime<Utc>| {
                let window = RenewalWindow::new(*end, YEAR, b"an archive");
                (end.date_naive(), window.planned.date_naive())
            };
            let mut nights: Vec<_> = ends.iter().map(night).collect();
            days.sort_unstable();
            days.dedup();
            nights.sort_unstable();
            nights.dedup();
            prop_assert_eq!(nights.len(), days.len());
        }
    }
}
