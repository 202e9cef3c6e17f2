//! Repair across copies: a backup from the archive or another tier, and the archive from a backup.

use super::backup_verify::{CheckDetails, parse_generation};
use super::error::ArchiveError;
use super::permit::{Action, permit};
use super::principal::Principal;
use super::{Archive, Progress, VerifiedGeneration};
use crate::backup::{Directory, Opened, Tier};
use crate::journal::Act;
use crate::record::RecordId;
use crate::seal::{self, Purpose};
use crate::store::{BlobId, Table};

impl Archive {
    /// Verifies a generation and mends what is damaged: packs of objects from the archive or another tier; for the rest a
    /// new complete generation is made. Then verifies the newest generation of the tier.
    ///
    /// # Errors
    /// As [`backup_verify`](Self::backup_verify) and [`backup_run`](Self::backup_run).
    pub fn backup_repair(
        &self,
        who: &Principal,
        which: &str,
        progress: Progress<'_>,
    ) -> Result<VerifiedGeneration, ArchiveError> {
        permit(who, Action::BackupRun)?;
        let _one_at_a_time = self.begin_backup()?;
        let (tier, number) = parse_generation(which)?;
        let repository = self.repository(tier)?;
        self.mend_identity_and_keys(tier, &repository)?;
        let opened = self.keyring.open_backup(&repository)?;
        let generation = opened.catalog.generation(number, which)?;
        let verified = opened.verify(generation, progress)?;
        let find = |id: &BlobId| self.sound_object(id, Some(tier));
        let repaired = opened.repair(&verified, &find)?;
        let label = generation.label();
        drop(opened);
        // What only a manifest told that is gone now, the archive tells again.
        let again = !repaired.beyond.is_empty() || repaired.removed_generation();
        if again {
            let complete = !repaired.beyond.is_empty();
            self.backup_run_claimed(who, tier, (false, complete), (&|| false, progress))?;
        }
        let newest = if again { None } else { number };
        let mut after = self.verify_generation(tier, newest, progress)?;
        after.repaired = repaired.repaired.len() as u64;
        after.protected = repaired.protected.iter().map(ToString::to_string).collect();
        let details = CheckDetails {
            what: "repair",
            generation: &label,
            verified: after.verified,
            problems: verified.problem_count,
        };
        self.journal_note(who, Act::Backup, &details)?;
        Ok(after)
    }

    /// Who the repository belongs to and which keys open it is known here: both are written again, so that whatever
    /// happened to them does not keep the rest from being read.
    fn mend_identity_and_keys(&self, tier: Tier, repository: &Directory) -> Result<(), ArchiveError> {
        let Some(row) = self.backup_row(tier)? else { return Ok(()) };
        let lender = self.lender()?;
        let source = self.source(&lender)?;
        if let Ok(id) = row.repository.parse() {
            source.mend_identity(repository, tier, id)?;
        }
        source.refresh_keys(repository, tier, self.keep(tier))?;
        Ok(())
    }

    /// A sealed object that opens, from the archive or else from a tier other than `not`.
    fn sound_object(&self, id: &BlobId, not: Option<Tier>) -> Option<Vec<u8>> {
        let here = self.store.blobs().get(id, None).ok().flatten();
        here.filter(|sealed| self.opens(id, sealed)).or_else(|| self.object_in_backups(id, not))
    }

    /// A sealed object that opens, from any tier but `not`.
    pub(super) fn object_in_backups(&self, id: &BlobId, not: Option<Tier>) -> Option<Vec<u8>> {
        Tier::ALL.into_iter().filter(|tier| Some(*tier) != not).find_map(|tier| self.object_in(tier, id))
    }

    fn object_in(&self, tier: Tier, id: &BlobId) -> Option<Vec<u8>> {
        let repository = self.repository(tier).ok()?;
        let opened: Opened<'_> = self.keyring.open_backup(&repository).ok()?;
        opened.find_object(id).ok().flatten().filter(|sealed| self.opens(id, sealed))
    }

    /// Whether an object is what its record's key sealed. One without a key cannot be told from noise, so it is not.
    fn opens(&self, id: &BlobId, sealed: &[u8]) -> bool {
        let view = self.store.view();
        let keyed = view.get(Table::Keys, &id.0).is_ok_and(|key| key.is_some());
        let dek = self.keyring.dek(&*view, RecordId::from_bytes(id.0));
        keyed && dek.is_ok_and(|dek| seal::unseal(&dek, Purpose::Content, &id.0, sealed).is_ok())
    }
}
