//! What an entry says was done.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The act an entry records; snake_case in JSON.
///
/// Names are never reused or changed: stored entries hold them for ever. New acts may be added.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// The archive was created; always entry 0.
    Init,
    /// A contract was accepted as a new record.
    Deposit,
    /// The bytes of a contract already kept were offered again; the first record stands.
    Duplicate,
    /// A record's metadata or history was read.
    View,
    /// The bytes of a contract were handed out.
    Download,
    /// Records were searched.
    Search,
    /// A new version of a record's metadata was written.
    Correct,
    /// A record was hidden from searches; it is still kept.
    Withdraw,
    /// A withdrawn record was made visible again.
    Reinstate,
    /// Records or entries left the archive as a package, list or extract.
    Export,
    /// Records were taken over from another system.
    Import,
    /// A scheduled job ran.
    Job,
    /// A principal signed in.
    SignIn,
    /// Somebody failed to sign in.
    SignInFailed,
    /// Stored content, the journal or evidence was checked.
    Verify,
    /// The configuration, a policy, a permission or a key was changed.
    Config,
    /// The search index was built anew from the records.
    IndexRebuild,
    /// A generation of a backup was made, verified or restored for practice.
    Backup,
    /// The archive was restored from a backup.
    Restore,
    /// A legal hold was placed.
    HoldPlace,
    /// A legal hold was released by a second person.
    HoldRelease,
    /// A list of records to be destroyed was made.
    DispositionPlan,
    /// A second person consented to a list of records to be destroyed.
    DispositionApprove,
    /// Records of an approved plan were packaged for another archive, or that archive confirmed that it keeps them.
    DispositionTransfer,
    /// A record was destroyed. Its details are sealed under the archive's key, since the record's own is gone.
    Dispose,
    /// The remains of destroyed records were erased; a plan is performed.
    DispositionComplete,
    /// A hash tree was built for timestamps, a timestamp was asked for, or one was stored or refused.
    Timestamp,
}

/// The text names no act.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not an act of the journal; use one of: {list}", list = list())]
pub struct UnknownAct(String);

impl Act {
    /// Every act, in the order of declaration.
    pub const ALL: [Act; 27] = [
        Act::Init,
        Act::Deposit,
        Act::Duplicate,
        Act::View,
        Act::Download,
        Act::Search,
        Act::Correct,
        Act::Withdraw,
        Act::Reinstate,
        Act::Export,
        Act::Import,
        Act::Job,
        Act::SignIn,
        Act::SignInFailed,
        Act::Verify,
        Act::Config,
        Act::IndexRebuild,
        Act::Backup,
        Act::Restore,
        Act::HoldPlace,
        Act::HoldRelease,
        Act::DispositionPlan,
        Act::DispositionApprove,
        Act::DispositionTransfer,
        Act::Dispose,
        Act::DispositionComplete,
        Act::Timestamp,
    ];

    /// The name as stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Act::Init => "init",
            Act::Deposit => "deposit",
            Act::Duplicate => "duplicate",
            Act::View => "view",
            Act::Download => "download",
            Act::Search => "search",
            Act::Correct => "correct",
            Act::Withdraw => "withdraw",
            Act::Reinstate => "reinstate",
            Act::Export => "export",
            Act::Import => "import",
            Act::Job => "job",
            Act::SignIn => "sign_in",
            Act::SignInFailed => "sign_in_failed",
            Act::Verify => "verify",
            Act::Config => "config",
            Act::IndexRebuild => "index_rebuild",
            Act::Backup => "backup",
            Act::Restore => "restore",
            Act::HoldPlace => "hold_place",
            Act::HoldRelease => "hold_release",
            Act::DispositionPlan => "disposition_plan",
            Act::DispositionApprove => "disposition_approve",
            Act::DispositionTransfer => "disposition_transfer",
            Act::Dispose => "dispose",
            Act::DispositionComplete => "disposition_complete",
            Act::Timestamp => "timestamp",
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Act {
    type Err = UnknownAct;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Long input is cut: the error is shown to whoever typed it.
        let unknown = || UnknownAct(text.chars().take(40).collect());
        Act::ALL.into_iter().find(|act| act.as_str() == text).ok_or_else(unknown)
    }
}

fn list() -> String {
    Act::ALL.map(Act::as_str).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_act_reads_back_from_its_name_and_from_json() {
        for act in Act::ALL {
            assert_eq!(act.to_string().parse(), Ok(act));
            assert_eq!(serde_json::to_string(&act).unwrap(), format!("\"{act}\""));
            assert_eq!(serde_json::from_str::<Act>(&format!("\"{act}\"")).unwrap(), act);
        }
    }

    #[test]
    fn all_lists_each_act_once_in_order_of_declaration() {
        assert!(Act::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        let last_discriminant = Act::Timestamp as usize;
        assert_eq!(Act::ALL.len(), last_discriminant + 1);
    }

    #[test]
    fn unknown_names_are_refused_and_the_error_lists_the_known_ones() {
        let error = "Deposit".parse::<Act>().unwrap_err().to_string();
        assert!(error.contains("\"Deposit\"") && error.contains("sign_in_failed"), "{error}");
        assert!("x".repeat(1_000_000).parse::<Act>().unwrap_err().to_string().len() < 600);
    }
}
