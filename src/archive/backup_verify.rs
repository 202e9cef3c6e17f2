//! Verifying backups: reads everything that generations need.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::error::ArchiveError;
use super::permit::{Action, permit};
use super::principal::Principal;
use super::{Archive, Progress};
use crate::backup::{Name, PackRef, Stop, Stoppable, Tier, Verified};
use crate::journal::Act;

/// What verifying one generation found.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct VerifiedGeneration {
    pub generation: String,
    pub tier: String,
    pub entries: u64,
    pub records: u64,
    pub objects: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Everything was read, and nothing is missing or disagrees.
    pub verified: bool,
    /// Packs that are damaged or missing.
    pub damaged: Vec<String>,
    /// Packs that were mended before this was read.
    pub repaired: u64,
    /// What is damaged and stays as it is because it is protected (`write_once_daily` and its kin): a new generation does
    /// without it.
    #[serde(default)]
    pub protected: Vec<String>,
    /// Bytes that destroyed contracts left and that no kept key opens. The weekly verification clears away the packs that
    /// hold mostly such.
    #[serde(default)]
    pub reclaimable: u64,
    /// How many findings there are; the first thousand are in `problems`.
    pub problem_count: u64,
    pub problems: Vec<String>,
}

/// Sealed into the journal entry of a verification or a drill.
#[derive(Serialize)]
pub(super) struct CheckDetails<'a> {
    pub what: &'static str,
    pub generation: &'a str,
    pub verified: bool,
    pub problems: u64,
}

/// What the weekly verification cleared away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// Bytes that became free.
    pub freed: u64,
    /// What destroyed contracts left stays until then in some repository: its generations are protected.
    pub protected_until: Option<DateTime<Utc>>,
}

/// Sealed into the journal entry of a repacking.
#[derive(Serialize)]
struct RepackDetails {
    what: &'static str,
    tier: &'static str,
    packs: u64,
    freed: u64,
}

/// What is done with a tier whose newest generation is sound.
type AndThen<'a> = &'a mut dyn FnMut(Tier, &[PackRef]) -> Result<(), ArchiveError>;

impl Archive {
    /// Verifies a generation (`daily-12`), the newest of a tier (`daily`), or the newest of every tier.
    ///
    /// # Errors
    /// [`ArchiveError::Invalid`] for a name of neither form, [`ArchiveError::NotFound`] when there is none, or when the
    /// repository cannot be reached. What is wrong with a generation is in the answer.
    pub fn backup_verify(
        &self,
        who: &Principal,
        which: Option<&str>,
        progress: Progress<'_>,
    ) -> Result<Vec<VerifiedGeneration>, ArchiveError> {
        permit(who, Action::BackupVerify)?;
        self.verify_and(who, which, &mut |_, _| Ok(()), (&|| false, progress))
    }

    /// Verifies the newest generation of every tier, and clears away what destroyed contracts left in their repositories.
    /// Returns also what it cleared away.
    ///
    /// # Errors
    /// As [`backup_verify`](Self::backup_verify); when a repository cannot be written; when it was stopped.
    pub fn backup_verify_and_repack(
        &self,
        who: &Principal,
        stop: Stop<'_>,
    ) -> Result<(Vec<VerifiedGeneration>, Cleared), ArchiveError> {
        permit(who, Action::BackupRun)?;
        let mut cleared = Cleared::default();
        let mut repack = |tier, sparse: &[PackRef]| {
            let done = self.repack(who, tier, sparse, stop)?;
            cleared.freed += done.freed;
            cleared.protected_until = cleared.protected_until.max(done.protected_until);
            Ok(())
        };
        let verified = self.verify_and(who, None, &mut repack, (stop, &|_, _| {}))?;
        Ok((verified, cleared))
    }

    fn repack(
        &self,
        who: &Principal,
        tier: Tier,
        sparse: &[PackRef],
        stop: Stop<'_>,
    ) -> Result<Cleared, ArchiveError> {
        if sparse.is_empty() {
            return Ok(Cleared::default());
        }
        let lender = self.lender()?;
        let repository = self.repository(tier)?;
        let repository = Stoppable::new(&repository, stop);
        let done = self.source(&lender)?.repack(&repository, (tier, self.keep(tier)), sparse)?;
        let details =
            RepackDetails { what: "repack", tier: tier.name(), packs: done.old_packs, freed: done.freed };
        self.journal_note(who, Act::Backup, &details)?;
        Ok(Cleared { freed: done.freed, protected_until: done.protected_until })
    }

    fn verify_and(
        &self,
        who: &Principal,
        which: Option<&str>,
        then: AndThen<'_>,
        during: (Stop<'_>, Progress<'_>),
    ) -> Result<Vec<VerifiedGeneration>, ArchiveError> {
        let _one_at_a_time = self.begin_backup()?;
        let wanted = match which {
            Some(name) => vec![parse_generation(name)?],
            None => self.tiers_with_backups().into_iter().map(|tier| (tier, None)).collect(),
        };
        if wanted.is_empty() {
            return Err(ArchiveError::NotFound(
                "backup yet; make one with `shosoin backup run daily`".into(),
            ));
        }
        let mut found = Vec::new();
        for (tier, number) in wanted {
            let (verified, sparse) = self.look_through(tier, number, during)?;
            let details = CheckDetails {
                what: "verify",
                generation: &verified.generation,
                verified: verified.verified,
                problems: verified.problem_count,
            };
            self.journal_note(who, Act::Backup, &details)?;
            if verified.verified {
                then(tier, &sparse)?;
            }
            found.push(verified);
        }
        Ok(found)
    }

    /// Tiers whose repository is configured and has something in it.
    pub(super) fn tiers_with_backups(&self) -> Vec<Tier> {
        let views = self.generations();
        let listed = |tier: &Tier| views.iter().any(|view| view.tier == tier.name());
        Tier::ALL.into_iter().filter(listed).collect()
    }

    pub(super) fn verify_generation(
        &self,
        tier: Tier,
        number: Option<u64>,
        progress: Progress<'_>,
    ) -> Result<VerifiedGeneration, ArchiveError> {
        self.look_through(tier, number, (&|| false, progress)).map(|(verified, _)| verified)
    }

    /// Verifies a generation, and tells which of its packs hold mostly what is of no use.
    fn look_through(
        &self,
        tier: Tier,
        number: Option<u64>,
        (stop, progress): (Stop<'_>, Progress<'_>),
    ) -> Result<(VerifiedGeneration, Vec<PackRef>), ArchiveError> {
        let repository = self.repository(tier)?;
        let repository = Stoppable::new(&repository, stop);
        let opened = self.keyring.open_backup(&repository)?;
        let place = self.config.backup.tier(tier).0.map(|path| path.display().to_string());
        let generation = opened.catalog.generation(number, &place.unwrap_or_default())?;
        let mut verified = opened.verify(generation, progress)?;
        if opened.identity.vkey != self.verifying_key {
            verified
                .problems
                .insert(0, "the repository is signed with another key than this archive's".into());
            verified.problem_count += 1;
        }
        let sparse = std::mem::take(&mut verified.sparse);
        Ok((view(generation.label(), tier, verified), sparse))
    }
}

/// Reads `daily-12` or `daily`.
pub(super) fn parse_generation(name: &str) -> Result<(Tier, Option<u64>), ArchiveError> {
    let wrong = || {
        let shown: String = name.chars().take(40).collect();
        ArchiveError::Invalid(format!(
            "{shown:?} names no generation; write daily-12, or daily for the newest"
        ))
    };
    let (tier, number) = match name.split_once('-') {
        Some((tier, number)) => (tier, Some(number.parse().map_err(|_| wrong())?)),
        None => (name, None),
    };
    Ok((tier.parse().map_err(|()| wrong())?, number))
}

fn view(generation: String, tier: Tier, verified: Verified) -> VerifiedGeneration {
    VerifiedGeneration {
        generation,
        tier: tier.to_string(),
        entries: verified.entries,
        records: verified.records,
        objects: verified.objects,
        bytes: verified.bytes,
        verified: verified.is_sound(),
        damaged: verified.damaged.iter().map(|pack| Name::pack(pack.id).to_string()).collect(),
        repaired: 0,
        protected: Vec::new(),
        reclaimable: verified.dead_bytes,
        problem_count: verified.problem_count,
        problems: verified.problems,
    }
}
