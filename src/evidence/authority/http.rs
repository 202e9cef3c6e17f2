//! An authority that is reached over HTTP (RFC 3161, 3.4), with TLS, a password or a certificate of our own.

use std::sync::Arc;
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use der::asn1::ObjectIdentifier;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

use super::{Refusal, TimestampAuthority};

/// Longest answer, in bytes: a token with a long chain has some 20 KiB.
const MAX_ANSWER: u64 = 1 << 20;

/// How an authority knows us. Does not print.
#[derive(Clone, Default)]
pub enum Credentials {
    #[default]
    None,
    /// RFC 7617.
    Basic { user: String, password: String },
    /// A certificate chain and its key, in PEM.
    Certificate { chain: Vec<u8>, key: Vec<u8> },
}

/// Where an authority is and how to speak to it.
#[derive(Clone)]
pub struct HttpSettings {
    pub name: String,
    /// `http` or `https`; tokens are signed, so that plain HTTP risks no more than a refusal.
    pub url: String,
    pub credentials: Credentials,
    pub policies: Vec<ObjectIdentifier>,
    /// From connecting to the last byte.
    pub timeout: Duration,
    /// DER of certificates that TLS servers are trusted by; the system's, as the caller read them.
    pub tls_roots: Vec<Vec<u8>>,
}

/// An authority over HTTP.
pub struct HttpAuthority {
    settings: HttpSettings,
    agent: ureq::Agent,
}

impl HttpAuthority {
    /// Prepares the connection; nothing is sent.
    ///
    /// # Errors
    /// Credentials that are no certificate with its key, in words.
    pub fn new(settings: HttpSettings) -> Result<Self, String> {
        let tls_roots: Vec<_> =
            settings.tls_roots.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&tls_roots))
            .client_cert(client_certificate(&settings.credentials)?)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(settings.timeout))
            .tls_config(tls)
            // A password is for the address in the configuration only.
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent(concat!("shosoin/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Ok(Self { settings, agent })
    }
}

impl TimestampAuthority for HttpAuthority {
    fn name(&self) -> &str {
        &self.settings.name
    }

    fn policies(&self) -> &[ObjectIdentifier] {
        &self.settings.policies
    }

    fn ask(&self, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        let mut call = self
            .agent
            .post(&self.settings.url)
            .header("Content-Type", "application/timestamp-query")
            .header("Accept", "application/timestamp-reply");
        if let Credentials::Basic { user, password } = &self.settings.credentials {
            call = call
                .header("Authorization", format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))));
        }
        let mut answer = call.send(request).map_err(refusal)?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(Refusal::Status(status));
        }
        let kind = answer.headers().get("Content-Type").and_then(|kind| kind.to_str().ok()).unwrap_or("");
        if kind.to_ascii_lowercase().starts_with("text/html") {
            return Err(Refusal::WebPage);
        }
        answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec().map_err(refusal)
    }
}

fn client_certificate(credentials: &Credentials) -> Result<Option<ClientCert>, String> {
    let Credentials::Certificate { chain, key } = credentials else { return Ok(None) };
    let mut certificates = Vec::new();
    for item in parse_pem(chain) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(error) => return Err(format!("the certificate for the authority is not PEM: {error}")),
        }
    }
    if certificates.is_empty() {
        return Err("the file of the certificate for the authority holds no certificate".into());
    }
    let key = PrivateKey::from_pem(key)
        .map_err(|error| format!("the key of the certificate for the authority is not PEM: {error}"))?;
    Ok(Some(ClientCert::new_with_certs(&certificates, key)))
}

fn refusal(error: ureq::Error) -> Refusal {
    match error {
        ureq::Error::Timeout(_) => Refusal::TooSlow,
        ureq::Error::BodyExceedsLimit(limit) => Refusal::TooLong(limit),
        ureq::Error::StatusCode(status) => Refusal::Status(status),
        other => Refusal::Unreachable(other.to_string()),
    }
}
