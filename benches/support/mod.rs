//! What benches share: their arguments, the processors' time, and the metadata of made-up contracts.

#![allow(dead_code, reason = "each bench uses a part of it")]

use std::path::PathBuf;

use shosoin::record::{Counterparty, Currency, Metadata, Money, TaxBasis};

/// The words of the command line: names, each with a value or alone.
pub struct Given(Vec<String>);

impl Given {
    pub fn read() -> Self {
        Self(std::env::args().collect())
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        let at = self.0.iter().position(|word| word == name)?;
        self.0.get(at + 1).map(String::as_str)
    }

    pub fn number(&self, name: &str, default: u64) -> u64 {
        self.text(name).map_or(default, |text| text.parse().expect("a number"))
    }

    pub fn rounds(&self, default: u64) -> u32 {
        u32::try_from(self.number("--rounds", default)).expect("a small number")
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|word| word == name)
    }

    /// Where to work: `--data`, or the system's directory for temporary files.
    pub fn data(&self) -> PathBuf {
        self.text("--data").map_or_else(std::env::temp_dir, PathBuf::from)
    }
}

/// Seconds that all processors worked for this process so far: fields 14 and 15 of `proc_pid_stat(5)`, in hundredths.
pub fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux says how long a process has worked");
    let fields = stat.rsplit(')').next().expect("a name in parentheses").split_whitespace();
    fields.skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("a number")).sum::<f64>() / 100.0
}

/// Metadata of the contract with this number: a day of 2026, one of a thousand counterparties.
pub fn metadata(number: u64) -> Metadata {
    let day = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date");
    Metadata {
        entity: "本社".into(),
        transaction_date: day + chrono::Days::new(number % 365),
        signed_on: None,
        effective_from: None,
        ends_on: None,
        notice_period: None,
        renews_every: None,
        received_on: None,
        counterparty: Counterparty::named(format!("株式会社見本{}", number % 1_000)),
        amount: Some(Money { minor: number as i64, currency: Currency::JPY, tax: TaxBasis::Unknown }),
        class: "contract".into(),
        title: None,
        number: None,
        file_name: None,
        custom: Default::default(),
    }
}
