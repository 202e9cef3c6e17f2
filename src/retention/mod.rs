//! How long records must be kept, and why: policies, fiscal calendars, and the pure decision over both.
//!
//! Nothing here reads a file or a clock, and nothing here destroys anything. A policy is one TOML file, refused unless
//! its own worked examples come out (`policy`); a legal entity has a table of fiscal years (`calendar`); [`decide`]
//! returns the latest date of all matching policies with the law, article and trigger of each. What is not known
//! means no expiry.

pub mod calendar;
pub mod classes;
mod day;
pub mod deadline;
pub mod decide;
pub mod decision;
pub mod error;
pub mod events;
pub mod example;
pub mod facts;
pub mod period;
mod place;
pub mod policy;
pub mod renewal;
mod schedule;
pub mod shipped;
mod stamp_window;
pub mod text;
pub mod trigger;
mod trigger_words;
pub mod words;
pub mod year_end;

pub use calendar::{Calendar, CalendarSettings, FiscalYear, Gap};
pub use classes::{Classes, KNOWN_CLASSES, class_label, class_named};
pub use deadline::{RestDays, filing_deadline};
pub use decide::{decide, latest_known, mode, retain_until};
pub use decision::{Decision, Outcome, Reason};
pub use error::{CalendarError, PolicyError, PolicyProblem};
pub use events::{CONTRACT_END, KNOWN_EVENTS, event_label};
pub use facts::Facts;
pub use policy::{Policy, parse_all};
pub use renewal::{Term, present_term, refuse_by, terms};
pub use schedule::{Applying, Former, Schedule};
pub use shipped::{AVAILABLE, SHIPPED, available, shipped};
pub use stamp_window::{StampWindow, WorkingCalendar, stamp_by};
pub use text::{Lang, Text};
pub use trigger::{Condition, Mode, Period, Trigger};
pub use words::sentence;
pub use year_end::YearEnd;

/// JSON Schema of a policy file, as kept in `schema/retention-policy.schema.json`.
#[must_use]
pub fn policy_schema() -> schemars::Schema {
    schemars::schema_for!(Policy)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_schema_file_is_the_schema_of_the_code() {
        let file = include_str!("../../schema/retention-policy.schema.json");
        let file: serde_json::Value = serde_json::from_str(file).unwrap();
        assert_eq!(file, super::policy_schema().to_value(), "write the file again from policy_schema()");
    }
}
