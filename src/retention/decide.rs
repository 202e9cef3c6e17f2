//! The decision: how long must this record be kept, and which policies say so. Pure: no clock, no files.
//!
//! The latest date of all matching policies counts. Whatever is not known (no policy for the class, no fiscal year
//! for the day) means *no expiry*, never a guess. So a policy more can only lengthen, once any policy matches.

use std::cmp::Ordering;

use chrono::NaiveDate;

use super::calendar::{Calendar, FiscalYear};
use super::decision::{Decision, Outcome, Reason};
use super::facts::Facts;
use super::policy::Policy;
use super::schedule::Applying;
use super::trigger::{Condition, Mode};
use super::trigger_words as words;

/// Which of a record's days is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DayKind {
    Received,
    Signed,
    Transaction,
    /// The event of the policy's trigger.
    Event,
}

/// A day on which the document may have been made or received, and its fiscal year as far as known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Day {
    pub(super) kind: DayKind,
    pub(super) date: NaiveDate,
    pub(super) year: Option<FiscalYear>,
}

/// What one policy asks, before it is put into words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finding<'p> {
    pub(super) policy: &'p Policy,
    /// Whether the policy is no longer in force, but was when the record was deposited.
    pub(super) former: bool,
    /// The day that counts: of several, the one that keeps longest.
    pub(super) day: Day,
    /// Whether another day of the record would have given another period.
    pub(super) days_differ: bool,
    /// Whether the policy needs a fiscal year and none is known.
    pub(super) year_unknown: bool,
    /// Whether the policy waits for an event whose day nobody has told.
    pub(super) event_unknown: bool,
    pub(super) start: Option<NaiveDate>,
    pub(super) until: Option<NaiveDate>,
}

/// Decides about one record, on the day `today` (a calendar day in the archive's zone).
///
/// The law counts from the fiscal year in which the document was made *or* received (法人税法施行規則 article 59(2)):
/// the days of receipt, of the last signature and of the transaction are all tried and the latest end counts.
/// `retain_until` is the maximum over all matching policies; `Eligible` only from the day after it.
#[must_use]
pub fn decide<'p>(
    facts: &Facts<'_>,
    calendar: &Calendar,
    policies: impl IntoIterator<Item: Into<Applying<'p>>>,
    today: NaiveDate,
) -> Decision {
    let mut findings: Vec<Finding<'p>> = findings(facts, calendar, policies).collect();
    findings.sort_by(|a, b| {
        longest_first(a, b).then_with(|| (&a.policy.id, a.former).cmp(&(&b.policy.id, b.former)))
    });
    // Of a policy's former and present texts the one that keeps longest is named.
    let mut named: Vec<&str> = Vec::new();
    findings.retain(|finding| {
        let new = !named.contains(&finding.policy.id.as_str());
        named.push(&finding.policy.id);
        new
    });
    let retain_until = findings.first().and_then(|finding| finding.until);
    let over = retain_until.is_some_and(|until| today > until);
    Decision {
        decision: if over { Outcome::Eligible } else { Outcome::Retain },
        retain_until,
        promised: None,
        reasons: findings.iter().map(|finding| reason(finding, facts)).collect(),
    }
}

/// Only the date of [`decide`], without words: for going through a whole archive. `None` is "no expiry known".
#[must_use]
pub fn retain_until<'p>(
    facts: &Facts<'_>,
    calendar: &Calendar,
    policies: impl IntoIterator<Item: Into<Applying<'p>>>,
) -> Option<NaiveDate> {
    findings(facts, calendar, policies).min_by(longest_first)?.until
}

/// The latest date of all policies that know one, whatever the others still wait for.
#[must_use]
pub fn latest_known<'p>(
    facts: &Facts<'_>,
    calendar: &Calendar,
    policies: impl IntoIterator<Item: Into<Applying<'p>>>,
) -> Option<NaiveDate> {
    findings(facts, calendar, policies).filter_map(|finding| finding.until).max()
}

/// The mode of a record: governance only where every policy that asks for it, former ones too, says so.
///
/// What no policy asks for counts as compliance: nobody has said that it may be shortened.
#[must_use]
pub fn mode<'p>(
    facts: &Facts<'_>,
    calendar: &Calendar,
    policies: impl IntoIterator<Item: Into<Applying<'p>>>,
) -> Mode {
    let mut modes = findings(facts, calendar, policies).map(|finding| finding.policy.mode).peekable();
    let governed = modes.peek().is_some() && modes.all(|mode| mode == Mode::Governance);
    if governed { Mode::Governance } else { Mode::Compliance }
}

/// What each policy that applies asks.
fn findings<'p, 'f>(
    facts: &'f Facts<'_>,
    calendar: &'f Calendar,
    policies: impl IntoIterator<Item: Into<Applying<'p>>>,
) -> impl Iterator<Item = Finding<'p>> {
    let days = days(facts, calendar);
    policies.into_iter().filter_map(move |applying| {
        let Applying { policy, former } = applying.into();
        let found = facts.covered_by(policy).then(|| find(policy, facts, calendar, &days))??;
        Some(Finding { former, ..found })
    })
}

/// Start and end that one policy gives, `None` when it does not apply.
pub(super) fn retain_until_by(
    facts: &Facts<'_>,
    calendar: &Calendar,
    policy: &Policy,
) -> Option<(Option<NaiveDate>, Option<NaiveDate>)> {
    let finding = findings(facts, calendar, [policy]).next()?;
    Some((finding.start, finding.until))
}

/// The distinct days of a record. On a tie the first is named in the reason: receipt, signature, transaction.
fn days(facts: &Facts<'_>, calendar: &Calendar) -> [Option<Day>; 3] {
    let day = |kind, date| Day { kind, date, year: calendar.year_of(date) };
    let received = facts.received_on;
    let signed = facts.signed_on.filter(|date| Some(*date) != received);
    let transaction =
        Some(facts.transaction_date).filter(|date| Some(*date) != received && Some(*date) != signed);
    [
        received.map(|date| day(DayKind::Received, date)),
        signed.map(|date| day(DayKind::Signed, date)),
        transaction.map(|date| day(DayKind::Transaction, date)),
    ]
}

/// What `policy` asks, over all days; `None` when its condition holds for none of them.
fn find<'p>(
    policy: &'p Policy,
    facts: &Facts<'_>,
    calendar: &Calendar,
    days: &[Option<Day>; 3],
) -> Option<Finding<'p>> {
    if let Some(event) = policy.trigger.event() {
        return find_for_event(policy, facts.event(event), calendar, days);
    }
    let mut longest: Option<Finding<'p>> = None;
    let mut days_differ = false;
    for (index, day) in days.iter().flatten().enumerate() {
        let found = find_for_day(policy, *day);
        let period = |finding: &Finding<'_>| (finding.start, finding.until);
        days_differ |= index > 0 && found.as_ref().map(period) != longest.as_ref().map(period);
        longest = match (longest, found) {
            (Some(old), Some(new)) if longest_first(&old, &new) == Ordering::Greater => Some(new),
            (old, new) => old.or(new),
        };
    }
    longest.map(|finding| Finding { days_differ, ..finding })
}

/// What a policy asks whose period an event starts. Until the day of the event is known there is no end.
fn find_for_event<'p>(
    policy: &'p Policy,
    date: Option<NaiveDate>,
    calendar: &Calendar,
    days: &[Option<Day>; 3],
) -> Option<Finding<'p>> {
    match date {
        Some(date) => find_for_day(policy, Day { kind: DayKind::Event, date, year: calendar.year_of(date) }),
        None => {
            Some(Finding { event_unknown: true, ..Finding::open(policy, *days.iter().flatten().next()?) })
        }
    }
}

fn find_for_day(policy: &Policy, day: Day) -> Option<Finding<'_>> {
    let by_loss = policy.condition == Condition::LossYear;
    if by_loss && day.year.is_some_and(|year| !year.loss) {
        return None;
    }
    let needs_year = by_loss || policy.trigger.needs_fiscal_year();
    let mut finding = Finding::open(policy, day);
    if needs_year && day.year.is_none() {
        // The policy might apply: without the year nobody can say that it does not.
        return Some(Finding { year_unknown: true, ..finding });
    }
    let year = day.year.as_ref();
    finding.start = policy.trigger.start(day.date, year);
    finding.until = finding
        .start
        .zip(policy.period.as_ref())
        .and_then(|(start, period)| super::period::last_day(start, period.months_for(year)));
    Some(finding)
}

impl<'p> Finding<'p> {
    /// A policy that applies and of which nothing more is known.
    fn open(policy: &'p Policy, day: Day) -> Self {
        Self {
            policy,
            former: false,
            day,
            days_differ: false,
            year_unknown: false,
            event_unknown: false,
            start: None,
            until: None,
        }
    }
}

/// No expiry before any date, a later date before an earlier one.
fn longest_first(a: &Finding<'_>, b: &Finding<'_>) -> Ordering {
    let length = |finding: &Finding<'_>| (finding.until.is_none(), finding.until, finding.start);
    length(b).cmp(&length(a))
}

fn reason(finding: &Finding<'_>, facts: &Facts<'_>) -> Reason {
    let policy = finding.policy;
    Reason {
        policy: policy.id.clone(),
        law: policy.law.ja.clone(),
        law_en: policy.law.en.clone(),
        article: policy.article.ja.clone(),
        article_en: policy.article.en.clone(),
        trigger: words::trigger_ja(finding),
        trigger_en: words::trigger_en(finding),
        start: finding.start,
        until: finding.until,
        former: finding.former,
        former_class: !finding.policy.covers(facts.class),
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "decide_properties.rs"]
mod properties;
