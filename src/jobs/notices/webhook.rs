//! A digest by webhook: one signed JSON message over HTTPS.
//!
//! `X-Shosoin-Signature: v1=` and the hex of HMAC-SHA-256(secret, time || "." || body), where time is that of
//! `X-Shosoin-Timestamp` in seconds since 1970. Who receives it compares in constant time and refuses old times.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::SendError;
use super::digest::Digest;
use super::item::Item;
use super::text::Message;
use crate::config::{MIN_WEBHOOK_SECRET_BYTES, NoticesConfig, read_secret};

/// From connecting to the end of the answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The JSON that is sent.
#[derive(Serialize)]
struct Body<'a> {
    /// Version of this format.
    v: u32,
    /// The same for a repetition.
    id: &'a str,
    date: NaiveDate,
    total: usize,
    subject: &'a str,
    text: &'a str,
    items: Vec<Item>,
}

/// Sends a digest, in words and as data.
///
/// # Errors
/// What the settings or the receiver are lacking, in words.
pub fn send(
    config: &NoticesConfig,
    root: &std::path::Path,
    (digest, message): (&Digest, &Message),
    (id, today, at): (&str, NaiveDate, DateTime<Utc>),
) -> Result<(), SendError> {
    let secret = read_secret(root, &config.webhook.secret_file)
        .map_err(|error| SendError::Settings(format!("[notices.webhook] {error}")))?;
    if secret.len() < MIN_WEBHOOK_SECRET_BYTES {
        let message =
            format!("[notices.webhook] the secret is shorter than {MIN_WEBHOOK_SECRET_BYTES} bytes");
        return Err(SendError::Settings(message));
    }
    let items = digest.items.iter().cloned();
    let items = items.map(|item| Item { name: item.name.filter(|_| config.names), ..item }).collect();
    let total = digest.items.len() + digest.left;
    let body = Body { v: 1, id, date: today, total, subject: &message.subject, text: &message.body, items };
    let body = serde_json::to_string(&body).map_err(|error| SendError::Settings(error.to_string()))?;
    let time = at.timestamp().to_string();
    let answer = agent()
        .post(&config.webhook.url)
        .header("Content-Type", "application/json")
        .header("X-Shosoin-Delivery", id)
        .header("X-Shosoin-Timestamp", &time)
        .header("X-Shosoin-Signature", format!("v1={}", signature(secret.as_bytes(), &time, &body)))
        .send(&body)
        .map_err(|error| SendError::Refused(error.to_string()))?;
    match answer.status().as_u16() {
        200..=299 => Ok(()),
        status => Err(SendError::Refused(format!("the webhook answered {status}"))),
    }
}

fn agent() -> ureq::Agent {
    let roots = rustls_native_certs::load_native_certs().certs;
    let roots: Vec<_> = roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .tls_config(tls)
        // The message is for the address in the settings only.
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("shosoin/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent()
}

/// The signature in hex.
fn signature(secret: &[u8], time: &str, body: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length (RFC 2104, section 2)");
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_what_anybody_computes_from_its_description() {
        // printf '1790000000.{}' | openssl dgst -sha256 -hmac 'a secret of 16 b'
        let expected = "7308ae2b9e064272df2fd97b242837be018c479b4bcb3b12265f45ffbd722cb2";
        assert_eq!(signature(b"a secret of 16 b", "1790000000", "{}"), expected);
        assert_ne!(signature(b"a secret of 16 b", "1790000001", "{}"), expected);
    }
}
