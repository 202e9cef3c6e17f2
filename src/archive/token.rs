//! Bearer tokens: shown once, stored only as a keyed hash; made, listed, revoked.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::Archive;
use super::error::ArchiveError;
use super::journal_log::hex;
use super::keyring::Keyring;
use super::permit::{Action, permit};
use super::principal::{BUILT_IN_ADMIN, Principal};
use super::rows::{self, TokenRow, V1, meta};
use crate::journal::Act;
use crate::seal::SealError;
use crate::store::{Batch, Direction, Table};

/// Longest token looked at, in bytes.
const MAX_TOKEN_BYTES: usize = 200;
/// Bytes of a token's HMAC that name it in lists: enough that no two are alike, and useless for signing in.
const ID_BYTES: usize = 8;
/// Longest label, in characters.
const MAX_LABEL_CHARS: usize = 100;
/// Tokens that may be kept, revoked ones too; bounds every list.
const MAX_TOKENS: usize = 10_000;

/// Which token somebody came with; fit to be kept in a session, unfit to sign in with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenKey(Vec<u8>);

/// A token as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenView {
    pub id: String,
    /// The principal it belongs to.
    pub user: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub created_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A token just made. It is told now and never again.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewToken {
    pub token: String,
    #[serde(flatten)]
    pub about: TokenView,
}

/// Sealed into the journal entry.
#[derive(Serialize)]
struct TokenDetails<'a> {
    what: &'static str,
    token: &'a TokenView,
}

/// The row of the token that `init` makes.
pub(super) fn first(at: DateTime<Utc>) -> TokenRow {
    row(BUILT_IN_ADMIN, at)
}

fn row(name: &str, at: DateTime<Utc>) -> TokenRow {
    TokenRow { v: V1, name: name.to_owned(), created_at: at, label: None, expires_at: None, revoked_at: None }
}

/// Draws a token with 256 random bits, and the sealed row that will recognise it.
pub(super) fn issue(keyring: &Keyring, row: TokenRow) -> Result<(String, Vec<u8>, Vec<u8>), ArchiveError> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(SealError::Random)?;
    let token = format!("shosoin_{}", URL_SAFE_NO_PAD.encode(random));
    let key = keyring.token_key(&token);
    let sealed = keyring.seal_row(&key, &row)?;
    Ok((token, key, sealed))
}

fn id_of(key: &[u8]) -> String {
    hex(key.get(meta::TOKEN_PREFIX.len()..).and_then(|mac| mac.get(..ID_BYTES)).unwrap_or_default())
}

fn shown(key: &[u8], row: TokenRow) -> TokenView {
    let TokenRow { name: user, created_at, label: name, expires_at, revoked_at, .. } = row;
    TokenView { id: id_of(key), user, name, created_at, expires_at, revoked_at }
}

impl Archive {
    /// Whose token this is, and how to recognise it later.
    ///
    /// The row is looked for by the first bytes of the token's HMAC and then compared in constant time, so that no
    /// answer's timing tells anything about stored tokens.
    ///
    /// # Errors
    /// Only the store's; a token that is unknown, revoked, expired or of a disabled user is `None`.
    pub fn principal_of_token(&self, token: &str) -> Result<Option<(TokenKey, Principal)>, ArchiveError> {
        if token.is_empty() || token.len() > MAX_TOKEN_BYTES {
            return Ok(None);
        }
        let key = self.keyring.token_key(token);
        let start = key.get(..meta::TOKEN_PREFIX.len() + ID_BYTES).unwrap_or(&key);
        let found = self.tokens_from(start)?.into_iter().find(|(other, _)| bool::from(other.ct_eq(&key)));
        self.behind(found)
    }

    /// Whose token this was when a session began, if it still counts.
    ///
    /// # Errors
    /// Only the store's.
    pub fn principal_behind(&self, TokenKey(key): &TokenKey) -> Result<Option<Principal>, ArchiveError> {
        let found = self.tokens_from(key)?.into_iter().find(|(other, _)| other == key);
        Ok(self.behind(found)?.map(|(_, principal)| principal))
    }

    fn behind(
        &self,
        found: Option<(Vec<u8>, TokenRow)>,
    ) -> Result<Option<(TokenKey, Principal)>, ArchiveError> {
        let Some((key, row)) = found else { return Ok(None) };
        let over = row.expires_at.is_some_and(|end| end <= self.now());
        if over || row.revoked_at.is_some() {
            return Ok(None);
        }
        Ok(self.principal_named(&row.name)?.map(|principal| (TokenKey(key), principal)))
    }

    /// The token rows whose keys begin with `start`.
    fn tokens_from(&self, start: &[u8]) -> Result<Vec<(Vec<u8>, TokenRow)>, ArchiveError> {
        let view = self.store.view();
        let rows = view.scan(Table::Meta, start, None, Direction::Forward);
        let mut tokens = Vec::new();
        for row in rows.take(MAX_TOKENS) {
            let (key, value) = row?;
            if !key.starts_with(start) {
                break;
            }
            let row = self.read_token(&key, &value)?;
            tokens.push((key, row));
        }
        Ok(tokens)
    }

    /// A token row, sealed or, in archives that 0.1.0 made, plain.
    fn read_token(&self, key: &[u8], value: &[u8]) -> Result<TokenRow, ArchiveError> {
        let plain = value.first() == Some(&b'{');
        if plain && self.plain_tokens {
            rows::decode("token row", value)
        } else {
            self.keyring.unseal_row(key, value)
        }
    }

    /// Makes a token for a user.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`]; [`ArchiveError::NotFound`] for a user that is not there; [`ArchiveError::Invalid`].
    pub fn token_create(
        &self,
        who: &Principal,
        user: &str,
        label: Option<String>,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<NewToken, ArchiveError> {
        permit(who, Action::TokenChange)?;
        let name = self.user_within_reach(who, user, Action::TokenChange)?;
        if expires_at.is_some_and(|end| end <= self.now()) {
            return Err(ArchiveError::Invalid(
                "the token would have expired already; choose a later end".into(),
            ));
        }
        let label = label.map(|label| label.trim().to_owned()).filter(|label| !label.is_empty());
        if label.as_ref().is_some_and(|label| label.chars().count() > MAX_LABEL_CHARS) {
            return Err(ArchiveError::Invalid(format!(
                "the token's name is longer than {MAX_LABEL_CHARS} characters"
            )));
        }
        if self.tokens_from(meta::TOKEN_PREFIX)?.len() >= MAX_TOKENS {
            return Err(ArchiveError::Invalid(format!("there are {MAX_TOKENS} tokens already")));
        }
        let row = TokenRow { label, expires_at, ..row(&name, self.now()) };
        let (token, key, sealed) = issue(&self.keyring, row.clone())?;
        let about = shown(&key, row);
        let mut batch = Batch::default();
        batch.expect_absent(Table::Meta, key.clone());
        batch.put(Table::Meta, key, sealed);
        self.write_with_note(
            who,
            Act::Config,
            &TokenDetails { what: "token created", token: &about },
            batch,
        )?;
        Ok(NewToken { token, about })
    }

    /// Tokens with their ends: all of them for whoever may see users, else one's own.
    ///
    /// # Errors
    /// The store's.
    pub fn token_list(&self, who: &Principal) -> Result<Vec<TokenView>, ArchiveError> {
        let mut tokens = Vec::new();
        for (key, row) in self.tokens_from(meta::TOKEN_PREFIX)? {
            if row.name == who.name || self.sees_user(who, &row.name)? {
                tokens.push(shown(&key, row));
            }
        }
        tokens.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(tokens)
    }

    /// Every token, as lists show it.
    pub(super) fn token_views(&self) -> Result<Vec<TokenView>, ArchiveError> {
        let tokens = self.tokens_from(meta::TOKEN_PREFIX)?;
        Ok(tokens.into_iter().map(|(key, row)| shown(&key, row)).collect())
    }

    /// Ends a token at once; one's own always, others' with the right to.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`] for one that is not there or out of reach; [`ArchiveError::Invalid`] when it is over.
    pub fn token_revoke(&self, who: &Principal, id: &str) -> Result<TokenView, ArchiveError> {
        let not_found =
            || ArchiveError::NotFound(format!("token {:?}", id.chars().take(40).collect::<String>()));
        let all = self.tokens_from(meta::TOKEN_PREFIX)?;
        let (key, row) = all.into_iter().find(|(key, _)| id_of(key) == id).ok_or_else(not_found)?;
        if row.name != who.name {
            permit(who, Action::TokenChange)?;
            if !self.sees_user(who, &row.name)? {
                return Err(not_found());
            }
        }
        if row.revoked_at.is_some() {
            return Err(ArchiveError::Invalid(format!("token {id} is revoked already")));
        }
        let before = self.store.view().get(Table::Meta, &key)?.ok_or_else(not_found)?;
        let row = TokenRow { revoked_at: Some(self.now()), ..row };
        let sealed = self.keyring.seal_row(&key, &row)?;
        let about = shown(&key, row);
        let mut batch = Batch::default();
        batch.expect_value(Table::Meta, key.clone(), before);
        batch.put(Table::Meta, key, sealed);
        self.write_with_note(
            who,
            Act::Config,
            &TokenDetails { what: "token revoked", token: &about },
            batch,
        )?;
        Ok(about)
    }

    /// The moment after the last one of a calendar day in the archive's zone.
    ///
    /// # Errors
    /// [`ArchiveError::Invalid`] beyond the calendar.
    pub fn end_of(&self, day: NaiveDate) -> Result<DateTime<Utc>, ArchiveError> {
        let beyond = || ArchiveError::Invalid(format!("{day} is beyond the calendar"));
        let midnight = day.succ_opt().and_then(|next| next.and_hms_opt(0, 0, 0)).ok_or_else(beyond)?;
        // Where a clock change skips midnight, the day ends with the first moment that there is.
        let zone = self.config.archive.zone;
        let local = midnight.and_local_timezone(zone).earliest();
        Ok(local.map_or_else(|| midnight.and_utc(), |local| local.with_timezone(&Utc)))
    }
}
