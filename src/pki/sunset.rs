//! Until when an algorithm proves anything new: dates with their sources, from `data/algorithms.toml`.

use std::sync::LazyLock;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use der::Decode;
use der::asn1::ObjectIdentifier;
use serde::{Deserialize, Serialize};

use super::ber::{Elements, INTEGER, SEQUENCE};
use super::certificate::Certificate;
use super::digest::DigestAlgorithm;

const DATA: &str = include_str!("data/algorithms.toml");

static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(DATA).expect("the table is part of the program and read by a test"));

const RSA: [ObjectIdentifier; 2] = [
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10"),
];
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// Named curves and their lengths in bits.
const CURVES: [(ObjectIdentifier, u32); 5] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.1"), 192),
    (ObjectIdentifier::new_unwrap("1.3.132.0.33"), 224),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), 256),
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), 384),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), 521),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    as_of: toml::value::Datetime,
    digest: Vec<DigestRow>,
    key: Vec<KeyRow>,
    open: OpenRow,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DigestRow {
    name: String,
    until: toml::value::Datetime,
    source: String,
    url: String,
    #[serde(default)]
    notes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyRow {
    family: String,
    below_bits: u32,
    until: toml::value::Datetime,
    source: String,
    url: String,
    #[serde(default)]
    notes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenRow {
    notes: Vec<String>,
}

/// Something a signature rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    Digest(DigestAlgorithm),
    Rsa { bits: u32 },
    Ec { bits: u32 },
}

impl Algorithm {
    /// The kind and length of a certificate's key; `None` for kinds without an end (Ed25519, ML-DSA) or unknown ones.
    pub fn of_key(certificate: &Certificate) -> Option<Algorithm> {
        let spki = certificate.inner().tbs_certificate().subject_public_key_info();
        if RSA.contains(&spki.algorithm.oid) {
            let key = Elements::new(spki.subject_public_key.raw_bytes()).expect_tag(SEQUENCE).ok()?;
            let modulus = key.children().expect_tag(INTEGER).ok()?.content;
            let zeros: u32 = modulus.iter().take_while(|byte| **byte == 0).count().try_into().ok()?;
            let first = modulus.get(zeros as usize)?;
            let bytes: u32 = modulus.len().try_into().ok()?;
            return Some(Algorithm::Rsa { bits: (bytes - zeros) * 8 - first.leading_zeros() });
        }
        if spki.algorithm.oid != EC {
            return None;
        }
        let curve: ObjectIdentifier = spki.algorithm.parameters.as_ref()?.decode_as().ok()?;
        CURVES.iter().find(|(oid, _)| *oid == curve).map(|(_, bits)| Algorithm::Ec { bits: *bits })
    }

    /// `SHA-1`, `RSA-2048`, `EC-256`.
    pub fn name(self) -> String {
        match self {
            Algorithm::Digest(digest) => digest.name().to_owned(),
            Algorithm::Rsa { bits } => format!("RSA-{bits}"),
            Algorithm::Ec { bits } => format!("EC-{bits}"),
        }
    }

    /// When it ends, or ended, and who says so; `None` where no end is announced.
    pub fn sunset(self) -> Option<Sunset> {
        let table = &*TABLE;
        let (until, source, url, notes) = match self {
            Algorithm::Digest(digest) => {
                let row = table.digest.iter().find(|row| row.name == digest.name())?;
                (&row.until, &row.source, &row.url, &row.notes)
            }
            Algorithm::Rsa { bits } => table.key_row("RSA", bits)?,
            Algorithm::Ec { bits } => table.key_row("EC", bits)?,
        };
        Some(Sunset {
            algorithm: self.name(),
            until: date(until)?,
            source: source.clone(),
            url: url.clone(),
            notes: notes.clone(),
        })
    }

    /// Whether a proof made at `at` still counts. The last day counts whole, in UTC.
    pub fn is_acceptable_at(self, at: DateTime<Utc>) -> bool {
        self.sunset().is_none_or(|sunset| at < sunset.ends())
    }
}

impl Table {
    /// The narrowest row that a key falls under.
    fn key_row(
        &self,
        family: &str,
        bits: u32,
    ) -> Option<(&toml::value::Datetime, &String, &String, &Vec<String>)> {
        let rows = self.key.iter().filter(|row| row.family == family && bits < row.below_bits);
        let row = rows.min_by_key(|row| row.below_bits)?;
        Some((&row.until, &row.source, &row.url, &row.notes))
    }
}

/// The end of an algorithm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sunset {
    pub algorithm: String,
    /// Last day on which a new proof counts.
    pub until: NaiveDate,
    pub source: String,
    pub url: String,
    /// Other bodies' dates, plans and drafts.
    pub notes: Vec<String>,
}

impl Sunset {
    /// The first moment that does not count.
    pub fn ends(&self) -> DateTime<Utc> {
        let next = self.until.checked_add_days(Days::new(1)).unwrap_or(self.until);
        next.and_time(NaiveTime::MIN).and_utc()
    }
}

/// The day up to which the table was checked.
pub fn as_of() -> Option<NaiveDate> {
    date(&TABLE.as_of)
}

/// What is planned for algorithms without an announced end.
pub fn plans() -> &'static [String] {
    &TABLE.open.notes
}

pub(super) fn date(value: &toml::value::Datetime) -> Option<NaiveDate> {
    let date = value.date?;
    NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())
}

/// The digest that a certificate's issuer signed; `None` where the scheme has none or is unknown.
pub fn digest_of_signature(certificate: &Certificate) -> Option<DigestAlgorithm> {
    digest_of(&certificate.signature_algorithm().oid, || {
        certificate.signature_algorithm().parameters.as_ref()
    })
}

fn digest_of<'a>(
    oid: &ObjectIdentifier,
    parameters: impl FnOnce() -> Option<&'a der::Any>,
) -> Option<DigestAlgorithm> {
    const PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
    const BY_SCHEME: [(ObjectIdentifier, DigestAlgorithm); 6] = [
        (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.5"), DigestAlgorithm::Sha1),
        (ObjectIdentifier::new_unwrap("1.3.14.3.2.29"), DigestAlgorithm::Sha1),
        (ObjectIdentifier::new_unwrap("1.2.840.10045.4.1"), DigestAlgorithm::Sha1),
        (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.14"), DigestAlgorithm::Sha224),
        (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.1"), DigestAlgorithm::Sha224),
        (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11"), DigestAlgorithm::Sha256),
    ];
    if *oid != PSS {
        return BY_SCHEME.iter().find(|(known, _)| known == oid).map(|(_, digest)| *digest);
    }
    // RSASSA-PSS-params without a hash means SHA-1 (RFC 4055, 3.1).
    let parameters = parameters().and_then(|any| Elements::new(any.value()).optional(0xA0).ok().flatten());
    let Some(hash) = parameters else { return Some(DigestAlgorithm::Sha1) };
    let identifier = spki::AlgorithmIdentifierOwned::from_der(hash.content).ok()?;
    DigestAlgorithm::from_oid(&identifier.oid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    #[test]
    fn sha_1_counts_up_to_the_last_second_of_2013() {
        let sha1 = Algorithm::Digest(DigestAlgorithm::Sha1);
        assert!(sha1.is_acceptable_at(at("2013-12-31T23:59:59Z")));
        assert!(!sha1.is_acceptable_at(at("2014-01-01T00:00:00Z")));
        assert!(sha1.sunset().is_some_and(|sunset| sunset.source.contains("800-131A")));
    }

    #[test]
    fn keys_fall_under_the_narrowest_row() {
        let until = |algorithm: Algorithm| algorithm.sunset().map(|sunset| sunset.until.to_string());
        assert_eq!(until(Algorithm::Rsa { bits: 512 }).as_deref(), Some("2010-12-31"));
        assert_eq!(until(Algorithm::Rsa { bits: 1024 }).as_deref(), Some("2013-12-31"));
        assert_eq!(until(Algorithm::Rsa { bits: 2048 }).as_deref(), Some("2030-12-31"));
        assert_eq!(until(Algorithm::Rsa { bits: 3072 }), None);
        assert_eq!(until(Algorithm::Ec { bits: 256 }), None);
        assert_eq!(until(Algorithm::Digest(DigestAlgorithm::Sha256)), None);
    }

    #[test]
    fn every_row_of_the_table_has_a_date_and_an_address() {
        assert!(as_of().is_some() && !plans().is_empty());
        let table = &*TABLE;
        assert!(table.digest.iter().all(|row| date(&row.until).is_some() && row.url.starts_with("https://")));
        assert!(table.key.iter().all(|row| date(&row.until).is_some() && row.url.starts_with("https://")));
    }
}
