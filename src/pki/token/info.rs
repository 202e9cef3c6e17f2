//! What a timestamp states: `TSTInfo` (RFC 3161, 2.4.2).

use chrono::{DateTime, NaiveDate, Utc};
use der::asn1::{Int, ObjectIdentifier, OctetString};
use der::{Any, Decode, Sequence, Tag, Tagged};
use spki::AlgorithmIdentifierOwned;
use x509_cert::ext::pkix::name::GeneralName;

use super::super::cms::CmsError;
use super::super::digest::DigestAlgorithm;
use super::super::name;

/// What an authority stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TstInfo {
    /// The authority's policy.
    pub policy: ObjectIdentifier,
    /// Digest algorithm of `imprint`.
    pub digest_algorithm: DigestAlgorithm,
    /// Digest of what existed.
    pub imprint: Vec<u8>,
    /// Bytes of the token's number, big-endian, without leading zeros.
    pub serial: Vec<u8>,
    pub gen_time: DateTime<Utc>,
    pub accuracy: Option<Accuracy>,
    /// Tokens of this authority can be put in order by their times alone.
    pub ordering: bool,
    /// Bytes of the number that the request carried, big-endian, without leading zeros.
    pub nonce: Option<Vec<u8>>,
    /// The name the authority gives itself.
    pub tsa: Option<String>,
}

/// How far `gen_time` may be off, to either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accuracy {
    pub seconds: u64,
    /// 0 to 999.
    pub millis: u16,
    /// 0 to 999.
    pub micros: u16,
}

/// `MessageImprint` (RFC 3161, 2.4.1).
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct MessageImprint {
    pub algorithm: AlgorithmIdentifierOwned,
    pub digest: OctetString,
}

/// `TSTInfo` as it is written.
#[derive(Sequence)]
struct Encoding {
    version: u8,
    policy: ObjectIdentifier,
    imprint: MessageImprint,
    serial: Int,
    /// A GeneralizedTime, read here: the crate's refuses the fractions that RFC 3161 allows.
    gen_time: Any,
    #[asn1(optional = "true")]
    accuracy: Option<AccuracyEncoding>,
    #[asn1(default = "Default::default")]
    ordering: bool,
    #[asn1(optional = "true")]
    nonce: Option<Int>,
    /// A GeneralName; kept as it is, since nothing depends on it.
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    tsa: Option<Any>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    extensions: Option<Vec<Any>>,
}

#[derive(Sequence)]
struct AccuracyEncoding {
    #[asn1(optional = "true")]
    seconds: Option<u64>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    millis: Option<u16>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    micros: Option<u16>,
}

impl TstInfo {
    /// Reads the content of a token. Extensions are passed over: none is defined that changes what is stated.
    pub fn parse(content: &[u8]) -> Result<TstInfo, CmsError> {
        let unreadable = |why: String| CmsError::Field { field: "the timestamp's statement", why };
        let written = Encoding::from_der(content).map_err(|error| unreadable(error.to_string()))?;
        if written.version != 1 {
            return Err(unreadable(format!("its version is {}", written.version)));
        }
        let oid = written.imprint.algorithm.oid;
        let digest_algorithm = DigestAlgorithm::from_oid(&oid)
            .ok_or_else(|| unreadable(format!("its digest algorithm {oid} is not supported")))?;
        let imprint = written.imprint.digest.as_bytes().to_vec();
        if imprint.len() != digest_algorithm.size() {
            return Err(unreadable(format!("its digest has {} bytes", imprint.len())));
        }
        let gen_time = generalized_time(&written.gen_time)
            .ok_or_else(|| unreadable("its time is not written as RFC 3161 asks".into()))?;
        Ok(TstInfo {
            policy: written.policy,
            digest_algorithm,
            imprint,
            serial: number(&written.serial),
            gen_time,
            accuracy: written.accuracy.map(|accuracy| Accuracy {
                seconds: accuracy.seconds.unwrap_or(0),
                millis: accuracy.millis.unwrap_or(0),
                micros: accuracy.micros.unwrap_or(0),
            }),
            ordering: written.ordering,
            nonce: written.nonce.as_ref().map(number),
            tsa: written.tsa.as_ref().and_then(name_of),
        })
    }
}

/// Bytes of a number without leading zeros.
pub fn number(number: &Int) -> Vec<u8> {
    let bytes = number.as_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes[zeros.min(bytes.len().saturating_sub(1))..].to_vec()
}

fn name_of(tsa: &Any) -> Option<String> {
    use der::Encode;
    match GeneralName::from_der(&tsa.to_der().ok()?).ok()? {
        GeneralName::DirectoryName(subject) => Some(name::to_text(&subject)),
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::UniformResourceIdentifier(name) => Some(name.to_string()),
        GeneralName::Rfc822Name(name) => Some(name.to_string()),
        _ => None,
    }
}

/// `YYYYMMDDhhmmss[.s…]Z`. Fractions are read to the nanosecond; a leap second counts as the second before it.
fn generalized_time(time: &Any) -> Option<DateTime<Utc>> {
    if time.tag() != Tag::GeneralizedTime {
        return None;
    }
    let text = std::str::from_utf8(time.value()).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, part)| (whole, Some(part)));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) {
        return None;
    }
    let nanos = match fraction {
        None => 0,
        Some(part) if part.is_empty() || !digits(part) => return None,
        Some(part) => format!("{part:0<9}").get(..9)?.parse().ok()?,
    };
    let field = |from: usize, to: usize| whole.get(from..to).and_then(|part| part.parse::<u32>().ok());
    let date = NaiveDate::from_ymd_opt(field(0, 4)? as i32, field(4, 6)?, field(6, 8)?)?;
    let time = date.and_hms_nano_opt(field(8, 10)?, field(10, 12)?, field(12, 14)?.min(59), nanos)?;
    if field(12, 14)? > 60 {
        return None;
    }
    Some(time.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        let time = Any::new(Tag::GeneralizedTime, text.as_bytes()).unwrap();
        generalized_time(&time).map(|time| time.format("%Y-%m-%dT%H:%M:%S%.f").to_string())
    }

    #[test]
    fn times_are_read_with_their_fractions() {
        assert_eq!(read("20261122140221Z").as_deref(), Some("2026-11-22T14:02:21"));
        assert_eq!(read("20261122140221.5Z").as_deref(), Some("2026-11-22T14:02:21.500"));
        assert_eq!(read("20261122140221.1234567899Z").as_deref(), Some("2026-11-22T14:02:21.123456789"));
        assert_eq!(read("20161231235960Z").as_deref(), Some("2016-12-31T23:59:59"));
    }

    #[test]
    fn times_of_no_zone_or_no_day_are_refused() {
        for text in [
            "20261122140221",
            "20261122140221+0900",
            "20261122140221.Z",
            "20261322140221Z",
            "2026112214022Z",
            "Z",
            "",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("20261122140261Z"), None);
    }
}
