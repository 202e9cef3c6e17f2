//! What the policies want to know of a record.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::events::{CONTRACT_END, event_label};
use super::policy::Policy;
use super::text::Lang;
use crate::record::{Metadata, date};

/// The facts of one record that decide how long it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Which of our own legal entities the record belongs to.
    pub entity: &'a str,
    /// Document class.
    pub class: &'a str,
    /// Classes that the record had before. Their policies go on to count: a change of class can only lengthen.
    pub former_classes: &'a [String],
    /// 取引年月日
    pub transaction_date: NaiveDate,
    /// 契約締結日: when the last party signed.
    pub signed_on: Option<NaiveDate>,
    /// 受領日
    pub received_on: Option<NaiveDate>,
    /// 契約終了日
    pub ends_on: Option<NaiveDate>,
    /// Custom fields, in which the days of other events stand.
    pub custom: Option<&'a BTreeMap<String, String>>,
}

impl<'a> Facts<'a> {
    /// A document of which only class and day are known.
    #[must_use]
    pub fn of(class: &'a str, transaction_date: NaiveDate) -> Self {
        Self {
            entity: "",
            class,
            former_classes: &[],
            transaction_date,
            signed_on: None,
            received_on: None,
            ends_on: None,
            custom: None,
        }
    }

    /// The day of an event: of several places that tell it, the latest; `None` when none does, or when one tells
    /// something that is no day, since nobody then knows.
    #[must_use]
    pub fn event(&self, name: &str) -> Option<NaiveDate> {
        let mut latest = self.ends_on.filter(|_| name == CONTRACT_END);
        let label = event_label(name, Lang::Ja);
        for (key, value) in self.custom.into_iter().flatten() {
            if key == name || key == label {
                latest = latest.max(Some(date::parse_date(value).ok()?));
            }
        }
        latest
    }

    /// Whether `policy` covers the record's entity, and its class or one that it had before.
    pub(super) fn covered_by(&self, policy: &Policy) -> bool {
        policy.covers_entity(self.entity)
            && (policy.covers(self.class) || self.former_classes.iter().any(|class| policy.covers(class)))
    }
}

impl<'a> From<&'a Metadata> for Facts<'a> {
    fn from(metadata: &'a Metadata) -> Self {
        Self {
            entity: &metadata.entity,
            class: &metadata.class,
            former_classes: &[],
            transaction_date: metadata.transaction_date,
            signed_on: metadata.signed_on,
            received_on: metadata.received_on,
            // What renews itself has not ended on its first last day: until somebody says that it did, nobody knows.
            ends_on: metadata.ends_on.filter(|_| metadata.renews_every.is_none()),
            custom: Some(&metadata.custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn an_event_stands_in_a_custom_field_under_its_id_or_its_japanese_name() {
        let custom = BTreeMap::from([("引渡日".to_string(), "令和8年3月31日".to_string())]);
        let facts = Facts { custom: Some(&custom), ..Facts::of("contract", day("2026-02-01")) };
        assert_eq!(facts.event("hand_over"), Some(day("2026-03-31")));
        assert_eq!(facts.event("completion"), None);
    }

    #[test]
    fn of_two_places_the_later_day_counts_and_nonsense_means_unknown() {
        let told = |more: &[(&str, &str)]| -> BTreeMap<String, String> {
            let all = [("contract_end", "2027-01-01")].iter().chain(more);
            all.map(|(key, value)| (key.to_string(), value.to_string())).collect()
        };
        let event = |custom: &BTreeMap<String, String>| {
            let ends_on = Some(day("2026-12-31"));
            Facts { ends_on, custom: Some(custom), ..Facts::of("contract", day("2026-02-01")) }
                .event("contract_end")
        };
        assert_eq!(event(&told(&[])), Some(day("2027-01-01")));
        assert_eq!(event(&told(&[("契約終了日", "soon")])), None);
    }
}
