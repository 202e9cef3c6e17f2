//! The decision: how long must this record be kept, and which policies say so. Pure: no clock, no files.
//!
//! The latest date of all matching policies counts. Whatever is not known (no policy for the class, no fiscal year
//! for the day) means *no expiry*, never a guess. So a policy more can only lengthen, once any policy matches.

use std::cmp::Ordering;

use chrono::NaiveDate;

use super::calendar::{Calendar, FiscalYear};
use super::decision::{Decision, Outcome, Reason};
use super::policy::Policy;
use super::trigger::Condition;
use super::words;
use crate::record::Metadata;

/// What the policies want to know of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Document class.
    pub class: &'a str,
    /// 取引年月日
    pub transaction_date: NaiveDate,
    /// 契約締結日: when the last party signed.
    pub signed_on: Option<NaiveDate>,
    /// 受領日
    pub received_on: Option<NaiveDate>,
}

impl<'a> From<&'a Metadata> for Facts<'a> {
    fn from(metadata: &'a Metadata) -> Self {
        Self {
            class: &metadata.class,
            transaction_date: metadata.transaction_date,
            signed_on: metadata.signed_on,
            received_on: metadata.received_on,
        }
    }
}

/// Which of a record's days is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DayKind {
    Received,
    Signed,
    Transaction,
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
    /// The day that counts: of several, the one that keeps longest.
    pub(super) day: Day,
    /// Whether another day of the record would have given another period.
    pub(super) days_differ: bool,
    /// Whether the policy needs a fiscal year and none is known.
    pub(super) year_unknown: bool,
    pub(super) start: Option<NaiveDate>,
    pub(super) until: Option<NaiveDate>,
}

/// Decides about one record, on the day `today` (a calendar day in the archive's zone).
///
/// The law counts from the fiscal year in which the document was made *or* received (法人税法施行規則 article 59(2)):
/// the days of receipt, of the last signature and of the transaction are all tried and the latest end counts.
/// `retain_until` is the maximum over all matching policies; `Eligible` only from the day after it.
#[must_use]
pub fn decide(facts: &Facts<'_>, calendar: &Calendar, policies: &[Policy], today: NaiveDate) -> Decision {
    let days = days(facts, calendar);
    let matching = policies.iter().filter(|policy| policy.covers(facts.class));
    let mut findings: Vec<Finding<'_>> = matching.filter_map(|policy| find(policy, &days)).collect();
    findings.sort_by(|a, b| longest_first(a, b).then_with(|| a.policy.id.cmp(&b.policy.id)));
    let retain_until = findings.first().and_then(|finding| finding.until);
    let over = retain_until.is_some_and(|until| today > until);
    Decision {
        decision: if over { Outcome::Eligible } else { Outcome::Retain },
        retain_until,
        reasons: findings.iter().map(reason).collect(),
    }
}

/// Only the date of [`decide`], without words: for going through a whole archive. `None` is "no expiry known".
#[must_use]
pub fn retain_until(facts: &Facts<'_>, calendar: &Calendar, policies: &[Policy]) -> Option<NaiveDate> {
    let days = days(facts, calendar);
    let matching = policies.iter().filter(|policy| policy.covers(facts.class));
    matching.filter_map(|policy| find(policy, &days)).min_by(longest_first)?.until
}

/// Start and end that one policy gives, `None` when it does not apply.
pub(super) fn retain_until_by(
    facts: &Facts<'_>,
    calendar: &Calendar,
    policy: &Policy,
) -> Option<(Option<NaiveDate>, Option<NaiveDate>)> {
    let finding = policy.covers(facts.class).then(|| find(policy, &days(facts, calendar)))??;
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
fn find<'p>(policy: &'p Policy, days: &[Option<Day>; 3]) -> Option<Finding<'p>> {
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

fn find_for_day(policy: &Policy, day: Day) -> Option<Finding<'_>> {
    let by_loss = policy.condition == Condition::LossYear;
    if by_loss && day.year.is_some_and(|year| !year.loss) {
        return None;
    }
    let needs_year = by_loss || policy.trigger.needs_fiscal_year();
    let mut finding =
        Finding { policy, day, days_differ: false, year_unknown: false, start: None, until: None };
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

/// No expiry before any date, a later date before an earlier one.
fn longest_first(a: &Finding<'_>, b: &Finding<'_>) -> Ordering {
    let length = |finding: &Finding<'_>| (finding.until.is_none(), finding.until, finding.start);
    length(b).cmp(&length(a))
}

fn reason(finding: &Finding<'_>) -> Reason {
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
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "decide_properties.rs"]
mod properties;
