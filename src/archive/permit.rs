//! May they? The one table of roles and actions, and the pure decision with its reason.
//!
//! API, pages and command line all ask here. A verb of the engine asks before it does anything, and a verb about one
//! record also asks whether the record is within the principal's scope (`access.rs`), which is answered like "there is
//! no such record".

use std::fmt;

use super::principal::{Principal, Role, Scope, same_person};

/// Declares the actions once: each with its words, after "may not".
macro_rules! actions {
    ($($(#[$about:meta])* $name:ident: $words:literal,)*) => {
        /// What somebody wants to do. A verb of the engine is one of these; looking at a list counts as well.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $($(#[$about])* $name,)*
        }

        impl Action {
            /// Every action, in the order of declaration.
            pub const ALL: &'static [Action] = &[$(Action::$name,)*];

            /// The action in words, after "may not".
            pub fn words(self) -> &'static str {
                match self {
                    $(Self::$name => $words,)*
                }
            }
        }
    };
}

actions! {
    // Contracts.
    Search: "search records",
    Show: "see records",
    Get: "get documents",
    Deposit: "deposit documents",
    Correct: "correct metadata",
    /// And reinstate.
    Withdraw: "withdraw or reinstate records",
    /// Packages, index books and evidence for an auditor.
    Export: "export records",
    /// Links with which a counterparty downloads.
    Link: "make download links",
    // How long they are kept.
    RetentionPolicies: "read retention policies",
    /// What comes due, contract ends and notice deadlines among it.
    RetentionDue: "see what comes due",
    FiscalYears: "see fiscal years",
    /// Fiscal years, loss years, policies.
    RetentionChange: "change fiscal years and retention policies",
    /// Proposing a shorter period, and consenting as the second person.
    RetentionShorten: "shorten retention periods",
    HoldList: "see holds",
    HoldPlace: "place holds",
    HoldRelease: "release holds",
    DispositionList: "see dispositions",
    DispositionPlan: "plan dispositions",
    DispositionApprove: "approve dispositions",
    DispositionPerform: "perform dispositions",
    // Proof.
    /// Signatures, fixity, evidence of records.
    Verify: "verify records",
    TimestampStatus: "see the state of timestamps",
    /// Attest what is due, renew what expires.
    TimestampRun: "attest and renew timestamps",
    /// A PAdES rendition beside the original.
    Rendition: "make renditions",
    // The journal.
    /// With the details of entries, which tell what contracts say.
    JournalList: "read the journal",
    JournalProof: "ask for proofs of journal entries",
    JournalVerify: "verify the journal",
    /// All of it, details still sealed.
    JournalExport: "export the journal",
    // Upkeep, without the content of contracts.
    Status: "see what archive this is",
    IndexStatus: "see the state of the index",
    IndexRebuild: "rebuild the index",
    Fsck: "check the whole archive",
    BackupList: "see backups",
    BackupRun: "run backups",
    BackupVerify: "verify backups",
    JobsList: "see jobs",
    JobsRun: "run jobs",
    NoticesShow: "see notices",
    NoticesSend: "send notices",
    KeysStatus: "see the state of keys",
    /// Rotation, recovery kits.
    KeysChange: "rotate or recover keys",
    // People.
    UserList: "see users",
    UserChange: "add or change users",
    /// Tokens of anybody; one's own can always be listed and revoked.
    TokenChange: "create or revoke tokens",
}

/// What an action is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Single records, or what is found of them: a limited scope limits what is seen.
    Records,
    /// The archive as a whole: nobody whose scope is limited may.
    Archive,
    /// Nothing that belongs to an entity.
    Nobody,
}

impl Action {
    /// The table: who may, beside the owner, who may do everything.
    pub fn roles(self) -> &'static [Role] {
        use Role::{Admin, Approver, Auditor, Clerk, Manager, System};
        const READERS: &[Role] = &[Clerk, Manager, Approver, Auditor];
        const EVERYBODY: &[Role] = &[Clerk, Manager, Approver, Auditor, Admin, System];
        match self {
            Self::Search | Self::Show | Self::Get => READERS,
            Self::Deposit => &[Clerk, Manager, System],
            Self::Correct => &[Clerk, Manager],
            Self::Withdraw | Self::Link => &[Manager],
            Self::Export => &[Manager, Auditor],
            Self::RetentionPolicies | Self::FiscalYears | Self::Status => EVERYBODY,
            Self::RetentionDue => &[Clerk, Manager, Approver, Auditor, System],
            Self::RetentionChange => &[Manager],
            Self::HoldList | Self::DispositionList => READERS,
            // Released by a second person: the engine compares the names as well.
            Self::HoldPlace | Self::HoldRelease | Self::RetentionShorten => &[Manager, Approver],
            Self::DispositionPlan | Self::DispositionPerform => &[Manager, System],
            Self::DispositionApprove => &[Approver],
            Self::Verify => &[Clerk, Manager, Approver, Auditor, System],
            Self::TimestampStatus => &[Manager, Approver, Auditor, Admin, System],
            Self::TimestampRun => &[Manager, Admin, System],
            Self::Rendition => &[Manager, System],
            Self::JournalList => &[Auditor],
            Self::JournalProof => &[Manager, Approver, Auditor, Admin],
            Self::JournalVerify => &[Auditor, Admin, System],
            Self::JournalExport => &[Auditor, Admin, System],
            Self::IndexStatus => &[Auditor, Admin, System],
            Self::IndexRebuild => &[Admin, System],
            Self::Fsck => &[Auditor, Admin, System],
            Self::BackupList | Self::JobsList | Self::KeysStatus => &[Auditor, Admin, System],
            Self::BackupRun | Self::BackupVerify | Self::JobsRun => &[Admin, System],
            // A digest names counterparties, so it is for readers; sending it shows nothing to the sender.
            Self::NoticesShow => &[Clerk, Manager, Approver, Auditor, System],
            Self::NoticesSend => &[Manager, Admin, System],
            Self::KeysChange => &[Admin],
            Self::UserList => &[Auditor, Admin],
            Self::UserChange | Self::TokenChange => &[Admin],
        }
    }

    /// What it is about, which decides what a limited scope means for it.
    pub fn about(self) -> About {
        match self {
            Self::Search
            | Self::Show
            | Self::Get
            | Self::Deposit
            | Self::Correct
            | Self::Withdraw
            | Self::Export
            | Self::Verify
            | Self::Rendition
            | Self::JournalList
            | Self::NoticesShow => About::Records,
            // Of people only those within one's own scope can be given anything (`users.rs`).
            Self::RetentionPolicies
            | Self::FiscalYears
            | Self::Status
            | Self::JournalProof
            | Self::UserList
            | Self::UserChange
            | Self::TokenChange => About::Nobody,
            // A verb moves up from here when it asks for the scope of every record that it touches.
            _ => About::Archive,
        }
    }
}

/// Why somebody may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// None of their roles may.
    Role,
    /// It concerns the whole archive, and they have to do with some entities only.
    WholeArchive,
    /// It concerns an entity that they have nothing to do with.
    Entity(String),
    /// A second person is needed, and this is the first one.
    SamePerson(String),
}

/// A refusal with its reason, to be said to the person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Refusal {
    /// The principal's name and roles.
    pub who: String,
    pub roles: String,
    pub action: Action,
    pub why: Why,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { who, roles, action, why } = self;
        write!(f, "{who} ({roles}) may not {}: ", action.words())?;
        match why {
            Why::Role => {
                let may: Vec<_> =
                    action.roles().iter().filter(|role| Role::GRANTABLE.contains(role)).collect();
                let may: Vec<_> = may.into_iter().map(|role| role.as_str()).collect();
                write!(f, "that takes the role {}", may.join(" or "))
            }
            Why::WholeArchive => f.write_str(
                "it concerns the whole archive, and their access is limited to some legal entities",
            ),
            Why::Entity(entity) => write!(f, "their access does not reach the legal entity {entity:?}"),
            Why::SamePerson(first) => {
                write!(f, "a second person has to, and this is the first one, {first}")
            }
        }
    }
}

/// Whether `who` may do `action` at all. Pure: roles and scope decide, nothing else.
///
/// # Errors
/// The refusal, with its reason.
pub fn permit(who: &Principal, action: Action) -> Result<(), Refusal> {
    let by_role = who.has(Role::Owner) || action.roles().iter().any(|role| who.has(*role));
    if !by_role {
        return Err(refusal(who, action, Why::Role));
    }
    if action.about() == About::Archive && who.scope != Scope::Everything {
        return Err(refusal(who, action, Why::WholeArchive));
    }
    Ok(())
}

/// Whether `who` may do `action` for this legal entity (where its existence is no secret).
///
/// # Errors
/// The refusal, with its reason.
pub fn permit_for(who: &Principal, action: Action, entity: &str) -> Result<(), Refusal> {
    permit(who, action)?;
    if who.scope.covers(entity) { Ok(()) } else { Err(refusal(who, action, Why::Entity(entity.to_owned()))) }
}

/// Whether `who` may do `action` as the second person after `first`, who began it.
///
/// # Errors
/// The refusal, with its reason; see [`same_person`].
pub fn permit_second(who: &Principal, action: Action, first: &str) -> Result<(), Refusal> {
    permit(who, action)?;
    if same_person(&who.name, first) {
        return Err(refusal(who, action, Why::SamePerson(first.to_owned())));
    }
    Ok(())
}

fn refusal(who: &Principal, action: Action, why: Why) -> Refusal {
    Refusal { who: who.name.clone(), roles: who.roles_text(), action, why }
}

#[cfg(test)]
#[path = "permit_tests.rs"]
mod tests;
