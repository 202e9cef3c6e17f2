//! The retention schedule of an archive: the policies in force, and those that were in force before.
//!
//! A policy that was edited or removed goes on to hold for the records deposited while it was in force. So no change of a
//! policy file can shorten a period, whatever it says.

use super::policy::Policy;

/// Policies in force and former ones.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    current: Vec<Policy>,
    former: Vec<Former>,
}

/// A policy that is no longer in force as it was.
#[derive(Clone, Debug)]
pub struct Former {
    pub policy: Policy,
    /// Number of the journal entry that ended it: it holds for records deposited by an earlier entry.
    pub until: u64,
}

/// One policy and whether it is a former one.
#[derive(Clone, Copy, Debug)]
pub struct Applying<'p> {
    pub policy: &'p Policy,
    pub former: bool,
}

impl<'p> From<&'p Policy> for Applying<'p> {
    fn from(policy: &'p Policy) -> Self {
        Self { policy, former: false }
    }
}

impl Schedule {
    /// A schedule; the order of policies is irrelevant.
    #[must_use]
    pub fn new(current: Vec<Policy>, former: Vec<Former>) -> Self {
        Self { current, former }
    }

    /// The policies in force today.
    #[must_use]
    pub fn current(&self) -> &[Policy] {
        &self.current
    }

    /// The policies that were in force once.
    #[must_use]
    pub fn former(&self) -> &[Former] {
        &self.former
    }

    /// The policies that hold for a record deposited by journal entry `deposit`; `None`: for one deposited now.
    pub fn applying(&self, deposit: Option<u64>) -> impl Iterator<Item = Applying<'_>> + Clone {
        let former = self.former.iter().filter(move |former| deposit.is_some_and(|seq| seq < former.until));
        let former = former.map(|former| Applying { policy: &former.policy, former: true });
        self.current.iter().map(Applying::from).chain(former)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retention::{Calendar, Facts, retain_until, shipped};

    #[test]
    fn a_removed_policy_holds_for_records_deposited_before_and_not_for_later_ones() {
        let policies = shipped().unwrap();
        let (kept, removed): (Vec<_>, Vec<_>) =
            policies.into_iter().partition(|policy| policy.id != "jp-companies-act");
        let former = removed.into_iter().map(|policy| Former { policy, until: 100 }).collect();
        let schedule = Schedule::new(kept, former);
        let calendar = Calendar::of_rule("03-31".parse().unwrap(), 0).unwrap();
        let facts = Facts::of("contract", "2026-02-01".parse().unwrap());
        let until =
            |deposit| retain_until(&facts, &calendar, schedule.applying(deposit)).unwrap().to_string();
        assert_eq!(until(Some(99)), "2036-03-31");
        assert_eq!(until(Some(100)), "2033-05-31");
        assert_eq!(until(None), "2033-05-31");
    }
}
