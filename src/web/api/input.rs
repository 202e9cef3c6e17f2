//! Metadata as clients send it: text in the ways people write dates and amounts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::archive::{ArchiveError, Changes, Principal};
use crate::config::Config;
use crate::record::counterparty::{normalize_corporate_number, normalize_invoice_number};
use crate::record::{
    Counterparty, Currency, Entry, EntryError, Metadata, Money, Span, TaxBasis, amount, date, file_name,
};
use crate::retention::class_named;
use crate::web::Problem;

/// Class of a record whose class nobody named.
const DEFAULT_CLASS: &str = "contract";

/// Metadata of a deposit, or the fields of a correction. Dates and amounts are read as people write them:
/// `2026-02-01`, `令和8年2月1日`, `1,100,000円`, `110万円`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MetadataInput {
    /// Our own legal entity; the archive's only one by default. Cannot be corrected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// 取引年月日, required for a deposit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_on: Option<String>,
    /// 更新拒絶の通知期間, as people write lengths of time: `3か月`, `90日`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice_period: Option<String>,
    /// 自動更新期間: `1年`; empty: it does not renew itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renews_every: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_on: Option<String>,
    /// 取引先, required for a deposit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counterparty: Option<String>,
    /// 法人番号, 13 digits with a valid check digit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corporate_number: Option<String>,
    /// 登録番号, `T` and 13 digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_number: Option<String>,
    /// 取引金額 in units of the currency (not minor units). A deposit gives this or `no_amount`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// The contract states no amount. That is not an amount of zero.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_amount: bool,
    /// ISO 4217; the archive's by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax: Option<TaxBasis>,
    /// 書類種別, by id or name (`contract`, 契約書); `contract` by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// 件名. An empty text removes it in a correction; so it does for the other optional texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// 管理番号.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub custom: BTreeMap<String, String>,
}

impl MetadataInput {
    /// Metadata of a deposit.
    ///
    /// # Errors
    /// Names the first field that is missing or cannot be read.
    pub fn metadata(
        &self,
        config: &Config,
        who: &Principal,
        file: Option<&str>,
    ) -> Result<Metadata, Problem> {
        let within = |entity: &str| who.scope.covers(entity);
        let entity =
            config.entity_among(self.entity.as_deref(), within).map_err(Problem::invalid)?.name.clone();
        let date =
            self.date.as_deref().ok_or_else(|| missing("date", "give the transaction date (取引年月日)"))?;
        let name = self
            .counterparty
            .clone()
            .ok_or_else(|| missing("counterparty", "give the other party's name"))?;
        if self.amount.is_none() && !self.no_amount {
            return Err(missing("amount", "give the amount, or say no_amount if the contract states none"));
        }
        Ok(Metadata {
            entity,
            transaction_date: read("date", date::parse_date(date))?,
            signed_on: optional_date("signed_on", &self.signed_on)?.flatten(),
            effective_from: optional_date("effective_from", &self.effective_from)?.flatten(),
            ends_on: optional_date("ends_on", &self.ends_on)?.flatten(),
            notice_period: optional_span("notice_period", &self.notice_period)?.flatten(),
            renews_every: optional_span("renews_every", &self.renews_every)?.flatten(),
            received_on: optional_date("received_on", &self.received_on)?.flatten(),
            counterparty: Counterparty {
                name,
                corporate_number: self.corporate_number()?.flatten(),
                invoice_number: self.invoice_number()?.flatten(),
            },
            amount: self.amount(config.archive.currency, TaxBasis::Unknown)?.flatten(),
            class: class_named(self.class.as_deref().unwrap_or(DEFAULT_CLASS)).to_owned(),
            title: optional_text(&self.title).flatten(),
            number: optional_text(&self.number).flatten(),
            file_name: file.map(file_name::base_name),
            custom: self.custom.clone(),
        })
    }

    /// The changes of a correction: only fields that were sent. `before` is the amount that stands.
    ///
    /// # Errors
    /// Names the first field that cannot be read.
    pub fn changes(&self, before: Option<Money>, default_currency: Currency) -> Result<Changes, Problem> {
        if self.entity.is_some() {
            return Err(Problem::invalid(
                "entity: a record stays with the legal entity that it was deposited for",
            ));
        }
        let currency = before.map_or(default_currency, |money| money.currency);
        let tax = before.map_or(TaxBasis::Unknown, |money| money.tax);
        let mut amount = self.amount(currency, tax)?;
        if amount.is_none() && (self.tax.is_some() || self.currency.is_some()) {
            amount = Some(Some(self.restated(before)?));
        }
        let date = self.date.as_deref().map(|text| read("date", date::parse_date(text)));
        Ok(Changes {
            transaction_date: date.transpose()?,
            signed_on: optional_date("signed_on", &self.signed_on)?,
            effective_from: optional_date("effective_from", &self.effective_from)?,
            ends_on: optional_date("ends_on", &self.ends_on)?,
            notice_period: optional_span("notice_period", &self.notice_period)?,
            renews_every: optional_span("renews_every", &self.renews_every)?,
            received_on: optional_date("received_on", &self.received_on)?,
            counterparty: self.counterparty.clone(),
            corporate_number: self.corporate_number()?,
            invoice_number: self.invoice_number()?,
            amount,
            class: self.class.as_deref().map(|class| class_named(class).to_owned()),
            title: optional_text(&self.title),
            number: optional_text(&self.number),
            custom: self.custom.iter().map(|(key, value)| (key.clone(), non_empty(value))).collect(),
        })
    }

    /// A correction of the tax basis alone. Another currency would make another amount, so that needs both.
    fn restated(&self, before: Option<Money>) -> Result<Money, Problem> {
        let before = before
            .ok_or_else(|| missing("amount", "give the amount together with its currency or tax basis"))?;
        if self.currency.as_ref().is_some_and(|code| !code.eq_ignore_ascii_case(before.currency.code())) {
            return Err(missing("amount", "give the amount together with its new currency"));
        }
        Ok(Money { tax: self.tax.unwrap_or(before.tax), ..before })
    }

    /// `None`: not sent; `Some(None)`: no amount.
    fn amount(&self, currency: Currency, tax: TaxBasis) -> Result<Option<Option<Money>>, Problem> {
        match (&self.amount, self.no_amount) {
            (Some(_), true) => Err(Problem::invalid("amount: give an amount or no_amount, not both")),
            (None, true) => Ok(Some(None)),
            (None, false) => Ok(None),
            (Some(text), false) => {
                let currency = match &self.currency {
                    Some(code) => read("currency", code.trim().parse::<Currency>())?,
                    None => currency,
                };
                let minor = read("amount", amount::parse_minor(text, currency))?;
                Ok(Some(Some(Money { minor, currency, tax: self.tax.unwrap_or(tax) })))
            }
        }
    }

    fn corporate_number(&self) -> Result<Option<Option<String>>, Problem> {
        let Some(text) = &self.corporate_number else { return Ok(None) };
        let number = non_empty(text).map(|text| read("corporate_number", normalize_corporate_number(&text)));
        number.transpose().map(Some)
    }

    fn invoice_number(&self) -> Result<Option<Option<String>>, Problem> {
        let Some(text) = &self.invoice_number else { return Ok(None) };
        let number = non_empty(text).map(|text| read("invoice_number", normalize_invoice_number(&text)));
        number.transpose().map(Some)
    }
}

fn optional_date(
    field: &'static str,
    text: &Option<String>,
) -> Result<Option<Option<chrono::NaiveDate>>, Problem> {
    let Some(text) = text else { return Ok(None) };
    non_empty(text).map(|text| read(field, date::parse_date(&text))).transpose().map(Some)
}

fn optional_span(field: &'static str, text: &Option<String>) -> Result<Option<Option<Span>>, Problem> {
    let Some(text) = text else { return Ok(None) };
    non_empty(text).map(|text| read(field, text.parse::<Span>())).transpose().map(Some)
}

fn optional_text(text: &Option<String>) -> Option<Option<String>> {
    text.as_deref().map(non_empty)
}

fn non_empty(text: &str) -> Option<String> {
    if text.trim().is_empty() { None } else { Some(text.to_owned()) }
}

fn read<T, E: Into<EntryError>>(field: &'static str, result: Result<T, E>) -> Result<T, Problem> {
    result.map_err(|error| ArchiveError::Entry(Entry::of(field, error)).into())
}

fn missing(field: &str, advice: &str) -> Problem {
    Problem::invalid(format!("{field} is missing: {advice}"))
}
