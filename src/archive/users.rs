//! Users: who they are, what roles they have, whose records they see; and who is behind a name.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::Archive;
use super::error::ArchiveError;
use super::permit::{Action, permit};
use super::principal::{BUILT_IN_ADMIN, Principal, Role, Scope, check_name};
use super::rows::{UserRow, V1, meta};
use crate::config::DirectoryOwner;
use crate::journal::Act;
use crate::store::{Batch, Direction, Table};

/// Users that may be kept, disabled ones too; bounds every list.
const MAX_USERS: usize = 10_000;
/// Longest name of an operating-system user, in bytes (useradd(8) allows 32; directories allow more).
const MAX_OS_USER_BYTES: usize = 256;
/// The superuser, who can become anybody anyway.
const ROOT: u32 = 0;

/// A user as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UserView {
    pub name: String,
    pub roles: Vec<Role>,
    /// Legal entities whose records they have to do with; null: all.
    pub entities: Option<Vec<String>>,
    /// Operating-system user who acts as this user through the socket.
    pub os_user: Option<String>,
    pub disabled: bool,
    /// There from the beginning, with all rights.
    pub built_in: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<DateTime<Utc>>,
}

/// A user to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// As the journal will show it; cannot be changed or used again.
    pub name: String,
    pub roles: Vec<Role>,
    /// Legal entities whose records they have to do with; none: all, and the archive as a whole.
    #[serde(default)]
    pub entities: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os_user: Option<String>,
}

/// What changes of a user; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UserChanges {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<Role>>,
    /// An empty list: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entities: Option<Vec<String>>,
    /// An empty text: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os_user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// Sealed into the journal entry: full before and after.
#[derive(Serialize)]
struct UserDetails<'a> {
    what: &'static str,
    before: Option<UserView>,
    after: &'a UserView,
}

/// Names that look alike are one name.
fn folded(name: &str) -> String {
    name.nfkc().collect::<String>().to_lowercase()
}

fn scope_of(row: &UserRow) -> Scope {
    row.entities.clone().map_or(Scope::Everything, Scope::Entities)
}

fn shown(row: &UserRow) -> UserView {
    let built_in = row.name == BUILT_IN_ADMIN;
    UserView {
        name: row.name.clone(),
        roles: row.roles.iter().copied().collect(),
        entities: row.entities.as_ref().map(|names| names.iter().cloned().collect()),
        os_user: row.os_user.clone(),
        disabled: row.disabled,
        built_in,
        created_at: (!built_in).then_some(row.created_at),
    }
}

/// The principal of `init`'s token as long as nobody has written a row for it.
fn built_in_admin() -> UserRow {
    UserRow {
        v: V1,
        name: BUILT_IN_ADMIN.into(),
        roles: [Role::Owner].into(),
        entities: None,
        os_user: None,
        disabled: false,
        created_at: DateTime::UNIX_EPOCH,
    }
}

impl Archive {
    /// The principal of this name, if it is one and not disabled.
    pub(super) fn principal_named(&self, name: &str) -> Result<Option<Principal>, ArchiveError> {
        let row = self.user(name)?.filter(|row| !row.disabled);
        Ok(row.map(|row| Principal::new(row.name.clone(), row.roles.iter().copied(), scope_of(&row))))
    }

    /// Who an operating-system user is here, as the kernel names them (`uid`) and as `/etc/passwd` does (`name`).
    ///
    /// The owner of the data directory has the key, so nothing can be kept from them; what the settings make of them
    /// otherwise (`[people] directory_owner`) protects from mistakes, not from intent.
    ///
    /// # Errors
    /// Only the store's; somebody who is nobody here is `None`.
    pub fn principal_of_os_user(&self, uid: u32, name: &str) -> Result<Option<Principal>, ArchiveError> {
        let owns = uid == ROOT || self.layout.owner().is_some_and(|owner| owner == uid);
        let setting = self.config.people.directory_owner;
        if owns && setting == DirectoryOwner::Everything {
            return Ok(Some(Principal::os_user(name)));
        }
        let mapped = self.users()?.into_iter().find(|row| row.os_user.as_deref() == Some(name));
        match mapped {
            Some(row) => self.principal_named(&row.name),
            None if owns && setting == DirectoryOwner::Admin => {
                Ok(Some(Principal::new(Principal::os_user(name).name, [Role::Admin], Scope::Everything)))
            }
            None => Ok(None),
        }
    }

    /// Adds a user.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`]; [`ArchiveError::Conflict`] when the name is taken; [`ArchiveError::Invalid`].
    pub fn user_add(&self, who: &Principal, new: NewUser) -> Result<UserView, ArchiveError> {
        permit(who, Action::UserChange)?;
        check_name(&new.name).map_err(|error| ArchiveError::Invalid(error.to_string()))?;
        if self.user(&new.name)?.is_some() {
            return Err(ArchiveError::Conflict(format!("there is a user {:?} already", new.name)));
        }
        if self.users()?.len() >= MAX_USERS {
            return Err(ArchiveError::Invalid(format!("there are {MAX_USERS} users already")));
        }
        let row = UserRow {
            v: V1,
            roles: self.checked_roles(&new.roles)?,
            entities: self.checked_entities(&new.entities)?,
            os_user: self.checked_os_user(&new.name, new.os_user.as_deref())?,
            disabled: false,
            created_at: self.now(),
            name: new.name,
        };
        self.within_reach(who, Action::UserChange, &row)?;
        self.write_user(who, "user added", None, row)
    }

    /// Changes roles, scope or operating-system user, or disables a user, whose tokens then count no more.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`] for oneself and for who is out of reach; [`ArchiveError::NotFound`];
    /// [`ArchiveError::Conflict`] when somebody else changed the user meanwhile.
    pub fn user_change(
        &self,
        who: &Principal,
        name: &str,
        changes: UserChanges,
    ) -> Result<UserView, ArchiveError> {
        permit(who, Action::UserChange)?;
        let before = self.reachable(who, name, Action::UserChange)?;
        if before.name == who.name {
            let message =
                format!("{} may not change their own rights; another administrator has to", who.name);
            return Err(ArchiveError::Forbidden(message));
        }
        let is_built_in = before.name == BUILT_IN_ADMIN;
        if is_built_in && (changes.roles.is_some() || changes.entities.is_some() || changes.os_user.is_some())
        {
            let message = "the built-in administrator keeps all rights; it can only be disabled";
            return Err(ArchiveError::Invalid(message.into()));
        }
        let mut after = before.clone();
        if let Some(roles) = &changes.roles {
            after.roles = self.checked_roles(roles)?;
        }
        if let Some(entities) = &changes.entities {
            after.entities = self.checked_entities(entities)?;
        }
        if let Some(os_user) = changes.os_user.as_deref() {
            after.os_user = self.checked_os_user(&before.name, Some(os_user))?;
        }
        after.disabled = changes.disabled.unwrap_or(before.disabled);
        if is_built_in && !after.disabled && !who.has(Role::Owner) {
            return Err(ArchiveError::Forbidden("only who has all rights can give them back".into()));
        }
        if after == before {
            return Err(ArchiveError::Invalid("nothing would change".into()));
        }
        self.within_reach(who, Action::UserChange, &after)?;
        self.write_user(who, "user changed", Some(before), after)
    }

    /// The users, in order of their names; whoever has to do with some entities sees only the users of those.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`], or the store's.
    pub fn user_list(&self, who: &Principal) -> Result<Vec<UserView>, ArchiveError> {
        permit(who, Action::UserList)?;
        let mut users = self.users()?;
        if users.iter().all(|row| row.name != BUILT_IN_ADMIN) {
            users.push(built_in_admin());
        }
        users.retain(|row| who.scope.includes(&scope_of(row)));
        users.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(users.iter().map(shown).collect())
    }

    /// Every user that has a row, as lists show it.
    pub(super) fn user_views(&self) -> Result<Vec<UserView>, ArchiveError> {
        Ok(self.users()?.iter().map(shown).collect())
    }

    /// Whether `who` may see that this user exists.
    pub(super) fn sees_user(&self, who: &Principal, name: &str) -> Result<bool, ArchiveError> {
        if permit(who, Action::UserList).is_err() {
            return Ok(false);
        }
        Ok(self.user(name)?.is_none_or(|row| who.scope.includes(&scope_of(&row))))
    }

    /// The stored name of a user to whom `who` may give something.
    pub(super) fn user_within_reach(
        &self,
        who: &Principal,
        name: &str,
        action: Action,
    ) -> Result<String, ArchiveError> {
        let row = self.reachable(who, name, action)?;
        if row.name == BUILT_IN_ADMIN && !who.has(Role::Owner) {
            return Err(ArchiveError::Forbidden("only who has all rights can give them to somebody".into()));
        }
        Ok(row.name)
    }

    fn reachable(&self, who: &Principal, name: &str, action: Action) -> Result<UserRow, ArchiveError> {
        let not_found =
            || ArchiveError::NotFound(format!("user {:?}", name.chars().take(64).collect::<String>()));
        let row = self.user(name)?.ok_or_else(not_found)?;
        // Users of other entities are nobody's business.
        self.within_reach(who, action, &row).map_err(|_| not_found())?;
        Ok(row)
    }

    /// Nobody gives what they do not have: the scope of a user lies within that of who changes it.
    fn within_reach(&self, who: &Principal, action: Action, row: &UserRow) -> Result<(), ArchiveError> {
        if who.scope.includes(&scope_of(row)) {
            return Ok(());
        }
        let message = format!("{} may not {} beyond their own legal entities", who.name, action.words());
        Err(ArchiveError::Forbidden(message))
    }

    fn write_user(
        &self,
        who: &Principal,
        what: &'static str,
        before: Option<UserRow>,
        after: UserRow,
    ) -> Result<UserView, ArchiveError> {
        let key = self.keyring.user_key(&folded(&after.name));
        let sealed = self.keyring.seal_row(&key, &after)?;
        let mut batch = Batch::default();
        match self.store.view().get(Table::Meta, &key)? {
            Some(stored) if before.as_ref() == Some(&self.keyring.unseal_row(&key, &stored)?) => {
                batch.expect_value(Table::Meta, key.clone(), stored);
            }
            Some(_) => {
                return Err(ArchiveError::Conflict(format!("user {:?} changed meanwhile", after.name)));
            }
            None => {
                batch.expect_absent(Table::Meta, key.clone());
            }
        }
        batch.put(Table::Meta, key, sealed);
        let view = shown(&after);
        self.write_with_note(
            who,
            Act::Config,
            &UserDetails { what, before: before.as_ref().map(shown), after: &view },
            batch,
        )?;
        Ok(view)
    }

    fn user(&self, name: &str) -> Result<Option<UserRow>, ArchiveError> {
        let key = self.keyring.user_key(&folded(name));
        match self.store.view().get(Table::Meta, &key)? {
            Some(sealed) => Ok(Some(self.keyring.unseal_row(&key, &sealed)?)),
            None => Ok((name == BUILT_IN_ADMIN).then(built_in_admin)),
        }
    }

    fn users(&self) -> Result<Vec<UserRow>, ArchiveError> {
        let view = self.store.view();
        let mut users = Vec::new();
        for row in view.scan(Table::Meta, meta::USER_PREFIX, None, Direction::Forward).take(MAX_USERS) {
            let (key, sealed) = row?;
            if !key.starts_with(meta::USER_PREFIX) {
                break;
            }
            users.push(self.keyring.unseal_row(&key, &sealed)?);
        }
        Ok(users)
    }

    fn checked_roles(&self, roles: &[Role]) -> Result<BTreeSet<Role>, ArchiveError> {
        if roles.is_empty() {
            return Err(ArchiveError::Invalid(
                "a user needs at least one role; disable them to take all away".into(),
            ));
        }
        if let Some(role) = roles.iter().find(|role| !Role::GRANTABLE.contains(role)) {
            return Err(ArchiveError::Invalid(format!("the role {role} cannot be given to anybody")));
        }
        Ok(roles.iter().copied().collect())
    }

    fn checked_entities(&self, entities: &[String]) -> Result<Option<BTreeSet<String>>, ArchiveError> {
        for name in entities {
            self.config.entity(Some(name)).map_err(ArchiveError::Invalid)?;
        }
        Ok((!entities.is_empty()).then(|| entities.iter().cloned().collect()))
    }

    fn checked_os_user(&self, name: &str, os_user: Option<&str>) -> Result<Option<String>, ArchiveError> {
        let Some(os_user) = os_user.map(str::trim).filter(|os_user| !os_user.is_empty()) else {
            return Ok(None);
        };
        if os_user.len() > MAX_OS_USER_BYTES || os_user.chars().any(|c| c.is_control() || c == ':') {
            return Err(ArchiveError::Invalid("that is not the name of an operating-system user".into()));
        }
        let taken = |row: &UserRow| row.os_user.as_deref() == Some(os_user) && row.name != name;
        match self.users()?.into_iter().find(taken) {
            Some(row) => Err(ArchiveError::Conflict(format!(
                "the operating-system user {os_user} is {:?} already",
                row.name
            ))),
            None => Ok(Some(os_user.to_owned())),
        }
    }
}
