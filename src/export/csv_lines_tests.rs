//! Tests of splitting CSV bytes.

use std::io::Cursor;

use proptest::prelude::*;

use super::*;

/// Gives one byte at a time, so that every boundary falls between reads.
struct Drip<'a>(&'a [u8]);

impl Read for Drip<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.0.len().min(1).min(out.len());
        let (now, later) = self.0.split_at(count);
        out[..count].copy_from_slice(now);
        self.0 = later;
        Ok(count)
    }
}

fn all(input: impl Read) -> Vec<RawRecord> {
    let mut lines = CsvLines::new(input);
    std::iter::from_fn(|| lines.next_record().unwrap()).collect()
}

fn good(input: &str) -> Vec<(u64, Vec<String>)> {
    let text = |cells: Vec<Vec<u8>>| cells.into_iter().map(|cell| String::from_utf8(cell).unwrap()).collect();
    all(input.as_bytes()).into_iter().map(|record| (record.line, text(record.cells.unwrap()))).collect()
}

fn row(line: u64, cells: &[&str]) -> (u64, Vec<String>) {
    (line, cells.iter().map(|cell| (*cell).to_owned()).collect())
}

#[test]
fn cells_quotes_and_every_kind_of_line_end() {
    assert_eq!(
        good("a,b\r\n\"c,\"\"d\"\"\",\"e\r\nf\"\ng,\r,h"),
        [row(1, &["a", "b"]), row(2, &["c,\"d\"", "e\r\nf"]), row(4, &["g", ""]), row(5, &["", "h"])]
    );
    assert_eq!(good(""), []);
    assert_eq!(good("\n\n"), [row(1, &[""]), row(2, &[""])]);
    assert_eq!(good("a\r"), [row(1, &["a"])]);
    assert_eq!(good("\"\""), [row(1, &[""])]);
}

#[test]
fn a_quote_that_is_never_closed_costs_one_line() {
    let records = all(&b"a,b\n\"open,x\nc,d\ne,f\n"[..]);
    let broken = Broken { kind: BrokenKind::QuoteNotClosed, text: b"\"open,x".to_vec() };
    assert_eq!(records[1], RawRecord { line: 2, cells: Err(broken) });
    assert_eq!(records[2], RawRecord { line: 3, cells: Ok(vec![b"c".to_vec(), b"d".to_vec()]) });
    assert_eq!(records.len(), 4);
}

#[test]
fn text_after_a_quote_costs_one_line() {
    let records = all(&b"\"a\"b,c\r\nd\r\n"[..]);
    assert_eq!(records[0].cells.as_ref().unwrap_err().kind, BrokenKind::TextAfterQuote);
    assert_eq!((records[1].line, records.len()), (2, 2));
}

#[test]
fn an_endless_line_is_stepped_over_in_bounded_memory() {
    let input = io::repeat(b'x').take(40 * MAX_RECORD_BYTES as u64).chain(&b"\r\nok\r\n"[..]);
    let mut lines = CsvLines::new(input);
    let broken = lines.next_record().unwrap().unwrap().cells.unwrap_err();
    assert_eq!((broken.kind, broken.text.len()), (BrokenKind::TooLong, MAX_SHOWN_BYTES));
    assert!(lines.buffer.capacity() <= 4 * MAX_RECORD_BYTES);
    assert_eq!(lines.next_record().unwrap().unwrap(), RawRecord { line: 2, cells: Ok(vec![b"ok".to_vec()]) });
    assert_eq!(lines.next_record().unwrap(), None);
}

#[test]
fn too_many_cells_cost_one_line() {
    let records = all(Cursor::new(format!("{}\nok\n", ",".repeat(MAX_CELLS))));
    assert_eq!(records[0].cells.as_ref().unwrap_err().kind, BrokenKind::TooManyCells);
    assert!(records[1].cells.is_ok());
    assert!(all(Cursor::new(",".repeat(MAX_CELLS - 1)))[0].cells.is_ok());
}

proptest! {
    #[test]
    fn any_bytes_are_read_to_the_end_whatever_the_reads(bytes in prop::collection::vec(
        prop_oneof![Just(b'"'), Just(b','), Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200)) {
        let at_once = all(&bytes[..]);
        prop_assert_eq!(&at_once, &all(Drip(&bytes)));
        prop_assert!(at_once.windows(2).all(|pair| pair[0].line < pair[1].line));
    }

    #[test]
    fn what_the_csv_crate_writes_comes_back(rows in prop::collection::vec(
        prop::collection::vec("[a,\"\r\n\u{20bb7} ]{0,6}", 2..4), 0..6)) {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        rows.iter().for_each(|row| writer.write_record(row).unwrap());
        let bytes = writer.into_inner().unwrap();
        let read: Vec<Vec<String>> = all(&bytes[..]).into_iter()
            .map(|record| record.cells.unwrap().into_iter().map(|cell| String::from_utf8(cell).unwrap()).collect())
            .collect();
        prop_assert_eq!(read, rows);
    }
}
