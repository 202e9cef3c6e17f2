//! The distinct counterparties of a segment, laid out so that a part of a name is found in one pass.
//!
//! All folded names lie behind one another in one array, split by a byte that no name contains: a substring
//! search is one `memmem` over it (about 400 kB for 20,000 names) instead of a comparison per name or per record.

use memchr::memmem::Finder;

use super::bits::Bits;
use super::cursor::PARTY_SORT_BYTES;
use super::error::IndexError;
use super::fold::NameKeys;
use super::legal_form::Forms;
use super::schema::PART;

const SPLIT: u8 = PART as u8;

/// Strings behind one another.
#[derive(Default)]
struct Arena {
    bytes: Vec<u8>,
    /// End of each string, its split byte included.
    ends: Vec<u32>,
}

impl Arena {
    fn push(&mut self, text: &str) -> Result<(), IndexError> {
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(SPLIT);
        let end = u32::try_from(self.bytes.len())
            .map_err(|_| IndexError::Engine("the names of one segment exceed 4 GB".to_owned()))?;
        self.ends.push(end);
        Ok(())
    }

    fn get(&self, at: u32) -> &[u8] {
        let at = at as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(at).map_or(start, |end| end - 1);
        self.bytes.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Calls `found` with the number of every string that contains `needle`.
    fn find(&self, needle: &str, mut found: impl FnMut(u32)) {
        let finder = Finder::new(needle.as_bytes());
        let (mut from, mut at) = (0usize, 0usize);
        while let Some(hit) = self.bytes.get(from..).and_then(|rest| finder.find(rest)) {
            let hit = (from + hit) as u32;
            at += self.ends.get(at..).unwrap_or_default().partition_point(|end| *end <= hit);
            let Some(end) = self.ends.get(at) else { return };
            found(at as u32);
            from = *end as usize;
        }
    }
}

/// Counterparties by their number in the segment: ascending by folded name.
pub(super) struct Parties {
    stripped: Arena,
    /// Only of names whose legal form makes a difference; most have one.
    whole: Arena,
    whole_party: Vec<u32>,
    forms: Vec<u64>,
    light: Vec<u64>,
    /// Parties with the same number here are equal to a sort by name.
    sort_group: Vec<u32>,
}

/// The parties that a query names.
pub(super) struct PartySet {
    /// Ascending.
    pub list: Vec<u32>,
    pub bits: Bits,
}

impl PartySet {
    fn new(list: Vec<u32>, len: u32) -> Self {
        let mut bits = Bits::empty(len);
        list.iter().for_each(|party| bits.set(*party));
        Self { list, bits }
    }
}

/// Exact hits, and all others.
pub(super) struct Matched {
    pub exact: PartySet,
    pub others: PartySet,
    pub all: PartySet,
}

fn damaged() -> IndexError {
    IndexError::Damaged("a counterparty key is not of this version".to_owned())
}

impl Parties {
    pub(super) fn new() -> Self {
        Self {
            stripped: Arena::default(),
            whole: Arena::default(),
            whole_party: Vec::new(),
            forms: Vec::new(),
            light: Vec::new(),
            sort_group: Vec::new(),
        }
    }

    /// Takes the next key of the segment's dictionary, as `schema::party_key` made it.
    pub(super) fn push(&mut self, key: &[u8]) -> Result<(), IndexError> {
        let mut parts = std::str::from_utf8(key).map_err(|_| damaged())?.split(PART);
        let mut part = || parts.next().ok_or_else(damaged);
        let (stripped, whole, forms, light) = (part()?, part()?, part()?, part()?);
        let party = self.len();
        if whole != stripped {
            self.whole.push(whole)?;
            self.whole_party.push(party);
        }
        let group = match party.checked_sub(1) {
            Some(before) if head(self.stripped.get(before)) == head(stripped.as_bytes()) => {
                self.sort_group.last().copied().unwrap_or(0)
            }
            _ => party,
        };
        self.stripped.push(stripped)?;
        self.sort_group.push(group);
        self.forms.push(u64::from_str_radix(forms, 16).map_err(|_| damaged())?);
        self.light.push(u64::from_str_radix(light, 16).map_err(|_| damaged())?);
        Ok(())
    }

    pub(super) fn len(&self) -> u32 {
        self.light.len() as u32
    }

    /// The parties that [`NameKeys::is_found_by`] says yes to.
    pub(super) fn matching(&self, query: &NameKeys) -> Matched {
        let mut bits = Bits::empty(self.len());
        if !query.stripped.is_empty() {
            self.stripped.find(&query.stripped, |party| bits.set(party));
            self.find_whole(&query.whole, query.whole != query.stripped, &mut bits);
        } else if !query.forms.is_empty() {
            let with_forms = |(_, forms): &(u32, &u64)| Forms(**forms).contains(query.forms);
            (0..).zip(&self.forms).filter(with_forms).for_each(|(party, _)| bits.set(party));
            if query.whole_is_telling() {
                self.find_whole(&query.whole, true, &mut bits);
            }
        } else if !query.light.is_empty() {
            let hash = query.light_hash();
            (0..)
                .zip(&self.light)
                .filter(|(_, light)| **light == hash)
                .for_each(|(party, _)| bits.set(party));
        }
        self.split(query, bits)
    }

    /// Names whose unstripped key contains `whole`; where both keys are one, it lies in the first array.
    fn find_whole(&self, whole: &str, look_in_stripped: bool, bits: &mut Bits) {
        self.whole.find(whole, |at| {
            if let Some(party) = self.whole_party.get(at as usize) {
                bits.set(*party);
            }
        });
        if look_in_stripped {
            self.stripped.find(whole, |party| {
                if self.whole_party.binary_search(&party).is_err() {
                    bits.set(party);
                }
            });
        }
    }

    fn split(&self, query: &NameKeys, bits: Bits) -> Matched {
        let (len, hash) = (self.len(), query.light_hash());
        let list: Vec<u32> = bits.iter(0..len).collect();
        let (exact, others) = list
            .iter()
            .partition(|party| self.light.get(**party as usize).is_some_and(|light| *light == hash));
        Matched {
            exact: PartySet::new(exact, len),
            others: PartySet::new(others, len),
            all: PartySet { list, bits },
        }
    }

    /// Group of parties that sort as one; ascending with the name.
    #[inline]
    pub(super) fn sort_group(&self, party: u32) -> u32 {
        self.sort_group.get(party as usize).copied().unwrap_or(0)
    }

    /// What a sort by name looks at.
    pub(super) fn sort_key(&self, party: u32) -> &[u8] {
        head(self.stripped.get(party))
    }

    /// The first party whose sort key is not below `key`.
    pub(super) fn lower_bound(&self, key: &[u8]) -> u32 {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.sort_key(middle) < key {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low
    }

    pub(super) fn bytes(&self) -> usize {
        let arenas = self.stripped.bytes.capacity() + self.whole.bytes.capacity();
        arenas + 4 * (self.stripped.ends.capacity() + 2 * self.whole.ends.capacity()) + 20 * self.light.len()
    }
}

fn head(key: &[u8]) -> &[u8] {
    key.get(..PARTY_SORT_BYTES).unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::search::schema::party_key;

    fn parties(names: &[&str]) -> (Parties, Vec<String>) {
        let mut keyed: Vec<(String, &str)> = names.iter().map(|name| (party_key(name), *name)).collect();
        keyed.sort();
        let mut parties = Parties::new();
        keyed.iter().for_each(|(key, _)| parties.push(key.as_bytes()).unwrap());
        (parties, keyed.into_iter().map(|(_, name)| name.to_owned()).collect())
    }

    proptest! {
        #[test]
        fn one_pass_finds_what_the_rule_says(
            names in proptest::collection::vec("[株式会社有限(カ)ー髙高島キャヤノンABa 株国税木社団co.ltd★]{1,10}", 1..20),
            query in "[株式会社有限(カ)ー髙島キャンAa 国税木社団co.ltd★]{1,4}",
        ) {
            let borrowed: Vec<&str> = names.iter().map(String::as_str).collect();
            let (parties, sorted) = parties(&borrowed);
            let keys = NameKeys::of(&query);
            let matched = parties.matching(&keys);
            for (party, name) in (0..).zip(&sorted) {
                let keys_of_name = NameKeys::of(name);
                prop_assert_eq!(matched.all.bits.has(party), keys_of_name.is_found_by(&keys), "{} {}", query, name);
                let exact = matched.all.bits.has(party) && keys_of_name.light == keys.light;
                prop_assert_eq!(matched.exact.bits.has(party), exact);
                prop_assert_eq!(matched.others.bits.has(party), matched.all.bits.has(party) && !exact);
            }
        }
    }

    #[test]
    fn a_key_of_another_shape_is_damage() {
        assert!(Parties::new().push(b"abc").unwrap_err().needs_rebuild());
        assert!(Parties::new().push(b"\xff\x1f\x1f\x1f").is_err());
    }
}
