//! Recovery kits: that one was made, or declined. The shares themselves never come here; who holds the key file makes them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Archive;
use super::error::ArchiveError;
use super::permit::{Action, permit};
use super::principal::Principal;
use super::rows::{KitMade, KitRow, V1, meta};
use crate::journal::Act;
use crate::seal::KeyId;
use crate::seal::share::{MAX_SHARES, MIN_THRESHOLD};
use crate::store::{Batch, Table};

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "decision", rename_all = "lowercase")]
pub enum KitDecision {
    /// So many shares were made, of which so many restore the key.
    Made { kit: String, shares: u8, threshold: u8 },
    /// There shall be no kit.
    Declined,
}

/// A decision about a kit of one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KitRecord {
    /// The key that the kit is of; the present one, or it is refused.
    pub key_id: String,
    #[serde(flatten)]
    pub decision: KitDecision,
}

/// What is known about a kit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KitState {
    /// `missing`; `made`; `declined`; `stale`: a kit is there, but of a former key, so it opens old backups only.
    pub state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// Number of the kit, as on its shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// The state after a decision was recorded.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RecordedKit {
    pub kit: KitState,
}

/// Sealed into its journal entry.
#[derive(Serialize)]
struct KitDetails<'a> {
    what: &'static str,
    kit: &'a KitRow,
}

impl Archive {
    /// Records that a kit was made, or that none is wanted.
    ///
    /// # Errors
    /// [`ArchiveError::Conflict`] when it is of another key than the present one, or a rotation is under way.
    pub fn record_kit(&self, who: &Principal, record: &KitRecord) -> Result<RecordedKit, ArchiveError> {
        permit(who, Action::KeysChange)?;
        if self.unfinished_rotation()?.is_some() {
            return Err(ArchiveError::Conflict(
                "the key is being replaced; bring that to its end with `shosoin key rotate` first, then make a kit of \
                 the new key"
                    .into(),
            ));
        }
        let key: KeyId =
            record.key_id.parse().map_err(|error| ArchiveError::Invalid(format!("key_id: {error}")))?;
        let present = self.keyring.key_id();
        if key != present {
            return Err(ArchiveError::Conflict(format!(
                "the kit is of key {key}, and the archive's key is {present} by now; make a kit of that one"
            )));
        }
        let made = match &record.decision {
            KitDecision::Declined => None,
            KitDecision::Made { kit, shares, threshold } => {
                check_numbers(kit, *shares, *threshold)?;
                Some(KitMade { kit: kit.clone(), shares: *shares, threshold: *threshold })
            }
        };
        let row = KitRow { v: V1, key, made, at: self.now(), by: who.name.clone() };
        let mut batch = Batch::new();
        batch.put(Table::Meta, meta::RECOVERY_KIT, self.keyring.seal_row(meta::RECOVERY_KIT, &row)?);
        let details = KitDetails { what: "recovery-kit", kit: &row };
        self.write_with_note(who, Act::Config, &details, batch)?;
        Ok(RecordedKit { kit: state(Some(row), present) })
    }

    /// Whether there is a kit of the present key.
    ///
    /// # Errors
    /// When the row cannot be read.
    pub fn kit_state(&self) -> Result<KitState, ArchiveError> {
        let sealed = self.store.view().get(Table::Meta, meta::RECOVERY_KIT)?;
        let row = sealed.map(|sealed| self.keyring.unseal_row(meta::RECOVERY_KIT, &sealed)).transpose()?;
        Ok(state(row, self.keyring.key_id()))
    }
}

fn check_numbers(kit: &str, shares: u8, threshold: u8) -> Result<(), ArchiveError> {
    let named = kit.len() == 12 && kit.bytes().all(|byte| byte.is_ascii_hexdigit());
    let sensible =
        (MIN_THRESHOLD..=MAX_SHARES).contains(&threshold) && (threshold..=MAX_SHARES).contains(&shares);
    match named && sensible {
        true => Ok(()),
        false => Err(ArchiveError::Invalid(
            "a kit has 12 hex digits as its number, 2 to 16 shares, and a threshold from 2 to that".into(),
        )),
    }
}

/// Pure: what a row means beside the present key. A declined kit stays declined after a rotation.
fn state(row: Option<KitRow>, present: KeyId) -> KitState {
    let Some(KitRow { key, made, at, by, .. }) = row else {
        return KitState {
            state: "missing".into(),
            key_id: None,
            kit: None,
            shares: None,
            threshold: None,
            at: None,
            by: None,
        };
    };
    let word = match &made {
        None => "declined",
        Some(_) if key == present => "made",
        Some(_) => "stale",
    };
    KitState {
        state: word.into(),
        key_id: Some(key.to_string()),
        shares: made.as_ref().map(|made| made.shares),
        threshold: made.as_ref().map(|made| made.threshold),
        kit: made.map(|made| made.kit),
        at: Some(at),
        by: Some(by),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kit_is_stale_beside_another_key_and_a_refusal_is_not() {
        let key = |byte| KeyId::from_bytes([byte; 8]);
        let made = Some(KitMade { kit: "0123456789ab".into(), shares: 5, threshold: 3 });
        let row = |made| KitRow { v: V1, key: key(1), made, at: DateTime::UNIX_EPOCH, by: "admin".into() };
        let word = |row, present| state(row, present).state;
        assert_eq!(word(None, key(1)), "missing");
        assert_eq!(word(Some(row(made.clone())), key(1)), "made");
        assert_eq!(word(Some(row(made)), key(2)), "stale");
        assert_eq!(word(Some(row(None)), key(2)), "declined");
    }

    #[test]
    fn numbers_that_make_no_kit_are_refused() {
        assert!(check_numbers("0123456789ab", 5, 3).is_ok());
        assert!(check_numbers("0123456789ab", 16, 16).is_ok());
        for (kit, shares, threshold) in [
            ("", 5, 3),
            ("0123456789ag", 5, 3),
            ("0123456789ab", 5, 1),
            ("0123456789ab", 2, 3),
            ("0123456789ab", 17, 3),
        ] {
            assert!(check_numbers(kit, shares, threshold).is_err());
        }
    }
}
