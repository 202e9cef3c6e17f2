//! The search form: what was typed, what is wrong with it, and the search that it means.

use serde::Deserialize;

use super::errors::Errors;
use super::link;
use super::text::{Text, text};
use super::words;
use crate::archive::SearchRequest;
use crate::record::{Currency, DateRange, amount};
use crate::retention::{KNOWN_CLASSES, Lang, class_label};

/// Hits on a page unless somebody chooses otherwise.
const DEFAULT_LIMIT: usize = 50;
/// What can be chosen; the largest is for printing.
pub const LIMITS: [&str; 3] = ["50", "200", "1000"];

/// The fields as they stand in the address, so that a search can be bookmarked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct SearchForm {
    pub date_from: String,
    pub date_to: String,
    pub amount_from: String,
    pub amount_to: String,
    pub no_amount: String,
    pub currency: String,
    pub counterparty: String,
    pub text: String,
    pub class: String,
    pub number: String,
    pub entity: String,
    pub withdrawn: String,
    pub versions: String,
    pub sort: String,
    pub limit: String,
    pub after: String,
}

impl SearchForm {
    /// Nobody has searched yet: the page was opened by its bare address.
    pub fn is_first_visit(&self) -> bool {
        self.pairs().iter().all(|(_, value)| value.trim().is_empty())
    }

    /// A condition that only "more conditions" shows is in force.
    pub fn has_more_conditions(&self) -> bool {
        let hidden = [&self.number, &self.entity, &self.withdrawn, &self.versions, &self.currency];
        let resorted =
            !matches!(self.sort.as_str(), "" | "-date") || !matches!(self.limit.as_str(), "" | "50");
        resorted || hidden.iter().any(|value| !value.trim().is_empty())
    }

    /// Some amount is asked for, so records without one are left out.
    pub fn asks_for_amount(&self) -> bool {
        !(self.amount_from.trim().is_empty() && self.amount_to.trim().is_empty())
    }

    /// The search as the engine takes it.
    pub fn request(&self) -> SearchRequest {
        let first_visit = self.is_first_visit();
        SearchRequest {
            date: range(&self.date_from, &self.date_to),
            amount: range(&self.amount_from, &self.amount_to),
            no_amount: !self.no_amount.is_empty(),
            currency: given(&self.currency),
            counterparty: given(&self.counterparty),
            text: given(&self.text),
            class: given(&self.class).map(|class| class_id(&class)),
            number: given(&self.number),
            entity: given(&self.entity),
            withdrawn: given(&self.withdrawn),
            versions: given(&self.versions),
            sort: if first_visit { Some("-deposited".into()) } else { given(&self.sort) },
            // A limit that is no number is refused by the engine like one that is out of range.
            limit: Some(given(&self.limit).map_or(DEFAULT_LIMIT, |limit| limit.parse().unwrap_or(0))),
            after: given(&self.after),
        }
    }

    /// What cannot be read, beside the field where it stands.
    pub fn errors(&self, default_currency: Currency, lang: Lang) -> Errors {
        let mut errors = Errors::default();
        if let Some(Err(error)) =
            range(&self.date_from, &self.date_to).map(|range| range.parse::<DateRange>())
        {
            errors.add("date", words::date(&error, lang));
        }
        let currency = match given(&self.currency).map(|code| code.parse::<Currency>()) {
            Some(Err(error)) => {
                errors.add("currency", error.to_string());
                default_currency
            }
            Some(Ok(currency)) => currency,
            None => default_currency,
        };
        if let Some(range) = range(&self.amount_from, &self.amount_to) {
            match amount::parse_range(&range, currency) {
                Err(error) => errors.add("amount", words::amount(&error, lang)),
                Ok(_) if !self.no_amount.is_empty() => errors.add("amount", text(lang).amount_contradiction),
                Ok(_) => {}
            }
        }
        errors
    }

    /// Address of the next page of the same search.
    pub fn next_page(&self, after: &str) -> String {
        let sort = self.request().sort.unwrap_or_default();
        let form = Self { after: after.to_owned(), sort, ..self.clone() };
        form.address()
    }

    /// Address of the first page.
    pub fn first_page(&self) -> String {
        Self { after: String::new(), ..self.clone() }.address()
    }

    /// The same search for records that state no amount.
    pub fn without_amount(&self) -> String {
        let blank = String::new;
        let form = Self {
            amount_from: blank(),
            amount_to: blank(),
            currency: blank(),
            no_amount: "true".into(),
            after: blank(),
            ..self.clone()
        };
        form.address()
    }

    /// Address of all hits as an index book.
    pub fn index_book(&self) -> String {
        let SearchRequest {
            date,
            amount,
            no_amount,
            currency,
            counterparty,
            text,
            class,
            number,
            entity,
            ..
        } = self.request();
        let no_amount = if no_amount { "true" } else { "" };
        let sort = self.request().sort;
        let or_blank = |value: &Option<String>| value.clone().unwrap_or_default();
        let owned = [
            ("date", or_blank(&date)),
            ("amount", or_blank(&amount)),
            ("no_amount", no_amount.to_owned()),
            ("currency", or_blank(&currency)),
            ("counterparty", or_blank(&counterparty)),
            ("text", or_blank(&text)),
            ("class", or_blank(&class)),
            ("number", or_blank(&number)),
            ("entity", or_blank(&entity)),
            ("withdrawn", self.withdrawn.clone()),
            ("versions", self.versions.clone()),
            ("sort", or_blank(&sort)),
        ];
        link::with_query(
            "/api/v1/records.csv",
            &link::query(owned.iter().map(|(name, value)| (*name, value.as_str()))),
        )
    }

    /// The class as people call it.
    pub fn class_shown(&self, lang: Lang) -> &str {
        class_label(&self.class, lang)
    }

    /// The conditions in words, for the printed list.
    pub fn conditions(&self, lang: Lang) -> Vec<(&'static str, String)> {
        let t = text(lang);
        let span = |from: &str, to: &str| range(from, to).map(|_| format!("{} – {}", from.trim(), to.trim()));
        let all = [
            (t.date, span(&self.date_from, &self.date_to)),
            (t.amount, span(&self.amount_from, &self.amount_to)),
            (t.no_amount, given(&self.no_amount).map(|_| t.yes.to_owned())),
            (t.currency, given(&self.currency)),
            (t.counterparty, given(&self.counterparty)),
            (t.text, given(&self.text)),
            (t.class, given(&self.class).map(|_| self.class_shown(lang).to_owned())),
            (t.number, given(&self.number)),
            (t.entity, given(&self.entity)),
            (t.withdrawn, given(&self.withdrawn).map(|value| withdrawn_label(&value, t).to_owned())),
            (t.old_versions, given(&self.versions).map(|_| t.yes.to_owned())),
        ];
        all.into_iter().filter_map(|(label, value)| Some((label, value?))).collect()
    }

    fn address(&self) -> String {
        link::with_query("/", &link::query(self.pairs()))
    }

    fn pairs(&self) -> [(&'static str, &str); 16] {
        [
            ("date_from", &self.date_from),
            ("date_to", &self.date_to),
            ("amount_from", &self.amount_from),
            ("amount_to", &self.amount_to),
            ("no_amount", &self.no_amount),
            ("currency", &self.currency),
            ("counterparty", &self.counterparty),
            ("text", &self.text),
            ("class", &self.class),
            ("number", &self.number),
            ("entity", &self.entity),
            ("withdrawn", &self.withdrawn),
            ("versions", &self.versions),
            ("sort", &self.sort),
            ("limit", &self.limit),
            ("after", &self.after),
        ]
    }
}

/// Ways to sort, as value and label.
pub fn sorts(t: &'static Text) -> [(&'static str, &'static str); 7] {
    [
        ("-date", t.sort_date_desc),
        ("date", t.sort_date_asc),
        ("-amount", t.sort_amount_desc),
        ("amount", t.sort_amount_asc),
        ("counterparty", t.sort_party),
        ("-deposited", t.sort_deposited_desc),
        ("deposited", t.sort_deposited_asc),
    ]
}

/// A class by whatever people call it: `契約書` and `contract` are the same; others are taken as written.
pub fn class_id(typed: &str) -> String {
    let typed = typed.trim();
    let known = KNOWN_CLASSES.iter().find(|(id, ja, en)| [*id, *ja, *en].contains(&typed));
    known.map_or(typed, |(id, _, _)| id).to_owned()
}

fn withdrawn_label(value: &str, t: &'static Text) -> &'static str {
    match value {
        "only" => t.withdrawn_only,
        "include" => t.withdrawn_include,
        _ => t.withdrawn_exclude,
    }
}

/// `A..B` from two boxes; the same day in both is that day.
fn range(from: &str, to: &str) -> Option<String> {
    let (from, to) = (from.trim(), to.trim());
    if from.is_empty() && to.is_empty() { None } else { Some(format!("{from}..{to}")) }
}

fn given(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() { None } else { Some(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_boxes_make_one_range_open_where_empty() {
        let form = SearchForm {
            date_from: "令和8年2月1日".into(),
            amount_to: " 110万円 ".into(),
            ..Default::default()
        };
        let request = form.request();
        assert_eq!(request.date.as_deref(), Some("令和8年2月1日.."));
        assert_eq!(request.amount.as_deref(), Some("..110万円"));
        assert!(form.errors(Currency::JPY, Lang::Ja).is_empty());
        assert!(request.query(Currency::JPY).is_ok());
    }

    #[test]
    fn the_bare_address_shows_the_newest_deposits() {
        let form = SearchForm::default();
        assert!(form.is_first_visit());
        assert_eq!(form.request().sort.as_deref(), Some("-deposited"));
        assert!(!SearchForm { sort: "-date".into(), ..form }.is_first_visit());
    }

    #[test]
    fn what_is_wrong_is_said_beside_its_field() {
        let form = SearchForm {
            date_from: "2026-02-30".into(),
            amount_from: "100".into(),
            no_amount: "true".into(),
            ..Default::default()
        };
        let errors = form.errors(Currency::JPY, Lang::Ja);
        assert!(errors.get("date").is_some_and(|message| message.contains("暦にありません")));
        assert_eq!(errors.get("amount"), Some(text(Lang::Ja).amount_contradiction));
    }

    #[test]
    fn links_carry_the_conditions() {
        let form = SearchForm {
            date_from: "2026".into(),
            amount_from: "1".into(),
            sort: "-date".into(),
            ..Default::default()
        };
        assert_eq!(form.index_book(), "/api/v1/records.csv?date=2026..&amount=1..&sort=-date");
        assert_eq!(form.without_amount(), "/?date_from=2026&no_amount=true&sort=-date");
        assert_eq!(form.next_page("c1"), "/?date_from=2026&amount_from=1&sort=-date&after=c1");
    }

    #[test]
    fn a_class_is_known_by_its_name_in_either_language() {
        assert_eq!(
            [class_id("契約書"), class_id("contract"), class_id(" nda ")],
            ["contract", "contract", "nda"]
        );
    }
}
