//! The engine: one verb per file. It is synchronous, and the only code that changes an archive.

mod absent;
mod access;
mod anchor;
mod answers;
mod backup;
mod backup_verify;
mod clock;
mod committer;
mod correct;
mod create;
mod deposit;
mod drill;
mod error;
mod export;
mod fixity;
mod disposition;
mod due;
mod fiscal_years;
mod fiscal_years_consent;
mod fsck;
mod fsck_keeping;
mod head;
mod holds;
mod indexer;
mod job_log;
mod journal_log;
mod journal_verify;
mod judge;
mod key_files;
mod key_source;
mod key_status;
mod keyring;
mod layout;
mod notices;
mod open;
mod people_check;
#[cfg(test)]
mod people_tests;
#[cfg(test)]
mod keeping_tests;
#[cfg(test)]
pub(crate) mod testing;
pub mod permit;
mod policies;
mod principal;
mod records;
mod recovery_kit;
mod repair;
mod restore;
mod reevaluate;
mod retrieve;
mod rotate;
pub mod rows;
mod search;
mod search_request;
mod shipping;
mod shorten;
#[cfg(test)]
mod shorten_tests;
mod show;
mod stand_back;
mod texts;
mod timestamps;
mod token;
mod verify;
mod users;
mod withdraw;

use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use chrono::{DateTime, Utc};

pub use backup::{BackupReport, GenerationView};
pub use backup_verify::{Cleared, VerifiedGeneration};
pub use clock::{Clock, SystemClock};
pub use correct::{Changed, Changes, Repeat};
pub use create::{Created, create, create_with};
pub use deposit::{Deposit, Receipt};
pub use disposition::{
    Approval, Certificate, Confirmed, ConfirmedRecord, Kept, KeyLapse, Packaged, Performed, PlanItem,
    PlanRequest, PlanState, PlanView, ReceivedRecord, TransferReceipt, Transferred, TrustedClock,
    TrustedTime,
};
pub use drill::DrillReport;
pub use due::{DueList, DueRecord};
pub use error::ArchiveError;
pub use export::{ExportPlan, ExportSelection, ExportSummary, JournalExport};
pub use fiscal_years::{FiscalYearsChange, FiscalYearsView, LossDeclaration};
pub use fiscal_years_consent::{CalendarApproval, ProposedCalendar};
pub use fixity::{FixityReport, FixityStatus};
pub use fsck::{Checking, FsckReport};
pub use holds::{HoldRequest, HoldView, Release};
pub use indexer::IndexStatus;
pub use job_log::{JobOutcome, JobRun, JobState, JobTrigger};
pub use journal_log::{JournalEntryView, JournalPage, ProofOfEntry};
pub use journal_verify::JournalReport;
pub use key_files::{
    check_key_of_archive, check_key_of_backup, key_file_of, protect_key_file, put_recovered_key,
};
pub use key_source::{AskPassphrase, KeySource};
pub use key_status::{FormerKey, KeyStatus, KeyUpkeep, KeysUnder};
pub use layout::Layout;
pub use notices::{Channel, Channels, ContractDay, ContractEnd};
pub use open::Options;
pub use permit::{Action, Refusal, permit, permit_for, permit_second};
pub use principal::{Principal, Role, Scope};
pub use recovery_kit::{KitDecision, KitRecord, KitState, RecordedKit};
pub use reevaluate::Reevaluation;
pub use restore::{RestoreProgress, RestoreReport, RestoreRequest, Stage, restore};
pub use retrieve::{Original, Purpose as RetrievePurpose};
pub use rotate::{Rotated, RotationState};
pub use search::{SearchHit, SearchPage};
pub use search_request::SearchRequest;
pub use shipping::{ShipStatus, Shipper, ShippingView};
pub use shorten::{ShortenRequest, ShortenedItem, ShorteningView};
pub use show::{RecordView, RetentionView, TermView};
pub use stand_back::stand_back;
pub use timestamps::{
    Attested, DeadlineDay, EvidenceFile, ExpiryYear, PlannedRenewal, RecordEvidence, RenditionBatch,
    RenditionRefused, RenditionRun, RenditionSkipped, RenditionView, RequestView, StampDue, StampState,
    TimestampStatus, WaitingDeadlines,
};
pub use token::{NewToken, TokenKey, TokenView};
pub use users::{NewUser, UserChanges, UserView};
pub use verify::{Check, CheckName, Verified, VerifyPlan};

use crate::config::Config;
use crate::journal::{SigningKey, VerifyingKey};
use crate::pki::fetch::Fetcher;
use crate::pki::trust::TrustStore;
use crate::seal::KeyId;
use crate::store::Store;
use committer::Committer;
use indexer::Indexer;
use keyring::Keyring;
use policies::Policies;

/// An open archive. Share it with `Arc`; every method may be called from any thread.
pub struct Archive {
    layout: Layout,
    config: Config,
    store: Arc<dyn Store>,
    keyring: Keyring,
    policies: Policies,
    /// Whose certificates are believed.
    trust: TrustStore,
    /// Asks authorities for what a file does not hold, if that is configured.
    fetcher: Option<Arc<dyn Fetcher>>,
    /// Says what time is proven, when anything does.
    trusted_clock: Option<Arc<dyn TrustedClock>>,
    /// Held while something is destroyed, and while holds, policies or calendars change: nobody destroys by old rules.
    destruction: Mutex<()>,
    /// One decision about everything at a time.
    reevaluating: Mutex<()>,
    indexer: Arc<Indexer>,
    committer: Committer,
    clock: Arc<dyn Clock>,
    /// First line of every checkpoint, and the key they verify under.
    identity: Identity,
    verifying_key: VerifyingKey,
    /// Signs what backups say; the committer has its own.
    signer: SigningKey,
    /// One run on the backup repositories at a time.
    backing_up: Mutex<()>,
    /// How far the daily repository follows the journal.
    shipped: Mutex<ShipStatus>,
    /// Token rows may be unsealed, because a release that did not seal them made the archive.
    plain_tokens: bool,
    /// Held while timestamps are asked for: two runs at once would pay twice.
    timestamping: Mutex<()>,
    /// Held while keys are wrapped anew.
    rotating: Mutex<()>,
    /// The thread that follows the journal, when there is one.
    follower: Mutex<Option<JoinHandle<()>>>,
    /// Held as long as the archive is open: one process per directory. `None` for archives in memory.
    _lock: Option<File>,
}

/// What a stranger needs to check this archive's checkpoints.
#[derive(Clone, Debug)]
pub struct Identity {
    pub archive_id: String,
    pub origin: String,
    pub vkey: String,
}

impl Identity {
    /// The key that this archive's checkpoints verify under.
    fn verifying_key(&self) -> Result<VerifyingKey, ArchiveError> {
        self.vkey.parse().map_err(|error| ArchiveError::Corrupt(format!("the verifying key: {error}")))
    }
}

impl Archive {
    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    fn destruction_lock(&self) -> MutexGuard<'_, ()> {
        // It guards nothing but the order of things, so a poisoned lock is as good as any.
        self.destruction.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What time the archive's clock says it is.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Id of the key-encryption key that wraps what is new.
    pub fn key_id(&self) -> KeyId {
        self.keyring.key_id()
    }

    /// Number of durable journal entries.
    pub fn journal_size(&self) -> u64 {
        self.committer.published().size()
    }
}

/// Told about the progress of long work: done so far and, when known, of how many.
pub type Progress<'a> = &'a (dyn Fn(u64, Option<u64>) + Sync);
