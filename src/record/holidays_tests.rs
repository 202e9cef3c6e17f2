//! Tests of Japan's public holidays against the Cabinet Office's list.

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn of_year(year: i32) -> String {
    let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
    let days = first.iter_days().take_while(|date| date.year() == year);
    let held = days.filter(|date| is_holiday(*date).unwrap());
    held.map(|date| format!("{}/{}", date.month(), date.day())).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_holidays_of_these_years_are_those_of_the_official_list() {
    for (year, days) in [
        (1999, "1/1 1/15 2/11 3/21 3/22 4/29 5/3 5/4 5/5 7/20 9/15 9/23 10/10 10/11 11/3 11/23 12/23"),
        (2000, "1/1 1/10 2/11 3/20 4/29 5/3 5/4 5/5 7/20 9/15 9/23 10/9 11/3 11/23 12/23"),
        (2006, "1/1 1/2 1/9 2/11 3/21 4/29 5/3 5/4 5/5 7/17 9/18 9/23 10/9 11/3 11/23 12/23"),
        (2009, "1/1 1/12 2/11 3/20 4/29 5/3 5/4 5/5 5/6 7/20 9/21 9/22 9/23 10/12 11/3 11/23 12/23"),
        (
            2018,
            "1/1 1/8 2/11 2/12 3/21 4/29 4/30 5/3 5/4 5/5 7/16 8/11 9/17 9/23 9/24 10/8 11/3 11/23 12/23 12/24",
        ),
        (
            2019,
            "1/1 1/14 2/11 3/21 4/29 4/30 5/1 5/2 5/3 5/4 5/5 5/6 7/15 8/11 8/12 9/16 9/23 10/14 10/22 11/3 11/4 11/23",
        ),
        (2020, "1/1 1/13 2/11 2/23 2/24 3/20 4/29 5/3 5/4 5/5 5/6 7/23 7/24 8/10 9/21 9/22 11/3 11/23"),
        (2021, "1/1 1/11 2/11 2/23 3/20 4/29 5/3 5/4 5/5 7/22 7/23 8/8 8/9 9/20 9/23 11/3 11/23"),
        (
            2024,
            "1/1 1/8 2/11 2/12 2/23 3/20 4/29 5/3 5/4 5/5 5/6 7/15 8/11 8/12 9/16 9/22 9/23 10/14 11/3 11/4 11/23",
        ),
        (
            2025,
            "1/1 1/13 2/11 2/23 2/24 3/20 4/29 5/3 5/4 5/5 5/6 7/21 8/11 9/15 9/23 10/13 11/3 11/23 11/24",
        ),
        (2026, "1/1 1/12 2/11 2/23 3/20 4/29 5/3 5/4 5/5 5/6 7/20 8/11 9/21 9/22 9/23 10/12 11/3 11/23"),
    ] {
        assert_eq!(of_year(year), days, "{year}");
    }
}

#[test]
fn outside_the_known_years_nobody_guesses() {
    for date in ["1989-12-31", "2100-01-01"] {
        assert_eq!((is_holiday(day(date)), is_day_of_rest(day(date))), (None, None), "{date}");
        assert_eq!(working_days_after(day(date), 1), None, "{date}");
    }
}

#[test]
fn working_days_pass_over_weekends_holidays_and_the_new_year() {
    for (from, count, to) in [
        ("2026-02-01", 0, "2026-02-01"),
        ("2026-02-01", 7, "2026-02-10"),
        ("2025-12-26", 1, "2026-01-05"),
        ("2026-05-01", 1, "2026-05-07"),
    ] {
        assert_eq!(working_days_after(day(from), count), Some(day(to)), "{from} {count}");
    }
}

#[test]
fn the_published_list_is_the_last_word_for_the_years_it_names() {
    let list = Holidays::from_list(
        "国民の祝日・休日月日,国民の祝日・休日名称\n2027/1/1,元日\n2027/6/1,特別\nnonsense\n",
    );
    assert_eq!(list.is_holiday(day("2027-06-01")), Some(true));
    assert_eq!(list.is_holiday(day("2027-02-11")), Some(false));
    assert_eq!(list.is_holiday(day("2026-02-11")), Some(true));
}
