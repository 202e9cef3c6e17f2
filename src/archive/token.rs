//! Bearer tokens: shown once, stored only as a keyed hash.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};

use super::Archive;
use super::error::ArchiveError;
use super::keyring::Keyring;
use super::principal::Principal;
use super::rows::{self, TokenRow, V1};
use crate::seal::SealError;
use crate::store::Table;

/// Longest token looked at, in bytes.
const MAX_TOKEN_BYTES: usize = 200;

/// Draws a token with 256 random bits, and the row that will recognise it.
pub(super) fn issue(
    keyring: &Keyring,
    name: &str,
    at: DateTime<Utc>,
) -> Result<(String, Vec<u8>, Vec<u8>), ArchiveError> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(SealError::Random)?;
    let token = format!("shosoin_{}", URL_SAFE_NO_PAD.encode(random));
    let row = TokenRow { v: V1, name: name.to_owned(), created_at: at };
    let key = keyring.token_key(&token);
    Ok((token, key, rows::encode(&row)))
}

impl Archive {
    /// Whose token this is. The look-up goes by the token's HMAC, so its timing tells nothing about stored tokens.
    ///
    /// # Errors
    /// Only the store's; an unknown token is `None`.
    pub fn principal_of_token(&self, token: &str) -> Result<Option<Principal>, ArchiveError> {
        if token.is_empty() || token.len() > MAX_TOKEN_BYTES {
            return Ok(None);
        }
        let Some(row) = self.store.view().get(Table::Meta, &self.keyring.token_key(token))? else {
            return Ok(None);
        };
        let row: TokenRow = rows::decode("token row", &row)?;
        Ok(Some(Principal::built_in(&row.name)))
    }
}
