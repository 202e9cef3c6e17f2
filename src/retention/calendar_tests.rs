//! Tests of fiscal calendars.

use super::*;
use proptest::prelude::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn year(start: &str, end: &str) -> FiscalYear {
    FiscalYear { start: day(start), end: day(end), filing_extension_months: 0, loss: false }
}

fn span(calendar: &Calendar, date: &str) -> Option<(String, String)> {
    calendar.year_of(day(date)).map(|year| (year.start.to_string(), year.end.to_string()))
}

fn both(start: &str, end: &str) -> Option<(String, String)> {
    Some((start.to_string(), end.to_string()))
}

fn with_rule(rule: &str, fiscal_years: Vec<FiscalYear>) -> Calendar {
    let fiscal_year_ends = Some(rule.parse().unwrap());
    Calendar::new(CalendarSettings { fiscal_year_ends, filing_extension_months: 1, fiscal_years }).unwrap()
}

#[test]
fn an_empty_calendar_knows_no_year() {
    assert_eq!(Calendar::default().year_of(day("2026-02-01")), None);
}

#[test]
fn listed_years_hold_their_first_and_last_day_and_nothing_else() {
    let calendar =
        Calendar::of_years(vec![year("2025-04-01", "2026-03-31"), year("2024-04-01", "2025-03-31")]);
    let calendar = calendar.unwrap();
    assert_eq!(span(&calendar, "2024-03-31"), None);
    assert_eq!(span(&calendar, "2024-04-01"), both("2024-04-01", "2025-03-31"));
    assert_eq!(span(&calendar, "2025-03-31"), both("2024-04-01", "2025-03-31"));
    assert_eq!(span(&calendar, "2026-03-31"), both("2025-04-01", "2026-03-31"));
    assert_eq!(span(&calendar, "2026-04-01"), None);
    assert!(calendar.gaps().is_empty());
}

#[test]
fn gaps_are_reported_and_overlaps_refused() {
    let calendar =
        Calendar::of_years(vec![year("2022-04-01", "2023-03-31"), year("2024-04-01", "2025-03-31")]);
    let gap = Gap { start: day("2023-04-01"), end: day("2024-03-31") };
    assert_eq!(calendar.unwrap().gaps(), [gap]);
    let overlapping = vec![year("2024-04-01", "2025-03-31"), year("2025-03-31", "2026-03-30")];
    assert!(matches!(Calendar::of_years(overlapping), Err(CalendarError::Overlap { .. })));
    let nested = vec![year("2024-01-01", "2024-12-31"), year("2024-05-01", "2024-06-30")];
    assert!(matches!(Calendar::of_years(nested), Err(CalendarError::Overlap { .. })));
    let backwards = vec![year("2024-04-01", "2024-03-31")];
    assert!(matches!(Calendar::of_years(backwards), Err(CalendarError::Backwards { .. })));
}

#[test]
fn limits_are_enforced() {
    let mut long = year("2024-04-01", "2025-03-31");
    long.filing_extension_months = 13;
    assert!(matches!(Calendar::of_years(vec![long]), Err(CalendarError::ExtensionTooLong { .. })));
    assert!(Calendar::of_rule("03-31".parse().unwrap(), 13).is_err());
    let many = vec![year("2024-04-01", "2025-03-31"); MAX_FISCAL_YEARS + 1];
    assert!(matches!(Calendar::of_years(many), Err(CalendarError::TooManyYears { .. })));
}

#[test]
fn the_rule_fills_what_is_not_listed_with_its_extension() {
    let mut loss = year("2024-04-01", "2025-03-31");
    loss.loss = true;
    let calendar = with_rule("03-31", vec![loss]);
    assert_eq!(calendar.year_of(day("2024-06-01")), Some(loss));
    let ruled = calendar.year_of(day("2023-06-01")).unwrap();
    assert_eq!((ruled.start, ruled.end), (day("2023-04-01"), day("2024-03-31")));
    assert_eq!((ruled.filing_extension_months, ruled.loss), (1, false));
    assert_eq!(span(&calendar, "2025-04-01"), both("2025-04-01", "2026-03-31"));
}

#[test]
fn before_a_change_of_year_the_new_rule_is_not_believed() {
    // The company changed from March to December with the short year of 2024; only that and the new rule are known.
    let calendar = with_rule("12-31", vec![year("2024-04-01", "2024-12-31")]);
    assert_eq!(span(&calendar, "2024-03-31"), None);
    assert_eq!(span(&calendar, "2020-05-01"), None);
    assert_eq!(span(&calendar, "2025-01-01"), both("2025-01-01", "2025-12-31"));
}

#[test]
fn after_a_listed_year_the_first_year_of_the_rule_is_short() {
    let calendar = with_rule("12-31", vec![year("2023-04-01", "2024-03-31")]);
    assert_eq!(span(&calendar, "2024-04-01"), both("2024-04-01", "2024-12-31"));
    assert_eq!(span(&calendar, "2025-01-01"), both("2025-01-01", "2025-12-31"));
}

#[test]
fn years_between_lists_what_is_known_and_skips_what_is_not() {
    let calendar =
        Calendar::of_years(vec![year("2022-04-01", "2023-03-31"), year("2024-04-01", "2025-03-31")]);
    let calendar = calendar.unwrap();
    assert_eq!(calendar.years_between(day("2020-01-01"), day("2030-01-01"), 10).len(), 2);
    assert_eq!(calendar.years_between(day("2023-04-01"), day("2024-03-31"), 10).len(), 0);
    let ruled = with_rule("03-31", vec![]);
    assert_eq!(ruled.years_between(day("2020-04-01"), day("2026-04-01"), 100).len(), 7);
    assert_eq!(ruled.years_between(NaiveDate::MIN, NaiveDate::MAX, 5).len(), 0);
}

#[test]
fn settings_are_read_from_toml_and_written_back() {
    let text =
        "fiscal_year_ends = '03-31'\n[[fiscal_year]]\nstart = 2025-04-01\nend = 2026-03-31\nloss = true\n";
    let calendar: Calendar = toml::from_str(text).unwrap();
    assert!(calendar.year_of(day("2026-02-01")).unwrap().loss);
    let json = serde_json::to_string(&calendar).unwrap();
    assert_eq!(serde_json::from_str::<Calendar>(&json).unwrap(), calendar);
    assert!(toml::from_str::<Calendar>("fiscal_year_end = '03-31'").is_err());
    assert!(toml::from_str::<Calendar>("fiscal_year_ends = '3月'").is_err());
}

proptest! {
    #[test]
    fn the_rule_gives_every_day_one_year_of_365_or_366_days(days in 0u64..2_590_000, month in 1u32..=12, end in 1u32..=29) {
        let rule = if end == 29 { format!("{month:02}-end") } else { format!("{month:02}-{end:02}") };
        let calendar = Calendar::of_rule(rule.parse().unwrap(), 0).unwrap();
        let date = day("1900-01-01") + chrono::Days::new(days);
        let year = calendar.year_of(date).unwrap();
        prop_assert!(year.start <= date && date <= year.end);
        prop_assert!((364..=365).contains(&(year.end - year.start).num_days()));
        prop_assert_eq!(calendar.year_of(year.start), Some(year));
        prop_assert_eq!(calendar.year_of(year.end), Some(year));
        prop_assert_eq!(calendar.year_of(year.end.succ_opt().unwrap()).unwrap().start, year.end.succ_opt().unwrap());
    }
}
