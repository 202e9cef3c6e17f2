//! Text signed by one or more keys (C2SP signed-note, v1).

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::error::NoteError;
use super::key::{SigningKey, VerifyingKey};
use super::origin::Origin;

/// Longest note that is read, in bytes: room for 16 post-quantum signatures of witnesses, as the format asks.
pub const MAX_NOTE_BYTES: usize = 256 << 10;

/// Em dash and space.
const SIGNATURE_PREFIX: &str = "\u{2014} ";
const KEY_ID_BYTES: usize = 4;

/// Signs `text`, which must end in a newline and hold no other control character; the key takes the name
/// `origin`. Callers give text of a format of their own ([`Checkpoint`](super::Checkpoint), the statements of a
/// backup), so this is not checked here; no such format may read as another one.
pub fn sign(text: &str, origin: &Origin, key: &SigningKey) -> String {
    let mut signature = key.verifying_key(origin).key_id().to_vec();
    signature.extend_from_slice(&key.sign(text.as_bytes()));
    format!("{text}\n{SIGNATURE_PREFIX}{origin} {}\n", STANDARD.encode(signature))
}

/// The text of `note`, newline included, once a signature of `key` on it has verified.
///
/// Signatures of other keys are ignored, as the format demands; every one of `key` must be good.
///
/// # Errors
/// When the note is too long, malformed, not signed by `key`, or signed wrongly.
pub fn open<'a>(note: &'a str, key: &VerifyingKey) -> Result<&'a str, NoteError> {
    let (text, signatures) = split(note)?;
    let mut signed = false;
    for line in signatures.split('\n') {
        let (name, signature) = parse_signature(line)?;
        let (id, signature) = signature
            .split_at_checked(KEY_ID_BYTES)
            .filter(|(_, signature)| !signature.is_empty())
            .ok_or(NoteError::Malformed("a signature is cut short"))?;
        if name != key.origin().as_str() || id != key.key_id() {
            continue;
        }
        if !key.verifies(text.as_bytes(), signature) {
            return Err(NoteError::BadSignature(name.to_owned()));
        }
        signed = true;
    }
    if signed { Ok(text) } else { Err(NoteError::NotSigned(key.origin().to_string())) }
}

/// Text with its final newline, and the signature lines without theirs; the last empty line parts them.
fn split(note: &str) -> Result<(&str, &str), NoteError> {
    if note.len() > MAX_NOTE_BYTES {
        return Err(NoteError::TooLong(note.len()));
    }
    if note.contains(|c: char| c < ' ' && c != '\n') {
        return Err(NoteError::Malformed("it has control characters"));
    }
    let (before, signatures) =
        note.rsplit_once("\n\n").ok_or(NoteError::Malformed("no empty line before the signatures"))?;
    let text = note.get(..before.len() + 1).ok_or(NoteError::Malformed("it has no text"))?;
    let signatures =
        signatures.strip_suffix('\n').ok_or(NoteError::Malformed("it does not end in a newline"))?;
    Ok((text, signatures))
}

/// Key name, and key id with signature.
fn parse_signature(line: &str) -> Result<(&str, Vec<u8>), NoteError> {
    const MALFORMED: NoteError = NoteError::Malformed("a signature line is not \"\u{2014} name base64\"");
    let (name, signature) =
        line.strip_prefix(SIGNATURE_PREFIX).and_then(|rest| rest.split_once(' ')).ok_or(MALFORMED)?;
    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '+') {
        return Err(MALFORMED);
    }
    Ok((name, STANDARD.decode(signature).map_err(|_| MALFORMED)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A published note of the Go implementation, with its key.
    const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const GO_TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                           then you don't know what your problem is.\n";
    const GO_SIGNATURE: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn go_key() -> VerifyingKey {
        GO_KEY.parse().unwrap()
    }

    fn go_note() -> String {
        format!("{GO_TEXT}\n{GO_SIGNATURE}")
    }

    #[test]
    fn a_published_note_opens() {
        assert_eq!(open(&go_note(), &go_key()), Ok(GO_TEXT));
    }

    #[test]
    fn a_note_of_ours_opens_and_its_text_may_have_empty_lines() {
        let (key, origin) = (SigningKey::from_seed(&[1; 32]), "shosoin.local/test".parse().unwrap());
        let note = sign("one\n\ntwo\n", &origin, &key);
        assert_eq!(open(&note, &key.verifying_key(&origin)), Ok("one\n\ntwo\n"));
    }

    #[test]
    fn signatures_of_unknown_keys_are_ignored_even_under_the_same_name_or_id() {
        let other = "\u{2014} example.org x08gAAAA\n";
        let same_name = "\u{2014} PeterNeumann AAAAAAAA\n";
        let same_id = "\u{2014} Somebody x08goyAA\n";
        let many = other.repeat(40);
        let note = format!("{GO_TEXT}\n{other}{same_name}{same_id}{many}{GO_SIGNATURE}{other}");
        assert_eq!(open(&note, &go_key()), Ok(GO_TEXT));
        let note = format!("{GO_TEXT}\n{same_name}{same_id}");
        assert_eq!(open(&note, &go_key()), Err(NoteError::NotSigned("PeterNeumann".into())));
    }

    #[test]
    fn one_wrong_signature_of_the_known_key_spoils_the_note() {
        let wrong = "\u{2014} PeterNeumann x08goyAA\n";
        for signatures in [format!("{wrong}{GO_SIGNATURE}"), format!("{GO_SIGNATURE}{wrong}")] {
            let note = format!("{GO_TEXT}\n{signatures}");
            assert_eq!(open(&note, &go_key()), Err(NoteError::BadSignature("PeterNeumann".into())));
        }
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let good = go_note();
        for bit in 0..good.len() * 8 {
            let mut bytes = good.as_bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(altered) = String::from_utf8(bytes) {
                assert!(open(&altered, &go_key()).is_err(), "{altered}");
            }
        }
    }

    #[test]
    fn cut_and_malformed_notes_are_refused() {
        let good = go_note();
        for end in (0..good.len()).filter(|end| good.is_char_boundary(*end)) {
            assert!(open(&good[..end], &go_key()).is_err());
        }
        for bad in [
            good.replace('\n', "\r\n"),
            good.replace('\u{2014}', "-"),
            good.replace(" x08", "  x08"),
            format!("{good}\n"),
            format!("\n{GO_SIGNATURE}"),
            format!("\n\n{GO_SIGNATURE}"),
            format!("{GO_TEXT}{GO_SIGNATURE}"),
            format!("{good}trailing\n"),
            format!("{good}\u{2014} name AAAA\n"),
            format!("{good}\u{2014} na+me AAAAAAAA\n"),
            format!("{good}\u{2014}  AAAAAAAA\n"),
        ] {
            assert!(open(&bad, &go_key()).is_err(), "{bad:?}");
        }
        let long = "x".repeat(MAX_NOTE_BYTES) + &good;
        assert_eq!(open(&long, &go_key()), Err(NoteError::TooLong(long.len())));
    }
}
