//! The two clocks beside retention: when a contract ends, and until when its renewal can be refused (更新拒絶期限).
//!
//! Pure. Periods are counted as 民法 (Civil Code) articles 140, 141 and 143 count them: the day of the notice itself does not
//! count (article 140), and the whole notice period lies between that day and the end of the term. A deadline that falls on
//! a holiday is not moved: only the contract could say so, and earlier is never wrong.

use chrono::{Days, Months, NaiveDate};

use super::period;
use crate::record::{Metadata, Span};

/// Terms looked through from the first: a contract renewed by the day ends beyond that many are not told.
const MAX_TERMS: u32 = 20_000;

/// One term of a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Its last day.
    pub ends_on: NaiveDate,
    /// Last day on which notice can be given against its renewal, where the contract says how long before.
    pub refuse_by: Option<NaiveDate>,
    /// It goes on by itself when nobody gives notice.
    pub renews: Option<Span>,
}

/// Last day on which a notice reaches `notice` before the end of a term whose last day is `ends_on`.
/// `None` beyond the beginning of the calendar.
#[must_use]
pub fn refuse_by(ends_on: NaiveDate, notice: Span) -> Option<NaiveDate> {
    let after = ends_on.succ_opt()?;
    match notice {
        Span::Days(days) => after.checked_sub_days(Days::new(u64::from(days) + 1)),
        Span::Months(months) => {
            let months = u32::from(months);
            // The first day of the notice period that still lets it pass before the term does. Where a month has no
            // corresponding day, several days may; the latest is the deadline's morrow.
            let near = after.checked_sub_months(Months::new(months))?.checked_add_days(Days::new(3))?;
            let first = near
                .iter_days()
                .rev()
                .take(8)
                .find(|first| period::day_after(*first, months).is_some_and(|passed| passed <= after))?;
            first.pred_opt()
        }
    }
}

/// The terms of a contract that are not over before `from`, the earliest first; at most the ones that begin up to `until`.
pub fn terms(metadata: &Metadata, from: NaiveDate, until: NaiveDate) -> Vec<Term> {
    let Some(first) = metadata.ends_on else { return Vec::new() };
    let mut found = Vec::new();
    for number in 0..MAX_TERMS {
        let Some(ends_on) = end_of_term(first, metadata.renews_every, number) else { break };
        if ends_on >= from {
            let refuse_by = metadata.notice_period.and_then(|notice| refuse_by(ends_on, notice));
            found.push(Term { ends_on, refuse_by, renews: metadata.renews_every });
        }
        if ends_on >= until || metadata.renews_every.is_none() {
            break;
        }
    }
    found
}

/// The term that runs on `today`, or the last one of a contract that is over.
#[must_use]
pub fn present_term(metadata: &Metadata, today: NaiveDate) -> Option<Term> {
    let running = terms(metadata, today, today).into_iter().next();
    running.or_else(|| terms(metadata, NaiveDate::MIN, NaiveDate::MIN).into_iter().next())
}

/// The last day of the term `number`, the first being 0. Counted from the first each time: the end of a month does not
/// wander off by way of February.
fn end_of_term(first: NaiveDate, every: Option<Span>, number: u32) -> Option<NaiveDate> {
    match every {
        _ if number == 0 => Some(first),
        None => None,
        Some(Span::Days(days)) => first.checked_add_days(Days::new(u64::from(days) * u64::from(number))),
        Some(Span::Months(months)) => {
            period::last_day(first.succ_opt()?, u32::from(months).checked_mul(number)?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Counterparty;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn contract(ends_on: &str, notice: Option<&str>, every: Option<&str>) -> Metadata {
        Metadata {
            entity: "本社".into(),
            transaction_date: day("2025-04-01"),
            signed_on: None,
            effective_from: None,
            ends_on: Some(day(ends_on)),
            notice_period: notice.map(|text| text.parse().unwrap()),
            renews_every: every.map(|text| text.parse().unwrap()),
            received_on: None,
            counterparty: Counterparty::named("x"),
            amount: None,
            class: "contract".into(),
            title: None,
            number: None,
            file_name: None,
            custom: Default::default(),
        }
    }

    #[test]
    fn notice_is_given_so_that_the_whole_period_lies_before_the_end() {
        for (ends_on, notice, last) in [
            // The usual case: to 31 March, three months before.
            ("2026-03-31", "3か月", "2025-12-31"),
            ("2026-03-31", "1か月", "2026-02-28"),
            ("2026-03-31", "2か月", "2026-01-31"),
            ("2026-12-31", "6か月", "2026-06-30"),
            ("2026-06-30", "3か月", "2026-03-31"),
            ("2026-05-31", "3か月", "2026-02-28"),
            ("2026-05-30", "3か月", "2026-02-27"),
            ("2024-05-31", "3か月", "2024-02-29"),
            ("2024-05-30", "3か月", "2024-02-28"),
            ("2026-02-28", "1か月", "2026-01-31"),
            ("2024-02-29", "1か月", "2024-01-31"),
            ("2024-02-28", "1か月", "2024-01-28"),
            ("2026-09-15", "1か月", "2026-08-15"),
            ("2026-03-30", "1か月", "2026-02-27"),
            ("2026-03-31", "1年", "2025-03-31"),
            // Days: 30 whole days lie between the day of the notice and the end of 31 March.
            ("2026-03-31", "30日", "2026-03-01"),
            ("2026-03-31", "90日", "2025-12-31"),
            ("2024-03-31", "30日", "2024-03-01"),
            ("2026-01-10", "14日", "2025-12-27"),
        ] {
            assert_eq!(
                refuse_by(day(ends_on), notice.parse().unwrap()),
                Some(day(last)),
                "{ends_on} {notice}"
            );
        }
    }

    #[test]
    fn a_contract_that_renews_itself_has_one_deadline_a_term() {
        let yearly = contract("2026-03-31", Some("3か月"), Some("1年"));
        let present = present_term(&yearly, day("2026-11-22")).unwrap();
        assert_eq!((present.ends_on, present.refuse_by), (day("2027-03-31"), Some(day("2026-12-31"))));
        let ends: Vec<_> =
            terms(&yearly, day("2026-03-31"), day("2028-12-31")).iter().map(|term| term.ends_on).collect();
        assert_eq!(ends, [day("2026-03-31"), day("2027-03-31"), day("2028-03-31"), day("2029-03-31")]);
        let once = contract("2026-03-31", Some("3か月"), None);
        assert_eq!(present_term(&once, day("2026-11-22")).unwrap().ends_on, day("2026-03-31"));
        assert!(terms(&once, day("2026-11-22"), day("2030-01-01")).is_empty());
    }

    #[test]
    fn ends_of_months_do_not_wander() {
        let monthly = contract("2026-01-31", None, Some("1か月"));
        let ends: Vec<_> = terms(&monthly, day("2026-01-01"), day("2026-05-01"))
            .iter()
            .map(|term| term.ends_on.to_string())
            .collect();
        assert_eq!(ends, ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]);
    }

    #[test]
    fn the_edges_of_the_calendar_are_no_panic() {
        assert_eq!(refuse_by(NaiveDate::MAX, Span::Months(1)), None);
        assert_eq!(refuse_by(NaiveDate::MIN, Span::Months(1)), None);
        let daily = contract("0001-01-01", Some("1日"), Some("1日"));
        assert!(terms(&daily, NaiveDate::MAX, NaiveDate::MAX).is_empty());
        assert_eq!(present_term(&daily, NaiveDate::MAX).unwrap().ends_on, day("0001-01-01"));
    }

    proptest! {
        #[test]
        fn the_deadline_is_the_last_day_that_leaves_the_whole_period(offset in 0u64..40_000, months in 1u16..40) {
            let ends_on = day("1990-01-01") + Days::new(offset);
            let last = refuse_by(ends_on, Span::Months(months)).unwrap();
            let passed = |notice: NaiveDate| period::day_after(notice.succ_opt().unwrap(), months.into()).unwrap();
            prop_assert!(passed(last) <= ends_on.succ_opt().unwrap());
            prop_assert!(passed(last.succ_opt().unwrap()) > ends_on.succ_opt().unwrap());
        }
    }
}
