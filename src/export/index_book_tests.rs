//! Tests of writing index books.

use super::super::package_tests::{id, metadata};
use super::*;

fn written(metadata: &Metadata, file: &str) -> String {
    let row = IndexRow {
        file,
        metadata,
        version: 1,
        withdrawn: false,
        retain_until: None,
        sha256: None,
        id: id(1),
        note: None,
    };
    String::from_utf8(write_index(Vec::new(), [row]).unwrap()).unwrap()
}

#[test]
fn the_book_begins_with_a_mark_and_ends_its_lines_with_crlf() {
    let text = written(&metadata("株式会社国税商事", Some(1_100_000)), "a.pdf");
    assert!(text.starts_with("\u{feff}連番,ファイル名,取引年月日,取引先,取引金額,通貨,"));
    let row = text.lines().nth(1).unwrap();
    assert!(row.starts_with("1,a.pdf,2026-02-01,株式会社国税商事,1100000,JPY,税込,contract,"), "{row}");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
}

#[test]
fn text_that_looks_like_a_formula_is_defused_and_a_negative_amount_is_a_number() {
    let mut m = metadata("=cmd()", Some(-5));
    m.title = Some("-5".into());
    m.number = Some("+1".into());
    m.class = "@x".into();
    let text = written(&m, "");
    assert!(text.contains(",'=cmd(),-5,JPY,税込,'@x,'-5,'+1,"), "{text}");
}

#[test]
fn a_blank_amount_stays_blank_and_zero_stays_zero() {
    assert!(written(&metadata("A", None), "").contains(",A,,,,contract,"));
    assert!(written(&metadata("A", Some(0)), "").contains(",A,0,JPY,税込,contract,"));
}
