//! The worked examples of a policy file: a case, and the days that a person has calculated for it.

use std::collections::BTreeMap;

use chrono::{Months, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::calendar::{Calendar, FiscalYear};
use super::classes::Classes;
use super::day;
use super::decide::retain_until_by;
use super::error::{CalendarError, PolicyProblem as Problem};
use super::facts::Facts;
use super::policy::Policy;

/// One worked example. Its policy alone must give exactly `start` and `retain_until`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What the example shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shows: Option<String>,
    /// Document class; by default the first that the policy lists, else `contract`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Day of the transaction.
    #[serde(deserialize_with = "day::one")]
    pub transaction_date: NaiveDate,
    /// Day on which the last party signed.
    #[serde(default, deserialize_with = "day::maybe", skip_serializing_if = "Option::is_none")]
    pub signed_on: Option<NaiveDate>,
    /// Day on which the document was received.
    #[serde(default, deserialize_with = "day::maybe", skip_serializing_if = "Option::is_none")]
    pub received_on: Option<NaiveDate>,
    /// Days of events, by their names: `events = { hand_over = 2026-03-31 }`.
    #[serde(default, deserialize_with = "day::map", skip_serializing_if = "BTreeMap::is_empty")]
    pub events: BTreeMap<String, NaiveDate>,
    /// First day of the fiscal year; by default it has twelve months.
    #[serde(default, deserialize_with = "day::maybe", skip_serializing_if = "Option::is_none")]
    pub fiscal_year_start: Option<NaiveDate>,
    /// Last day of the fiscal year; absent where the example has none.
    #[serde(default, deserialize_with = "day::maybe", skip_serializing_if = "Option::is_none")]
    pub fiscal_year_end: Option<NaiveDate>,
    /// Filing extension of the year in months.
    #[serde(default)]
    pub filing_extension_months: u8,
    /// Whether the year made a tax loss.
    #[serde(default)]
    pub loss: bool,
    /// Whether the policy asks for this document at all.
    #[serde(default = "yes")]
    pub applies: bool,
    /// Expected first day of the period; absent where there is none.
    #[serde(default, deserialize_with = "day::maybe", skip_serializing_if = "Option::is_none")]
    pub start: Option<NaiveDate>,
    /// Expected last day, inclusive; absent where no expiry is known.
    #[serde(default, deserialize_with = "day::maybe", skip_serializing_if = "Option::is_none")]
    pub retain_until: Option<NaiveDate>,
}

fn yes() -> bool {
    true
}

impl Example {
    /// Compares the policy with the days worked by hand.
    ///
    /// # Errors
    /// A difference, or a fiscal year that cannot be.
    pub(super) fn check(&self, policy: &Policy) -> Result<(), Problem> {
        let calendar = self.calendar().map_err(Problem::ExampleCalendar)?;
        let class = match (&self.class, &policy.classes) {
            (Some(class), _) => class,
            (None, Classes::Listed(names)) => names.first().map_or("contract", String::as_str),
            (None, Classes::All(_)) => "contract",
        };
        let custom = self.events.iter().map(|(name, date)| (name.clone(), date.to_string())).collect();
        let (signed_on, received_on) = (self.signed_on, self.received_on);
        let entity = policy.entities.first().map_or("", String::as_str);
        let facts = Facts {
            entity,
            signed_on,
            received_on,
            custom: Some(&custom),
            ..Facts::of(class, self.transaction_date)
        };
        let expected = self.applies.then_some((self.start, self.retain_until));
        let found = retain_until_by(&facts, &calendar, policy);
        if expected == found {
            return Ok(());
        }
        Err(Problem::ExampleDiffers { expected: in_words(expected), found: in_words(found) })
    }

    fn calendar(&self) -> Result<Calendar, CalendarError> {
        let Some(end) = self.fiscal_year_end else { return Ok(Calendar::default()) };
        let twelve_months = || end.succ_opt()?.checked_sub_months(Months::new(12));
        let start = self.fiscal_year_start.or_else(twelve_months).unwrap_or(end);
        let filing_extension_months = self.filing_extension_months;
        Calendar::of_years(vec![FiscalYear { start, end, filing_extension_months, loss: self.loss }])
    }
}

fn in_words(outcome: Option<(Option<NaiveDate>, Option<NaiveDate>)>) -> String {
    match outcome {
        None => "that the policy does not apply".to_string(),
        Some((start, Some(until))) => match start {
            Some(start) => format!("{start} to {until}"),
            None => format!("no start, until {until}"),
        },
        Some((Some(start), None)) => format!("{start} without an end"),
        Some((None, None)) => "no expiry".to_string(),
    }
}
