//! Is a timestamp authority accredited by Japan's Minister for Internal Affairs? A dated list, `data/accredited.toml`.

use std::sync::LazyLock;

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::certificate::Certificate;
use super::{name, sunset};

const DATA: &str = include_str!("data/accredited.toml");

static LIST: LazyLock<List> = LazyLock::new(|| {
    let mut list: List = toml::from_str(DATA).expect("the list is part of the program and read by a test");
    for service in &mut list.service {
        service.folded = service.organisations.iter().map(|name| fold(name)).collect();
    }
    list
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    as_of: toml::value::Datetime,
    source: String,
    service: Vec<Service>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    name: String,
    name_en: String,
    #[serde(default)]
    former_names: Vec<String>,
    provider: String,
    corporate_number: Option<String>,
    /// Day of the accreditation.
    accredited: Option<toml::value::Datetime>,
    /// Where that day is not known: a day on which the service was on the list.
    listed: Option<toml::value::Datetime>,
    /// Last day of the accreditation.
    until: Option<toml::value::Datetime>,
    organisations: Vec<String>,
    /// The same, folded.
    #[serde(skip)]
    folded: Vec<String>,
    /// Beginnings of the units' common names; empty: any.
    #[serde(default)]
    common_names: Vec<String>,
    #[serde(default)]
    ski: Vec<String>,
    /// Certified before under the scheme of the Japan Data Communications Association.
    #[serde(default)]
    dekyo: bool,
}

/// What the list says about the authority of one timestamp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Accreditation {
    pub status: Status,
    pub matched: Matched,
    /// The service, in Japanese and English.
    pub name: String,
    pub name_en: String,
    pub former_names: Vec<String>,
    pub provider: String,
    /// 法人番号.
    pub corporate_number: Option<String>,
    /// The day from which the list counts.
    pub since: Option<NaiveDate>,
    /// The day up to which the list was checked.
    pub as_of: Option<NaiveDate>,
    pub source: String,
}

/// What in the authority's certificate is on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Matched {
    /// The unit: its key, or company and beginning of its name.
    Unit,
    /// Only the company, which may run other services too: people should compare with the Ministry's list.
    Company,
}

/// How the time of the stamp relates to the accreditation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Accredited by the Minister when the stamp was made.
    Accredited,
    /// The same service, before the Minister accredited it (or before the first day known to us); under the older scheme of Dekyo then.
    BeforeCertifiedByDekyo,
    /// The same service, before or after its accreditation.
    OutsideAccreditation,
}

/// What the list says about a stamp that `authority` made at `at`. `None`: not on the list.
///
/// The list has names, not keys, for most services: it tells whose unit this claims to be. That claim is worth something
/// only if the certificate's chain is trusted, which is for `validate` to say.
pub fn find(authority: &Certificate, at: DateTime<Utc>) -> Option<Accreditation> {
    // Thousands of contracts have the same authority.
    let place = *authority.accredited().get_or_init(|| place_of(authority));
    Some(LIST.service.get(place?)?.at(at))
}

/// Where on the list the authority is.
fn place_of(authority: &Certificate) -> Option<usize> {
    let subject = authority.inner().tbs_certificate().subject();
    let organisation = name::organisation(subject).unwrap_or_default();
    let common_name = name::common_name(subject).unwrap_or_default();
    let ski = authority.subject_key_id().map(|id| name::hex(&id)).unwrap_or_default();
    let organisation = fold(&organisation);
    LIST.service.iter().position(|service| service.matches(&organisation, &common_name, &ski))
}

/// The day up to which the list was checked.
pub fn as_of() -> Option<NaiveDate> {
    sunset::date(&LIST.as_of)
}

impl Service {
    /// `organisation` is folded.
    fn matches(&self, organisation: &str, common_name: &str, ski: &str) -> bool {
        let begins = |prefix: &String| {
            common_name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
        };
        let named = self.folded.iter().any(|known| known == organisation);
        let unit = self.common_names.is_empty() || self.common_names.iter().any(begins);
        (named && unit) || (!ski.is_empty() && self.ski.iter().any(|known| known.eq_ignore_ascii_case(ski)))
    }

    fn at(&self, at: DateTime<Utc>) -> Accreditation {
        let since = self.accredited.as_ref().or(self.listed.as_ref()).and_then(sunset::date);
        let until = self.until.as_ref().and_then(sunset::date);
        let day = in_japan(at);
        let status = match (since, until) {
            (_, Some(until)) if until < day => Status::OutsideAccreditation,
            (Some(since), _) if since <= day => Status::Accredited,
            _ if self.dekyo => Status::BeforeCertifiedByDekyo,
            _ => Status::OutsideAccreditation,
        };
        Accreditation {
            status,
            matched: if self.common_names.is_empty() && self.ski.is_empty() {
                Matched::Company
            } else {
                Matched::Unit
            },
            name: self.name.clone(),
            name_en: self.name_en.clone(),
            former_names: self.former_names.clone(),
            provider: self.provider.clone(),
            corporate_number: self.corporate_number.clone(),
            since,
            as_of: as_of(),
            source: LIST.source.clone(),
        }
    }
}

/// Accreditations are days in Japan.
fn in_japan(at: DateTime<Utc>) -> NaiveDate {
    const JST_SECONDS: i32 = 9 * 3600;
    match FixedOffset::east_opt(JST_SECONDS) {
        Some(japan) => at.with_timezone(&japan).date_naive(),
        None => at.date_naive(),
    }
}

/// Case, spaces, commas and full stops do not count: `Co., Ltd.` is written in many ways.
fn fold(organisation: &str) -> String {
    organisation.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    fn service(organisation: &str, common_name: &str) -> Option<&'static Service> {
        LIST.service.iter().find(|service| service.matches(&fold(organisation), common_name, ""))
    }

    #[test]
    fn a_unit_of_seiko_is_accredited_from_the_day_in_japan() {
        let unit = "SEIKO Timestamp Service. Accredited A2W02-008";
        let seiko = service("SEIKO SOLUTIONS INC", unit).expect("it is on the list");
        assert_eq!(seiko.at(at("2023-02-15T15:00:00Z")).status, Status::Accredited);
        assert_eq!(seiko.at(at("2023-02-15T14:59:59Z")).status, Status::BeforeCertifiedByDekyo);
        assert_eq!(seiko.at(at("2024-01-01T00:00:00Z")).corporate_number.as_deref(), Some("8040001079502"));
    }

    #[test]
    fn another_certificate_of_the_same_company_is_no_unit() {
        assert!(service("SEIKO Solutions Inc.", "SEIKO Cyber Time, Time Stamp Service").is_none());
        assert!(service("FreeTSA", "www.freetsa.org").is_none());
        assert!(service("", "").is_none());
    }

    #[test]
    fn every_service_has_a_day_a_provider_and_something_to_match() {
        assert!(as_of().is_some() && LIST.source.starts_with("https://www.soumu.go.jp/"));
        for service in &LIST.service {
            assert!(!service.provider.is_empty() && !service.name_en.is_empty());
            assert!(service.accredited.is_some() != service.listed.is_some(), "{}", service.name);
            assert!(!service.organisations.is_empty() || !service.ski.is_empty());
        }
    }
}
