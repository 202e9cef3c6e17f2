//! A year of backups under a fake clock: 365 daily, 12 monthly, 1 yearly, with destructions; then the machine is lost.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};

use super::fixture::{META, Small, content, restore};
use super::memory::Memory;
use super::*;
use crate::record::RecordId;

/// Contracts deposited each day.
const PER_DAY: usize = 3;
/// A contract is destroyed every so many days.
const DESTROY_EVERY: u32 = 10;

struct Year {
    small: Small,
    repositories: [(Tier, u32, Memory); 3],
    /// Every contract ever deposited, with its day: what the test knows without asking a backup.
    deposited: Vec<(NaiveDate, RecordId)>,
    /// The day of each generation, in the order of their numbers, by tier.
    made_on: [Vec<NaiveDate>; 3],
}

impl Year {
    /// What the jobs of one day do: the daily generation, a monthly on the 1st, a yearly on 1 February, and today's keys
    /// for the other repositories.
    fn backups(&mut self) {
        let today = self.small.now;
        for (at, (tier, generations, repository)) in self.repositories.iter().enumerate() {
            let keep = Keep { generations: *generations, key_days: 35 };
            let due = match tier {
                Tier::Daily => true,
                Tier::Monthly => today.day() == 1,
                Tier::Yearly => today.day() == 1 && today.month() == 2,
            };
            if due {
                let plan =
                    Plan { tier: *tier, keep, was_there: !self.made_on[at].is_empty(), complete: false };
                let outcome = self.small.source().run(repository, plan, &|_, _| {}).unwrap();
                assert_eq!(outcome.problems, [""; 0]);
                self.made_on[at].push(today.date_naive());
            } else if !self.made_on[at].is_empty() {
                self.small.source().refresh_keys(repository, *tier, keep).unwrap();
            }
        }
    }
}

#[test]
fn after_a_year_every_tier_restores_and_what_was_destroyed_is_nowhere() {
    let repositories =
        [(Tier::Daily, 35), (Tier::Monthly, 24), (Tier::Yearly, 12)].map(|(t, k)| (t, k, Memory::new()));
    let mut year =
        Year { small: Small::new(), repositories, deposited: Vec::new(), made_on: Default::default() };
    let mut sizes = Vec::new();
    for day in 0..365u32 {
        for _ in 0..PER_DAY {
            let id = year.small.deposit(600);
            year.deposited.push((year.small.now.date_naive(), id));
        }
        let corrected = year.small.contracts[year.small.contracts.len() / 2].0;
        year.small.correct(corrected);
        if day % DESTROY_EVERY == 0 {
            let oldest = year.small.contracts[0].0;
            year.small.destroy(oldest);
        }
        year.backups();
        sizes.push(year.repositories[0].2.bytes());
        year.small.next_day();
    }
    assert_eq!(year.made_on.each_ref().map(Vec::len), [365, 12, 1]);
    every_tier_restores(&year);
    nothing_destroyed_is_readable(&year);
    let growth = |days: std::ops::Range<usize>| sizes[days.end - 1] - sizes[days.start];
    assert!(growth(330..360) < 3 * growth(60..90), "the daily repository grows with what is new");
}

impl Year {
    /// Contracts that the generation of a day must give back: all deposited until then, but those destroyed by now, for
    /// every repository got the newest keys each day.
    fn expected(&self, made_on: NaiveDate) -> BTreeSet<RecordId> {
        let until = self.deposited.iter().filter(|(day, _)| *day <= made_on).map(|(_, id)| *id);
        until.filter(|id| !self.small.destroyed.contains(id)).collect()
    }

    /// A generation restores to exactly those contracts, each with its bytes.
    fn assert_restores(&self, at: usize, number: u64) {
        let (tier, _, repository) = &self.repositories[at];
        let (store, restored) = restore(repository, Some(number)).unwrap();
        assert!(restored.problems.is_empty(), "{tier}-{number}: {:?}", restored.problems);
        assert_eq!(restored.missing, [], "{tier}-{number}");
        let readable: BTreeSet<_> = self
            .deposited
            .iter()
            .filter_map(|(_, id)| Some((*id, content(&store, *id)?)))
            .inspect(|(id, found)| {
                let deposited = self.small.contracts.iter().find(|(there, _)| there == id);
                assert_eq!(deposited.map(|(_, bytes)| bytes), Some(found), "{tier}-{number}: {id}");
            })
            .map(|(id, _)| id)
            .collect();
        let expected = self.expected(self.made_on[at][number as usize - 1]);
        assert_eq!(readable, expected, "{tier}-{number}");
        assert_eq!(restored.records, expected.len() as u64, "{tier}-{number}");
    }
}

/// The machine is lost: the oldest and the newest generation of each tier give back exactly what they must.
fn every_tier_restores(year: &Year) {
    for (at, (tier, keep, repository)) in year.repositories.iter().enumerate() {
        let made = year.made_on[at].len() as u64;
        let kept = repository.names().into_iter().filter(|name| name.folder() == Folder::Generations);
        let kept: Vec<_> = kept.filter_map(|name| Name::number(name.file())).collect();
        assert_eq!(kept.len() as u64, made.min((*keep).into()), "{tier}");
        assert_eq!(kept.last(), Some(&made), "{tier}");
        assert!(!year.expected(*year.made_on[at].last().unwrap()).is_empty());
        year.assert_restores(at, kept[0]);
        year.assert_restores(at, made);
    }
    let (store, restored) = restore(&year.repositories[0].2, None).unwrap();
    super::fixture::assert_same(&year.small, &store, &restored);
}

/// Those destroyed more than the days of a key set ago have no key anywhere, in any tier, in any generation.
fn nothing_destroyed_is_readable(year: &Year) {
    let settled = year.small.destroyed.len() - (36 / DESTROY_EVERY as usize + 1);
    for (tier, _, repository) in &year.repositories {
        let opened = Opened::open(repository, &super::fixture::kek(), &super::fixture::CONTEXT).unwrap();
        assert!(opened.catalog.untrusted.is_empty());
        for set in &opened.catalog.key_sets {
            for pack in &set.packs {
                let pack = super::fetch::fetch(repository, &year.small.pack_key, pack).unwrap();
                for item in pack.items().filter(|item| item.key != META.archive) {
                    let destroyed = &year.small.destroyed[..settled];
                    assert!(!destroyed.iter().any(|id| id.as_bytes() == item.key), "{tier}: a key survives");
                }
            }
        }
        let oldest = opened.catalog.generations[0].number;
        let (store, _) = restore(repository, Some(oldest)).unwrap();
        for id in &year.small.destroyed {
            assert_eq!(content(&store, *id), None, "{tier}: {id}");
        }
    }
}
