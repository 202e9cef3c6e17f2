//! Settings about timestamps: who gives them, whom we believe, when they are renewed.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::NaiveDate;
use der::asn1::ObjectIdentifier;
use serde::Deserialize;

use crate::pki::DigestAlgorithm;
use crate::retention::{StampWindow, WorkingCalendar};

/// `[timestamps]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimestampsConfig {
    /// Asked in this order until one gives a token that holds.
    #[serde(rename = "authority")]
    pub authorities: Vec<AuthorityConfig>,
    /// Digest algorithm of new hash trees.
    pub algorithm: DigestAlgorithm,
    /// Digest algorithms that are given up now, before any table says so: records under them are hashed anew.
    pub retired_algorithms: Vec<DigestAlgorithm>,
    /// Days before the end of a timestamp's protection from which on it is renewed.
    pub renew_within_days: u32,
    /// Most requests to authorities within 24 hours, those that fail included.
    pub daily_requests: u32,
    /// Seconds that an authority's clock may differ from ours.
    pub clock_tolerance_seconds: u32,
    /// Seconds that one answer may take.
    pub timeout_seconds: u32,
    /// By when a contract that came without a timestamp must have one.
    pub window: StampWindow,
    /// Days on which the company rests beside weekends, public holidays and the turn of the year.
    pub days_of_rest: BTreeSet<NaiveDate>,
    /// Days on which it works all the same.
    pub working_days: BTreeSet<NaiveDate>,
}

/// One `[[timestamps.authority]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorityConfig {
    pub name: String,
    pub url: String,
    pub user: Option<String>,
    pub password_file: Option<PathBuf>,
    pub certificate_file: Option<PathBuf>,
    pub key_file: Option<PathBuf>,
    /// Object identifiers of the policies that are accepted; empty: any.
    #[serde(default, rename = "policies")]
    policy_texts: Vec<String>,
}

impl Default for TimestampsConfig {
    fn default() -> Self {
        Self {
            authorities: Vec::new(),
            algorithm: DigestAlgorithm::Sha256,
            retired_algorithms: Vec::new(),
            renew_within_days: 365,
            daily_requests: 24,
            clock_tolerance_seconds: 300,
            timeout_seconds: 30,
            window: StampWindow::default(),
            days_of_rest: BTreeSet::new(),
            working_days: BTreeSet::new(),
        }
    }
}

impl AuthorityConfig {
    /// The policies as identifiers.
    ///
    /// # Errors
    /// A message naming the text that is none.
    pub fn policies(&self) -> Result<Vec<ObjectIdentifier>, String> {
        let read = |text: &String| {
            let wrong = |_| format!("{text:?} is not an object identifier such as 1.2.392.200091.1");
            text.parse().map_err(wrong)
        };
        self.policy_texts.iter().map(read).collect()
    }

    fn check(&self) -> Result<(), String> {
        if !["http://", "https://"].iter().any(|scheme| self.url.starts_with(scheme)) {
            return Err(format!("url {:?} must begin with https:// or http://", self.url));
        }
        if self.user.is_some() != self.password_file.is_some() {
            return Err("user and password_file belong together".into());
        }
        if self.certificate_file.is_some() != self.key_file.is_some() {
            return Err("certificate_file and key_file belong together".into());
        }
        if self.user.is_some() && self.key_file.is_some() {
            return Err("give either user and password_file, or certificate_file and key_file".into());
        }
        self.policies().map(drop)
    }
}

impl TimestampsConfig {
    /// The company's working days.
    pub fn calendar(&self) -> WorkingCalendar {
        WorkingCalendar { rest: self.days_of_rest.clone(), work: self.working_days.clone() }
    }

    /// Refuses what makes no sense.
    pub(super) fn check(&self) -> Result<(), String> {
        for authority in &self.authorities {
            let named = |why: String| format!("[[timestamps.authority]] {:?}: {why}", authority.name);
            authority.check().map_err(named)?;
        }
        let strong = [
            DigestAlgorithm::Sha256,
            DigestAlgorithm::Sha384,
            DigestAlgorithm::Sha512,
            DigestAlgorithm::Sha3_256,
            DigestAlgorithm::Sha3_384,
            DigestAlgorithm::Sha3_512,
        ];
        if self.retired_algorithms.contains(&self.algorithm) {
            return Err(format!(
                "[timestamps] algorithm {} is also among retired_algorithms",
                self.algorithm
            ));
        }
        if !strong.contains(&self.algorithm) {
            return Err(format!("[timestamps] algorithm {} is too weak for new trees", self.algorithm));
        }
        if self.timeout_seconds == 0 || self.timeout_seconds > 600 {
            return Err("[timestamps] timeout_seconds must be from 1 to 600".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<TimestampsConfig, String> {
        let config: TimestampsConfig = toml::from_str(text).map_err(|error| error.to_string())?;
        config.check().map(|()| config)
    }

    #[test]
    fn an_authority_is_read_with_its_policies() {
        let text = "[[authority]]\nname = \"a\"\nurl = \"https://tsa.example\"\npolicies = [\"1.2.3.4\"]\n";
        let config = parse(text).unwrap();
        assert_eq!(config.authorities[0].policies().unwrap()[0].to_string(), "1.2.3.4");
        assert_eq!(config.renew_within_days, 365);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_name_of_the_authority() {
        let authority = |more: &str| format!("[[authority]]\nname = \"seiko\"\nurl = \"https://x\"\n{more}");
        for (more, said) in [
            ("user = \"u\"", "belong together"),
            ("key_file = \"k\"", "belong together"),
            ("policies = [\"abc\"]", "object identifier"),
            ("pasword = \"p\"", "pasword"),
        ] {
            let error = parse(&authority(more)).unwrap_err();
            assert!(error.contains(said), "{more}: {error}");
        }
        assert!(parse("[[authority]]\nname = \"a\"\nurl = \"ftp://x\"").unwrap_err().contains("https"));
        assert!(parse("algorithm = \"sha1\"").unwrap_err().contains("weak"));
        assert!(parse("window = \"soon\"").unwrap_err().contains("7-business-days"));
        assert!(parse("days_of_rest = [\"2026-02-30\"]").is_err());
        assert!(parse("timeout_seconds = 0").unwrap_err().contains("600"));
    }
}
