//! The name of a log, which is also the name of the key that signs for it.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::error::OriginError;

/// Longest accepted name, in bytes; ours have 50.
pub const MAX_ORIGIN_BYTES: usize = 256;

/// The origin line of a checkpoint (C2SP tlog-checkpoint) and key name of its signature (C2SP signed-note).
///
/// Non-empty, at most [`MAX_ORIGIN_BYTES`], no Unicode space, no control character, no `+`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

impl Origin {
    /// The name of this archive's own log, `shosoin.local/<archive-uuid>`; need not be reachable.
    pub fn local(archive: Uuid) -> Self {
        // A hyphenated UUID is hex digits and hyphens, so the name is always acceptable.
        Self(format!("shosoin.local/{archive}"))
    }

    /// The name as written in checkpoints.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let forbidden = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if text.is_empty() || text.len() > MAX_ORIGIN_BYTES || text.contains(forbidden) {
            return Err(OriginError);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_our_own_log_is_acceptable() {
        let own = Origin::local(Uuid::from_u128(0x0198_c0de_0000_7000_8000_0000_0000_0001));
        assert_eq!(own.as_str(), "shosoin.local/0198c0de-0000-7000-8000-000000000001");
        assert_eq!(own.as_str().parse(), Ok(own));
    }

    #[test]
    fn names_that_would_break_a_note_or_a_key_are_refused() {
        for bad in ["", "a b", "a\u{3000}b", "a\u{a0}b", "a+b", "a\nb", "a\tb", "a\u{7f}b", "a\u{0}"] {
            assert_eq!(bad.parse::<Origin>(), Err(OriginError), "{bad:?}");
        }
        assert!("x".repeat(MAX_ORIGIN_BYTES).parse::<Origin>().is_ok());
        assert!("x".repeat(MAX_ORIGIN_BYTES + 1).parse::<Origin>().is_err());
    }
}
