//! What the engine's tests about keeping and destroying share: an archive with clocks that the test turns, and people.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, NaiveDate, Utc};
use tempfile::TempDir;

use super::{
    Archive, Clock, Deposit, Options, Principal, Receipt, Role, Scope, TrustedClock, TrustedTime, create,
};
use crate::record::Metadata;

/// The machine's clock and the newest token's time, both in the hands of the test.
#[derive(Default)]
pub struct Times {
    pub machine: Mutex<DateTime<Utc>>,
    pub token: Mutex<Option<DateTime<Utc>>>,
}

impl Clock for Times {
    fn now(&self) -> DateTime<Utc> {
        *self.machine.lock().unwrap()
    }
}

impl TrustedClock for Times {
    fn newest(&self) -> Option<TrustedTime> {
        let time = (*self.token.lock().unwrap())?;
        Some(TrustedTime { time, proof: "a token of the test".into() })
    }
}

/// A new archive in a directory of its own.
pub struct Place {
    pub home: TempDir,
    pub times: Arc<Times>,
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn noon(date: &str) -> DateTime<Utc> {
    format!("{date}T03:00:00Z").parse().unwrap()
}

pub fn manager() -> Principal {
    Principal::new("mori", [Role::Manager], Scope::Everything)
}

pub fn approver() -> Principal {
    Principal::new("abe", [Role::Approver], Scope::Everything)
}

pub fn owner() -> Principal {
    Principal::built_in("admin")
}

impl Place {
    /// An archive on 22 November 2026, with a token of that day.
    pub fn new() -> Self {
        let home = TempDir::new().unwrap();
        create(&home.path().join("archive")).unwrap();
        let times = Arc::new(Times::default());
        let place = Self { home, times };
        place.set("2026-11-22", Some("2026-11-22"));
        place
    }

    pub fn set(&self, machine: &str, token: Option<&str>) {
        *self.times.machine.lock().unwrap() = noon(machine);
        *self.times.token.lock().unwrap() = token.map(noon);
    }

    pub fn data(&self) -> PathBuf {
        self.home.path().join("archive")
    }

    pub fn open(&self) -> Archive {
        let trusted_clock: Arc<dyn TrustedClock> = self.times.clone();
        let trusted_clock = Some(trusted_clock);
        let options = Options { clock: self.times.clone(), trusted_clock, ..Options::default() };
        Archive::open(&self.data(), options).unwrap()
    }

    /// Whether some file of the archive holds these bytes.
    pub fn holds(&self, bytes: &[u8]) -> bool {
        files(&self.data()).iter().any(|path| contains(&fs::read(path).unwrap_or_default(), bytes))
    }
}

/// Deposits a document of a class and day.
pub fn deposit(archive: &Archive, class: &str, date: &str, content: &str) -> Receipt {
    deposit_with(archive, class, date, content, &[])
}

pub fn deposit_with(
    archive: &Archive,
    class: &str,
    date: &str,
    content: &str,
    custom: &[(&str, &str)],
) -> Receipt {
    let custom: serde_json::Map<_, _> = custom.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    let metadata: Metadata = serde_json::from_value(serde_json::json!({
        "entity": archive.config().entities[0].name, "class": class, "transaction_date": date,
        "counterparty": { "name": "株式会社国税商事" }, "custom": custom,
    }))
    .unwrap();
    archive.deposit(&owner(), Deposit { bytes: content.as_bytes().to_vec(), metadata }).unwrap()
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
