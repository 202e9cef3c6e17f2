//! Signed statements: a few named values under the archive's signature, readable by people.
//!
//! The text of a C2SP signed note: a line that names the format, then one line `name value` for each field, always the
//! same fields in the same order. No statement reads as a checkpoint, which has three lines and begins with an origin.

use super::error::BackupError;
use super::repository::Name;
use crate::journal::{Origin, SigningKey, VerifyingKey, signed_note};

/// Longest statement read, in bytes; ours have less than 1,000.
pub const MAX_BYTES: u64 = 8 << 10;

/// Writes a statement; values hold no control characters.
pub fn sign(format: &str, fields: &[(&str, String)], origin: &Origin, key: &SigningKey) -> String {
    let mut text = format!("{format}\n");
    for (name, value) in fields {
        debug_assert!(!value.contains(char::is_control), "{name} would break the statement");
        text.push_str(&format!("{name} {value}\n"));
    }
    signed_note::sign(&text, origin, key)
}

/// The value of a field before the signature is checked: only for finding the key to check it with.
pub fn unverified<'a>(note: &'a str, name: &str) -> Option<&'a str> {
    note.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
}

/// A statement whose signature holds, read field by field.
pub struct Fields<'a> {
    name: &'a Name,
    lines: std::str::Lines<'a>,
}

/// Checks the signature of `key` on `note` and that it is a statement of `format`.
///
/// # Errors
/// [`BackupError::Untrusted`]; [`BackupError::Newer`] for a later version of the format.
pub fn open<'a>(
    name: &'a Name,
    note: &'a str,
    format: &str,
    key: &VerifyingKey,
) -> Result<Fields<'a>, BackupError> {
    let untrusted = |why: String| BackupError::Untrusted { name: name.clone(), why };
    let text = signed_note::open(note, key).map_err(|error| untrusted(error.to_string()))?;
    let mut lines = text.lines();
    let found = lines.next().unwrap_or_default();
    if found != format {
        let kind = |format: &str| format.rsplit_once('/').map(|(kind, _)| kind.to_owned());
        return Err(match kind(found) == kind(format) {
            true => BackupError::Newer { what: name.to_string() },
            false => untrusted(format!("it is no statement of the format {format}")),
        });
    }
    Ok(Fields { name, lines })
}

impl<'a> Fields<'a> {
    /// The value of the next field, which must be `field`.
    ///
    /// # Errors
    /// [`BackupError::Untrusted`] when it is another one.
    pub fn text(&mut self, field: &str) -> Result<&'a str, BackupError> {
        let line = self.lines.next().unwrap_or_default();
        let value = line.strip_prefix(field).and_then(|rest| rest.strip_prefix(' '));
        value.ok_or_else(|| self.wrong(field))
    }

    /// The next field, read as a value of its type.
    ///
    /// # Errors
    /// As [`text`](Self::text), and when it does not read.
    pub fn value<T: std::str::FromStr>(&mut self, field: &str) -> Result<T, BackupError> {
        self.text(field)?.parse().map_err(|_| self.wrong(field))
    }

    /// The next field, read by `read`.
    ///
    /// # Errors
    /// As [`value`](Self::value).
    pub fn read<T>(
        &mut self,
        field: &str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, BackupError> {
        read(self.text(field)?).ok_or_else(|| self.wrong(field))
    }

    fn wrong(&self, field: &str) -> BackupError {
        BackupError::Untrusted {
            name: self.name.clone(),
            why: format!("its field {field} is missing or wrong"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: &str = "shosoin-backup-test/1";

    fn signed(fields: &[(&str, String)]) -> (String, VerifyingKey) {
        let (key, origin) = (SigningKey::from_seed(&[1; 32]), "shosoin.local/test".parse().unwrap());
        (sign(FORMAT, fields, &origin, &key), key.verifying_key(&origin))
    }

    #[test]
    fn fields_come_back_in_their_order_and_in_no_other() {
        let (note, key) = signed(&[("number", "12".into()), ("tier", "daily".into())]);
        assert_eq!(unverified(&note, "tier"), Some("daily"));
        let name = Name::generation(12);
        let mut fields = open(&name, &note, FORMAT, &key).unwrap();
        assert_eq!(fields.value::<u64>("number").unwrap(), 12);
        assert_eq!(fields.text("tier").unwrap(), "daily");
        assert!(fields.text("tier").is_err());
        assert!(open(&name, &note, FORMAT, &key).unwrap().text("tier").is_err());
    }

    #[test]
    fn a_changed_statement_is_not_believed_and_a_later_format_is_called_newer() {
        let (note, key) = signed(&[("number", "12".into())]);
        let name = Name::generation(12);
        let forged = note.replace("12", "13");
        assert!(matches!(open(&name, &forged, FORMAT, &key).err(), Some(BackupError::Untrusted { .. })));
        let other = open(&name, &note, "shosoin-backup-other/1", &key).err();
        assert!(matches!(other, Some(BackupError::Untrusted { .. })));
        let older = open(&name, &note, "shosoin-backup-test/0", &key).err();
        assert!(matches!(older, Some(BackupError::Newer { .. })));
    }

    #[test]
    fn a_checkpoint_is_no_statement_and_a_statement_no_checkpoint() {
        let (key, origin) =
            (SigningKey::from_seed(&[1; 32]), "shosoin.local/test".parse::<Origin>().unwrap());
        let checkpoint = crate::journal::Checkpoint { origin: origin.clone(), size: 1, root: [0; 32] };
        let note = crate::journal::checkpoint::sign(&checkpoint, &key);
        let verifying = key.verifying_key(&origin);
        assert!(open(&Name::identity(), &note, FORMAT, &verifying).is_err());
        let (statement, _) = signed(&[("number", "1".into())]);
        assert!(crate::journal::checkpoint::verify(&statement, &verifying).is_err());
    }
}
