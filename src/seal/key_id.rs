//! The public name of a key-encryption key.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Eight bytes derived one-way from a KEK; 16 lower-case hex digits in text and JSON.
///
/// Not secret: it tells keys apart in wrapped keys, key files, messages and logs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; 8]);

/// The text is not 16 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key id is 16 hex digits; copy it from the key file or from the message that named it")]
pub struct InvalidKeyId;

impl KeyId {
    /// The eight bytes, as stored in a wrapped key.
    pub fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }

    /// Reads back what [`as_bytes`](Self::as_bytes) gave.
    pub fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for KeyId {
    type Err = InvalidKeyId;

    fn from_str(text: &str) -> Result<Self, InvalidKeyId> {
        // from_str_radix alone would also take a leading "+".
        if text.len() != 16 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(InvalidKeyId);
        }
        u64::from_str_radix(text, 16).map(|n| Self(n.to_be_bytes())).map_err(|_| InvalidKeyId)
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_id_reads_back_what_it_prints() {
        let id = KeyId::from_bytes([0, 1, 2, 0xab, 0xcd, 0xef, 0x7f, 0xff]);
        assert_eq!(id.to_string(), "000102abcdef7fff");
        assert_eq!("000102ABCDEF7fff".parse(), Ok(id));
    }

    #[test]
    fn anything_but_sixteen_hex_digits_is_refused() {
        for text in [
            "",
            "000102abcdef7ff",
            "000102abcdef7fff0",
            "+00102abcdef7fff",
            "鍵鍵鍵鍵鍵a",
            "x00102abcdef7fff",
        ] {
            assert_eq!(text.parse::<KeyId>(), Err(InvalidKeyId), "{text}");
        }
    }
}
