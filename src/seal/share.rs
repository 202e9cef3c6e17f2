//! Shares of a KEK: so many people each keep one, and so many of them together restore the key.
//!
//! Shamir's scheme over GF(256), byte by byte, by the crate `blahaj` (the maintained fork of `sharks`, without its biased
//! coefficients, RUSTSEC-2024-0398). The scheme itself notices nothing: shares that were altered or mixed give another
//! key, silently. So each line of a share carries a checksum, a share names its kit and key, and a restored key must
//! have the key id that its shares state. Drawn in `schema/recovery-kit.md`.

mod line;

use std::fmt;

use blahaj::Sharks;
use zeroize::{Zeroize as _, Zeroizing};

pub use line::{LINES, LineError, LineFault, ShareReader};

use super::secret::{Secret, random};
use super::{Kek, KeyId, SealError};

/// One share alone must not be the key.
pub const MIN_THRESHOLD: u8 = 2;
/// Most shares of a kit: enough for a board, and few enough that every choice of them can be tried.
pub const MAX_SHARES: u8 = 16;

/// Number of a kit: which shares belong together. Random, public.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KitId(pub(super) [u8; 6]);

impl fmt::Display for KitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What all shares of a kit have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kit {
    pub id: KitId,
    /// The key that they restore.
    pub key: KeyId,
    /// How many there are.
    pub shares: u8,
    /// How many of them restore the key.
    pub threshold: u8,
}

/// One share. Secret: with enough others it is the key. Wipes itself and prints its number only.
pub struct Share {
    pub kit: Kit,
    /// From 1.
    pub number: u8,
    value: Secret,
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Share").field("kit", &self.kit).field("number", &self.number).finish_non_exhaustive()
    }
}

/// Why shares give no key. Shares are named by kit and number, never by content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    #[error(
        "a kit has 2 to {MAX_SHARES} shares, and 2 or more of them restore the key; choose numbers within that"
    )]
    Numbers,
    #[error("no share was given; give the files of at least two, or type them")]
    NoShares,
    #[error("{} not belong to the kit {kit} of the others; leave it out, and give another share of kit {kit}",
            .foreign.join(", ") + if .foreign.len() == 1 { " does" } else { " do" })]
    Mixed { kit: KitId, foreign: Vec<String> },
    #[error(
        "share {number} was given twice, with different content: one of them is not genuine; give it once"
    )]
    Contradiction { number: u8 },
    #[error("{have} shares are not enough: this kit needs {need} of its {of}; give {} more", need - have)]
    TooFew { have: u8, need: u8, of: u8 },
    #[error("the shares {} fit together in form, but do not give the key {key}: at least one of them is not genuine. \
             Give one more share of this kit, and it can be told which", list(.numbers))]
    NotGenuine { numbers: Vec<u8>, key: KeyId },
    #[error(transparent)]
    Seal(#[from] SealError),
}

fn list(numbers: &[u8]) -> String {
    numbers.iter().map(u8::to_string).collect::<Vec<_>>().join(", ")
}

/// Splits a key; any `threshold` of the shares restore it, and fewer say nothing about it.
///
/// # Errors
/// [`ShareError::Numbers`]; [`SealError::Random`].
pub fn split(kek: &Kek, shares: u8, threshold: u8) -> Result<Vec<Share>, ShareError> {
    if !(MIN_THRESHOLD..=MAX_SHARES).contains(&threshold) || !(threshold..=MAX_SHARES).contains(&shares) {
        return Err(ShareError::Numbers);
    }
    let kit = Kit { id: KitId(random()?), key: kek.id(), shares, threshold };
    let dealt = Sharks(threshold).dealer(kek.secret().bytes()).take(shares.into());
    Ok(dealt.zip(1..).map(|(dealt, number)| Share { kit, number, value: value(&dealt) }).collect())
}

fn value(dealt: &blahaj::Share) -> Secret {
    let mut bytes = Zeroizing::new([0; 32]);
    bytes.iter_mut().zip(&dealt.y).for_each(|(to, from)| *to = from.0);
    Secret::take(&mut bytes)
}

/// A key from its shares.
#[derive(Debug)]
pub struct Recovered {
    pub kek: Kek,
    pub kit: Kit,
    /// Shares that were given and are not genuine; the key came from the others.
    pub bad: Vec<u8>,
}

/// Restores the key. With more shares than needed, those that are not genuine are found out.
///
/// # Errors
/// [`ShareError`], saying which share is in the way.
pub fn combine(shares: &[Share]) -> Result<Recovered, ShareError> {
    let kit = common_kit(shares)?;
    let mut distinct: Vec<&Share> = Vec::new();
    for share in shares {
        match distinct.iter().find(|other| other.number == share.number) {
            Some(other) if other.value.is(&share.value) => {}
            Some(_) => return Err(ShareError::Contradiction { number: share.number }),
            None => distinct.push(share),
        }
    }
    let (have, need) = (distinct.len() as u8, kit.threshold);
    if have < need {
        return Err(ShareError::TooFew { have, need, of: kit.shares });
    }
    // At most 16 shares, so at most 12,870 choices.
    let mut choice = Choice::first(distinct.len(), need.into());
    while let Some(indices) = choice.as_ref().map(|choice| choice.indices.clone()) {
        let chosen: Vec<_> = indices.iter().filter_map(|at| distinct.get(*at).copied()).collect();
        if let Some(kek) = interpolate(&chosen, kit.key) {
            let bad = not_genuine(&distinct, &chosen, kit.key);
            return Ok(Recovered { kek, kit, bad });
        }
        choice = choice.and_then(Choice::next);
    }
    Err(ShareError::NotGenuine { numbers: distinct.iter().map(|share| share.number).collect(), key: kit.key })
}

/// The kit that most shares belong to; an error if some do not.
fn common_kit(shares: &[Share]) -> Result<Kit, ShareError> {
    let of = |kit: Kit| shares.iter().filter(|share| share.kit == kit).count();
    let kit = shares.iter().map(|share| share.kit).max_by_key(|kit| of(*kit)).ok_or(ShareError::NoShares)?;
    let foreign: Vec<_> = shares
        .iter()
        .filter(|share| share.kit != kit)
        .map(|share| format!("share {} of kit {} (key {})", share.number, share.kit.id, share.kit.key))
        .collect();
    if foreign.is_empty() { Ok(kit) } else { Err(ShareError::Mixed { kit: kit.id, foreign }) }
}

/// Those of `all` that give another key in the place of one that is `good`.
fn not_genuine(all: &[&Share], good: &[&Share], key: KeyId) -> Vec<u8> {
    let is_good = |share: &&&Share| good.iter().any(|other| other.number == share.number);
    let fits = |share: &Share| {
        let others = good.iter().copied().skip(1);
        interpolate(&others.chain([share]).collect::<Vec<_>>(), key).is_some()
    };
    all.iter()
        .filter(|share| !is_good(share))
        .filter(|share| !fits(share))
        .map(|share| share.number)
        .collect()
}

/// The key that exactly these shares give, if it is the one they name.
fn interpolate(chosen: &[&Share], key: KeyId) -> Option<Kek> {
    let dealt = chosen.iter().map(|share| {
        let bytes = Zeroizing::new([&[share.number], share.value.bytes().as_slice()].concat());
        blahaj::Share::try_from(bytes.as_slice())
    });
    let dealt = dealt.collect::<Result<Vec<_>, _>>().ok()?;
    let secret = Sharks(u8::try_from(dealt.len()).ok()?).recover(&dealt).map(Zeroizing::new).ok()?;
    let mut bytes = Zeroizing::new([0; 32]);
    if secret.len() != bytes.len() {
        return None;
    }
    bytes.copy_from_slice(&secret);
    let kek = Kek::from_bytes(Zeroizing::new(*bytes));
    bytes.zeroize();
    (kek.id() == key).then_some(kek)
}

/// A choice of `k` out of `n`, in order.
struct Choice {
    indices: Vec<usize>,
    of: usize,
}

impl Choice {
    fn first(of: usize, k: usize) -> Option<Self> {
        (k <= of).then(|| Self { indices: (0..k).collect(), of })
    }

    fn next(mut self) -> Option<Self> {
        let k = self.indices.len();
        let room = self.of - k;
        let at = (0..k).rev().find(|at| self.indices.get(*at).is_some_and(|index| *index < at + room))?;
        let start = self.indices.get(at)? + 1;
        self.indices.truncate(at);
        self.indices.extend(start..start + (k - at));
        Some(self)
    }
}

#[cfg(test)]
mod tests;
