//! Tests of the list of corrections.

use super::super::package_tests::{id, metadata, version};
use super::*;

fn lines(versions: &[Version]) -> Vec<Vec<String>> {
    let mut writer = HistoryWriter::new(Vec::new(), chrono_tz::Asia::Tokyo).unwrap();
    writer.record("a.pdf", id(1), versions).unwrap();
    let bytes = writer.finish().unwrap();
    let text = std::str::from_utf8(&bytes).unwrap().strip_prefix('\u{feff}').unwrap().to_owned();
    assert!(text.ends_with("\r\n"));
    csv::Reader::from_reader(text.as_bytes())
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

#[test]
fn each_changed_field_is_one_line_with_before_and_after() {
    let first = version(1, metadata("株式会社国税商事", None));
    let mut second = version(2, metadata("㈱国税商事", Some(-5)));
    second.metadata.custom.insert("担当".into(), "鈴木".into());
    let lines = lines(&[first, second]);
    let told: Vec<[&str; 5]> = lines.iter().map(|line| [2, 4, 5, 6, 7].map(|at| line[at].as_str())).collect();
    assert_eq!(
        told,
        [
            ["1", "登録", "", "", ""],
            ["2", "訂正", "取引先", "株式会社国税商事", "㈱国税商事"],
            ["2", "訂正", "取引金額", "", "'-5"],
            ["2", "訂正", "通貨", "", "JPY"],
            ["2", "訂正", "税区分", "", "税込"],
            ["2", "訂正", "担当", "", "鈴木"],
        ]
    );
    assert_eq!(lines[1][3], "2026-04-01T00:00:00+09:00");
    assert_eq!(
        (lines[1][8].as_str(), lines[1][9].as_str(), lines[1][10].as_str()),
        ("佐藤", "誤記の訂正", "2")
    );
}

#[test]
fn withdrawal_and_its_reversal_are_told() {
    let first = version(1, metadata("A", None));
    let mut second = version(2, metadata("A", None));
    second.withdrawn = true;
    let third = version(3, metadata("B", None));
    let operations: Vec<String> =
        lines(&[first, second, third]).into_iter().map(|line| line[4].clone()).collect();
    assert_eq!(operations, ["登録", "取下げ", "取下げの取消", "訂正"]);
}

#[test]
fn a_version_that_changes_nothing_is_still_told() {
    let same = [version(1, metadata("A", None)), version(2, metadata("A", None))];
    assert_eq!(lines(&same).len(), 2);
}

#[test]
fn no_amount_becoming_zero_is_a_change() {
    let changed = changes(&metadata("A", None), &metadata("A", Some(0)));
    assert_eq!(changed[0], Change { field: "取引金額".into(), before: String::new(), after: "0".into() });
}
