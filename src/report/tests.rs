//! Reports as a reader has them: text taken out again, pages counted, structure checked by somebody else's program.

use std::process::Command;

use chrono::{DateTime, Utc};
use lopdf::Document;

use super::*;

fn at() -> DateTime<Utc> {
    "2026-04-01T03:04:05Z".parse().expect("a time")
}

fn report() -> Report {
    Report::new("廃棄証明書", Lang::Ja, at(), "正倉院 example").expect("the font is part of the program")
}

fn pages(bytes: &[u8]) -> usize {
    Document::load_mem(bytes).expect("a PDF").get_pages().len()
}

/// Text by poppler, page by page, without spaces and line ends. None where poppler is not installed.
fn text(bytes: &[u8]) -> Option<Vec<String>> {
    let file = tempfile::NamedTempFile::new().expect("a scratch file");
    std::fs::write(file.path(), bytes).expect("the scratch file");
    let output = Command::new("pdftotext").arg(file.path()).arg("-").output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let bare = |page: &str| page.chars().filter(|character| !character.is_whitespace()).collect();
    Some(text.trim_end_matches('\u{c}').split('\u{c}').map(bare).collect())
}

fn checked(bytes: &[u8]) {
    let file = tempfile::NamedTempFile::new().expect("a scratch file");
    std::fs::write(file.path(), bytes).expect("the scratch file");
    let Ok(output) = Command::new("qpdf").arg("--check").arg(file.path()).output() else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn everything_put_in_can_be_read_again() {
    let mut report = report();
    report.heading("対象");
    report.paragraph("次の契約を廃棄した。");
    report.facts(&[("承認者", "髙﨑 𠮷子"), ("法令", "法人税法施行規則第59条")]);
    report.table(
        &[Column::new("取引先", 3.0), Column::new("金額", 1.0).right()],
        [vec!["株式会社国税商事".to_owned(), "1,100,000".to_owned()]],
    );
    report.large("ABCD-EFGH");
    let bytes = report.finish().expect("a report");
    checked(&bytes);
    assert_eq!(pages(&bytes), 1);
    let Some(text) = text(&bytes) else { return };
    for word in [
        "廃棄証明書",
        "対象",
        "次の契約を廃棄した。",
        "承認者",
        "髙﨑𠮷子",
        "法人税法施行規則第59条",
        "株式会社国税商事",
        "1,100,000",
        "ABCD-EFGH",
        "正倉院example",
        "1/1",
    ] {
        assert!(text[0].contains(word), "{word} is not in {}", text[0]);
    }
}

#[test]
fn title_and_language_are_in_the_metadata_and_the_document_is_tagged() {
    let bytes = report().finish().expect("a report");
    let document = Document::load_mem(&bytes).expect("a PDF");
    let catalog = document.catalog().expect("a catalogue");
    assert_eq!(catalog.get(b"Lang").and_then(|lang| lang.as_str()).expect("a language"), b"ja");
    assert!(catalog.has(b"StructTreeRoot") && catalog.has(b"Outlines"));
    let info = document.trailer.get(b"Info").and_then(|info| info.as_reference()).expect("information");
    let title = document.get_dictionary(info).and_then(|info| info.get(b"Title")).expect("a title");
    assert_eq!(lopdf::decode_text_string(title).expect("text"), "廃棄証明書");
}

#[test]
fn a_long_table_repeats_its_head_and_loses_no_row() {
    let mut report = report();
    let rows = (1..=1_000).map(|n| vec![format!("記録{n:05}"), "業務委託契約書".repeat(1 + n % 9)]);
    report.table(&[Column::new("管理番号", 1.0), Column::new("件名", 3.0)], rows);
    let bytes = report.finish().expect("a report");
    checked(&bytes);
    let Some(text) = text(&bytes) else { return };
    assert_eq!(text.len(), pages(&bytes));
    assert!(text.len() > 20);
    for (number, page) in text.iter().enumerate() {
        assert_eq!(page.matches("管理番号").count(), 1, "page {}", number + 1);
        assert!(page.contains(&format!("{}/{}", number + 1, text.len())), "page {}", number + 1);
    }
    let whole = text.concat();
    assert!((1..=1_000).all(|n| whole.matches(&format!("記録{n:05}")).count() == 1));
}

#[test]
fn a_cell_taller_than_a_page_goes_on_on_the_next() {
    let mut report = report();
    let long: String = (0..3_000).map(|n| format!("x{n:05}y、")).collect();
    report.table(&[Column::new("条", 1.0), Column::new("文", 1.0)], [vec!["一".to_owned(), long.clone()]]);
    let bytes = report.finish().expect("a report");
    assert!(pages(&bytes) > 3);
    let Some(text) = text(&bytes) else { return };
    let whole = text.concat();
    assert!((0..3_000).all(|n| whole.contains(&format!("x{n:05}y"))));
}

#[test]
fn characters_that_the_font_lacks_are_told_at_the_end() {
    let mut report = report();
    report.paragraph("契約😀書 葛\u{E0100}城");
    let bytes = report.finish().expect("a report");
    let Some(text) = text(&bytes) else { return };
    assert!(text[0].contains("契約〓書葛城"), "{}", text[0]);
    assert!(
        text[0].ends_with("U+1F600,U+E0100正倉院example1/1") || text[0].contains("U+1F600,U+E0100"),
        "{}",
        text[0]
    );
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let make = || {
        let mut report = report();
        report
            .table(&[Column::new("a", 1.0), Column::new("b", 1.0)], (0..99).map(|n| vec![format!("{n}"); 2]));
        report.qr(&[vec![true, false], vec![false, true]], 30.0, "試験");
        report.finish().expect("a report")
    };
    assert_eq!(make(), make());
}

#[test]
fn a_code_is_drawn_as_a_figure_with_words_for_it() {
    let mut report = report();
    report.qr(&[vec![true, true, false], vec![false], vec![true, false, true]], 40.0, "鍵の一片 1/3");
    report.page_break();
    report.paragraph("次の頁");
    let bytes = report.finish().expect("a report");
    checked(&bytes);
    assert_eq!(pages(&bytes), 2);
}

#[test]
fn odd_input_is_drawn_and_never_stops_the_program() {
    let mut report = Report::new("", Lang::En, at(), "").expect("the font is part of the program");
    report.heading("");
    report.paragraph(" \n\n\t\u{202E}\u{FEFF}");
    report.facts(&[]);
    report.facts(&[("", "")]);
    report.table(&[], [vec!["lost?".to_owned()]]);
    report.table(
        &[Column::new("", 0.0), Column::new("narrow", f32::NAN)],
        [vec![], vec!["a".into(), "b".into(), "c".into()]],
    );
    report.qr(&[], 1.0, "");
    report.qr(&[vec![true]], f32::INFINITY, "");
    checked(&report.finish().expect("a report"));
}

#[test]
fn a_report_of_too_many_pages_is_refused() {
    let mut report = report();
    report.table(&[Column::new("a", 1.0)], (0..).map(|n| vec![format!("{n}")]));
    report.paragraph("never laid out");
    assert!(matches!(report.finish(), Err(ReportError::TooLong)));
}
