//! Fetching what a document does not hold: OCSP answers, CRLs and issuers, from the addresses its certificates name.
//!
//! Addresses come from certificates that anybody can make, so every request is bounded: `http` and `https` only, no private
//! or local addresses (checked after the name was resolved, so that a name cannot lead inside), a limit on bytes, time and
//! number of requests. What is fetched is evidence like any other: nothing is believed before its signature was verified.

mod http;
mod keep;
mod recording;
mod request;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{AuthorityInfoAccessSyntax, CrlDistributionPoints};

use super::certificate::Certificate;
use super::cms::SignedData;
use super::path::Path;
use super::revocation::{Evidence, Provenance};
pub use http::{HttpFetcher, Limits};
pub use keep::{ForOneFile, Remembering};
pub use recording::Recording;
pub use request::ocsp_request;

/// Addresses taken from one certificate, per kind.
const MAX_ADDRESSES: usize = 4;
/// Requests for one chain.
const MAX_REQUESTS: usize = 32;

const OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
const CA_ISSUERS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.2");

/// Why an address gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    #[error("{0} is not an http or https address")]
    Scheme(String),
    #[error(
        "{0} leads into a private network; allow private addresses in the configuration if that is meant"
    )]
    Private(String),
    #[error("{url} answered with status {status}")]
    Status { url: String, status: u16 },
    #[error("{url} sent more than {limit} bytes")]
    TooLarge { url: String, limit: u64 },
    #[error("{url} could not be reached: {why}")]
    Unreachable { url: String, why: String },
    #[error("{url} sent something that cannot be read: {why}")]
    Unreadable { url: String, why: String },
    #[error("{url} was not asked: one file may cause 32 requests within 20 seconds")]
    Enough { url: String },
}

impl FetchError {
    /// The same in Japanese.
    pub fn in_japanese(&self) -> String {
        match self {
            Self::Scheme(url) => format!("{url} は http・https のアドレスではありません。"),
            Self::Private(url) => {
                format!("{url} は社内ネットワークのアドレスです。意図したものなら、設定で許可してください。")
            }
            Self::Status { url, status } => format!("{url} がエラー {status} を返しました。"),
            Self::TooLarge { url, limit } => format!("{url} の応答が上限の {limit} バイトを超えました。"),
            Self::Unreachable { url, why } => format!("{url} に接続できませんでした（{why}）。"),
            Self::Unreadable { url, why } => format!("{url} の応答を読み取れませんでした（{why}）。"),
            Self::Enough { url } => {
                format!("{url} には問い合わせていません（1ファイルにつき32回、20秒まで）。")
            }
        }
    }
}

/// Gets bytes from an address. One call is one answer or one error within the implementation's limits of time and size; it may
/// block; it must not retry by itself. Safe to call from several threads.
pub trait Fetcher: Send + Sync {
    fn get(&self, url: &str) -> Result<Vec<u8>, FetchError>;
    /// Posts an OCSP request (RFC 6960, A.1).
    fn ocsp(&self, url: &str, request: &[u8]) -> Result<Vec<u8>, FetchError>;
}

/// Where a certificate says that more is to be had.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses {
    pub ocsp: Vec<String>,
    pub crls: Vec<String>,
    pub issuers: Vec<String>,
}

/// The addresses that a certificate names (RFC 5280, 4.2.1.13 and 4.2.2.1), `http` and `https` only.
pub fn addresses(certificate: &Certificate) -> Addresses {
    let mut found = Addresses::default();
    let tbs = certificate.inner().tbs_certificate();
    if let Ok(Some((_, access))) = tbs.get_extension::<AuthorityInfoAccessSyntax>() {
        for description in &access.0 {
            match description.access_method {
                OCSP => push(&mut found.ocsp, &description.access_location),
                CA_ISSUERS => push(&mut found.issuers, &description.access_location),
                _ => {}
            }
        }
    }
    if let Ok(Some((_, points))) = tbs.get_extension::<CrlDistributionPoints>() {
        for point in &points.0 {
            if let Some(DistributionPointName::FullName(names)) = &point.distribution_point {
                names.iter().for_each(|name| push(&mut found.crls, name));
            }
        }
    }
    found
}

fn push(list: &mut Vec<String>, name: &GeneralName) {
    let GeneralName::UniformResourceIdentifier(url) = name else { return };
    let lower = url.as_str().to_ascii_lowercase();
    if list.len() < MAX_ADDRESSES && (lower.starts_with("http://") || lower.starts_with("https://")) {
        list.push(url.as_str().to_owned());
    }
}

/// Fetches revocation data for every certificate of a chain: OCSP first, a CRL where that gives nothing. What fails is
/// returned, and is no reason to stop.
pub fn revocation_data(path: &Path, fetcher: &dyn Fetcher, evidence: &mut Evidence) -> Vec<FetchError> {
    let mut problems = Vec::new();
    let mut asked: HashSet<String> = HashSet::new();
    let mut requests = 0;
    for (certificate, issuer) in path.issued() {
        let places = addresses(certificate);
        let mut answered = false;
        for url in places.ocsp {
            requests += 1;
            if answered || requests > MAX_REQUESTS {
                break;
            }
            let got = fetcher.ocsp(&url, &ocsp_request(certificate, issuer));
            let added = got.and_then(|der| {
                evidence
                    .add_ocsp(&der, Provenance::Supplied)
                    .map_err(|error| FetchError::Unreadable { url, why: error.to_string() })
            });
            answered = added.map_err(|problem| problems.push(problem)).is_ok();
        }
        for url in places.crls {
            requests += 1;
            if answered || requests > MAX_REQUESTS {
                break;
            }
            if !asked.insert(url.clone()) {
                break;
            }
            let added = fetcher.get(&url).and_then(|der| {
                evidence
                    .add_crl(&der, Provenance::Supplied)
                    .map_err(|error| FetchError::Unreadable { url, why: error.to_string() })
            });
            answered = added.map_err(|problem| problems.push(problem)).is_ok();
        }
    }
    problems
}

/// Fetches the certificates of a certificate's issuer: one in DER, or several in a CMS without signers (RFC 5280, 4.2.2.1).
pub fn issuers(certificate: &Certificate, fetcher: &dyn Fetcher) -> (Vec<Certificate>, Vec<FetchError>) {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for url in addresses(certificate).issuers {
        match fetcher.get(&url) {
            Ok(bytes) => match Certificate::from_der(&bytes) {
                Ok(issuer) => found.push(issuer),
                Err(error) => match SignedData::parse(&bytes) {
                    Ok(bag) => found.extend(bag.certificates),
                    Err(_) => problems.push(FetchError::Unreadable { url, why: error.to_string() }),
                },
            },
            Err(problem) => problems.push(problem),
        }
    }
    (found, problems)
}
