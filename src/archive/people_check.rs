//! Fsck for people: users and tokens must be what the journal said last about each.
//!
//! A row put back from an older copy opens like any other; only the journal shows that a role was taken away since.

use std::collections::HashMap;

use super::Archive;
use super::error::ArchiveError;
use super::principal::BUILT_IN_ADMIN;
use super::token::TokenView;
use super::users::UserView;
use crate::journal::{Act, Entry};
use crate::store::{Direction, Table, View};

/// What the journal said last about each user and each token.
#[derive(Default)]
struct Journaled {
    users: HashMap<String, UserView>,
    tokens: HashMap<String, TokenView>,
}

impl Journaled {
    fn read(&mut self, mut details: serde_json::Value) {
        let part =
            |details: &mut serde_json::Value, name: &str| details.get_mut(name).map(serde_json::Value::take);
        // Details are not a format: what does not read as one of ours is about something else.
        if let Some(Ok(user)) = part(&mut details, "after").map(serde_json::from_value::<UserView>) {
            self.users.insert(user.name.clone(), user);
        } else if let Some(Ok(token)) = part(&mut details, "token").map(serde_json::from_value::<TokenView>) {
            self.tokens.insert(token.id.clone(), token);
        }
    }
}

impl Archive {
    /// Every way in which rows about people and the journal disagree, in words.
    ///
    /// # Errors
    /// When the rows cannot be read at all.
    pub(super) fn check_people(&self, view: &dyn View) -> Result<Vec<String>, ArchiveError> {
        let mut journaled = self.people_in_journal(view);
        let mut problems = Vec::new();
        for user in self.user_views()? {
            let said = journaled.users.remove(&user.name);
            if said.as_ref() != Some(&user) {
                problems.push(format!("user {:?} has other rights than the journal says", user.name));
            }
        }
        problems.extend(journaled.users.into_keys().map(|name| format!("user {name:?} has no row any more")));
        let mut of_init = 0;
        for token in self.token_views()? {
            match journaled.tokens.remove(&token.id) {
                Some(said) if said == token => {}
                // The token that `init` made is spoken of only once it was revoked.
                None if token.user == BUILT_IN_ADMIN && token.revoked_at.is_none() && of_init == 0 => {
                    of_init += 1
                }
                _ => problems.push(format!("token {} is not what the journal says", token.id)),
            }
        }
        problems.extend(journaled.tokens.into_keys().map(|id| format!("token {id} has no row any more")));
        Ok(problems)
    }

    fn people_in_journal(&self, view: &dyn View) -> Journaled {
        let mut journaled = Journaled::default();
        for row in view.scan(Table::Journal, &[], None, Direction::Forward) {
            // Damage is reported by the checks of store and journal; nothing beyond it can be read.
            let Ok((_, bytes)) = row else { break };
            let Ok(entry) = Entry::decode(&bytes) else { continue };
            if let (Act::Config, Some(sealed)) = (entry.act, entry.details)
                && let Ok(details) = self.keyring.unseal_archive_details(&sealed)
            {
                journaled.read(details);
            }
        }
        journaled
    }
}
