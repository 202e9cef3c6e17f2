//! Properties of the decision that must hold for every day, calendar and schedule.

use super::tests::{day, facts, many};
use super::*;
use crate::retention::{CalendarSettings, Classes, Former, Lang, Schedule, available, sentence, shipped};
use chrono::Days;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Days from 1900 to 8999.
fn any_day() -> impl Strategy<Value = NaiveDate> {
    (0u64..2_593_000).prop_map(|days| day("1900-01-01") + Days::new(days))
}

fn any_near(date: NaiveDate) -> impl Strategy<Value = Option<NaiveDate>> {
    proptest::option::of((0u64..800).prop_map(move |days| date + Days::new(days) - Days::new(400)))
}

prop_compose! {
    /// A rule, with or without a listed year around the day that may be short, a loss, or extended.
    fn any_calendar(date: NaiveDate)(
        month in 1u32..=12, end in 1u32..=28, ruled in any::<bool>(), listed in any::<bool>(),
        before in 0u64..500, after in 0u64..500, extension in 0u8..=12, loss in any::<bool>(),
    ) -> Calendar {
        let year = FiscalYear { start: date - Days::new(before), end: date + Days::new(after), filing_extension_months: extension, loss };
        Calendar::new(CalendarSettings {
            fiscal_year_ends: ruled.then(|| format!("{month:02}-{end:02}").parse().unwrap()),
            filing_extension_months: extension,
            fiscal_years: if listed { vec![year] } else { vec![] },
        }).unwrap()
    }
}

fn case() -> impl Strategy<Value = (NaiveDate, Option<NaiveDate>, Option<NaiveDate>, Calendar)> {
    any_day().prop_flat_map(|date| (Just(date), any_near(date), any_near(date), any_calendar(date)))
}

/// "No expiry" is later than every date.
fn order(until: Option<NaiveDate>) -> (bool, Option<NaiveDate>) {
    (until.is_none(), until)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_schedule_never_ends_before_any_of_its_policies(
        (date, signed_on, received_on, calendar) in case(),
        class in prop::sample::select(vec!["contract", "receipt", "nda"]),
        keep in prop::collection::vec(any::<bool>(), 9), today in any_day(),
    ) {
        let all = many();
        let policies: Vec<Policy> = all.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(policy, _)| policy.clone()).collect();
        let facts = Facts { signed_on, received_on, ..Facts::of(class, date) };
        let decision = decide(&facts, &calendar, &policies, today);

        // Totals: the short way gives the same date, the outcome follows from it, and both languages say something.
        prop_assert_eq!(retain_until(&facts, &calendar, &policies), decision.retain_until);
        prop_assert_eq!(decision.decision == Outcome::Eligible, decision.retain_until.is_some_and(|until| today > until));
        prop_assert!(decision.retain_until.is_none_or(|until| until > date));
        for lang in [Lang::Ja, Lang::En] {
            prop_assert!(sentence(&decision, lang).len() > 20);
            prop_assert!(decision.reasons.iter().all(|reason| reason.trigger_in(lang).len() > 10));
        }

        // Never earlier than any matching policy alone, and one of them gives the date.
        let alone: Vec<_> = policies.iter().filter_map(|policy| retain_until_by(&facts, &calendar, policy)).collect();
        prop_assert_eq!(alone.len(), decision.reasons.len());
        prop_assert_eq!(alone.iter().map(|(_, until)| order(*until)).max(), alone.first().map(|_| order(decision.retain_until)));

        // The order of policies is irrelevant.
        let mut reversed = policies.clone();
        reversed.reverse();
        prop_assert_eq!(&decide(&facts, &calendar, &reversed, today), &decision);

        // A policy more never shortens, once any policy matches.
        for policy in &all {
            if policies.contains(policy) || decision.reasons.is_empty() { continue; }
            let mut more = policies.clone();
            more.push(policy.clone());
            prop_assert!(order(retain_until(&facts, &calendar, &more)) >= order(decision.retain_until));
        }

        // Knowing one more day of the record never shortens either.
        let fewer = Facts { received_on: None, ..facts };
        prop_assert!(order(retain_until(&fewer, &calendar, &policies)) <= order(decision.retain_until) || decision.reasons.is_empty());
    }

    #[test]
    fn a_former_policy_or_class_never_shortens(
        (date, signed_on, received_on, calendar) in case(),
        split in 0usize..10, deposit in 0u64..4, until in 0u64..4, class in prop::sample::select(vec!["contract", "receipt", "nda"]),
    ) {
        let mut current = many();
        let former: Vec<Former> = current.split_off(split.min(current.len())).into_iter().map(|policy| Former { policy, until }).collect();
        let schedule = Schedule::new(current.clone(), former);
        let facts = Facts { signed_on, received_on, ..Facts::of(class, date) };
        let plain = retain_until(&facts, &calendar, &current);
        let covered = schedule.applying(Some(deposit)).any(|applying| facts.covered_by(applying.policy));
        let kept = retain_until(&facts, &calendar, schedule.applying(Some(deposit)));
        let alone = current.iter().any(|policy| facts.covered_by(policy));
        prop_assert!(order(kept) >= order(plain) || !alone, "{:?} {:?}", kept, plain);
        prop_assert!(covered || kept.is_none());

        let classes = ["contract".to_string()];
        let with_former = Facts { former_classes: &classes, ..facts };
        let before = Facts { class: "contract", ..facts };
        let kept = retain_until(&with_former, &calendar, &many());
        prop_assert!(order(kept) >= order(retain_until(&facts, &calendar, &many())));
        prop_assert!(order(kept) >= order(retain_until(&before, &calendar, &many())));
    }

    #[test]
    fn a_later_event_never_ends_earlier_and_an_unknown_one_never_ends(
        date in any_day(), event in any_day(), later in 0u64..2_000, calendar in any_day().prop_flat_map(any_calendar),
        policy in prop::sample::select(available().unwrap()),
    ) {
        let Some(name) = policy.trigger.event() else { return Ok(()) };
        let told = |day: NaiveDate| BTreeMap::from([(name.to_string(), day.to_string())]);
        let class = match &policy.classes { Classes::Listed(names) => names[0].clone(), Classes::All(_) => "contract".into() };
        let until = |custom: Option<&BTreeMap<String, String>>| {
            let facts = Facts { custom, ..Facts::of(&class, date) };
            decide(&facts, &calendar, [&policy], date)
        };
        let first = until(Some(&told(event)));
        prop_assert!(first.retain_until.is_some_and(|until| until > event));
        prop_assert!(order(until(Some(&told(event + Days::new(later)))).retain_until) >= order(first.retain_until));
        let unknown = until(None);
        prop_assert_eq!((unknown.retain_until, unknown.decision), (None, Outcome::Retain));
        prop_assert!(unknown.reasons[0].trigger.contains("登録されていない"));
    }

    #[test]
    fn a_promise_is_kept_to_the_day(date in any_day(), promise in any_day(), today in any_day()) {
        let calendar = Calendar::of_rule("03-31".parse().unwrap(), 0).unwrap();
        let asked = decide(&facts("contract", date, None), &calendar, &shipped().unwrap(), today);
        let kept = asked.clone().not_before(Some(promise), today);
        prop_assert_eq!(kept.retain_until, asked.retain_until.max(Some(promise)));
        prop_assert_eq!(kept.decision == Outcome::Eligible, kept.retain_until.is_some_and(|until| today > until));
        prop_assert_eq!(kept.promised.is_some(), asked.retain_until < Some(promise));
        prop_assert_eq!(asked.clone().not_before(None, today), asked);
    }

    #[test]
    fn marking_a_loss_never_shortens(date in any_day(), before in 0u64..400, after in 0u64..400) {
        let year = |loss| FiscalYear { start: date - Days::new(before), end: date + Days::new(after), filing_extension_months: 0, loss };
        let until = |loss| retain_until(&facts("contract", date, None), &Calendar::of_years(vec![year(loss)]).unwrap(), &shipped().unwrap());
        prop_assert!(order(until(true)) >= order(until(false)));
    }
}
