//! The state of the archive's keys: what protects them, what each wraps, what is missing. Never the keys themselves.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::Archive;
use super::error::ArchiveError;
use super::permit::{Action, permit};
use super::principal::Principal;
use super::recovery_kit::KitState;
use super::rotate::{Rotated, RotationState};
use super::rows::ArchiveRow;
use crate::journal::Act;
use crate::seal::key_file::{self, Protection};

/// What anybody may know who looks after the keys.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeyStatus {
    /// Fingerprint of the key-encryption key that wraps what is new.
    pub key_id: String,
    /// Since when it does.
    pub since: DateTime<Utc>,
    /// `file` or `passphrase`.
    pub kind: String,
    /// With a passphrase: Argon2id's memory in KiB, passes, lanes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argon2id: Option<[u32; 3]>,
    /// Where the key file is.
    pub path: String,
    /// Its permissions in octal digits; absent when the file cannot be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// When it was last written, as its file system says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_at: Option<DateTime<Utc>>,
    /// Data keys of contracts, by the key that wraps them.
    pub wrapped: Vec<KeysUnder>,
    /// Keys that had their time and are still in the key file.
    pub former: Vec<FormerKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<RotationState>,
    pub kit: KitState,
    /// What somebody should do, as stable words: `kit-missing`, `kit-stale`, `rotation-unfinished`, `key-file-gone`,
    /// `key-file-open`, `keys-left`.
    pub warnings: Vec<String>,
}

/// How many data keys one key wraps.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeysUnder {
    pub key_id: String,
    pub count: u64,
}

/// A key that wraps nothing new.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FormerKey {
    pub key_id: String,
    /// Absent: it was put there for a rotation that has not begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<DateTime<Utc>>,
    /// When the last key set of a backup that needs it expires; it is taken out of the file then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

/// What looking after the keys did.
#[derive(Clone, Debug, Default)]
pub struct KeyUpkeep {
    /// A rotation that had been cut short.
    pub rotated: Option<Rotated>,
    /// Keys taken out of the key file.
    pub removed: usize,
    pub kit_missing: bool,
}

/// Sealed into the entry of a changed passphrase.
#[derive(Serialize)]
struct ProtectionDetails {
    what: &'static str,
    protection: &'static str,
}

impl Archive {
    /// The state of the keys.
    ///
    /// # Errors
    /// When the rows cannot be read.
    pub fn key_status(&self, who: &Principal) -> Result<KeyStatus, ArchiveError> {
        permit(who, Action::KeysStatus)?;
        let (row, _) = self.archive_row()?;
        let active = self.keyring.key_id();
        let (path, protection) = (self.key_path(), self.keyring.protection());
        let file = key_file::inspect(&path).ok();
        let used = self.keys_in_use()?;
        let kit = self.kit_state()?;
        let mut warnings = Vec::new();
        let mut warn = |when: bool, what: &str| when.then(|| warnings.push(what.to_owned()));
        warn(kit.state == "missing", "kit-missing");
        warn(kit.state == "stale", "kit-stale");
        let unfinished = row.rotation.as_ref().is_some_and(|rotation| rotation.finished_at.is_none());
        warn(unfinished, "rotation-unfinished");
        warn(file.is_none(), "key-file-gone");
        warn(file.is_some_and(|(mode, _)| mode & 0o077 != 0), "key-file-open");
        warn(!unfinished && used.iter().any(|(key, _)| *key != active), "keys-left");
        Ok(KeyStatus {
            key_id: active.to_string(),
            since: row.rotation.as_ref().map_or(row.created_at, |rotation| rotation.started_at),
            kind: kind(&protection).into(),
            argon2id: protection.hardness().map(|hard| [hard.memory_kib, hard.passes, hard.lanes]),
            path: path.display().to_string(),
            mode: file.map(|(mode, _)| format!("{mode:04o}")),
            written_at: file.map(|(_, written)| written.into()),
            wrapped: used
                .into_iter()
                .map(|(key, count)| KeysUnder { key_id: key.to_string(), count })
                .collect(),
            former: self.former_keys(&row),
            rotation: row.rotation.as_ref().map(Into::into),
            kit,
            warnings,
        })
    }

    fn former_keys(&self, row: &ArchiveRow) -> Vec<FormerKey> {
        let active = self.keyring.key_id();
        let days = TimeDelta::days(self.config.backup.key_set_days.into());
        let former = row.rotation.iter().flat_map(|rotation| &rotation.former);
        let retired: Vec<_> = former.map(|former| (former.key, former.retired_at)).collect();
        let others = self.keyring.keks().ids().into_iter().filter(|id| *id != active);
        others
            .map(|id| {
                let retired_at = retired.iter().rev().find(|(key, _)| *key == id).map(|(_, at)| *at);
                let until = retired_at.and_then(|at| at.checked_add_signed(days));
                FormerKey { key_id: id.to_string(), retired_at, until }
            })
            .collect()
    }

    /// Brings a rotation to its end that was cut short, wraps anew what came back under a former key, and takes keys out
    /// of the key file that no backup needs any more.
    ///
    /// # Errors
    /// As [`rotate_key`](Self::rotate_key).
    pub fn key_upkeep(&self, who: &Principal) -> Result<KeyUpkeep, ArchiveError> {
        permit(who, Action::KeysStatus)?;
        let rotated = match self.finish_rotation(who)? {
            Some(rotated) => Some(rotated),
            None => self.rewrap_left_keys(who)?,
        };
        let removed = self.tidy_key_file()?;
        Ok(KeyUpkeep { rotated, removed, kit_missing: self.kit_state()?.state == "missing" })
    }

    /// Journals that the key file has another protection now. Whoever can write the file has done it.
    ///
    /// # Errors
    /// When the entry cannot be written.
    pub fn note_key_protection(&self, who: &Principal, passphrase: bool) -> Result<(), ArchiveError> {
        permit(who, Action::KeysChange)?;
        let protection = if passphrase { "passphrase" } else { "file" };
        self.journal_note(who, Act::Config, &ProtectionDetails { what: "key-protection", protection })
    }
}

fn kind(protection: &Protection) -> &'static str {
    match protection {
        Protection::None => "file",
        Protection::Passphrase(_) => "passphrase",
    }
}
