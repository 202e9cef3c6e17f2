//! How long it takes to decide again about every record of a large archive, when a policy or a calendar has changed.
//!
//! Ten million records that differ in class, dates, entity and events, with the policies in force from the start and two
//! former ones; one thread. The goal is 20 processor seconds. `cargo bench --bench retention -- 1000000` takes another number of records.

mod support;

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use shosoin::retention::{
    Calendar, Facts, FiscalYear, Former, Schedule, available, decide, retain_until, shipped,
};
use support::processor_seconds;

const RECORDS: u64 = 10_000_000;
/// The whole decision, with its words, is asked for one record at a time: a smaller number shows enough.
const EXPLAINED: u64 = 200_000;
const CLASSES: [&str; 6] = ["contract", "invoice", "receipt", "order", "construction_contract", "nda"];

fn main() {
    let records = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(RECORDS);
    let calendar = calendar();
    let schedule = schedule();
    let known = BTreeMap::from([("引渡日".to_string(), "2026-03-31".to_string())]);
    let unknown = BTreeMap::new();
    let begin = processor_seconds();
    let mut without_end = 0u64;
    for number in 0..records {
        let custom = if number.is_multiple_of(7) { &unknown } else { &known };
        let until = retain_until(&facts(number, custom), &calendar, schedule.applying(Some(number)));
        without_end += u64::from(until.is_none());
    }
    let seconds = processor_seconds() - begin;
    println!("decided {records} records in {seconds:.2} processor seconds ({without_end} without an end)");
    println!("{:.0} ns a record", seconds * 1e9 / records as f64);

    let today = day("2026-11-01");
    let begin = processor_seconds();
    let reasons: usize = (0..EXPLAINED)
        .map(|number| decide(&facts(number, &known), &calendar, schedule.applying(Some(number)), today))
        .map(|decision| decision.reasons.len())
        .sum();
    let each = (processor_seconds() - begin) * 1e9 / EXPLAINED as f64;
    println!("{each:.0} ns a decision with all its words ({reasons} reasons)");
}

/// Policies in force, construction and the filing deadline among them, and two that were in force for the first half.
fn schedule() -> Schedule {
    let mut current = shipped().expect("the shipped policies are valid");
    let chosen = ["jp-construction", "jp-corporation-tax-deadline"];
    let more = available().expect("the shipped policies are valid").into_iter();
    let (add, rest): (Vec<_>, Vec<_>) = more.partition(|policy| chosen.contains(&policy.id.as_str()));
    current.extend(add);
    let gone = rest.into_iter().filter(|policy| policy.id.starts_with("jp-individual-blue"));
    Schedule::new(current, gone.map(|policy| Former { policy, until: RECORDS / 2 }).collect())
}

/// Twenty explicit years, a short one and loss years among them, and the rule for the days they leave open.
fn calendar() -> Calendar {
    let mut settings =
        Calendar::of_rule("03-31".parse().expect("a year end"), 0).expect("a calendar").settings().clone();
    settings.fiscal_years = (2010..2030)
        .map(|year| FiscalYear {
            start: day(&format!("{year}-04-01")),
            end: day(&format!("{}-03-31", year + 1)),
            filing_extension_months: u8::from(year % 3 == 0),
            loss: year % 4 == 0,
        })
        .collect();
    Calendar::new(settings).expect("a calendar")
}

fn facts(number: u64, custom: &BTreeMap<String, String>) -> Facts<'_> {
    let date = day("2005-01-01") + Days::new(number * 7 % 9_000);
    let class = CLASSES[number as usize % CLASSES.len()];
    let received_on = number.is_multiple_of(3).then(|| date + Days::new(number % 40));
    let signed_on = number.is_multiple_of(5).then(|| date + Days::new(number % 9));
    Facts { entity: "ours", received_on, signed_on, custom: Some(custom), ..Facts::of(class, date) }
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day of the calendar")
}
