//! The tail of the journal: what a rebuildable view promises, and what it may rely on.

use super::entry::Entry;

/// Most entries handed to one [`Follower::apply`]; bounds the memory of one step.
pub const MAX_BATCH_ENTRIES: usize = 1_000;

/// A derived view (search index, backup, another node) that keeps its own place in the journal.
///
/// # What the follower may rely on
/// * Entries are durable before they are handed out: a follower never sees an entry that a crash can undo.
/// * A batch is a run of consecutive `seq` in rising order, of at most [`MAX_BATCH_ENTRIES`], and starts at
///   or before [`cursor`](Self::cursor). It is never empty.
/// * One thread calls at a time.
///
/// # What the follower promises
/// * **At least once, idempotent.** The same entries may come again, after a crash or a lost answer. Applying
///   them again changes nothing; [`unseen`] drops what is already behind the cursor.
/// * **The cursor is durable no later than what it covers.** After a crash the cursor may be behind the view
///   (entries come again) but never ahead of it (entries would be missed for ever). Where the view has its
///   own atomic commit, the cursor belongs into it.
/// * **All or nothing per call.** On an error the cursor stays where it was; the caller tries the same batch
///   again later. The follower does not retry by itself.
/// * **Rebuildable from zero.** It holds nothing that the store cannot give again, so that losing it is slow
///   and never sad.
///
/// An entry says *what happened to which record*, not the record's content: a follower that needs the content
/// reads it from the store, where it may already be newer than the entry. It must end up right either way.
pub trait Follower {
    /// Why a batch could not be applied.
    type Error;

    /// How many entries have been applied for good, which is the `seq` of the next one wanted.
    fn cursor(&self) -> u64;

    /// Takes over `entries`; on return the change and the new cursor survive a crash together.
    ///
    /// # Errors
    /// When the view cannot take them; the cursor has not moved.
    fn apply(&mut self, entries: &[Entry]) -> Result<(), Self::Error>;

    /// Forgets everything and puts the cursor at 0; the caller then applies the journal from its beginning.
    ///
    /// # Errors
    /// When the old view cannot be removed; the call may be repeated.
    fn rebuild(&mut self) -> Result<(), Self::Error>;
}

/// The batch starts behind the cursor's next entry, or is not a run of consecutive numbers.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("expected journal entry {expected}, was given {found}; rebuild this view from the journal")]
pub struct Gap {
    /// The number that was due.
    pub expected: u64,
    /// The number that came.
    pub found: u64,
}

/// The part of `entries` that a follower at `cursor` has not seen.
///
/// # Errors
/// [`Gap`] when entries between the cursor and the batch, or inside the batch, are missing: applying them
/// would lose the missing ones silently.
pub fn unseen(entries: &[Entry], cursor: u64) -> Result<&[Entry], Gap> {
    let mut expected = match entries.first() {
        Some(first) if first.seq > cursor => return Err(Gap { expected: cursor, found: first.seq }),
        Some(first) => first.seq,
        None => return Ok(entries),
    };
    for entry in entries {
        if entry.seq != expected {
            return Err(Gap { expected, found: entry.seq });
        }
        expected = expected.saturating_add(1);
    }
    let seen = entries.iter().take_while(|entry| entry.seq < cursor).count();
    Ok(entries.get(seen..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::journal::Act;

    fn entries(numbers: &[u64]) -> Vec<Entry> {
        let entry = |&seq| Entry::new(seq, DateTime::UNIX_EPOCH, "test", Act::Job, None, None).unwrap();
        numbers.iter().map(entry).collect()
    }

    /// The smallest follower that keeps the promises: it counts, and a crash can be played by cloning it.
    #[derive(Clone, Default)]
    struct Counter {
        cursor: u64,
        seen: Vec<u64>,
    }

    impl Follower for Counter {
        type Error = Gap;

        fn cursor(&self) -> u64 {
            self.cursor
        }

        fn apply(&mut self, entries: &[Entry]) -> Result<(), Gap> {
            let fresh = unseen(entries, self.cursor)?;
            self.seen.extend(fresh.iter().map(|entry| entry.seq));
            self.cursor += fresh.len() as u64;
            Ok(())
        }

        fn rebuild(&mut self) -> Result<(), Gap> {
            *self = Self::default();
            Ok(())
        }
    }

    #[test]
    fn entries_that_come_again_are_applied_once() {
        let mut follower = Counter::default();
        follower.apply(&entries(&[0, 1, 2])).unwrap();
        follower.apply(&entries(&[0, 1, 2])).unwrap();
        follower.apply(&entries(&[1, 2, 3, 4])).unwrap();
        assert_eq!((follower.cursor(), &follower.seen[..]), (5, &[0, 1, 2, 3, 4][..]));
        follower.rebuild().unwrap();
        follower.apply(&entries(&[0, 1])).unwrap();
        assert_eq!((follower.cursor(), &follower.seen[..]), (2, &[0, 1][..]));
    }

    #[test]
    fn a_gap_is_refused_and_the_cursor_stays() {
        let mut follower = Counter::default();
        follower.apply(&entries(&[0, 1])).unwrap();
        assert_eq!(follower.apply(&entries(&[3])), Err(Gap { expected: 2, found: 3 }));
        assert_eq!(follower.apply(&entries(&[1, 2, 4])), Err(Gap { expected: 3, found: 4 }));
        assert_eq!(follower.apply(&entries(&[2, 2])), Err(Gap { expected: 3, found: 2 }));
        assert_eq!(follower.cursor(), 2);
        assert_eq!(unseen(&entries(&[u64::MAX]), u64::MAX).map(<[_]>::len), Ok(1));
        assert_eq!(unseen(&[], 7), Ok(&[][..]));
    }
}
