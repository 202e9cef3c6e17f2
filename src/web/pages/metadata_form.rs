//! The fields of a record as a form: what was typed, what is wrong with it, what it means.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::errors::Errors;
use super::text::text;
use super::words;
use crate::record::amount::{format_minor, parse_minor};
use crate::record::counterparty::{normalize_corporate_number, normalize_invoice_number};
use crate::record::date::parse_date;
use crate::record::{Currency, Metadata, Span, TaxBasis};
use crate::retention::{KNOWN_CLASSES, Lang, class_label};
use crate::web::api::input::MetadataInput;

/// Names of the fields; anything else in a request is left alone.
const FIELDS: [&str; 18] = [
    "entity",
    "date",
    "signed_on",
    "effective_from",
    "ends_on",
    "notice_period",
    "renews_every",
    "received_on",
    "counterparty",
    "corporate_number",
    "invoice_number",
    "amount",
    "no_amount",
    "currency",
    "tax",
    "class",
    "title",
    "number",
];

/// What stands in the fields.
#[derive(Clone, Debug, Default)]
pub struct MetadataForm {
    values: BTreeMap<&'static str, String>,
    pub errors: Errors,
}

impl MetadataForm {
    /// The fields of a record as they are.
    pub fn of(metadata: &Metadata) -> Self {
        let mut form = Self::default();
        let optional = [
            ("signed_on", metadata.signed_on),
            ("effective_from", metadata.effective_from),
            ("ends_on", metadata.ends_on),
            ("received_on", metadata.received_on),
        ];
        for (name, day) in optional {
            form.set(name, day.map(|day| day.to_string()).unwrap_or_default());
        }
        let spans = [("notice_period", metadata.notice_period), ("renews_every", metadata.renews_every)];
        for (name, span) in spans {
            form.set(name, span.map(Span::ja).unwrap_or_default());
        }
        form.set("date", metadata.transaction_date);
        form.set("counterparty", &metadata.counterparty.name);
        form.set("corporate_number", metadata.counterparty.corporate_number.as_deref().unwrap_or_default());
        form.set("invoice_number", metadata.counterparty.invoice_number.as_deref().unwrap_or_default());
        form.set("class", &metadata.class);
        form.set("title", metadata.title.as_deref().unwrap_or_default());
        form.set("number", metadata.number.as_deref().unwrap_or_default());
        match metadata.amount {
            None => form.set("no_amount", "true"),
            Some(money) => {
                form.set("amount", format_minor(money.minor, money.currency));
                form.set("currency", money.currency);
                form.set("tax", tax_code(money.tax));
            }
        }
        form
    }

    /// The fields of a request whose names begin with `prefix`.
    pub fn read<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>, prefix: &str) -> Self {
        let mut form = Self::default();
        for (name, value) in pairs {
            if let Some(name) = name.strip_prefix(prefix) {
                form.set(name, value);
            }
        }
        form
    }

    /// Fills a field; an unknown name is left alone. Line breaks go: a field is one line, and the browser sends
    /// hidden and shown fields with different ones.
    pub fn set(&mut self, name: &str, value: impl Display) {
        if let Some(name) = FIELDS.iter().find(|field| **field == name) {
            self.values.insert(name, value.to_string().replace(['\r', '\n'], ""));
        }
    }

    /// Fills a field that is empty.
    pub fn suggest(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value
            && self.value(name).trim().is_empty()
        {
            self.set(name, value);
        }
    }

    /// What stands in a field.
    pub fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// The message beside a field.
    pub fn error(&self, name: &str) -> Option<&str> {
        self.errors.get(name)
    }

    /// Looks at every field by itself.
    pub fn check(&mut self, default_currency: Currency, lang: Lang) {
        let t = text(lang);
        let mut errors = Errors::default();
        for name in ["date", "signed_on", "effective_from", "ends_on", "received_on"] {
            if let Some(Err(error)) = self.given(name).map(parse_date) {
                errors.add(name, words::date(&error, lang));
            }
        }
        for name in ["notice_period", "renews_every"] {
            if let Some(Err(_)) = self.given(name).map(str::parse::<Span>) {
                errors.add(name, t.field_span_wrong);
            }
        }
        if self.given("date").is_none() {
            errors.add("date", t.field_date_missing);
        }
        if self.given("counterparty").is_none() {
            errors.add("counterparty", t.field_party_missing);
        }
        if let Some(Err(error)) = self.given("corporate_number").map(normalize_corporate_number) {
            errors.add("corporate_number", words::number(&error, lang));
        }
        if let Some(Err(error)) = self.given("invoice_number").map(normalize_invoice_number) {
            errors.add("invoice_number", words::number(&error, lang));
        }
        self.check_amount(default_currency, lang, &mut errors);
        self.errors = errors;
    }

    fn check_amount(&self, default_currency: Currency, lang: Lang, errors: &mut Errors) {
        let currency = match self.given("currency").map(str::parse::<Currency>) {
            None => default_currency,
            Some(Ok(currency)) => currency,
            Some(Err(error)) => return errors.add("currency", error.to_string()),
        };
        match (self.given("amount"), self.no_amount()) {
            (None, true) => {}
            (None, false) => errors.add("amount", text(lang).field_amount_missing),
            (Some(_), true) => errors.add("amount", text(lang).amount_contradiction),
            (Some(amount), false) => {
                if let Err(error) = parse_minor(amount, currency) {
                    errors.add("amount", words::amount(&error, lang));
                }
            }
        }
    }

    /// Metadata of a deposit: every field that is filled.
    pub fn input(&self) -> MetadataInput {
        let text = |name: &str| self.given(name).map(|_| self.value(name).to_owned());
        MetadataInput {
            entity: text("entity"),
            date: text("date"),
            signed_on: text("signed_on"),
            effective_from: text("effective_from"),
            ends_on: text("ends_on"),
            notice_period: text("notice_period"),
            renews_every: text("renews_every"),
            received_on: text("received_on"),
            counterparty: text("counterparty"),
            corporate_number: text("corporate_number"),
            invoice_number: text("invoice_number"),
            amount: text("amount"),
            no_amount: self.no_amount(),
            currency: text("currency"),
            tax: self.given("tax").map(tax_basis),
            class: text("class"),
            title: text("title"),
            number: text("number"),
            ..MetadataInput::default()
        }
    }

    /// A correction: only the fields that differ from what the page had shown.
    pub fn changes_from(&self, shown: &Self) -> MetadataInput {
        let differs = |name: &str| self.value(name) != shown.value(name);
        let changed = |name: &str| differs(name).then(|| self.value(name).to_owned());
        let mut input = MetadataInput {
            date: changed("date"),
            signed_on: changed("signed_on"),
            effective_from: changed("effective_from"),
            ends_on: changed("ends_on"),
            notice_period: changed("notice_period"),
            renews_every: changed("renews_every"),
            received_on: changed("received_on"),
            counterparty: changed("counterparty"),
            corporate_number: changed("corporate_number"),
            invoice_number: changed("invoice_number"),
            class: changed("class"),
            title: changed("title"),
            number: changed("number"),
            ..MetadataInput::default()
        };
        // The same digits in another currency are another amount, so they go together.
        if self.no_amount() {
            input.no_amount = !shown.no_amount();
        } else {
            if ["amount", "no_amount", "currency"].into_iter().any(differs) {
                input.amount = Some(self.value("amount").to_owned());
                input.currency = self.given("currency").map(str::to_owned);
            }
            input.tax = changed("tax").map(|tax| tax_basis(&tax));
        }
        input
    }

    /// The classes to choose from: the known ones, and the one that stands there if it is not among them.
    pub fn classes(&self, lang: Lang) -> Vec<(String, String)> {
        let own = self.given("class").filter(|own| KNOWN_CLASSES.iter().all(|(id, _, _)| id != own));
        let ids = KNOWN_CLASSES.iter().map(|(id, _, _)| *id).chain(own);
        ids.map(|id| (id.to_owned(), class_label(id, lang).to_owned())).collect()
    }

    pub fn no_amount(&self) -> bool {
        self.given("no_amount").is_some()
    }

    /// What stands in the fields, for the hidden copy that a correction is compared with.
    pub fn pairs(&self) -> Vec<(&'static str, &str)> {
        self.values.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    fn given(&self, name: &str) -> Option<&str> {
        Some(self.value(name).trim()).filter(|text| !text.is_empty())
    }
}

fn tax_code(tax: TaxBasis) -> &'static str {
    match tax {
        TaxBasis::Included => "included",
        TaxBasis::Excluded => "excluded",
        TaxBasis::None => "none",
        TaxBasis::Unknown => "unknown",
    }
}

fn tax_basis(code: &str) -> TaxBasis {
    match code {
        "included" => TaxBasis::Included,
        "excluded" => TaxBasis::Excluded,
        "none" => TaxBasis::None,
        _ => TaxBasis::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: [(&str, &str); 6] = [
        ("date", "2026-02-01"),
        ("counterparty", "㈱国税商事"),
        ("amount", "1,100,000"),
        ("currency", "JPY"),
        ("title", "業務委託基本契約書"),
        ("class", "contract"),
    ];

    fn shown() -> MetadataForm {
        MetadataForm::read(SHOWN, "")
    }

    #[test]
    fn a_correction_sends_only_what_differs() {
        let mut now = shown();
        assert_eq!(now.changes_from(&shown()), MetadataInput::default());
        now.set("title", "");
        now.set("amount", "1,210,000");
        let input = now.changes_from(&shown());
        assert_eq!((input.title.as_deref(), input.amount.as_deref()), (Some(""), Some("1,210,000")));
        assert!(input.date.is_none() && input.counterparty.is_none() && !input.no_amount);
    }

    #[test]
    fn no_amount_is_chosen_and_never_the_meaning_of_an_empty_box() {
        let mut now = shown();
        now.set("amount", "");
        now.check(Currency::JPY, Lang::Ja);
        assert_eq!(now.error("amount"), Some(text(Lang::Ja).field_amount_missing));
        now.set("no_amount", "true");
        now.check(Currency::JPY, Lang::Ja);
        assert_eq!(now.error("amount"), None);
        assert!(now.changes_from(&shown()).no_amount);
    }

    #[test]
    fn every_field_has_its_own_message() {
        let form =
            [("date", "2026-13-01"), ("amount", "1,10"), ("corporate_number", "123"), ("no_amount", "")];
        let mut form = MetadataForm::read(form, "");
        form.check(Currency::JPY, Lang::En);
        for name in ["date", "amount", "corporate_number", "counterparty"] {
            assert!(form.error(name).is_some(), "{name}");
        }
    }

    #[test]
    fn unknown_names_are_left_alone() {
        let form =
            MetadataForm::read([("was_date", "2026-02-01"), ("was_custom", "x"), ("date", "2")], "was_");
        assert_eq!(form.pairs(), [("date", "2026-02-01")]);
    }
}
