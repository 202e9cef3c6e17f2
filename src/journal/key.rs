//! The key that signs checkpoints, and the text form of its public half (C2SP signed-note "vkey").

use std::fmt;
use std::str::FromStr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::error::KeyError;
use super::origin::Origin;

/// Signature type of Ed25519 in C2SP signed-note; part of the key id and of the vkey.
const ED25519: u8 = 0x01;

/// An Ed25519 private key (RFC 8032). Wipes itself when dropped and refuses to print.
///
/// Who holds it can sign any history; it cannot alter the one that others already hold a checkpoint of.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// Takes up the key from its seed: 32 bytes from the operating system's random source, or unsealed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The seed, to be sealed.
    pub fn to_seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public half, under the name of the log it signs for.
    pub fn verifying_key(&self, origin: &Origin) -> VerifyingKey {
        VerifyingKey { origin: origin.clone(), key: self.0.verifying_key() }
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// The public half: who holds it can check every checkpoint. Printed as `name+key id+base64`, one line.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    origin: Origin,
    key: ed25519_dalek::VerifyingKey,
}

impl VerifyingKey {
    /// The log it verifies.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The first four bytes of SHA-256(name || 0x0A || 0x01 || public key): tells keys apart, proves nothing.
    pub fn key_id(&self) -> [u8; 4] {
        let digest = Sha256::new_with_prefix(self.origin.as_str())
            .chain_update([b'\n', ED25519])
            .chain_update(self.key.as_bytes())
            .finalize();
        let mut id = [0; 4];
        id.copy_from_slice(&digest[..4]);
        id
    }

    /// Whether `signature` is one of this key over `message`. Strict: refuses the weak keys and malleable
    /// encodings that some implementations accept, so that verifiers cannot disagree.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.key_id());
        let encoded = STANDARD.encode([&[ED25519][..], self.key.as_bytes()].concat());
        write!(f, "{}+{id:08x}+{encoded}", self.origin)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({self})")
    }
}

impl FromStr for VerifyingKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Names hold no '+', but base64 does: split at the first two only.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Malformed);
        };
        let origin = name.parse()?;
        let decoded = STANDARD.decode(key).map_err(|_| KeyError::Malformed)?;
        let point: [u8; 32] = match decoded.split_first() {
            Some((&ED25519, point)) => point.try_into().map_err(|_| KeyError::Malformed)?,
            Some((&other, _)) => return Err(KeyError::Algorithm(other)),
            None => return Err(KeyError::Malformed),
        };
        let key = ed25519_dalek::VerifyingKey::from_bytes(&point).map_err(|_| KeyError::BadPoint)?;
        if key.is_weak() {
            return Err(KeyError::BadPoint);
        }
        let parsed = Self { origin, key };
        if format!("{:08x}", u32::from_be_bytes(parsed.key_id())) != id {
            return Err(KeyError::KeyIdMismatch);
        }
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published keys, made by the Go implementation.
    const PUBLISHED: [&str; 3] = [
        "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ];

    #[test]
    fn published_keys_parse_and_print_unchanged() {
        for text in PUBLISHED {
            assert_eq!(text.parse::<VerifyingKey>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn our_own_key_prints_and_parses() {
        let key = SigningKey::from_seed(&[7; 32]);
        let public = key.verifying_key(&"shosoin.local/test".parse().unwrap());
        assert_eq!(public.to_string().parse(), Ok(public.clone()));
        assert_eq!(SigningKey::from_seed(&key.to_seed()).verifying_key(public.origin()), public);
    }

    #[test]
    fn the_private_key_does_not_print() {
        assert_eq!(format!("{:?}", SigningKey::from_seed(&[7; 32])), "SigningKey(..)");
    }

    #[test]
    fn any_altered_character_of_a_verifier_key_is_noticed() {
        let good = PUBLISHED[0];
        for position in 0..good.len() {
            for byte in [b'a', b'A', b'0', b'+', b' ', b'/', b'\n'] {
                let mut bytes = good.as_bytes().to_vec();
                if std::mem::replace(&mut bytes[position], byte) == byte {
                    continue;
                }
                let altered = String::from_utf8(bytes).unwrap();
                assert!(altered.parse::<VerifyingKey>().is_err(), "{altered}");
            }
        }
    }

    #[test]
    fn what_is_no_usable_key_is_refused_with_its_reason() {
        let parse = |text: &str| text.parse::<VerifyingKey>();
        assert_eq!(parse(""), Err(KeyError::Malformed));
        assert_eq!(parse("name+00000000"), Err(KeyError::Malformed));
        assert_eq!(parse("na me+00000000+AQ=="), Err(KeyError::Name(super::super::OriginError)));
        assert_eq!(parse("name+00000000+"), Err(KeyError::Malformed));
        assert_eq!(parse("name+00000000+AQ=="), Err(KeyError::Malformed));
        assert_eq!(parse("name+00000000+Ag=="), Err(KeyError::Algorithm(2)));
        let identity = STANDARD.encode([&[1, 1][..], &[0; 31]].concat());
        assert_eq!(parse(&format!("name+00000000+{identity}")), Err(KeyError::BadPoint));
    }
}
