//! A search as people write it (text everywhere), and its translation into a query.

use serde::{Deserialize, Serialize};

use super::error::ArchiveError;
use crate::record::date::DateError;
use crate::record::{Currency, DateRange, Entry, EntryError, amount};
use crate::retention::class_named;
use crate::search::{AmountFilter, DateSpan, Query, Sort, Versions, Withdrawn};

/// Conditions of a search; all that are given must hold. This is what the journal keeps of a search.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams, utoipa::ToSchema,
)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchRequest {
    /// Transaction dates `A..B`, both included, either end open; also a day, a month or a year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Amounts `A..B`, both included, either end open, as people write them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// Only records that state no amount (空欄); zero is an amount.
    #[serde(skip_serializing_if = "is_false")]
    pub no_amount: bool,
    /// Currency of `amount`, ISO 4217; the archive's by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Part of the counterparty's name, in any way of writing it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counterparty: Option<String>,
    /// Words in title, number, custom fields or the document's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Document class by id or name (`contract`, 契約書), exactly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Management number, whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Our own legal entity, exactly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// `include` or `only`; withdrawn records are left out otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<String>,
    /// `all` searches superseded metadata versions too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<String>,
    /// `date`, `amount`, `deposited` or `counterparty`; `-` in front for descending. Default `-date`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// Hits on a page, 1 to 1000; 50 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

impl SearchRequest {
    /// Reads the texts.
    ///
    /// # Errors
    /// [`ArchiveError::Entry`] or [`ArchiveError::Invalid`], naming the condition that cannot be read and what to write instead.
    pub fn query(&self, default_currency: Currency) -> Result<Query, ArchiveError> {
        Ok(Query {
            date: self.date_span()?,
            amount: self.amount_filter(default_currency)?,
            counterparty: given(&self.counterparty),
            text: given(&self.text),
            class: given(&self.class).map(|class| class_named(&class).to_owned()),
            number: given(&self.number),
            entities: given(&self.entity).map(|entity| [entity].into()),
            withdrawn: match given(&self.withdrawn).as_deref() {
                None | Some("exclude") => Withdrawn::Exclude,
                Some("include") => Withdrawn::Include,
                Some("only") => Withdrawn::Only,
                Some(other) => return Err(unknown("withdrawn", other, "include, only")),
            },
            versions: match given(&self.versions).as_deref() {
                None | Some("current") => Versions::Current,
                Some("all") => Versions::All,
                Some(other) => return Err(unknown("versions", other, "current, all")),
            },
            sort: sort(given(&self.sort).as_deref())?,
            limit: self.limit.unwrap_or(Query::default().limit),
            after: given(&self.after).map(|cursor| cursor.parse()).transpose()?,
        })
    }

    fn date_span(&self) -> Result<DateSpan, ArchiveError> {
        let Some(text) = given(&self.date).filter(|text| text != "..") else {
            return Ok(DateSpan::default());
        };
        let range: DateRange = text.parse().map_err(|error: DateError| invalid("date", error))?;
        Ok(DateSpan { from: range.from, to: range.to })
    }

    fn amount_filter(&self, default_currency: Currency) -> Result<AmountFilter, ArchiveError> {
        let currency = match given(&self.currency) {
            Some(code) => code.parse::<Currency>().map_err(|error| invalid("currency", error))?,
            None => default_currency,
        };
        let text = given(&self.amount).filter(|text| text != "..");
        match (text, self.no_amount) {
            (Some(_), true) => Err(ArchiveError::Invalid(
                "give an amount or no_amount, not both: no record meets them together".into(),
            )),
            (None, true) => Ok(AmountFilter::Blank),
            (None, false) => Ok(AmountFilter::Any),
            (Some(text), false) => {
                let range = amount::parse_range(&text, currency).map_err(|error| invalid("amount", error))?;
                let currency = currency.code().parse();
                let currency =
                    currency.map_err(|error| ArchiveError::Invalid(format!("currency: {error}")))?;
                Ok(AmountFilter::Range { from: range.from, to: range.to, currency })
            }
        }
    }
}

/// A condition that was left empty (a blank form field) is no condition.
fn given(text: &Option<String>) -> Option<String> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn sort(text: Option<&str>) -> Result<Sort, ArchiveError> {
    Ok(match text {
        None | Some("-date") => Sort::DateDesc,
        Some("date") => Sort::DateAsc,
        Some("-amount") => Sort::AmountDesc,
        Some("amount") => Sort::AmountAsc,
        Some("-deposited") => Sort::DepositedDesc,
        Some("deposited") => Sort::DepositedAsc,
        Some("counterparty") => Sort::Counterparty,
        Some(other) => {
            return Err(unknown(
                "sort",
                other,
                "date, -date, amount, -amount, deposited, -deposited, counterparty",
            ));
        }
    })
}

fn invalid(field: &'static str, error: impl Into<EntryError>) -> ArchiveError {
    ArchiveError::Entry(Entry::of(field, error))
}

fn unknown(field: &str, found: &str, known: &str) -> ArchiveError {
    ArchiveError::Invalid(format!("{field}: {found:?} is not known; use one of: {known}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(request: &SearchRequest) -> Result<Query, ArchiveError> {
        request.query(Currency::JPY)
    }

    #[test]
    fn blank_form_fields_are_no_conditions() {
        let blank = Some(" ".to_owned());
        let request = SearchRequest {
            date: Some("..".into()),
            counterparty: blank.clone(),
            amount: blank,
            ..Default::default()
        };
        let query = query(&request).expect("a query");
        assert!(
            query.counterparty.is_none()
                && query.date == DateSpan::default()
                && query.amount == AmountFilter::Any
        );
    }

    #[test]
    fn an_amount_and_no_amount_contradict_each_other() {
        let request = SearchRequest { amount: Some("1..2".into()), no_amount: true, ..Default::default() };
        assert_eq!(query(&request).unwrap_err().code(), "invalid");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let request = SearchRequest { sort: Some("size".into()), ..Default::default() };
        assert!(query(&request).unwrap_err().to_string().contains("sort"));
        let request = SearchRequest { date: Some("2026-02-30".into()), ..Default::default() };
        assert!(query(&request).unwrap_err().to_string().contains("date"));
    }
}
