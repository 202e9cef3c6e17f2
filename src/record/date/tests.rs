//! What dates are read as, and what is refused.

use chrono::Duration;
use proptest::prelude::*;

use super::*;

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

#[test]
fn one_day_is_read_however_it_is_written() {
    for text in [
        "2026-02-01",
        "2026/2/1",
        "2026.2.1",
        "2026-2-1",
        "20260201",
        "2026年2月1日",
        "2026年02月01日",
        "令和8年2月1日",
        "R8.2.1",
        "r8.2.1",
        "R08/02/01",
        "R8-2-1",
        "令8.2.1",
        "㋿8年2月1日",
        "㋿8.2.1",
        "２０２６年２月１日",
        "Ｒ８．２．１",
        "２０２６－０２－０１",
        "2026‐02‐01",
        " 　2026-02-01　 ",
        "令和 8 年 2 月 1 日",
        "令和　８年２月　１日",
        "令和八年二月一日",
        "二〇二六年二月一日",
        "西暦2026年2月1日",
        "R 8.2.1",
        "2026年⼆⽉⼀⽇",
        "平成38年2月1日",
        "昭和101年2月1日",
    ] {
        assert_eq!(parse_date(text), Ok(day(2026, 2, 1)), "{text}");
    }
}

#[test]
fn every_era_begins_on_its_first_day() {
    for (first, before, expected) in [
        ("令和元年5月1日", "令和元年4月30日", day(2019, 5, 1)),
        ("平成元年1月8日", "平成元年1月7日", day(1989, 1, 8)),
        ("昭和元年12月25日", "昭和元年12月24日", day(1926, 12, 25)),
        ("大正元年7月30日", "大正元年7月29日", day(1912, 7, 30)),
        ("明治元年1月25日", "明治元年1月24日", day(1868, 1, 25)),
        ("R1.5.1", "R元.4.30", day(2019, 5, 1)),
        ("h1.1.8", "H01/01/07", day(1989, 1, 8)),
        ("S1.12.25", "昭1.12.24", day(1926, 12, 25)),
        ("T1.7.30", "大1.7.29", day(1912, 7, 30)),
        ("㍾1.1.25", "M1.1.24", day(1868, 1, 25)),
    ] {
        assert_eq!(parse_date(first), Ok(expected), "{first}");
        assert!(matches!(parse_date(before), Err(DateError::BeforeEra { .. })), "{before}");
    }
}

#[test]
fn years_an_era_never_reached_count_on() {
    assert_eq!(parse_date("平成31年4月30日"), Ok(day(2019, 4, 30)));
    assert_eq!(parse_date("平成31年5月1日"), Ok(day(2019, 5, 1)));
    assert_eq!(parse_date("H36.4.1"), Ok(day(2024, 4, 1)));
    assert_eq!(parse_date("昭和65年1月1日"), Ok(day(1990, 1, 1)));
}

#[test]
fn each_mistake_has_its_own_answer() {
    let error = |text: &str| parse_date(text).unwrap_err();
    assert_eq!(error(" 　"), DateError::Empty);
    assert_eq!(error("2026-02-30"), DateError::NoSuchDay { year: 2026, month: 2, day: 30 });
    assert_eq!(error("20261301"), DateError::NoSuchDay { year: 2026, month: 13, day: 1 });
    assert_eq!(error("令和7年2月29日"), DateError::NoSuchDay { year: 2025, month: 2, day: 29 });
    assert_eq!(error("令和0年1月1日"), DateError::EraYearZero { era: "令和" });
    assert_eq!(error("1867-12-31"), DateError::YearOutside(1867));
    assert_eq!(error("00260201"), DateError::YearOutside(26));
    assert_eq!(error("10000-01-01"), DateError::YearOutside(10_000));
    assert_eq!(error("R9000.1.1"), DateError::YearOutside(11_018));
    for text in ["26/4/1", "08-04-01", "26年4月1日", "260401", "4/1/2026", "1.4.2026"] {
        assert!(matches!(error(text), DateError::AmbiguousYear(_)), "{text}: {:?}", error(text));
    }
    assert!(matches!(error("令和8年4月吉日"), DateError::NoDay(_)));
    for (text, rest) in [
        ("2026-02-01 00:00", "00:00"),
        ("2026-02-01T00:00:00Z", "T00:00:00Z"),
        ("20260201_株式会社", "_株式会社"),
        ("令和8年2月1日(日)", "(日)"),
        ("2026/2/1日", "日"),
    ] {
        assert_eq!(error(text), DateError::Trailing { text: text.into(), rest: rest.into() });
    }
    for text in [
        "x",
        "2026",
        "2026-02",
        "2026年2月",
        "令和8年",
        "2026-02/01",
        "2026--01",
        "2026-02-",
        "元年5月1日",
        "R",
        "202602011",
        "2026-二-1",
        "2026年元月1日",
        "²⁰26-02-01",
        "R080201",
        "8年",
        "2026-002-01",
        "1.1百万",
        "-2026-02-01",
    ] {
        let expected = if text == "8年" { "ambiguous" } else { "is not a date" };
        assert!(error(text).to_string().contains(expected), "{text}: {}", error(text));
    }
    assert!(matches!(error(&"2".repeat(1_000_000)), DateError::NotADate(_)));
    assert!(error("26/4/1").to_string().contains("write four digits"));
}

#[test]
fn ranges_are_open_at_either_end_and_inclusive() {
    let range = |text: &str| text.parse::<DateRange>();
    let of = |from, to| Ok(DateRange { from, to });
    let (january, march) = (Some(day(2026, 1, 1)), Some(day(2026, 3, 31)));
    assert_eq!(range("2026-01-01..2026-03-31"), of(january, march));
    assert_eq!(range("2026.1.1..2026.3.31"), of(january, march));
    assert_eq!(range("令和8年1月1日 .. R8.3.31"), of(january, march));
    assert_eq!(range("2026-01..2026年3月"), of(january, march));
    assert_eq!(range("20260101.."), of(january, None));
    assert_eq!(range("..2026/3/31"), of(None, march));
    assert_eq!(range("2026-01-01"), of(january, january));
    assert_eq!(range("2026"), of(january, Some(day(2026, 12, 31))));
    assert_eq!(range("2024-02"), of(Some(day(2024, 2, 1)), Some(day(2024, 2, 29))));
    assert_eq!(range("令和元年"), of(Some(day(2019, 5, 1)), Some(day(2019, 12, 31))));
    assert_eq!(range("9999"), of(Some(day(9999, 1, 1)), Some(day(9999, 12, 31))));
    assert_eq!(range(".."), Err(DateError::EmptyRange));
    assert!(matches!(range("2026..2025"), Err(DateError::Reversed { .. })));
    assert!(matches!(range("令和元年4月"), Err(DateError::BeforeEra { .. })));
    assert!(matches!(range("2026-13"), Err(DateError::NoSuchDay { .. })));
    assert!(matches!(range("26"), Err(DateError::AmbiguousYear(_))));
    assert!(matches!(range("202602"), Err(DateError::AmbiguousYear(_))));
    assert!(range("2026-01-01..x").is_err());
    let range = range("2026-01..2026-03").unwrap();
    let days = [day(2025, 12, 31), day(2026, 1, 1), day(2026, 3, 31), day(2026, 4, 1)];
    assert_eq!(days.map(|day| range.contains(day)), [false, true, true, false]);
    assert_eq!(range.to_string(), "2026-01-01..2026-03-31");
}

#[test]
fn the_day_of_an_instant_depends_on_the_zone() {
    let at = "2026-03-31T15:00:00Z".parse::<DateTime<Utc>>().unwrap();
    assert_eq!(in_zone(at, chrono_tz::Asia::Tokyo), day(2026, 4, 1));
    assert_eq!(in_zone(at - Duration::seconds(1), chrono_tz::Asia::Tokyo), day(2026, 3, 31));
    assert_eq!(in_zone(at, chrono_tz::UTC), day(2026, 3, 31));
    for zone in [chrono_tz::Asia::Tokyo, chrono_tz::America::New_York] {
        let _ = (in_zone(DateTime::<Utc>::MAX_UTC, zone), in_zone(DateTime::<Utc>::MIN_UTC, zone));
    }
}

/// Names of an era, the year before its first, and its first day.
type Era = ([&'static str; 4], i32, (i32, u32, u32));

const ERAS: [Era; 5] = [
    (["令和", "令", "R", "㋿"], 2018, (2019, 5, 1)),
    (["平成", "平", "H", "㍻"], 1988, (1989, 1, 8)),
    (["昭和", "昭", "S", "㍼"], 1925, (1926, 12, 25)),
    (["大正", "大", "T", "㍽"], 1911, (1912, 7, 30)),
    (["明治", "明", "M", "㍾"], 1867, (1868, 1, 25)),
];

proptest! {
    #[test]
    fn every_day_reads_back_from_every_form(offset in 0i64..100_000) {
        let date = day(1868, 1, 25) + Duration::days(offset);
        let (y, m, d) = (date.year(), date.month(), date.day());
        for text in [
            format!("{y}-{m:02}-{d:02}"), format!("{y}/{m}/{d}"), format!("{y}.{m}.{d}"),
            format!("{y}{m:02}{d:02}"),
            format!("{y}年{m}月{d}日"), iso(date),
        ] {
            prop_assert_eq!(parse_date(&text), Ok(date), "{}", text);
        }
        for (names, before, first) in ERAS {
            let begun = date >= day(first.0, first.1, first.2);
            for name in names {
                let year = y - before;
                let mut texts = vec![
                    format!("{name}{year}年{m}月{d}日"), format!("{name}{year}.{m}.{d}"),
                    format!("{name}{year:02}/{m:02}/{d:02}"), format!("{name} {year}-{m}-{d}"),
                ];
                if year == 1 {
                    texts.extend([format!("{name}元年{m}月{d}日"), format!("{name}元.{m}.{d}")]);
                }
                for text in texts {
                    let read = parse_date(&text);
                    prop_assert!(if begun { read == Ok(date) } else { read.is_err() }, "{} {:?}", text, read);
                }
            }
        }
    }

    #[test]
    fn ranges_read_back_as_written(a in 0i64..50_000, length in 0i64..50_000, open in 0u8..3) {
        let from = day(1868, 1, 1) + Duration::days(a);
        let to = from + Duration::days(length);
        let range = DateRange { from: (open != 1).then_some(from), to: (open != 2).then_some(to) };
        prop_assert_eq!(range.to_string().parse(), Ok(range));
        let json = serde_json::to_string(&range).unwrap();
        prop_assert_eq!(serde_json::from_str::<DateRange>(&json).unwrap(), range);
    }

    #[test]
    fn arbitrary_text_never_panics(text in ".*", dateish in "[令和平成RHS㋿元0-9０-９一二十廿千年月日吉/.-－ ]{0,20}") {
        for text in [text, dateish] {
            let _ = parse_date(&text);
            let _ = text.parse::<DateRange>();
        }
    }
}
