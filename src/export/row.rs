//! One row of an index book: from cells to metadata, or to a reason why not.

use std::path::PathBuf;

use unicode_normalization::UnicodeNormalization as _;

use super::columns::Column;
use super::header::Header;
use super::reject::Reject;
use super::row_error::RowError;
use crate::record::counterparty::{NumberError, normalize_corporate_number, normalize_invoice_number};
use crate::record::{
    Counterparty, Currency, Digest, Metadata, Money, Span, TaxBasis, amount, date, file_name,
};

/// What a row says where its own cells are blank.
#[derive(Clone, Debug)]
pub struct Defaults {
    pub entity: String,
    pub currency: Currency,
    pub class: String,
}

/// A row that can be deposited, if its file is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Line of the index book on which the row begins; the header is line 1.
    pub line: u64,
    /// The file as written, possibly with folders; see [`paths`](Self::paths).
    pub file: String,
    /// Digest the file must have, when the book gives one (our own exports do).
    pub sha256: Option<Digest>,
    /// Valid metadata; `file_name` is the last part of `file`.
    pub metadata: Metadata,
    pub(super) cells: Vec<String>,
}

impl Row {
    /// Where to look for the file below the folder of files, best first. Never leads out of that folder.
    ///
    /// `\` separates folders too, and a name may be stored composed (か+゛ as が) or decomposed, as macOS does.
    pub fn paths(&self) -> Vec<PathBuf> {
        let parts = |text: &str| text.split(['/', '\\']).filter(|part| !matches!(*part, "" | ".")).collect();
        let spellings: [String; 3] =
            [self.file.clone(), self.file.nfc().collect(), self.file.nfd().collect()];
        let mut paths: Vec<PathBuf> = Vec::with_capacity(spellings.len());
        for spelling in &spellings {
            let path = parts(spelling);
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        paths
    }

    /// Turns the row into a rejected one, for reasons found later (no such file, other digest).
    pub fn into_reject(self, reason: impl Into<String>) -> Reject {
        Reject { line: self.line, reason: reason.into(), cells: self.cells }
    }
}

/// Reads one row.
pub(super) fn read(
    header: &Header,
    defaults: &Defaults,
    line: u64,
    cells: Vec<String>,
) -> Result<Row, Reject> {
    let reader = Cells { header, cells: &cells };
    match reader.facts(defaults) {
        Ok((file, sha256, metadata)) => Ok(Row { line, file, sha256, metadata, cells }),
        Err(error) => Err(Reject { line, reason: error.to_string(), cells }),
    }
}

struct Cells<'a> {
    header: &'a Header,
    cells: &'a [String],
}

impl Cells<'_> {
    fn facts(&self, defaults: &Defaults) -> Result<(String, Option<Digest>, Metadata), RowError> {
        self.refuse_extra_cells()?;
        let file = self.file()?;
        let text = |column| self.filled(column).map(str::to_owned);
        let metadata = Metadata {
            entity: text(Column::Entity).unwrap_or_else(|| defaults.entity.clone()),
            transaction_date: self.date(Column::Date)?.ok_or_else(|| self.blank(Column::Date))?,
            signed_on: self.date(Column::SignedOn)?,
            effective_from: self.date(Column::EffectiveFrom)?,
            ends_on: self.date(Column::EndsOn)?,
            notice_period: self.span(Column::NoticePeriod)?,
            renews_every: self.span(Column::RenewsEvery)?,
            received_on: self.date(Column::ReceivedOn)?,
            counterparty: self.counterparty()?,
            amount: self.money(defaults.currency)?,
            class: text(Column::Class).unwrap_or_else(|| defaults.class.clone()),
            title: text(Column::Title),
            number: self.unshortened(Column::Number)?.map(str::to_owned),
            file_name: Some(file_name::base_name(&file)),
            custom: self
                .header
                .custom(self.cells)
                .map(|(name, cell)| (name.to_owned(), cell.to_owned()))
                .collect(),
        };
        metadata.validate()?;
        Ok((file, self.sha256()?, metadata))
    }

    /// The cell as written, unless it is blank. Text is never trimmed: what is stored is what was given.
    fn filled(&self, column: Column) -> Option<&str> {
        self.header.cell(self.cells, column).filter(|cell| !cell.trim().is_empty())
    }

    /// A length of time, if the cell states one.
    fn span(&self, column: Column) -> Result<Option<Span>, RowError> {
        let Some(cell) = self.filled(column) else { return Ok(None) };
        cell.parse().map(Some).map_err(|error| RowError::Span { column: self.name(column), error })
    }

    fn name(&self, column: Column) -> String {
        self.header.name_of(column)
    }

    fn blank(&self, column: Column) -> RowError {
        RowError::Blank(self.name(column))
    }

    fn refuse_extra_cells(&self) -> Result<(), RowError> {
        let expected = self.header.cells.len();
        if self.cells.iter().skip(expected).all(|cell| cell.trim().is_empty()) {
            return Ok(());
        }
        Err(RowError::TooManyCells { found: self.cells.len(), expected })
    }

    fn file(&self) -> Result<String, RowError> {
        let file = self.filled(Column::File).ok_or_else(|| self.blank(Column::File))?;
        let leads_out = file.starts_with(['/', '\\'])
            || file.chars().nth(1) == Some(':')
            || file.split(['/', '\\']).any(|part| part == "..")
            || file.ends_with(['/', '\\'])
            || file.contains('\0');
        if leads_out {
            return Err(RowError::Outside { column: self.name(Column::File), file: file.to_owned() });
        }
        Ok(file.to_owned())
    }

    fn date(&self, column: Column) -> Result<Option<chrono::NaiveDate>, RowError> {
        let Some(cell) = self.filled(column) else { return Ok(None) };
        let name = || self.name(column);
        date::parse_date(cell).map(Some).map_err(|reason| match is_day_serial(cell) {
            true => RowError::DaySerial { column: name(), cell: cell.trim().to_owned() },
            false => RowError::Date { column: name(), reason },
        })
    }

    fn money(&self, default: Currency) -> Result<Option<Money>, RowError> {
        let Some(cell) = self.filled(Column::Amount) else { return Ok(None) };
        let currency = match self.filled(Column::Currency) {
            None => default,
            Some(code) => code.trim().to_ascii_uppercase().parse().map_err(|_| RowError::Currency {
                column: self.name(Column::Currency),
                cell: code.to_owned(),
            })?,
        };
        let minor = amount::parse_minor(cell, currency)
            .map_err(|reason| RowError::Amount { column: self.name(Column::Amount), reason })?;
        Ok(Some(Money { minor, currency, tax: self.tax()? }))
    }

    fn tax(&self) -> Result<TaxBasis, RowError> {
        let Some(cell) = self.filled(Column::Tax) else { return Ok(TaxBasis::Unknown) };
        match cell.trim().to_ascii_lowercase().as_str() {
            "税込" | "税込み" | "内税" | "included" => Ok(TaxBasis::Included),
            "税抜" | "税抜き" | "税別" | "外税" | "excluded" => Ok(TaxBasis::Excluded),
            "対象外" | "不課税" | "非課税" | "免税" | "none" => Ok(TaxBasis::None),
            "不明" | "unknown" => Ok(TaxBasis::Unknown),
            _ => Err(RowError::Tax { column: self.name(Column::Tax), cell: cell.to_owned() }),
        }
    }

    fn counterparty(&self) -> Result<Counterparty, RowError> {
        let name =
            self.filled(Column::Counterparty).ok_or_else(|| self.blank(Column::Counterparty))?.to_owned();
        let corporate_number = self.party_number(Column::CorporateNumber, normalize_corporate_number)?;
        let invoice_number = self.party_number(Column::InvoiceNumber, normalize_invoice_number)?;
        Ok(Counterparty { name, corporate_number, invoice_number })
    }

    fn party_number(
        &self,
        column: Column,
        normalize: fn(&str) -> Result<String, NumberError>,
    ) -> Result<Option<String>, RowError> {
        let Some(cell) = self.unshortened(column)? else { return Ok(None) };
        normalize(cell).map(Some).map_err(|reason| RowError::Number { column: self.name(column), reason })
    }

    /// Spreadsheets turn a long number into `1.23E+12` and drop its digits for good.
    fn unshortened(&self, column: Column) -> Result<Option<&str>, RowError> {
        match self.filled(column) {
            Some(cell) if is_shortened(cell) => {
                Err(RowError::Shortened { column: self.name(column), cell: cell.trim().to_owned() })
            }
            cell => Ok(cell),
        }
    }

    fn sha256(&self) -> Result<Option<Digest>, RowError> {
        let Some(cell) = self.filled(Column::Sha256) else { return Ok(None) };
        cell.trim().parse().map(Some).map_err(|_| RowError::Sha256 { column: self.name(Column::Sha256) })
    }
}

/// `1.23E+12`, in either width.
fn is_shortened(cell: &str) -> bool {
    let plain: String = cell.trim().nfkc().collect::<String>().to_uppercase();
    let Some((mantissa, exponent)) = plain.split_once("E+") else { return false };
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    whole.len() == 1 && digits(whole) && digits(fraction) && digits(exponent)
}

/// 46054 is 2026-02-01 for a spreadsheet: five digits cover 1927 to 2173.
fn is_day_serial(cell: &str) -> bool {
    let cell = cell.trim();
    cell.len() == 5 && cell.chars().all(|c| c.is_ascii_digit())
}
