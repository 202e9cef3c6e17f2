//! What names suggest, and which names records leave under.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;
use crate::record::{Counterparty, Currency, Metadata, Money, TaxBasis};

fn money(minor: i64, currency: &str) -> Money {
    Money { minor, currency: currency.parse().unwrap(), tax: TaxBasis::Unknown }
}

fn contract(name: &str, amount: Option<Money>) -> Metadata {
    Metadata {
        entity: "自社".into(),
        transaction_date: NaiveDate::from_ymd_opt(2026, 2, 1).unwrap(),
        signed_on: None,
        effective_from: None,
        ends_on: None,
        notice_period: None,
        renews_every: None,
        received_on: None,
        counterparty: Counterparty::named(name),
        amount,
        class: "contract".into(),
        title: None,
        number: None,
        file_name: None,
        custom: BTreeMap::new(),
    }
}

fn named(name: &str, amount: Option<Money>) -> String {
    law_style(&contract(name, amount), "pdf", &mut HashSet::new())
}

#[test]
fn the_recommended_form_is_read_with_its_variants() {
    let expected = Suggestion {
        date: NaiveDate::from_ymd_opt(2026, 2, 1),
        counterparty: Some("株式会社国税商事".into()),
        amount: Some(1_100_000),
        ..Suggestion::default()
    };
    for name in [
        "20260201_株式会社国税商事_1100000.pdf",
        "20260201_株式会社国税商事_1100000.PDF",
        "20260201_株式会社国税商事_1100000",
        "２０２６０２０１＿株式会社国税商事＿１１０００００．ｐｄｆ",
        "2026-02-01_株式会社国税商事_1,100,000円.pdf",
        "令和8年2月1日_株式会社国税商事_110万円.pdf",
        "R8.2.1_株式会社国税商事_￥1,100,000-.pdf",
        "20260201_株式会社国税商事_1100000_2.pdf",
        "20260201_株式会社国税商事_1100000 (1).pdf",
        "20260201__株式会社国税商事__1100000.pdf",
        "20260201_ 株式会社国税商事 _1100000.pdf",
        "20260201 株式会社国税商事 1100000.pdf",
        "/tmp/20260201_株式会社国税商事_1100000.pdf",
        "C:\\契約\\20260201_株式会社国税商事_1100000.pdf",
        "20260201_株式会社国税商事_1100000_12.pdf",
        "契約書_20260201_株式会社国税商事_1100000.pdf",
        "株式会社国税商事_20260201_1100000.pdf",
    ] {
        assert_eq!(parse(name), expected, "{name}");
    }
}

#[test]
fn a_missing_amount_is_not_an_amount_of_zero() {
    for name in ["20260201_A社.pdf", "20260201_A社_2.pdf", "20260201_A社_契約書.pdf"] {
        let suggestion = parse(name);
        assert!(suggestion.amount.is_none() && !suggestion.no_amount, "{name}");
        assert!(suggestion.counterparty.unwrap().starts_with("A社"), "{name}");
    }
    for name in ["20260201_A社_金額なし.pdf", "20260201_A社_金額なし_3.pdf"] {
        let suggestion = parse(name);
        assert!(suggestion.amount.is_none() && suggestion.no_amount, "{name}");
        assert_eq!(suggestion.counterparty.as_deref(), Some("A社"));
    }
    assert_eq!(parse("20260201_A社_0.pdf").amount, Some(0));
    assert_eq!(parse("20260201_A社_500.pdf").amount, Some(500));
    assert_eq!(parse("20260201_A社_500_12.pdf").amount, Some(500));
    assert_eq!(parse("20260201_A社_-50000.pdf").amount, Some(-50_000));
    assert_eq!(parse("20260201_1100000.pdf").amount, Some(1_100_000));
    assert_eq!(parse("20260201_三千.pdf").counterparty.as_deref(), Some("三千"));
    assert_eq!(parse("20260201_取引先未設定_5000.pdf").counterparty, None);
}

#[test]
fn a_foreign_amount_is_not_taken_for_yen() {
    let suggestion = parse("20260201_Acme Inc._12.50USD.pdf");
    assert_eq!((suggestion.amount, suggestion.foreign), (None, Some(money(1_250, "USD"))));
    assert_eq!(suggestion.counterparty.as_deref(), Some("Acme Inc."));
    assert_eq!(parse("20260201_A_USD 7.pdf").foreign, Some(money(700, "USD")));
    assert_eq!(parse("20260201_A_JPY7000.pdf").amount, Some(7_000));
    assert_eq!(parse("20260201_A_$7000.pdf").amount, None);
}

#[test]
fn a_name_without_a_date_suggests_nothing() {
    for name in [
        "契約書.pdf",
        "契約書_v2_1100000.pdf",
        "20260230_A社_100.pdf",
        "260201_A社_1100000.pdf",
        "",
        "..",
        ".pdf",
    ] {
        assert_eq!(parse(name), Suggestion::default(), "{name}");
    }
}

#[test]
fn names_are_never_normalised() {
    for name in ["㈱髙﨑", "(株)𠮷野", "か\u{3099}社", "神\u{fa19}", "ｶﾌﾞｼｷ", "Ａ Ｂ"] {
        assert_eq!(parse(&format!("20260201_{name}_1000.pdf")).counterparty.as_deref(), Some(name));
        assert_eq!(named(name, Some(money(1_000, "JPY"))), format!("20260201_{name}_1000.pdf"));
    }
    for name in ["A_B社", "A＿B社", "A__B 社", "A  B社"] {
        assert_eq!(parse(&format!("20260201_{name}_5000.pdf")).counterparty.as_deref(), Some(name));
    }
}

#[test]
fn records_leave_under_law_style_names() {
    let yen = Some(money(1_100_000, "JPY"));
    for (name, amount, expected) in [
        ("株式会社国税商事", yen, "20260201_株式会社国税商事_1100000.pdf"),
        ("A社", None, "20260201_A社_金額なし.pdf"),
        ("A社", Some(money(0, "JPY")), "20260201_A社_0.pdf"),
        ("A社", Some(money(-50_000, "JPY")), "20260201_A社_-50000.pdf"),
        ("Acme", Some(money(125_000_050, "USD")), "20260201_Acme_1250000.50USD.pdf"),
        ("a/b\\c:d*e?f\"g<h>i|j", None, "20260201_a／b＼c：d＊e？f”g＜h＞i｜j_金額なし.pdf"),
        ("..\u{0}\n", None, "20260201_取引先未設定_金額なし.pdf"),
        ("../../etc", None, "20260201_／..／etc_金額なし.pdf"),
        (" .A.. ", None, "20260201_A_金額なし.pdf"),
        ("con", None, "20260201_con＿_金額なし.pdf"),
        ("LPT1.txt", None, "20260201_LPT1.txt＿_金額なし.pdf"),
        ("Console", None, "20260201_Console_金額なし.pdf"),
        ("a\u{202e}fdp.exe", None, "20260201_afdp.exe_金額なし.pdf"),
    ] {
        assert_eq!(named(name, amount), expected, "{name:?}");
    }
    let mut used = HashSet::new();
    assert_eq!(law_style(&contract("A", None), "../.XLSX", &mut used), "20260201_A_金額なし.xlsx");
    assert_eq!(law_style(&contract("A", None), "", &mut used), "20260201_A_金額なし");
}

#[test]
fn equal_names_get_numbers_whatever_their_case_or_composition() {
    let mut used = HashSet::new();
    let mut next = |name: &str| law_style(&contract(name, None), "pdf", &mut used);
    assert_eq!(next("Acme が"), "20260201_Acme が_金額なし.pdf");
    assert_eq!(next("ACME が"), "20260201_ACME が_金額なし_2.pdf");
    assert_eq!(next("acme か\u{3099}"), "20260201_acme か\u{3099}_金額なし_3.pdf");
    assert_eq!(next("Acme か"), "20260201_Acme か_金額なし.pdf");
    let long = "あ".repeat(100);
    let names: HashSet<String> = (0..2_000).map(|_| next(&long)).collect();
    assert_eq!(names.len(), 2_000);
    assert!(names.iter().all(|name| name.len() <= 204));
    assert!(names.iter().any(|name| name.ends_with("_2000.pdf")));
}

#[test]
fn directories_that_a_client_sent_are_removed() {
    for (sent, kept) in [
        ("x.pdf", "x.pdf"),
        ("../../x.pdf", "x.pdf"),
        ("C:\\x\\y.pdf", "y.pdf"),
        ("C:y.pdf", "y.pdf"),
        ("/etc/passwd", "passwd"),
        ("\\\\host\\share\\契約 1.pdf", "契約 1.pdf"),
        ("a/b\\c/㈱髙﨑.pdf", "㈱髙﨑.pdf"),
        ("か\u{3099}.pdf", "か\u{3099}.pdf"),
        ("dir/", "dir"),
        ("a\u{0}b\n.pdf", "ab.pdf"),
        ("", "unnamed"),
        ("/", "unnamed"),
        ("..", "unnamed"),
        ("../..\\. ", "unnamed"),
        (".\u{0}.", "unnamed"),
    ] {
        assert_eq!(base_name(sent), kept, "{sent:?}");
    }
}

proptest! {
    #[test]
    fn law_style_names_are_short_and_stay_in_their_directory(
        name in ".{0,300}", minor: Option<i64>, at in 0usize..160, extension in ".{0,12}", equal in 1usize..4,
    ) {
        let amount = minor.map(|minor| money(minor, Currency::all().nth(at).unwrap_or_default().code()));
        let mut used = HashSet::new();
        let names: Vec<String> =
            (0..equal).map(|_| law_style(&contract(&name, amount), &extension, &mut used)).collect();
        for name in &names {
            prop_assert!(name.len() <= 204, "{}", name.len());
            prop_assert!(!name.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|']), "{}", name);
            prop_assert!(!name.chars().any(char::is_control));
            prop_assert!(name.starts_with("20260201_") && !name.ends_with(['.', ' ']));
        }
        prop_assert_eq!(names.iter().collect::<HashSet<_>>().len(), equal);
        prop_assert_eq!(used.len(), equal);
    }

    #[test]
    fn names_suggest_what_they_were_made_of(
        name in "[A-Zァ-ヶ亜-黒㈱髙﨑]{1,12}", minor: Option<i64>, dollars: bool,
    ) {
        let currency = if dollars { "USD" } else { "JPY" };
        let amount = minor.filter(|m| !(2..10).contains(m)).map(|m| money(m, currency));
        prop_assume!(!["CON", "PRN", "AUX", "NUL"].contains(&name.as_str()));
        let suggestion = parse(&named(&name, amount));
        prop_assert_eq!(suggestion.date, NaiveDate::from_ymd_opt(2026, 2, 1));
        prop_assert_eq!(suggestion.counterparty, Some(name));
        prop_assert_eq!(suggestion.no_amount, amount.is_none());
        prop_assert_eq!(suggestion.amount.map(|m| money(m, "JPY")).or(suggestion.foreign), amount);
    }

    #[test]
    fn arbitrary_names_never_panic(name in ".*", namelike in "[0-9０-９_＿./\\\\:()年円金額なし A社-]{0,40}") {
        for name in [name, namelike] {
            let _ = parse(&name);
            let base = base_name(&name);
            prop_assert!(!base.is_empty() && base != ".." && !base.contains(['/', '\\']));
        }
    }
}
