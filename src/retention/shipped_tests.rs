//! Tests of the shipped policies, with the dates worked by hand from the law.

use super::*;
use crate::retention::{Calendar, Decision, Facts, FiscalYear, Lang, Outcome, Trigger, decide, sentence};
use chrono::NaiveDate;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The decision about a document made on the last day of one registered fiscal year.
fn decision(class: &str, end: &str, extension: u8, loss: bool) -> Decision {
    let end = day(end);
    let start = end - chrono::Days::new(300);
    let year = FiscalYear { start, end, filing_extension_months: extension, loss };
    let calendar = Calendar::of_years(vec![year]).unwrap();
    let facts = Facts::of(class, end);
    decide(&facts, &calendar, &shipped().unwrap(), day("2026-11-01"))
}

fn of_policy(decision: &Decision, policy: &str) -> (String, String) {
    let reason = decision.reasons.iter().find(|reason| reason.policy == policy).unwrap();
    (reason.start.unwrap().to_string(), reason.until.unwrap().to_string())
}

#[test]
fn every_shipped_policy_is_valid_and_its_examples_come_out() {
    let policies = shipped().unwrap();
    let ids: Vec<&str> = policies.iter().map(|policy| policy.id.as_str()).collect();
    assert_eq!(
        ids,
        ["jp-corporation-tax", "jp-corporation-tax-loss", "jp-companies-act", "jp-consumption-tax"]
    );
    let available = available().unwrap();
    let files = SHIPPED.iter().chain(&AVAILABLE);
    for ((file, _), policy) in files.zip(policies.iter().chain(&available)) {
        assert_eq!(*file, format!("{}.toml", policy.id));
    }
}

#[test]
fn all_policies_together_are_one_schedule_with_examples_enough_to_show_a_slip() {
    let all = parse_all(SHIPPED.into_iter().chain(AVAILABLE)).unwrap();
    let dated: usize =
        all.iter().flat_map(|policy| &policy.examples).filter(|case| case.retain_until.is_some()).count();
    assert!(dated >= 120, "{dated} dated examples");
    for policy in &all {
        let shown = policy.examples.iter().filter(|case| case.shows.is_some()).count();
        assert!(shown >= 2, "{} has {shown} examples", policy.id);
    }
}

#[test]
fn every_kind_of_clock_is_used_by_some_policy() {
    let all = parse_all(SHIPPED.into_iter().chain(AVAILABLE)).unwrap();
    let uses = |clock: fn(&Trigger) -> bool| all.iter().any(|policy| clock(&policy.trigger));
    assert!(uses(|trigger| matches!(trigger, Trigger::FiscalYearEndPlusMonths { .. })));
    assert!(uses(|trigger| matches!(trigger, Trigger::FilingDeadline { .. })));
    assert!(uses(|trigger| matches!(trigger, Trigger::Event(_))));
    assert!(uses(|trigger| matches!(trigger, Trigger::CalendarYearEndOf(_))));
    assert!(uses(|trigger| matches!(trigger, Trigger::NextApril1After(_))));
    let plain = [
        Trigger::FiscalYearEnd,
        Trigger::CalendarYearEnd,
        Trigger::NextApril1,
        Trigger::NextMarch16,
        Trigger::DocumentDate,
        Trigger::Unbounded,
    ];
    for clock in plain {
        assert!(all.iter().any(|policy| policy.trigger == clock), "{clock:?}");
    }
}

#[test]
fn every_file_of_the_folders_is_shipped() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/retention-policies");
    for (folder, files) in
        [(root.to_string(), SHIPPED.as_slice()), (format!("{root}/available"), AVAILABLE.as_slice())]
    {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for entry in entries {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let shipped = files.iter().any(|(file, _)| *file == name);
            assert!(shipped || !name.ends_with(".toml"), "{name} is not shipped");
        }
    }
}

#[test]
fn the_page_names_every_policy() {
    let page = include_str!("../../retention-policies/README.md");
    for (file, _) in SHIPPED.iter().chain(&AVAILABLE) {
        assert!(page.contains(&format!("`{file}`")), "{file} is not in retention-policies/README.md");
    }
}

#[test]
fn the_policy_in_the_readme_is_valid() {
    let readme = include_str!("../../retention-policies/README.md");
    let sample = readme.split("```toml").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(Policy::parse("README.md", sample).unwrap().id, "our-rule");
}

#[test]
fn seven_and_ten_years_run_from_two_months_after_the_fiscal_year() {
    for (end, extension, start, seven, ten) in [
        ("2025-02-28", 0, "2025-05-01", "2032-04-30", "2035-04-30"),
        ("2026-03-31", 0, "2026-06-01", "2033-05-31", "2036-05-31"),
        ("2026-03-31", 1, "2026-07-01", "2033-06-30", "2036-06-30"),
        ("2025-12-30", 0, "2026-03-01", "2033-02-28", "2036-02-29"),
        ("2025-12-20", 0, "2026-02-21", "2033-02-20", "2036-02-20"),
        ("2023-12-31", 0, "2024-03-01", "2031-02-28", "2034-02-28"),
    ] {
        let decision = decision("receipt", end, extension, true);
        assert_eq!(of_policy(&decision, "jp-corporation-tax"), (start.into(), seven.into()), "{end}");
        assert_eq!(of_policy(&decision, "jp-corporation-tax-loss"), (start.into(), ten.into()), "{end}");
        assert_eq!(decision.retain_until, Some(day(ten)));
    }
}

#[test]
fn a_contract_is_kept_ten_years_from_the_fiscal_year_by_the_companies_act() {
    let decision = decision("contract", "2026-03-31", 0, false);
    assert_eq!(of_policy(&decision, "jp-companies-act"), ("2026-04-01".into(), "2036-03-31".into()));
    let policies: Vec<&str> = decision.reasons.iter().map(|reason| reason.policy.as_str()).collect();
    assert_eq!(policies, ["jp-companies-act", "jp-corporation-tax"]);
    assert_eq!(decision.retain_until, Some(day("2036-03-31")));
}

#[test]
fn a_loss_year_keeps_a_contract_longer_than_the_companies_act() {
    let decision = decision("contract", "2026-03-31", 0, true);
    assert_eq!(decision.retain_until, Some(day("2036-05-31")));
    assert_eq!(decision.reasons.first().unwrap().policy, "jp-corporation-tax-loss");
}

#[test]
fn a_loss_year_that_began_before_april_2018_asks_for_nine_years() {
    let decision = decision("receipt", "2018-03-31", 0, true);
    assert_eq!(of_policy(&decision, "jp-corporation-tax-loss"), ("2018-06-01".into(), "2027-05-31".into()));
}

#[test]
fn routine_vouchers_are_kept_seven_years_and_every_other_class_ten() {
    for class in ["invoice", "receipt", "quotation", "delivery_note"] {
        assert_eq!(decision(class, "2026-03-31", 0, false).retain_until, Some(day("2033-05-31")), "{class}");
    }
    for class in ["contract", "order", "other", "a class nobody has heard of"] {
        assert_eq!(decision(class, "2026-03-31", 0, false).retain_until, Some(day("2036-03-31")), "{class}");
    }
}

#[test]
fn the_sentence_says_until_when_and_by_which_law() {
    let decision = decision("contract", "2026-03-31", 1, true);
    assert_eq!(
        sentence(&decision, Lang::Ja),
        "2036年6月30日まで保存が必要です（法人税法施行規則第26条の3第1項：取引日2026年3月31日の属する事業年度\
         （2025年6月4日から2026年3月31日まで、欠損金あり）終了の日の翌日から3か月（申告期限の延長1か月を含む）を\
         経過した日から10年間）。"
    );
    assert_eq!(
        sentence(&decision, Lang::En),
        "Must be kept until 2036-06-30 (Regulation for Enforcement of the Corporation Tax Act (Japan), \
         Article 26-3(1): 10 years from the day on which 3 months (filing extension of 1 included) have passed \
         after the end of the fiscal year of the transaction date 2026-03-31 (2025-06-04 to 2026-03-31, a loss year))."
    );
    assert_eq!(decision.decision, Outcome::Retain);
}
