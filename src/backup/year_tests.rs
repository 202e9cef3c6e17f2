//! A year of backups under a fake clock: 365 daily, 12 monthly, 1 yearly, with destructions; then the machine is lost.

use chrono::Datelike;

use super::fixture::{META, Small, content, restore};
use super::memory::Memory;
use super::*;

/// Contracts deposited each day.
const PER_DAY: usize = 3;
/// A contract is destroyed every so many days.
const DESTROY_EVERY: u32 = 10;

struct Year {
    small: Small,
    repositories: [(Tier, u32, Memory); 3],
}

impl Year {
    /// What the jobs of one day do: the daily generation, a monthly on the 1st, a yearly on 1 February, and today's keys
    /// for the other repositories.
    fn backups(&self, made: &mut [u32; 3]) {
        let today = self.small.now;
        for (at, (tier, generations, repository)) in self.repositories.iter().enumerate() {
            let keep = Keep { generations: *generations, key_days: 35 };
            let due = match tier {
                Tier::Daily => true,
                Tier::Monthly => today.day() == 1,
                Tier::Yearly => today.day() == 1 && today.month() == 2,
            };
            if due {
                let plan = Plan { tier: *tier, keep, was_there: made[at] > 0, complete: false };
                let outcome = self.small.source().run(repository, plan, &|_, _| {}).unwrap();
                assert_eq!(outcome.problems, [""; 0]);
                made[at] += 1;
            } else if made[at] > 0 {
                self.small.source().refresh_keys(repository, *tier, keep).unwrap();
            }
        }
    }
}

#[test]
fn after_a_year_every_tier_restores_and_what_was_destroyed_is_nowhere() {
    let repositories =
        [(Tier::Daily, 35), (Tier::Monthly, 24), (Tier::Yearly, 12)].map(|(t, k)| (t, k, Memory::new()));
    let mut year = Year { small: Small::new(), repositories };
    let mut made = [0; 3];
    let mut sizes = Vec::new();
    for day in 0..365u32 {
        for _ in 0..PER_DAY {
            year.small.deposit(600);
        }
        let corrected = year.small.contracts[year.small.contracts.len() / 2].0;
        year.small.correct(corrected);
        if day % DESTROY_EVERY == 0 {
            let oldest = year.small.contracts[0].0;
            year.small.destroy(oldest);
        }
        year.backups(&mut made);
        sizes.push(year.repositories[0].2.bytes());
        year.small.next_day();
    }
    assert_eq!(made, [365, 12, 1]);
    every_tier_restores(&year);
    nothing_destroyed_is_readable(&year);
    let growth = |days: std::ops::Range<usize>| sizes[days.end - 1] - sizes[days.start];
    assert!(growth(330..360) < 3 * growth(60..90), "the daily repository grows with what is new");
}

/// The machine is lost: counts and digests are those of the archive, from each tier as of its newest generation.
fn every_tier_restores(year: &Year) {
    for (tier, keep, repository) in &year.repositories {
        let (store, restored) = restore(repository, None).unwrap();
        assert!(
            restored.problems.is_empty() && restored.missing.is_empty(),
            "{tier}: {:?}",
            restored.problems
        );
        assert!(restored.records > 30, "{tier}: {} records", restored.records);
        let mut compared = 0;
        for (id, expected) in &year.small.contracts {
            if let Some(found) = content(&store, *id) {
                assert_eq!(found, *expected, "{tier}: {id}");
                compared += 1;
            }
        }
        assert_eq!(compared, restored.records, "{tier}");
        let generations = repository.names().iter().filter(|n| n.folder() == Folder::Generations).count();
        assert!(generations as u32 <= *keep, "{tier} keeps {generations}");
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
