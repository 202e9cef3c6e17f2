//! Cursors: where a page ended, as an opaque string that stays true while records are added.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::document::CurrencyCode;
use super::error::SearchError;
use super::fold::fnv1a;
use super::query::Query;

/// First byte of every cursor; a change of what follows needs another.
const FORMAT: u8 = 1;
/// Bytes of a folded name that take part in sorting; also bounds the length of a cursor.
pub(super) const PARTY_SORT_BYTES: usize = 96;

/// The place of one hit in its order, comparable across segments. Text form: base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Which conditions and order it belongs to.
    pub(super) shape: u64,
    /// 0 exact hit, 1 any other.
    pub(super) tier: u8,
    pub(super) key: SortKey,
    pub(super) seq: u64,
    pub(super) version: u32,
}

/// What hits are sorted by, before number and version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SortKey {
    /// The number alone decides.
    Deposited,
    /// Days since 1970.
    Date(i32),
    /// `None` is blank and comes last in both directions.
    Amount(Option<(CurrencyCode, i64)>),
    /// The first [`PARTY_SORT_BYTES`] of the folded name.
    Party(Vec<u8>),
}

/// A number that changes with anything but page size and place.
pub(super) fn shape(query: &Query) -> u64 {
    let bare = Query { limit: 1, after: None, ..query.clone() };
    fnv1a(format!("{bare:?}").as_bytes())
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![FORMAT];
        bytes.extend(self.shape.to_be_bytes());
        bytes.push(self.tier);
        match &self.key {
            SortKey::Deposited => bytes.push(0),
            SortKey::Date(day) => {
                bytes.push(1);
                bytes.extend(day.to_be_bytes());
            }
            SortKey::Amount(None) => bytes.push(2),
            SortKey::Amount(Some((currency, minor))) => {
                bytes.push(3);
                bytes.extend(currency.as_bytes());
                bytes.extend(minor.to_be_bytes());
            }
            SortKey::Party(name) => {
                bytes.extend([4, name.len().min(PARTY_SORT_BYTES) as u8]);
                bytes.extend(name.iter().take(PARTY_SORT_BYTES));
            }
        }
        bytes.extend(self.seq.to_be_bytes());
        bytes.extend(self.version.to_be_bytes());
        // Not a seal, only against typing mistakes: whoever forges a cursor gets a page he could ask for anyway.
        let check = fnv1a(&bytes) as u32;
        bytes.extend(check.to_be_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Cursor {
    type Err = SearchError;

    fn from_str(text: &str) -> Result<Self, SearchError> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim()).map_err(|_| SearchError::MalformedCursor)?;
        let (body, check) = bytes.split_last_chunk::<4>().ok_or(SearchError::MalformedCursor)?;
        if u32::from_be_bytes(*check) != fnv1a(body) as u32 {
            return Err(SearchError::MalformedCursor);
        }
        parse(body).ok_or(SearchError::MalformedCursor)
    }
}

fn parse(body: &[u8]) -> Option<Cursor> {
    let mut rest = Reader(body);
    if rest.byte()? != FORMAT {
        return None;
    }
    let shape = u64::from_be_bytes(rest.array()?);
    let tier = rest.byte().filter(|tier| *tier < 2)?;
    let key = match rest.byte()? {
        0 => SortKey::Deposited,
        1 => SortKey::Date(i32::from_be_bytes(rest.array()?)),
        2 => SortKey::Amount(None),
        3 => {
            let currency = CurrencyCode::from_bytes(&rest.array::<3>()?).ok()?;
            SortKey::Amount(Some((currency, i64::from_be_bytes(rest.array()?))))
        }
        4 => {
            let length = usize::from(rest.byte()?);
            SortKey::Party(rest.take(length)?.to_vec())
        }
        _ => return None,
    };
    let (seq, version) = (u64::from_be_bytes(rest.array()?), u32::from_be_bytes(rest.array()?));
    rest.0.is_empty().then_some(Cursor { shape, tier, key, seq, version })
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some_cursors() -> Vec<Cursor> {
        let keys = [
            SortKey::Deposited,
            SortKey::Date(-5),
            SortKey::Amount(None),
            SortKey::Amount(Some((CurrencyCode::JPY, i64::MIN))),
            SortKey::Party("国税".as_bytes().to_vec()),
        ];
        keys.map(|key| Cursor { shape: 7, tier: 1, key, seq: u64::MAX, version: 3 }).to_vec()
    }

    #[test]
    fn a_cursor_comes_back_from_its_text() {
        for cursor in some_cursors() {
            assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        }
    }

    #[test]
    fn any_damage_is_noticed() {
        for cursor in some_cursors() {
            let text = cursor.to_string();
            for at in 0..text.len() {
                assert!(text[..at].parse::<Cursor>().is_err(), "cut at {at}");
                let mut other = text.clone().into_bytes();
                other[at] = if other[at] == b'A' { b'B' } else { b'A' };
                let other = String::from_utf8(other).unwrap();
                // The last character may carry unused bits only; then decoding refuses it or gives the same.
                assert!(other.parse::<Cursor>().map_or(true, |parsed| parsed == cursor), "changed at {at}");
            }
        }
        for text in ["", "A", "あ", "AAAA", "%%%%"] {
            assert!(text.parse::<Cursor>().is_err());
        }
    }

    #[test]
    fn the_shape_ignores_page_size_and_place_and_nothing_else() {
        let query = Query::default();
        let page = Query { limit: 7, after: some_cursors().pop(), ..Query::default() };
        assert_eq!(shape(&query), shape(&page));
        assert_ne!(shape(&query), shape(&Query { class: Some("a".into()), ..Query::default() }));
    }
}
