//! Tests of reading index books.

use std::io::Cursor;
use std::path::PathBuf;

use chrono::NaiveDate;
use encoding_rs::SHIFT_JIS;
use proptest::prelude::*;

use super::super::{IndexRow, RejectsWriter, write_index};
use super::*;
use crate::export::package_tests::{id, metadata};
use crate::record::{Currency, Digest, TaxBasis};

fn defaults() -> Defaults {
    Defaults { entity: "当社".into(), currency: Currency::JPY, class: "contract".into() }
}

fn open(bytes: impl Into<Vec<u8>>) -> Result<IndexBook<Cursor<Vec<u8>>>, IndexBookError> {
    IndexBook::open(Cursor::new(bytes.into()), Encoding::Auto, defaults())
}

fn read(text: &str) -> Vec<IndexLine> {
    open(text).unwrap().map(Result::unwrap).collect()
}

fn row(line: IndexLine) -> Row {
    match line {
        IndexLine::Row(row) => *row,
        IndexLine::Reject(reject) => panic!("{reject:?}"),
    }
}

fn reject(line: IndexLine) -> Reject {
    match line {
        IndexLine::Reject(reject) => reject,
        IndexLine::Row(row) => panic!("{row:?}"),
    }
}

/// The one row of a book with this header and line.
fn one(header: &str, line: &str) -> IndexLine {
    let mut lines = read(&format!("{header}\n{line}\n"));
    assert_eq!(lines.len(), 1);
    lines.remove(0)
}

const JAPANESE: &str = "ファイル名,取引年月日,取引先,取引金額,通貨,書類種別,件名,管理番号";

#[test]
fn the_documented_columns_are_read() {
    let line = "20260201_株式会社国税商事_1100000.pdf,令和8年2月1日,株式会社国税商事,\"1,100,000円\",,,業務委託契約書,第1号";
    let row = row(one(JAPANESE, line));
    let m = &row.metadata;
    assert_eq!((row.line, row.file.as_str()), (2, "20260201_株式会社国税商事_1100000.pdf"));
    assert_eq!(m.transaction_date, NaiveDate::from_ymd_opt(2026, 2, 1).unwrap());
    assert_eq!(m.counterparty.name, "株式会社国税商事");
    assert_eq!(m.amount.map(|money| (money.minor, money.currency)), Some((1_100_000, Currency::JPY)));
    assert_eq!((m.entity.as_str(), m.class.as_str()), ("当社", "contract"));
    assert_eq!((m.title.as_deref(), m.number.as_deref()), (Some("業務委託契約書"), Some("第1号")));
    assert_eq!(m.file_name.as_deref(), Some(row.file.as_str()));
}

#[test]
fn english_headers_in_any_order_with_extra_columns() {
    let row =
        row(one("Amount,Memo,currency,COUNTERPARTY,file,date", "12.50,hello,usd,Kuon LLC,a/b.pdf,2026/2/1"));
    assert_eq!(
        row.metadata.amount.map(|money| (money.minor, money.currency.to_string())),
        Some((1250, "USD".into()))
    );
    assert_eq!(row.metadata.custom["Memo"], "hello");
    assert_eq!(row.metadata.file_name.as_deref(), Some("b.pdf"));
    assert_eq!(row.paths(), [PathBuf::from("a/b.pdf")]);
}

#[test]
fn every_further_column_of_ours_comes_back() {
    let mut m = metadata("国税商事", Some(-12));
    m.counterparty.corporate_number = Some("7000012050002".into());
    m.counterparty.invoice_number = Some("T7000012050002".into());
    m.signed_on = NaiveDate::from_ymd_opt(2026, 1, 1);
    m.effective_from = NaiveDate::from_ymd_opt(2026, 1, 2);
    m.ends_on = NaiveDate::from_ymd_opt(2026, 1, 3);
    m.received_on = NaiveDate::from_ymd_opt(2026, 1, 4);
    m.number = Some("'=x".into());
    m.file_name = Some("a.pdf".into());
    let sha256 = Some(Digest::of(b"x"));
    let given = IndexRow {
        file: "a.pdf",
        metadata: &m,
        version: 2,
        withdrawn: true,
        retain_until: None,
        sha256,
        id: id(1),
        note: Some("備考です"),
    };
    let bytes = write_index(Vec::new(), [given]).unwrap();
    let mut row = row(open(bytes).unwrap().next().unwrap().unwrap());
    assert_eq!(row.sha256, sha256);
    let custom = std::mem::take(&mut row.metadata.custom);
    assert_eq!(row.metadata, m);
    assert_eq!((custom["取下げ"].as_str(), custom["備考"].as_str()), ("取下げ", "備考です"));
}

#[test]
fn text_is_kept_to_the_last_code_point() {
    for name in ["𠮷野家", "葛\u{e0100}城", "か\u{3099}っこう", " 前後に空白 ", "㈱髙﨑", "神\u{fa19}"]
    {
        assert_eq!(
            row(one("file,date,counterparty", &format!("a.pdf,2026-02-01,{name}")))
                .metadata
                .counterparty
                .name,
            name
        );
    }
}

#[test]
fn defused_formulas_come_back_as_they_were() {
    let row = row(one(JAPANESE, "'=a.pdf,2026-02-01,'=cmd(),'-5,,,'90s,''@x"));
    assert_eq!((row.file.as_str(), row.metadata.counterparty.name.as_str()), ("=a.pdf", "=cmd()"));
    assert_eq!(row.metadata.amount.map(|money| money.minor), Some(-5));
    assert_eq!((row.metadata.title.as_deref(), row.metadata.number.as_deref()), (Some("'90s"), Some("'@x")));
}

#[test]
fn a_blank_amount_is_none_and_zero_is_zero() {
    assert_eq!(row(one(JAPANESE, "a.pdf,2026-02-01,A,,JPY,,,")).metadata.amount, None);
    assert_eq!(
        row(one(JAPANESE, "a.pdf,2026-02-01,A,0,,,,")).metadata.amount.map(|money| money.minor),
        Some(0)
    );
    assert!(!open("file,date,counterparty\n").unwrap().has_amounts());
}

#[test]
fn the_tax_column_is_read() {
    for (cell, tax) in [
        ("税込", TaxBasis::Included),
        ("税抜", TaxBasis::Excluded),
        ("対象外", TaxBasis::None),
        ("", TaxBasis::Unknown),
    ] {
        let row = row(one("file,date,counterparty,amount,tax", &format!("a.pdf,2026-02-01,A,1,{cell}")));
        assert_eq!(row.metadata.amount.map(|money| money.tax), Some(tax));
    }
}

#[test]
fn cp932_is_read_and_its_missing_columns_are_named() {
    let text = format!("{JAPANESE}\r\na.pdf,2026/2/1,㈱髙﨑商店,１１０万円,,,,\r\n");
    let (bytes, _, unmappable) = SHIFT_JIS.encode(&text);
    assert!(!unmappable);
    let mut book = open(bytes.into_owned()).unwrap();
    assert_eq!(book.encoding(), Encoding::Cp932);
    let row = row(book.next().unwrap().unwrap());
    assert_eq!(row.metadata.counterparty.name, "㈱髙﨑商店");
    assert_eq!(row.metadata.amount.map(|money| money.minor), Some(1_100_000));

    let bytes = SHIFT_JIS.encode("ファイル名,摘要,金額\r\n").0.into_owned();
    let error = open(bytes).err().unwrap().to_string();
    for part in ["取引年月日 (date), 取引先 (counterparty)", "ファイル名, 摘要, 金額"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_given_encoding_rejects_only_the_rows_that_do_not_fit() {
    let mut bytes = format!("{JAPANESE}\n").into_bytes();
    bytes.extend(b"a.pdf,2026-02-01,\xff\xff,,,,,\n");
    bytes.extend("b.pdf,2026-02-01,商店,,,,,\n".as_bytes());
    assert!(matches!(open(bytes.clone()), Err(IndexBookError::NeitherEncoding { utf8_line: 2, .. })));
    let book = IndexBook::open(Cursor::new(bytes), Encoding::Utf8, defaults()).unwrap();
    let lines: Vec<IndexLine> = book.map(Result::unwrap).collect();
    assert_eq!(reject(lines[0].clone()).cells[0], "a.pdf");
    assert_eq!(row(lines[1].clone()).line, 3);
}

#[test]
fn what_is_no_index_book_is_refused_with_advice() {
    assert!(matches!(open(""), Err(IndexBookError::Empty)));
    assert!(matches!(open("\n,,\n"), Err(IndexBookError::Empty)));
    assert!(matches!(open(*b"PK\x03\x04 workbook"), Err(IndexBookError::Workbook)));
    assert!(matches!(open(*b"\xff\xfef\0"), Err(IndexBookError::Utf16)));
    assert!(matches!(open("\"file,date\n"), Err(IndexBookError::Header(HeaderError::Unreadable { .. }))));
}

#[test]
fn bad_rows_are_set_aside_with_reasons_that_name_the_column() {
    for (line, reasons) in [
        ("a.pdf,,A,,,,,", ["取引年月日", "空欄"]),
        (",2026-02-01,A,,,,,", ["ファイル名", "空欄"]),
        ("a.pdf,2026-02-01, ,,,,,", ["取引先", "空欄"]),
        ("a.pdf,2026-02-30,A,,,,,", ["取引年月日", "2026-02-30"]),
        ("a.pdf,46054,A,,,,,", ["取引年月日", "通し番号"]),
        ("a.pdf,2026-02-01,A,約百万,,,,", ["取引金額", "金額"]),
        ("a.pdf,2026-02-01,A,1.1E+06,,,,", ["取引金額", "scientific"]),
        ("a.pdf,2026-02-01,A,1,XYZ,,,", ["通貨", "XYZ"]),
        ("a.pdf,2026-02-01,A,1,,,,1.23E+12", ["管理番号", "1.23E+12"]),
        ("a.pdf,2026-02-01,A,1,100,000,contract,t,n", ["セル", "9 cells under 8 headers"]),
        ("../a.pdf,2026-02-01,A,,,,,", ["ファイル名", "外"]),
        ("/etc/passwd,2026-02-01,A,,,,,", ["ファイル名", "外"]),
        ("C:\\a.pdf,2026-02-01,A,,,,,", ["ファイル名", "外"]),
        ("x\\..\\a.pdf,2026-02-01,A,,,,,", ["ファイル名", "外"]),
        ("a.pdf,2026-02-01,\"A\u{7}\",,,,,", ["内容", "control"]),
        ("\"a.pdf,2026-02-01,A,,,,,", ["引用符", "never closed"]),
    ] {
        let reject = reject(one(JAPANESE, line));
        assert!(reasons.iter().all(|reason| reject.reason.contains(reason)), "{line}: {}", reject.reason);
        assert_eq!(reject.line, 2);
    }
}

#[test]
fn a_corporate_number_shortened_by_a_spreadsheet_is_said_to_be() {
    let reject = reject(one("file,date,counterparty,法人番号", "a.pdf,2026-02-01,A,7.00001E+12"));
    assert!(
        reject.reason.contains("7.00001E+12") && reject.reason.contains("format the column as text"),
        "{}",
        reject.reason
    );
}

#[test]
fn a_bad_row_never_stops_the_rest() {
    let lines = read(&format!(
        "{JAPANESE}\r\n\"open,2026-02-01,A,,,,,\r\n\r\n,,,,,,,\r\nb.pdf,2026-02-01,B,,,,,\r\n"
    ));
    assert_eq!(lines.len(), 2);
    assert_eq!(reject(lines[0].clone()).line, 2);
    assert_eq!(row(lines[1].clone()).line, 5);
}

#[test]
fn a_file_is_looked_for_in_composed_and_decomposed_spelling() {
    let decomposed = PathBuf::from("契約/か\u{3099}.pdf");
    let composed = PathBuf::from("契約/が.pdf");
    let row_of = |file: &str| row(one("file,date,counterparty", &format!("{file},2026-02-01,A")));
    assert_eq!(row_of("契約\\か\u{3099}.pdf").paths(), [decomposed.clone(), composed.clone()]);
    assert_eq!(row_of("契約/./が.pdf").paths(), [composed, decomposed]);
}

#[test]
fn rejected_rows_go_back_in_their_columns_and_can_be_mended() {
    let book = format!("{JAPANESE},担当\na.pdf,2026-02-31,'=A,-5,,,,,佐藤\n\"x\"y,z\n");
    let mut opened = open(book).unwrap();
    let mut writer = RejectsWriter::new(Vec::new(), opened.header()).unwrap();
    opened.by_ref().for_each(|line| writer.write(&reject(line.unwrap())).unwrap());
    assert_eq!(writer.rows(), 2);
    let text = String::from_utf8(writer.finish().unwrap()).unwrap();
    assert!(text.starts_with(&format!("\u{feff}{JAPANESE},担当,取込不可理由\r\n")), "{text}");
    assert!(text.contains("a.pdf,2026-02-31,'=A,-5,,,,,佐藤,2行目 (line 2): 取引年月日: "), "{text}");
    assert!(text.contains("\"\"\"x\"\"y,z\",,,,,,,,,\"3行目 (line 3): "), "{text}");

    let mended = row(read(&text.replace("2026-02-31", "2026-02-28")).remove(0));
    assert_eq!(mended.metadata.counterparty.name, "=A");
    assert_eq!(mended.metadata.custom.keys().collect::<Vec<_>>(), ["担当"]);
    // Rejected once more, it gets one reason, not two.
    let again = mended.into_reject("ファイルがありません");
    let header: Vec<String> = format!("{JAPANESE},担当,取込不可理由").split(',').map(str::to_owned).collect();
    let mut writer = RejectsWriter::new(Vec::new(), &header).unwrap();
    writer.write(&again).unwrap();
    let text = String::from_utf8(writer.finish().unwrap()).unwrap();
    assert!(text.ends_with(",佐藤,2行目 (line 2): ファイルがありません\r\n"), "{text}");
}

#[test]
fn a_long_book_is_read_to_its_end() {
    let mut text = format!("{JAPANESE}\n");
    for number in 0..20_000 {
        text.push_str(&format!("{number}.pdf,2026-02-01,株式会社国税商事,{number},,,,\n"));
    }
    let last = open(text).unwrap().map(|line| row(line.unwrap())).last().unwrap();
    assert_eq!((last.line, last.metadata.amount.map(|money| money.minor)), (20_001, Some(19_999)));
}

proptest! {
    #[test]
    fn any_bytes_are_an_error_or_rows(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for encoding in [Encoding::Auto, Encoding::Utf8, Encoding::Cp932] {
            if let Ok(book) = IndexBook::open(Cursor::new(bytes.clone()), encoding, defaults()) {
                prop_assert!(book.count() <= bytes.len());
            }
        }
    }

    #[test]
    fn any_cells_are_rows_or_rejects(cells in prop::collection::vec("\\PC{0,20}|[-0-9.,E+/年月日円\"\r\n]{0,12}", 0..30)) {
        let text = format!("{JAPANESE},法人番号,登録番号,SHA-256,受領日\n{}", cells.join(","));
        for line in open(text).unwrap() {
            if let IndexLine::Row(row) = line.unwrap() {
                row.metadata.validate().unwrap();
            }
        }
    }

    #[test]
    fn any_text_survives_a_round_trip(name in "[=+'@\\-＝\"\n,a-c 𠮷か\u{3099}\u{e0100}]{1,12}", yen in any::<Option<i64>>()) {
        prop_assume!(!name.trim().is_empty());
        let m = metadata(&name, yen);
        let given = IndexRow { file: "a.pdf", metadata: &m, version: 1, withdrawn: false, retain_until: None,
            sha256: None, id: id(1), note: None };
        let book = open(write_index(Vec::new(), [given]).unwrap()).unwrap();
        let rows: Vec<Row> = book.map(|line| row(line.unwrap())).collect();
        prop_assert_eq!(&rows[0].metadata.counterparty.name, &name);
        prop_assert_eq!(rows[0].metadata.amount, m.amount);
    }
}
