//! The header of an index book: which cell of a row means what.

use std::collections::BTreeSet;

use super::columns::{Column, looks_like_an_amount};

/// Where each column is.
#[derive(Clone, Debug)]
pub(super) struct Header {
    /// As written in the file, for rejected rows.
    pub cells: Vec<String>,
    meanings: Vec<Meaning>,
}

#[derive(Clone, Debug)]
enum Meaning {
    Known(Column),
    /// An extra column and the name its values are kept under.
    Custom(String),
}

/// Why a header is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum HeaderError {
    #[error(
        "the index book has no column {missing}; its first line must name the columns \
         (ファイル名,取引年月日,取引先,取引金額 or file,date,counterparty,amount, in any order). Found: {found}"
    )]
    Missing { missing: String, found: String },
    #[error("two columns of the index book, {first} and {second}, both mean {column}; rename or remove one")]
    Repeated { first: String, second: String, column: String },
    #[error(
        "the index book has no column 取引金額 (amount), but {0} seems to hold amounts; rename it to 取引金額, \
         or to something else if it holds none"
    )]
    AmountUnclear(String),
    #[error("the first line of the index book cannot be read as CSV in {encoding}; save it as CSV again")]
    Unreadable { encoding: super::encoding::Encoding },
}

/// Longest list of headers shown in an error.
const MAX_SHOWN_CHARS: usize = 300;

impl Header {
    /// Reads the first line of an index book.
    ///
    /// # Errors
    /// A missing file, date or counterparty; a column given twice; amounts under an unknown name. A book without
    /// any column of amounts is accepted: its contracts state none.
    pub fn read(cells: Vec<String>) -> Result<Self, HeaderError> {
        let known: Vec<Option<Column>> = cells.iter().map(|cell| Column::of_header(cell)).collect();
        refuse_repeated(&cells, &known)?;
        refuse_missing(&cells, &known)?;
        let mut taken = BTreeSet::new();
        let meanings = cells
            .iter()
            .zip(known)
            .enumerate()
            .map(|(at, (cell, column))| match column {
                Some(column) => Meaning::Known(column),
                None => Meaning::Custom(free_name(cell.trim(), at, &mut taken)),
            })
            .collect();
        Ok(Self { cells, meanings })
    }

    /// The cell of a known column, if the book has the column and the row is long enough.
    pub fn cell<'a>(&self, row: &'a [String], wanted: Column) -> Option<&'a str> {
        let at = self.position(wanted)?;
        row.get(at).map(String::as_str)
    }

    /// The values of extra columns with their names; blank cells are left out.
    pub fn custom<'a>(&'a self, row: &'a [String]) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.meanings.iter().zip(row).filter_map(|(meaning, cell)| match meaning {
            Meaning::Custom(name) if !cell.trim().is_empty() => Some((name.as_str(), cell.as_str())),
            _ => None,
        })
    }

    /// Where a known column is.
    pub fn position(&self, wanted: Column) -> Option<usize> {
        self.meanings
            .iter()
            .position(|meaning| matches!(meaning, Meaning::Known(column) if *column == wanted))
    }

    /// What the book calls a column, or what we call it.
    pub fn name_of(&self, column: Column) -> String {
        let cell = self.position(column).and_then(|at| self.cells.get(at));
        cell.map_or_else(|| column.japanese().to_owned(), |cell| cell.trim().to_owned())
    }
}

fn refuse_repeated(cells: &[String], known: &[Option<Column>]) -> Result<(), HeaderError> {
    for (second, column) in known.iter().enumerate() {
        let Some(column) = column else { continue };
        let first = known.iter().position(|other| other.as_ref() == Some(column)).unwrap_or(second);
        if first != second {
            let cell = |at: usize| cells.get(at).cloned().unwrap_or_default();
            return Err(HeaderError::Repeated {
                first: cell(first),
                second: cell(second),
                column: column.japanese().to_owned(),
            });
        }
    }
    Ok(())
}

fn refuse_missing(cells: &[String], known: &[Option<Column>]) -> Result<(), HeaderError> {
    let missing: Vec<String> = [Column::File, Column::Date, Column::Counterparty]
        .into_iter()
        .filter(|wanted| !known.contains(&Some(*wanted)))
        .map(|column| format!("{} ({})", column.japanese(), column.english()))
        .collect();
    if !missing.is_empty() {
        let mut found: String = cells.join(", ").chars().take(MAX_SHOWN_CHARS).collect();
        if found.trim().is_empty() {
            found = "nothing".to_owned();
        }
        return Err(HeaderError::Missing { missing: missing.join(", "), found });
    }
    if known.contains(&Some(Column::Amount)) {
        return Ok(());
    }
    let unclear =
        cells.iter().zip(known).find(|(cell, column)| column.is_none() && looks_like_an_amount(cell));
    unclear.map_or(Ok(()), |(cell, _)| Err(HeaderError::AmountUnclear(cell.clone())))
}

/// Names the value of an extra column: its header, numbered when it is used twice, its place when it is blank.
fn free_name(header: &str, at: usize, taken: &mut BTreeSet<String>) -> String {
    let base = if header.is_empty() { format!("列{}", at + 1) } else { header.to_owned() };
    let mut name = base.clone();
    let mut count = 1;
    while !taken.insert(name.clone()) {
        count += 1;
        name = format!("{base}_{count}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(line: &str) -> Result<Header, HeaderError> {
        Header::read(line.split(',').map(str::to_owned).collect())
    }

    #[test]
    fn missing_columns_are_named_with_what_was_found() {
        let error = header("ファイル名,摘要").unwrap_err().to_string();
        for part in ["取引年月日 (date)", "取引先 (counterparty)", "ファイル名, 摘要"] {
            assert!(error.contains(part), "{error}");
        }
        assert!(!error.contains("no column ファイル名"));
    }

    #[test]
    fn a_book_without_amounts_is_accepted_unless_they_hide_under_another_name() {
        header("file,date,counterparty").unwrap();
        let error = header("file,date,counterparty,月額金額").unwrap_err();
        assert_eq!(error, HeaderError::AmountUnclear("月額金額".into()));
        header("file,date,counterparty,取引金額（税込）,月額金額").unwrap();
    }

    #[test]
    fn a_column_given_twice_is_refused() {
        let error = header("ファイル名,取引年月日,取引先,取引金額,金額").unwrap_err();
        assert!(matches!(error, HeaderError::Repeated { .. }), "{error}");
    }

    #[test]
    fn extra_columns_keep_their_names() {
        let header = header("担当,file,date,counterparty,担当,,メモ").unwrap();
        let row: Vec<String> = ["佐藤", "a.pdf", "d", "c", "鈴木", "x", " "].map(str::to_owned).to_vec();
        let custom: Vec<_> = header.custom(&row).collect();
        assert_eq!(custom, [("担当", "佐藤"), ("担当_2", "鈴木"), ("列6", "x")]);
    }
}
