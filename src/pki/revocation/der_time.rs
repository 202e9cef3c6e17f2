//! Times as revocation data writes them, as UTC with a resolution of one second.

use chrono::{DateTime, Utc};
use der::Decode;
use der::asn1::GeneralizedTime;
use x509_cert::time::Time;

/// UTCTime or GeneralizedTime, given as its whole DER.
pub fn time(der: &[u8]) -> Option<DateTime<Utc>> {
    from_seconds(Time::from_der(der).ok()?.to_unix_duration().as_secs())
}

pub fn generalized(time: &GeneralizedTime) -> Option<DateTime<Utc>> {
    from_seconds(time.to_unix_duration().as_secs())
}

fn from_seconds(seconds: u64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0)
}
