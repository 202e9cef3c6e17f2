//! The digest: one message a day with what is new, grouped; each date told a few times, never every day. Pure.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::item::{Item, Kind};

/// Items in one message; more are counted and told on the next days.
pub const MAX_SHOWN: usize = 200;
/// Days for which something overdue that nobody was told of is still told.
const MAX_OVERDUE_DAYS: i64 = 30;
/// The reminder after the day itself.
const OVERDUE: i64 = -1;

/// What was told, by [`Item::key`]: the reminder that was the last one, in days before the date.
pub type Told = BTreeMap<String, i64>;

/// What is to be told today.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// By kind, then day.
    pub items: Vec<Item>,
    /// New items that had no room.
    pub left: usize,
    /// What will have been told once this message is sent. Forgets what is neither due nor new any more.
    pub told: Told,
}

impl Digest {
    /// Settles what to tell on `today`, given what was told and on which days before a date reminders fall.
    pub fn new(items: Vec<Item>, told: &Told, today: NaiveDate, days_before: &[u32]) -> Self {
        let mut next = Told::new();
        let mut fresh = Vec::new();
        for item in items {
            let Some(stage) = stage(&item, today, days_before) else { continue };
            match told.get(&item.key()) {
                Some(last) if *last <= stage => drop(next.insert(item.key(), *last)),
                known => fresh.push((stage, known.copied(), item)),
            }
        }
        // What is nearest is told first when there is too much for one message.
        fresh.sort_by(|(_, _, a), (_, _, b)| (a.due, a.kind, &a.subject).cmp(&(b.due, b.kind, &b.subject)));
        fresh.dedup_by(|(_, _, a), (_, _, b)| a.key() == b.key());
        let left = fresh.len().saturating_sub(MAX_SHOWN);
        for (_, known, item) in fresh.iter().skip(MAX_SHOWN) {
            next.extend(known.map(|last| (item.key(), last)));
        }
        fresh.truncate(MAX_SHOWN);
        next.extend(fresh.iter().map(|(stage, _, item)| (item.key(), *stage)));
        let mut items: Vec<_> = fresh.into_iter().map(|(_, _, item)| item).collect();
        items.sort_by(|a, b| (a.kind, a.due, &a.subject).cmp(&(b.kind, b.due, &b.subject)));
        Self { items, left, told: next }
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The items of each kind, in order.
    pub fn groups(&self) -> impl Iterator<Item = (Kind, &[Item])> {
        let same = |a: &Item, b: &Item| a.kind == b.kind;
        self.items.chunk_by(same).filter_map(|group| group.first().map(|first| (first.kind, group)))
    }
}

/// Which reminder a date is at: the smallest number of days before it that is not past; `None` when it is not yet, or
/// no more, worth telling.
fn stage(item: &Item, today: NaiveDate, days_before: &[u32]) -> Option<i64> {
    let left = (item.due - today).num_days();
    if item.kind.is_news() {
        return (-MAX_OVERDUE_DAYS..=0).contains(&left).then_some(0);
    }
    if left < 0 {
        return (left >= -MAX_OVERDUE_DAYS).then_some(OVERDUE);
    }
    days_before.iter().map(|days| i64::from(*days)).filter(|days| left <= *days).min()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn item(subject: &str, due: &str) -> Item {
        Item {
            kind: Kind::ContractEnd,
            due: day(due),
            subject: subject.into(),
            record: true,
            text_ja: "契約が終わります".into(),
            text_en: "the contract ends".into(),
            name: None,
        }
    }

    const DAYS: [u32; 3] = [30, 7, 0];

    fn subjects(digest: &Digest) -> Vec<&str> {
        digest.items.iter().map(|item| item.subject.as_str()).collect()
    }

    #[test]
    fn a_date_is_told_once_at_each_of_its_reminders() {
        let mut told = Told::new();
        let mut days_told = Vec::new();
        for ahead in (-40..=40_i64).rev() {
            let today = day("2026-12-31") - chrono::TimeDelta::days(ahead);
            let digest = Digest::new(vec![item("a", "2026-12-31")], &told, today, &DAYS);
            if !digest.is_empty() {
                days_told.push(ahead);
            }
            told = digest.told;
        }
        assert_eq!(days_told, [30, 7, 0, -1]);
        assert!(told.is_empty(), "what is long past is forgotten");
    }

    #[test]
    fn days_without_the_program_do_not_lose_a_reminder_nor_repeat_one() {
        let items = || vec![item("a", "2026-12-31")];
        let first = Digest::new(items(), &Told::new(), day("2026-12-20"), &DAYS);
        assert_eq!(subjects(&first), ["a"], "the thirtieth day before was missed");
        let again = Digest::new(items(), &first.told, day("2026-12-21"), &DAYS);
        assert!(again.is_empty());
        let next = Digest::new(items(), &again.told, day("2026-12-29"), &DAYS);
        assert_eq!(subjects(&next), ["a"]);
    }

    #[test]
    fn too_much_for_one_message_is_told_on_the_next_days_nearest_first() {
        let items: Vec<_> = (0..500).map(|n| item(&format!("{n:03}"), "2026-12-25")).collect();
        let mut told = Told::new();
        let mut seen = Vec::new();
        for today in ["2026-12-01", "2026-12-02", "2026-12-03", "2026-12-04"] {
            let digest = Digest::new(items.clone(), &told, day(today), &DAYS);
            seen.push((digest.items.len(), digest.left));
            told = digest.told;
        }
        assert_eq!(seen, [(200, 300), (200, 100), (100, 0), (0, 0)]);
    }

    #[test]
    fn news_is_told_once_and_has_no_reminders() {
        let failed = Item { kind: Kind::Job, ..item("verify", "2026-12-20") };
        let first = Digest::new(vec![failed.clone()], &Told::new(), day("2026-12-22"), &DAYS);
        assert_eq!(subjects(&first), ["verify"]);
        let next = Digest::new(vec![failed], &first.told, day("2026-12-23"), &DAYS);
        assert!(next.is_empty());
    }

    #[test]
    fn a_date_that_moves_is_another_date() {
        let first = Digest::new(vec![item("a", "2026-12-31")], &Told::new(), day("2026-12-20"), &DAYS);
        let moved = Digest::new(vec![item("a", "2027-01-10")], &first.told, day("2026-12-21"), &DAYS);
        assert_eq!(subjects(&moved), ["a"]);
    }

    #[test]
    fn groups_come_in_order_of_kind_then_day() {
        let renewal = Item { kind: Kind::RenewalNotice, ..item("z", "2026-12-30") };
        let items = vec![item("b", "2026-12-29"), renewal, item("a", "2026-12-28")];
        let digest = Digest::new(items, &Told::new(), day("2026-12-25"), &DAYS);
        let groups: Vec<_> = digest.groups().map(|(kind, items)| (kind, items.len())).collect();
        assert_eq!(groups, [(Kind::RenewalNotice, 1), (Kind::ContractEnd, 2)]);
        assert_eq!(subjects(&digest), ["z", "a", "b"]);
    }

    proptest! {
        #[test]
        fn nothing_is_told_twice_for_one_reminder_whatever_the_days(
            steps in prop::collection::vec(0_i64..20, 1..40),
            dues in prop::collection::vec(0_i64..200, 1..20),
        ) {
            let start = day("2026-01-01");
            let items: Vec<_> = dues.iter().enumerate().map(|(n, due)| Item {
                due: start + chrono::TimeDelta::days(*due), ..item(&n.to_string(), "2026-01-01")
            }).collect();
            let (mut told, mut today, mut times) = (Told::new(), start, BTreeMap::new());
            for step in steps {
                today += chrono::TimeDelta::days(step);
                let digest = Digest::new(items.clone(), &told, today, &DAYS);
                for item in &digest.items {
                    *times.entry((item.key(), stage(item, today, &DAYS))).or_insert(0) += 1;
                }
                told = digest.told;
            }
            prop_assert!(times.values().all(|times| *times == 1), "{times:?}");
        }
    }
}
