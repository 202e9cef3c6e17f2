//! Verifying a generation: reads everything it needs, and says which object is damaged.

use std::collections::HashSet;

use super::Progress;
use super::error::BackupError;
use super::fetch::{Fetcher, salvage};
use super::manifest::{Generation, PackRef};
use super::pack::{Kind, Pack, What};
use super::repository::Name;
use super::restore::Opened;
use crate::journal::merkle::{Frontier, leaf_hash};
use crate::journal::{Act, Entry};
use crate::store::BlobId;

/// Findings told by name; the rest is only counted.
const MAX_TOLD: usize = 1_000;

/// What reading a generation found.
#[derive(Debug, Default)]
pub struct Verified {
    pub packs: u64,
    /// Bytes read.
    pub bytes: u64,
    pub entries: u64,
    /// Records with a key.
    pub records: u64,
    pub objects: u64,
    /// Packs that are damaged or missing.
    pub damaged: Vec<PackRef>,
    /// Objects of records with a key that no pack yields.
    pub lost: Vec<BlobId>,
    /// Packs of which more than half is objects that no kept key opens; see [`Source::repack`](super::Source::repack).
    pub sparse: Vec<PackRef>,
    /// Bytes of such objects, in all packs.
    pub dead_bytes: u64,
    /// Findings in words.
    pub problems: Vec<String>,
    pub problem_count: u64,
}

impl Verified {
    /// Everything was read, and nothing is missing or disagrees.
    pub fn is_sound(&self) -> bool {
        self.problem_count == 0
    }

    fn problem(&mut self, text: impl ToString) {
        self.problem_count += 1;
        if self.problems.len() < MAX_TOLD {
            self.problems.push(text.to_string());
        }
    }
}

/// What the packs say, gathered: 16 bytes for each record and object.
#[derive(Default)]
struct Seen {
    frontier: Frontier,
    deposits: HashSet<[u8; 16]>,
    keys: HashSet<[u8; 16]>,
    /// Records with a key in any key set that is kept.
    any_keys: HashSet<[u8; 16]>,
    objects: HashSet<[u8; 16]>,
    /// A pack of the journal could not be read, so nothing can be said of its root.
    gap: bool,
}

impl Opened<'_> {
    /// Reads every pack of a generation, and every key set.
    ///
    /// # Errors
    /// When the repository is gone; what is wrong with the generation is in the answer.
    pub fn verify(&self, generation: &Generation, progress: Progress<'_>) -> Result<Verified, BackupError> {
        let (mut verified, mut seen) = (Verified::default(), Seen::default());
        self.problems.iter().for_each(|problem| verified.problem(problem));
        if self.keys.entries < generation.entries {
            verified.problem("the newest key set that can be read is older than this generation; repair it, or run a backup");
        }
        // Older key sets are needed only when the newest is damaged; but then they are.
        let older = self.catalog.key_sets.iter().filter(|set| set.number != self.keys.number);
        let older: Vec<_> = older.flat_map(|set| &set.packs).collect();
        let older = older.into_iter().map(|pack| (pack, false));
        // Keys first: they tell which objects are still of use.
        let needed = self.keys.packs.iter().chain(&generation.packs).map(|pack| (pack, true));
        let packs: Vec<_> = older.chain(needed).collect();
        let total = packs.iter().fold(0u64, |sum, (pack, _)| sum.saturating_add(pack.len));
        let mut fetcher = Fetcher::default();
        for (pack, is_needed) in packs {
            match fetcher.fetch(self.repository, &self.pack_key, pack) {
                Ok(opened) => {
                    match is_needed {
                        true => look(pack, &opened, &mut seen, &mut verified),
                        false => seen.any_keys.extend(wrapped_keys(&opened)),
                    }
                    fetcher.give_back(opened);
                }
                Err(error @ BackupError::Untrusted { .. }) => {
                    verified.problem(&error);
                    verified.damaged.push(pack.clone());
                    self.look_at_damage(pack, &mut seen, &mut verified)?;
                }
                Err(error) => return Err(error),
            }
            verified.packs += 1;
            verified.bytes += pack.len;
            progress(verified.bytes, Some(total));
        }
        conclude(generation, &seen, &mut verified);
        Ok(verified)
    }

    /// Locates damage to the object.
    fn look_at_damage(
        &self,
        pack: &PackRef,
        seen: &mut Seen,
        verified: &mut Verified,
    ) -> Result<(), BackupError> {
        if pack.kind != Kind::Objects {
            seen.gap |= pack.kind == Kind::Journal;
            return Ok(());
        }
        let salvaged = salvage(self.repository, &self.pack_key, pack)?;
        seen.objects.extend(salvaged.objects.iter().map(|(id, _)| id.0));
        for id in salvaged.lost {
            verified.problem(format!("the object {id} in {} is damaged", Name::pack(pack.id)));
        }
        Ok(())
    }
}

/// The records that a pack of keys holds a key of.
pub fn wrapped_keys(pack: &Pack) -> impl Iterator<Item = [u8; 16]> {
    pack.items().filter(|item| item.what == What::WrappedKey).filter_map(|item| item.key.try_into().ok())
}

/// How much of a pack of objects no kept key opens.
fn weigh(pack: &PackRef, opened: &Pack, seen: &Seen, verified: &mut Verified) {
    let (mut all, mut dead) = (0, 0);
    for item in opened.items() {
        all += item.value.len() as u64;
        if !seen.any_keys.contains(item.key) {
            dead += item.value.len() as u64;
        }
    }
    verified.dead_bytes += dead;
    if dead > all / 2 {
        verified.sparse.push(pack.clone());
    }
}

fn look(pack: &PackRef, opened: &Pack, seen: &mut Seen, verified: &mut Verified) {
    if pack.kind == Kind::Objects {
        weigh(pack, opened, seen, verified);
    }
    for item in opened.items() {
        let id = <[u8; 16]>::try_from(item.key);
        match (item.what, id) {
            (What::Entry, _) => entry(item.key, item.value, seen, verified),
            (What::Object, Ok(id)) => drop(seen.objects.insert(id)),
            (What::WrappedKey, Ok(id)) => {
                seen.keys.insert(id);
                seen.any_keys.insert(id);
            }
            (What::Changes | What::Row | What::Gone | What::File | What::Head | What::Missing, _) => {}
            _ => verified.problem(format!("{} holds an item of the wrong kind", Name::pack(pack.id))),
        }
    }
}

fn entry(key: &[u8], bytes: &[u8], seen: &mut Seen, verified: &mut Verified) {
    let seq = seen.frontier.size();
    if key != seq.to_be_bytes() && !seen.gap {
        verified.problem(format!("journal entry {seq} is missing"));
        seen.gap = true;
    }
    seen.frontier.append(leaf_hash(bytes));
    match Entry::decode(bytes) {
        Ok(entry) => {
            if let (Act::Deposit, Some(id)) = (entry.act, entry.record) {
                seen.deposits.insert(*id.as_bytes());
            }
        }
        Err(error) => verified.problem(format!("journal entry {seq}: {error}")),
    }
}

/// Compares what was seen with what the manifest and the journal promise.
fn conclude(generation: &Generation, seen: &Seen, verified: &mut Verified) {
    verified.entries = seen.frontier.size();
    verified.objects = seen.objects.len() as u64;
    let head = (seen.frontier.size(), seen.frontier.root());
    if !seen.gap && head != (generation.entries, generation.root) {
        verified.problem("its entries do not lead to the root that was signed");
    }
    let mut lost = Vec::new();
    for id in seen.deposits.iter().filter(|id| seen.keys.contains(*id)) {
        verified.records += 1;
        if !seen.objects.contains(id) {
            lost.push(BlobId(*id));
        }
    }
    lost.sort_unstable();
    for id in &lost {
        verified.problem(format!("the object {id} is in no pack that can be read"));
    }
    verified.lost = lost;
}
