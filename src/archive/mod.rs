//! The engine: one verb per file. It is synchronous, and the only code that changes an archive.

mod access;
mod anchor;
mod clock;
mod committer;
mod correct;
mod create;
mod deposit;
mod error;
mod export;
mod fsck;
mod head;
mod indexer;
mod journal_log;
mod journal_verify;
mod judge;
mod keyring;
mod layout;
mod notices;
mod open;
#[cfg(test)]
mod people_tests;
pub mod permit;
mod policies;
mod principal;
mod records;
mod retrieve;
pub mod rows;
mod search;
mod search_request;
mod show;
mod texts;
mod timestamps;
mod token;
mod verify;
mod users;
mod withdraw;

use std::fs::File;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use chrono::{DateTime, Utc};

pub use clock::{Clock, SystemClock};
pub use correct::{Changed, Changes, Repeat};
pub use create::{Created, create};
pub use deposit::{Deposit, Receipt};
pub use error::ArchiveError;
pub use export::{ExportPlan, ExportSelection, ExportSummary, JournalExport};
pub use fsck::FsckReport;
pub use indexer::IndexStatus;
pub use journal_log::{JournalEntryView, JournalPage, ProofOfEntry};
pub use journal_verify::JournalReport;
pub use layout::Layout;
pub use notices::{Channel, Channels, ContractEnd};
pub use open::Options;
pub use permit::{Action, Refusal, permit, permit_for, permit_second};
pub use principal::{Principal, Role, Scope};
pub use retrieve::{Original, Purpose as RetrievePurpose};
pub use search::{SearchHit, SearchPage};
pub use search_request::SearchRequest;
pub use show::{RecordView, RetentionView};
pub use timestamps::{Attested, EvidenceFile, ExpiryYear, RecordEvidence, RequestView, TimestampStatus};
pub use token::{NewToken, TokenKey, TokenView};
pub use users::{NewUser, UserChanges, UserView};
pub use verify::{Check, CheckName, Verified, VerifyPlan};

use crate::config::Config;
use crate::journal::VerifyingKey;
use crate::pki::trust::TrustStore;
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
    indexer: Arc<Indexer>,
    committer: Committer,
    clock: Arc<dyn Clock>,
    /// First line of every checkpoint, and the key they verify under.
    identity: Identity,
    verifying_key: VerifyingKey,
    /// Token rows may be unsealed, because a release that did not seal them made the archive.
    plain_tokens: bool,
    /// Held while timestamps are asked for: two runs at once would pay twice.
    timestamping: Mutex<()>,
    /// The thread that follows the journal, when there is one.
    follower: Mutex<Option<JoinHandle<()>>>,
    /// Held as long as the archive is open: one process per directory. `None` for archives in memory.
    _lock: Option<File>,
}

/// What a stranger needs to check this archive's checkpoints.
#[derive(Clone, Debug)]
pub struct Identity {
    pub archive_id: String,
    pub key_id: String,
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

    /// What time the archive's clock says it is.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Number of durable journal entries.
    pub fn journal_size(&self) -> u64 {
        self.committer.published().size()
    }
}

/// Told about the progress of long work: done so far and, when known, of how many.
pub type Progress<'a> = &'a (dyn Fn(u64, Option<u64>) + Sync);
