//! Who did what to a record: the newest entries of the journal about it.

use crate::archive::{Archive, ArchiveError, JournalEntryView};
use crate::record::RecordId;

/// Entries shown on the page of a record.
pub const SHOWN: usize = 30;
/// Journal entries looked through first; the window grows until enough of them are about the record.
const FIRST_WINDOW: u64 = 4_096;
/// Entries read at a time.
const STEP: usize = 1_000;

/// The newest entries about a record, the newest first, and whether there are earlier ones.
///
/// # Errors
/// Damage, with the number of the entry.
pub fn newest(archive: &Archive, id: RecordId) -> Result<(Vec<JournalEntryView>, bool), ArchiveError> {
    let size = archive.journal_size();
    let mut window = FIRST_WINDOW;
    loop {
        let from = size.saturating_sub(window);
        let mut entries = since(archive, id, from)?;
        if entries.len() > SHOWN || from == 0 {
            let more = entries.len() > SHOWN;
            entries.reverse();
            entries.truncate(SHOWN);
            return Ok((entries, more));
        }
        window = window.saturating_mul(16);
    }
}

/// The last entries about a record from number `from` on, oldest first; a few more than are shown at most.
fn since(archive: &Archive, id: RecordId, from: u64) -> Result<Vec<JournalEntryView>, ArchiveError> {
    let mut entries = Vec::new();
    let mut next = Some(from);
    while let Some(from) = next {
        let page = archive.journal_of_shown(id, from, STEP)?;
        entries.extend(page.entries);
        entries.drain(..entries.len().saturating_sub(SHOWN + 1));
        next = page.next;
    }
    Ok(entries)
}
