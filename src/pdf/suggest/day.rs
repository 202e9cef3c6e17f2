//! The day of a contract.

use chrono::NaiveDate;

use super::{after, is_numeral, prefix, tail};
use crate::record::date::parse_date;

/// Words that introduce the day, the most telling first.
const LABELS: [&str; 8] =
    ["契約締結日", "締結日", "取引年月日", "契約年月日", "契約日", "注文年月日", "注文日", "作成日"];
/// How far behind its label a day may begin and end, in characters.
const REACH: usize = 30;
/// Longest way to write a day that is followed, in characters (令和二十八年十二月三十一日 is 13).
const LONGEST: usize = 20;

/// The labelled day, else the last that has a line to itself, as it does above the signatures.
pub(super) fn suggest(text: &str) -> Option<NaiveDate> {
    let labelled =
        LABELS.iter().find_map(|label| after(text, label).find_map(|rest| first_in(prefix(rest, REACH))));
    labelled.or_else(|| text.lines().rev().find_map(alone))
}

/// The first day in `window`, in Japanese or, at its start, in digits.
fn first_in(window: &str) -> Option<NaiveDate> {
    let (before, rest) = match window.split_once('年') {
        Some(parts) => parts,
        None => {
            let end =
                window.find(|c: char| !c.is_ascii_digit() && !"-/.".contains(c)).unwrap_or(window.len());
            return parse_date(window.get(..end)?).ok();
        }
    };
    let (month_and_day, _) = rest.split_once('日')?;
    read(&format!("{}年{month_and_day}日", tail(before, is_year_part)))
}

/// The day that is all there is on `line`.
fn alone(line: &str) -> Option<NaiveDate> {
    let line = line.trim();
    (line.contains('年') && line.ends_with('日')).then(|| read(line))?
}

fn read(text: &str) -> Option<NaiveDate> {
    let dense: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if dense.chars().count() > LONGEST {
        return None;
    }
    parse_date(&dense).ok()
}

/// Characters of which a year is made: digits, an era, 元, and spaces between.
fn is_year_part(c: char) -> bool {
    is_numeral(c) || "令和平成昭大正明治元 　".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labelled_days_are_read_in_every_usual_form() {
        for text in [
            "締結日　2026年2月1日　　契約金額　金1円",
            "契約締結日：令和8年2月1日",
            "契約日\n令和 ８ 年 ２ 月 １ 日",
            "取引年月日 2026-02-01",
            "作成日：2026/2/1",
        ] {
            assert_eq!(suggest(text), NaiveDate::from_ymd_opt(2026, 2, 1), "{text}");
        }
    }

    #[test]
    fn without_a_label_the_last_day_alone_on_its_line_counts() {
        let text = "平成29年法律第44号による。\n令和7年1月1日\n第1条\n　令和8年2月1日\n甲";
        assert_eq!(suggest(text), NaiveDate::from_ymd_opt(2026, 2, 1));
    }

    #[test]
    fn a_blank_to_be_filled_in_is_no_day() {
        assert_eq!(suggest("締結日　令和　年　月　日\n令和　　年　　月　　日"), None);
        assert_eq!(suggest("平成29年6月2日に公布された法律"), None);
    }
}
