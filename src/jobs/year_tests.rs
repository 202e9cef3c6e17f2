//! A year of an archive under a fake clock, fifty contracts a day, destructions, backups by the schedule; then the machine
//! is lost, and every tier gives back what it must.

#[cfg(test)]
#[path = "year_lost_tests.rs"]
mod lost;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tempfile::TempDir;

use super::Runner;
use crate::archive::testing::{Times, approver, manager, owner};
use crate::archive::{Archive, Deposit, JobOutcome, Options, PlanRequest, TrustedClock, create};
use crate::backup::Tier;
use crate::record::{Digest, Metadata, RecordId};

/// The first day. The yearly generation is made on 1 February, so that half of the year comes after it.
const FIRST: &str = "2026-08-01";
const DAYS: u64 = 365;
/// Contracts deposited each day; of them so many are long past their retention period.
const PER_DAY: usize = 50;
const PER_DAY_OLD: usize = 5;
/// Threads that deposit and read: the committer writes what they hand in at the same time as one group.
const PEOPLE: usize = 50;
/// Jobs about other things than backups are off: they would read the whole archive again, some every night.
const SETTINGS: &str = r#"
[jobs]
backup-verify = "15 4 1 */3 *"
restore-drill = "15 5 8 1 *"
fixity = "off"
keys = "off"
journal-verify = "off"
verify = "off"
notices = "off"
attest = "off"
renew-timestamps = "off"
retention = "off"
disposition-plan = "off"
"#;

/// What the test knows without asking the archive.
struct Known {
    day: NaiveDate,
    digest: Digest,
    destroyed: Option<NaiveDate>,
}

struct Year {
    home: TempDir,
    times: Arc<Times>,
    contracts: BTreeMap<RecordId, Known>,
    /// The day of each generation, in the order of their numbers, by tier.
    made_on: BTreeMap<Tier, Vec<NaiveDate>>,
    /// Bytes of the daily repository after each day.
    sizes: Vec<u64>,
}

#[test]
fn a_year_of_fifty_contracts_a_day_comes_back_from_every_tier_and_what_was_destroyed_from_none() {
    let mut year = Year::new();
    year.pass();
    let made: Vec<_> = Tier::ALL.iter().map(|tier| year.made_on[tier].len()).collect();
    assert_eq!(made, [365, 12, 1]);
    assert_eq!(year.contracts.len(), 365 * 50);
    let destroyed = year.contracts.values().filter(|known| known.destroyed.is_some()).count();
    assert!(destroyed > 1_500, "{destroyed}");
    let growth = |days: std::ops::Range<usize>| year.sizes[days.end - 1] - year.sizes[days.start];
    assert!(growth(330..360) < 3 * growth(60..90), "the daily repository grows with what is new");

    // The machine is lost; what is left are the repositories, and the key that somebody kept elsewhere.
    fs::rename(year.data().join("keys/kek.key"), year.home.path().join("kek.key")).unwrap();
    fs::remove_dir_all(year.data()).unwrap();
    for tier in Tier::ALL {
        year.newest_gives_back(tier);
    }
    // The oldest daily generation is hardly older than the oldest keys.
    for tier in [Tier::Monthly, Tier::Yearly] {
        year.oldest_with_old_keys_gives_back(tier);
    }
}

impl Year {
    fn new() -> Self {
        // A year has thousands of durable writes, which the test is not about: in memory, where there is such a place.
        let home = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
        let data = home.path().join("archive");
        create(&data).unwrap();
        let path = data.join("shosoin.toml");
        let mut settings = fs::read_to_string(&path).unwrap();
        for tier in Tier::ALL {
            let place = home.path().join(tier.name());
            fs::create_dir(&place).unwrap();
            let line = format!("[backup]\n{tier} = {:?}\n", place.display().to_string());
            settings = settings.replacen("[backup]\n", &line, 1);
        }
        fs::write(&path, settings.replacen("\n[jobs]\n", SETTINGS, 1)).unwrap();
        let (contracts, made_on, sizes) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        let year = Self { home, times: Arc::default(), contracts, made_on, sizes };
        // Jobs count from here on: the first night is the next one.
        year.set(FIRST.parse().unwrap(), 12);
        year
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("archive")
    }

    fn today(&self) -> NaiveDate {
        (*self.times.machine.lock().unwrap() + TimeDelta::hours(9)).date_naive()
    }

    /// Sets both clocks to so many hours after midnight in Tokyo.
    fn set(&self, day: NaiveDate, hour: i64) {
        let at: DateTime<Utc> = day.and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::hours(hour - 9);
        *self.times.machine.lock().unwrap() = at;
        *self.times.token.lock().unwrap() = Some(at);
    }

    fn options(&self) -> Options {
        let trusted_clock: Arc<dyn TrustedClock> = self.times.clone();
        Options { clock: self.times.clone(), trusted_clock: Some(trusted_clock), ..Options::default() }
    }

    /// Each day: the schedule at night, fifty contracts during the day; once a month a destruction.
    fn pass(&mut self) {
        let archive = Arc::new(Archive::open(&self.data(), self.options()).unwrap());
        let runner = Runner::new(archive.clone()).unwrap();
        runner.begin().unwrap();
        for day in FIRST.parse::<NaiveDate>().unwrap().iter_days().take(DAYS as usize) {
            self.set(day, 12);
            self.deposit(&archive);
            if chrono::Datelike::day(&day) == 10 {
                self.destroy(&archive);
            }
            self.set(day.succ_opt().unwrap(), 6);
            while runner.run_next().unwrap() {}
            self.note_runs(&archive);
            self.sizes.push(bytes_in(&self.home.path().join("daily")));
        }
    }

    fn deposit(&mut self, archive: &Archive) {
        let (today, first) = (self.today(), self.contracts.len());
        let one = |number: usize| {
            let old = number % PER_DAY < PER_DAY_OLD;
            let metadata: Metadata = serde_json::from_value(serde_json::json!({
                "entity": archive.config().entities[0].name, "class": "receipt",
                "transaction_date": if old { "2015-06-01".to_owned() } else { today.to_string() },
                "counterparty": { "name": format!("株式会社国税商事 {}", number % 700) },
            }))
            .unwrap();
            // 300 bytes to 4 KB, none like another.
            let line = format!("receipt {number} of {today}\n");
            let bytes = line.bytes().cycle().take(300 + number * 7919 % 3_700).collect::<Vec<_>>();
            let digest = Digest::of(&bytes);
            let receipt = archive.deposit(&owner(), Deposit { bytes, metadata }).unwrap();
            assert!(!receipt.duplicate && receipt.sha256 == digest);
            (receipt.id, Known { day: today, digest, destroyed: None })
        };
        let numbers: Vec<_> = (first..first + PER_DAY).collect();
        self.contracts.extend(by_people(&numbers, |number| one(*number)));
    }

    /// Destroys everything whose time is over, as people do it: one plans, another approves.
    fn destroy(&mut self, archive: &Archive) {
        let plan = archive.disposition_plan(&manager(), &PlanRequest::default()).unwrap();
        archive.disposition_approve(&approver(), &plan.plan, Some(plan.digest)).unwrap();
        let done = archive.disposition_perform(&manager(), &plan.plan, &|_, _| {}).unwrap();
        assert_eq!(done.performed.unwrap().destroyed, plan.items.len() as u64);
        let today = self.today();
        for item in &plan.items {
            self.contracts.get_mut(&item.id).unwrap().destroyed = Some(today);
        }
    }

    /// Every run went well; a run of a backup made a generation.
    fn note_runs(&mut self, archive: &Archive) {
        let now = self.today();
        for tier in Tier::ALL {
            let runs = archive.job_runs(&format!("backup-{tier}")).unwrap();
            let made = self.made_on.entry(tier).or_default();
            let zone = TimeDelta::hours(9);
            if let Some(run) = runs.first().filter(|run| (run.started_at + zone).date_naive() == now) {
                assert_eq!(run.outcome, JobOutcome::Done, "{}", run.message_en);
                made.push(now);
            }
        }
    }

    /// The numbers of the generations that are in a repository.
    fn kept(&self, tier: Tier) -> Vec<u64> {
        let files = fs::read_dir(self.home.path().join(tier.name()).join("generations")).unwrap();
        let mut numbers: Vec<u64> =
            files.map(|file| file.unwrap().file_name().to_str().unwrap().parse().unwrap()).collect();
        numbers.sort_unstable();
        numbers
    }
}

fn bytes_in(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { bytes_in(&path) } else { fs::metadata(path).unwrap().len() }).sum()
}

/// Does something for each item, several at the same time.
fn by_people<T: Sync, R: Send>(items: &[T], each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    std::thread::scope(|scope| {
        let parts = items.chunks(items.len().div_ceil(PEOPLE).max(1));
        let work = |part: &'_ [T]| part.iter().map(&each).collect::<Vec<_>>();
        let people: Vec<_> = parts.map(|part| scope.spawn(move || work(part))).collect();
        people.into_iter().flat_map(|person| person.join().unwrap()).collect()
    })
}
