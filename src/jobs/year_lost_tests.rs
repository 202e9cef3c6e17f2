//! The second half of the year: the machine is lost, and what each repository gives back is compared with what the test knows.

use std::fs;
use std::path::Path;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{Known, Year, by_people};
use crate::archive::testing::owner;
use crate::archive::{Archive, ArchiveError, RestoreReport, RestoreRequest, RetrievePurpose, restore};
use crate::backup::Tier;
use crate::record::{Digest, RecordId};

impl Year {
    /// The newest generation restores to exactly the contracts that were there when it was made and were not destroyed since.
    pub fn newest_gives_back(&self, tier: Tier) {
        let number = *self.kept(tier).last().unwrap();
        self.gives_back(tier, number, &self.home.path().join(tier.name()), self.last_day());
    }

    /// Somebody takes a repository away with its oldest key set only, and restores the oldest generation. What had been
    /// destroyed when those keys were written is gone there too, and what was not is there: keys serve five weeks, not years.
    pub fn oldest_with_old_keys_gives_back(&self, tier: Tier) {
        let number = self.kept(tier)[0];
        let stolen = self.home.path().join(format!("stolen-{tier}"));
        copy(&self.home.path().join(tier.name()), &stolen);
        let sets = fs::read_dir(stolen.join("keys")).unwrap().map(|set| set.unwrap().path());
        let mut sets: Vec<_> = sets.map(|set| (written_on(&set), set)).collect();
        sets.sort();
        let oldest = sets[0].0;
        assert!((35..=36).contains(&(self.last_day() - oldest).num_days()), "{tier}: keys of {oldest}");
        // Keys must be as new as the generation.
        let serves = sets.iter().position(|(day, _)| *day >= self.made_on(tier, number)).unwrap();
        let (day, _) = sets.remove(serves);
        sets.into_iter().for_each(|(_, set)| fs::remove_file(set).unwrap());
        self.gives_back(tier, number, &stolen, day);
        fs::remove_dir_all(stolen).unwrap();
    }

    /// A generation restores from a repository whose newest keys are of the morning of a day.
    fn gives_back(&self, tier: Tier, number: u64, from: &Path, keys_of: NaiveDate) {
        let label = format!("{tier}-{number}");
        let (report, archive) = self.restored(from, &label);
        assert!(report.verified, "{label}: {:?}", report.problems);
        let made_on = self.made_on(tier, number);
        let known: Vec<_> = self.contracts.iter().filter(|(_, known)| known.day < made_on).collect();
        let keyed = |known: &Known| known.destroyed.is_none_or(|day| day >= keys_of);
        let (there, gone): (Vec<_>, Vec<_>) = known.iter().partition(|(_, known)| keyed(known));
        assert!(there.len() > 1_000 && gone.len() > 10, "{label}: {} {}", there.len(), gone.len());
        assert_eq!((report.records, report.objects), (there.len() as u64, there.len() as u64), "{label}");
        assert_eq!(report.destroyed, gone.len() as u64, "{label}");
        let same = by_people(&there, |(id, known)| {
            let original = archive.retrieve(&owner(), **id, RetrievePurpose::Download).unwrap();
            Digest::of(&original.bytes) == known.digest
        });
        assert_eq!(same.iter().filter(|same| **same).count(), there.len(), "{label}");
        for (id, known) in &gone {
            let before = known.destroyed.is_some_and(|day| day < made_on);
            assert!(is_gone(&archive, **id, before), "{label}: {id}");
        }
        drop(archive);
        fs::remove_dir_all(self.home.path().join(&label)).unwrap();
    }

    fn last_day(&self) -> NaiveDate {
        *self.made_on[&Tier::Daily].last().unwrap()
    }

    fn made_on(&self, tier: Tier, number: u64) -> NaiveDate {
        self.made_on[&tier][usize::try_from(number).unwrap() - 1]
    }

    fn restored(&self, from: &Path, label: &str) -> (RestoreReport, Archive) {
        let request = RestoreRequest {
            from: from.to_owned(),
            generation: Some(label.to_owned()),
            to: self.home.path().join(label),
            key: self.home.path().join("kek.key"),
        };
        let report = restore(&request, self.options(), &|_, _, _| {}).unwrap();
        let archive = Archive::open(&request.to, self.options()).unwrap();
        (report, archive)
    }
}

/// A record is not there any more: with its certificate when the generation knew of the destruction, else as one that it has
/// never had.
fn is_gone(archive: &Archive, id: RecordId, known: bool) -> bool {
    match archive.retrieve(&owner(), id, RetrievePurpose::Download) {
        Err(ArchiveError::Destroyed { .. }) => known,
        Err(ArchiveError::NoSuchRecord(_)) => !known,
        _ => false,
    }
}

/// The day, in Tokyo, that the manifest of a key set gives.
fn written_on(manifest: &Path) -> NaiveDate {
    let text = String::from_utf8_lossy(&fs::read(manifest).unwrap()).into_owned();
    let at = text.lines().find_map(|line| line.strip_prefix("at ")).unwrap();
    (at.parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(9)).date_naive()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => assert!(fs::copy(entry.path(), target).is_ok()),
        }
    }
}
