//! Who acts: every journal entry names one principal. What they may do is decided in `permit.rs`.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Principal of the token that `init` prints; there from the beginning, without a row of its own.
pub const BUILT_IN_ADMIN: &str = "admin";
/// Before the name of an operating-system user that acts with all rights (the owner of the data directory).
const OS_PREFIX: &str = "os:";
const SYSTEM: &str = "system";
const ANONYMOUS: &str = "anonymous";
/// Longest name of a principal, in characters.
const MAX_NAME_CHARS: usize = 64;

/// What somebody is in the organisation; a principal may be several things at once.
///
/// The names are stored and never change their meaning.
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
pub enum Role {
    /// Deposits, finds, corrects (担当者).
    Clerk,
    /// What a clerk does, and exports, withdraws, places holds, plans disposition (管理者).
    Manager,
    /// The second person: reads, and approves what somebody else planned (承認者).
    Approver,
    /// Reads and verifies everything, changes nothing (監査人).
    Auditor,
    /// People, tokens, keys, backups and upkeep, without the content of contracts (システム管理者).
    Admin,
    /// All of the above: the owner of the data directory, and the token of `init`. Cannot be given to anybody.
    Owner,
    /// The archive's own jobs. Cannot be given to anybody.
    System,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 7] =
        [Self::Clerk, Self::Manager, Self::Approver, Self::Auditor, Self::Admin, Self::Owner, Self::System];
    /// The roles that a user can be given.
    pub const GRANTABLE: [Role; 5] = [Self::Clerk, Self::Manager, Self::Approver, Self::Auditor, Self::Admin];

    /// The name as stored and typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clerk => "clerk",
            Self::Manager => "manager",
            Self::Approver => "approver",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
            Self::Owner => "owner",
            Self::System => "system",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no role that can be given.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not a role; use one of: clerk, manager, approver, auditor, admin")]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let known = Self::GRANTABLE.into_iter().find(|role| role.as_str() == text);
        known.ok_or_else(|| UnknownRole(text.chars().take(40).collect()))
    }
}

/// Whose records somebody has to do with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// All of our own legal entities, those of tomorrow too, and the archive as a whole.
    Everything,
    /// Records of these legal entities only.
    Entities(BTreeSet<String>),
}

impl Scope {
    /// Whether records of this entity are within it.
    pub fn covers(&self, entity: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Entities(names) => names.contains(entity),
        }
    }

    /// Whether nothing in `other` is outside of it.
    pub fn includes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Everything, _) => true,
            (Self::Entities(_), Self::Everything) => false,
            (Self::Entities(mine), Self::Entities(theirs)) => theirs.is_subset(mine),
        }
    }

    /// The entities it is limited to; `None` when it is not limited.
    pub fn limit(&self) -> Option<&BTreeSet<String>> {
        match self {
            Self::Everything => None,
            Self::Entities(names) => Some(names),
        }
    }
}

/// Somebody (or some job) that the archive knows by name, with what decides about their rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// As it appears in the journal: `tanaka`, `admin`, `os:shosoin`, `system`.
    pub name: String,
    pub roles: BTreeSet<Role>,
    pub scope: Scope,
}

impl Principal {
    /// A principal with these roles.
    pub fn new(name: impl Into<String>, roles: impl IntoIterator<Item = Role>, scope: Scope) -> Self {
        Self { name: name.into(), roles: roles.into_iter().collect(), scope }
    }

    /// Somebody with all rights, by a name that needs no row: the token of `init`.
    pub fn built_in(name: &str) -> Self {
        Self::new(name, [Role::Owner], Scope::Everything)
    }

    /// The archive's own jobs.
    pub fn system() -> Self {
        Self::new(SYSTEM, [Role::System], Scope::Everything)
    }

    /// The operating-system user who owns the data directory: with all rights, because they have the key anyway.
    pub fn os_user(name: &str) -> Self {
        Self::built_in(&format!("{OS_PREFIX}{name}"))
    }

    /// Somebody who has not said who they are, for the journal; may do nothing.
    pub fn anonymous() -> Self {
        Self::new(ANONYMOUS, [], Scope::Entities(BTreeSet::new()))
    }

    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// The roles as people read them: `clerk, approver`.
    pub fn roles_text(&self) -> String {
        if self.roles.is_empty() {
            return "no role".into();
        }
        self.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// Whether a name belongs to somebody who has all rights without a row: all such names are one person's.
fn is_built_in(name: &str) -> bool {
    name == BUILT_IN_ADMIN || name.starts_with(OS_PREFIX)
}

/// Whether two names in the journal count as one person where two are needed.
///
/// The names that have all rights without being given them (`admin`, `os:...`) are one person: whoever owns the data
/// directory can use any of them.
pub fn same_person(one: &str, other: &str) -> bool {
    one == other || (is_built_in(one) && is_built_in(other))
}

/// A name that a user cannot have.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidName {
    #[error(
        "the name of a user has 1 to {MAX_NAME_CHARS} letters, digits or . _ - @ and begins with a letter or digit; \
         {0:?} has not"
    )]
    Form(String),
    #[error("{0:?} is the name of a principal that the archive brings along; choose another")]
    Reserved(String),
}

/// Checks the name of a user to be: what the journal shows must be plain to read and not pretend to be another.
///
/// # Errors
/// [`InvalidName`], saying what is allowed.
pub fn check_name(name: &str) -> Result<(), InvalidName> {
    let shown = || name.chars().take(MAX_NAME_CHARS).collect::<String>();
    let sound = name.chars().next().is_some_and(char::is_alphanumeric)
        && name.chars().count() <= MAX_NAME_CHARS
        && name.chars().all(|c| c.is_alphanumeric() || ".-_@".contains(c));
    if !sound {
        return Err(InvalidName::Form(shown()));
    }
    let reserved = [BUILT_IN_ADMIN, SYSTEM, ANONYMOUS];
    if reserved.iter().any(|taken| taken.eq_ignore_ascii_case(name)) {
        return Err(InvalidName::Reserved(shown()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entities(names: &[&str]) -> Scope {
        Scope::Entities(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn a_scope_covers_and_includes_what_it_names() {
        assert!(Scope::Everything.covers("本社") && entities(&["本社"]).covers("本社"));
        assert!(!entities(&["本社"]).covers("子会社") && !entities(&[]).covers(""));
        assert!(
            Scope::Everything.includes(&entities(&["x"])) && !entities(&["x"]).includes(&Scope::Everything)
        );
        assert!(
            entities(&["a", "b"]).includes(&entities(&["a"]))
                && !entities(&["a"]).includes(&entities(&["b"]))
        );
    }

    #[test]
    fn names_that_pretend_to_be_something_else_are_refused() {
        for good in ["tanaka", "田中.一郎", "j.doe@example.co.jp", "batch-2"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in ["", "os:root", "a b", "-x", "x\n", "x\u{202e}y", &"x".repeat(65)] {
            assert!(matches!(check_name(bad), Err(InvalidName::Form(_))), "{bad:?}");
        }
        for taken in ["admin", "Admin", "system", "anonymous"] {
            assert!(matches!(check_name(taken), Err(InvalidName::Reserved(_))), "{taken}");
        }
    }

    #[test]
    fn all_built_in_names_are_one_person_and_everybody_else_is_somebody() {
        assert!(
            same_person("admin", "os:root") && same_person("os:a", "os:b") && same_person("mori", "mori")
        );
        assert!(
            !same_person("mori", "tanaka")
                && !same_person("mori", "admin")
                && !same_person("system", "admin")
        );
    }

    #[test]
    fn every_role_that_can_be_given_reads_back_and_no_other_does() {
        for role in Role::ALL {
            assert_eq!(role.to_string().parse::<Role>().is_ok(), Role::GRANTABLE.contains(&role), "{role}");
            assert_eq!(serde_json::to_string(&role).expect("plain data"), format!("\"{role}\""));
        }
    }
}
