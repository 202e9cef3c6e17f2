//! Tests of reading and refusing policy files.

use super::*;

/// A small valid policy, to be spoilt one line at a time.
const GOOD: &str = r#"id = "test"
as_of = 2026-01-01
classes = ["contract"]
trigger = "document_date"
sources = ["somewhere"]
title = { ja = "題", en = "title" }
law = { ja = "法", en = "law" }
article = { ja = "第1条", en = "Article 1" }

[period]
years = 5

[[example]]
transaction_date = 2026-02-01
start = 2026-02-02
retain_until = 2031-02-01
"#;

fn refused(from: &str, to: &str) -> PolicyError {
    assert!(GOOD.contains(from), "{from}");
    Policy::parse("test.toml", &GOOD.replacen(from, to, 1)).unwrap_err()
}

#[test]
fn a_small_policy_is_read() {
    let policy = Policy::parse("test.toml", GOOD).unwrap();
    assert_eq!((&policy.trigger, policy.condition), (&Trigger::DocumentDate, Condition::Always));
    assert!(policy.covers("contract") && !policy.covers("invoice"));
}

#[test]
fn a_policy_survives_being_written_as_json() {
    let policy = Policy::parse("test.toml", GOOD).unwrap();
    let json = serde_json::to_string(&policy).unwrap();
    assert_eq!(serde_json::from_str::<Policy>(&json).unwrap(), policy);
}

#[test]
fn an_unknown_key_is_refused_at_its_line() {
    for (from, to, line, key) in [
        ("as_of", "until = 3\nas_of", 2, "until"),
        ("years = 5", "years = 5\nyear = 5", 12, "period.year"),
        ("start = 2026", "begin = 2026", 15, "example.begin"),
        ("en = \"law\"", "en = \"law\", fr = \"loi\"", 7, "law"),
        ("\"document_date\"", "\"document_day\"", 4, "trigger"),
        ("\"document_date\"", "{ fiscal_year_end_plus_months = { month = 2 } }", 4, "trigger"),
        ("classes = [\"contract\"]", "classes = \"contract\"", 3, "classes"),
        ("years = 5", "years = -5", 11, "period.years"),
        ("as_of = 2026-01-01", "as_of = 2026", 2, "as_of"),
        ("id = ", "id == ", 1, "id"),
    ] {
        let error = refused(from, to);
        assert_eq!((error.line, error.key.as_str()), (line, key), "{error}");
        assert!(matches!(error.problem, Problem::Shape(_)), "{error}");
        assert!(error.to_string().starts_with(&format!("test.toml, line {line}, {key}: ")), "{error}");
    }
}

#[test]
fn a_missing_key_is_named() {
    for key in ["id", "as_of", "classes", "trigger", "sources", "title", "law", "article"] {
        let without: Vec<&str> = GOOD.lines().filter(|line| !line.starts_with(&format!("{key} ="))).collect();
        let error = Policy::parse("test.toml", &without.join("\n")).unwrap_err();
        assert_eq!(error.key, key, "{error}");
    }
}

#[test]
fn what_the_types_allow_and_sense_does_not_is_refused_at_its_line() {
    for (from, to, line, key, part) in [
        ("\"test\"", "\"Test Policy\"", 1, "id", "a-z"),
        ("\"test\"", "\"\"", 1, "id", "a-z"),
        ("\"題\"", "\" \"", 6, "title.ja", "write it"),
        ("[\"contract\"]", "[]", 3, "classes", "at least one"),
        ("[\"contract\"]", "[\" \"]", 3, "classes", "at least one"),
        ("as_of", "except_classes = [\"x\"]\nas_of", 2, "except_classes", "classes = \"*\""),
        ("years = 5", "years = 0", 10, "period", "zero"),
        ("years = 5", "years = 1001", 11, "period.years", "slip"),
        ("years = 5", "months = 121", 11, "period.months", "slip"),
        ("\"document_date\"", "\"unbounded\"", 10, "period", "remove one"),
        ("[period]\nyears = 5", "", 1, "period", "missing"),
        ("[\"somewhere\"]", "[]", 5, "sources", "law"),
        ("\"document_date\"", "{ fiscal_year_end_plus_months = { months = 121 } }", 4, "trigger", "slip"),
        (
            "retain_until = 2031-02-01",
            "retain_until = 2031-02-02",
            13,
            "example.0",
            "2026-02-02 to 2031-02-01",
        ),
        ("start = 2026-02-02", "applies = false", 13, "example.0", "does not apply"),
        (
            "start = 2026",
            "fiscal_year_end = 2025-01-01\nfiscal_year_start = 2025-01-02\nstart = 2026",
            13,
            "example.0",
            "backwards",
        ),
    ] {
        let error = refused(from, to);
        if part == "backwards" {
            assert!(matches!(error.problem, Problem::ExampleCalendar(_)), "{error}");
        } else {
            assert!(error.to_string().contains(part), "{error}");
        }
        assert_eq!((error.line, error.key.as_str()), (line, key), "{error}");
    }
    let (without_example, _) = GOOD.split_once("[[example]]").unwrap();
    assert_eq!(Policy::parse("f", without_example).unwrap_err().problem, Problem::NoExamples);
}

#[test]
fn an_exception_is_checked_like_the_period() {
    let error = refused(
        "years = 5",
        "years = 5\n[[period.exception]]\nfiscal_year_begins_before = 2018-04-01\nyears = 2000",
    );
    assert_eq!((error.line, error.key.as_str()), (14, "period.exception.0.years"), "{error}");
}

#[test]
fn an_unbounded_policy_has_no_period_and_no_expiry() {
    let text = GOOD
        .replace("\"document_date\"", "\"unbounded\"")
        .replace("[period]\nyears = 5\n", "")
        .replace("start = 2026-02-02\nretain_until = 2031-02-01\n", "");
    assert_eq!(Policy::parse("f", &text).unwrap().period, None);
}

#[test]
fn except_classes_take_away_from_every_class() {
    let text = GOOD.replace("classes = [\"contract\"]", "classes = \"*\"\nexcept_classes = [\"receipt\"]");
    let policy = Policy::parse("f", &text).unwrap();
    assert!(policy.covers("nda") && !policy.covers("receipt"));
}

#[test]
fn an_id_belongs_to_one_file() {
    let error = parse_all([("a.toml", GOOD), ("b.toml", GOOD)]).unwrap_err();
    assert_eq!((error.file.as_str(), error.line), ("b.toml", 1));
    assert!(error.to_string().contains("a.toml"), "{error}");
    let other = GOOD.replace("\"test\"", "\"other\"");
    assert_eq!(parse_all([("a.toml", GOOD), ("b.toml", &other)]).unwrap().len(), 2);
}

#[test]
fn a_huge_file_is_not_even_parsed() {
    let text = "#".repeat(MAX_POLICY_BYTES + 1);
    assert!(matches!(Policy::parse("f", &text).unwrap_err().problem, Problem::TooLarge { .. }));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(cut in 0usize..400, noise in "\\PC{0,20}") {
        let cut = (0..=cut.min(GOOD.len())).rev().find(|at| GOOD.is_char_boundary(*at)).unwrap();
        let _ = Policy::parse("f", &format!("{}{noise}{}", &GOOD[..cut], &GOOD[cut..]));
    }
}
