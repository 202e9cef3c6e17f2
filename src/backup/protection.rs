//! Write-once protection: until when objects of a repository may be neither changed nor removed, and how a directory
//! remembers it.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, Utc};
use sha2::{Digest as _, Sha256};

use super::manifest::time;
use super::repository::{Folder, Name, PackId};

const FORMAT: &str = "shosoin-backup-protection/1";

/// What a repository protects, and until when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protection {
    until: BTreeMap<Name, DateTime<Utc>>,
    /// What of the record could not be read: the objects that only it named are not protected.
    pub problems: Vec<String>,
}

impl Protection {
    /// Until when an object is protected, if it still is at `now`.
    pub fn of(&self, name: &Name, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.until.get(name).copied().filter(|until| *until > now)
    }

    /// Protects objects for so many days from `now` on; what is protected for longer stays so, and what is over is forgotten.
    ///
    /// Key sets, tails and the identity are left out whoever asks: a key set that stays would keep open what is destroyed.
    pub fn prolong(&mut self, names: &[Name], now: DateTime<Utc>, days: u32) {
        self.until.retain(|_, until| *until > now);
        let Some(until) = now.checked_add_days(Days::new(days.into())).filter(|until| *until > now) else {
            return;
        };
        let kept = names.iter().filter(|name| may_be_protected(name));
        for name in kept {
            let of = self.until.entry(name.clone()).or_insert(until);
            *of = (*of).max(until);
        }
    }

    /// Takes over what another record says; the later day counts.
    pub fn join(&mut self, other: Self) {
        for (name, until) in other.until {
            let of = self.until.entry(name).or_insert(until);
            *of = (*of).max(until);
        }
        self.problems.extend(other.problems);
    }

    /// Whether an object was ever protected here, and is not known to be over.
    pub fn contains(&self, name: &Name) -> bool {
        self.until.contains_key(name)
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.until.is_empty()
    }

    /// Everything protected at `now`.
    pub fn names(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Name> {
        self.until.iter().filter(move |(_, until)| **until > now).map(|(name, _)| name)
    }

    /// The record as it is stored.
    pub fn encode(&self) -> Vec<u8> {
        let mut text = format!("{FORMAT}\n");
        for (name, until) in &self.until {
            text.push_str(&format!("{} {name}\n", time(*until)));
        }
        let sum = sum(text.as_bytes());
        text.push_str(&format!("sha256 {sum}\n"));
        text.into_bytes()
    }

    /// Reads a record; `place` names it. Damage costs the lines that it is in, and is told.
    pub fn decode(place: &str, bytes: &[u8]) -> Self {
        let mut found = Self::default();
        let text = String::from_utf8_lossy(bytes);
        let (body, last) = text.trim_end_matches('\n').rsplit_once('\n').unwrap_or_default();
        let whole = last.strip_prefix("sha256 ") == Some(sum(format!("{body}\n").as_bytes()).as_str());
        if !whole || !body.starts_with(FORMAT) {
            found.problems.push(format!(
                "{place} is damaged, or of a newer program: what of it cannot be read is not protected any more. The next \
                 backup writes it anew"
            ));
        }
        for line in text.lines() {
            let line =
                line.split_once(' ').and_then(|(until, name)| Some((parse(name)?, until.parse().ok()?)));
            found.until.extend(line);
        }
        found
    }
}

fn may_be_protected(name: &Name) -> bool {
    matches!(name.folder(), Folder::Generations | Folder::Packs)
}

/// A name of a generation or a pack.
fn parse(text: &str) -> Option<Name> {
    let (folder, file) = text.split_once('/')?;
    match folder {
        "generations" => Name::number(file).map(Name::generation).filter(|name| name.file() == file),
        "packs" => PackId::parse(file).map(Name::pack),
        _ => None,
    }
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: &str) -> DateTime<Utc> {
        format!("{day}T00:00:00Z").parse().unwrap()
    }

    fn some() -> (Protection, [Name; 3]) {
        let names = [Name::generation(3), Name::generation(4), Name::pack(PackId([0xab; 16]))];
        let mut protection = Protection::default();
        protection.prolong(&names, at("2026-01-01"), 90);
        (protection, names)
    }

    #[test]
    fn protection_is_prolonged_and_never_shortened() {
        let (mut protection, names) = some();
        let until = |protection: &Protection| protection.of(&names[0], at("2026-01-02"));
        assert_eq!(until(&protection), Some(at("2026-04-01")));
        protection.prolong(&names, at("2026-01-02"), 1);
        assert_eq!(until(&protection), Some(at("2026-04-01")));
        protection.prolong(&names, at("2026-01-03"), 90);
        assert_eq!(until(&protection), Some(at("2026-04-03")));
        assert_eq!(protection.of(&names[0], at("2026-04-03")), None);
        protection.prolong(&[], at("2026-04-04"), 90);
        assert!(protection.is_empty(), "what is over is forgotten");
    }

    #[test]
    fn nothing_that_holds_keys_is_ever_protected() {
        let mut protection = Protection::default();
        protection.prolong(&[Name::keys(1), Name::tail(1), Name::identity()], at("2026-01-01"), 90);
        assert!(protection.is_empty());
        let forged = b"2030-01-01T00:00:00.000000Z keys/0000000001\n2030-01-01T00:00:00.000000Z ../x\n";
        assert!(Protection::decode("x", forged).is_empty());
    }

    #[test]
    fn a_record_reads_back_and_damage_costs_the_lines_it_is_in() {
        let (protection, names) = some();
        let bytes = protection.encode();
        assert_eq!(Protection::decode("x", &bytes), protection);
        for at_byte in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at_byte] ^= 0x04;
            let read = Protection::decode("x", &damaged);
            assert_eq!(read.problems.len(), 1, "byte {at_byte}");
            let left = names.iter().filter(|name| read.of(name, at("2026-01-02")).is_some()).count();
            // Two, when it was the end of a line.
            assert!(left >= 1, "byte {at_byte}");
        }
        for len in 0..bytes.len() - 1 {
            assert_eq!(Protection::decode("x", &bytes[..len]).problems.len(), 1, "{len} bytes");
        }
    }

    #[test]
    fn days_beyond_the_calendar_protect_nothing_rather_than_panic() {
        let mut protection = Protection::default();
        protection.prolong(&[Name::generation(1)], DateTime::<Utc>::MAX_UTC, u32::MAX);
        assert!(protection.is_empty());
    }
}
