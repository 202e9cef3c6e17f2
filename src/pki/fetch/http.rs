//! Fetching over HTTP with limits, and never from a private network unless that is allowed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use super::{FetchError, Fetcher};

/// What one fetch may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// From resolving the name to the last byte.
    pub timeout: Duration,
    /// Longest answer, in bytes. National lists have up to 20 MB.
    pub max_bytes: u64,
    /// Allow loopback, private and link-local addresses: for an authority inside the company.
    pub allow_private: bool,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { timeout: Duration::from_secs(10), max_bytes: 32 << 20, allow_private: false }
    }
}

/// Fetches with ureq. One connection pool; safe to share.
pub struct HttpFetcher {
    agent: ureq::Agent,
    limits: Limits,
}

impl HttpFetcher {
    /// Prepares the connections; nothing is sent. `tls_roots`: DER of certificates that `https` servers are trusted by.
    /// Neither the environment's proxy settings nor redirects are followed: both could lead elsewhere than was checked.
    pub fn new(limits: Limits, tls_roots: &[Vec<u8>]) -> HttpFetcher {
        let roots: Vec<_> =
            tls_roots.iter().map(|der| ureq::tls::Certificate::from_der(der).to_owned()).collect();
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&roots))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(limits.timeout))
            .tls_config(tls)
            .proxy(None)
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent(concat!("shosoin/", env!("CARGO_PKG_VERSION")))
            .build();
        let resolver = PublicOnly { inner: DefaultResolver::default(), allow_private: limits.allow_private };
        HttpFetcher { agent: ureq::Agent::with_parts(config, DefaultConnector::default(), resolver), limits }
    }

    /// As `new`; `https` servers are trusted by the operating system's roots.
    pub fn for_system(limits: Limits) -> HttpFetcher {
        let roots = rustls_native_certs::load_native_certs().certs;
        let roots: Vec<Vec<u8>> = roots.iter().map(|root| root.as_ref().to_vec()).collect();
        HttpFetcher::new(limits, &roots)
    }

    fn read(
        &self,
        url: &str,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Vec<u8>, FetchError> {
        let mut answer = answer.map_err(|error| problem(url, error))?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(FetchError::Status { url: url.to_owned(), status });
        }
        let body = answer.body_mut().with_config().limit(self.limits.max_bytes);
        body.read_to_vec().map_err(|error| problem(url, error))
    }
}

impl Fetcher for HttpFetcher {
    fn get(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        check_scheme(url)?;
        self.read(url, self.agent.get(url).call())
    }

    fn ocsp(&self, url: &str, request: &[u8]) -> Result<Vec<u8>, FetchError> {
        check_scheme(url)?;
        let call = self.agent.post(url).header("Content-Type", "application/ocsp-request");
        self.read(url, call.header("Accept", "application/ocsp-response").send(request))
    }
}

fn check_scheme(url: &str) -> Result<(), FetchError> {
    let lower = url.to_ascii_lowercase();
    let known = lower.starts_with("http://") || lower.starts_with("https://");
    if known { Ok(()) } else { Err(FetchError::Scheme(url.to_owned())) }
}

fn problem(url: &str, error: ureq::Error) -> FetchError {
    let url = url.to_owned();
    match error {
        ureq::Error::BodyExceedsLimit(limit) => FetchError::TooLarge { url, limit },
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            FetchError::Private(url)
        }
        other => FetchError::Unreachable { url, why: other.to_string() },
    }
}

/// Resolves names and keeps public addresses only. The connection goes to the addresses it returns, so a name that resolves
/// differently a moment later gains nothing.
#[derive(Debug)]
struct PublicOnly {
    inner: DefaultResolver,
    allow_private: bool,
}

impl Resolver for PublicOnly {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let all = self.inner.resolve(uri, config, timeout)?;
        if self.allow_private {
            return Ok(all);
        }
        let mut public = self.empty();
        for address in all.iter().filter(|address| is_public(address.ip())) {
            public.push(*address);
        }
        if public.is_empty() {
            let denied = std::io::Error::new(std::io::ErrorKind::PermissionDenied, "a private address");
            return Err(ureq::Error::Io(denied));
        }
        Ok(public)
    }
}

/// Addresses that belong to nobody's inside (IANA special-purpose registries).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocol = (a, b, c) == (192, 0, 0);
    let benchmark = a == 198 && (b == 18 || b == 19);
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || shared
        || protocol
        || benchmark)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    let [first, second, ..] = address.segments();
    // Global unicast is 2000::/3; inside it 2001::/23 (special), 2001:db8::/32 (examples) and 2002::/16 (6to4) are left out.
    let special = first == 0x2001 && (second < 0x200 || second == 0xDB8);
    (0x2000..0x4000).contains(&first) && !special && first != 0x2002
}
