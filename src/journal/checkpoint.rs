//! A signed statement of the journal's size and root (C2SP tlog-checkpoint, v1).

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::error::CheckpointError;
use super::key::{SigningKey, VerifyingKey};
use super::merkle::Hash;
use super::origin::Origin;
use super::signed_note;

/// The head of a log: everything up to `size` entries, in 32 bytes.
///
/// Two checkpoints of one log must be consistent (a consistency proof leads from the smaller to the larger);
/// whoever signs is responsible for that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: Origin,
    /// Number of entries.
    pub size: u64,
    /// Root of the Merkle tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed: origin, size in decimal, root in base64, a line each.
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// Reads [`to_text`](Self::to_text) back, without a signature: use [`verify`] for anything from outside.
    ///
    /// # Errors
    /// When the text is not exactly three lines in their one spelling. Extension lines, which the format
    /// allows and advises against, are refused: our logs have none, and nobody could audit them.
    pub fn from_text(text: &str) -> Result<Self, CheckpointError> {
        let malformed = CheckpointError::Malformed;
        let body = text.strip_suffix('\n').ok_or(malformed("it does not end in a newline"))?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(malformed("it is not three lines of origin, size and root"));
        };
        let origin = origin.parse()?;
        // `parse` takes "+5" and "05" too; only one spelling is a checkpoint.
        let size = size
            .parse::<u64>()
            .ok()
            .filter(|number| number.to_string() == size)
            .ok_or(malformed("the size is not a plain decimal number below 2^64"))?;
        let root = STANDARD.decode(root).ok().and_then(|root| root.try_into().ok());
        let root = root.ok_or(malformed("the root is not 32 bytes in base64"))?;
        Ok(Self { origin, size, root })
    }
}

/// The signed note for `checkpoint`; the key signs under the name of the log.
pub fn sign(checkpoint: &Checkpoint, key: &SigningKey) -> String {
    signed_note::sign(&checkpoint.to_text(), &checkpoint.origin, key)
}

/// The checkpoint in `note`, once a signature of `key` has verified and the origin is that of the key.
///
/// # Errors
/// When the note is malformed, not signed by `key` or signed wrongly, no checkpoint, or one of another log.
pub fn verify(note: &str, key: &VerifyingKey) -> Result<Checkpoint, CheckpointError> {
    let checkpoint = Checkpoint::from_text(signed_note::open(note, key)?)?;
    if checkpoint.origin != *key.origin() {
        let (found, expected) = (checkpoint.origin.to_string(), key.origin().to_string());
        return Err(CheckpointError::OtherLog { found, expected });
    }
    Ok(checkpoint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::error::NoteError;
    use crate::journal::merkle::Frontier;

    fn checkpoint(size: u64) -> Checkpoint {
        Checkpoint { origin: "shosoin.local/test".parse().unwrap(), size, root: Frontier::new().root() }
    }

    const TEXT: &str = "shosoin.local/test\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";

    #[test]
    fn the_text_has_three_lines_and_reads_back() {
        assert_eq!(checkpoint(0).to_text(), TEXT);
        for size in [0, 1, u64::MAX] {
            assert_eq!(Checkpoint::from_text(&checkpoint(size).to_text()), Ok(checkpoint(size)));
        }
    }

    #[test]
    fn any_other_spelling_is_refused() {
        for bad in [
            TEXT.replace("\n0\n", "\n00\n"),
            TEXT.replace("\n0\n", "\n+0\n"),
            TEXT.replace("\n0\n", "\n-1\n"),
            TEXT.replace("\n0\n", "\n\n"),
            TEXT.replace("\n0\n", "\n 0\n"),
            TEXT.replace("\n0\n", "\n18446744073709551616\n"),
            TEXT.replace("FU=", "FU"),
            TEXT.replace("FU=", "FV="),
            TEXT.replace("SuFU=", "S"),
            TEXT.replace("47DE", "47DEAAAA"),
            TEXT.replace("shosoin.local/test", ""),
            TEXT.replace("local/test", "local test"),
            TEXT.trim_end().to_owned(),
            format!("{TEXT}extension\n"),
            format!("{TEXT}\n"),
            format!("\n{TEXT}"),
            String::new(),
            "\n".into(),
        ] {
            assert!(Checkpoint::from_text(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_signed_checkpoint_verifies_under_its_own_key_only() {
        let key = SigningKey::from_seed(&[1; 32]);
        let note = sign(&checkpoint(12), &key);
        let public = key.verifying_key(&checkpoint(0).origin);
        assert_eq!(verify(&note, &public), Ok(checkpoint(12)));

        let stranger = SigningKey::from_seed(&[2; 32]).verifying_key(&checkpoint(0).origin);
        let unsigned = NoteError::NotSigned("shosoin.local/test".into());
        assert_eq!(verify(&note, &stranger), Err(CheckpointError::Note(unsigned)));
    }

    #[test]
    fn a_checkpoint_of_another_log_is_refused_even_when_our_key_signed_it() {
        let key = SigningKey::from_seed(&[1; 32]);
        let mine = checkpoint(12).origin;
        let other = Checkpoint { origin: "example.org/other".parse().unwrap(), ..checkpoint(12) };
        let note = signed_note::sign(&other.to_text(), &mine, &key);
        let error = verify(&note, &key.verifying_key(&mine)).unwrap_err();
        assert!(matches!(error, CheckpointError::OtherLog { found, .. } if found == "example.org/other"));
    }

    #[test]
    fn any_altered_byte_of_the_note_is_noticed() {
        let key = SigningKey::from_seed(&[1; 32]);
        let public = key.verifying_key(&checkpoint(0).origin);
        let note = sign(&checkpoint(12), &key);
        for bit in 0..note.len() * 8 {
            let mut bytes = note.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(altered) = String::from_utf8(bytes) {
                assert!(verify(&altered, &public).is_err(), "{altered}");
            }
        }
    }
}
