//! Tests of the decision: unknowns, several days, today, and the properties that must hold for every day.

use super::*;
use crate::record::Metadata;
use crate::retention::{CalendarSettings, Lang, parse_all, sentence, shipped};

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn march() -> Calendar {
    Calendar::of_rule("03-31".parse().unwrap(), 0).unwrap()
}

pub(super) fn facts(class: &str, transaction: NaiveDate, received: Option<NaiveDate>) -> Facts<'_> {
    Facts { received_on: received, ..Facts::of(class, transaction) }
}

/// A policy over `classes` with an example-free body, for rules that do not ship.
fn policy(id: &str, classes: &str, condition: &str, trigger: &str, period: &str) -> Policy {
    let text = format!(
        "id = '{id}'\nas_of = 2026-01-01\nclasses = {classes}\ncondition = '{condition}'\ntrigger = {trigger}\n{period}\n\
         sources = ['x']\ntitle = {{ ja = 'x', en = 'x' }}\nlaw = {{ ja = '法', en = 'Act' }}\n\
         article = {{ ja = '条', en = 'art.' }}\n[[example]]\nclass = 'not covered'\ntransaction_date = 2026-01-01\napplies = false\n"
    );
    Policy::parse(id, &text).unwrap()
}

/// One policy per trigger, and per condition.
pub(super) fn many() -> Vec<Policy> {
    let mut policies = shipped().unwrap();
    for (id, trigger) in [
        ("calendar", "'calendar_year_end'"),
        ("april", "'next_april_1'"),
        ("march", "'next_march_16'"),
        ("document", "'document_date'"),
        ("long", "{ fiscal_year_end_plus_months = { months = 120 } }"),
    ] {
        policies.push(policy(id, "['contract']", "always", trigger, "period = { years = 3, months = 7 }"));
    }
    policies.push(policy(
        "calendar-loss",
        "['contract']",
        "loss_year",
        "'calendar_year_end'",
        "period = { years = 90 }",
    ));
    policies
}

#[test]
fn a_day_without_a_fiscal_year_has_no_expiry() {
    let facts = facts("contract", day("2026-02-01"), None);
    let decision = decide(&facts, &Calendar::default(), &shipped().unwrap(), day("9000-01-01"));
    assert_eq!((decision.decision, decision.retain_until), (Outcome::Retain, None));
    assert_eq!(decision.reasons.len(), 3);
    assert!(sentence(&decision, Lang::Ja).contains("取引日2026年2月1日を含む事業年度が登録されていない"));
    assert!(
        sentence(&decision, Lang::En).contains("no fiscal year containing the transaction date 2026-02-01")
    );
}

#[test]
fn a_class_that_no_policy_covers_has_no_expiry() {
    let decision = decide(&facts("contract", day("2026-02-01"), None), &march(), &[], day("9000-01-01"));
    assert_eq!((decision.decision, decision.retain_until), (Outcome::Retain, None));
    assert!(decision.reasons.is_empty());
    assert!(sentence(&decision, Lang::Ja).contains("保存規則がありません"));
    assert!(sentence(&decision, Lang::En).contains("no retention policy"));
}

#[test]
fn the_last_day_is_still_retained_and_the_next_is_eligible() {
    let facts = facts("receipt", day("2026-02-01"), None);
    let policies = shipped().unwrap();
    let on = |today| decide(&facts, &march(), &policies, day(today));
    assert_eq!(on("2033-05-31").decision, Outcome::Retain);
    assert_eq!(on("2033-06-01").decision, Outcome::Eligible);
    assert_eq!(on("2033-06-01").retain_until, on("2033-05-31").retain_until);
    assert!(sentence(&on("2033-06-01"), Lang::Ja).starts_with("保存期間は2033年5月31日に満了しており"));
    assert!(sentence(&on("2033-06-01"), Lang::En).starts_with("The retention period ended on 2033-05-31"));
}

#[test]
fn of_days_in_different_fiscal_years_the_later_end_counts_and_is_said() {
    let policies = shipped().unwrap();
    let made_before = facts("receipt", day("2026-03-30"), Some(day("2026-04-02")));
    let decision = decide(&made_before, &march(), &policies, day("2026-11-01"));
    assert_eq!(decision.retain_until, Some(day("2034-05-31")));
    let reason = decision.reasons.first().unwrap();
    assert!(
        reason.trigger.contains("受領日2026年4月2日") && reason.trigger.contains("最も長いもの"),
        "{}",
        reason.trigger
    );
    assert!(
        reason.trigger_en.contains("date of receipt 2026-04-02") && reason.trigger_en.contains("longest")
    );

    let received_before = facts("receipt", day("2026-04-02"), Some(day("2026-03-30")));
    let decision = decide(&received_before, &march(), &policies, day("2026-11-01"));
    assert_eq!(decision.retain_until, Some(day("2034-05-31")));
    assert!(decision.reasons.first().unwrap().trigger.contains("取引日2026年4月2日"));
}

#[test]
fn a_late_last_signature_counts_too() {
    let mut facts = facts("receipt", day("2026-03-01"), None);
    facts.signed_on = Some(day("2026-04-10"));
    let decision = decide(&facts, &march(), &shipped().unwrap(), day("2026-11-01"));
    assert_eq!(decision.retain_until, Some(day("2034-05-31")));
    assert!(decision.reasons.first().unwrap().trigger.contains("締結日2026年4月10日"));
}

#[test]
fn days_in_the_same_fiscal_year_are_not_remarked_upon() {
    let facts = facts("receipt", day("2026-02-01"), Some(day("2026-02-03")));
    let decision = decide(&facts, &march(), &shipped().unwrap(), day("2026-11-01"));
    let reason = decision.reasons.first().unwrap();
    assert!(!reason.trigger.contains("最も長いもの") && !reason.trigger_en.contains("longest"), "{reason:?}");
    assert!(reason.trigger.contains("受領日2026年2月3日"), "{reason:?}");
}

#[test]
fn an_earlier_loss_year_counts_where_it_keeps_longer() {
    let loss = FiscalYear {
        start: day("2025-04-01"),
        end: day("2026-03-31"),
        filing_extension_months: 0,
        loss: true,
    };
    let fiscal_year_ends = Some("03-31".parse().unwrap());
    let settings =
        CalendarSettings { fiscal_year_ends, filing_extension_months: 0, fiscal_years: vec![loss] };
    let calendar = Calendar::new(settings).unwrap();
    let facts = facts("receipt", day("2026-03-30"), Some(day("2026-04-02")));
    let decision = decide(&facts, &calendar, &shipped().unwrap(), day("2026-11-01"));
    assert_eq!(decision.retain_until, Some(day("2036-05-31")));
    assert!(decision.reasons.first().unwrap().trigger.contains("取引日2026年3月30日"));
    assert!(decision.reasons.first().unwrap().trigger.contains("最も長いもの"));
}

#[test]
fn an_unbounded_policy_wins_over_every_date() {
    let mut policies = shipped().unwrap();
    policies.push(policy("forever", "['contract']", "always", "'unbounded'", ""));
    let decision =
        decide(&facts("contract", day("1950-01-01"), None), &march(), &policies, day("2026-11-01"));
    assert_eq!((decision.decision, decision.retain_until), (Outcome::Retain, None));
    assert_eq!(decision.reasons.first().unwrap().policy, "forever");
    assert_eq!(decision.reasons.first().unwrap().trigger, "期限のない保存");
}

#[test]
fn every_trigger_is_said_in_both_languages() {
    let policies = many();
    let decision =
        decide(&facts("contract", day("2026-02-01"), None), &march(), &policies, day("2026-11-01"));
    let said = |id: &str| {
        let reason = decision.reasons.iter().find(|reason| reason.policy == id).unwrap();
        (reason.trigger.as_str(), reason.trigger_en.as_str())
    };
    let (ja, en) = said("jp-companies-act");
    assert_eq!(
        ja,
        "取引日2026年2月1日の属する事業年度（2025年4月1日から2026年3月31日まで）の終了（帳簿の閉鎖）から10年間"
    );
    assert_eq!(
        en,
        "10 years from the end (closing of the books) of the fiscal year of the transaction date 2026-02-01 (2025-04-01 to 2026-03-31)"
    );
    assert_eq!(
        said("calendar"),
        (
            "取引日2026年2月1日の属する年の末日から3年7か月間",
            "3 years and 7 months from the end of the calendar year of the transaction date 2026-02-01"
        )
    );
    assert_eq!(
        said("april"),
        (
            "取引日2026年2月1日の後の最初の4月1日から3年7か月間",
            "3 years and 7 months from the first 1 April after the transaction date 2026-02-01"
        )
    );
    assert_eq!(
        said("march"),
        (
            "取引日2026年2月1日の属する年の翌年3月16日から3年7か月間",
            "3 years and 7 months from 16 March of the year after the transaction date 2026-02-01"
        )
    );
    assert_eq!(
        said("document"),
        ("取引日2026年2月1日から3年7か月間", "3 years and 7 months from the transaction date 2026-02-01")
    );
}

#[test]
fn a_held_record_is_said_to_be_held_in_both_languages() {
    let mut decision =
        decide(&facts("receipt", day("2026-02-01"), None), &march(), &shipped().unwrap(), day("2040-01-01"));
    decision.decision = Outcome::Held;
    assert!(sentence(&decision, Lang::Ja).starts_with("保全（リーガルホールド）中のため"));
    assert!(sentence(&decision, Lang::En).starts_with("Under legal hold"));
    decision.retain_until = None;
    assert!(sentence(&decision, Lang::Ja).contains("廃棄できません"));
    assert!(sentence(&decision, Lang::En).contains("not to be destroyed"));
}

#[test]
fn the_json_has_the_documented_shape() {
    let decision =
        decide(&facts("receipt", day("2026-02-01"), None), &march(), &shipped().unwrap(), day("2026-11-01"));
    let json = serde_json::to_value(&decision).unwrap();
    assert_eq!(json["decision"], "retain");
    assert_eq!(json["retain_until"], "2033-05-31");
    let reason = &json["reasons"][0];
    assert_eq!(reason["policy"], "jp-consumption-tax");
    assert_eq!(reason["law"], "消費税法施行令");
    assert_eq!((&reason["start"], &reason["until"]), (&"2026-06-01".into(), &"2033-05-31".into()));
    assert!(reason["trigger"].as_str().unwrap().ends_with("7年間"));
    let unknown = decide(
        &facts("receipt", day("2026-02-01"), None),
        &Calendar::default(),
        &shipped().unwrap(),
        day("2026-11-01"),
    );
    assert!(serde_json::to_value(&unknown).unwrap()["retain_until"].is_null());
}

#[test]
fn the_ends_of_the_calendar_are_decided_without_a_panic() {
    let policies = many();
    for date in [NaiveDate::MIN, NaiveDate::MAX, day("0000-01-01"), day("9999-12-31")] {
        let whole = FiscalYear { start: date, end: date, filing_extension_months: 12, loss: true };
        for calendar in [march(), Calendar::default(), Calendar::of_years(vec![whole]).unwrap()] {
            for today in [NaiveDate::MIN, NaiveDate::MAX] {
                let decision =
                    decide(&facts("contract", date, Some(NaiveDate::MIN)), &calendar, &policies, today);
                let _ = (sentence(&decision, Lang::Ja), sentence(&decision, Lang::En));
            }
        }
    }
    let last = decide(&facts("contract", NaiveDate::MAX, None), &march(), &policies, NaiveDate::MAX);
    assert_eq!((last.decision, last.retain_until), (Outcome::Retain, None));
}

#[test]
fn the_order_of_the_files_is_irrelevant() {
    let forward = parse_all(crate::retention::SHIPPED).unwrap();
    let backward = parse_all(crate::retention::SHIPPED.into_iter().rev()).unwrap();
    let facts = facts("contract", day("2026-02-01"), None);
    let today = day("2026-11-01");
    assert_eq!(decide(&facts, &march(), &forward, today), decide(&facts, &march(), &backward, today));
}

#[test]
fn the_metadata_of_a_record_gives_the_facts() {
    let metadata: Metadata = serde_json::from_value(serde_json::json!({
        "entity": "ours", "class": "contract", "counterparty": { "name": "theirs" },
        "transaction_date": "2026-02-01", "signed_on": "2026-02-02", "received_on": "2026-02-03",
    }))
    .unwrap();
    let expected = Facts {
        entity: "ours",
        signed_on: Some(day("2026-02-02")),
        received_on: Some(day("2026-02-03")),
        custom: Some(&metadata.custom),
        ..Facts::of("contract", day("2026-02-01"))
    };
    assert_eq!(Facts::from(&metadata), expected);
}
